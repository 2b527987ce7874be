"""What an interface class is: its attributes and methods by number (IEC 62056-6-2).

Classes are tables in this package, one module for each family. ``interface_class`` numbers the
attributes from 1 (the logical name, which every class has) and the methods from 1, so a table
lists them in the standard's order. Short-name offsets are those of the standard: attribute n lies
8(n-1) behind the base name; methods follow each other by 8 from ``first_method_offset`` on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bench.protocols.cosem.classes.types import LOGICAL_NAME, ZERO, Type

_NO_SELECTORS: Mapping[int, Type] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AttributeDeclaration:
    """One attribute.

    ``static`` is one that the device does not change by itself in operation (else the standard's
    "dyn."). ``selectors`` are the access selectors with the types of their parameters.
    ``provisional``: no second source has confirmed the declaration.
    """

    index: int
    name: str
    type: Type
    static: bool = True
    mandatory: bool = True
    selectors: Mapping[int, Type] = field(default_factory=dict, hash=False)
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class MethodDeclaration:
    """One method, with the type of its parameter and, where it returns something, of that."""

    index: int
    name: str
    parameter: Type
    mandatory: bool = False
    returns: Type | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class InterfaceClass:
    """An interface class in one version."""

    class_id: int
    version: int
    name: str
    attributes: tuple[AttributeDeclaration, ...]
    methods: tuple[MethodDeclaration, ...] = ()
    first_method_offset: int | None = None

    def attribute(self, index: int) -> AttributeDeclaration | None:
        """Return the attribute of that number; None where the class has none."""
        return self.attributes[index - 1] if 1 <= index <= len(self.attributes) else None

    def method(self, index: int) -> MethodDeclaration | None:
        """Return the method of that number; None where the class has none."""
        return self.methods[index - 1] if 1 <= index <= len(self.methods) else None

    @staticmethod
    def attribute_offset(index: int) -> int:
        """Return how far the short name of an attribute lies behind the base name."""
        return 8 * (index - 1)

    def method_offset(self, index: int) -> int | None:
        """Return the same for a method; None where no short name is defined for it."""
        known = self.method(index) is not None and self.first_method_offset is not None
        return (self.first_method_offset or 0) + 8 * (index - 1) if known else None


def static(name: str, kind: Type, *, optional: bool = False, provisional: bool = False,
           selectors: Mapping[int, Type] = _NO_SELECTORS) -> AttributeDeclaration:
    """Return an attribute that only a client changes; its number is given by its place."""
    return AttributeDeclaration(0, name, kind, True, not optional, selectors, provisional)


def dynamic(name: str, kind: Type, *, optional: bool = False, provisional: bool = False,
            selectors: Mapping[int, Type] = _NO_SELECTORS) -> AttributeDeclaration:
    """Return an attribute that the device changes by itself."""
    return AttributeDeclaration(0, name, kind, False, not optional, selectors, provisional)


def method(name: str, parameter: Type = ZERO, *, mandatory: bool = False,
           returns: Type | None = None, provisional: bool = False) -> MethodDeclaration:
    """Return a method; without ``parameter`` it takes the integer 0."""
    return MethodDeclaration(0, name, parameter, mandatory, returns, provisional)


def interface_class(class_id: int, version: int, name: str,
                    attributes: Sequence[AttributeDeclaration],
                    methods: Sequence[MethodDeclaration] = (), *,
                    first_method_offset: int | None = None) -> InterfaceClass:
    """Return a class whose second attribute is the first of ``attributes``."""
    numbered = (replace(attribute, index=number)
                for number, attribute in enumerate((static("logical_name", LOGICAL_NAME),
                                                    *attributes), start=1))
    return InterfaceClass(
        class_id, version, name, tuple(numbered),
        tuple(replace(item, index=number) for number, item in enumerate(methods, start=1)),
        first_method_offset)
