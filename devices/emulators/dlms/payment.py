"""Payment: account, credit, charge and token gateway (classes 111, 112, 113, 115 of IEC 62056-6-2).

Charges are collected when asked to, a token is any that the meter's key makes: ``amount`` of four
octets and their MAC. What a consumption costs is not counted.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import (
    NEVER,
    OTHER_REASON,
    TEMPORARY_FAILURE,
    Interface,
    Refused,
)
from devices.emulators.dlms.metering import Timekeeper

_NEW, _ACTIVE, _CLOSED = 1, 2, 3  # account status
_IN_USE, _EXHAUSTED = 3, 4  # credit status: enabled 0, selectable 1, selected 2
_SCALE = 1 << 31


class Credit(Interface):
    """Class 112: an amount of credit."""

    CLASS_ID = 112
    ATTRIBUTES = (
        ("current_credit_amount", "i32"), ("credit_type", "enum 0..4"), ("priority", "u8"),
        ("warning_threshold", "i32"), ("limit", "i32"), ("credit_configuration", "bits(5)"),
        ("credit_status", "enum 0..4"), ("preset_credit_amount", "i32"),
        ("credit_available_threshold", "i32"), ("period", "os(12)"))
    METHODS = (("update_amount", "i32"), ("set_amount_to_value", "i32"), ("invoke_credit", "i8"))

    def do_update_amount(self, parameter: Data) -> None:
        """Add to the amount."""
        self._set(self.number("current_credit_amount") + parameter.value)

    def do_set_amount_to_value(self, parameter: Data) -> Data:
        """Set the amount and return what it was."""
        held = self.stored("current_credit_amount")
        self._set(parameter.value)
        return held

    def do_invoke_credit(self, _parameter: Data) -> None:
        """Add the preset amount, once it has been made selectable or in use."""
        if self.number("credit_status") == 0:
            raise Refused(TEMPORARY_FAILURE)
        self._set(self.number("current_credit_amount") + self.number("preset_credit_amount"))

    def _set(self, amount: int) -> None:
        if not -_SCALE <= amount < _SCALE:
            raise Refused(OTHER_REASON)
        self.put("current_credit_amount", amount)
        if amount <= self.number("limit"):
            self.put("credit_status", _EXHAUSTED)
        elif self.number("credit_status") == _EXHAUSTED:
            self.put("credit_status", _IN_USE)


_UNIT_CHARGE = "{{i8,i8},{u16,os(6),i8},[0..48]{os(0..8),i16}}"


class Charge(Interface):
    """Class 113: what is to be paid, with a price for each unit or an amount in all."""

    CLASS_ID = 113
    ATTRIBUTES = (
        ("total_amount_paid", "i32"), ("charge_type", "enum 0..2"), ("priority", "u8"),
        ("unit_charge_active", _UNIT_CHARGE), ("unit_charge_passive", _UNIT_CHARGE),
        ("unit_charge_activation_time", "os(12)"), ("period", "u32"),
        ("charge_configuration", "bits(2)"), ("last_collection_time", "os(12)"),
        ("last_collection_amount", "i32"), ("total_amount_remaining", "i32"),
        ("proportion", "u16 0..10000"))
    METHODS = (
        ("update_unit_charge", "[0..48]{os(0..8),i16}"), ("activate_passive_unit_charge", "i8"),
        ("collect", "i8"), ("update_total_amount_remaining", "i32"),
        ("set_total_amount_remaining", "i32"))

    def __init__(self, code: str, time: Timekeeper, credit: Credit, *, instalment: int,
                 **values: Any) -> None:
        super().__init__(code, unit_charge_activation_time=instants.OPEN,
                         last_collection_time=instants.OPEN, **values)
        self._time, self._credit, self._instalment = time, credit, instalment
        self._last = time.now

    def do_update_unit_charge(self, parameter: Data) -> None:
        """Take prices into the passive charge: each index replaces its own."""
        scaling, commodity, table = self.stored("unit_charge_passive").value
        prices = {one.value[0].value: one for one in (*table.value, *parameter.value)}
        self.store("unit_charge_passive", Data(Tag.STRUCTURE, (
            scaling, commodity, Data(Tag.ARRAY, tuple(prices.values())))))

    def do_activate_passive_unit_charge(self, _parameter: Data) -> None:
        """Make the passive charge the active one."""
        self.store("unit_charge_active", self.stored("unit_charge_passive"))

    def do_collect(self, _parameter: Data) -> None:
        """Take an instalment, or what remains of the amount, from the credit."""
        amount = min(self._instalment, self.number("total_amount_remaining"))
        self._credit.do_update_amount(Data(Tag.DOUBLE_LONG, -amount))
        self.put("total_amount_remaining", self.number("total_amount_remaining") - amount)
        self.put("total_amount_paid", self.number("total_amount_paid") + amount)
        self.put("last_collection_amount", amount)
        self.put("last_collection_time", instants.octets(self._time.now))

    def do_update_total_amount_remaining(self, parameter: Data) -> None:
        """Add to what remains to be paid."""
        total = self.number("total_amount_remaining") + parameter.value
        if not -_SCALE <= total < _SCALE:
            raise Refused(OTHER_REASON)
        self.put("total_amount_remaining", total)

    def do_set_total_amount_remaining(self, parameter: Data) -> None:
        """Set what remains to be paid."""
        self.store("total_amount_remaining", parameter)

    def due(self) -> float:
        """Return when the passive charge is to be activated."""
        moment = instants.read(self.stored("unit_charge_activation_time").value)
        return moment if moment is not None and moment > self._last else NEVER

    def run(self, now: float) -> None:
        """Activate the passive charge."""
        self._last = now
        self.store("unit_charge_active", self.stored("unit_charge_passive"))


class Account(Interface):
    """Class 111: the account that credits and charges belong to."""

    CLASS_ID = 111
    ATTRIBUTES = (
        ("account_mode_and_status", "{enum,enum}"), ("current_credit_in_use", "u8"),
        ("current_credit_status", "bits(8)"), ("available_credit", "i32"),
        ("amount_to_clear", "i32"), ("clearance_threshold", "i32"), ("aggregated_debt", "i32"),
        ("credit_reference_list", "[0..8]os(6)"), ("charge_reference_list", "[0..8]os(6)"),
        ("credit_charge_configuration", "[0..16]{os(6),os(6),bits(3)}"),
        ("token_gateway_configuration", "[0..8]{os(6),u8}"),
        ("account_activation_time", "os(12)"), ("account_closure_time", "os(12)"),
        ("currency", "{utf8(0..8),i8,enum}"), ("low_credit_threshold", "i32"),
        ("next_credit_available_threshold", "i32"), ("max_provision", "u16"),
        ("max_provision_period", "i32"))
    METHODS = (("activate_account", "i8"), ("close_account", "i8"), ("reset_account", "i8"))

    def __init__(self, code: str, time: Timekeeper, credits_: tuple[Credit, ...],
                 charges: tuple[Charge, ...], **values: Any) -> None:
        super().__init__(
            code, credit_reference_list=tuple(one.instance for one in credits_),
            charge_reference_list=tuple(one.instance for one in charges),
            account_activation_time=instants.octets(time.now), account_closure_time=instants.OPEN,
            **values)
        self._time, self._credits, self._charges = time, credits_, charges

    def read_available_credit(self) -> Data:
        """Return the sum of the positive credits in use."""
        return Data(Tag.DOUBLE_LONG, min(_SCALE - 1, sum(
            max(0, one.number("current_credit_amount")) for one in self._credits
            if one.number("credit_status") == _IN_USE)))

    def read_amount_to_clear(self) -> Data:
        """Return what is to be paid before credit is available again: a sum of negative credits."""
        return Data(Tag.DOUBLE_LONG, max(-_SCALE, sum(
            min(0, one.number("current_credit_amount")) for one in self._credits)))

    def read_aggregated_debt(self) -> Data:
        """Return the sum of what remains of the charges."""
        return Data(Tag.DOUBLE_LONG, min(_SCALE - 1, sum(
            one.number("total_amount_remaining") for one in self._charges)))

    def read_current_credit_status(self) -> Data:
        """Return in credit, low, next enabled, selectable, selected, in use, out, reserved."""
        available = self.read_available_credit().value
        bits = (available > 0, 0 < available <= self.number("low_credit_threshold"),
                False, False, False, available > 0, available <= 0, False)
        return Data(Tag.BIT_STRING, "".join("1" if bit else "0" for bit in bits))

    def do_activate_account(self, _parameter: Data) -> None:
        """Open a new account."""
        if self._status != _NEW:
            raise Refused(TEMPORARY_FAILURE)
        self._set_status(_ACTIVE)
        self.put("account_activation_time", instants.octets(self._time.now))

    def do_close_account(self, _parameter: Data) -> None:
        """Close an active account."""
        if self._status != _ACTIVE:
            raise Refused(TEMPORARY_FAILURE)
        self._set_status(_CLOSED)
        self.put("account_closure_time", instants.octets(self._time.now))

    def do_reset_account(self, _parameter: Data) -> None:
        """Make a closed account new again; its credits and charges are zero."""
        if self._status != _CLOSED:
            raise Refused(TEMPORARY_FAILURE)
        self._set_status(_NEW)
        for one in self._credits:
            one.put("current_credit_amount", 0)
        for charge in self._charges:
            charge.put("total_amount_remaining", 0)

    @property
    def _status(self) -> int:
        return int(self.stored("account_mode_and_status").value[1].value)

    def _set_status(self, status: int) -> None:
        mode = self.stored("account_mode_and_status").value[0]
        self.store("account_mode_and_status", Data(Tag.STRUCTURE, (mode, Data(Tag.ENUM, status))))


_MAC = 8
_EXECUTED, _FORMAT_WRONG, _AUTHENTICATION_WRONG, _USED = 3, 0, 1, 2  # token status


class TokenGateway(Interface):
    """Class 115: takes tokens that add to a credit; each is good once."""

    CLASS_ID = 115
    ATTRIBUTES = (("token", "os(0..64)"), ("token_time", "os(12)"),
                  ("token_description", "[0..8]os(0..32)"), ("token_delivery_method", "enum 0..2"),
                  ("token_status", "{enum,bits(0..32)}"))
    METHODS = (("enter", "os(0..64)"),)

    def __init__(self, code: str, time: Timekeeper, credit: Credit,
                 key: Callable[[], bytes]) -> None:
        super().__init__(code, token_time=instants.OPEN)
        self._time, self._credit, self._key = time, credit, key
        self._spent: set[bytes] = set()

    def do_enter(self, parameter: Data) -> None:
        """Take a token; one that is refused is told in the status as well."""
        token: bytes = parameter.value
        self.store("token", parameter)
        self.put("token_time", instants.octets(self._time.now))
        self.put("token_delivery_method", 0)
        status = self._judge(token)
        self.put("token_status", (status, ""))
        if status != _EXECUTED:
            raise Refused(OTHER_REASON)
        self._spent.add(token)
        self._credit.do_update_amount(Data(Tag.DOUBLE_LONG, int.from_bytes(token[8:12], "big")))

    def _judge(self, token: bytes) -> int:
        if len(token) != 12 + _MAC:
            return _FORMAT_WRONG
        if not hmac.compare_digest(mac(self._key(), token[:12]), token[12:]):
            return _AUTHENTICATION_WRONG
        return _USED if token in self._spent else _EXECUTED


def mac(key: bytes, octets: bytes) -> bytes:
    """Return the MAC of a token's number (8 octets) and amount (4 octets)."""
    return hmac.new(key, octets, hashlib.sha256).digest()[:_MAC]
