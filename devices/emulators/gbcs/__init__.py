"""What GBCS asks of every device, sans-IO: reception, credentials, answers, alerts, line, stimuli.

:class:`~devices.emulators.gbcs.device.Device` is the part that all emulated devices share; what
makes one kind differ from another is a :class:`~devices.emulators.gbcs.kind.Kind`.
"""
