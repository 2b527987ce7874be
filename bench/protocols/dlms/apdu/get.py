"""The GET service in logical name referencing (IEC 62056-5-3, Get-Request and Get-Response).

``invoke`` is invoke-id-and-priority as an octet: 0F the id, 40 confirmed, 80 high priority. The raw
data of blocks, joined, are one encoded datum, or the encoded list of results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bench.protocols.cosem.data import Data
from bench.protocols.cosem.data import decode as decode_data
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.dlms.apdu.fields import (
    ATTRIBUTE,
    FLAG,
    RAW_RESULT,
    RESULT,
    SELECTION,
    U8,
    U32,
    Refused,
    parts,
    sequence_of,
)
from bench.protocols.dlms.apdu.form import Form, Service


class Selected(NamedTuple):
    """One element of a list of attributes."""

    attribute: Attribute
    selection: Selection | None = None


SELECTED_LIST = sequence_of(parts(Selected, ATTRIBUTE, SELECTION))
RESULTS = sequence_of(RESULT)
"""The list of results, as the joined blocks of a list hold it too."""


@dataclass(frozen=True, slots=True)
class GetRequestNormal(Service):
    """Asks for one attribute or a part of it."""

    invoke: int
    attribute: Attribute
    selection: Selection | None = None

    form = Form("C0 01", U8, ATTRIBUTE, SELECTION)


def request_for(invoke: int, attribute: Attribute) -> bytes:
    """Return the request for a whole attribute, the most frequent one."""
    return _START[invoke] + _REST[attribute]


class _Start(dict[int, bytes]):
    """The start of such a request, with its invoke id; each is made once."""

    def __missing__(self, invoke: int) -> bytes:
        octets = self[invoke] = GetRequestNormal(invoke, Attribute(0, bytes(6), 0)).encode()[:3]
        return octets


class _Rest(dict[Attribute, bytes]):
    """The rest of such a request; each is made once."""

    def __missing__(self, attribute: Attribute) -> bytes:
        octets = GetRequestNormal(0, attribute).encode()[3:]
        if len(self) == 4096:  # a meter has a few hundred attributes
            self.clear()
        self[attribute] = octets
        return octets


_START, _REST = _Start(), _Rest()


@dataclass(frozen=True, slots=True)
class GetRequestNext(Service):
    """Asks for the block behind block ``number``, which it thereby acknowledges."""

    invoke: int
    number: int

    form = Form("C0 02", U8, U32)


@dataclass(frozen=True, slots=True)
class GetRequestWithList(Service):
    """Asks for several attributes."""

    invoke: int
    attributes: tuple[Selected, ...]

    form = Form("C0 03", U8, SELECTED_LIST)


@dataclass(frozen=True, slots=True)
class GetResponseNormal(Service):
    """Gives the value, or why there is none."""

    invoke: int
    result: Data | Refused

    form = Form("C4 01", U8, RESULT)


def value_for(invoke: int, octets: bytes) -> Data | None:
    """Return the value that answers the request ``invoke``, nearly always all that there is.

    None for any other octets: then a record says what they are. RemoteProtocolError for a value
    that cannot be read.
    """
    if octets[:4] != _VALUE[invoke]:
        return None
    data, end = decode_data(octets, 4)
    return data if end == len(octets) else None


_VALUE = tuple(b"\xc4\x01%c\0" % invoke for invoke in range(256))


@dataclass(frozen=True, slots=True)
class GetResponseWithDatablock(Service):
    """Gives block ``number``, counted from 1, or why there is none."""

    invoke: int
    last: bool
    number: int
    result: bytes | Refused

    form = Form("C4 02", U8, FLAG, U32, RAW_RESULT)


@dataclass(frozen=True, slots=True)
class GetResponseWithList(Service):
    """Gives one result for each attribute asked for."""

    invoke: int
    results: tuple[Data | Refused, ...]

    form = Form("C4 03", U8, RESULTS)
