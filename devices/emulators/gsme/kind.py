"""What a GSME is among the kinds of device.

Its cells are our reading: those of an ESME without the load controller's. Events as in
:mod:`devices.emulators.gbcs.events`.
"""

from __future__ import annotations

from bench.protocols.gbcs.keys import Role
from devices.emulators.gbcs.events import (
    COMMON,
    LATER_ACTIONED,
    LATER_NOT_ACTIONED,
    NETWORK_OPERATOR,
    SUPPLIER,
    EventRule,
)
from devices.emulators.gbcs.kind import Kind
from devices.emulators.gbcs.trust_anchors import ROOT, TOP_UP, pair, signing
from devices.emulators.zigbee.alerts import GbzAlerts

SET_CLOCK = 0x007F  # GCS28
EMERGENCY_CREDIT, TOP_UP_REFUSED = 0x81AB, 0x8F63

_OPENED = EventRule("security", (SUPPLIER, NETWORK_OPERATOR))

EVENTS = {
    **COMMON,
    0x81A1: EventRule("event", (SUPPLIER,)),  # battery cover closed
    EMERGENCY_CREDIT: EventRule("event", (SUPPLIER,)),
    0x81B9: EventRule("", (SUPPLIER,)),  # meter cover closed: alert only, as printed
    TOP_UP_REFUSED: EventRule("security"),  # UTRN not authentic
    0x8F73: EventRule("security", (SUPPLIER,)),  # battery cover removed
    0x8F74: _OPENED,  # meter cover removed
}

# Interference -> code when it begins, code when it ends (R-SEC-13).
TAMPERS = {"meter_cover": (0x8F74, 0x81B9), "battery_cover": (0x8F73, 0x81A1)}

KIND = Kind(
    "GSME",
    (ROOT, signing(Role.RECOVERY), *pair(Role.SUPPLIER), TOP_UP, *pair(Role.NETWORK_OPERATOR),
     *pair(Role.ACCESS_CONTROL_BROKER), signing(Role.TRANSITIONAL_CHANGE_OF_SUPPLIER)),
    EVENTS, GbzAlerts(dict.fromkeys((LATER_ACTIONED, LATER_NOT_ACTIONED), 0x00CD)),
    others={SET_CLOCK: True})
