"""The shapes of COSEM values, written short, as the object table has them.

::

    u8 u16 u32 u64 i8 i16 i32 i64          integers
    enum bool                              enumeration, boolean
    os(n) os(a..b) vs(..) utf8(..)         octet, visible and UTF-8 strings of that many octets
    bits(n) bits(a..b)                     bit strings of that many bits
    {T,T,...}                              structure
    [a..b]T                                array of a to b elements
    u16 0..1799                            a number with its lawful range
    null                                   nothing
    any                                    any value; plain values are Data already
    log, protected                         what only its own code can check

Plain values (JSON) stand for octet strings in hexadecimal; the others as themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag

NUMBERS = {
    "u8": Tag.UNSIGNED, "u16": Tag.LONG_UNSIGNED, "u32": Tag.DOUBLE_LONG_UNSIGNED,
    "i8": Tag.INTEGER, "i16": Tag.LONG, "i32": Tag.DOUBLE_LONG, "enum": Tag.ENUM,
    "u64": Tag.LONG64_UNSIGNED, "i64": Tag.LONG64,
}
STRINGS = {"os": Tag.OCTET_STRING, "vs": Tag.VISIBLE_STRING, "utf8": Tag.UTF8_STRING,
           "bits": Tag.BIT_STRING}
_SIMPLE = {**NUMBERS, **STRINGS, "bool": Tag.BOOLEAN}

_TOKEN = re.compile(r"(?P<name>[a-z][a-z0-9]*)(?:\((?P<size>[0-9.]+)\))?|(?P<mark>[{},])"
                    r"|\[(?P<count>[0-9.]+)\]")


@dataclass(frozen=True, slots=True)
class Type:
    """One shape; ``least`` and ``most`` bound a number, a length or a count."""

    name: str
    least: int = 0
    most: int = 0
    parts: tuple[Type, ...] = ()

    def matches(self, data: Data) -> bool:
        """Return whether ``data`` has this shape; ranges of numbers are :meth:`in_range`."""
        return _MATCHES[_kind(self.name)](self, data)

    def in_range(self, data: Data) -> bool:
        """Return whether a number lies within its range; anything else does."""
        return self.name not in NUMBERS or self.least == self.most == 0 \
            or self.least <= data.value <= self.most

    def build(self, plain: Any) -> Data:
        """Return the value of this shape that ``plain`` stands for."""
        if self.name == "structure":
            parts = zip(self.parts, plain, strict=True)
            return Data(Tag.STRUCTURE, tuple(part.build(value) for part, value in parts))
        if self.name == "array":
            return Data(Tag.ARRAY, tuple(self.parts[0].build(value) for value in plain))
        if self.name == "any":
            return plain if isinstance(plain, Data) else Data(Tag.NULL_DATA, None)
        if self.name == "os" and isinstance(plain, str):
            return Data(Tag.OCTET_STRING, bytes.fromhex(plain))
        return Data(_SIMPLE.get(self.name, Tag.NULL_DATA), plain)

    def smallest(self) -> Data:
        """Return the least lawful value: zeros, the shortest strings and arrays."""
        if self.name == "structure":
            return Data(Tag.STRUCTURE, tuple(part.smallest() for part in self.parts))
        if self.name == "array":
            return Data(Tag.ARRAY, (self.parts[0].smallest(),) * self.least)
        values = {"bool": False, "os": bytes(max(0, self.least)), "bits": "0" * self.least,
                  "vs": " " * self.least, "utf8": " " * self.least}
        if self.name in NUMBERS:
            return self.build(max(0, self.least))
        return self.build(values.get(self.name))


def parse(text: str) -> Type:
    """Return the type that ``text`` describes; LocalProtocolError where it describes none."""
    shape, _, limits = text.partition(" ")
    tokens = list(_TOKEN.finditer(shape))
    if "".join(token[0] for token in tokens) != shape or not tokens:
        raise LocalProtocolError(f"not a type: {text!r}")
    found, end = _parse(tokens, 0)
    if end != len(tokens):
        raise LocalProtocolError(f"not a type: {text!r}")
    if limits:
        least, most = _bounds(limits)
        return Type(found.name, least, most)
    return found


def _parse(tokens: list[re.Match[str]], at: int) -> tuple[Type, int]:
    if at >= len(tokens):
        raise LocalProtocolError("a type stops half-way")
    token = tokens[at]
    if token["count"]:
        element, end = _parse(tokens, at + 1)
        return Type("array", *_bounds(token["count"]), (element,)), end
    if token["mark"] == "{":
        parts = []
        while token["mark"] != "}":
            part, at = _parse(tokens, at + 1)
            parts.append(part)
            if at >= len(tokens) or tokens[at]["mark"] not in (",", "}"):
                raise LocalProtocolError("a structure stops half-way")
            token = tokens[at]
        return Type("structure", parts=tuple(parts)), at + 1
    if token["size"]:
        return Type(token["name"], *_bounds(token["size"])), at + 1
    return Type(token["name"]), at + 1


def _bounds(text: str) -> tuple[int, int]:
    least, _, most = text.partition("..")
    return int(least), int(most or least)


def _kind(name: str) -> str:
    if name in NUMBERS:
        return "number"
    return "string" if name in STRINGS else name


def _is_number(kind: Type, data: Data) -> bool:
    return data.tag == NUMBERS[kind.name]


def _is_string(kind: Type, data: Data) -> bool:
    if data.tag != STRINGS[kind.name]:
        return False
    length = len(data.value.encode() if kind.name == "utf8" else data.value)
    return kind.least <= length <= kind.most


def _is_structure(kind: Type, data: Data) -> bool:
    return (data.tag == Tag.STRUCTURE and len(data.value) == len(kind.parts)
            and all(part.matches(value)
                    for part, value in zip(kind.parts, data.value, strict=True)))


def _is_array(kind: Type, data: Data) -> bool:
    return (data.tag == Tag.ARRAY and kind.least <= len(data.value) <= kind.most
            and all(kind.parts[0].matches(value) for value in data.value))


_MATCHES: dict[str, Callable[[Type, Data], bool]] = {
    "number": _is_number,
    "bool": lambda _, data: data.tag == Tag.BOOLEAN,
    "string": _is_string,
    "structure": _is_structure,
    "array": _is_array,
    "null": lambda _, data: data.tag == Tag.NULL_DATA,
    "any": lambda _, __: True,
    "log": lambda _, __: False,
    "protected": lambda _, data: data.tag == Tag.STRUCTURE,
}
