"""Kinds of ASN.1 type in GBCS payloads, as declarations that read, write and describe themselves.

A declaration turns an element into a plain value and back: octets are upper-case hexadecimal
text, named numbers their name (a number without a name stays a number), bits a list of their
names, times ISO 8601 text, NULL ``None``, a sequence a dict of what is present, a default value
included. Certificates and certification requests stay whole, as hexadecimal text; their inside
is not looked at, for a device must be able to answer that a certificate is bad. Reading follows
the declaration, so octets cannot nest deeper than it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.asn1 import der
from bench.protocols.gbcs.asn1.der import Element

LARGEST_SEQ_NUMBER = (1 << 63) - 1


class Type(Protocol):
    """What a declaration can do; ``at`` is an element whose tag was checked."""

    @property
    def name(self) -> str:
        """Its name in GBCS, or its ASN.1 kind."""

    @property
    def tags(self) -> tuple[int, ...]:
        """The tag octets that it can begin with."""

    def read(self, octets: bytes, at: Element) -> Any:
        """Return the plain value, or raise RemoteProtocolError."""

    def contents(self, value: Any, *, wide: bool) -> bytes:
        """Return the contents octets of a plain value, or raise LocalProtocolError."""

    def describe(self) -> dict[str, Any]:
        """Return the type as plain values, for people."""


def read(kind: Type, octets: bytes, offset: int, end: int) -> tuple[Any, int]:
    """Return the plain value of the element at ``offset`` and the offset behind it."""
    at = der.element(octets, offset, end)
    if at.tag not in kind.tags:
        raise _wrong_tag(kind.name, kind.tags, at)
    return kind.read(octets, at), at.end


def write(kind: Type, value: Any, *, wide: bool = False) -> bytes:
    """Return the element of a plain value; ``wide`` as in ``der.write``."""
    contents = kind.contents(value, wide=wide)
    return contents if isinstance(kind, Choice) else der.write(kind.tags[0], contents, wide=wide)


@dataclass(frozen=True)
class Number:
    """INTEGER or ENUMERATED, some or all numbers named; ``limits`` are inclusive."""

    name: str
    names: Mapping[int, str] = field(default_factory=dict)
    limits: tuple[int, int] | None = None
    enumerated: bool = False

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.ENUMERATED if self.enumerated else der.INTEGER,)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The numbers by name."""
        return {name: number for number, name in self.names.items()}

    def read(self, octets: bytes, at: Element) -> int | str:
        number = der.read_integer(octets, at)
        if self.limits and not self.limits[0] <= number <= self.limits[1]:
            raise RemoteProtocolError(
                at.start, f"{self.name} of {self.limits[0]} to {self.limits[1]}", f"{number}")
        return self.names.get(number, number)

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        number = self.numbers.get(value) if isinstance(value, str) else value
        if not isinstance(number, int) or isinstance(number, bool):
            known = ", ".join(self.numbers)
            raise LocalProtocolError(
                f"{self.name}: a number{' or one of ' + known if known else ''} is wanted, "
                f"not {value!r}")
        if self.limits and not self.limits[0] <= number <= self.limits[1]:
            raise LocalProtocolError(f"{self.name} goes from {self.limits[0]} to "
                                     f"{self.limits[1]}, not to {number}")
        return der.integer_contents(number)

    def describe(self) -> dict[str, Any]:
        kind = "ENUMERATED" if self.enumerated else "INTEGER"
        described: dict[str, Any] = {"type": kind, "name": self.name}
        if self.names:
            described["names"] = {name: number for number, name in self.names.items()}
        if self.limits:
            described["limits"] = list(self.limits)
        return described


@dataclass(frozen=True)
class Bits:
    """A BIT STRING with named bits."""

    name: str
    names: Mapping[int, str]

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.BIT_STRING,)

    def read(self, octets: bytes, at: Element) -> list[int | str]:
        return [self.names.get(bit, bit) for bit in der.read_bits(octets, at)]

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        numbers = {name: number for number, name in self.names.items()}
        bits = [numbers.get(bit) if isinstance(bit, str) else bit for bit in _list(self, value)]
        wanted = [bit for bit in bits if isinstance(bit, int) and 0 <= bit < der.MOST_BITS]
        if len(wanted) != len(bits):
            raise LocalProtocolError(f"{self.name}: bits of {', '.join(numbers)} are wanted, "
                                     f"not {value!r}")
        return der.bit_contents(wanted)

    def describe(self) -> dict[str, Any]:
        return {"type": "BIT STRING", "name": self.name,
                "names": {name: number for number, name in self.names.items()}}


@dataclass(frozen=True)
class Octets:
    """An OCTET STRING. ``usual``: how many octets it has in every known message, not a rule."""

    name: str
    usual: int | None = None

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.OCTET_STRING,)

    def read(self, octets: bytes, at: Element) -> str:
        return octets[at.start : at.end].hex().upper()

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        return _octets(self.name, value)

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = {"type": "OCTET STRING", "name": self.name}
        return described | ({} if self.usual is None else {"octets": self.usual})


@dataclass(frozen=True)
class Time:
    """A GeneralizedTime, as DER has it: UTC, whole seconds."""

    name: str = "GeneralizedTime"

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.GENERALIZED_TIME,)

    def read(self, octets: bytes, at: Element) -> str:
        return der.read_time(octets, at)

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        return der.time_contents(value)

    def describe(self) -> dict[str, Any]:
        return {"type": "GeneralizedTime", "name": self.name}


@dataclass(frozen=True)
class Null:
    """NULL; its plain value is ``None``."""

    name: str = "NULL"

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.NULL,)

    def read(self, octets: bytes, at: Element) -> None:
        if at.start != at.end:
            raise RemoteProtocolError(at.start, "no octets of a NULL",
                                      octets[at.start : at.start + 4].hex().upper())

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        if value is not None:
            raise LocalProtocolError(f"{self.name}: None is wanted, not {value!r}")
        return b""

    def describe(self) -> dict[str, Any]:
        return {"type": "NULL", "name": self.name}


@dataclass(frozen=True)
class Whole:
    """A SEQUENCE kept whole, tag and length included: a certificate or a request for one."""

    name: str

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.SEQUENCE,)

    def read(self, octets: bytes, at: Element) -> str:
        return octets[at.offset : at.end].hex().upper()

    def contents(self, value: Any, *, wide: bool) -> bytes:  # noqa: ARG002
        octets = _octets(self.name, value)
        try:
            at = der.element(octets, 0, len(octets))
        except RemoteProtocolError as wrong:
            raise LocalProtocolError(f"{self.name}: {wrong}") from wrong
        if at.tag != der.SEQUENCE or at.end != len(octets):
            raise LocalProtocolError(f"{self.name}: one whole SEQUENCE is wanted")
        return octets[at.start :]

    def describe(self) -> dict[str, Any]:
        return {"type": "SEQUENCE", "name": self.name, "kept": "whole, as octets"}


@dataclass(frozen=True)
class Member:
    """A member of a sequence; ``context`` is its implicit context tag.

    ``default``: the plain value that an absent member has, which DER never writes.
    """

    name: str
    kind: Type
    optional: bool = False
    context: int | None = None
    default: Any = None

    @cached_property
    def tags(self) -> tuple[int, ...]:
        if self.context is None:
            return self.kind.tags
        return (der.CONTEXT | self.kind.tags[0] & der.CONSTRUCTED | self.context,)

    def write(self, value: Any, *, wide: bool) -> bytes:
        """Return the element of a plain value, under the member's own tag."""
        if self.context is None:
            return write(self.kind, value, wide=wide)
        return der.write(self.tags[0], self.kind.contents(value, wide=wide), wide=wide)


@dataclass(frozen=True)
class Sequence:
    """A SEQUENCE; its plain value is a dict in the order of the members."""

    name: str
    members: tuple[Member, ...]

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.SEQUENCE,)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the members."""
        return frozenset(member.name for member in self.members)

    def read(self, octets: bytes, at: Element) -> dict[str, Any]:
        value: dict[str, Any] = {}
        offset, end = at.start, at.end
        found = None  # the element at the offset, once it was looked at
        for member in self.members:
            if found is None and offset < end:
                found = der.element(octets, offset, end)
            if found is not None and found.tag in member.tags:
                value[member.name] = member.kind.read(octets, found)
                offset, found = found.end, None
            elif member.default is not None:
                value[member.name] = member.default
            elif not member.optional:
                if found is None:
                    raise RemoteProtocolError(end, f"{self.name}.{member.name}", "the end")
                raise _wrong_tag(f"{self.name}.{member.name}", member.tags, found)
        if offset != end:
            raise RemoteProtocolError(offset, f"the end of {self.name}",
                                      f"{end - offset} octets more")
        return value

    def contents(self, value: Any, *, wide: bool) -> bytes:
        if not isinstance(value, Mapping):
            raise LocalProtocolError(f"{self.name}: a dict is wanted, not {value!r}")
        if unknown := value.keys() - self.names:
            raise LocalProtocolError(
                f"{self.name} has no {', '.join(sorted(map(str, unknown)))}; it has "
                f"{', '.join(member.name for member in self.members)}")
        parts = []
        for member in self.members:
            if member.name in value:
                written = member.write(value[member.name], wide=wide)
                if member.default is None or written != member.write(member.default, wide=wide):
                    parts.append(written)
            elif not member.optional and member.default is None:
                raise LocalProtocolError(f"{self.name}: {member.name} is missing")
        return b"".join(parts)

    def describe(self) -> dict[str, Any]:
        return {"type": "SEQUENCE", "name": self.name, "members": [
            {"member": member.name} | member.kind.describe()
            | ({"optional": True} if member.optional else {})
            | ({} if member.default is None else {"default": member.default})
            for member in self.members]}


@dataclass(frozen=True)
class SequenceOf:
    """A SEQUENCE OF; its plain value is a list."""

    name: str
    kind: Type

    @property
    def tags(self) -> tuple[int, ...]:
        return (der.SEQUENCE,)

    def read(self, octets: bytes, at: Element) -> list[Any]:
        values = []
        offset = at.start
        while offset < at.end:
            value, offset = read(self.kind, octets, offset, at.end)
            values.append(value)
        return values

    def contents(self, value: Any, *, wide: bool) -> bytes:
        return b"".join(write(self.kind, one, wide=wide) for one in _list(self, value))

    def describe(self) -> dict[str, Any]:
        return {"type": "SEQUENCE OF", "name": self.name, "of": self.kind.describe()}


@dataclass(frozen=True)
class Choice:
    """A CHOICE of types with different tags; its plain value is a dict of one name and value."""

    name: str
    alternatives: tuple[Member, ...]

    @cached_property
    def tags(self) -> tuple[int, ...]:
        return tuple(tag for member in self.alternatives for tag in member.tags)

    def read(self, octets: bytes, at: Element) -> dict[str, Any]:
        chosen = next(member for member in self.alternatives if at.tag in member.tags)
        return {chosen.name: chosen.kind.read(octets, at)}

    def contents(self, value: Any, *, wide: bool) -> bytes:
        """Return the whole element: which one it is shows in its tag only."""
        for member in self.alternatives:
            if isinstance(value, Mapping) and list(value) == [member.name]:
                return member.write(value[member.name], wide=wide)
        names = " or ".join(member.name for member in self.alternatives)
        raise LocalProtocolError(f"{self.name}: a dict of {names} is wanted, not {value!r}")

    def describe(self) -> dict[str, Any]:
        return {"type": "CHOICE", "name": self.name, "members": [
            {"member": member.name} | member.kind.describe() for member in self.alternatives]}


def _wrong_tag(name: str, tags: tuple[int, ...], found: Element) -> RemoteProtocolError:
    wanted = " or ".join(f"{tag:02X}" for tag in tags)
    return RemoteProtocolError(found.offset, f"{name}, tag {wanted}", f"tag {found.tag:02X}")


def _octets(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise LocalProtocolError(f"{name}: hexadecimal text is wanted, not {value!r}")


def _list(kind: Type, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise LocalProtocolError(f"{kind.name}: a list is wanted, not {value!r}")
    return list(value)
