"""Data from plain values, by the shape that the mapping rows give: what a DLMS command carries.

A value that does not fit its row (type, range, length, number of elements, constant) is refused.
Each shape has one builder, made on first use, which keeps what depends on the rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from operator import call
from typing import Any

from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.templates import RANGES, Builder, Shape, misfit

_NULL = Data(Tag.NULL_DATA, None)
_ARRAY, _STRUCTURE = Tag.ARRAY, Tag.STRUCTURE  # in Python 3.11 a call each time
_new = tuple.__new__  # half the cost of calling Data
_COUNTED = {Tag.OCTET_STRING: "octets", Tag.VISIBLE_STRING: "characters",
            Tag.UTF8_STRING: "characters", Tag.BIT_STRING: "bits"}
_FIRST_DAY = bytes.fromhex("07DF0101FF000000008000FF")  # 2015-01-01, UTC
_SPECIAL_TIMES = {"now": date_time.NOW, "never": date_time.NEVER}


def build(shape: Shape | None, value: Any = None) -> Data:
    """Return the data of ``shape`` from a plain ``value``; ``None`` takes what is lawful.

    Plain values: lists for arrays, lists or mappings by name for structures, numbers, truth
    values, text; octets as ``bytes`` or hex text, a time also as ``datetime``, ISO 8601 (UTC
    unless it says otherwise), ``now`` or ``never``. A ``Data`` is used as it is.
    LocalProtocolError for a value that does not fit.
    """
    if isinstance(value, Data):
        return value
    return _NULL if shape is None else _builder(shape)(value)


def _builder(shape: Shape) -> Builder:
    """Return what builds the data of ``shape`` from a value; what depends on it is found once."""
    if shape.builder is None:
        if shape.bounds is not None:
            shape.builder = _array(shape, *shape.bounds)
        elif shape.tag is None:
            shape.builder = _structure(shape)
        else:
            shape.builder = _LEAVES.get(shape.tag, _leaf)(shape, shape.tag)
    return shape.builder


def _array(shape: Shape, low: int, high: int) -> Builder:
    element = _builder(shape.element)

    def build_array(value: Any) -> Data:
        if type(value) is not list:  # which most callers give
            if isinstance(value, Data):
                return value
            value = value if value is not None else [None] * low
            if not isinstance(value, Sequence) or isinstance(value, str | bytes):
                raise misfit(shape, f"a list of {low}..{high} elements", repr(value))
        if not low <= len(value) <= high:
            raise misfit(shape, f"a list of {low}..{high} elements", f"{len(value)} elements")
        return _new(Data, (_ARRAY, tuple(map(element, value))))

    return build_array


def _structure(shape: Shape) -> Builder:
    of_length = {len(members): tuple(map(_builder, members))
                 for members in (shape.fields(), list(shape.members.values()))}

    def build_structure(value: Any) -> Data:
        members = of_length.get(len(value)) if type(value) is list else None
        if members is None:  # no list, or a wrong one
            if isinstance(value, Data):
                return value
            value = _items(shape, value)
            members = of_length[len(value)]
        return _new(Data, (_STRUCTURE, tuple(map(call, members, value))))

    return build_structure


def _items(shape: Shape, value: Any) -> Sequence[Any]:
    """Return the values of a structure's members: the usual ones, or those of a twin as well."""
    usual = shape.fields()
    if value is None:
        return [None] * len(usual)
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - set(shape.members))
        if unknown:
            raise misfit(shape, f"the members {', '.join(shape.members)}",
                         ", ".join(map(str, unknown)))
        twin = any(shape.members[name].twin for name in value)
        return [value.get(name) for name, member in shape.members.items()
                if twin or not member.twin]
    if isinstance(value, list | tuple) and len(value) in (len(usual), len(shape.members)):
        return value
    raise misfit(shape, f"a list of {len(usual)} "
                 f"({', '.join(member.name for member in usual)})", repr(value))


def _leaf(shape: Shape, tag: Tag) -> Builder:
    default = Data(tag, _default(shape))

    def build_leaf(value: Any) -> Data:
        if value is None:
            return default
        return value if isinstance(value, Data) else Data(tag, _value(shape, tag, value))

    return build_leaf


def _number(shape: Shape, tag: Tag) -> Builder:
    """As ``_leaf``, which has the complaints; most values are right at the first look."""
    (low, high), only, leaf = RANGES[tag], shape.only, _leaf(shape, tag)

    def build_number(value: Any) -> Data:
        if type(value) is int and low <= value <= high and (not only or value in only):
            return _new(Data, (tag, value))
        return leaf(value)

    return build_number


def _bit_string(shape: Shape, tag: Tag) -> Builder:
    """As ``_number``, for bits."""
    size, only, leaf = shape.size, shape.only, _leaf(shape, tag)
    least = 0 if shape.shorter else size

    def build_bits(value: Any) -> Data:
        if (type(value) is str and least <= len(value) <= size and not value.strip("01")
                and (not only or value in only)):
            return _new(Data, (tag, value))
        return leaf(value)

    return build_bits


def _octet_string(shape: Shape, tag: Tag) -> Builder:
    """As ``_number``, for octets and hex text."""
    size, only, leaf = shape.size, shape.only, _leaf(shape, tag)
    least = 0 if shape.shorter else size

    def build_octets(value: Any) -> Data:
        if type(value) is str:
            try:
                value = bytes.fromhex(value)
            except ValueError:  # a time
                return leaf(value)
        if (type(value) is bytes and least <= len(value) <= size
                and (not only or value in only)):
            return _new(Data, (tag, value))
        return leaf(value)

    return build_octets


def _default(shape: Shape) -> Any:
    if shape.default is not None:
        return shape.default
    if shape.tag == Tag.OCTET_STRING:
        if shape.size == 12:
            return date_time.NOW if "activat" in shape.name else _FIRST_DAY
        return (b"\xff" if shape.size == 5 else b"\0") * shape.size
    if shape.tag == Tag.BIT_STRING:
        return "0" * shape.size
    if shape.tag in (Tag.VISIBLE_STRING, Tag.UTF8_STRING):
        return ""
    return False if shape.tag == Tag.BOOLEAN else 0


def _value(shape: Shape, tag: Tag, value: Any) -> Any:
    if tag == Tag.OCTET_STRING:
        found = _as_octets(shape, value)
    elif tag in RANGES:
        found = value
        low, high = RANGES[tag]
        if type(value) is not int or not low <= value <= high:
            raise misfit(shape, f"an integer {low}..{high}", repr(value))
    elif tag == Tag.BOOLEAN:
        found = value
        if not isinstance(value, bool):
            raise misfit(shape, "true or false", repr(value))
    else:
        found = value
        if not isinstance(value, str) or (tag == Tag.BIT_STRING and set(value) - {"0", "1"}):
            raise misfit(shape, "text of 0 and 1" if tag == Tag.BIT_STRING else "text",
                         repr(value))
    _check_length(shape, found)
    if shape.only and found not in shape.only:
        raise misfit(shape, f"only {' or '.join(map(_plain, shape.only))}", _plain(found))
    return found


def _check_length(shape: Shape, found: Any) -> None:
    if shape.tag not in _COUNTED:
        return
    size, length = shape.size, len(found)
    if length != size and not (shape.shorter and length < size):
        wanted = f"at most {size}" if shape.shorter else str(size)
        raise misfit(shape, f"{wanted} {_COUNTED[shape.tag]}", f"{length}")


def _plain(value: Any) -> str:
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def _as_octets(shape: Shape, value: Any) -> bytes:
    if isinstance(value, str):
        if value in _SPECIAL_TIMES:
            return _SPECIAL_TIMES[value]
        try:
            return bytes.fromhex(value)
        except ValueError:
            with suppress(ValueError):
                return _iso_time(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        return date_time.encode(value)
    raise misfit(shape, "octets, hex text or a datetime", repr(value))


def _iso_time(text: str) -> bytes:
    instant = datetime.fromisoformat(text)
    return date_time.encode(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


_LEAVES: Mapping[Tag, Callable[[Shape, Tag], Builder]] = {
    **dict.fromkeys(RANGES, _number), Tag.OCTET_STRING: _octet_string,
    Tag.BIT_STRING: _bit_string}
