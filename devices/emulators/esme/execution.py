"""Carries out access requests against the object table.

One code for all objects: the table says which use case may read, write or invoke an element, of
which type its value is, and, by the name of an effect, what happens beyond storing it. A request
stops at its first failure: what follows is not done and answered 250 (other reason), as RTDS
devices answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.access import NULL, AccessResult, AccessSpecification, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import commands, sensitive
from bench.protocols.gbcs.building import build
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.templates import shape_of
from devices.emulators.esme import instants
from devices.emulators.esme.clock import Outcome
from devices.emulators.esme.reception import Command
from devices.emulators.esme.store import Element, elements

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

SUCCESS, DENIED, UNDEFINED, UNMATCHED, OTHER = 0, 3, 4, 12, 250

RESET_BLOCKS = 0x63  # script of the tariff script table (ECS05)
_BY_RANGE = 1


class Refused(Exception):  # noqa: N818  an outcome, not an error of the emulator
    """An element was not accessed; ``code`` is the access result."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Execution:
    """Executes commands on one meter."""

    def __init__(self, meter: Esme) -> None:
        self._meter = meter
        self._effects: dict[str, Callable[[Element, str, Data], None]] = {
            "adjust": self._adjust, "clear_log": self._clear_log, "copy": self._copy,
            "emergency_credit": self._emergency_credit, "merge": self._merge,
            "preset_clock": self._preset_clock, "reset_counter": self._reset_counter,
            "reset_demand": self._reset_demand, "run_script": self._run_script,
            "set": self._set_amount, "set_clock": self._set_clock,
            "supply_script": self._supply_script, "top_up": self._top_up,
        }
        self._interval: tuple[float, float] | None = None
        self.failed_clock = False
        self._command: Command | None = None

    def run(self, command: Command, head: Message) -> tuple[list[Data], list[AccessResult]]:
        """Return data and results of ``command``; ``head`` is the response without a payload."""
        self._command = command
        self.failed_clock = False
        data: list[Data] = []
        results: list[AccessResult] = []
        stopped = False
        request = command.request
        for specification, given in zip(request.specifications, request.data, strict=True):
            answer, code = NULL, OTHER
            if self._is_missing(command, len(data)):
                code = UNDEFINED
            elif not stopped:
                answer, code = self._one(specification, given, command, head)
                stopped = code != SUCCESS
            data.append(answer)
            results.append(AccessResult(specification.choice, code))
        return data, results

    def _is_missing(self, command: Command, index: int) -> bool:
        last = index == len(command.request.specifications) - 1
        return (last and command.use_case.access == "read"
                and "read-element-missing" in self._meter.faults)

    def _one(
        self, specification: AccessSpecification, given: Data, command: Command, head: Message
    ) -> tuple[Data, int]:
        try:
            element = elements().get(specification.key)
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
                and "script-of-another-use-case" not in self._meter.faults:
            raise Refused(OTHER)
        if element.effect == "protected_read":
            return self._protected(given, command, head)
        if "write-refused" in self._meter.faults:
            raise Refused(DENIED)
        if not element.type.in_range(given) \
                and "randomised-offset-limit-unchecked" not in self._meter.faults:
            raise Refused(OTHER)
        self._write(element, given)
        return NULL

    def _get(self, element: Element, specification: AccessSpecification) -> Data:
        if "value-of-wrong-type" in self._meter.faults:
            return Data(Tag.VISIBLE_STRING, "?")
        if element.type.name != "log":
            return self._meter.read(element)
        begin, end = 0.0, float(instants.LAST)
        if specification.choice == Choice.GET_WITH_SELECTION:
            begin, end = _range(specification)
        return self._meter.read_log(element, begin, end)

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
            element = elements().get(key)
            if element is None:
                raise Refused(UNDEFINED)
            if command.use_case.id not in element.gets:
                raise Refused(DENIED)
            if element.type.name == "log":
                values.append(self._meter.read_log(element, *_between(item.between)))
            else:
                values.append(self._meter.read(element))
        if "sensitive-read-in-clear" in self._meter.faults:
            return Data(Tag.STRUCTURE, tuple(values))
        try:
            return sensitive.seal(values, head, self._keys(command.message))
        except LocalProtocolError:
            raise Refused(OTHER) from None  # a reader whose key the meter does not hold

    def _keys(self, message: Message) -> KeyStore:
        credentials = self._meter.credentials
        if message.certificate is None or message.supplementary_remote_party is None:
            return credentials.keys
        return credentials.keys_with(message.supplementary_remote_party, message.certificate)

    def _write(self, element: Element, given: Data) -> None:
        if element.activates:
            self._activate(element, given)
        name, _, argument = element.effect.partition("/")
        effect = self._effects.get(name)
        if effect is not None:
            effect(element, argument, given)
        elif "/a" in element.key and "set-without-effect" not in self._meter.faults:
            self._meter.store.set(element.key, given)

    def _activate(self, element: Element, given: Data) -> None:
        moment = date_time.decode(given.value)
        if moment.is_never:
            self._meter.activations.cancel(element)
            return
        instant = self._meter.clock.now if moment.is_now else instants.read(given.value)
        if instant is None or self._command is None:
            raise Refused(OTHER)
        if instant <= self._meter.clock.now:
            self._meter.activations.cancel(element)
            self._meter.activations.activate(element)
        else:
            self._meter.activations.schedule(element, instant, self._command.message)

    def _merge(self, _element: Element, target: str, given: Data) -> None:
        # 512 bits: which of 256 to change, then what they become (GBCS, ECS25a)
        if "set-without-effect" in self._meter.faults:
            return
        stored = self._meter.store.get(target).value
        mask, action = given.value[:256], given.value[256:]
        bits = "".join(new if change == "1" else old
                       for old, change, new in zip(stored, mask, action, strict=True))
        self._meter.store.set(target, Data(Tag.BIT_STRING, bits))

    def _copy(self, _element: Element, pair: str, _given: Data) -> None:
        source, _, target = pair.partition(">")
        self._meter.store.set(target, self._meter.store.get(source))

    def _clear_log(self, _: Element, name: str, __: Data) -> None:
        self._meter.clear_log(name)

    def _reset_counter(self, _: Element, name: str, __: Data) -> None:
        self._meter.reset_counter(name)

    def _reset_demand(self, _: Element, name: str, __: Data) -> None:
        self._meter.metering.reset_demand(name, self._meter.clock.now)

    def _run_script(self, _: Element, __: str, given: Data) -> None:
        if given.value == RESET_BLOCKS:
            self._meter.metering.blocks = [0] * len(self._meter.metering.blocks)

    def _supply_script(self, _: Element, __: str, given: Data) -> None:
        if not self._meter.supply.script(given.value):
            raise Refused(OTHER)

    def _adjust(self, _: Element, name: str, given: Data) -> None:
        if not self._meter.account.adjust(name, given.value):
            raise Refused(OTHER)

    def _set_amount(self, _: Element, name: str, given: Data) -> None:
        setattr(self._meter.account, name, given.value)

    def _emergency_credit(self, _: Element, __: str, ___: Data) -> None:
        if not self._meter.activate_emergency_credit():
            raise Refused(OTHER)

    def _top_up(self, _: Element, __: str, ___: Data) -> None:
        # the meter holds no top-up key, so that no token can be authentic to it (R-PRE-04)
        self._meter.event(0x8F63)
        raise Refused(OTHER)

    def _preset_clock(self, _: Element, __: str, given: Data) -> None:
        # which of the two ends comes first differs between the references: the earlier begins
        ends = [instants.read(field.value) for field in given.value[1:]]
        if None in ends:
            raise Refused(OTHER)
        begin, end = sorted(end for end in ends if end is not None)
        self._interval = begin, end

    def _set_clock(self, _: Element, __: str, ___: Data) -> None:
        if self._interval is None:
            raise Refused(OTHER)
        outcome = self._meter.set_clock(*self._interval)
        self._interval = None
        # the response still gives time and status, so that its sender sees what the clock is
        self.failed_clock = outcome is not Outcome.SET


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
