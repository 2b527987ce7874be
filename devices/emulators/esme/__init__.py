"""An emulated single-element electricity meter (ESME, SMETS2 part A), sans-IO.

:class:`~devices.emulators.esme.device.Esme` is the whole meter; :mod:`.process` gives it a line and
a stimulus channel. What it does and does not do: ``docs/emulator.md``.
"""
