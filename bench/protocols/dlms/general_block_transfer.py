"""General block transfer: an exchange of APDUs too large for one piece (IEC 62056-5-3).

Each side sends its APDU in blocks that it numbers from 1, and names in each the other side's block
up to which none is missing. A block that is not streamed gives the turn to the other side, which
sends its own blocks, or one without data as an acknowledgement. The window of a block is how many
blocks its sender is ready to take. Sans-IO: time-outs are told by the caller. The request may go
without blocks and only the answer in blocks.

Our reading, as only the fields are held, not the procedure:

- blocks without data have numbers too; the last-block bit is set in them once the own APDU is sent;
- where blocks are missing, an acknowledgement names the one before the gap, with its length as the
  window, so that exactly the lost blocks are sent again;
- who has begun need not acknowledge the last block of the answer (``confirm_last``), but does on
  being asked again;
- number 0, acknowledged 0 and no data abort the exchange;
- a window of 0 wants no acknowledgement: so do notifications go.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu.general_block import HIGHEST, LARGEST_WINDOW, GeneralBlock
from bench.protocols.dlms.general_block_transfer_states import (
    MISUSES,
    TABLE,
    Action,
    Happening,
    State,
)

__all__ = ["BY_OTHER_SIDE", "DEFAULT", "Limits", "Side", "State", "unconfirmed"]

_NUMBER, _ACKNOWLEDGED, _DATA = 2, 4, 6  # offsets in a block


@dataclass(frozen=True, slots=True)
class Limits:
    """What a side sends and what it takes; the numbers are our choice.

    ``retries`` is how often in a row a side tries again without any progress.
    """

    block_octets: int = 1_024  # data of one block sent, 1..60,000
    window: int = 8  # blocks sent before an acknowledgement, and taken likewise, 1..63
    max_octets: int = 1 << 20  # of a message
    max_blocks: int = 8_192  # of a message, 1..65,535
    retries: int = 5
    confirm_last: bool = False

    def __post_init__(self) -> None:
        for name, highest in (("block_octets", 60_000), ("window", LARGEST_WINDOW),
                              ("max_octets", 1 << 31), ("max_blocks", HIGHEST),
                              ("retries", 10_000)):
            if not 1 <= getattr(self, name) <= highest:
                raise LocalProtocolError(
                    f"{name}: {getattr(self, name)} is outside 1..{highest}")


DEFAULT = Limits()

BY_OTHER_SIDE = "aborted by the other side"
"""Why an exchange failed, where the other side has aborted it."""

ABORT = GeneralBlock(0, 0, last=True)

_OPEN = (State.READY, State.EXCHANGING)


def unconfirmed(apdu: bytes, block_octets: int) -> list[GeneralBlock]:
    """Return ``apdu`` in blocks that want no acknowledgement, as notifications go."""
    pieces = _pieces(apdu, block_octets)
    return [GeneralBlock(number, 0, piece, last=number == len(pieces),
                         streaming=number < len(pieces), window=0)
            for number, piece in enumerate(pieces, 1)]


class Side:
    """One side of one exchange: tell it what is to be sent, what arrives and time-outs.

    ``begins`` is who sends the request. ``message`` is what the other side has sent, once all of it
    is here. Every method returns the blocks to send.
    """

    def __init__(self, limits: Limits = DEFAULT, *, begins: bool) -> None:
        self.limits = limits
        self.begins = begins
        self.state = State.READY
        self.failure = ""
        """Why it was aborted; starts with ``octet`` where a block broke a rule."""
        self.message: bytes | None = None
        self.repeated = 0
        """Number of own blocks with data that were sent more than once, each time counted."""
        self.beyond_window = 0
        """Number of blocks that came beyond what had been offered."""
        self._pieces: list[bytes] = []  # own data not yet in blocks, the next one last
        self._sent: list[GeneralBlock] = []
        self._with_data = 0  # number of the last own block with data
        self._heard = 0  # own block up to which the other side has all
        self._asked = limits.window  # blocks that the other side is ready to take
        self._held: dict[int, GeneralBlock] = {}  # those of the other side after a gap
        self._contiguous = 0
        self._digests: list[int] = []  # of blocks taken, to tell a repetition from another
        self._reach = LARGEST_WINDOW  # the highest block offered to take
        self._taken = bytearray()
        self._fruitless = 0

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the other side's blocks that are missing before later ones."""
        return tuple(number for number in range(self._contiguous + 1, max(self._held, default=0))
                     if number not in self._held)

    @property
    def delivered(self) -> bool:
        """True where the other side has acknowledged all of the own APDU."""
        return not self._pieces and self._heard >= self._with_data > 0

    def send(self, apdu: bytes) -> list[GeneralBlock]:
        """Begin with ``apdu``, or answer with it; LocalProtocolError at any other time."""
        pieces = _pieces(apdu, self.limits.block_octets)
        if len(pieces) > self.limits.max_blocks or len(apdu) > self.limits.max_octets:
            raise LocalProtocolError(
                f"{len(apdu)} octets are more than {self.limits.max_blocks} blocks of "
                f"{self.limits.block_octets} or {self.limits.max_octets} octets")
        if TABLE.get((self.state, Happening.SEND)) is not None:
            self._pieces = pieces[::-1]
        return self._on(Happening.SEND)

    def receive(self, block: GeneralBlock) -> list[GeneralBlock]:
        """Take a block of the other side; one that breaks a rule aborts the exchange."""
        if self.state is State.ABORTED:
            return []
        if _aborts(block):
            if self.state is not State.DONE:
                self.failure = BY_OTHER_SIDE
            return self._on(Happening.ABORT_RECEIVED)
        try:
            happening = self._take(block)
        except RemoteProtocolError as wrong:
            if self.state in _OPEN:
                self.failure, self.message = str(wrong), None
            happening = Happening.WRONG
        return self._on(happening)

    def timeout(self) -> list[GeneralBlock]:
        """Return what to send after too long without a block."""
        return self._on(self._retry(Happening.TIMEOUT))

    def abort(self, reason: str = "aborted by this side") -> list[GeneralBlock]:
        """End the exchange without a result."""
        self.failure = reason
        return self._on(Happening.ABORT)

    def _take(self, block: GeneralBlock) -> Happening:
        """Keep what is new in ``block`` and say what has happened."""
        before = self._contiguous, self._heard, len(self._held)
        new = self._check(block)
        self._heard = max(self._heard, block.acknowledged)
        if new:
            self._held[block.number] = block
            self._advance()
        progress = (self._contiguous, self._heard, len(self._held)) != before
        if progress:
            self._fruitless = 0
        self._asked = min(block.window or 1, self.limits.window)
        if block.streaming or not block.window:
            return self._silently()
        if self._held:
            return self._retry(Happening.GAP)
        if self._heard < self._with_data and not (self.begins and self.message is not None):
            return Happening.UNHEARD if progress else self._retry(Happening.UNHEARD)
        if self._pieces:
            return Happening.MORE
        if not progress:
            return self._retry(Happening.POLL)
        return self._at_end()

    def _at_end(self) -> Happening:
        """Say what comes when the turn is here and nothing is missing or left to send."""
        if self.begins:
            return Happening.ASKED if self.message is None else Happening.FINISHED
        if self.delivered:
            return Happening.FINISHED
        return Happening.ASKED if self.message is None else Happening.COMPLETE

    def _silently(self) -> Happening:
        """Say what a block has done that does not give the turn."""
        if self.message is None or self._held:
            return Happening.BLOCK
        return Happening.FINISHED if self.begins else Happening.COMPLETE

    def _check(self, block: GeneralBlock) -> bool:
        """Return whether ``block`` is new; raise RemoteProtocolError if it is wrong."""
        number, limits = block.number, self.limits
        highest = min(self._contiguous + LARGEST_WINDOW, limits.max_blocks)
        if not 1 <= number <= highest:
            raise RemoteProtocolError(_NUMBER, f"a block number from 1 to {highest}", f"{number}")
        if block.acknowledged > len(self._sent):
            raise RemoteProtocolError(
                _ACKNOWLEDGED, f"an acknowledgement of up to block {len(self._sent)}",
                f"{block.acknowledged}")
        if number <= self._contiguous or number in self._held:
            known = self._digests[number - 1] if number <= self._contiguous else _digest(
                self._held[number])
            if known != _digest(block):
                raise RemoteProtocolError(_DATA, f"block {number} as it was sent before",
                                          "another content")
            return False
        self.beyond_window += number > self._reach
        if block.data and self.message is not None:
            raise RemoteProtocolError(_DATA, "no data after the last block",
                                      f"{len(block.data)} octets")
        octets = len(self._taken) + sum(len(held.data) for held in self._held.values())
        if octets + len(block.data) > limits.max_octets:
            raise RemoteProtocolError(_DATA, f"at most {limits.max_octets} octets in all",
                                      f"{octets + len(block.data)}")
        return True

    def _advance(self) -> None:
        """Take the blocks that are next to those taken already."""
        while (block := self._held.pop(self._contiguous + 1, None)) is not None:
            self._contiguous += 1
            self._digests.append(_digest(block))
            if block.data and self.message is not None:
                raise RemoteProtocolError(_DATA, "no data after the last block",
                                          f"{len(block.data)} octets")
            self._taken += block.data
            if block.last and self._taken and self.message is None:
                self.message = bytes(self._taken)

    def _retry(self, happening: Happening) -> Happening:
        self._fruitless += 1
        if self._fruitless <= self.limits.retries:
            return happening
        if self.state in _OPEN:
            self.failure = f"no progress after {self.limits.retries} retries"
        return Happening.EXHAUSTED

    def _on(self, happening: Happening) -> list[GeneralBlock]:
        following = TABLE.get((self.state, happening))
        if following is None:
            if happening in MISUSES:
                raise LocalProtocolError(f"{happening.value}: the exchange is {self.state.value}")
            return []
        self.state, action = following
        if action is Action.STREAM:
            return self._stream()
        if action is Action.ACKNOWLEDGE or (
                action is Action.CONFIRM and self.begins and self.limits.confirm_last):
            return self._acknowledge()
        if action is Action.REPEAT:
            return self._repeat()
        if action is Action.SEND_ABORT:
            self._held.clear()
            return [ABORT]
        return []

    def _stream(self) -> list[GeneralBlock]:
        """Return the next own blocks, as many as the other side takes."""
        first = min(self._heard, self._with_data)
        again = [block for block in self._sent[first:] if block.data][: self._asked]
        self.repeated += len(again)
        fresh = self._asked - len(again)
        while self._pieces and fresh > 0:
            fresh -= 1
            data = self._pieces.pop()
            block = GeneralBlock(len(self._sent) + 1, 0, data, last=not self._pieces)
            self._sent.append(block)
            self._with_data = block.number
            again.append(block)
        return [self._dressed(block, streaming=block is not again[-1]) for block in again]

    def _acknowledge(self) -> list[GeneralBlock]:
        if self._sent and not self._sent[-1].data and self._heard < len(self._sent):
            return self._repeat()  # a new one would leave a gap in the numbers that were heard
        if len(self._sent) >= HIGHEST:  # the other side goes on asking without end
            return self._on(Happening.EXHAUSTED)
        block = GeneralBlock(len(self._sent) + 1, 0,
                             last=not self._pieces and (self.begins or self._with_data > 0))
        self._sent.append(block)
        return [self._dressed(block, streaming=False)]

    def _repeat(self) -> list[GeneralBlock]:
        if not self._sent:
            return self._acknowledge()
        block = self._sent[-1]
        self.repeated += bool(block.data)
        return [self._dressed(block, streaming=False)]

    def _dressed(self, block: GeneralBlock, *, streaming: bool) -> GeneralBlock:
        """Return ``block`` with what is acknowledged and offered now."""
        window = self.limits.window
        if self._held:
            window = min(min(self._held) - self._contiguous - 1, window)
        self._reach = self._contiguous + window
        return GeneralBlock(block.number, self._contiguous, block.data, block.last, streaming,
                            window)


def _pieces(apdu: bytes, size: int) -> list[bytes]:
    if not apdu:
        raise LocalProtocolError("an empty APDU cannot be sent in blocks")
    return [apdu[at : at + size] for at in range(0, len(apdu), size)]


def _aborts(block: GeneralBlock) -> bool:
    return not (block.number or block.acknowledged or block.data)


def _digest(block: GeneralBlock) -> int:
    return hash((block.data, block.last))
