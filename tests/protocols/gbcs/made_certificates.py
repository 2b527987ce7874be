"""Certificates put together octet by octet, so that any part of them can be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.gbcs.certificates import key_identifier

ECDSA = "300A06082A8648CE3D040302"
EUI64 = bytes.fromhex("00DB123456789001")
HARDWARE_TYPE = "06032A0304"


def tlv(tag: int, *parts: bytes | str) -> bytes:
    content = b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number, ec.SECP256R1())


def point(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(serialization.Encoding.X962,
                                             serialization.PublicFormat.UncompressedPoint)


ROOT, ISSUING, LEAF = key(11), key(12), key(13)


def name(*attributes: tuple[str, int, bytes]) -> bytes:
    return tlv(0x30, *(tlv(0x31, tlv(0x30, "0603" + oid, tlv(tag, value)))
                       for oid, tag, value in attributes))


def named(role: str, common_name: str) -> bytes:
    return name(("55040B", 0x0C, role.encode()), ("550403", 0x0C, common_name.encode()))


def extension(oid: str, value: bytes, critical: bool) -> bytes:
    return tlv(0x30, tlv(0x06, oid), "0101FF" if critical else "", tlv(0x04, value))


def usage(bits: str) -> bytes:
    return extension("551D0F", bytes.fromhex(bits), True)


def subject_key(octets: bytes) -> bytes:
    return extension("551D0E", tlv(0x04, octets), False)


def authority_key(octets: bytes, more: bytes = b"") -> bytes:
    return extension("551D23", tlv(0x30, tlv(0x80, octets), more), False)


def constraints(content: str = "0101FF") -> bytes:
    return extension("551D13", tlv(0x30, content), True)


def hardware(serial: bytes, count: int = 1) -> bytes:
    module = tlv(0xA0, "06082B06010505070804",
                 tlv(0xA0, tlv(0x30, HARDWARE_TYPE, tlv(0x04, serial))))
    return extension("551D11", tlv(0x30, *[module] * count), True)


POLICY = extension("551D20", tlv(0x30, tlv(0x30, "06032A0305")), True)
DEVICE = {"usage": usage("03020780"), "name": hardware(EUI64)}
ORGANISATION = {"usage": usage("03020308")}
AUTHORITY = {"usage": usage("03020204"), "constraints": constraints()}


def certificate(
    extensions: Mapping[str, bytes], *, of: ec.EllipticCurvePrivateKey = LEAF,
    by: ec.EllipticCurvePrivateKey = ISSUING, **parts: Any,
) -> bytes:
    """Return DER: ``parts`` replace version, serial, algorithm, issuer, validity and the like."""
    public = parts.get("point", point(of))
    held = {"subject_key": subject_key(key_identifier(public)), "policy": POLICY,
            "authority_key": authority_key(key_identifier(point(by))), **extensions}
    body = tlv(
        0x30, parts.get("version", "A003020102"), parts.get("serial", "02010A"),
        parts.get("algorithm", ECDSA), parts.get("issuer", named("07", "I")),
        parts.get("validity", tlv(0x30, tlv(0x17, b"200101000000Z"),
                                  tlv(0x18, b"99991231235959Z"))),
        parts.get("subject", name()),
        tlv(0x30, parts.get("key", "301306072A8648CE3D020106082A8648CE3D030107"),
            tlv(0x03, b"\0" + public)),
        parts.get("unique", b""), tlv(0xA3, tlv(0x30, *held.values())))
    signature = by.sign(body, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return tlv(0x30, body, parts.get("outer_algorithm", parts.get("algorithm", ECDSA)),
               tlv(0x03, b"\0" + signature))


def organisation(role: str = "02", eui64: bytes | None = EUI64) -> bytes:
    """Return the subject of an organisation."""
    found = [("55040B", 0x0C, role.encode())]
    if eui64 is not None:
        found.append(("55042D", 0x03, b"\0" + eui64))
    return name(*found)


def root(**parts: Any) -> bytes:
    extensions = {**AUTHORITY, **parts.pop("extensions", {})}
    return certificate(extensions, of=ROOT, by=ROOT, issuer=named("00", "R"),
                       subject=named("00", "R"), **parts)


def issuing(**parts: Any) -> bytes:
    extensions = {**AUTHORITY, **parts.pop("extensions", {})}
    return certificate(extensions, of=ISSUING, by=parts.pop("by", ROOT),
                       issuer=parts.pop("issuer", named("00", "R")),
                       subject=named("07", "I"), **parts)


def device(**parts: Any) -> bytes:
    return certificate({**DEVICE, **parts.pop("extensions", {})}, **parts)


def supplier(**parts: Any) -> bytes:
    return certificate({**ORGANISATION, **parts.pop("extensions", {})},
                       subject=parts.pop("subject", organisation()), **parts)
