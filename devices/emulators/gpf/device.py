"""The whole gas proxy: the mirror of a gas meter that answers for it, and its own device log.

No meter stands behind it: what it mirrors is what a fresh meter has. What a tap-off would bring
(gas commands that carry settings go to the proxy as well) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.message import Cra, Message
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.credential_commands import Act
from devices.emulators.gbcs.events import BROKER
from devices.emulators.gbcs.profile import Settings
from devices.emulators.gbcs.stimuli import Calls
from devices.emulators.gpf.kind import BACKUP_ALERT, KIND, LOG_CHANGED, RESTORE_LOG
from devices.emulators.zigbee.device import ZigbeeDevice
from devices.emulators.zigbee.execution import SUCCESS, Order, Reply

FRESH = Settings(model="EMULATED-GPF")


class Gpf(ZigbeeDevice):
    """One emulated gas proxy function."""

    kind = KIND
    device_log: tuple[Mapping[str, Any], ...] = ()
    tenancy_begins = 0

    def acts(self) -> Mapping[int, Act]:
        """Return what is in ASN.1: the device log restored (GCS59)."""
        return {RESTORE_LOG: self._restore_log}

    def calls(self) -> Calls:
        """Return the stimuli: it has mains."""
        return {**super().calls(), ("mains", "off"): self.interrupt, ("mains", "on"): self.resume}

    def orders(self) -> Mapping[str, Callable[[Order], Reply]]:
        """Return what carries out each command."""
        return {**super().orders(), "PublishChangeOfTenancy": self._change_tenancy}

    def _change_tenancy(self, order: Order) -> Reply:
        self.tenancy_begins = order.fields["implementation_date_time"]
        return SUCCESS

    def _restore_log(self, _: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        entries = content["deviceLogEntries"]
        if tuple(entries) != self.device_log:
            self.device_log = tuple(entries)
            self._back_up()
        return {"restoreOutcomes": [
            {"deviceLogEntry": entry, "joinResponseCode": "success"} for entry in entries]}, True

    def _back_up(self) -> None:
        """Send the device log to the broker, as each change of it does (GCS62)."""
        broker, _ = self.credentials.recipient(BROKER)
        now = instants.to_datetime(int(self.clock.now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        payload = asn1.encode(BACKUP_ALERT, Cra.ALERT, {
            "alertCode": LOG_CHANGED, "backupDateTime": now,
            "deviceLogEntries": list(self.device_log)})
        if broker is not None:
            self.notify(BACKUP_ALERT, payload, broker)
