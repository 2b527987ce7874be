"""Alerts in GBZ: code, time, and for what was ordered for later which command it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.protocols.gbcs import gbz
from devices.emulators.gbcs import events


@dataclass(frozen=True, slots=True)
class GbzAlerts:
    """``own`` are the message codes of the alerts that have one, by event."""

    own: Mapping[int, int]

    def message_code(self, code: int) -> int:
        """Return the message code of the alert of an event."""
        return self.own.get(code, events.GENERIC_CRITICAL if events.is_critical(code)
                            else events.GENERIC_NON_CRITICAL)

    def payload(self, code: int, now: float, counter: int, content: Any) -> bytes:
        """Return the alert; ``content`` are the plain values behind code and time, or nothing."""
        del counter  # GBZ payloads have none
        record = {"alert_code": code, "time": int(now)}
        if content:
            record |= {"count": 1, "content": content}
        return gbz.from_plain([record]).encode()
