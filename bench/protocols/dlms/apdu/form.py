"""What the records of xDLMS APDUs have in common: the octets they start with, then their fields.

Each record declares its form; writing and reading follow from it.
"""

from __future__ import annotations

from struct import error as struct_error
from typing import Any, ClassVar, Protocol

from bench.errors import LocalProtocolError
from bench.protocols.dlms.apdu.fields import Field

UNFIT = (struct_error, TypeError, ValueError, KeyError, OverflowError, AttributeError)
"""What a writer raises for a value that its type cannot hold."""


class Apdu(Protocol):
    """Any APDU as a record."""

    def encode(self) -> bytes:
        """Return the octets from the tag on; LocalProtocolError for a field that does not fit."""
        ...


class Form:
    """``head`` is the tag and, where the service has kinds, the choice: one or two octets."""

    def __init__(self, head: str, *fields: Field) -> None:
        self.head = bytes.fromhex(head)
        self.fields = fields
        self.writers = tuple(field.write for field in fields)
        self.readers = tuple(field.read for field in fields)


class Service:
    """A record with a form: a frozen, slotted dataclass with the form's fields, in its order."""

    __slots__: tuple[str, ...] = ()
    form: ClassVar[Form]

    def encode(self) -> bytes:
        """Return the octets from the tag on; LocalProtocolError for a field that does not fit."""
        form = self.form
        try:
            return b"".join([form.head, *[
                write(getattr(self, name))
                for write, name in zip(form.writers, self.__slots__, strict=True)]])
        except UNFIT as wrong:
            raise LocalProtocolError(f"no encoding of {self!r}: {wrong}") from wrong

    def offset(self, name: str) -> int:
        """Return where the field ``name`` starts in what ``encode`` returns."""
        before = self.__slots__.index(name)
        return len(self.form.head) + sum(
            len(write(getattr(self, each)))
            for write, each in zip(self.form.writers[:before], self.__slots__[:before],
                                   strict=True))

    @classmethod
    def read(cls, octets: bytes) -> tuple[Any, int]:
        """Return the record in ``octets``, whose head is known to fit, and the offset behind it."""
        form = cls.form
        offset = len(form.head)
        values = []
        for reader in form.readers:
            value, offset = reader(octets, offset)
            values.append(value)
        return cls(*values), offset
