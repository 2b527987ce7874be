"""The fields of general-ciphering and general-signing APDUs (IEC 62056-5-3), without any key.

general-ciphering::

    DD transaction-id originator recipient date-time other-information
    00 | 01 key-info          00 key-id | 01 kek-id wrapped-key | 02 parameters ciphered-data
    content                   security control(1) invocation counter(4) text tag(12)

general-signing is ``DF``, the same first five fields, content and signature. All fields but the
choices are octet strings with their length in front.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.dlms.security.protection import Flaw, Header, SecurityError

_FIELDS = ("transaction id", "system title of the originator", "system title of the recipient",
           "date-time", "other information")


class Source(enum.IntEnum):
    """How the receiver comes to the key: the choice of key-info."""

    IDENTIFIED = 0
    WRAPPED = 1
    AGREED = 2


class KeyInfo(NamedTuple):
    """Key-info: ``identity`` is the key id or that of the wrapping key, or the scheme agreed by."""

    source: Source
    identity: int
    data: bytes = b""  # the wrapped key, or the ephemeral public key and its signature


GLOBAL_UNICAST, GLOBAL_BROADCAST = 0, 1  # identities of identified keys
MASTER = 0  # identity of the wrapping key
ONE_PASS, STATIC_UNIFIED = 1, 2  # identities of schemes: C(1e, 1s) and C(0e, 2s)


def octet_string(octets: bytes) -> bytes:
    """Return ``octets`` with their length in front."""
    return encode_length(len(octets)) + octets


def header_octets(header: Header) -> bytes:
    """Return the five fields; a part of what is authenticated or signed."""
    return b"".join(map(octet_string, header))


def key_info_octets(info: KeyInfo | None) -> bytes:
    """Return key-info with its presence flag."""
    if info is None:
        return b"\0"
    identity = bytes((info.identity,))
    head = bytes((1, info.source))
    if info.source is Source.IDENTIFIED:
        return head + identity
    if info.source is Source.WRAPPED:
        return head + identity + octet_string(info.data)
    return head + octet_string(identity) + octet_string(info.data)


def read_string(octets: bytes, offset: int, what: str) -> tuple[bytes, int]:
    """Return the octet string at ``offset`` and the offset behind it; SecurityError if cut."""
    try:
        length, start = decode_length(octets, offset)
    except IndexError:
        raise SecurityError(Flaw.FORM, len(octets), what, "the end") from None
    except RemoteProtocolError as wrong:
        raise SecurityError(Flaw.FORM, wrong.offset, wrong.expected, wrong.found) from None
    end = start + length
    if end > len(octets):
        raise SecurityError(Flaw.FORM, offset, f"{what} of at most {len(octets) - start} octets",
                            f"length {length}")
    return octets[start:end], end


def read_header(octets: bytes) -> tuple[Header, int]:
    """Return the five fields behind the tag and the offset behind them."""
    fields, offset = [], 1
    for what in _FIELDS:
        field, offset = read_string(octets, offset, what)
        fields.append(field)
    return Header(*fields), offset


def read_key_info(octets: bytes, offset: int) -> tuple[KeyInfo | None, int]:
    """Return key-info, or ``None`` where it is absent, and the offset behind it."""
    present, offset = _octet(octets, offset, range(2), "00 or 01: key-info absent or present")
    if not present:
        return None, offset
    chosen, offset = _octet(octets, offset, range(3), "the choice of key-info 00, 01 or 02")
    source = Source(chosen)
    if source is Source.AGREED:
        at = offset
        parameters, offset = read_string(octets, offset, "key parameters")
        if len(parameters) != 1:
            raise SecurityError(Flaw.KEY, at, "key parameters of 1 octet", parameters.hex())
        data, offset = read_string(octets, offset, "key-ciphered data")
        return KeyInfo(source, parameters[0], data), offset
    identity, offset = _octet(octets, offset, range(256), "a key id")
    if source is Source.IDENTIFIED:
        return KeyInfo(source, identity), offset
    data, offset = read_string(octets, offset, "the wrapped key")
    return KeyInfo(source, identity, data), offset


def read_last(octets: bytes, offset: int, what: str) -> tuple[bytes, int]:
    """Return the octet string that ends ``octets`` and the offset of its first octet."""
    content, end = read_string(octets, offset, what)
    if end != len(octets):
        raise SecurityError(Flaw.FORM, end, "the end", f"{len(octets) - end} octets")
    return content, end - len(content)


def _octet(octets: bytes, offset: int, allowed: range, expected: str) -> tuple[int, int]:
    if offset >= len(octets):
        raise SecurityError(Flaw.FORM, offset, expected, "the end")
    value = octets[offset]
    if value not in allowed:
        raise SecurityError(Flaw.FORM, offset, expected, f"{value:02X}")
    return value, offset + 1
