"""Transfer of symmetric keys under the master key: AES key wrap, and what security setup carries.

AES key wrap is RFC 3394. ``key_transfer`` and ``global_key_transfer`` of security setup (class 64,
Blue Book) take an array of structures, each a key id and the wrapped key. Key agreement by that
class's method ``key_agreement`` is left out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.security.protection import Flaw, SecurityError


class KeyId(enum.IntEnum):
    """Keys that can be transferred, as security setup numbers them."""

    GLOBAL_UNICAST = 0
    GLOBAL_BROADCAST = 1
    AUTHENTICATION = 2
    MASTER = 3


def wrap(master: bytes, key: bytes) -> bytes:
    """Return ``key`` under ``master``: 8 octets longer; lengths 16, 24 or 32."""
    try:
        return aes_key_wrap(master, key)
    except ValueError as wrong:
        raise LocalProtocolError(f"a key cannot be wrapped: {wrong}") from None


def unwrap(master: bytes, wrapped: bytes, offset: int = 0) -> bytes:
    """Return what :func:`wrap` was given; SecurityError if it was another key, or altered."""
    try:
        return aes_key_unwrap(master, wrapped)
    except (InvalidUnwrap, ValueError):
        raise SecurityError(Flaw.KEY, offset, "a key wrapped under the master key",
                            f"{len(wrapped)} octets that are not") from None


def unwrap_unchecked(master: bytes, wrapped: bytes) -> bytes:
    """Return what whoever does not check the integrity value unwraps (RFC 3394, 2.2.2).

    ``wrapped`` is of at least 16 octets, a multiple of 8.
    """
    turn = Cipher(AES(master), ECB()).decryptor()  # noqa: S305  the RFC's own primitive
    first, *rest = (wrapped[start:start + 8] for start in range(0, len(wrapped), 8))
    for step in range(6 * len(rest), 0, -1):
        place = (step - 1) % len(rest)
        block = turn.update((int.from_bytes(first) ^ step).to_bytes(8) + rest[place])
        first, rest[place] = block[:8], block[8:]
    return b"".join(rest)


def transfer(master: bytes, keys: Mapping[int, bytes]) -> Data:
    """Return the parameter of ``key_transfer``; an id need not be one of :class:`KeyId`."""
    return wrapped_transfer({identity: wrap(master, key) for identity, key in keys.items()})


def wrapped_transfer(wrapped: Mapping[int, bytes]) -> Data:
    """Return the parameter of ``key_transfer`` from octets that need not be a wrapped key."""
    return Data(Tag.ARRAY, tuple(
        Data(Tag.STRUCTURE, (Data(Tag.ENUM, identity), Data(Tag.OCTET_STRING, octets)))
        for identity, octets in wrapped.items()))


def read_transfer(data: Data, master: bytes, *, key_octets: int) -> dict[KeyId, bytes]:
    """Return the keys in a parameter of ``key_transfer``, each of ``key_octets`` octets.

    SecurityError for another form, an unknown id, a wrong wrap or a key of another length; then
    none of them is to be taken.
    """
    found: dict[KeyId, bytes] = {}
    if data.tag is not Tag.ARRAY:
        raise SecurityError(Flaw.FORM, 0, "an array of key id and wrapped key", data.tag.name)
    for entry in data.value:
        if (entry.tag is not Tag.STRUCTURE or [field.tag for field in entry.value]
                != [Tag.ENUM, Tag.OCTET_STRING]):
            raise SecurityError(Flaw.FORM, 0, "a structure of key id and wrapped key",
                                entry.tag.name)
        identity, wrapped = (field.value for field in entry.value)
        if identity not in _KEY_IDS:
            raise SecurityError(Flaw.KEY, 0, "a key id 0 to 3", f"{identity}")
        key = unwrap(master, wrapped)
        if len(key) != key_octets:
            raise SecurityError(Flaw.KEY, 0, f"a key of {key_octets} octets", f"{len(key)} octets")
        found[KeyId(identity)] = key
    return found


_KEY_IDS = frozenset(KeyId)
