"""What the use cases of an ESME do beyond storing a value, by the names in its table of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Data, Tag
from devices.emulators.cosem.execution import OTHER, AccessExecution, Refused
from devices.emulators.cosem.store import Element
from devices.emulators.esme.objects import elements
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.clock import Outcome

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

RESET_BLOCKS = 0x63  # script of the tariff script table (ECS05)


class Execution(AccessExecution):
    """Executes commands on one meter."""

    def __init__(self, meter: Esme) -> None:
        super().__init__(meter, elements())
        self._meter = meter
        self._effects |= {
            "adjust": self._adjust, "clear_log": self._clear_log, "copy": self._copy,
            "emergency_credit": self._emergency_credit, "merge": self._merge,
            "preset_clock": self._preset_clock, "reset_counter": self._reset_counter,
            "reset_demand": self._reset_demand, "run_script": self._run_script,
            "set": self._set_amount, "set_clock": self._set_clock,
            "supply_script": self._supply_script, "top_up": self._top_up,
        }
        self._interval: tuple[float, float] | None = None

    def activate(self, element: Element, given: Data) -> None:
        """Activate passive values now, at their time, or not any more."""
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
        self.failed = outcome is not Outcome.SET
