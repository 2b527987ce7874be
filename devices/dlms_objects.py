"""The objects that a maker declares for an association: class, version, name, rights.

A file of them, or the list itself in the profile::

    objects:
      - {class: 8, version: 0, obis: 0-0:1.0.0.255, attributes: {1: r, 2: rw}, methods: {1: x}}

Rights are ``r``, ``w``, ``rw``, ``x`` (a method may be invoked) or ``-``, with what protection a
request or a response needs after it: ``rw authenticated-request encrypted-response`` (IEC
62056-6-2, Association LN version 3). An attribute or method that is left out is not declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from bench.errors import LocalProtocolError, ProfileError
from bench.protocols.cosem import obis
from devices.declaration import Declaration, Location, Schema

ATTRIBUTE_RIGHTS = {"-": "no access", "r": "read", "w": "write", "rw": "read, write"}
METHOD_RIGHTS = {"-": "no access", "x": "access"}
PROTECTIONS = tuple(f"{how}-{what}" for what in ("request", "response")
                    for how in ("authenticated", "encrypted", "signed"))


class DeclaredObject(Schema):
    """One object as it is written."""

    class_: int = Field(alias="class", ge=1, le=65_535, description="a class id, 1 to 65,535")
    version: int = Field(ge=0, le=255, description="a class version, 0 to 255")
    obis: str = Field(description="an OBIS code A-B:C.D.E.F")
    attributes: dict[int, str] = Field(
        default_factory=dict, description="a mapping of attribute indices to rights")
    methods: dict[int, str] = Field(
        default_factory=dict, description="a mapping of method indices to rights")

    @field_validator("obis")
    @classmethod
    def _is_code(cls, code: str) -> str:
        try:
            obis.parse(code)
        except LocalProtocolError as wrong:
            raise ValueError(str(wrong)) from None
        return code

    @field_validator("attributes")
    @classmethod
    def _are_attributes(cls, rights: dict[int, str]) -> dict[int, str]:
        return {index: _words(text, ATTRIBUTE_RIGHTS) for index, text in rights.items()}

    @field_validator("methods")
    @classmethod
    def _are_methods(cls, rights: dict[int, str]) -> dict[int, str]:
        return {index: _words(text, METHOD_RIGHTS) for index, text in rights.items()}

    @property
    def text(self) -> str:
        """``class/obis``, the object's name in cases and reports."""
        return f"{self.class_}/{self.obis}"

    def plain(self) -> dict[str, Any]:
        """Return the object as plain values; indices are texts, as JSON has them."""
        return {"object": self.text, "class": self.class_, "version": self.version,
                "obis": self.obis,
                "attributes": {str(index): text for index, text in self.attributes.items()},
                "methods": {str(index): text for index, text in self.methods.items()}}


class _File(Schema):
    objects: list[DeclaredObject] = Field(min_length=1, description="a list of objects")


def read_objects(written: Sequence[DeclaredObject] | str, folder: Path) -> list[DeclaredObject]:
    """Return the objects that stand in a profile, or in the file below ``folder`` that it names.

    Raises :class:`ProfileError` with ``file:line: ...`` of that file.
    """
    if not isinstance(written, str):
        return list(written)
    file = Declaration(folder / written, ProfileError)
    objects = file.validate(_File).objects
    file.fail((("objects", *location), text) for location, text in repeated(objects))
    return objects


def repeated(objects: Sequence[DeclaredObject]) -> Iterator[tuple[Location, str]]:
    """Yield each object that is declared twice."""
    seen: set[str] = set()
    for index, one in enumerate(objects):
        if one.text in seen:
            yield (index,), f"expected each object once, found {one.text} again"
        seen.add(one.text)


def _words(text: str, rights: dict[str, str]) -> str:
    """Return rights in words: ``read, write; authenticated request``."""
    first, *protections = text.split() or [""]
    if first not in rights:
        raise ValueError(f"expected {', '.join(rights)} first, found {text!r}")
    for one in protections:
        if one not in PROTECTIONS:
            raise ValueError(f"expected protections out of {', '.join(PROTECTIONS)}, found {one!r}")
    told = ", ".join(one.replace("-", " ") for one in PROTECTIONS if one in protections)
    return "; ".join(filter(None, (rights[first], told)))
