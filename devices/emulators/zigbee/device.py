"""A device for gas: what GSME and GPF share of attributes, logs, calendars and what was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from devices.emulators.gbcs.device import Device
from devices.emulators.gbcs.events import LOG_CLEARED
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.profile import Settings
from devices.emulators.gbcs.reception import Command
from devices.emulators.zigbee.attributes import METERING, Attributes, Key
from devices.emulators.zigbee.calendars import PUBLISHED, Calendars
from devices.emulators.zigbee.event_log import EventLogs
from devices.emulators.zigbee.execution import (
    INVALID,
    NOT_FOUND,
    SUCCESS,
    Execution,
    Order,
    Reply,
    pretence,
)
from devices.emulators.zigbee.history import History
from devices.emulators.zigbee.later import Later

SITE_ID = Key(METERING, "site_id")
FIRMWARE_VERSION = Key(METERING, "current_meter_id")


class ZigbeeDevice(Device):
    """One emulated device for gas."""

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        super().__init__(settings, keys, eui64, parties, seed=seed, faults=faults)
        self.attributes = Attributes(self.kind.type)
        self.attributes.set(FIRMWARE_VERSION, settings.firmware_version)
        self.logs = EventLogs(settings.start)
        self.calendars = Calendars(settings.start)
        self.history = History(settings.start, self._number)
        self.billing: dict[str, Any] = {
            "provider_id": 0, "issuer_event_id": settings.start,
            "billing_period_start_time": settings.start, "billing_period_duration": 1,
            "billing_period_duration_type": 0x23, "tariff_type": "delivered_tariff"}
        self.later = Later(self)
        self._execution = Execution(self, self.orders())

    # -- what a device does --------------------------------------------------------------------

    def execute(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Carry out the ZigBee commands of a use case."""
        return self._execution.answer(command, head)

    def keep(self, log: str, code: int, other: bytes | int | None) -> None:
        """Store an event."""
        self.logs.add(log, self.clock.now, code, other if isinstance(other, bytes) else b"")

    def pretence(self, counter: int) -> bytes:
        """Return a default response that says success."""
        del counter
        return pretence()

    def upset(self) -> None:
        """Count up the site id, ten digits."""
        number = int(bytes.fromhex(self.attributes.get(SITE_ID)))
        self.attributes.set(SITE_ID, f"{(number + 1) % 10**10:010}".encode().hex().upper())

    def due(self) -> float:
        """Return when a command for later is to be done."""
        return self.clock.true_at(self.later.due())

    def settle(self) -> None:
        """Do what was ordered for now."""
        self.later.run(self.clock.now)

    # -- what commands do ----------------------------------------------------------------------

    def orders(self) -> Mapping[str, Callable[[Order], Reply]]:
        """Return what carries out each command, by name."""
        return {
            "GetEventLog": self._event_log, "ClearEventLogRequest": self._clear_event_log,
            **dict.fromkeys(PUBLISHED, self._calendar),
            "GetCurrentPrice": self._current_price, "GetBillingPeriod": self._billing_period,
            "GetSampledData": self._samples, "GetSnapshot": self._snapshot,
            "GetPrepaySnapshot": self._snapshot, "GetTopUpLog": self._top_ups,
            "GetDebtRepaymentLog": self._debts,
        }

    def accepted(self, order: Order) -> Reply:
        """Return the answer to a command that is for later, or taken back."""
        del order
        return SUCCESS

    def put(self, changes: Iterable[tuple[Key, Any]]) -> Reply:
        """Set attributes, all of them or none."""
        before: list[tuple[Key, Any]] = []
        try:
            for key, value in changes:
                held = self.attributes.get(key)
                self.attributes.set(key, value)
                before.append((key, held))
        except LocalProtocolError:
            for key, value in reversed(before):
                self.attributes.set(key, value)
            return INVALID
        return SUCCESS

    def _event_log(self, order: Order) -> Reply:
        entries = self.logs.read(order.fields)
        return [("PublishEventLog", {
            "total_number_of_events": len(entries), "command_index": 0, "total_commands": 1,
            "log_payload_control": 0, "log_payload": entries})] if entries else NOT_FOUND

    def _clear_event_log(self, _: Order) -> Reply:
        cleared = self.logs.clear()
        self.event(LOG_CLEARED)
        return [("ClearEventLogResponse", {"cleared_events_logs": cleared})]

    def _calendar(self, order: Order) -> Reply:
        return self.calendars.asked(order.name, order.fields) or NOT_FOUND

    def _current_price(self, _: Order) -> Reply:
        price = self.attributes.get(Key("Price", "tier1_block1_price"))
        return [("PublishPrice", {
            "provider_id": 0, "rate_label": "", "issuer_event_id": self.settings.start,
            "current_time": int(self.clock.now), "unit_of_measure": "cubic_meter_per_hour",
            "currency": self.attributes.get(Key("Price", "tariff_currency")),
            "price_trailing_digit_and_price_tier":
                self.attributes.get(Key("Price", "tariff_price_trailing_digit")) | 1,
            "number_of_price_tiers_and_register_tier": 0x11, "start_time": self.settings.start,
            "duration_in_minutes": 0xFFFF, "price": price})]

    def _billing_period(self, _: Order) -> Reply:
        return [("PublishBillingPeriod", self.billing)]

    def _samples(self, order: Order) -> Reply:
        daily = order.command.use_case.id == "GCS61"
        found = self.history.samples(order.fields, self.clock.now, daily=daily)
        return [("GetSampledDataResponse", found)] if found else NOT_FOUND

    def _snapshot(self, order: Order) -> Reply:
        prepayment = order.name == "GetPrepaySnapshot"
        found = self.history.snapshot(order.fields, self.clock.now, prepayment=prepayment)
        name = "PublishPrepaySnapshot" if prepayment else "PublishSnapshot"
        return [(name, found)] if found else NOT_FOUND

    def _top_ups(self, order: Order) -> Reply:
        found = _between(self.history.top_ups, "top_up_time", order)
        return [("PublishTopUpLog", {"command_index": 0, "total_number_of_commands": 1,
                                     "top_up_payload": found})] if found else NOT_FOUND

    def _debts(self, order: Order) -> Reply:
        found = _between(self.history.debts, "collection_time", order)
        return [("PublishDebtLog", {"command_index": 0, "total_number_of_commands": 1,
                                    "debt_payload": found})] if found else NOT_FOUND

    def _number(self, cluster: str, name: str) -> int:
        return int(self.attributes.get(Key(cluster, name)))


def _between(entries: list[dict[str, Any]], stamp: str, order: Order) -> list[dict[str, Any]]:
    """Return the entries from the time before the command to the end that it gives."""
    begin, end = order.fields.get("from_date_time", 0), order.fields["latest_end_time"]
    return [entry for entry in entries if begin <= entry[stamp] <= end]
