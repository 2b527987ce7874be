"""What an ESME is among the kinds of device.

Its cells are what the ESMEs of the reference test data report: none for the WAN provider.
"""

from __future__ import annotations

from bench.protocols.gbcs.keys import Role
from devices.emulators.cosem.notifications import Notifications
from devices.emulators.esme.events import ALERT_MESSAGES, EVENTS
from devices.emulators.gbcs.kind import Kind
from devices.emulators.gbcs.trust_anchors import ROOT, TOP_UP, pair, signing

KIND = Kind(
    "ESME",
    (ROOT, signing(Role.RECOVERY), *pair(Role.SUPPLIER), TOP_UP, *pair(Role.NETWORK_OPERATOR),
     *pair(Role.ACCESS_CONTROL_BROKER), signing(Role.TRANSITIONAL_CHANGE_OF_SUPPLIER),
     *pair(Role.LOAD_CONTROLLER)),
    EVENTS, Notifications(ALERT_MESSAGES))
