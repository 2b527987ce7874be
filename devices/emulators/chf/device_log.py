"""Which devices may be in the home, and which were: the CHF's device logs (CHTS 4.6.2.1, 4.6.3.15).

At most 16 devices (R-CH-01). No device joins an emulated hub, so that none has a link key: the
hash of it is zeros, unless it came with a log that was restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CAPACITY = 16
NO_KEY = bytes(16)


@dataclass(slots=True)
class DeviceLog:
    """EUI-64 -> hash of the link key, of the devices and of those that were removed."""

    network: bytes = bytes(8)  # extended PAN id
    devices: dict[bytes, bytes] = field(default_factory=dict)
    removed: dict[bytes, bytes] = field(default_factory=dict)

    def add(self, eui64: bytes) -> bool:
        """Allow a device; return whether there is room for it."""
        if eui64 not in self.devices and len(self.devices) == CAPACITY:
            return False
        self.devices.setdefault(eui64, NO_KEY)
        self.removed.pop(eui64, None)
        return True

    def remove(self, eui64: bytes) -> bool:
        """Allow a device no more; return whether it was there."""
        if eui64 not in self.devices:
            return False
        self.removed[eui64] = self.devices.pop(eui64)
        return True

    def restore(self, network: bytes, devices: Mapping[bytes, bytes]) -> None:
        """Take over the log of another hub."""
        self.network = network
        self.devices = dict(devices)
