"""General block transfer on the meter's side: requests and answers too long for one APDU.

A protected APDU is cut into blocks as it is; blocks themselves are not protected.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.apdu import ExceptionResponse, GeneralBlock, decode
from bench.protocols.dlms.general_block_transfer import Limits, Side, State

TAG = 0xE0
LONGEST = 1 << 20
"""Octets that an answer in blocks may have."""

_HEAD = 9  # tag, control, two numbers, length
_ENDED = (State.DONE, State.ABORTED)
_UNREADABLE = ExceptionResponse(1, 3)


class GeneralBlocks:
    """The exchange of one association; ``most`` are the octets that its client takes."""

    def __init__(self, most: int) -> None:
        self._limits = Limits(block_octets=max(1, min(most, 60_000) - _HEAD))
        self._side = Side(self._limits, begins=False)

    def take(self, octets: bytes, serve: Callable[[bytes], bytes | None]) -> tuple[bytes, ...]:
        """Take a block; ``serve`` carries out a request that is whole."""
        try:
            block = decode(octets)
        except RemoteProtocolError:
            return (_UNREADABLE.encode(),)
        assert isinstance(block, GeneralBlock)
        if block.number == 1 and self._side.state in _ENDED:
            self._side = Side(self._limits, begins=False)
        blocks = self._side.receive(block)
        if self._side.state is State.TURN and self._side.message is not None:
            answer = serve(self._side.message)
            if answer is not None:
                blocks = blocks + self._side.send(answer)
        return tuple(one.encode() for one in blocks)

    def send(self, answer: bytes) -> tuple[bytes, ...]:
        """Return the first blocks of an answer to a request that came without."""
        self._side = Side(self._limits, begins=False)
        return tuple(block.encode() for block in self._side.send(answer))
