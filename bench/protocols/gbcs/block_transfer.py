"""General block transfer: a message too large for one piece goes in numbered blocks (GBCS 7.2.11).

The text of GBCS 7.2.11 is not held, nor the procedure of IEC 62056-5-3; only the fields of a block
are (:mod:`bench.protocols.gbcs.block`). Our reading, which a device may do otherwise:

- an acknowledgement has the transfer's CRA flag, counter and message code, with originator and
  recipient exchanged, so that it is routed back;
- blocks are numbered from 1, and so are acknowledgements, each side counting its own; each names
  in ``acknowledged`` the other side's: that of the block up to which none is missing, or that of
  the latest acknowledgement heard;
- an acknowledgement asks for the next ``window`` blocks; where later ones are held already, its
  window is the length of the gap, so that exactly the lost blocks are sent again;
- the last block of each stream has the streaming bit clear, and is answered;
- number 0, acknowledged 0 and no data abort the transfer.

Sans-IO: time-outs are told by the caller. Blocks of both directions in one transfer, which
IEC 62056-5-3 allows, are left out: a response in blocks is a transfer of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.block import (
    HIGHEST,
    LARGEST_WINDOW,
    Block,
    Route,
    is_block,
    parse_block,
    route_of,
)
from bench.protocols.gbcs.block_transfer_states import (
    ENDED,
    MISUSES,
    RECEIVER,
    SENDER,
    Action,
    Happening,
    Receiving,
    Sending,
)

__all__ = ["BY_OTHER_SIDE", "DEFAULT", "HIGHEST", "Block", "Limits", "Receiver", "Receiving",
           "Route", "Sender", "Sending", "is_block", "parse_block", "route_of"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a side sends and what it takes; the numbers are our choice.

    ``retries`` is how often in a row a side tries again without any progress.
    """

    block_octets: int = 1_024  # data of one block sent, 1..60,000
    window: int = 8  # blocks sent before an acknowledgement, and taken likewise, 1..63
    max_octets: int = 262_144  # of a message
    max_blocks: int = 4_096  # of a message, 1..65,535
    retries: int = 5

    def __post_init__(self) -> None:
        for name, highest in (("block_octets", 60_000), ("window", LARGEST_WINDOW),
                              ("max_octets", 1 << 31), ("max_blocks", HIGHEST),
                              ("retries", 10_000)):
            if not 1 <= getattr(self, name) <= highest:
                raise LocalProtocolError(
                    f"{name}: {getattr(self, name)} is outside 1..{highest}")


DEFAULT = Limits()

BY_OTHER_SIDE = "aborted by the other side"
"""Why a transfer failed, where its peer has aborted it."""


class Sender:
    """Sends one message in blocks: tell it acknowledgements and time-outs, send what it returns.

    ``message`` is 0 octets to what the limits allow; LocalProtocolError above that.
    """

    def __init__(self, route: Route, message: bytes, limits: Limits = DEFAULT) -> None:
        self.route = route
        self.limits = limits
        self.state = Sending.READY
        self.failure = ""
        """Why it was aborted."""
        self.blocks = max(1, -(-len(message) // limits.block_octets))
        """Number of blocks in which the message goes."""
        self.repeated = 0
        """Number of blocks sent more than once, each time counted."""
        if self.blocks > limits.max_blocks or len(message) > limits.max_octets:
            raise LocalProtocolError(
                f"{len(message)} octets are more than {limits.max_blocks} blocks of "
                f"{limits.block_octets} or {limits.max_octets} octets")
        self._message = message
        self._acknowledged = 0  # the block up to which all have arrived
        self._answered = 0  # number of the latest acknowledgement
        self._asked = limits.window
        self._sent = 0  # the highest block sent
        self._stream_end = 0
        self._fruitless = 0

    def start(self) -> list[Block]:
        """Return the first blocks to send."""
        return self._on(Happening.START)

    def timeout(self) -> list[Block]:
        """Return what to send after too long without an acknowledgement."""
        return self._on(self._retry(Happening.TIMEOUT))

    def abort(self, reason: str = "aborted by this side") -> list[Block]:
        """End the transfer without a result; return the abort to send, if any."""
        self.failure = reason
        return self._on(Happening.ABORT)

    def receive(self, block: Block) -> list[Block]:
        """Take an acknowledgement, return the blocks to send next.

        An acknowledgement that breaks a rule aborts the transfer. LocalProtocolError if it is of
        another transfer.
        """
        if block.route != self.route.back():
            raise LocalProtocolError("an acknowledgement of another transfer")
        if self.state is not Sending.WAITING:
            return []
        return self._on(self._take(block))

    def _take(self, block: Block) -> Happening:
        if block.aborts:
            self.failure = BY_OTHER_SIDE
            return Happening.ABORT_RECEIVED
        if block.data or not block.number or block.acknowledged > self._sent:
            self.failure = str(block.wrong(f"an acknowledgement of up to block {self._sent}",
                                           f"{block.acknowledged}, {len(block.data)} octets"))
            return Happening.WRONG
        if block.acknowledged < self._acknowledged or (
                block.acknowledged == self._acknowledged and block.number <= self._answered):
            return Happening.STALE
        progress = block.acknowledged > self._acknowledged
        self._answered = max(block.number, self._answered)
        self._acknowledged = block.acknowledged
        self._asked = min(block.window or 1, self.limits.window)
        if self._acknowledged == self.blocks:
            return Happening.ALL_ACKNOWLEDGED
        if progress:
            self._fruitless = 0
            return Happening.REQUEST
        return self._retry(Happening.REQUEST)

    def _retry(self, happening: Happening) -> Happening:
        self._fruitless += 1
        if self._fruitless <= self.limits.retries:
            return happening
        if self.state is Sending.WAITING:
            self.failure = f"no progress after {self.limits.retries} retries"
        return Happening.EXHAUSTED

    def _on(self, happening: Happening) -> list[Block]:
        following = SENDER.get((self.state, happening))
        if following is None:
            if self.state in ENDED and happening not in MISUSES:
                return []
            raise LocalProtocolError(f"{happening.value}: the transfer is {self.state.value}")
        self.state, action = following
        if action is Action.STREAM:
            first = self._acknowledged + 1
            self._stream_end = min(self._acknowledged + self._asked, self.blocks)
            return [self._block(number) for number in range(first, self._stream_end + 1)]
        if action is Action.REPEAT_LAST:
            return [self._block(self._stream_end)]
        if action is Action.SEND_ABORT:
            return [Block(self.route, 0, 0, last=True)]
        return []

    def _block(self, number: int) -> Block:
        size = self.limits.block_octets
        self.repeated += number <= self._sent
        self._sent = max(self._sent, number)
        return Block(
            self.route, number, self._answered, self._message[(number - 1) * size : number * size],
            last=number == self.blocks, streaming=number < self._stream_end,
            window=self.limits.window)


class Receiver:
    """Takes one message in blocks: tell it blocks and time-outs, send what it returns.

    Holds at most ``max_octets`` octets in ``max_blocks`` blocks; whoever sends more is aborted.
    """

    def __init__(self, route: Route, limits: Limits = DEFAULT) -> None:
        self.route = route
        self.limits = limits
        self.state = Receiving.OPEN
        self.failure = ""
        """Why it was aborted; starts with ``octet`` where a block broke a rule."""
        self.message: bytes | None = None
        """The message, once all of it has arrived."""
        self._held: dict[int, bytes] = {}
        self._highest = 0  # block held
        self._octets = 0
        self._contiguous = 0  # the block up to which all are held
        self._count = 0  # number of blocks of the message, 0 until the last one is here
        self._latest: Block | None = None  # acknowledgement
        self._timeouts = 0

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the blocks before the highest one held that have not arrived."""
        return tuple(number for number in range(self._contiguous + 1, self._highest)
                     if number not in self._held)

    def receive(self, block: Block) -> list[Block]:
        """Take a block, return the acknowledgement or abort to send, if any.

        A block that breaks a rule aborts the transfer and leaves ``failure``. LocalProtocolError
        if it is of another transfer.
        """
        if block.route != self.route:
            raise LocalProtocolError("a block of another transfer")
        if self.state is Receiving.ABORTED:
            return []
        if block.aborts:
            if self.state is Receiving.OPEN:
                self.failure = BY_OTHER_SIDE
            return self._on(Happening.ABORT_RECEIVED)
        return self._on(self._take(block))

    def timeout(self) -> list[Block]:
        """Return what to send after too long without a block: what is missing is asked for."""
        self._timeouts += 1
        if self._timeouts <= self.limits.retries:
            return self._on(Happening.TIMEOUT)
        if self.state is Receiving.OPEN:
            self.failure = f"no progress after {self.limits.retries} retries"
        return self._on(Happening.EXHAUSTED)

    def abort(self, reason: str = "aborted by this side") -> list[Block]:
        """End the transfer without a result; return the abort to send, if any."""
        self.failure = reason
        return self._on(Happening.ABORT)

    def _take(self, block: Block) -> Happening:
        try:
            held = self._check(block)
        except RemoteProtocolError as wrong:
            if self.state is Receiving.OPEN:
                self.failure = str(wrong)
            return Happening.WRONG
        number = self._latest.number if self._latest else 0
        if held:
            if block.streaming:
                return Happening.DUPLICATE
            if block.acknowledged >= number and self.state is Receiving.OPEN:
                return Happening.WINDOW_END
            return Happening.POLL
        self._held[block.number] = block.data
        self._highest = max(block.number, self._highest)
        self._octets += len(block.data)
        self._timeouts = 0
        if block.last:
            self._count = block.number
        while self._contiguous + 1 in self._held:
            self._contiguous += 1
        if self._contiguous == self._count > 0:
            self.message = b"".join(self._held[each] for each in range(1, self._count + 1))
            self._held = dict.fromkeys(self._held, b"")
            return Happening.LAST_MISSING
        return Happening.BLOCK if block.streaming else Happening.WINDOW_END

    def _check(self, block: Block) -> bool:
        """Return whether ``block`` is held already; raise RemoteProtocolError if it is wrong."""
        number, limits = block.number, self.limits
        reach = min(self._contiguous + LARGEST_WINDOW, limits.max_blocks, self._count or HIGHEST)
        if not 1 <= number <= reach:
            raise block.wrong(f"a block number from 1 to {reach}", f"{number}")
        if self.state is Receiving.COMPLETE:
            return True
        if number in self._held:
            if self._held[number] != block.data or block.last != (number == self._count):
                raise block.wrong(f"block {number} as it was sent before", "another content")
            return True
        if block.last and number < self._highest:
            raise block.wrong(f"no last block before {self._highest}", f"{number}")
        if not block.data and not (block.last and number == 1):
            raise block.wrong("data", "none")
        if self._octets + len(block.data) > limits.max_octets:
            raise block.wrong(f"at most {limits.max_octets} octets in all",
                              f"{self._octets + len(block.data)}")
        return False

    def _on(self, happening: Happening) -> list[Block]:
        following = RECEIVER.get((self.state, happening))
        if following is None:
            if self.state in ENDED and happening not in MISUSES:
                return []
            raise LocalProtocolError(f"{happening.value}: the transfer is {self.state.value}")
        self.state, action = following
        if action is Action.ACKNOWLEDGE:
            return self._acknowledge()
        if action is Action.REPEAT_ACKNOWLEDGEMENT and self._latest:
            return [self._latest]
        if action is Action.SEND_ABORT:
            self._held.clear()
            return [Block(self.route.back(), 0, 0, last=True)]
        return []

    def _acknowledge(self) -> list[Block]:
        number = (self._latest.number if self._latest else 0) + 1
        if number > HIGHEST:  # a sender that goes on asking without end
            return self._on(Happening.EXHAUSTED)
        missing = self._contiguous + 1
        window = self.limits.window
        if self._highest > missing:
            gap = next(length for length in range(1, LARGEST_WINDOW + 1)
                       if missing + length in self._held)
            window = min(gap, window)
        self._latest = Block(self.route.back(), number, self._contiguous, last=True, window=window)
        return [self._latest]
