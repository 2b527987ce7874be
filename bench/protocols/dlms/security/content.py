"""Security header and protected text: the innermost layer, the same in every ciphered APDU.

``security control(1) invocation counter(4) text tag(12)``: the text is the APDU, encrypted or
not; the tag is there where it is authenticated. The initialization vector is the sender's title
and the counter; the additional authenticated data are the control octet and the authentication
key, then what else a form adds, then the APDU where it is not encrypted (IEC 62056-5-3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATION,
    COMPRESSION,
    ENCRYPTION,
    KEY_SET,
    Flaw,
    Protection,
    SecurityError,
)
from bench.protocols.short_tag import TAG_OCTETS, Encrypt, encryption, open_sealed, seal

HEADER_OCTETS = 5
_SUITE = 0x0F

_Seal = Callable[[Encrypt, bytes, bytes, bytes], bytes]
_Open = Callable[[Encrypt, bytes, bytes, bytes], bytes | None]


class Line(NamedTuple):
    """What stays the same from message to message under one protection and one key."""

    protection: Protection
    control: bytes  # the security control octet
    additional: bytes  # authenticated in front of everything else
    encrypt: Encrypt
    seal: _Seal
    open: _Open
    shortest: int  # octets of content at least


def line_of(keys: Keys, protection: Protection, key: bytes) -> Line:
    """Return what protects under ``key``."""
    authenticated, encrypted = protection.authenticated, protection.encrypted
    control = bytes((keys.suite | authenticated * AUTHENTICATION | encrypted * ENCRYPTION
                     | (protection.key is Key.BROADCAST) * KEY_SET,))
    seals, opens = _WAYS[authenticated, encrypted]
    return Line(protection, control, control + (keys.authentication or b""), encryption(key),
                seals, opens, HEADER_OCTETS + authenticated * TAG_OCTETS)


def symmetric_key(keys: Keys, key: Key) -> bytes | None:
    """Return the key of that name, if it is held; only those that no message brings."""
    held: bytes | None = getattr(keys, _HELD[key])
    return held


def check_control(control: int, suite: int, offset: int) -> tuple[bool, bool]:
    """Return whether it says authenticated and encrypted; SecurityError where it is not to be."""
    if control & COMPRESSION:
        raise SecurityError(Flaw.COMPRESSION, offset, "no compression", f"{control:02X}")
    if control & _SUITE != suite:
        raise SecurityError(Flaw.SUITE, offset, f"security suite {suite}", f"{control & _SUITE}")
    if not control & (AUTHENTICATION | ENCRYPTION):
        raise SecurityError(Flaw.CONTROL, offset, "authentication or encryption",
                            f"{control:02X}")
    return bool(control & AUTHENTICATION), bool(control & ENCRYPTION)


def sealed_content(line: Line, title: bytes, counter: int, apdu: bytes,
                   further: bytes = b"") -> bytes:
    """Return security header and protected text; ``further`` is authenticated with it."""
    invocation = invocation_octets(counter)
    return b"".join((line.control, invocation, line.seal(
        line.encrypt, title + invocation, apdu, line.additional + further)))


def invocation_octets(counter: int) -> bytes:
    """Return ``counter`` as 4 octets."""
    try:
        return counter.to_bytes(4, "big")
    except OverflowError:
        raise LocalProtocolError(f"the invocation counter {counter} does not fit 4 octets"
                                 ) from None


def opened_content(line: Line, title: bytes, octets: bytes, start: int,
                   further: bytes = b"") -> tuple[bytes, int]:
    """Return the APDU and the counter in what follows ``start`` of the message ``octets``."""
    if len(octets) - start < line.shortest:
        raise SecurityError(Flaw.FORM, start, f"at least {line.shortest} octets of content",
                            f"{len(octets) - start}")
    invocation = octets[start + 1 : start + 5]
    additional = line.additional + further if further else line.additional
    text = line.open(line.encrypt, title + invocation, octets[start + 5 :], additional)
    if text is None:
        raise SecurityError(Flaw.TAG, len(octets) - TAG_OCTETS, "the tag of this text",
                            octets[-TAG_OCTETS:].hex().upper())
    return text, int.from_bytes(invocation, "big")


def _seal_authenticated(encrypt: Encrypt, nonce: bytes, apdu: bytes, additional: bytes) -> bytes:
    return apdu + encrypt(nonce, b"", additional + apdu)[:TAG_OCTETS]


def _open_authenticated(encrypt: Encrypt, nonce: bytes, sealed: bytes,
                        additional: bytes) -> bytes | None:
    apdu, tag = sealed[:-TAG_OCTETS], sealed[-TAG_OCTETS:]
    right = encrypt(nonce, b"", additional + apdu)[:TAG_OCTETS]
    return apdu if compare_digest(right, tag) else None


def _seal_encrypted(encrypt: Encrypt, nonce: bytes, apdu: bytes, _additional: bytes) -> bytes:
    return encrypt(nonce, apdu, None)[:-16]


_WAYS: Mapping[tuple[bool, bool], tuple[_Seal, _Open]] = {
    (True, True): (seal, open_sealed),
    (True, False): (_seal_authenticated, _open_authenticated),
    (False, True): (_seal_encrypted, _seal_encrypted),  # a key stream undoes itself
}

_HELD: Mapping[Key, str] = {Key.UNICAST: "global_unicast", Key.BROADCAST: "global_broadcast",
                            Key.DEDICATED: "dedicated"}
