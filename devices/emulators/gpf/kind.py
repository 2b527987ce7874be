"""What a GPF is among the kinds of device.

Its cells are our reading: the reference test data show those of the network operator; it takes no
top-ups, and a load controller has no business with gas.
"""

from __future__ import annotations

from bench.protocols.gbcs.keys import Role
from devices.emulators.gbcs.events import BROKER, COMMON, EventRule
from devices.emulators.gbcs.kind import Kind
from devices.emulators.gbcs.trust_anchors import ROOT, pair, signing
from devices.emulators.zigbee.alerts import GbzAlerts

RESTORE_LOG, BACKUP_ALERT = 0x008C, 0x00B2  # GCS59, GCS62
LOG_CHANGED = 0x8071

EVENTS = {**COMMON, LOG_CHANGED: EventRule("", (BROKER,))}

KIND = Kind(
    "GPF",
    (ROOT, signing(Role.RECOVERY), *pair(Role.SUPPLIER), *pair(Role.NETWORK_OPERATOR),
     *pair(Role.ACCESS_CONTROL_BROKER), signing(Role.TRANSITIONAL_CHANGE_OF_SUPPLIER)),
    EVENTS, GbzAlerts({}), others={RESTORE_LOG: True})
