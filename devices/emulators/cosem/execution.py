"""Carries out access requests against a table of objects.

One code for all objects: the table says which use case may read, write or invoke an element, of
which type its value is, and, by the name of an effect, what happens beyond storing it. A request
stops at its first failure: what follows is not done and answered 250 (other reason), as RTDS
devices answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import (
    NULL,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSpecification,
    Choice,
)
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import commands, sensitive
from bench.protocols.gbcs.building import build
from bench.protocols.gbcs.commands import INVOKE_FLAGS
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.templates import shape_of
from devices.emulators.cosem.store import Element, Store
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.credentials import Credentials
from devices.emulators.gbcs.dialogue import MAX_PAYLOAD
from devices.emulators.gbcs.faults import Faults
from devices.emulators.gbcs.reception import Command

SUCCESS, DENIED, UNDEFINED, UNMATCHED, OTHER = 0, 3, 4, 12, 250

_BY_RANGE = 1

# A result has no choice of its own for a selection (IEC 62056-5-3; RTDS).
_ANSWERED = {Choice.GET_WITH_SELECTION: Choice.GET, Choice.SET_WITH_SELECTION: Choice.SET}


class Refused(Exception):  # noqa: N818  an outcome, not an error of the emulator
    """An element was not accessed; ``code`` is the access result."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Holder(Protocol):
    """The device whose objects are accessed."""

    store: Store
    credentials: Credentials
    faults: Faults

    def read(self, element: Element) -> Data:
        """Return the value of an attribute that is no log."""

    def read_log(self, element: Element, begin: float, end: float) -> Data:
        """Return the entries of a log from ``begin`` to ``end``."""


class AccessExecution:
    """Executes commands on the objects ``elements`` of one device."""

    def __init__(self, device: Holder, elements: Mapping[str, Element]) -> None:
        self._device = device
        self._elements = elements
        self._effects: dict[str, Callable[[Element, str, Data], Data | None]] = {}
        self._command: Command | None = None
        self.failed = False  # not all was done, though each element was accessed

    def activate(self, element: Element, given: Data) -> None:
        """Do, or order for later, what writing the activation time ``element`` rules."""
        del element, given  # a device whose table has such an element does it
        raise Refused(OTHER)

    def answer(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Return the payload of the response, and whether all was done that was asked."""
        data, results = self.run(command, head)
        done = not any(result.code for result in results) and not self.failed
        if "error-hidden-behind-success" in self._device.faults:
            results = [result._replace(code=0) for result in results]
        return _payload(command.content, data, results), done

    def run(self, command: Command, head: Message) -> tuple[list[Data], list[AccessResult]]:
        """Return data and results of ``command``; ``head`` is the response without a payload."""
        self._command = command
        self.failed = False
        data: list[Data] = []
        results: list[AccessResult] = []
        stopped = False
        request: AccessRequest = command.content
        for specification, given in zip(request.specifications, request.data, strict=True):
            answer, code = NULL, OTHER
            if self._is_missing(command, len(data)):
                code = UNDEFINED
            elif not stopped:
                answer, code = self._one(specification, given, command, head)
                stopped = code != SUCCESS
            data.append(answer)
            results.append(AccessResult(_ANSWERED.get(specification.choice, specification.choice),
                                        code))
        return data, results

    def _is_missing(self, command: Command, index: int) -> bool:
        last = index == len(command.content.specifications) - 1
        return (last and command.use_case.access == "read"
                and "read-element-missing" in self._device.faults)

    def _one(
        self, specification: AccessSpecification, given: Data, command: Command, head: Message
    ) -> tuple[Data, int]:
        try:
            element = self._elements.get(specification.key)
            if element is None:
                raise Refused(UNDEFINED)
            return self._access(element, specification, given, command, head), SUCCESS
        except Refused as refused:
            return NULL, refused.code

    def _access(
        self, element: Element, specification: AccessSpecification, given: Data, command: Command,
        head: Message,
    ) -> Data:
        use_case = command.use_case.id
        allowed = {
            Choice.GET: element.gets, Choice.GET_WITH_SELECTION: element.gets,
            Choice.SET: element.sets, Choice.ACTION: element.acts,
        }.get(specification.choice, frozenset())
        if use_case not in allowed:
            raise Refused(DENIED)
        if specification.choice in (Choice.GET, Choice.GET_WITH_SELECTION):
            return self._get(element, specification)
        if not element.type.matches(given):
            raise Refused(UNMATCHED)
        constant = constants(use_case).get(element.key)
        if constant not in (None, given) \
                and "script-of-another-use-case" not in self._device.faults:
            raise Refused(OTHER)
        if element.effect == "protected_read":
            return self._protected(given, command, head)
        if "write-refused" in self._device.faults:
            raise Refused(DENIED)
        if not element.type.in_range(given) \
                and "randomised-offset-limit-unchecked" not in self._device.faults:
            raise Refused(OTHER)
        return self._write(element, given)

    def _get(self, element: Element, specification: AccessSpecification) -> Data:
        if "value-of-wrong-type" in self._device.faults:
            return Data(Tag.VISIBLE_STRING, "?")
        if element.type.name != "log":
            return self._device.read(element)
        begin, end = 0.0, float(instants.LAST)
        if specification.choice == Choice.GET_WITH_SELECTION:
            begin, end = _range(specification)
        return self._device.read_log(element, begin, end)

    def _protected(self, given: Data, command: Command, head: Message) -> Data:
        try:
            wanted = sensitive.read_request(given)
        except RemoteProtocolError:
            raise Refused(UNMATCHED) from None
        if not all(map(_is_address, wanted)):
            raise Refused(UNMATCHED)
        values = []
        for item in wanted:
            key = AccessSpecification(Choice.GET, item.class_id, item.instance, item.index).key
            element = self._elements.get(key)
            if element is None:
                raise Refused(UNDEFINED)
            if command.use_case.id not in element.gets:
                raise Refused(DENIED)
            if element.type.name == "log":
                values.append(self._device.read_log(element, *_between(item.between)))
            else:
                values.append(self._device.read(element))
        if "sensitive-read-in-clear" in self._device.faults:
            return Data(Tag.STRUCTURE, tuple(values))
        try:
            return sensitive.seal(values, head, self._keys(command.message))
        except LocalProtocolError:
            raise Refused(OTHER) from None  # a reader whose key the device does not hold

    def _keys(self, message: Message) -> KeyStore:
        credentials = self._device.credentials
        if message.certificate is None or message.supplementary_remote_party is None:
            return credentials.keys
        return credentials.keys_with(message.supplementary_remote_party, message.certificate)

    def _write(self, element: Element, given: Data) -> Data:
        if element.activates:
            self.activate(element, given)
        name, _, argument = element.effect.partition("/")
        effect = self._effects.get(name)
        if effect is not None:
            return effect(element, argument, given) or NULL
        if "/a" in element.key and "set-without-effect" not in self._device.faults:
            self._device.store.set(element.key, given)
        return NULL


@cache
def constants(use_case: str) -> Mapping[str, Data]:
    """Return the values that the commands of a use case must carry, by key.

    So a command of one use case cannot do what another is for: the three scripts of the supply
    share one method.
    """
    shapes = {step.key: shape_of(step.rows) for step in commands.steps(use_case)
              if step.choice in (Choice.SET, Choice.ACTION) and not step.protected}
    return {key: build(shape) for key, shape in shapes.items()
            if shape is not None and shape.tag is not None and len(shape.only) == 1}


def pretence(counter: int) -> bytes:
    """Return the payload of a response that says of one action that it was done."""
    return AccessResponse(INVOKE_FLAGS | counter & 0xFFFFFF, b"", (), (NULL,),
                          (AccessResult(Choice.ACTION, 0),)).encode()


def _payload(request: AccessRequest, data: list[Data], results: list[AccessResult]) -> bytes:
    invoke_id = request.long_invoke_id
    payload = AccessResponse(invoke_id, b"", (), tuple(data), tuple(results)).encode()
    if len(payload) <= MAX_PAYLOAD:
        return payload
    refused = tuple(result._replace(code=OTHER) for result in results)
    return AccessResponse(invoke_id, b"", (), (NULL,) * len(data), refused).encode()


def _range(specification: AccessSpecification) -> tuple[float, float]:
    """Return the ends of a range descriptor: restricting object, from, to, columns."""
    parameters = specification.parameters
    if specification.selector != _BY_RANGE or parameters is None \
            or parameters.tag != Tag.STRUCTURE or len(parameters.value) != 4:
        raise Refused(UNMATCHED)
    begin, end = parameters.value[1:3]
    if {begin.tag, end.tag} != {Tag.DOUBLE_LONG_UNSIGNED}:
        raise Refused(UNMATCHED)
    return begin.value, end.value


def _is_address(wanted: sensitive.Wanted) -> bool:
    """Return whether the fields, which come from the message as they are, have their types."""
    class_id, instance, index, between = wanted
    numbers = isinstance(class_id, int) and isinstance(index, int)
    limits = between is None or all(isinstance(limit, bytes) for limit in between)
    return numbers and limits and isinstance(instance, bytes) and len(instance) == 6


def _between(between: tuple[bytes, bytes] | None) -> tuple[float, float]:
    if between is None:
        return 0.0, float(instants.LAST)
    begin, end = (instants.read(side) for side in between)
    return (0.0 if begin is None else begin), (float(instants.LAST) if end is None else end)
