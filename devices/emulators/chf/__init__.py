"""An emulated communications hub function (CHF), sans-IO.

:class:`~devices.emulators.chf.device.Chf` is the whole device. What it does and does not do:
``docs/emulator.md``.
"""
