"""Passive values become active at their time (R-TAR-05, R-NEW-03).

An activation time rules the pairs of passive and active value that the object table names. What is
due while the clock is moved ahead is done then, once; each is announced with 8F66 and a reference
to the command that ordered it: message code, originator counter, class, OBIS code, index.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.message import Message
from devices.emulators.cosem.store import Element

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

BILLED_CHANGES = ("111/0-1:19.0.0.255/a13", "20/0-0:13.0.0.255/a10")
"""Activation times of payment mode and tariff: a change of either is in the billing data log."""

_ACTIONED = 0x8F66
_ACCOUNT = "111/0-0:19.0.0.255/a2"  # payment mode and status
_ACTIVE = Data(Tag.ENUM, 2)  # status of an account in use (GBCS, ECS26j)


class Activations:
    """The pending activations of one meter."""

    def __init__(self, meter: Esme) -> None:
        self._meter = meter
        self._pending: list[tuple[float, int, Element, Message]] = []
        self._order = count()

    def due(self) -> float:
        """Return the instant of the next one; infinity without any."""
        return self._pending[0][0] if self._pending else float("inf")

    def schedule(self, element: Element, instant: float, message: Message) -> None:
        """Activate what ``element`` rules at ``instant``, on the order of ``message``."""
        self.cancel(element)
        heapq.heappush(self._pending, (instant, next(self._order), element, message))

    def cancel(self, element: Element) -> None:
        """Forget the pending activation of ``element``, if there is one."""
        self._pending = [item for item in self._pending if item[2].key != element.key]
        heapq.heapify(self._pending)

    def activate(self, element: Element) -> None:
        """Make the passive values that ``element`` rules the active ones."""
        meter = self._meter
        for passive, active in element.activates:
            key, _, index = active.partition("[")
            value = meter.store.get(passive)
            if key == _ACCOUNT:
                value = Data(Tag.STRUCTURE, (value.value[0], _ACTIVE))
            meter.store.set(key, Data(Tag.ARRAY, (value,)) if index else value)
        if element.key in BILLED_CHANGES:
            meter.logs["change"].add(int(meter.clock.now), *meter.metering.registers(),
                                     *meter.account.snapshot())

    def run(self, now: float) -> None:
        """Do what is due by ``now``."""
        while self._pending and self._pending[0][0] <= now:
            _, _, element, message = heapq.heappop(self._pending)
            self.activate(element)
            class_id, instance, index = element.address
            reference = b"".join((
                message.message_code.to_bytes(2, "big"),
                message.originator_counter.to_bytes(8, "big"),
                class_id.to_bytes(2, "big"), instance, bytes((index,))))
            self._meter.event(_ACTIONED, content=[Data(Tag.OCTET_STRING, reference)])
