"""Where the emulator asks whether it is to be wrong.

A fault is the name of an entry in :data:`devices.defects.DEFECTS`. The device's code asks at the
point where the named thing would go wrong and is the normal code everywhere else.
"""

from __future__ import annotations

Faults = frozenset[str]

NONE: Faults = frozenset()
