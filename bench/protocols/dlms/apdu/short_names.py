"""Read and write in short name referencing (IEC 62056-5-3, variable-access-specification).

An address is 0 to 65,535, a base name and an offset added. Blocks are numbered from 1, in two
octets; the raw data of a read in blocks, joined, are the encoded list of results.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import NamedTuple

from bench.protocols.cosem.data import Data
from bench.protocols.dlms.apdu.fields import (
    DATA,
    FLAG,
    OCTETS,
    REFUSED,
    U8,
    U16,
    Field,
    Refused,
    choice,
    optional,
    parts,
    sequence_of,
)
from bench.protocols.dlms.apdu.form import Form, Service


class Variable(NamedTuple):
    """An attribute, or a method where it is written or read with parameters."""

    address: int


class ParameterizedAccess(NamedTuple):
    """A part of an attribute, or a method with a parameter and a result."""

    address: int
    selector: int
    parameters: Data


class BlockNumberAccess(NamedTuple):
    """Asks for the block behind block ``number`` of what is being read."""

    number: int


class ReadDataBlockAccess(NamedTuple):
    """A block of a read request too large for one APDU."""

    last: bool
    number: int
    raw: bytes


class WriteDataBlockAccess(NamedTuple):
    """A block of a write request too large for one APDU; its octets are the datum."""

    last: bool
    number: int


Specification = (
    Variable | ParameterizedAccess | BlockNumberAccess | ReadDataBlockAccess | WriteDataBlockAccess)


class DataBlockResult(NamedTuple):
    """A block of what was read."""

    last: bool
    number: int
    raw: bytes


class BlockNumber(NamedTuple):
    """Acknowledges block ``number`` of a request."""

    number: int


ReadResult = Data | Refused | DataBlockResult | BlockNumber
WriteResult = None | Refused | BlockNumber

_SPECIFICATIONS = sequence_of(choice("an access specification", {
    2: (Variable, parts(Variable, U16)),
    4: (ParameterizedAccess, parts(ParameterizedAccess, U16, U8, DATA)),
    5: (BlockNumberAccess, parts(BlockNumberAccess, U16)),
    6: (ReadDataBlockAccess, parts(ReadDataBlockAccess, FLAG, U16, OCTETS)),
    7: (WriteDataBlockAccess, parts(WriteDataBlockAccess, FLAG, U16)),
}))
READ_RESULTS = sequence_of(choice("the result of a read", {
    0: (Data, DATA), 1: (Refused, REFUSED),
    2: (DataBlockResult, parts(DataBlockResult, FLAG, U16, OCTETS)),
    3: (BlockNumber, parts(BlockNumber, U16)),
}))
_NOTHING = Field("nothing", lambda _: b"", lambda _, offset: (None, offset))
_WRITE_RESULTS = sequence_of(choice("the result of a write", {
    0: (NoneType, _NOTHING), 1: (Refused, REFUSED), 2: (BlockNumber, parts(BlockNumber, U16)),
}))


@dataclass(frozen=True, slots=True)
class ReadRequest(Service):
    """Reads what is specified."""

    specifications: tuple[Specification, ...]

    form = Form("05", _SPECIFICATIONS)


@dataclass(frozen=True, slots=True)
class ReadResponse(Service):
    """Gives one result for each specification."""

    results: tuple[ReadResult, ...]

    form = Form("0C", READ_RESULTS)


@dataclass(frozen=True, slots=True)
class WriteRequest(Service):
    """Writes ``data``, one for each specification."""

    specifications: tuple[Specification, ...]
    data: tuple[Data, ...]

    form = Form("06", _SPECIFICATIONS, sequence_of(DATA))


@dataclass(frozen=True, slots=True)
class WriteResponse(Service):
    """Gives one result for each specification: ``None`` is success."""

    results: tuple[WriteResult, ...]

    form = Form("0D", _WRITE_RESULTS)


@dataclass(frozen=True, slots=True)
class UnconfirmedWriteRequest(Service):
    """Writes, with no answer asked for."""

    specifications: tuple[Specification, ...]
    data: tuple[Data, ...]

    form = Form("16", _SPECIFICATIONS, sequence_of(DATA))


@dataclass(frozen=True, slots=True)
class InformationReportRequest(Service):
    """What a server sends on its own; ``time`` is a GeneralizedTime's octets, or ``None``."""

    time: bytes | None
    specifications: tuple[Specification, ...]
    data: tuple[Data, ...]

    form = Form("18", optional(OCTETS), _SPECIFICATIONS, sequence_of(DATA))
