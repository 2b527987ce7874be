"""The event and security logs of a device for gas, read with GetEventLog (CS10a, CS10b).

Circular, 100 entries each (SMETS2 4.6.5.9, 4.6.5.17). A fresh device has an entry in each, of the
day it was put into service: its clock was set, its credentials were replaced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from devices.emulators.gbcs.events import CLOCK_ADJUSTED, CREDENTIALS_UPDATED

CAPACITY = 100
LOGS = {"event": 3, "security": 4}  # log ids: general and security event log
_NAMES = {number: name for name, number in LOGS.items()}
_ID = 0x0F  # of the event control, the bits that are the log's id


class EventLogs:
    """The two logs of one device."""

    def __init__(self, start: int) -> None:
        self._entries: dict[str, deque[dict[str, Any]]] = {
            name: deque(maxlen=CAPACITY) for name in LOGS}
        self.add("event", start, CLOCK_ADJUSTED)
        self.add("security", start, CREDENTIALS_UPDATED)

    def add(self, log: str, now: float, code: int, other: bytes = b"") -> None:
        """Store an event."""
        self._entries[log].append({
            "log_id": LOGS[log], "event_id": code, "event_time": int(now),
            "event_data": other.hex().upper()})

    def clear(self) -> int:
        """Clear the event log; return the bits of the logs that were cleared."""
        self._entries["event"].clear()
        return 1 << LOGS["event"]

    def read(self, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the entries that a command asks for, oldest first."""
        name = _NAMES.get(fields["event_control_log_id"] & _ID)
        if name is None:
            return []
        wanted = fields["event_id"]
        found = [entry for entry in self._entries[name]
                 if fields["start_time"] <= entry["event_time"] <= fields["end_time"]
                 and wanted in (0, entry["event_id"])][fields["event_offset"]:]
        return found[:fields["number_of_events"]] if fields["number_of_events"] else found
