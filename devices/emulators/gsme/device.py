"""The whole gas meter: valve, prices, payment and what is written for the consumer.

No gas flows: registers stay as they are, and debt is not collected. Settings that are only shown to
the consumer (contact details, messages, identification number) are taken and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.zigbee.clusters import number_of
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.clock import RELIABLE, Outcome
from devices.emulators.gbcs.credential_commands import Act
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.profile import Settings
from devices.emulators.gsme.kind import (
    EMERGENCY_CREDIT,
    KIND,
    SET_CLOCK,
    TAMPERS,
    TOP_UP_REFUSED,
)
from devices.emulators.zigbee import changes
from devices.emulators.zigbee.attributes import BASIC, METERING, PREPAYMENT, Key
from devices.emulators.zigbee.calendars import CALENDAR, PARTS
from devices.emulators.zigbee.device import ZigbeeDevice
from devices.emulators.zigbee.execution import DENIED, INVALID, SUCCESS, Order, Reply

FRESH = Settings(model="EMULATED-GSME")

SUPPLY = Key(METERING, "supply_status")
BALANCE, BILL = Key(PREPAYMENT, "credit_remaining"), Key(METERING, "bill_to_date_delivered")
EMERGENCY, DEBT = (Key(PREPAYMENT, "emergency_credit_remaining"),
                   Key(PREPAYMENT, "accumulated_debt"))
LIMIT, THRESHOLD = (Key(PREPAYMENT, "emergency_credit_limit_allowance"),
                    Key(PREPAYMENT, "emergency_credit_threshold"))

_ON = "supply_on"
_KEPT = ("DisplayMessage", "PublishChangeOfSupplier", "RequestNewPasswordResponse", "UpdateCIN",
         "PublishBlockPeriod")
_CHANGED = frozenset({"ChangePaymentMode", "PublishTariffInformation"})

# Credit adjustment by type: the attributes that it changes, and whether it adds to them.
_ADJUSTED: Mapping[int, tuple[tuple[Key, ...], bool]] = {
    0: ((BALANCE,), True), 1: ((BALANCE, EMERGENCY, DEBT), False), 2: ((BILL,), False),
    3: ((BILL,), True)}


class Gsme(ZigbeeDevice):
    """One emulated gas meter."""

    kind = KIND

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        super().__init__(settings, keys, eui64, parties, seed=seed, faults=faults)
        self.attributes.set(Key(BASIC, "manufacturer_name"), settings.manufacturer_id)
        self.attributes.set(Key(BASIC, "model_identifier"), settings.model[:8].ljust(8))
        self.shown: dict[str, Mapping[str, Any]] = {}  # what is kept for the consumer, by command
        self.behaviours: dict[int, int] = {}  # event code -> configuration

    def acts(self) -> Mapping[int, Act]:
        """Return what is in ASN.1: the clock (GCS28)."""
        return {SET_CLOCK: self._set_clock}

    def interferences(self) -> Mapping[str, tuple[int, int]]:
        """Return what the meter notices."""
        return TAMPERS

    def orders(self) -> Mapping[str, Callable[[Order], Reply]]:
        """Return what carries out each command."""
        return {
            **super().orders(), **dict.fromkeys(changes.CHANGES, self._change),
            **dict.fromkeys(_KEPT, self._keep_for_consumer),
            **dict.fromkeys((CALENDAR, *PARTS), self._publish_calendar),
            "PublishPriceMatrix": lambda order: self.put(changes.of_prices(order.fields)),
            "PublishBlockThresholds": lambda order: self.put(changes.of_thresholds(order.fields)),
            "PublishBillingPeriod": self._publish_billing_period,
            "ChangeSupply": self._change_supply, "ChangeDebt": self._change_debt,
            "CreditAdjustment": self._adjust_credit, "ConsumerTopUp": self._top_up,
            "SelectAvailableEmergencyCredit": self._emergency_credit,
            "SetEventConfiguration": self._set_behaviours,
            "GetEventConfiguration": self._get_behaviours,
            "StartSampling": self._start_sampling,
        }

    def accepted(self, order: Order) -> Reply:
        """Return the answer to a command that is for later: as if it were done (RTDS GCS02)."""
        return self._payment_mode() if order.name == "ChangePaymentMode" else SUCCESS

    def _change(self, order: Order) -> Reply:
        done = self.put(changes.of_fields(order.name, order.fields))
        if done == SUCCESS and order.name in _CHANGED:
            self.history.changed(self.clock.now)
        return self.accepted(order) if done == SUCCESS else done

    def _payment_mode(self) -> Reply:
        return [("ChangePaymentModeResponse", {
            "friendly_credit": 1, "friendly_credit_calendar_id": 0,
            "emergency_credit_limit": self.attributes.get(LIMIT),
            "emergency_credit_threshold": self.attributes.get(THRESHOLD)})]

    def _keep_for_consumer(self, order: Order) -> Reply:
        self.shown[order.name] = order.fields
        return SUCCESS

    def _publish_calendar(self, order: Order) -> Reply:
        self.calendars.publish(order.name, order.fields)
        return SUCCESS

    def _publish_billing_period(self, order: Order) -> Reply:
        self.billing = dict(order.fields)
        return SUCCESS

    def _change_supply(self, order: Order) -> Reply:
        """Close the valve, or arm one that is closed; none can be opened from afar (R-SUP-02)."""
        proposed = order.fields["proposed_supply_status"]
        arms = proposed == "supply_off_armed"
        if proposed == _ON or (arms and self.attributes.get(SUPPLY) == _ON):
            return DENIED
        self.attributes.set(SUPPLY, proposed)
        return [("SupplyStatusResponse", {
            "provider_id": order.fields["provider_id"],
            "issuer_event_id": order.fields["issuer_event_id"],
            "implementation_date_time": order.fields["implementation_date_time"],
            "supply_status": proposed})]

    def _change_debt(self, order: Order) -> Reply:
        kind = number_of("DebtAmountType", order.fields["debt_amount_type"])
        number, adds = kind // 2 + 1, kind % 2
        return self.put(self._debt(number, adds, order.fields))

    def _debt(self, number: int, adds: int, fields: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
        amount = Key(PREPAYMENT, f"debt_amount_{number}")
        held = self.attributes.get(amount) if adds else 0
        yield amount, max(0, held + fields["debt_amount"])
        if number == 3:
            yield (Key(PREPAYMENT, "debt_recovery_top_up_percentage_3"),
                   fields["debt_recovery_balance_percentage"])
        else:
            yield (Key(PREPAYMENT, f"debt_recovery_frequency_{number}"),
                   fields["debt_recovery_frequency"])
            yield (Key(PREPAYMENT, f"debt_recovery_amount_{number}"),
                   fields["debt_recovery_amount"])

    def _adjust_credit(self, order: Order) -> Reply:
        kind = number_of("CreditAdjustmentType", order.fields["credit_adjustment_type"])
        if kind not in _ADJUSTED:
            return INVALID
        keys, adds = _ADJUSTED[kind]
        value = order.fields["credit_adjustment_value"]
        return self.put((key, self.attributes.get(key) + value if adds else
                         value if key in (BALANCE, BILL) else 0) for key in keys)

    def _top_up(self, order: Order) -> Reply:
        # the meter holds no top-up key, so that no token can be authentic to it (R-PRE-04)
        self.event(TOP_UP_REFUSED)
        return [("ConsumerTopUpResponse", {
            "result_type": "rejected_invalid_top_up", "top_up_value": 0,
            "source_of_top_up": order.fields["originating_device"],
            "credit_remaining": self.attributes.get(BALANCE)})]

    def _emergency_credit(self, _: Order) -> Reply:
        """Activate emergency credit if it is available or active already (R-PRE-09)."""
        if self.attributes.get(EMERGENCY):
            return SUCCESS
        if self.attributes.get(BALANCE) > self.attributes.get(THRESHOLD):
            return DENIED
        self.event(EMERGENCY_CREDIT)
        return self.put([(EMERGENCY, self.attributes.get(LIMIT))])

    def _set_behaviours(self, order: Order) -> Reply:
        fields = order.fields
        if fields["configuration_control"] != "apply_by_list":  # the only one of GCS20
            return INVALID
        events = fields["event_configuration_payload"]["event_ids"]
        self.behaviours |= dict.fromkeys(events, fields["event_configuration"])
        return SUCCESS

    def _get_behaviours(self, _: Order) -> Reply:
        """Report what was configured; a fresh meter reports one event, its emergency credit."""
        known = self.behaviours or {EMERGENCY_CREDIT: 0}
        return [("ReportEventConfiguration", {
            "command_index": 0, "total_commands": 1, "event_configuration_payload": [
                {"event_id": code, "event_configuration": configuration}
                for code, configuration in sorted(known.items())]})]

    def _start_sampling(self, order: Order) -> Reply:
        fields = order.fields
        self.history.start_sampling(max(self.clock.now, fields["start_sampling_time"]),
                                    fields["sample_request_interval"],
                                    fields["max_number_of_samples"])
        return SUCCESS

    def _set_clock(self, _: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        begin, end = (instants.from_datetime(datetime.fromisoformat(content[name]))
                      for name in ("validityIntervalStart", "validityIntervalEnd"))
        outcome = self.set_clock(begin, end)
        status = "reliable" if self.clock.status == RELIABLE else "unreliable"
        moment = instants.to_datetime(int(self.clock.now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"deviceTime": moment, "deviceTimeStatus": status}, outcome is Outcome.SET
