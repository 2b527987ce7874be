"""Alerts in DLMS: data notifications of code, time and content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.protocols.cosem.access import DataNotification
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.commands import INVOKE_FLAGS
from devices.emulators.gbcs import events, instants


@dataclass(frozen=True, slots=True)
class Notifications:
    """``own`` are the message codes of the alerts that have one, by event."""

    own: Mapping[int, int]

    def message_code(self, code: int) -> int:
        """Return the message code of the alert of an event."""
        return self.own.get(code, events.GENERIC_CRITICAL if events.is_critical(code)
                            else events.GENERIC_NON_CRITICAL)

    def payload(self, code: int, now: float, counter: int, content: Any) -> bytes:
        """Return the notification; ``content`` are the values behind code and time."""
        stamp = Data(Tag.OCTET_STRING, instants.octets(now))
        body = Data(Tag.STRUCTURE, (Data(Tag.LONG_UNSIGNED, code), stamp, *content))
        return DataNotification(INVOKE_FLAGS | counter & 0xFFFFFF, b"", body).encode()
