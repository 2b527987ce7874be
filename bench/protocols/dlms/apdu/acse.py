"""Opening and releasing an application association: AARQ, AARE, RLRQ, RLRE (ISO/IEC 8650-1).

Fields and object identifiers as IEC 62056-5-3 uses them. A field left out is ``None``; the user
information is an xDLMS APDU, plain or ciphered, as octets. Of authentication values only the
character string is known, the one that COSEM uses.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu.ber import (
    BITS,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTETS,
    Content,
    Element,
    element,
    inside,
    read_head,
    read_sequence,
    write_sequence,
)
from bench.protocols.dlms.apdu.form import UNFIT

_DLMS_UA = "2.16.756.5.8"


class Context(enum.StrEnum):
    """Application context names."""

    LN = f"{_DLMS_UA}.1.1"
    SN = f"{_DLMS_UA}.1.2"
    LN_CIPHERED = f"{_DLMS_UA}.1.3"
    SN_CIPHERED = f"{_DLMS_UA}.1.4"


def mechanism_name(mechanism: int) -> str:
    """Return the name of an authentication mechanism: 0 lowest, 1 low, 2 to 7 high."""
    return f"{_DLMS_UA}.2.{mechanism}"


class AssociationResult(enum.IntEnum):
    """What became of a request."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class Source(enum.IntEnum):
    """Who speaks in a diagnostic."""

    SERVICE_USER = 1
    SERVICE_PROVIDER = 2


DIAGNOSTICS: Mapping[int, tuple[str, ...]] = {
    Source.SERVICE_USER: (
        "null", "no-reason-given", "application-context-name-not-supported",
        "calling-ap-title-not-recognized", "calling-ap-invocation-identifier-not-recognized",
        "calling-ae-qualifier-not-recognized", "calling-ae-invocation-identifier-not-recognized",
        "called-ap-title-not-recognized", "called-ap-invocation-identifier-not-recognized",
        "called-ae-qualifier-not-recognized", "called-ae-invocation-identifier-not-recognized",
        "authentication-mechanism-name-not-recognised", "authentication-mechanism-name-required",
        "authentication-failure", "authentication-required"),
    Source.SERVICE_PROVIDER: ("null", "no-reason-given", "no-common-acse-version"),
}


class Diagnostic(NamedTuple):
    """Result-source-diagnostic: 1 the service user, 2 the provider, and its number."""

    source: int
    code: int

    @property
    def text(self) -> str:
        """Return the diagnostic by name, or number where it has none."""
        names = DIAGNOSTICS.get(self.source, ())
        return names[self.code] if 0 <= self.code < len(names) else str(self.code)


NO_DIAGNOSTIC = Diagnostic(Source.SERVICE_USER, 0)

RELEASE_REQUEST_REASONS: Mapping[int, str] = {0: "normal", 1: "urgent", 30: "user-defined"}
RELEASE_RESPONSE_REASONS: Mapping[int, str] = {0: "normal", 1: "not-finished", 30: "user-defined"}


def _write_diagnostic(value: Diagnostic) -> bytes:
    return element(0xA0 | value.source, element(2, INTEGER.write(value.code)))


def _read_diagnostic(octets: bytes, start: int, end: int) -> Diagnostic:
    tag, inner, inner_end = read_head(octets, start, end)
    if tag not in (0xA1, 0xA2):
        raise RemoteProtocolError(start, "a diagnostic of the user A1 or the provider A2",
                                  f"{tag:02X}")
    if inner_end != end:
        raise RemoteProtocolError(inner_end, "the end of the diagnostic",
                                  f"{end - inner_end} octets more")
    return Diagnostic(tag & 0x0F, _NUMBER.read(octets, inner, inner_end))


_NAME = inside(0x06, OBJECT_IDENTIFIER, "an object identifier")
_NUMBER = inside(0x02, INTEGER, "an integer")
_STRING = inside(0x04, OCTETS, "an octet string")
_AUTHENTICATION = inside(0x80, OCTETS, "a character string")
_DIAGNOSTIC = Content(_write_diagnostic, _read_diagnostic)


class Acse:
    """A record of ACSE: its tag, its name for messages, and its elements, one for each field."""

    __slots__: tuple[str, ...] = ()
    tag: ClassVar[int]
    title: ClassVar[str]
    elements: ClassVar[tuple[Element, ...]]

    def encode(self) -> bytes:
        """Return the octets from the tag on; LocalProtocolError for a field that does not fit."""
        try:
            return write_sequence(
                self.tag, self.elements,
                tuple(getattr(self, each.name) for each in self.elements))
        except UNFIT as wrong:
            raise LocalProtocolError(f"no encoding of {self!r}: {wrong}") from wrong

    @classmethod
    def read(cls, octets: bytes) -> tuple[Self, int]:
        """Return the record in ``octets``, from its tag on, and the offset behind it."""
        values, end = read_sequence(octets, cls.elements, cls.title)
        named: dict[str, Any] = {
            each.name: value for each, value in zip(cls.elements, values, strict=True)}
        return cls(**named), end


@dataclass(frozen=True, slots=True, kw_only=True)
class Aarq(Acse):
    """Asks for an association; requirements ``"1"`` ask for the authentication unit.

    ``calling_ae_invocation_id`` carries the client user id, ``calling_ae_qualifier`` a certificate.
    """

    context: str = Context.LN
    protocol_version: str | None = None
    called_ap_title: bytes | None = None
    called_ae_qualifier: bytes | None = None
    called_ap_invocation_id: int | None = None
    called_ae_invocation_id: int | None = None
    calling_ap_title: bytes | None = None
    calling_ae_qualifier: bytes | None = None
    calling_ap_invocation_id: int | None = None
    calling_ae_invocation_id: int | None = None
    acse_requirements: str | None = None
    mechanism: str | None = None
    authentication_value: bytes | None = field(default=None, repr=False)
    implementation_information: bytes | None = None
    user_information: bytes | None = field(default=None, repr=False)

    tag = 0x60
    title = "an AARQ"
    elements = (
        Element(0x80, "protocol_version", BITS),
        Element(0xA1, "context", _NAME, required=True),
        Element(0xA2, "called_ap_title", _STRING),
        Element(0xA3, "called_ae_qualifier", _STRING),
        Element(0xA4, "called_ap_invocation_id", _NUMBER),
        Element(0xA5, "called_ae_invocation_id", _NUMBER),
        Element(0xA6, "calling_ap_title", _STRING),
        Element(0xA7, "calling_ae_qualifier", _STRING),
        Element(0xA8, "calling_ap_invocation_id", _NUMBER),
        Element(0xA9, "calling_ae_invocation_id", _NUMBER),
        Element(0x8A, "acse_requirements", BITS),
        Element(0x8B, "mechanism", OBJECT_IDENTIFIER),
        Element(0xAC, "authentication_value", _AUTHENTICATION),
        Element(0x9D, "implementation_information", OCTETS),
        Element(0xBE, "user_information", _STRING),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aare(Acse):
    """Answers an AARQ."""

    context: str = Context.LN
    result: int = AssociationResult.ACCEPTED
    diagnostic: Diagnostic = NO_DIAGNOSTIC
    protocol_version: str | None = None
    responding_ap_title: bytes | None = None
    responding_ae_qualifier: bytes | None = None
    responding_ap_invocation_id: int | None = None
    responding_ae_invocation_id: int | None = None
    acse_requirements: str | None = None
    mechanism: str | None = None
    authentication_value: bytes | None = field(default=None, repr=False)
    implementation_information: bytes | None = None
    user_information: bytes | None = None

    tag = 0x61
    title = "an AARE"
    elements = (
        Element(0x80, "protocol_version", BITS),
        Element(0xA1, "context", _NAME, required=True),
        Element(0xA2, "result", _NUMBER, required=True),
        Element(0xA3, "diagnostic", _DIAGNOSTIC, required=True),
        Element(0xA4, "responding_ap_title", _STRING),
        Element(0xA5, "responding_ae_qualifier", _STRING),
        Element(0xA6, "responding_ap_invocation_id", _NUMBER),
        Element(0xA7, "responding_ae_invocation_id", _NUMBER),
        Element(0x88, "acse_requirements", BITS),
        Element(0x89, "mechanism", OBJECT_IDENTIFIER),
        Element(0xAA, "authentication_value", _AUTHENTICATION),
        Element(0x9D, "implementation_information", OCTETS),
        Element(0xBE, "user_information", _STRING),
    )


_RELEASE = (Element(0x80, "reason", INTEGER), Element(0xBE, "user_information", _STRING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlrq(Acse):
    """Asks to release the association."""

    reason: int | None = 0
    user_information: bytes | None = field(default=None, repr=False)

    tag = 0x62
    title = "an RLRQ"
    elements = _RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlre(Acse):
    """Answers an RLRQ."""

    reason: int | None = 0
    user_information: bytes | None = None

    tag = 0x63
    title = "an RLRE"
    elements = _RELEASE
