"""Values that fit a type, as Hypothesis makes them, and values that just do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from bench.protocols.cosem.classes.checking import tags
from bench.protocols.cosem.classes.types import (
    Anything,
    Array,
    Bits,
    Choice,
    Enumerated,
    Simple,
    Structure,
    Type,
)
from bench.protocols.cosem.data import Data, Tag

_INTEGERS = {
    Tag.INTEGER: (-(1 << 7), (1 << 7) - 1), Tag.LONG: (-(1 << 15), (1 << 15) - 1),
    Tag.DOUBLE_LONG: (-(1 << 31), (1 << 31) - 1), Tag.LONG64: (-(1 << 63), (1 << 63) - 1),
    Tag.UNSIGNED: (0, 0xFF), Tag.LONG_UNSIGNED: (0, 0xFFFF), Tag.BCD: (0, 0x99),
    Tag.DOUBLE_LONG_UNSIGNED: (0, (1 << 32) - 1), Tag.LONG64_UNSIGNED: (0, (1 << 64) - 1),
    Tag.ENUM: (0, 0xFF),
}
_FIXED = {Tag.DATE_TIME: 12, Tag.DATE: 5, Tag.TIME: 4}
_MOST = 20  # elements or octets where the type sets no bound
_DATES = st.tuples(st.integers(1990, 2099), st.integers(1, 12), st.integers(1, 31),
                   st.sampled_from((*range(1, 8), 0xFF)))
_TIMES = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59),
                   st.sampled_from((*range(100), 0xFF)))


def values(kind: Type) -> st.SearchStrategy[Data]:  # noqa: PLR0911  one for each kind
    """Values of ``kind``."""
    match kind:
        case Simple():
            return _plain(kind).map(lambda value: Data(kind.tag, value))
        case Enumerated():
            return st.sampled_from(sorted(kind.names) or [0]).map(
                lambda value: Data(kind.tag, value))
        case Bits():
            if kind.tag is Tag.BIT_STRING:
                return st.text("01", min_size=len(kind.names), max_size=len(kind.names)).map(
                    lambda bits: Data(Tag.BIT_STRING, bits))
            return st.integers(0, 0xFF).map(lambda value: Data(kind.tag, value))
        case Structure():
            return st.tuples(*(values(member) for _, member in kind.members)).map(
                lambda members: Data(Tag.STRUCTURE, members))
        case Array():
            low, high = kind.size or (0, 3)
            return st.lists(values(kind.element), min_size=low, max_size=min(high, low + 3)).map(
                lambda elements: Data(Tag.ARRAY, tuple(elements)))
        case Choice():
            return st.one_of(*map(values, kind.alternatives))
        case Anything():
            if kind.tag is Tag.STRUCTURE:
                return st.just(Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 1),)))
            return st.just(Data(Tag.NULL_DATA, None))


def mutants(kind: Type, data: Data) -> Iterator[Data]:
    """Ways to make ``data``, which fits ``kind``, not fit it: one at each place that claims."""
    others = sorted(set(_SAMPLES) - tags(kind))
    if others:
        yield _SAMPLES[others[0]]
        yield _SAMPLES[others[-1]]
    match kind:
        case Simple() if kind.bounds:
            low, high = kind.bounds
            yield Data(kind.tag, low - 1)
            yield Data(kind.tag, high + 1)
        case Simple() if kind.size:
            yield Data(kind.tag, data.value + data.value[:1] * (kind.size[1] + 1) or b"\0")
            yield from _misshapen(kind, data)
        case Enumerated():
            unknown = set(range(256)) - set(kind.names)
            unknown -= set(range(*(kind.makers or (0, -1)))) | {(kind.makers or (0, -1))[1]}
            yield from (Data(kind.tag, value) for value in sorted(unknown)[:2])
        case Bits() if kind.tag is Tag.BIT_STRING:
            yield Data(kind.tag, data.value + "1")
        case Structure():
            yield Data(Tag.STRUCTURE, (*data.value, Data(Tag.NULL_DATA, None)))
            if data.value:
                yield Data(Tag.STRUCTURE, data.value[:-1])
            for number, ((_, member), value) in enumerate(
                    zip(kind.members, data.value, strict=True)):
                for wrong in mutants(member, value):
                    yield Data(Tag.STRUCTURE, (*data.value[:number], wrong,
                                               *data.value[number + 1 :]))
        case Array():
            for number, value in enumerate(data.value[:1]):
                for wrong in mutants(kind.element, value):
                    yield Data(Tag.ARRAY, (*data.value[:number], wrong,
                                           *data.value[number + 1 :]))


def _misshapen(kind: Simple, data: Data) -> Iterator[Data]:
    place = {"date": 2, "time": 0, "date-time": 2}.get(kind.form)
    if place is not None:
        octets = bytearray(data.value)
        octets[place] = 0x63
        yield Data(kind.tag, bytes(octets))


def _plain(kind: Simple) -> st.SearchStrategy[Any]:
    tag = kind.tag
    if kind.form == "date":
        return _DATES.map(_date)
    if kind.form == "time":
        return _TIMES.map(bytes)
    if kind.form == "date-time":
        return st.tuples(_DATES, _TIMES).map(
            lambda parts: _date(parts[0]) + bytes(parts[1]) + b"\x80\0\xff")
    if tag in _INTEGERS:
        low, high = kind.bounds or _INTEGERS[tag]
        return st.integers(low, high)
    low, high = kind.size or (0, _MOST)
    return {
        Tag.NULL_DATA: st.none(), Tag.BOOLEAN: st.booleans(),
        Tag.OCTET_STRING: st.binary(min_size=low, max_size=high),
        Tag.VISIBLE_STRING: st.text(st.characters(codec="ascii"), min_size=low, max_size=high),
        Tag.UTF8_STRING: st.text(st.characters(codec="utf-8"), min_size=low, max_size=high),
        Tag.BIT_STRING: st.text("01", min_size=low, max_size=high),
        Tag.FLOAT32: st.floats(width=32), Tag.FLOAT64: st.floats(),
        **{fixed: st.binary(min_size=size, max_size=size) for fixed, size in _FIXED.items()},
    }[tag]


def _date(parts: tuple[int, int, int, int]) -> bytes:
    return parts[0].to_bytes(2, "big") + bytes(parts[1:])


_SAMPLES = {
    Tag.NULL_DATA: Data(Tag.NULL_DATA, None), Tag.BOOLEAN: Data(Tag.BOOLEAN, True),
    Tag.OCTET_STRING: Data(Tag.OCTET_STRING, b"abc"), Tag.LONG64: Data(Tag.LONG64, 0),
    Tag.ENUM: Data(Tag.ENUM, 0), Tag.ARRAY: Data(Tag.ARRAY, ()),
    Tag.STRUCTURE: Data(Tag.STRUCTURE, ()), Tag.FLOAT64: Data(Tag.FLOAT64, 0.0),
}
