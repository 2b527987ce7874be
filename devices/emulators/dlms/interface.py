"""What every interface class has: attributes with types, methods with parameters (IEC 62056-6-2).

A class declares both as tables; a value that lives is a method ``read_NAME``, a write that does
more than store a method ``write_NAME``, an action a method ``do_NAME``. Who may do it is not known
here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from bench.errors import BenchError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from devices.emulators.cosem.types import Type
from devices.emulators.cosem.types import parse as _parse

NEVER = math.inf
NULL = Data(Tag.NULL_DATA, None)

# Data-Access-Result and Action-Result (IEC 62056-5-3), as far as objects give them.
TEMPORARY_FAILURE = 2
READ_WRITE_DENIED = 3
OBJECT_UNDEFINED = 4
CLASS_INCONSISTENT = 9
OBJECT_UNAVAILABLE = 11
TYPE_UNMATCHED = 12
SCOPE_VIOLATED = 13
OTHER_REASON = 250


class Refused(BenchError):  # noqa: N818  the word of the standard
    """An object does not do what is asked; ``result`` is the standard's number for it."""

    def __init__(self, result: int) -> None:
        super().__init__(f"result {result}")
        self.result = result


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute, or one method with the type of its parameter."""

    name: str
    type: Type


class Interface:
    """One object. ``ATTRIBUTES`` begin with index 2, ``METHODS`` with 1, as name and type."""

    CLASS_ID: int
    VERSION: int = 0
    ATTRIBUTES: tuple[tuple[str, str], ...] = ()
    METHODS: tuple[tuple[str, str], ...] = ()
    SELECTORS: Mapping[int, tuple[int, ...]] = MappingProxyType({})  # of attributes
    attributes: dict[int, Field]
    methods: dict[int, Field]
    base_name = 0  # the short name of the first attribute, where objects have one

    def __init_subclass__(cls) -> None:
        cls.attributes = dict(enumerate(_fields(cls.ATTRIBUTES), 2))
        cls.methods = dict(enumerate(_fields(cls.METHODS), 1))

    def __init__(self, code: str, **values: Any) -> None:
        """``values`` are plain values by the attribute's name; the rest are the least lawful."""
        self.instance = obis.parse(code)
        self._index = {field.name: index for index, field in self.attributes.items()}
        self._values: dict[int, Data] = {}
        for name, plain in values.items():
            self._values[self._index[name]] = self.attributes[self._index[name]].type.build(plain)

    @property
    def key(self) -> tuple[int, bytes]:
        """Return class id and logical name."""
        return self.CLASS_ID, self.instance

    @property
    def text(self) -> str:
        """Return ``class/obis``, the name of the object everywhere else."""
        return f"{self.CLASS_ID}/{obis.text(self.instance)}"

    def indices(self) -> Iterator[int]:
        """Return the indices of all attributes, the logical name first."""
        yield 1
        yield from self.attributes

    def get(self, index: int) -> Data:
        """Return the value of an attribute that there is."""
        if index == 1:
            return Data(Tag.OCTET_STRING, self.instance)
        field = self.attributes[index]
        live = getattr(self, f"read_{field.name}", None)
        if live is not None:
            return live()  # type: ignore[no-any-return]
        return self._values.get(index) or field.type.smallest()

    def select(self, index: int, selection: Selection) -> Data:  # noqa: ARG002  few have any
        """Return a part of an attribute; Refused where the class has no such selector."""
        raise Refused(SCOPE_VIOLATED)

    def set(self, index: int, value: Data) -> None:
        """Store ``value``; Refused if it is of another type or out of range."""
        if index == 1:
            raise Refused(READ_WRITE_DENIED)
        field = self.attributes[index]
        _check(field.type, value)
        if field.type.name == "any" and value.tag != self.get(index).tag:
            raise Refused(TYPE_UNMATCHED)
        effect = getattr(self, f"write_{field.name}", None)
        if effect is not None:
            effect(value)
        else:
            self._values[index] = value

    def invoke(self, index: int, parameter: Data) -> Data | None:
        """Carry out a method that there is and return what it gives back, if anything."""
        field = self.methods[index]
        _check(field.type, parameter)
        return getattr(self, f"do_{field.name}")(parameter)  # type: ignore[no-any-return]

    def due(self) -> float:
        """Return the time of the device's clock at which :meth:`run` is to be called."""
        return NEVER

    def run(self, now: float) -> None:
        """Do what is due at ``now``."""

    # -- for the classes themselves ------------------------------------------------------------

    def stored(self, name: str) -> Data:
        """Return the stored value of an attribute."""
        index = self._index[name]
        return self._values.get(index) or self.attributes[index].type.smallest()

    def store(self, name: str, value: Data) -> None:
        """Store the value of an attribute, whatever it is."""
        self._values[self._index[name]] = value

    def put(self, name: str, plain: Any) -> None:
        """Store a plain value of the attribute's type."""
        self.store(name, self.attributes[self._index[name]].type.build(plain))

    def number(self, name: str) -> int:
        """Return the stored number."""
        return int(self.stored(name).value)


@lru_cache(maxsize=512)
def parse(text: str) -> Type:
    """Return the type that ``text`` describes."""
    return _parse(text)


def _fields(rows: tuple[tuple[str, str], ...]) -> Iterator[Field]:
    return (Field(name, parse(text)) for name, text in rows)


def _check(kind: Type, value: Data) -> None:
    if not kind.matches(value):
        raise Refused(TYPE_UNMATCHED)
    if not kind.in_range(value):
        raise Refused(OTHER_REASON)
