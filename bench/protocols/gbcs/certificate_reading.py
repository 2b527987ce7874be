"""Reading one X.509 certificate out of DER or PEM (RFC 5280 section 4.1, X.690 section 10).

What does not keep the encoding is a RemoteProtocolError with its octet; what keeps it but not the
profile of GBCS section 12 is read as it is, for ``certificates`` to judge. Left out: extensions
that GBCS certificates do not have (held as octets), revocation, multi-octet tags.
"""

from __future__ import annotations

import binascii
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.certificate_der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Der,
)
from bench.protocols.gbcs.keys import Role

AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
BASIC_CONSTRAINTS = "2.5.29.19"
CERTIFICATE_POLICIES = "2.5.29.32"
KEY_USAGE = "2.5.29.15"
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"

_ATTRIBUTES = {"2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.45": "UID"}
_UNIT, _UNIQUE_IDENTIFIER = "2.5.4.11", "2.5.4.45"
_HARDWARE_MODULE_NAME = "1.3.6.1.5.5.7.8.4"  # RFC 4108 section 5
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii"}
_ARMOUR = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)


class Kind(enum.StrEnum):
    """Whose certificate it is."""

    DEVICE = "device"
    ORGANISATION = "organisation"
    AUTHORITY = "authority"


class KeyUsage(enum.IntEnum):
    """Bits of the key usage extension (RFC 5280 section 4.2.1.3)."""

    DIGITAL_SIGNATURE = 0
    CONTENT_COMMITMENT = 1
    KEY_ENCIPHERMENT = 2
    DATA_ENCIPHERMENT = 3
    KEY_AGREEMENT = 4
    CERTIFICATE_SIGNING = 5
    REVOCATION_LIST_SIGNING = 6
    ENCIPHER_ONLY = 7
    DECIPHER_ONLY = 8

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: (attribute's identifier, ASN.1 tag, octets) in order, and its DER."""

    attributes: tuple[tuple[str, int, bytes], ...]
    der: bytes

    @property
    def text(self) -> str:
        return ", ".join(f"{_ATTRIBUTES.get(oid, oid)}={_text(tag, value)}"
                         for oid, tag, value in self.attributes)

    def same_as(self, other: Name) -> bool:
        """Compare as RFC 5280 section 7.1 does: the kind of text string does not matter."""
        return self._compared() == other._compared()

    def _compared(self) -> list[tuple[str, str]]:
        return [(oid, " ".join(_text(tag, value).casefold().split()))
                for oid, tag, value in self.attributes]


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as it stands; ``value`` is the DER within its octet string."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """What one certificate says.

    ``role`` and ``eui64`` (8 octets) are ``None`` where it states none or not in the form of GBCS.
    ``public_key`` is the point as encoded (65 octets when uncompressed), ``curve`` the identifier
    of its curve. Key identifiers are octets, ``None`` where absent. ``path_length`` is ``None``
    where there is no limit.
    """

    kind: Kind
    role: Role | None
    eui64: bytes | None
    usages: tuple[KeyUsage, ...]
    serial: int
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    public_key: bytes
    key_algorithm: str
    curve: str
    version: int
    signature_algorithms: tuple[bytes, bytes]  # DER, inside and outside what is signed
    time_tags: tuple[int, int]
    unique_identifiers: bool
    extensions: tuple[Extension, ...]
    is_authority: bool
    path_length: int | None
    policies: tuple[str, ...]
    subject_key_identifier: bytes | None
    authority_key_identifier: bytes | None
    authority_key_only: bool  # the key identifier is all that the extension holds
    alternative_names: int
    hardware_serials: tuple[bytes, ...]
    signed: bytes
    signature: bytes
    der: bytes

    @property
    def usage(self) -> KeyUsage | None:
        """The one usage of the key, ``None`` where there is none or several."""
        return self.usages[0] if len(self.usages) == 1 else None

    @property
    def self_issued(self) -> bool:
        return bool(self.subject.attributes) and self.subject.same_as(self.issuer)

    def extension(self, oid: str) -> Extension | None:
        """Return the first extension of that identifier."""
        return next((found for found in self.extensions if found.oid == oid), None)

    def key(self) -> ec.EllipticCurvePublicKey | None:
        """Return the public key, ``None`` if it is no point on P-256."""
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.public_key)
        except ValueError:
            return None


def read(der_or_pem: bytes) -> Certificate:
    """Return the one certificate in ``der_or_pem``; raise RemoteProtocolError for anything else.

    Offsets count octets of the DER, or of the text where the armour of a PEM file is wrong.
    """
    der = _unarmoured(bytes(der_or_pem))
    whole = Der(der)
    outer = whole.take(SEQUENCE, "a certificate")
    whole.end()
    body = outer.take(SEQUENCE, "what is signed")
    algorithm = outer.take(SEQUENCE, "the signature's algorithm")
    signature = outer.take(BIT_STRING, "a signature").bits()
    outer.end()

    version = 1
    if body.tag() == 0xA0:
        explicit = body.take(0xA0, "a version")
        version = explicit.take(INTEGER, "a version").integer() + 1
        explicit.end()
    serial = body.take(INTEGER, "a serial number").integer()
    inner_algorithm = body.take(SEQUENCE, "the signature's algorithm")
    issuer = _name(body.take(SEQUENCE, "an issuer"))
    validity = body.take(SEQUENCE, "a validity")
    not_before, first_tag = validity.time()
    not_after, second_tag = validity.time()
    validity.end()
    subject = _name(body.take(SEQUENCE, "a subject"))
    key_algorithm, curve, point = _public_key(body.take(SEQUENCE, "a public key"))
    unique = False
    for tag in (0x81, 0x82):
        if body.tag() == tag:
            body.take(tag, "a unique identifier")
            unique = True
    extensions: list[tuple[Extension, Der]] = []
    if body.tag() == 0xA3:
        explicit = body.take(0xA3, "extensions")
        extensions += _extensions(explicit.take(SEQUENCE, "extensions"))
        explicit.end()
    body.end()

    first: dict[str, Der] = {}
    for extension, place in extensions:
        first.setdefault(extension.oid, place)
    usages = _usages(first.get(KEY_USAGE))
    is_authority, path_length = _constraints(first.get(BASIC_CONSTRAINTS))
    key_identifier, key_only = _authority_key(first.get(AUTHORITY_KEY_IDENTIFIER))
    names, serials = _alternative_names(first.get(SUBJECT_ALTERNATIVE_NAME))
    if is_authority or KeyUsage.CERTIFICATE_SIGNING in usages:
        kind = Kind.AUTHORITY
    elif SUBJECT_ALTERNATIVE_NAME in first or not subject.attributes:
        kind = Kind.DEVICE
    else:
        kind = Kind.ORGANISATION
    return Certificate(
        kind=kind, role=_role(subject),
        eui64=_entity(subject) if kind is not Kind.DEVICE else _hardware(serials),
        usages=usages, serial=serial, issuer=issuer, subject=subject, not_before=not_before,
        not_after=not_after, public_key=point, key_algorithm=key_algorithm, curve=curve,
        version=version, signature_algorithms=(inner_algorithm.content, algorithm.content),
        time_tags=(first_tag, second_tag), unique_identifiers=unique,
        extensions=tuple(extension for extension, _ in extensions), is_authority=is_authority,
        path_length=path_length, policies=_policies(first.get(CERTIFICATE_POLICIES)),
        subject_key_identifier=_subject_key(first.get(SUBJECT_KEY_IDENTIFIER)),
        authority_key_identifier=key_identifier, authority_key_only=key_only,
        alternative_names=names, hardware_serials=serials, signed=body.whole,
        signature=signature, der=der)


def _unarmoured(octets: bytes) -> bytes:
    if octets[:1] == b"\x30":
        return octets
    found = _ARMOUR.findall(octets)
    if not found or [label for label, _ in found] != [b"CERTIFICATE"]:
        labels = " and ".join(label.decode() for label, _ in found)
        raise RemoteProtocolError(0, "one certificate in DER or PEM",
                                  labels or (octets[:8].hex().upper() or "an empty file"))
    try:
        return binascii.a2b_base64(b"".join(found[0][1].split()), strict_mode=True)
    except binascii.Error as wrong:
        raise RemoteProtocolError(0, "base 64 in the armour", str(wrong)) from None


def _text(tag: int, value: bytes) -> str:
    coding = _TEXTS.get(tag)
    text = value.decode(coding, "backslashreplace") if coding else value.hex().upper()
    # it is shown to people, and comes from a device: no control characters
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def _name(place: Der) -> Name:
    attributes = []
    while place.tag() is not None:
        several = place.take(SET, "a relative name")
        while several.tag() is not None:
            pair = several.take(SEQUENCE, "an attribute")
            oid = pair.take(OID, "an attribute's type").oid()
            tag = pair.tag()
            attributes.append((oid, tag or 0, pair.take(None, "an attribute's value").content))
            pair.end()
    return Name(tuple(attributes), place.whole)


def _role(subject: Name) -> Role | None:
    for oid, tag, value in subject.attributes:
        text = _text(tag, value)
        if oid == _UNIT and re.fullmatch("[0-9A-Fa-f]{2}", text, re.ASCII):
            number = int(text, 16)
            return Role(number) if number in set(Role) else None
    return None


def _entity(subject: Name) -> bytes | None:
    for oid, tag, value in subject.attributes:
        if oid == _UNIQUE_IDENTIFIER and tag == BIT_STRING and len(value) == 9 and not value[0]:
            return value[1:]
    return None


def _hardware(serials: tuple[bytes, ...]) -> bytes | None:
    return serials[0] if serials and len(serials[0]) == 8 else None


def _public_key(place: Der) -> tuple[str, str, bytes]:
    algorithm = place.take(SEQUENCE, "a key's algorithm")
    oid = algorithm.take(OID, "a key's algorithm").oid()
    curve = ""
    if algorithm.tag() == OID:
        curve = algorithm.take(OID, "a curve").oid()
        algorithm.end()
    point = place.take(BIT_STRING, "a public key").bits()
    place.end()
    return oid, curve, point


def _extensions(place: Der) -> Iterator[tuple[Extension, Der]]:
    while place.tag() is not None:
        one = place.take(SEQUENCE, "an extension")
        oid = one.take(OID, "an extension's identifier").oid()
        critical = False
        if one.tag() == BOOLEAN:
            critical = one.take(BOOLEAN, "critical").boolean()
        value = one.take(OCTET_STRING, "an extension's value")
        one.end()
        yield Extension(oid, critical, value.content), value


def _usages(place: Der | None) -> tuple[KeyUsage, ...]:
    if place is None:
        return ()
    string = place.take(BIT_STRING, "key usages")
    place.end()
    content = string.content
    if not content or content[0] > 7 or (content[0] and len(content) == 1):
        raise string.wrong("a bit string", content[:4].hex().upper() or "none")
    return tuple(usage for usage in KeyUsage
                 if usage < 8 * len(content[1:]) - content[0]
                 and content[1 + usage // 8] & 0x80 >> usage % 8)


def _constraints(place: Der | None) -> tuple[bool, int | None]:
    if place is None:
        return False, None
    inside = place.take(SEQUENCE, "basic constraints")
    place.end()
    authority, length = False, None
    if inside.tag() == BOOLEAN:
        authority = inside.take(BOOLEAN, "authority").boolean()
    if inside.tag() == INTEGER:
        length = inside.take(INTEGER, "a path length").integer()
    inside.end()
    return authority, length


def _subject_key(place: Der | None) -> bytes | None:
    if place is None:
        return None
    found = place.take(OCTET_STRING, "a key identifier").content
    place.end()
    return found


def _authority_key(place: Der | None) -> tuple[bytes | None, bool]:
    if place is None:
        return None, False
    inside = place.take(SEQUENCE, "an authority key identifier")
    place.end()
    found = inside.take(0x80, "a key identifier").content if inside.tag() == 0x80 else None
    return found, inside.tag() is None


def _policies(place: Der | None) -> tuple[str, ...]:
    if place is None:
        return ()
    inside = place.take(SEQUENCE, "certificate policies")
    place.end()
    found = []
    while inside.tag() is not None:
        found.append(inside.take(SEQUENCE, "a policy").take(OID, "a policy's identifier").oid())
    return tuple(found)


def _alternative_names(place: Der | None) -> tuple[int, tuple[bytes, ...]]:
    """Return how many names there are, and the serial numbers of hardware modules among them."""
    if place is None:
        return 0, ()
    inside = place.take(SEQUENCE, "alternative names")
    place.end()
    count, serials = 0, []
    while inside.tag() is not None:
        other = inside.tag() == 0xA0
        name = inside.take(None, "an alternative name")
        count += 1
        if not other or name.take(OID, "a name's type").oid() != _HARDWARE_MODULE_NAME:
            continue
        explicit = name.take(0xA0, "a hardware module name")
        name.end()
        module = explicit.take(SEQUENCE, "a hardware module name")
        explicit.end()
        module.take(OID, "a hardware type").oid()
        serials.append(module.take(OCTET_STRING, "a hardware serial number").content)
        module.end()
    return count, tuple(serials)
