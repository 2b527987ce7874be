"""An emulated gas proxy function (GPF), a function of the communications hub, sans-IO.

:class:`~devices.emulators.gpf.device.Gpf` is the whole device. What it does and does not do:
``docs/emulator.md``.
"""
