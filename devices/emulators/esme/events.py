"""The events of an ESME beside those of every device: which log, and to whom they are announced.

Where makers differ (8F66, 8F67) the code is in no log, as at Aclara. Sources:
:mod:`devices.emulators.gbcs.events`.
"""

from __future__ import annotations

from devices.emulators.gbcs.events import COMMON, NETWORK_OPERATOR, SUPPLIER, EventRule

_QUALITY = EventRule("power", (NETWORK_OPERATOR,))
_TO_SUPPLIER = EventRule("", (SUPPLIER,))
_TAMPER_ENDED = EventRule("event", (SUPPLIER,))
_EVENT = EventRule("event")

EVENTS: dict[int, EventRule] = {
    **COMMON,
    **dict.fromkeys((0x8002, 0x8006, 0x8085, 0x8089), _QUALITY),  # average voltage
    **dict.fromkeys((0x8020, 0x8024, 0x8028, 0x802C), _QUALITY),  # monitor begins
    **dict.fromkeys((0x808D, 0x8091, 0x8095, 0x8099), _QUALITY),  # monitor ends
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
    0x8F33: _TO_SUPPLIER,  # load limit: disabled then armed
    0x8F34: EventRule("", (SUPPLIER, NETWORK_OPERATOR)),  # load limit: enabled again
    0x8F35: EventRule("power", (NETWORK_OPERATOR,)),  # outage restored
    0x8F36: EventRule("power", (NETWORK_OPERATOR,)),  # outage of 3 minutes or more restored
    0x8F57: EventRule("power"),  # supply interrupted
    0x8F63: EventRule("security"),  # UTRN not authentic
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
