"""ZigBee Smart Energy in an emulated device for gas: attributes, commands, logs, alerts.

What GSME and GPF share beside what all devices do (:mod:`devices.emulators.gbcs`); the commands of
a use case come from its mapping rows, as for those who send them.
"""
