"""Fields of xDLMS APDUs in A-XDR (IEC 61334-6, as IEC 62056-5-3 uses it): one codec for each type.

A codec writes a value as octets and reads it at an offset, giving the value and the offset behind
it. Reading past the end raises IndexError or struct.error, which the caller turns into one error;
everything else wrong is a RemoteProtocolError at its octet. A true flag is written 01 and read from
01 or FF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import Struct
from struct import error as struct_error
from typing import Any, NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem import data as cosem_data
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.cosem.reference import Attribute, Method, Selection

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]


class Field(NamedTuple):
    """How one field is written and read; ``kind`` names its type for messages and mutations."""

    kind: str
    write: Write
    read: Read


def _number(layout: str) -> Field:
    form = Struct(layout)
    unpack, size = form.unpack_from, form.size

    def read(octets: bytes, offset: int) -> tuple[int, int]:
        return unpack(octets, offset)[0], offset + size

    return Field("number", form.pack, read)


def _read_octet(octets: bytes, offset: int) -> tuple[int, int]:
    return octets[offset], offset + 1


_OCTETS = tuple(bytes((value,)) for value in range(256))


def _write_octet(value: int) -> bytes:
    if not 0 <= value <= 0xFF:
        raise ValueError(f"{value} does not fit an octet")
    return _OCTETS[value]


U8 = Field("number", _write_octet, _read_octet)
I8 = _number(">b")
U16 = _number(">H")
U32 = _number(">I")
CODE = Field("code", _write_octet, _read_octet)
"""A number with a name: a result, an error."""


def _read_flag(octets: bytes, offset: int) -> tuple[bool, int]:
    found = octets[offset]
    if found not in _FLAGS:
        raise RemoteProtocolError(offset, "a flag 00, 01 or FF", f"{found:02X}")
    return _FLAGS[found], offset + 1


_FLAGS = {0: False, 1: True, 0xFF: True}
FLAG = Field("flag", lambda value: b"\x01" if value else b"\0", _read_flag)


def _write_string(value: bytes) -> bytes:
    return encode_length(len(value)) + value


def _read_string(octets: bytes, offset: int) -> tuple[bytes, int]:
    length, start = decode_length(octets, offset)
    end = start + length
    if end > len(octets):
        raise RemoteProtocolError(offset, f"a length of at most {len(octets) - start}, "
                                  "what follows", f"{length}")
    return octets[start:end], end


OCTETS = Field("octets", _write_string, _read_string)


def _read_time(octets: bytes, offset: int) -> tuple[bytes, int]:
    value, end = _read_string(octets, offset)
    if len(value) not in (0, 12):
        raise RemoteProtocolError(offset, "a date-time of 0 or 12 octets", f"{len(value)}")
    return value, end


TIME = Field("octets", _write_string, _read_time)
DATA = Field("data", cosem_data.encode, cosem_data.decode)

_DESCRIPTOR = Struct(">H6sB")


@lru_cache(maxsize=4096)  # a meter has a few hundred attributes, each read over and over
def _write_descriptor(reference: Attribute | Method) -> bytes:
    if len(reference.instance) != 6:
        raise ValueError(f"a logical name has 6 octets, not {len(reference.instance)}")
    return _DESCRIPTOR.pack(*reference)


def _read_attribute(octets: bytes, offset: int) -> tuple[Attribute, int]:
    return Attribute._make(_DESCRIPTOR.unpack_from(octets, offset)), offset + 9


def _read_method(octets: bytes, offset: int) -> tuple[Method, int]:
    return Method._make(_DESCRIPTOR.unpack_from(octets, offset)), offset + 9


ATTRIBUTE = Field("reference", _write_descriptor, _read_attribute)
METHOD = Field("reference", _write_descriptor, _read_method)


def optional(field: Field) -> Field:
    """Return a field that is ``None`` or ``field``: a presence flag, then the value."""
    def write(value: Any) -> bytes:
        return b"\0" if value is None else b"\x01" + field.write(value)

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        present = octets[offset]
        if not present:
            return None, offset + 1
        if present not in _FLAGS:
            raise RemoteProtocolError(offset, f"00 or 01: {field.kind} absent or present",
                                      f"{present:02X}")
        return field.read(octets, offset + 1)

    return Field(f"optional {field.kind}", write, read)


def with_default(field: Field, default: Any) -> Field:
    """Return a field that is left out where it has its default."""
    kind, write, read = optional(field)

    def read_or_default(octets: bytes, offset: int) -> tuple[Any, int]:
        value, end = read(octets, offset)
        return default if value is None else value, end

    return Field(kind, lambda value: write(None if value == default else value), read_or_default)


def sequence_of(field: Field) -> Field:
    """Return a field that is a tuple: a count, then the elements."""
    def write(values: tuple[Any, ...]) -> bytes:
        return b"".join((encode_length(len(values)), *map(field.write, values)))

    def read(octets: bytes, offset: int) -> tuple[tuple[Any, ...], int]:
        count, start = decode_length(octets, offset)
        if count > len(octets) - start:
            raise RemoteProtocolError(offset, f"at most {len(octets) - start} elements, as many "
                                      "as octets follow", f"{count}")
        values = []
        for _ in range(count):
            value, start = field.read(octets, start)
            values.append(value)
        return tuple(values), start

    return Field(f"sequence of {field.kind}", write, read)


def parts(record: type, *members: Field) -> Field:
    """Return a field that is a named tuple ``record``: its members one after the other."""
    readers = tuple(member.read for member in members)
    writers = tuple(member.write for member in members)
    make: Callable[[list[Any]], Any] = record._make  # type: ignore[attr-defined]

    def write(value: tuple[Any, ...]) -> bytes:
        return b"".join([write(member) for write, member in zip(writers, value, strict=True)])

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        values = []
        for reader in readers:
            value, offset = reader(octets, offset)
            values.append(value)
        return make(values), offset

    return Field(record.__name__, write, read)


def choice(what: str, alternatives: Mapping[int, tuple[type, Field]]) -> Field:
    """Return a field that is one of the types named, each behind its number.

    Types are told apart by ``type(value)``, so each may stand once.
    """
    writers = {kind: (_OCTETS[number], field.write)
               for number, (kind, field) in alternatives.items()}
    readers = {number: field.read for number, (_, field) in alternatives.items()}
    numbers = ", ".join(f"{number:02X}" for number in alternatives)

    def write(value: Any) -> bytes:
        head, write_it = writers[type(value)]
        return head + write_it(value)

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        reader = readers.get(octets[offset])
        if reader is None:
            raise RemoteProtocolError(offset, f"{what}: one of {numbers}",
                                      f"{octets[offset]:02X}")
        return reader(octets, offset + 1)

    return Field("choice", write, read)


class Refused(NamedTuple):
    """A data-access-result in the place of data; its names are in ``cosem.access``."""

    code: int


SELECTION = optional(parts(Selection, U8, DATA))
REFUSED = parts(Refused, CODE)
RESULT = choice("data or a data-access-result", {0: (Data, DATA), 1: (Refused, REFUSED)})
"""Get-Data-Result: :class:`Data` or :class:`Refused`."""
RAW_RESULT = choice("raw data or a data-access-result", {0: (bytes, OCTETS), 1: (Refused, REFUSED)})


def whole(field: Field, octets: bytes) -> Any:
    """Return the value that ``octets`` are, all of them, or raise RemoteProtocolError."""
    try:
        value, end = field.read(octets, 0)
    except (IndexError, struct_error):
        raise RemoteProtocolError(len(octets), "more octets", "the end") from None
    if end != len(octets):
        raise RemoteProtocolError(end, f"the end of {field.kind}",
                                  f"{len(octets) - end} octets more")
    return value
