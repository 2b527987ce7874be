"""Long values in blocks, both ways: what goes out a block at a time, what is put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.protocols.cosem.length import encode_length
from devices.emulators.gbcs.faults import Faults

LONGEST = 1 << 20
"""Octets that a value in blocks may have on its way in."""


def fitting(room: int, head: int) -> int:
    """Return how many octets fit in ``room`` behind a head of ``head`` octets and their length."""
    size = max(1, room - head - 1)
    while size > 1 and head + len(encode_length(size)) + size > room:
        size -= 1
    return size


@dataclass(frozen=True, slots=True)
class Block:
    """One block on its way out."""

    number: int
    last: bool
    octets: bytes


class Outgoing:
    """A long value; ``next`` gives its blocks one after the other, numbered from 1."""

    def __init__(self, octets: bytes, size: int, faults: Faults) -> None:
        if "block-lost" in faults and len(octets) > 2 * size:
            octets = octets[:size] + octets[2 * size :]
        self._octets, self._size, self._faults = octets, size, faults
        self._sent = 0
        self.number = 0

    @property
    def shown(self) -> int:
        """The number that the last block had on the line."""
        if "block-number-repeats" in self._faults and self.number > 2:
            return self.number - 1
        return self.number

    def next(self) -> Block:
        """Return the next block."""
        start, end = self._sent, self._sent + self._size
        self.number += 1
        self._sent = end
        last = end >= len(self._octets)
        if last and "blocks-never-end" in self._faults:
            last, self._sent = False, 0
        return Block(self.shown, last, self._octets[start:end])


@dataclass(slots=True)
class Incoming:
    """A long value that is arriving; ``request`` is the one that it began with."""

    request: object
    invoke: int
    number: int = 0
    octets: bytearray = field(default_factory=bytearray)

    def takes(self, number: int, raw: bytes, faults: Faults) -> bool:
        """Add the next block; False if it is not the next or the value becomes too long."""
        expected = self.number + 1
        if number != expected and "set-block-gap-accepted" not in faults:
            return False
        if len(self.octets) + len(raw) > LONGEST:
            return False
        self.number = number
        self.octets += raw
        return True
