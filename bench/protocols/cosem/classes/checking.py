"""Holding data against a type: what does not fit, where, what was expected and what was found.

``check`` never raises for what a device sent. Of a choice, the alternative with the tag that was
found is the one that is reported; a structure too long or too short is reported once, then its
members as far as both go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bench.protocols.cosem.classes import forms
from bench.protocols.cosem.classes.types import (
    Anything,
    Array,
    Bits,
    Bounds,
    Choice,
    Enumerated,
    Simple,
    Structure,
    Type,
)
from bench.protocols.cosem.values import CompactArray, Data, Tag


class Misfit(NamedTuple):
    """One place where data does not fit its type.

    ``path`` is empty for the value itself, else such as ``[2].logical_name``.
    """

    path: str
    expected: str
    found: str

    @property
    def text(self) -> str:
        """Return the misfit in one line."""
        return f"{self.path or 'value'}: expected {self.expected}, found {self.found}"


def check(kind: Type, data: Data) -> tuple[Misfit, ...]:
    """Return what of ``data`` does not fit ``kind``; empty where all does."""
    return tuple(_check(kind, data, ""))


def text(kind: Type) -> str:
    """Return ``kind`` in the standard's words, such as ``array of structure of 4``."""
    return _TEXTS[type(kind)](kind)


def tag_text(tag: Tag) -> str:
    """Return the standard's name of a type, such as ``long-unsigned``."""
    return tag.name.lower().replace("_", "-")


def _check(kind: Any, data: Data, path: str) -> Iterator[Misfit]:
    yield from _CHECKS[type(kind)](kind, data, path)


def _misfit(kind: Type, data: Data, path: str) -> Misfit:
    return Misfit(path, text(kind), _found(data))


def _check_simple(kind: Simple, data: Data, path: str) -> Iterator[Misfit]:
    value = data.value
    if data.tag != kind.tag:
        yield _misfit(kind, data, path)
    elif kind.bounds and not kind.bounds[0] <= value <= kind.bounds[1]:
        yield Misfit(path, text(kind), str(value))
    elif kind.size and not kind.size[0] <= len(value) <= kind.size[1]:
        yield _misfit(kind, data, path)
    elif kind.form:
        wrong = forms.wrong(kind.form, value)
        if wrong:
            yield Misfit(path, kind.form, wrong)


def _check_enumerated(kind: Enumerated, data: Data, path: str) -> Iterator[Misfit]:
    if data.tag != kind.tag:
        yield _misfit(kind, data, path)
        return
    makers = kind.makers and kind.makers[0] <= data.value <= kind.makers[1]
    if data.value not in kind.names and not makers:
        yield Misfit(path, text(kind), str(data.value))


def _check_bits(kind: Bits, data: Data, path: str) -> Iterator[Misfit]:
    wrong_size = data.tag is Tag.BIT_STRING and len(data.value) != len(kind.names)
    if data.tag != kind.tag or wrong_size:
        yield _misfit(kind, data, path)


def _check_structure(kind: Structure, data: Data, path: str) -> Iterator[Misfit]:
    if data.tag is not Tag.STRUCTURE:
        yield _misfit(kind, data, path)
        return
    if len(data.value) != len(kind.members):
        yield _misfit(kind, data, path)
    for (name, member), value in zip(kind.members, data.value, strict=False):
        yield from _check(member, value, f"{path}.{name}" if path else name)


def _check_array(kind: Array, data: Data, path: str) -> Iterator[Misfit]:
    if data.tag is Tag.COMPACT_ARRAY and kind.compact:
        elements: tuple[Data, ...] = data.value.elements
    elif data.tag is Tag.ARRAY:
        elements = data.value
    else:
        yield _misfit(kind, data, path)
        return
    if kind.size and not kind.size[0] <= len(elements) <= kind.size[1]:
        yield Misfit(path, text(kind), f"{len(elements)} elements")
    for number, element in enumerate(elements):
        yield from _check(kind.element, element, f"{path}[{number}]")


def _check_choice(kind: Choice, data: Data, path: str) -> Iterator[Misfit]:
    tried = []
    for alternative in kind.alternatives:
        misfits = tuple(_check(alternative, data, path))
        if not misfits:
            return
        tried.append((alternative, misfits))
    alike = [misfits for alternative, misfits in tried if data.tag in tags(alternative)]
    if alike:
        yield from min(alike, key=len)
    else:
        yield _misfit(kind, data, path)


def _check_anything(kind: Anything, data: Data, path: str) -> Iterator[Misfit]:
    if kind.tag not in (None, data.tag):
        yield _misfit(kind, data, path)


def tags(kind: Type) -> frozenset[Tag]:
    """Return the tags that a value of ``kind`` may begin with."""
    match kind:
        case Simple() | Enumerated() | Bits():
            return frozenset((kind.tag,))
        case Structure():
            return frozenset((Tag.STRUCTURE,))
        case Array():
            return frozenset((Tag.ARRAY, Tag.COMPACT_ARRAY) if kind.compact else (Tag.ARRAY,))
        case Choice():
            return frozenset().union(*map(tags, kind.alternatives))
        case Anything():
            return frozenset(Tag if kind.tag is None else (kind.tag,))


def _found(data: Data) -> str:
    name, value = tag_text(data.tag), data.value
    if isinstance(value, CompactArray):
        return f"{name} of {len(value.elements)}"
    if isinstance(value, tuple):
        return f"{name} of {len(value)}"
    if isinstance(value, bytes):
        return f"{name} of {len(value)} octets"
    if isinstance(value, str):
        return f"{name} of {len(value)} {'bits' if data.tag is Tag.BIT_STRING else 'characters'}"
    return name if value is None else f"{name} {value}"


def _span(bounds: Bounds) -> str:
    low, high = bounds
    return str(low) if low == high else f"{low}..{high}"


def _simple_text(kind: Simple) -> str:
    name = tag_text(kind.tag)
    if kind.form:
        return f"{name} of {_span(kind.size)} octets: a {kind.form}" if kind.size else kind.form
    if kind.bounds:
        return f"{name} {_span(kind.bounds)}"
    return f"{name}[{_span(kind.size)}]" if kind.size else name


def _enumerated_text(kind: Enumerated) -> str:
    named = ", ".join(f"{value} {name}" for value, name in list(kind.names.items())[:8])
    more = ", ..." if len(kind.names) > 8 else ""
    return f"{tag_text(kind.tag)} of ({named}{more})"


_CHECKS: Mapping[type, Callable[[Any, Data, str], Iterator[Misfit]]] = {
    Simple: _check_simple, Enumerated: _check_enumerated, Bits: _check_bits,
    Structure: _check_structure, Array: _check_array, Choice: _check_choice,
    Anything: _check_anything,
}
_TEXTS: Mapping[type, Callable[[Any], str]] = {
    Simple: _simple_text,
    Enumerated: _enumerated_text,
    Bits: lambda kind: (f"bit-string[{len(kind.names)}]" if kind.tag is Tag.BIT_STRING
                        else tag_text(kind.tag)),
    Structure: lambda kind: f"structure of {len(kind.members)}",
    Array: lambda kind: ("array" + (f"[{_span(kind.size)}]" if kind.size else "")
                         + f" of {text(kind.element)}"),
    Choice: lambda kind: " or ".join(dict.fromkeys(map(text, kind.alternatives))),
    Anything: lambda kind: "anything" if kind.tag is None else tag_text(kind.tag),
}
