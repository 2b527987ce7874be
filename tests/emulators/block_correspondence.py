"""A correspondent of an emulated meter that sends and takes blocks."""

from __future__ import annotations

from collections.abc import Callable

from remote_parties import Correspondence

from bench.protocols.gbcs.block_transfer import (
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

Arrange = Callable[[list[Block]], list[Block]]
LARGE = Limits(1_024, 8, 1 << 24, HIGHEST)


class BlockCorrespondence:
    """Exchanges messages with ``meter``; ``arrange`` disturbs the first stream of a command, and
    ``lose`` are numbers of blocks of the answer that are lost once."""

    def __init__(self, meter: Correspondence) -> None:
        self._meter = meter.meter
        self.sent_by_meter: list[Block] = []
        self.messages: list[bytes] = []
        self.sender: Sender | None = None
        self._receivers: dict[Route, Receiver] = {}
        self._lose: set[int] = set()

    def send(self, octets: bytes, *, size: int = 20, arrange: Arrange = list,
             lose: tuple[int, ...] = (), message: bytes = b"") -> list[bytes]:
        """Send ``octets`` in blocks, on the route of ``message``; return what came back whole."""
        self._lose = set(lose)
        self.sender = Sender(route_of(parse(message or octets)), octets,
                             Limits(size, 8, 1 << 24, HIGHEST))
        self._exchange(arrange(self.sender.start()))
        for _ in range(3):
            sides: list[Sender | Receiver] = [self.sender, *self._receivers.values()]
            for side in sides:
                if side.state in (Sending.WAITING, Receiving.OPEN):
                    self._exchange(side.timeout())
        return self.messages

    def whole(self, octets: bytes, *, lose: tuple[int, ...] = ()) -> list[bytes]:
        """Send ``octets`` in one piece; return what came back whole."""
        self._lose = set(lose)
        self._take(self._meter.handle(octets))
        for receiver in list(self._receivers.values()):
            for _ in range(3):
                if receiver.state is Receiving.OPEN:
                    self._exchange(receiver.timeout())
        return self.messages

    def broken_off(self, octets: bytes) -> list[Block]:
        """Send ``octets`` in one piece, break the answer off; return what comes nevertheless."""
        stream = [parse_block(each) for each in self._meter.handle(octets) if is_block(each)]
        if not stream:
            return []
        back, end = stream[0].route.back(), stream[-1].number
        return [*self.acknowledge(Block(back, 0, 0, last=True)),
                *self.acknowledge(Block(back, 1, end, window=4))]

    def acknowledge(self, block: Block) -> list[Block]:
        """Send one acknowledgement or abort; return the blocks that it brings."""
        return [parse_block(octets) for octets in self._meter.handle(block.encode())]

    def _exchange(self, blocks: list[Block]) -> None:
        for block in blocks:
            self._take(self._meter.handle(block.encode()))

    def _take(self, received: list[bytes]) -> None:
        for octets in received:
            if not is_block(octets):
                self.messages.append(octets)
                continue
            block = parse_block(octets)
            self.sent_by_meter.append(block)
            if block.route.cra is Cra.COMMAND:
                assert self.sender is not None
                self._exchange(self.sender.receive(block))
            elif block.number in self._lose:
                self._lose.discard(block.number)
            else:
                self._take_block(block)

    def _take_block(self, block: Block) -> None:
        receiver = self._receivers.setdefault(block.route, Receiver(block.route, LARGE))
        was_open = receiver.state is Receiving.OPEN
        answers = receiver.receive(block)
        if was_open and receiver.message is not None:
            self.messages.append(receiver.message)
        self._exchange(answers)
