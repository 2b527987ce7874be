"""Events that every device knows: which log they go to, and to whom they are announced.

Source: the event tables in SMETS2 meters' manuals (``event_table.json``: Aclara SGM1400/1430,
Honeywell AS302P) with what GBCS names of codes say. 8Fxx with an alert is critical and always
announced; 80xx and 81xx can be switched off by their recipient (R-LOG-04, R-NEW-07). A code is in
one log only (R-NEW-08). What only one kind of device has is in that kind's own table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import NotTestableHere

SUPPLIER = "supplier"
NETWORK_OPERATOR = "network_operator"
BROKER = "access_control_broker"

FORMAT = 0x8F1E
AUTHENTICATION = 0x8F3D
AUTHORITY = 0x8F30
OTHER_REFUSAL = 0x8F53
BURST = 0x8F60
CLOCK_ADJUSTED, CLOCK_REFUSED = 0x8145, 0x8F0C
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155  # a command at once
LATER_ACTIONED, LATER_NOT_ACTIONED = 0x8F66, 0x8F67  # a command for later
CREDENTIALS_UPDATED = 0x8F70
LOG_CLEARED = 0x8F52


@dataclass(frozen=True, slots=True)
class EventRule:
    """``log`` is the name of a log of the device, or ""; ``to`` the parties told over the WAN."""

    log: str = ""
    to: tuple[str, ...] = ()


_EVENT, _SECURITY = EventRule("event"), EventRule("security")

COMMON: Mapping[int, EventRule] = {
    CLOCK_ADJUSTED: _EVENT,  # by command only
    ACTIONED: _EVENT,
    NOT_ACTIONED: _EVENT,
    CLOCK_REFUSED: EventRule("security", (SUPPLIER,)),
    FORMAT: EventRule("security", (BROKER,)),  # command's content or format wrong
    AUTHORITY: EventRule("", (BROKER,)),  # source has no authority
    AUTHENTICATION: EventRule("", (BROKER,)),  # trusted source authentication failure
    LOG_CLEARED: _SECURITY,
    OTHER_REFUSAL: _SECURITY,  # other authentication or authorisation failure
    BURST: EventRule("security", (BROKER,)),  # unusual number of malformed commands
    LATER_ACTIONED: EventRule("", (SUPPLIER,)),
    LATER_NOT_ACTIONED: EventRule("", (SUPPLIER,)),
    CREDENTIALS_UPDATED: _SECURITY,
}

GENERIC_CRITICAL, GENERIC_NON_CRITICAL = 0x1000, 0x1001
"""Message codes of alerts that have none of their own."""


def is_critical(code: int) -> bool:
    """Return whether the alert is critical, thus signed and not to be switched off."""
    return code >= 0x8F00


def tamper(interference: str, known: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Return the codes of an interference's begin and end; NotTestableHere for any other."""
    try:
        return known[interference]
    except KeyError:
        raise NotTestableHere(f"this device does not notice {interference!r}") from None
