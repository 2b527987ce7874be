"""What a CHF is among the kinds of device.

Its cells are our reading: the reference test data show both of the broker; the WAN provider has one
here, as it replaces its own and the root (CS02b); the others are those of whom the use-case table
lets run a command. That 8F12 is in the security log is shown by the data's ECS35d.
"""

from __future__ import annotations

from bench.protocols.gbcs.keys import Role
from devices.emulators.cosem.notifications import Notifications
from devices.emulators.gbcs.events import BROKER, COMMON, EventRule
from devices.emulators.gbcs.kind import Kind
from devices.emulators.gbcs.trust_anchors import ROOT, pair, signing

DEVICE_LOG_CHANGED, CONFIGURATION_CHANGED = 0x8F12, 0x8F2A

EVENTS = {
    **COMMON,
    DEVICE_LOG_CHANGED: EventRule("security", (BROKER,)),
    CONFIGURATION_CHANGED: EventRule("", (BROKER,)),
}

KIND = Kind(
    "CHF",
    (ROOT, signing(Role.RECOVERY), *pair(Role.SUPPLIER), *pair(Role.NETWORK_OPERATOR),
     *pair(Role.ACCESS_CONTROL_BROKER), signing(Role.TRANSITIONAL_CHANGE_OF_SUPPLIER),
     signing(Role.WAN_PROVIDER)),
    EVENTS, Notifications({DEVICE_LOG_CHANGED: 0x0018, CONFIGURATION_CHANGED: 0x0113}))
