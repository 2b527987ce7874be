"""An emulated gas meter (GSME), sans-IO.

:class:`~devices.emulators.gsme.device.Gsme` is the whole device. What it does and does not do:
``docs/emulator.md``.
"""
