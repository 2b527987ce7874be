"""Types of attributes and method parameters as small data (IEC 62056-6-2, notation of clause 4).

A type is one of six records: a simple value, an enumeration, a structure, an array, a choice, or
anything. The standard's "octet-string (date_time)" is a simple type with a ``form``. How data is
held against a type is in :mod:`.checking`; how it is made to fit is left to who makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bench.protocols.cosem.values import Tag

Bounds = tuple[int, int]  # lowest and highest, both allowed


@dataclass(frozen=True, slots=True)
class Simple:
    """One value of ``tag``.

    ``bounds`` limits a number; ``size`` limits octets, characters or bits. ``form`` names what the
    octets of a string are (:mod:`.forms`): ``date-time``, ``date``, ``time``, ``logical-name``,
    ``system-title``.
    """

    tag: Tag
    bounds: Bounds | None = None
    size: Bounds | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class Enumerated:
    """An enum (or, by ``tag``, an unsigned or a long-unsigned) whose values have names.

    ``makers`` are the values that a maker may give a meaning of its own.
    """

    names: Mapping[int, str] = field(hash=False)
    makers: Bounds | None = None
    tag: Tag = Tag.ENUM


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit-string of ``size`` bits, or an unsigned type by ``tag``, whose bits have names.

    ``names`` go from the first bit sent (bit 0 of a bit-string) on; an empty name is a bit that is
    reserved. Bits of an unsigned type count from the least significant one.
    """

    names: tuple[str, ...]
    tag: Tag = Tag.BIT_STRING


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure of named members in order."""

    members: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class Array:
    """An array of ``element``; ``compact`` where a compact array may stand in its place."""

    element: Type
    size: Bounds | None = None
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of ``alternatives``."""

    alternatives: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever the instance defines: no claim is made of it but, where given, its ``tag``."""

    tag: Tag | None = None


Type = Simple | Enumerated | Bits | Structure | Array | Choice | Anything


def structure(**members: Type) -> Structure:
    """Return a structure of ``members`` in the order given."""
    return Structure(tuple(members.items()))


def array(element: Type, low: int = 0, high: int | None = None) -> Array:
    """Return an array of ``element``, of any length where no bound is given."""
    return Array(element, None if (low, high) == (0, None) else (low, high or 0xFFFF))


def choice(*alternatives: Type) -> Choice:
    """Return the choice of ``alternatives``."""
    return Choice(alternatives)


def enum(makers: Bounds | None = None, tag: Tag = Tag.ENUM, /, **names: int) -> Enumerated:
    """Return an enumeration; ``names`` are identifiers with their values."""
    return Enumerated(MappingProxyType({value: name for name, value in names.items()}), makers, tag)


def octets(low: int | None = None, high: int | None = None) -> Simple:
    """Return an octet-string: of any length, of exactly ``low``, or of ``low`` to ``high``."""
    size = None if low is None else (low, low if high is None else high)
    return Simple(Tag.OCTET_STRING, size=size)


def integer(tag: Tag, low: int, high: int) -> Simple:
    """Return a number of ``tag`` from ``low`` to ``high``."""
    return Simple(tag, bounds=(low, high))


NULL = Simple(Tag.NULL_DATA)
BOOLEAN = Simple(Tag.BOOLEAN)
INTEGER = Simple(Tag.INTEGER)
LONG = Simple(Tag.LONG)
DOUBLE_LONG = Simple(Tag.DOUBLE_LONG)
LONG64 = Simple(Tag.LONG64)
UNSIGNED = Simple(Tag.UNSIGNED)
LONG_UNSIGNED = Simple(Tag.LONG_UNSIGNED)
DOUBLE_LONG_UNSIGNED = Simple(Tag.DOUBLE_LONG_UNSIGNED)
LONG64_UNSIGNED = Simple(Tag.LONG64_UNSIGNED)
FLOAT32 = Simple(Tag.FLOAT32)
FLOAT64 = Simple(Tag.FLOAT64)
BCD = Simple(Tag.BCD)
BIT_STRING = Simple(Tag.BIT_STRING)
OCTETS = Simple(Tag.OCTET_STRING)
VISIBLE_STRING = Simple(Tag.VISIBLE_STRING)
UTF8_STRING = Simple(Tag.UTF8_STRING)

# Octet-strings whose octets have a form (IEC 62056-6-2, 4.1.6.1 and 4.1.5).
DATE_TIME = Simple(Tag.OCTET_STRING, size=(12, 12), form="date-time")
DATE = Simple(Tag.OCTET_STRING, size=(5, 5), form="date")
TIME = Simple(Tag.OCTET_STRING, size=(4, 4), form="time")
LOGICAL_NAME = Simple(Tag.OCTET_STRING, size=(6, 6), form="logical-name")
SYSTEM_TITLE = Simple(Tag.OCTET_STRING, size=(8, 8), form="system-title")
# The parameter of a method that takes nothing: integer (0).
ZERO = Simple(Tag.INTEGER, bounds=(0, 0))

ANYTHING = Anything()
SIMPLE_VALUE = Choice((
    NULL, BOOLEAN, BIT_STRING, DOUBLE_LONG, DOUBLE_LONG_UNSIGNED, OCTETS, VISIBLE_STRING,
    UTF8_STRING, BCD, INTEGER, LONG, UNSIGNED, LONG_UNSIGNED, LONG64, LONG64_UNSIGNED,
    Simple(Tag.ENUM), FLOAT32, FLOAT64, Simple(Tag.DATE_TIME), Simple(Tag.DATE), Simple(Tag.TIME)))
"""The simple data types, of which a choice is made when the instance is defined."""
