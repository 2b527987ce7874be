"""An emulated single-element electricity meter (ESME, SMETS2 part A), sans-IO.

:class:`~devices.emulators.esme.device.Esme` is the whole meter. What it does and does not do:
``docs/emulator.md``.
"""
