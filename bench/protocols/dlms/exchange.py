"""Services of a client of DLMS as exchanges of APDUs, without any link.

An exchange is a generator: it yields the octets of the next APDU to send, is sent those of the
APDU that came, and returns what the service gave. Where it yields no octets, nothing is to be sent
and the next APDU awaited; where it yields :class:`Streamed`, none is to be awaited. Time-outs are
the caller's affair: an exchange can be left at any point and the next one begun.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Exchange = Generator[bytes, bytes, T]


class Streamed(bytes):
    """Octets that no answer follows: the exchange goes on with no octets at once."""


def carry(exchange: Exchange[T], send: Callable[[bytes], None], receive: Callable[[], bytes]) -> T:
    """Return what ``exchange`` gives; what ``send`` and ``receive`` raise ends it."""
    try:
        octets, go_on = next(exchange), exchange.send
        while True:
            if octets:
                send(octets)
            octets = go_on(b"" if type(octets) is Streamed else receive())
    except StopIteration as end:
        value: T = end.value
        return value
