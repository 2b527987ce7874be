"""Certificates that are wrong in one way: the table of flaws.

Each flaw breaks exactly one rule of ``bench.protocols.gbcs.certificates``, the rest being right:
what a device does with it then tells of that rule alone. Rules left out: those that only an
authority or an encoding by hand could break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bench.errors import RigError
from bench.protocols.gbcs.certificates import key_identifier
from bench.protocols.gbcs.keys import Role
from devices.pki_certificates import (
    BEGIN,
    END,
    USAGES,
    Draft,
    Issuer,
    Keys,
    organisation_name,
    point,
)

_DER = serialization.Encoding.DER


@dataclass(frozen=True, slots=True)
class Subject:
    """Of whom the certificate is: a device has no role."""

    eui64: bytes
    role: int | None
    keys: Keys
    untrusted: Issuer


@dataclass(frozen=True, slots=True)
class Flaw:
    """A way to be wrong; ``breaks`` is the name of the one rule.

    ``change`` acts on the draft, ``alter`` on the DER of the signed certificate.
    """

    name: str
    breaks: str
    text: str
    device: bool = True
    organisation: bool = True
    change: Callable[[Draft, Subject], Draft] = lambda draft, _: draft
    alter: Callable[[bytes], bytes] = lambda der: der


def apply(flaw: str, draft: Draft, subject: Subject) -> bytes:
    """Return the DER of the certificate with ``flaw``, or of the right one where that is empty.

    Raises RigError for a flaw that there is not, or not for this kind of certificate.
    """
    if not flaw:
        return draft.sign().public_bytes(_DER)
    device = subject.role is None
    found = FLAWS.get(flaw)
    if found is None or not (found.device if device else found.organisation):
        names = ", ".join(name for name, one in FLAWS.items()
                          if (one.device if device else one.organisation))
        raise RigError(f"no flaw {flaw!r} of {'a device' if device else 'an organisation'} "
                       f"certificate; there are: {names}")
    return found.alter(found.change(draft, subject).sign().public_bytes(_DER))


def _long_form(der: bytes) -> bytes:
    """Give the outer length one octet more than it needs."""
    octets = der[1] & 0x7F
    return der[:1] + bytes((0x81 + octets, 0)) + der[2:]


def _flip_last_bit(der: bytes) -> bytes:
    return der[:-1] + bytes((der[-1] ^ 1,))  # the end of s in the signature


def _renamed(draft: Draft, subject: Subject, eui64: bytes | None, role: int | None) -> Draft:
    if subject.role is None:
        return replace(draft, hardware_serial=eui64)
    return replace(draft, subject=organisation_name(role, eui64))


def _next(eui64: bytes) -> bytes:
    return ((int.from_bytes(eui64, "big") + 1) % 2 ** 64).to_bytes(8, "big")


def _swapped(usages: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(usage for usage in USAGES.values() if usage not in usages)


def _on_p384(draft: Draft) -> ec.EllipticCurvePublicKey:
    scalar = int.from_bytes(point(draft.public_key), "big") % 2 ** 380 + 1  # no randomness here
    return ec.derive_private_key(scalar, ec.SECP384R1()).public_key()


_COMMON_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench Device")])
_SECOND_POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.5")

_TABLE = (
    Flaw("expired", "expired", "its validity ended with 2015", device=False,
         change=lambda draft, _: replace(
             draft, not_before=BEGIN, not_after=datetime(2015, 12, 31, 23, 59, 59, tzinfo=UTC))),
    Flaw("not-yet-valid", "not-yet-valid", "its validity begins with 2048",
         change=lambda draft, _: replace(draft, not_before=datetime(2048, 1, 1, tzinfo=UTC))),
    Flaw("finite", "device-end", "a device's that ends with 2049", organisation=False,
         change=lambda draft, _: replace(draft, not_after=END)),
    Flaw("wrong-usage", "usage-wrong", "key agreement for digital signature, or the reverse",
         change=lambda draft, _: replace(draft, usages=_swapped(draft.usages))),
    Flaw("several-usages", "usage-several", "digital signature and key agreement at once",
         change=lambda draft, _: replace(draft, usages=tuple(USAGES.values()))),
    Flaw("wrong-role", "role-wrong", "network operator for supplier, supplier for any other",
         device=False, change=lambda draft, of: _renamed(
             draft, of, of.eui64, Role.NETWORK_OPERATOR if of.role == Role.SUPPLIER
             else Role.SUPPLIER)),
    Flaw("no-role", "role-missing", "no role in the subject", device=False,
         change=lambda draft, of: _renamed(draft, of, of.eui64, None)),
    Flaw("wrong-eui64", "eui64-wrong", "the EUI-64 of the next party or device",
         change=lambda draft, of: _renamed(draft, of, _next(of.eui64), of.role)),
    Flaw("no-eui64", "eui64-missing", "no EUI-64 in the subject", device=False,
         change=lambda draft, of: _renamed(draft, of, None, of.role)),
    Flaw("short-eui64", "eui64-missing", "an EUI-64 without its last octet",
         change=lambda draft, of: _renamed(draft, of, of.eui64[:7], of.role)),
    Flaw("unknown-issuer", "issuer-unknown", "issued by an authority that nobody trusts",
         change=lambda draft, of: replace(draft, issuer=of.untrusted)),
    Flaw("forged", "issuer-signature", "names the right issuer, signed by another",
         change=lambda draft, of: replace(draft, signed_with=of.untrusted.key)),
    Flaw("altered", "issuer-signature", "a bit of the signature is flipped",
         alter=_flip_last_bit),
    Flaw("wrong-key", "public-key-wrong", "another public key than the one asked for",
         change=lambda draft, of: replace(
             draft, public_key=of.keys.new(f"wrong key {draft.serial:X}").public_key())),
    Flaw("wrong-curve", "curve", "a public key on P-384",
         change=lambda draft, _: replace(draft, public_key=_on_p384(draft))),
    Flaw("wrong-digest", "signature-algorithm", "signed with ECDSA and SHA-384",
         change=lambda draft, _: replace(draft, digest=hashes.SHA384())),
    Flaw("long-serial", "serial-size", "a serial number of 19 octets",
         change=lambda draft, _: replace(draft, serial=draft.serial | 1 << 150)),
    Flaw("no-policy", "policy-missing", "no certificate policy",
         change=lambda draft, _: replace(draft, policies=())),
    Flaw("two-policies", "policy-several", "two certificate policies", organisation=False,
         change=lambda draft, _: replace(draft, policies=(*draft.policies, _SECOND_POLICY))),
    Flaw("named-subject", "subject-not-empty", "a device's with a common name",
         organisation=False, change=lambda draft, _: replace(draft, subject=_COMMON_NAME)),
    Flaw("no-alternative-name", "san-missing", "a device's without its name",
         organisation=False, change=lambda draft, _: replace(draft, hardware_serial=None)),
    Flaw("wrong-key-identifier", "key-identifier-mismatch", "the key identifier of another key",
         change=lambda draft, of: replace(
             draft, key_identifier=key_identifier(point(of.untrusted.key.public_key())))),
    Flaw("no-authority-key", "authority-key", "no identifier of the issuer's key",
         change=lambda draft, _: replace(draft, names_authority_key=False)),
    Flaw("uncritical-usage", "criticality", "a key usage that is not critical",
         change=lambda draft, _: replace(draft, usage_critical=False)),
    Flaw("critical-extension", "unknown-critical-extension", "a critical extension nobody knows",
         change=lambda draft, _: replace(draft, strange_extension=True)),
    Flaw("not-der", "not-der", "the outer length in a longer form than it needs",
         alter=_long_form),
)

FLAWS: Mapping[str, Flaw] = {flaw.name: flaw for flaw in _TABLE}
"""Every flaw by its name."""
