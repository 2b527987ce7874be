"""Four parties with certificates of our own, and the form of a reference message."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.protocols.gbcs.keys import Role
from bench.protocols.gbcs.message import Message

BROKER = bytes.fromhex("0200000000000004")
SUPPLIER = bytes.fromhex("0200000000000002")
OPERATOR = bytes.fromhex("0200000000000003")
DEVICE = bytes.fromhex("02000000000000D1")

PARTIES = {BROKER: Role.ACCESS_CONTROL_BROKER, SUPPLIER: Role.SUPPLIER,
           OPERATOR: Role.NETWORK_OPERATOR, DEVICE: None}


def make_certificate(
    eui64: bytes, role: Role | None, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = []
    if role is not None:
        names = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"),
                 x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0" + eui64,
                                    x509.name._ASN1Type.BitString)]
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    return (x509.CertificateBuilder().subject_name(x509.Name(names)).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(1).not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=36500))
            .sign(key, hashes.SHA256()))


@dataclass(frozen=True)
class Vector:
    """One message of the reference test data, and what the manifest says of it."""

    name: str
    octets: bytes
    message: Message
    code: int
    cra: str
    payload: str
    signature: str
    mac: str
