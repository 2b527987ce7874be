"""The SET service in logical name referencing (IEC 62056-5-3, Set-Request and Set-Response).

The raw data of blocks, joined, are the encoded value, or the encoded list of values. Results are
data-access-results: 0 is success.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.dlms.apdu.fields import (
    ATTRIBUTE,
    CODE,
    DATA,
    FLAG,
    OCTETS,
    SELECTION,
    U8,
    U32,
    sequence_of,
)
from bench.protocols.dlms.apdu.form import Form, Service
from bench.protocols.dlms.apdu.get import SELECTED_LIST, Selected

VALUES = sequence_of(DATA)
"""The list of values, as the joined blocks of a list hold it too."""


@dataclass(frozen=True, slots=True)
class SetRequestNormal(Service):
    """Sets one attribute or a part of it."""

    invoke: int
    attribute: Attribute
    selection: Selection | None
    value: Data

    form = Form("C1 01", U8, ATTRIBUTE, SELECTION, DATA)


@dataclass(frozen=True, slots=True)
class SetRequestWithFirstDatablock(Service):
    """Starts to set one attribute in blocks; ``number`` is 1."""

    invoke: int
    attribute: Attribute
    selection: Selection | None
    last: bool
    number: int
    raw: bytes

    form = Form("C1 02", U8, ATTRIBUTE, SELECTION, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class SetRequestWithDatablock(Service):
    """Goes on with block ``number``."""

    invoke: int
    last: bool
    number: int
    raw: bytes

    form = Form("C1 03", U8, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class SetRequestWithList(Service):
    """Sets several attributes, to as many values."""

    invoke: int
    attributes: tuple[Selected, ...]
    values: tuple[Data, ...]

    form = Form("C1 04", U8, SELECTED_LIST, VALUES)


@dataclass(frozen=True, slots=True)
class SetRequestWithListAndFirstDatablock(Service):
    """Starts to set several attributes in blocks."""

    invoke: int
    attributes: tuple[Selected, ...]
    last: bool
    number: int
    raw: bytes

    form = Form("C1 05", U8, SELECTED_LIST, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class SetResponseNormal(Service):
    """Answers a request for one attribute."""

    invoke: int
    result: int

    form = Form("C5 01", U8, CODE)


@dataclass(frozen=True, slots=True)
class SetResponseDatablock(Service):
    """Acknowledges block ``number``, which was not the last."""

    invoke: int
    number: int

    form = Form("C5 02", U8, U32)


@dataclass(frozen=True, slots=True)
class SetResponseLastDatablock(Service):
    """Answers the last block."""

    invoke: int
    result: int
    number: int

    form = Form("C5 03", U8, CODE, U32)


@dataclass(frozen=True, slots=True)
class SetResponseLastDatablockWithList(Service):
    """Answers the last block of a list."""

    invoke: int
    results: tuple[int, ...]
    number: int

    form = Form("C5 04", U8, sequence_of(CODE), U32)


@dataclass(frozen=True, slots=True)
class SetResponseWithList(Service):
    """Gives one result for each attribute."""

    invoke: int
    results: tuple[int, ...]

    form = Form("C5 05", U8, sequence_of(CODE))
