"""Commands that are for later: done at their time, taken back or displaced before it (R-NEW-03).

A command without a time of its own belongs to the one before it, as the days of a calendar do. Each
one with a time is announced, with the message that it came in and its own id, as RTDS devices do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.emulators.gbcs.events import LATER_ACTIONED, LATER_NOT_ACTIONED
from devices.emulators.zigbee.changes import when
from devices.emulators.zigbee.execution import SUCCESS, Order, Reply

if TYPE_CHECKING:
    from devices.emulators.zigbee.device import ZigbeeDevice

_FRAME_CONTROL = 0x01  # in the alert, whatever the command's was (RTDS)


@dataclass(frozen=True, slots=True)
class _Pending:
    at: float
    order: Order
    act: Callable[[Order], Reply]


class Later:
    """What one device has still to do."""

    def __init__(self, device: ZigbeeDevice) -> None:
        self._device = device
        self._pending: list[_Pending] = []

    def due(self) -> float:
        """Return the instant of the next one; infinity without any."""
        return min((item.at for item in self._pending), default=float("inf"))

    def schedule(self, order: Order, at: float, act: Callable[[Order], Reply]) -> None:
        """Do ``act`` at an instant; an earlier message's command of the same name is displaced."""
        message = order.command.message
        self._pending = [item for item in self._pending if not (
            _same(item.order, order) and item.order.command.message != message)]
        self._pending.append(_Pending(at, order, act))

    def cancel(self, order: Order) -> None:
        """Take back what waits of the same use case and name."""
        self._pending = [item for item in self._pending if not _same(item.order, order)]

    def run(self, now: float) -> None:
        """Do what is due by ``now``, and announce how it went."""
        due = [item for item in self._pending if item.at <= now]
        self._pending = [item for item in self._pending if item.at > now]
        for item in sorted(due, key=lambda item: item.at):
            reply = item.act(item.order)
            if when(item.order.fields) is not None:
                self._announce(item.order, done=not isinstance(reply, str) or reply == SUCCESS)

    def _announce(self, order: Order, *, done: bool) -> None:
        message = order.command.message
        self._device.event(LATER_ACTIONED if done else LATER_NOT_ACTIONED, content={
            "message_code": f"{message.message_code:04X}",
            "originator_counter": message.originator_counter,
            "cluster_id": order.component.cluster, "frame_control": _FRAME_CONTROL,
            "command_id": order.component.frame.command})


def _same(one: Order, other: Order) -> bool:
    return one.name == other.name and one.command.use_case is other.command.use_case
