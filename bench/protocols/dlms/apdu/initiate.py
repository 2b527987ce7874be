"""The xDLMS initiate service and the conformance block (IEC 62056-5-3, InitiateRequest).

Both travel in the user-information of the ACSE APDUs, plain or ciphered.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu.fields import (
    FLAG,
    I8,
    OCTETS,
    U8,
    U16,
    Field,
    optional,
    with_default,
)
from bench.protocols.dlms.apdu.form import Form, Service

DLMS_VERSION = 6
VAA_NAME_LN, VAA_NAME_SN = 0x0007, 0xFA00
"""What a server names in its response: the fixed one of logical names, the usual of short names."""


class Conformance(enum.IntFlag):
    """The 24 bits of the conformance block; bit 0 of the standard is the highest here."""

    RESERVED_0 = 1 << 23
    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    READ = 1 << 20
    WRITE = 1 << 19
    UNCONFIRMED_WRITE = 1 << 18
    DELTA_VALUE_ENCODING = 1 << 17
    RESERVED_7 = 1 << 16
    ATTRIBUTE0_SUPPORTED_WITH_SET = 1 << 15
    PRIORITY_MGMT_SUPPORTED = 1 << 14
    ATTRIBUTE0_SUPPORTED_WITH_GET = 1 << 13
    BLOCK_TRANSFER_WITH_GET_OR_READ = 1 << 12
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 1 << 11
    BLOCK_TRANSFER_WITH_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    INFORMATION_REPORT = 1 << 8
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    PARAMETERIZED_ACCESS = 1 << 5
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1 << 0


CONFORMANCE_NAMES: Mapping[str, Conformance] = {
    bit.name.lower().replace("_", "-"): bit for bit in Conformance if bit.name}
"""``get``, ``block-transfer-with-get-or-read`` ..., highest bit first."""


def conformance(names: Iterable[str]) -> Conformance:
    """Return the block with the bits named; LocalProtocolError for another name."""
    block = Conformance(0)
    for name in names:
        if name not in CONFORMANCE_NAMES:
            raise LocalProtocolError(f"no conformance bit {name!r}")
        block |= CONFORMANCE_NAMES[name]
    return block


def conformance_names(block: int) -> tuple[str, ...]:
    """Return the names of the bits set, highest first."""
    return tuple(name for name, bit in CONFORMANCE_NAMES.items() if block & bit)


_HEAD = bytes.fromhex("5F1F0400")  # application 31, bit string of 4 octets, no unused bits


def _write_conformance(block: int) -> bytes:
    return _HEAD + block.to_bytes(3, "big")


def _read_conformance(octets: bytes, offset: int) -> tuple[Conformance, int]:
    for number, expected in enumerate(_HEAD):
        found = octets[offset + number]
        if found != expected:
            raise RemoteProtocolError(offset + number, "a conformance block 5F 1F 04 00",
                                      octets[offset : offset + len(_HEAD)].hex(" ").upper())
    end = offset + len(_HEAD) + 3
    if end > len(octets):
        raise IndexError
    return Conformance(int.from_bytes(octets[end - 3 : end], "big")), end


_CONFORMANCE = Field("conformance", _write_conformance, _read_conformance)


@dataclass(frozen=True, slots=True)
class InitiateRequest(Service):
    """What the client proposes; ``max_pdu`` is the longest APDU it takes, 0: any."""

    dedicated_key: bytes | None = field(repr=False)
    response_allowed: bool
    quality_of_service: int | None
    dlms_version: int
    conformance: Conformance
    max_pdu: int

    form = Form("01", optional(OCTETS), with_default(FLAG, default=True), optional(I8), U8,
                _CONFORMANCE, U16)


@dataclass(frozen=True, slots=True)
class InitiateResponse(Service):
    """What the server grants; ``max_pdu`` is the longest APDU it takes."""

    quality_of_service: int | None
    dlms_version: int
    conformance: Conformance
    max_pdu: int
    vaa_name: int

    form = Form("08", optional(I8), U8, _CONFORMANCE, U16, U16)
