"""COSEM data for people: each element at its octet, named and told by the type of its attribute.

Dates and logical names in words, enumerations and bits by name, octets that are text as text too.
What does not fit the type is an error at its octet. Of long arrays the first elements are told.
"""

from __future__ import annotations

import struct
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.classes import Type, check, forms, text
from bench.protocols.cosem.classes.checking import tag_text, tags
from bench.protocols.cosem.classes.types import (
    Array,
    Bits,
    Choice,
    Enumerated,
    Simple,
    Structure,
)
from bench.protocols.cosem.data import CompactArray, Data, Tag, decode
from bench.protocols.cosem.length import encode_length
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.naming import HIDDEN, class_text, instance_text
from bench.protocols.dlms.explain.tree import Part

MOST_ELEMENTS = 32
_CONTAINERS = (Tag.ARRAY, Tag.STRUCTURE)
_FORMS = {Tag.DATE_TIME: "date-time", Tag.DATE: "date", Tag.TIME: "time"}
_TEXT_OCTETS = 3  # from so many on, printable octets are likely to be text


def data_at(cursor: Cursor, name: str, kind: Type | None = None, *, secret: bool = False,
            most: int = MOST_ELEMENTS) -> Data:
    """Read one datum of ``kind``; a ``secret`` is told by its type and size only."""
    start = cursor.at
    try:
        value, end = decode(cursor.octets[: cursor.end], start)
    except RemoteProtocolError:
        if secret or start >= cursor.end or cursor.octets[start] not in _CONTAINERS:
            raise
        _broken(cursor, name, most)
        raise
    if secret:
        cursor.add(Part(start, end - start, name, HIDDEN))
    else:
        cursor.add(_part(cursor.octets, start, value, name, kind, most))
    return value


def value_text(  # noqa: PLR0911  one for each way of telling
    data: Data, kind: Type | None = None, name: str = ""
) -> str:
    """Return one simple value in words; what it is by ``kind``, or by the ``name`` of a member."""
    value = data.value
    if isinstance(kind, Enumerated):
        return f"{value} {kind.names.get(value, 'unknown')}"
    if isinstance(kind, Bits):
        return _bits_text(kind, value)
    if data.tag is Tag.OCTET_STRING:
        return _octets_text(value, kind)
    if data.tag in _FORMS:
        return forms.text(_FORMS[data.tag], value)
    if name == "class_id" and isinstance(value, int):
        return class_text(value)
    if data.tag is Tag.BOOLEAN:
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _part(octets: bytes, start: int, data: Data, name: str, kind: Type | None,
          most: int) -> Part:
    kind = _chosen(kind, data)
    if data.tag in _CONTAINERS:
        return _container(octets, start, data, name, kind, most)
    if isinstance(data.value, CompactArray):
        return _compact(octets, start, data, name, kind, most)
    _, end = decode(octets, start)
    misfits = check(kind, data) if kind is not None else ()
    said = f"{value_text(data, kind, name)}  [{tag_text(data.tag)}]"
    return Part(start, end - start, name, said,
                error=f"expected {misfits[0].expected}" if misfits else "")


def _container(octets: bytes, start: int, data: Data, name: str, kind: Type | None,
               most: int) -> Part:
    count = len(data.value)
    at = start + 1 + len(encode_length(count))
    parts = []
    for number, element in enumerate(data.value):
        if number == most and count > most + 1:
            end = at
            for _ in data.value[number:]:
                _, end = decode(octets, end)
            parts.append(Part(at, end - at, f"{count - most} elements more"))
            at = end
            break
        inner, inner_kind = _member(kind, data.tag, number)
        part = _part(octets, at, element, inner, inner_kind, most)
        parts.append(part)
        at += part.length
    return Part(start, at - start, name, f"{tag_text(data.tag)} of {count}", tuple(parts),
                _shape_error(kind, data))


def _shape_error(kind: Type | None, data: Data) -> str:
    """Return what is wrong with the shape of a container; its elements are told by themselves."""
    if kind is None:
        return ""
    wrong = data.tag not in tags(kind)
    if isinstance(kind, Structure):
        wrong = wrong or len(data.value) != len(kind.members)
    if isinstance(kind, Array) and kind.size:
        wrong = wrong or not kind.size[0] <= len(data.value) <= kind.size[1]
    return f"expected {text(kind)}" if wrong else ""


def _compact(octets: bytes, start: int, data: Data, name: str, kind: Type | None,
             most: int) -> Part:
    _, end = decode(octets, start)
    elements = data.value.elements
    element_kind = kind.element if isinstance(kind, Array) else None
    parts = [Part(start, 0, f"[{number}]", one_line(element, element_kind))
             for number, element in enumerate(elements[:most])]
    if len(elements) > most:
        parts.append(Part(start, 0, f"{len(elements) - most} elements more"))
    return Part(start, end - start, name, f"compact array of {len(elements)}", tuple(parts),
                _shape_error(kind, data))


def one_line(data: Data, kind: Type | None = None) -> str:
    """Return a value on one line: containers in braces."""
    kind = _chosen(kind, data)
    if isinstance(data.value, CompactArray):
        return f"compact array of {len(data.value.elements)}"
    if data.tag in _CONTAINERS:
        inner = ", ".join(one_line(element, _member(kind, data.tag, number)[1])
                          for number, element in enumerate(data.value))
        return f"{{{inner}}}"
    return value_text(data, kind)


def _broken(cursor: Cursor, name: str, most: int) -> None:
    """Read a container that is wrong somewhere within, as far as it goes; raises."""
    tag = Tag(cursor.octets[cursor.at])
    with cursor.group(name, tag_text(tag)) as said:
        cursor.at += 1
        count = cursor.length()
        said[0] = f"{tag_text(tag)} of {count}"
        for number in range(count):
            data_at(cursor, f"[{number}]", most=most)


def _chosen(kind: Type | None, data: Data) -> Type | None:
    """Return the alternative of a choice that ``data`` fits, or has the tag of."""
    if not isinstance(kind, Choice):
        return kind
    alike = [one for one in kind.alternatives if data.tag in tags(one)]
    fitting = next((one for one in alike if not check(one, data)), None)
    return fitting or (alike[0] if alike else kind)


def _member(kind: Type | None, tag: Tag, number: int) -> tuple[str, Type | None]:
    if isinstance(kind, Structure) and tag is Tag.STRUCTURE and number < len(kind.members):
        return kind.members[number]
    if isinstance(kind, Array):
        return f"[{number}]", kind.element
    return f"[{number}]", None


def _bits_text(kind: Bits, value: Any) -> str:
    if isinstance(value, int):
        held = [name for place, name in enumerate(kind.names) if value >> place & 1]
        return f"{value:02X} ({_named(held)})"
    held = [name for name, bit in zip(kind.names, value, strict=False) if bit == "1"]
    return f"{value} ({_named(held)})"


def _named(held: list[str]) -> str:
    return ", ".join(name or "reserved bit" for name in held) or "none"


def _octets_text(value: bytes, kind: Type | None) -> str:
    form = kind.form if isinstance(kind, Simple) else ""
    if form == "logical-name" and len(value) == 6:
        return instance_text(value)
    if form:
        return forms.text(form, value)
    said = value.hex().upper() or "empty"
    if len(value) >= _TEXT_OCTETS and all(0x20 <= octet < 0x7F for octet in value):
        return f'{said} "{value.decode("ascii")}"'
    if len(value) == 12 and not forms.wrong("date-time", value) and any(value) \
            and 1970 <= struct.unpack_from(">H", value)[0] < 2100:
        return f"{said} (as a date-time: {forms.text('date-time', value)})"
    return said
