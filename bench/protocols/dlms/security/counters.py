"""Invocation counters: those that go out with each key, and which arriving ones are taken.

Each key has a counter of 32 bits of its own, for each direction (IEC 62056-5-3, invocation
counter). The first octets sent with a key carry the value that its counter has; what a receiver
takes is a policy, so that a bench can be laxer than a device, or find out how lax a device is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import LocalProtocolError

HIGHEST = 0xFFFFFFFF


class Key(enum.StrEnum):
    """The key that protects a message, in whatever way the receiver comes to it."""

    UNICAST = "global unicast"
    BROADCAST = "global broadcast"
    DEDICATED = "dedicated"
    WRAPPED = "wrapped"  # made for this message, sent under the master key
    ONE_PASS = "agreed by one-pass Diffie-Hellman"  # noqa: S105  C(1e, 1s)
    STATIC = "agreed by static unified model"  # C(0e, 2s)


@dataclass(frozen=True, slots=True)
class ReplayPolicy:
    """Which counters are taken after ``seen``, the highest taken with the key so far."""

    repeated: bool = False
    lower: bool = False
    furthest: int | None = None  # how far ahead of the last at most; None: any

    def complaint(self, counter: int, seen: int | None) -> str:
        """Return what should have come instead of ``counter``, or an empty text."""
        if seen is None:
            return ""
        if counter == seen:
            return "" if self.repeated else f"a counter above {seen}"
        if counter < seen:
            return "" if self.lower else f"a counter above {seen}"
        if self.furthest is not None and counter - seen > self.furthest:
            return f"a counter of at most {seen + self.furthest}"
        return ""


STRICT = ReplayPolicy()
"""What the standard asks of a receiver: each counter higher than the last."""
LENIENT = ReplayPolicy(repeated=True, lower=True)


class Counters:
    """The counters of one association on one side, both directions; kept by the caller.

    ``sending`` gives the next counter per key (0 where none is named), ``seen`` the highest taken.
    """

    def __init__(self, sending: Mapping[Key, int] | None = None,
                 seen: Mapping[Key, int] | None = None) -> None:
        self.sending: dict[Key, int] = dict.fromkeys(Key, 0) | dict(sending or {})
        self.seen: dict[Key, int] = dict(seen or {})

    def take(self, key: Key) -> int:
        """Return the counter to send with ``key`` now; LocalProtocolError once it is used up."""
        counter = self.sending[key]
        if counter > HIGHEST:
            raise LocalProtocolError(f"the invocation counter of the {key} key is used up")
        self.sending[key] = counter + 1
        return counter

    def note(self, key: Key, counter: int) -> None:
        """Remember that ``counter`` was taken with ``key``."""
        if counter > self.seen.get(key, -1):
            self.seen[key] = counter

    def renew(self, key: Key) -> None:
        """Start again from 0 both ways, as a fresh key does."""
        self.sending[key] = 0
        self.seen.pop(key, None)
