"""Carries out the ZigBee commands of a use case, one after the other, and answers each.

A command is answered with what is asked for, with a response of its own, or with a default response
that has its status, as RTDS devices do: its sequence number, from the side that was addressed. A
request stops at its first failure; what follows is not done and answered "failure" for command FF.
That there is nothing to publish is "not found", and no failure. A command of another use case is
"not authorized", a value that the rows do not allow is "invalid value".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import gbz, gbz_plain
from bench.protocols.gbcs.gbz import Component, Gbz
from bench.protocols.gbcs.gbz_rules import READ_ATTRIBUTES, Step, check, commands_of
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.zigbee import zcl
from devices.emulators.gbcs.reception import Command
from devices.emulators.zigbee.attributes import Key
from devices.emulators.zigbee.changes import NEVER, when

if TYPE_CHECKING:
    from devices.emulators.zigbee.device import ZigbeeDevice

SUCCESS, FAILURE, NOT_FOUND, INVALID = "success", "failure", "not_found", "invalid_value"
DENIED, NOT_AUTHORIZED, UNKNOWN = "action_denied", "not_authorized", "unsup_cluster_command"

DEFAULT_RESPONSE, READ_RESPONSE = "DefaultResponse", "ReadAttributesResponse"
_DEFAULT_RESPONSE_ID = 0x0B
_FAILED = 0xFF  # the command in the answers behind a failure (RTDS)
_SPECIFIC, _GENERAL = 0x11, 0x00  # frame control: a response of the cluster, or a general one
_TO_CLIENT = 0x08

# Encrypted: consumption, snapshots, samples (RTDS GCS13a, GCS13b, GCS16b, GCS17).
SENSITIVE = frozenset({"PublishSnapshot", "PublishPrepaySnapshot", "GetSampledDataResponse"})
_SENSITIVE_ATTRIBUTE = "summation_delivered"


@dataclass(frozen=True, slots=True)
class Order:
    """One command of a use case: what it is, what it says, and the message it came with."""

    component: Component
    fields: Mapping[str, Any]
    command: Command

    @property
    def name(self) -> str:
        """Its name."""
        return self.component.command_name


Reply = str | list[tuple[str, Mapping[str, Any]]]
"""A status, or the names and fields of what is sent back."""


class Execution:
    """Executes commands on one device; ``acts`` carry them out, by name."""

    def __init__(self, device: ZigbeeDevice, acts: Mapping[str, Callable[[Order], Reply]]) -> None:
        self._device = device
        self._acts = acts

    def answer(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Return the payload of the response, and whether all was done that was asked."""
        answers: list[Component] = []
        failed = False
        later: int | None = None
        components = command.content.components
        for number, component in enumerate(components, 1):
            if failed:
                answers.append(_default(component, _FAILED, FAILURE))
                continue
            if self._is_missing(command, number == len(components)):
                answers.append(self._without_last(component, command))
                continue
            order = self._order(component, command)
            reply = order if isinstance(order, str) else self._reply(order, later)
            if not isinstance(order, str):
                own = when(order.fields)
                later = own if own is not None else later
            failed = _is_failure(reply)
            answers += self._components(component, reply)
        return self._sealed(Gbz(_counted(answers)), head, command.message), not failed

    def _order(self, component: Component, command: Command) -> Order | str:
        """Return what is ordered, or the status of what cannot be."""
        steps = commands_of(command.use_case.id)
        step = next((step for step in steps if step.cluster.id == component.cluster
                     and step.command == component.command_name
                     and step.to_client == component.frame.to_client), None)
        if step is None:
            declared = zcl.declaration(component.cluster, component.frame)
            return NOT_AUTHORIZED if declared else UNKNOWN
        try:
            fields = component.fields()
            if step.command != READ_ATTRIBUTES:
                _check(step, component, fields)
        except (LocalProtocolError, RemoteProtocolError):
            return INVALID
        if component.from_date_time is not None:
            fields["from_date_time"] = component.from_date_time
        return Order(component, fields, command)

    def _reply(self, order: Order, later: int | None) -> Reply:
        if order.name == READ_ATTRIBUTES:
            return [(READ_RESPONSE, self._attributes(order))]
        act = self._acts.get(order.name)
        if act is None:
            return UNKNOWN
        if not order.command.use_case.future_dateable:
            return act(order)
        at = when(order.fields)
        at = later if at is None else at
        if at in NEVER:
            self._device.later.cancel(order)
        elif at is not None and at > self._device.clock.now:
            self._device.later.schedule(order, at, act)
        else:
            return act(order)
        return self._device.accepted(order)

    def _attributes(self, order: Order) -> dict[str, Any]:
        cluster, use_case = order.component.cluster_name, order.command.use_case.id
        return {"attributes": [
            self._device.attributes.answer(Key(cluster, name), use_case)
            for name in order.fields["attributes"]]}

    def _is_missing(self, command: Command, last: bool) -> bool:
        return (last and command.use_case.access == "read"
                and "read-element-missing" in self._device.faults)

    def _without_last(self, component: Component, command: Command) -> Component:
        """Return the answer of a faulty device, whose last element is undefined."""
        order = self._order(component, command)
        if isinstance(order, str) or order.name != READ_ATTRIBUTES:
            return _default(component, component.frame.command, UNKNOWN)
        records = self._attributes(order)["attributes"]
        records[-1] = {"attribute": records[-1]["attribute"], "status": "unsupported_attribute"}
        return self._component(component, READ_RESPONSE, {"attributes": records})

    def _components(self, component: Component, reply: Reply) -> list[Component]:
        if isinstance(reply, str):
            return [_default(component, component.frame.command, reply)]
        return [self._component(component, name, fields) for name, fields in reply]

    def _component(self, component: Component, name: str, fields: Mapping[str, Any]) -> Component:
        control = _GENERAL if name == READ_RESPONSE else _SPECIFIC
        record = {
            "cluster": component.cluster_name, "command": name, "fields": fields,
            "sequence": component.frame.sequence,
            "direction": "to_server" if component.frame.to_client else "to_client",
            "frame_control": control | (0 if component.frame.to_client else _TO_CLIENT)}
        if self._is_sensitive(name, fields):
            record["additional_header"] = bytes(2)
        return gbz_plain.from_plain(record)

    def _is_sensitive(self, name: str, fields: Mapping[str, Any]) -> bool:
        if "sensitive-read-in-clear" in self._device.faults:
            return False
        return name in SENSITIVE or (name == READ_RESPONSE and any(
            _SENSITIVE_ATTRIBUTE in str(record["attribute"]) and "value" in record
            for record in fields["attributes"]))

    def _sealed(self, payload: Gbz, head: Message, message: Message) -> bytes:
        try:
            return gbz.seal(payload, head, self._keys(message)).encode()
        except LocalProtocolError:  # a reader whose key the device does not hold
            refused = tuple(_default(component, _FAILED, FAILURE)
                            if component.encrypted else component
                            for component in payload.components)
            return Gbz(refused).encode()

    def _keys(self, message: Message) -> KeyStore:
        credentials = self._device.credentials
        if message.certificate is None or message.supplementary_remote_party is None:
            return credentials.keys
        return credentials.keys_with(message.supplementary_remote_party, message.certificate)


def _counted(components: Sequence[Component]) -> tuple[Component, ...]:
    """Return the components, the encrypted ones numbered in their additional headers (RTDS)."""
    numbers = count()
    return tuple(
        component._replace(additional_header=bytes((0, next(numbers) & 0xFF)))
        if component.encrypted else component for component in components)


def _is_failure(reply: Reply) -> bool:
    if isinstance(reply, str):
        return reply not in (SUCCESS, NOT_FOUND)
    return any(str(fields.get("result_type", "")).startswith("rejected") for _, fields in reply)


def pretence() -> bytes:
    """Return the payload of a response that says of one command that it was done."""
    record = {"cluster": "Prepayment", "command": DEFAULT_RESPONSE, "direction": "to_client",
              "fields": {"command": "0x00", "status": SUCCESS}}
    return gbz.from_plain([record]).encode()


def _default(component: Component, command: int, status: str) -> Component:
    """Return the default response to ``component``, for its command or another."""
    to_client = not component.frame.to_client
    control = _GENERAL | (_TO_CLIENT if to_client else 0)
    frame = zcl.Frame(control, component.frame.sequence, _DEFAULT_RESPONSE_ID)
    payload = zcl.payload_of(component.cluster, frame,
                             {"command": f"0x{command:02X}", "status": status})
    return Component(component.cluster, frame._replace(payload=payload))


def _check(step: Step, component: Component, fields: Mapping[str, Any]) -> None:
    if "trailing" in fields:
        raise LocalProtocolError("octets behind the last field")
    check(step, dict(fields), component.command_name)
