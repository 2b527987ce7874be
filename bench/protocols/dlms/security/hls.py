"""Authentication of an association: LLS, and passes 3 and 4 of high-level security.

Mechanisms 1 (low), 3 (MD5), 4 (SHA-1), 5 (GMAC), 6 (SHA-256) and 7 (ECDSA) of IEC 62056-5-3; how
mechanism 2 uses its secret is its maker's choice, so that is left out. Both sides use the same
functions: ``theirs`` is always the challenge that the side received, ``ours`` the one it sent. ::

    MD5, SHA-1   hash(challenge || secret)
    GMAC         1s || counter || tag over 1s || authentication key || challenge, s the suite
    SHA-256      hash(secret || title of who answers || other title || challenge || other challenge)
    ECDSA        signature over the same without the secret
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols import plain_ecdsa
from bench.protocols.dlms.security.content import (
    Line,
    check_control,
    line_of,
    opened_content,
    sealed_content,
)
from bench.protocols.dlms.security.counters import STRICT, Counters, Key, ReplayPolicy
from bench.protocols.dlms.security.general_securing import Random
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import AUTHENTICATED, KEY_SET, Flaw, SecurityError

SHORTEST, LONGEST = 8, 64
"""Octets of a challenge."""
SHORTEST_ECDSA = 32
"""Octets of a challenge under mechanism 7."""
USUAL = 16
"""Octets of a challenge where nothing asks for more."""


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


def shortest(mechanism: Mechanism) -> int:
    """Return the least octets of a challenge under a mechanism."""
    return SHORTEST_ECDSA if mechanism is Mechanism.ECDSA else SHORTEST


def usual(mechanism: Mechanism) -> int:
    """Return how many octets a challenge has unless somebody wants another length."""
    return max(USUAL, shortest(mechanism))


def challenge(random: Random, length: int = USUAL) -> bytes:
    """Return a challenge of 8 to 64 octets; LocalProtocolError for another length."""
    if not SHORTEST <= length <= LONGEST:
        raise LocalProtocolError(f"a challenge has {SHORTEST} to {LONGEST} octets, not {length}")
    return random(length)


def check_challenge(octets: bytes, mechanism: Mechanism = Mechanism.GMAC) -> None:
    """Raise SecurityError unless ``octets`` may be a challenge: 8 to 64 (ECDSA: 32 to 64)."""
    least = shortest(mechanism)
    if not least <= len(octets) <= LONGEST:
        raise SecurityError(Flaw.FORM, 0, f"a challenge of {least} to {LONGEST} octets",
                            f"{len(octets)} octets")


def check_password(keys: Keys, octets: bytes) -> None:
    """Raise SecurityError unless ``octets`` are the secret of low-level security."""
    if not compare_digest(_secret(keys), octets):
        raise SecurityError(Flaw.KEY, 0, "the password", f"{len(octets)} other octets")


def answer(mechanism: Mechanism, keys: Keys, *, theirs: bytes, ours: bytes,
           counters: Counters | None = None, counter: int | None = None) -> bytes:
    """Return f(theirs): pass 3 of a client, pass 4 of a server.

    GMAC takes the next unicast counter of ``counters``, unless ``counter`` is given.
    LocalProtocolError where a key, the secret, a title or the counter is missing.
    """
    if mechanism is Mechanism.GMAC:
        if counter is None:
            if counters is None:
                raise LocalProtocolError("an answer by GMAC needs an invocation counter")
            counter = counters.take(Key.UNICAST)
        line = _gmac_line(keys)
        content = sealed_content(line, keys.own_title, counter, theirs)
        return content[:5] + content[5 + len(theirs) :]
    way = _way(mechanism)
    return way.make(keys, _Answered(keys.own_title, keys.peer_title, theirs, ours))


def check_answer(mechanism: Mechanism, keys: Keys, octets: bytes, *, theirs: bytes, ours: bytes,
                 counters: Counters | None = None, replay: ReplayPolicy = STRICT) -> None:
    """Raise SecurityError unless ``octets`` are the peer's right answer f(ours).

    With ``counters``, the counter of GMAC is looked at by ``replay`` and remembered.
    """
    if mechanism is Mechanism.GMAC:
        _check_gmac(keys, octets, ours, counters, replay)
        return
    answered = _Answered(keys.peer_title, keys.own_title, ours, theirs)
    if not _way(mechanism).right(keys, answered, octets):
        raise SecurityError(Flaw.TAG, 0, f"the answer to the challenge by {mechanism.name}",
                            octets.hex().upper())


def _check_gmac(keys: Keys, octets: bytes, ours: bytes, counters: Counters | None,
                replay: ReplayPolicy) -> None:
    line = _gmac_line(keys)
    if len(octets) != line.shortest:
        raise SecurityError(Flaw.FORM, 0, f"{line.shortest} octets: control, counter and tag",
                            f"{len(octets)} octets")
    if check_control(octets[0], keys.suite, 0) != (True, False):
        raise SecurityError(Flaw.CONTROL, 0, line.control.hex().upper(), f"{octets[0]:02X}")
    if octets[0] & KEY_SET:
        raise SecurityError(Flaw.KEY_SET, 0, line.control.hex().upper(), f"{octets[0]:02X}")
    opened_content(line, keys.peer_title, octets[:5] + ours + octets[5:], 0)
    if counters is None:
        return
    counter = int.from_bytes(octets[1:5], "big")
    complaint = replay.complaint(counter, counters.seen.get(Key.UNICAST))
    if complaint:
        raise SecurityError(Flaw.COUNTER, 1, complaint, f"{counter}")
    counters.note(Key.UNICAST, counter)


def _gmac_line(keys: Keys) -> Line:
    if keys.global_unicast is None:
        raise LocalProtocolError("GMAC needs the global unicast key")
    return line_of(keys, AUTHENTICATED, keys.global_unicast)


class _Answered(NamedTuple):
    """What goes into an answer: titles of who answers and who asked, and the challenges."""

    by: bytes
    to: bytes
    challenge: bytes  # the one that is answered
    other: bytes

    @property
    def octets(self) -> bytes:
        if not self.by or not self.to:
            raise LocalProtocolError("this mechanism needs both system titles")
        return b"".join(self)


class _Way(NamedTuple):
    make: Callable[[Keys, _Answered], bytes]
    right: Callable[[Keys, _Answered, bytes], bool]


def _way(mechanism: Mechanism) -> _Way:
    if mechanism not in _WAYS:
        raise LocalProtocolError(f"{mechanism.name}: no answer to a challenge is laid down for it")
    return _WAYS[mechanism]


def _secret(keys: Keys) -> bytes:
    if keys.secret is None:
        raise LocalProtocolError("no secret is held")
    return keys.secret


def _by(make: Callable[[Keys, _Answered], bytes]) -> _Way:
    """Return the way whose answer is checked by making it again."""
    return _Way(make, lambda keys, answered, octets: compare_digest(make(keys, answered), octets))


def _sign(keys: Keys, answered: _Answered) -> bytes:
    if keys.signing is None:
        raise LocalProtocolError("no private key to sign with")
    return plain_ecdsa.sign(answered.octets, keys.signing)


def _signed(keys: Keys, answered: _Answered, octets: bytes) -> bool:
    if keys.peer_signing is None:
        raise LocalProtocolError("no public key of the signer is held")
    return plain_ecdsa.verify(answered.octets, octets, keys.peer_signing)


_WAYS: Mapping[Mechanism, _Way] = {
    Mechanism.MD5: _by(lambda keys, answered: hashlib.md5(
        answered.challenge + _secret(keys), usedforsecurity=False).digest()),
    Mechanism.SHA1: _by(lambda keys, answered: hashlib.sha1(
        answered.challenge + _secret(keys), usedforsecurity=False).digest()),
    Mechanism.SHA256: _by(lambda keys, answered: hashlib.sha256(
        _secret(keys) + answered.octets).digest()),
    Mechanism.ECDSA: _Way(_sign, _signed),
}
