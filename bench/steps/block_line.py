"""The bench's end of general block transfer: a ``gbcs`` port that speaks in blocks (R-SEC-16).

Whole messages go in and come out, as of any port; in between each block and acknowledgement is a
frame of its own. Where a step wants it, the line disturbs the transfer: it loses, repeats or turns
round blocks, breaks off, or sends more than a device need take.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.block_transfer import (
    BY_OTHER_SIDE,
    HIGHEST,
    Block,
    Limits,
    Receiver,
    Receiving,
    Route,
    Sender,
    Sending,
    is_block,
    parse_block,
    route_of,
)
from bench.protocols.gbcs.message import Cra, parse
from bench.steps.context import Context
from bench.steps.vocabulary import Frame
from devices.ports import Received, Reception

LARGEST_ANSWER = 1 << 22
"""Octets that the bench takes in blocks; a full profile of 397 days has 152,612."""
TRANSFERS = 8
"""Transfers that a device may begin in one exchange."""


@dataclass(slots=True)
class Disturbance:
    """What the line does to the blocks of one direction, by their numbers."""

    lose: set[int] = field(default_factory=set)  # the first time
    repeat: set[int] = field(default_factory=set)  # they go twice
    reverse: bool = False  # each stream goes last block first, but for its end
    abort_at: int = 0  # breaks off with this block, and goes on as if nothing were


@dataclass(slots=True)
class Traffic:
    """What went over the line in blocks; acknowledgements are not counted."""

    sent: int = 0
    received: list[int] = field(default_factory=list)  # block numbers
    aborted: str = "no"  # or by "device", by "bench"
    longest_stream: int = 0  # blocks of the device up to one that ends a stream
    after_abort: int = 0  # blocks of the device

    @property
    def again(self) -> list[int]:
        """Return the numbers of the blocks that the device sent more than once."""
        return sorted({number for number in self.received if self.received.count(number) > 1})


class BlockLine:
    """A ``gbcs`` port over the one of the context.

    ``size`` has every message sent in blocks of so many octets; without it only those that are
    longer than the IXIT says the device takes in one piece. ``padding`` octets follow the message.
    """

    def __init__(
        self, context: Context, *, size: int = 0, sent: Disturbance | None = None,
        received: Disturbance | None = None, padding: int = 0,
    ) -> None:
        ixit = context.ixit
        self.traffic = Traffic()
        self.frames: list[Frame] = []
        self.deviations: list[str] = []
        self.sender: Sender | None = None
        self._context = context
        self._port = context.ports["gbcs"]
        self._largest = 0 if size else int(ixit["max_message_octets"])
        self._sending = Limits(size or int(ixit["block_octets"]), int(ixit["block_window"]),
                               1 << 31, HIGHEST)
        self._taking = Limits(1, int(ixit["block_window"]), LARGEST_ANSWER, HIGHEST)
        self._sent = sent or Disturbance()
        self._received = received or Disturbance()
        self._padding = bytes(padding)
        self._receivers: dict[Route, Receiver] = {}
        self._stream = 0
        self._ended: float | None = None  # when a transfer was aborted

    def send(self, message: bytes) -> None:
        """Send ``message``; what is no message of GBCS goes in one piece."""
        try:
            route = route_of(parse(message)) if len(message) > self._largest else None
        except RemoteProtocolError:
            route = None
        if route is None:
            self._port.send(message)
            return
        self.sender = Sender(route, message + self._padding, self._sending)
        self._put_disturbed(self.sender, self.sender.start())

    def receive(self, timeout: float) -> Received:
        """Wait at most ``timeout`` seconds for the next message.

        Transfers under way are brought to an end, for which IXIT ``block_timeout_s`` is left to
        each block; after an aborted one IXIT ``quiet_s`` is left for what should not come.
        """
        deadline = time.monotonic() + timeout
        while True:
            under_way = self._under_way()
            wait = deadline - time.monotonic()
            if self._ended is not None:
                wait = self._ended + float(self._context.ixit["quiet_s"]) - time.monotonic()
            elif under_way:
                wait = float(self._context.ixit["block_timeout_s"])
            received: Received = self._port.receive(max(0.0, wait))
            if received.reception is Reception.MESSAGE and is_block(received.octets):
                message = self._take(received.octets)
                if message is not None:
                    return Received(Reception.MESSAGE, message)
            elif received.reception is not Reception.SILENCE or not under_way:
                return received
            else:
                for side in under_way:
                    self._put(side.timeout())
                    self._look_at(side)

    def _under_way(self) -> list[Sender | Receiver]:
        if self._ended is not None:
            return []
        sides: list[Sender | Receiver] = [
            receiver for receiver in self._receivers.values() if receiver.state is Receiving.OPEN]
        if self.sender is not None and self.sender.state is Sending.WAITING:
            sides.append(self.sender)
        return sides

    def _take(self, octets: bytes) -> bytes | None:
        """Take a block; return the message that it completes, if any."""
        try:
            block = parse_block(octets)
        except RemoteProtocolError as wrong:
            self._note("received", octets, {"error": str(wrong)})
            self.deviations.append(f"no block of GBCS: {wrong}")
            return None
        self._note("received", octets, _reading(block))
        if block.route.cra is not Cra.COMMAND:
            return self._take_block(block)
        if self.sender is None or block.route != self.sender.route.back():
            self.deviations.append("an acknowledgement of blocks that were not sent")
            return None
        self._put_disturbed(self.sender, self.sender.receive(block))
        self._look_at(self.sender)
        return None

    def _take_block(self, block: Block) -> bytes | None:
        self._count(block)
        if block.number in self._received.lose:
            self._received.lose.discard(block.number)
            return None
        if block.route not in self._receivers:
            if len(self._receivers) == TRANSFERS:
                self.deviations.append(f"more than {TRANSFERS} transfers at once")
                return None
            self._receivers[block.route] = Receiver(block.route, self._taking)
        receiver = self._receivers[block.route]
        was_open = receiver.state is Receiving.OPEN
        answers = receiver.receive(block)
        if receiver.state is Receiving.OPEN and answers \
                and 0 < self._received.abort_at <= block.number:
            self._received.abort_at = 0
            # the acknowledgement follows the abort, and the device must not heed it
            answers = [*receiver.abort(BY_THE_STEP), *answers]
        self._put(answers)
        self._look_at(receiver)
        return receiver.message if was_open else None

    def _count(self, block: Block) -> None:
        if block.aborts:
            return
        traffic = self.traffic
        traffic.received.append(block.number)
        traffic.after_abort += self._ended is not None
        self._stream += 1
        traffic.longest_stream = max(traffic.longest_stream, self._stream)
        if not block.streaming:
            self._stream = 0

    def _look_at(self, side: Sender | Receiver) -> None:
        """Note that ``side`` was aborted, if it was."""
        if side.state not in (Sending.ABORTED, Receiving.ABORTED) or self._ended is not None:
            return
        self._ended = time.monotonic()
        self.traffic.aborted = "device" if side.failure == BY_OTHER_SIDE else "bench"
        if side.failure not in (BY_OTHER_SIDE, BY_THE_STEP):
            self.deviations.append(f"block transfer: {side.failure}")

    def _put_disturbed(self, sender: Sender, blocks: list[Block]) -> None:
        """Send ``blocks`` as the disturbance has it."""
        disturbance = self._sent
        if disturbance.reverse:
            blocks = [*reversed(blocks[:-1]), *blocks[-1:]]
        for block in blocks:
            if block.number in disturbance.lose:
                disturbance.lose.discard(block.number)
                continue
            self._put([block])
            if block.number in disturbance.repeat:
                disturbance.repeat.discard(block.number)
                self._put([block])
            if 0 < disturbance.abort_at == block.number:
                disturbance.abort_at = 0
                self._put(sender.abort(BY_THE_STEP))
                self._look_at(sender)

    def _put(self, blocks: list[Block]) -> None:
        for block in blocks:
            octets = block.encode()
            self.traffic.sent += bool(block.data)
            self._note("sent", octets, _reading(block))
            self._port.send(octets)

    def _note(self, direction: str, octets: bytes, reading: dict[str, Any]) -> None:
        self.frames.append(Frame(direction, octets, reading, self._context.clock().isoformat()))


BY_THE_STEP = "as the step wants it"


def over(context: Context, frames: list[Frame], deviations: list[str]) -> Any:
    """Return the ``gbcs`` port of ``context``, in blocks if the device has block transfer (IXIT
    ``max_message_octets`` is not 0); it notes what it sees in ``frames`` and ``deviations``."""
    port = context.ports["gbcs"]
    if not isinstance(port, BlockLine):
        if not context.ixit.get("max_message_octets"):
            return port
        port = BlockLine(context)
    port.frames, port.deviations = frames, deviations
    return port


def _reading(block: Block) -> dict[str, Any]:
    """Return what a block says, for people."""
    route = block.route
    return {
        "block": "abort" if block.aborts else "data" if block.data else "acknowledgement",
        "cra": route.cra.name.lower(),
        "message_code": f"{route.message_code:04X}",
        "originator": route.originator.hex().upper(),
        "recipient": route.recipient.hex().upper(),
        "originator_counter": route.originator_counter,
        "number": block.number,
        "acknowledged": block.acknowledged,
        "last": block.last,
        "streaming": block.streaming,
        "window": block.window,
        "octets": len(block.data),
    }
