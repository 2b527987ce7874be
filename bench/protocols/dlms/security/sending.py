"""The way out under one protection: by service tag, or in general-glo and general-ded.

A way is a function that is made once and used for each APDU, so that protecting takes little more
time than the cipher does. Forms: IEC 62056-5-3, ciphered APDUs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping

from bench.errors import LocalProtocolError
from bench.protocols.cosem.length import encode_length
from bench.protocols.dlms.security.content import (
    Line,
    invocation_octets,
    line_of,
    sealed_content,
    symmetric_key,
)
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.general import octet_string
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import Envelope, Protection
from bench.protocols.dlms.security.suites import TITLE_OCTETS
from bench.protocols.dlms.security.tags import (
    DEDICATED,
    GENERAL_DED,
    GENERAL_GLO,
    GLOBAL,
    SERVICE_KEYS,
)

Way = Callable[[bytes, int | None], bytes]
"""From an APDU and a counter, or ``None`` for the next one, to the protected APDU."""

_Heads = Mapping[int, bytes] | tuple[bytes, ...]


def way_out(keys: Keys, protection: Protection, sending: MutableMapping[Key, int]) -> Way:
    """Return how APDUs go out under ``protection``; counters are taken from ``sending``."""
    name, title = protection.key, keys.own_title
    if name not in SERVICE_KEYS:
        raise LocalProtocolError(f"the form {protection.envelope} has no {name} key")
    key = symmetric_key(keys, name)
    if key is None:
        raise LocalProtocolError(f"no {name} key is held")
    if len(title) != TITLE_OCTETS:
        raise LocalProtocolError("protection needs an own system title")
    heads: _Heads = DEDICATED if name is Key.DEDICATED else GLOBAL
    if protection.envelope is Envelope.GENERAL:
        tag = GENERAL_DED if name is Key.DEDICATED else GENERAL_GLO
        heads = (bytes((tag,)) + octet_string(title),) * 0x100
    line = line_of(keys, protection, key)
    both = protection.authenticated and protection.encrypted
    return (_both if both else _either)(line, title, heads, sending)


def _either(line: Line, title: bytes, heads: _Heads, sending: MutableMapping[Key, int]) -> Way:
    key = line.protection.key

    def send(apdu: bytes, counter: int | None) -> bytes:
        number = sending[key] if counter is None else counter
        content = sealed_content(line, title, number, apdu)
        octets = _head(heads, apdu, line.protection) + octet_string(content)
        if counter is None:
            sending[key] = number + 1
        return octets

    return send


def _both(line: Line, title: bytes, heads: _Heads, sending: MutableMapping[Key, int]) -> Way:
    """Return what :func:`_either` does, written out for the protection that most APDUs have."""
    key, control, encrypt, additional = (
        line.protection.key, line.control, line.encrypt, line.additional)
    starts = tuple(encode_length(length) + control for length in range(0x80))

    def send(apdu: bytes, counter: int | None) -> bytes:
        number = sending[key] if counter is None else counter
        try:
            invocation = number.to_bytes(4, "big")
            head = heads[apdu[0]]
        except (OverflowError, LookupError):
            invocation, head = invocation_octets(number), _head(heads, apdu, line.protection)
        text = encrypt(title + invocation, apdu, additional)
        length = len(text) + 1  # a header of 5 octets more, 4 octets of tag less
        start = starts[length] if length < 0x80 else encode_length(length) + control
        if counter is None:
            sending[key] = number + 1
        return b"".join((head, start, invocation, text[:-4]))

    return send


def _head(heads: _Heads, apdu: bytes, protection: Protection) -> bytes:
    if not apdu:
        raise LocalProtocolError("an empty APDU cannot be protected")
    try:
        return heads[apdu[0]]
    except LookupError:
        raise LocalProtocolError(
            f"an APDU with tag {apdu[0]:02X} has no {protection.key} form by service tag: only "
            "the general forms protect it") from None
