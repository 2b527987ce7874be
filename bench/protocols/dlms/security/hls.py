"""Authentication of an association: LLS, and passes 3 and 4 of high-level security.

Mechanisms 1 (low), 3 (MD5), 4 (SHA-1), 5 (GMAC), 6 (SHA-256) and 7 (ECDSA) of IEC 62056-5-3; the
secret of mechanism 2 is used as its maker likes, so that is left out. Both sides use the same
functions: ``theirs`` is always the challenge that the side received, ``ours`` the one it sent.
"""

from __future__ import annotations

import enum

from bench.protocols.dlms.security.counters import Counters, ReplayPolicy
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.securing import Random

SHORTEST, LONGEST = 8, 64
"""Octets of a challenge."""


class Mechanism(enum.IntEnum):
    """Authentication mechanisms, as the last number of the mechanism name gives them."""

    NONE = 0
    LOW = 1
    HIGH = 2
    MD5 = 3
    SHA1 = 4
    GMAC = 5
    SHA256 = 6
    ECDSA = 7


def challenge(random: Random, length: int = 16) -> bytes:
    """Return a challenge of 8 to 64 octets; LocalProtocolError for another length."""
    raise NotImplementedError


def check_challenge(octets: bytes) -> None:
    """Raise SecurityError unless ``octets`` may be a challenge: 8 to 64 of them."""
    raise NotImplementedError


def answer(mechanism: Mechanism, keys: Keys, *, theirs: bytes, ours: bytes,
           counters: Counters | None = None) -> bytes:
    """Return f(theirs): pass 3 of a client, pass 4 of a server. GMAC takes a unicast counter."""
    raise NotImplementedError


def check_answer(mechanism: Mechanism, keys: Keys, octets: bytes, *, theirs: bytes, ours: bytes,
                 counters: Counters | None = None, replay: ReplayPolicy | None = None) -> None:
    """Raise SecurityError unless ``octets`` are the peer's right answer f(ours)."""
    raise NotImplementedError
