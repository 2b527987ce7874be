"""Which log an event goes to, and to whom it is announced.

Source: the event tables in SMETS2 meters' manuals (``event_table.json``: Aclara SGM1400/1430,
Honeywell AS302P) with what GBCS names of codes say. 8Fxx with an alert is critical and always
announced; 80xx and 81xx can be switched off by their recipient (R-LOG-04, R-NEW-07). A code is in
one log only (R-NEW-08). Where makers differ (8F66, 8F67) the code is in no log, as at Aclara.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import NotTestableHere

SUPPLIER = "supplier"
NETWORK_OPERATOR = "network_operator"
BROKER = "access_control_broker"


@dataclass(frozen=True, slots=True)
class EventRule:
    """``log`` is "event", "security", "power" or ""; ``to`` the parties told over the WAN."""

    log: str = ""
    to: tuple[str, ...] = ()


_QUALITY = EventRule("power", (NETWORK_OPERATOR,))
_TO_SUPPLIER = EventRule("", (SUPPLIER,))
_TAMPER_ENDED = EventRule("event", (SUPPLIER,))
_SECURITY = EventRule("security")
_EVENT = EventRule("event")

EVENTS: dict[int, EventRule] = {
    **dict.fromkeys((0x8002, 0x8006, 0x8085, 0x8089), _QUALITY),  # average voltage
    **dict.fromkeys((0x8020, 0x8024, 0x8028, 0x802C), _QUALITY),  # monitor begins
    **dict.fromkeys((0x808D, 0x8091, 0x8095, 0x8099), _QUALITY),  # monitor ends
    0x8145: _EVENT,  # clock adjusted, by command only
    0x8154: _EVENT,  # immediate command actioned
    0x8155: _EVENT,  # immediate command not actioned
    0x8161: _EVENT,  # user interface command actioned
    0x8162: _EVENT,  # user interface command not actioned
    0x81A1: _TAMPER_ENDED,  # battery cover closed; in no manual's table, as its twins
    0x81AB: EventRule("event", (SUPPLIER,)),  # emergency credit activated
    0x81B9: EventRule("", (SUPPLIER,)),  # meter cover closed: alert only, as printed
    0x81BC: _TAMPER_ENDED,  # magnetic field removed
    0x81BE: EventRule("event", (SUPPLIER,)),  # supply disabled and locked
    0x81C1: _TAMPER_ENDED,  # terminal cover closed
    0x8F01: EventRule("event", (SUPPLIER,)),  # load limit exceeded
    0x8F0A: _TO_SUPPLIER,  # billing data log updated
    0x8F0C: EventRule("security", (SUPPLIER,)),  # clock not adjusted
    0x8F1E: EventRule("security", (BROKER,)),  # command's content or format wrong
    0x8F30: EventRule("", (BROKER,)),  # source has no authority
    0x8F33: _TO_SUPPLIER,  # load limit: disabled then armed
    0x8F34: EventRule("", (SUPPLIER, NETWORK_OPERATOR)),  # load limit: enabled again
    0x8F35: EventRule("power", (NETWORK_OPERATOR,)),  # outage restored
    0x8F36: EventRule("power", (NETWORK_OPERATOR,)),  # outage of 3 minutes or more restored
    0x8F3D: EventRule("", (BROKER,)),  # trusted source authentication failure
    0x8F52: _SECURITY,  # event log cleared
    0x8F53: _SECURITY,  # other authentication or authorisation failure
    0x8F57: EventRule("power"),  # supply interrupted
    0x8F60: EventRule("security", (BROKER,)),  # unusual number of malformed commands
    0x8F63: _SECURITY,  # UTRN not authentic
    0x8F66: _TO_SUPPLIER,  # future-dated command actioned
    0x8F67: _TO_SUPPLIER,  # future-dated command not actioned
    0x8F70: _SECURITY,  # security credentials updated
    0x8F73: EventRule("security", (SUPPLIER,)),  # battery cover removed
    0x8F74: EventRule("security", (SUPPLIER, NETWORK_OPERATOR)),  # meter cover removed
    0x8F75: EventRule("security", (SUPPLIER, NETWORK_OPERATOR)),  # strong magnetic field
    0x8F76: EventRule("security", (SUPPLIER, NETWORK_OPERATOR)),  # terminal cover removed
}

# Interference -> code when it begins, code when it ends (R-SEC-13).
TAMPERS = {
    "meter_cover": (0x8F74, 0x81B9), "terminal_cover": (0x8F76, 0x81C1),
    "battery_cover": (0x8F73, 0x81A1), "magnetic_field": (0x8F75, 0x81BC),
}

# Message codes of alerts that have their own; the others are generic.
ALERT_MESSAGES = {0x8F35: 0x0067, 0x8F36: 0x0067, 0x8F66: 0x00CC, 0x8F67: 0x00CC, 0x8F0A: 0x0061}
GENERIC_CRITICAL, GENERIC_NON_CRITICAL = 0x1000, 0x1001


def is_critical(code: int) -> bool:
    """Return whether the alert is critical, thus signed and not to be switched off."""
    return code >= 0x8F00


def tamper(interference: str) -> tuple[int, int]:
    """Return the codes of an interference's begin and end; NotTestableHere for any other."""
    try:
        return TAMPERS[interference]
    except KeyError:
        raise NotTestableHere(f"this meter does not notice {interference!r}") from None
