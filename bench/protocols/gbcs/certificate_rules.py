"""The rules that certificates must keep, as a table (GBCS section 12, RFC 5280).

Each row has a stable name, its clause and its source. ``read`` rows rest on GBCS section 12 as of
its version 0.8.1 (the general and the device requirements; the page with those of organisations
was not found) or on RFC 5280, which it takes over; ``inferred`` rows on what all reference test
certificates (RTDS 4.5.0) show, and a failure of one is provisional. Left out: revocation, policy
mapping and name constraints, which no GBCS certificate has, and the wrapped contingency key of
the root (RFC 5934), whose form in GBCS was not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.protocols.gbcs.certificate_chain import chain, issuer_of, key_identifier, verifies
from bench.protocols.gbcs.certificate_der import GENERALIZED_TIME, UTC_TIME
from bench.protocols.gbcs.certificate_reading import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    KeyUsage,
    Kind,
)
from bench.protocols.gbcs.keys import Role

_AUTHORITY_ROLES = (Role.ROOT, Role.ISSUING_AUTHORITY)
_DER_OF_ECDSA_WITH_SHA256 = bytes.fromhex("06082A8648CE3D040302")  # RFC 5758: no parameters
_EC_PUBLIC_KEY, _P256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7"
_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_CRITICAL = {KEY_USAGE: True, CERTIFICATE_POLICIES: True, SUBJECT_ALTERNATIVE_NAME: True,
             BASIC_CONSTRAINTS: True, SUBJECT_KEY_IDENTIFIER: False,
             AUTHORITY_KEY_IDENTIFIER: False}


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a certificate breaks: its name, clause and source, and what was found."""

    name: str
    clause: str
    source: str
    found: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A certificate, its issuer where known, and what is asked of it, as ``check`` takes it."""

    certificate: Certificate
    issuers: Sequence[Certificate] | None
    issuer: Certificate | None
    at: datetime | None
    role: Role | None
    eui64: bytes | None
    usage: KeyUsage | None
    public_key: bytes | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the profile; ``found`` tells what breaks it, and is empty where it is kept."""

    name: str
    clause: str
    source: str
    kinds: frozenset[Kind]
    found: Callable[[Asked], str]


def broken_rules(asked: Asked, without: frozenset[str] = frozenset()) -> tuple[Broken, ...]:
    """Return what breaks the rules that hold for the kind, those named ``without`` left out."""
    return tuple(
        Broken(rule.name, rule.clause, rule.source, found) for rule in RULES
        if asked.certificate.kind in rule.kinds and rule.name not in without
        and (found := rule.found(asked)))


def _version(asked: Asked) -> str:
    version = asked.certificate.version
    return "" if version == 3 else f"version {version}"


def _positive(asked: Asked) -> str:
    return "" if asked.certificate.serial > 0 else f"serial number {asked.certificate.serial:X}"


def _serial_size(asked: Asked) -> str:
    octets = asked.certificate.serial.bit_length() // 8 + 1
    return "" if octets <= 16 else f"a serial number of {octets} octets"


def _signature_algorithm(asked: Asked) -> str:
    wrong = [found.hex().upper() for found in asked.certificate.signature_algorithms
             if found != _DER_OF_ECDSA_WITH_SHA256]
    return f"algorithm {wrong[0]}" if wrong else ""


def _curve(asked: Asked) -> str:
    found = (asked.certificate.key_algorithm, asked.certificate.curve)
    return "" if found == (_EC_PUBLIC_KEY, _P256) else f"key of {' '.join(found)}"


def _point(asked: Asked) -> str:
    if _curve(asked):
        return ""
    point = asked.certificate.public_key
    if len(point) != 65 or point[0] != 4:
        return f"a public key of {len(point)} octets starting {point[:1].hex() or 'with none'}"
    return "" if asked.certificate.key() else "a point that is not on the curve"


def _unique_identifiers(asked: Asked) -> str:
    return "a unique identifier" if asked.certificate.unique_identifiers else ""


def _issuer_named(asked: Asked) -> str:
    return "" if asked.certificate.issuer.attributes else "an empty issuer"


def _time_form(asked: Asked) -> str:
    found = asked.certificate
    for time, tag in zip((found.not_before, found.not_after), found.time_tags, strict=True):
        if tag != (UTC_TIME if time.year < 2050 else GENERALIZED_TIME):
            return f"{time:%Y-%m-%d} as tag {tag:02X}"
    return ""


def _validity_order(asked: Asked) -> str:
    found = asked.certificate
    ordered = found.not_before <= found.not_after
    return "" if ordered else f"from {found.not_before} to {found.not_after}"


def _not_yet(asked: Asked) -> str:
    begin = asked.certificate.not_before
    return f"begins {begin}" if asked.at and asked.at < begin else ""


def _expired(asked: Asked) -> str:
    end = asked.certificate.not_after
    return f"ended {end}" if asked.at and end < asked.at else ""


def _device_end(asked: Asked) -> str:
    end = asked.certificate.not_after
    return "" if end == _NO_END else f"ends {end}"


def _issuer_unknown(asked: Asked) -> str:
    if asked.issuers is None or asked.issuer is not None:
        return ""
    return f"issuer {asked.certificate.issuer.text or 'without a name'}"


def _issuer_signature(asked: Asked) -> str:
    if asked.issuer is None or _signature_algorithm(asked):
        return ""
    return "" if verifies(asked.certificate, asked.issuer) else "another signature"


def _issuer_authority(asked: Asked) -> str:
    issuer = asked.issuer
    if issuer is None or (issuer.is_authority and KeyUsage.CERTIFICATE_SIGNING in issuer.usages):
        return ""
    return f"issued by the {issuer.kind} {issuer.subject.text}"


def _root_unknown(asked: Asked) -> str:
    if asked.issuers is None or asked.issuer is None:
        return ""
    top = chain(asked.certificate, asked.issuers)[0]
    return "" if top.self_issued else f"the path ends at {top.subject.text}"


_OF_THE_PATH = frozenset({"issuer-unknown", "root-unknown", "issuer-not-authority", "issuer-path",
                          "authority-constraints", "path-length"})


def _issuer_path(asked: Asked) -> str:
    if asked.issuers is None:
        return ""
    for authority in chain(asked.certificate, asked.issuers)[:-1]:
        of_authority = Asked(authority, asked.issuers, issuer_of(authority, asked.issuers),
                              asked.at, None, None, None, None)
        if found := broken_rules(of_authority, _OF_THE_PATH):
            return f"{authority.subject.text}: {found[0].name}: {found[0].found}"
    return ""


def _path_length(asked: Asked) -> str:
    path = chain(asked.certificate, asked.issuers or ())
    for place, authority in enumerate(path[:-1]):
        between = sum(not other.self_issued for other in path[place + 1:-1])
        if authority.path_length is not None and between > authority.path_length:
            return f"{between} authorities below {authority.subject.text}"
    return ""


def _usage_missing(asked: Asked) -> str:
    return "" if asked.certificate.usages else "no key usage"


def _usage_several(asked: Asked) -> str:
    usages = asked.certificate.usages
    return " and ".join(usage.text for usage in usages) if len(usages) > 1 else ""


def _usage_wrong(asked: Asked) -> str:
    usage = asked.certificate.usage
    if usage is None:
        return ""
    right = (KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT) if asked.usage is None \
        else (asked.usage,)
    return "" if usage in right else usage.text


def _authority_usage(asked: Asked) -> str:
    found = set(asked.certificate.usages)
    if asked.usage not in (None, KeyUsage.CERTIFICATE_SIGNING):
        return KeyUsage.CERTIFICATE_SIGNING.text
    allowed = {KeyUsage.CERTIFICATE_SIGNING, KeyUsage.REVOCATION_LIST_SIGNING}
    return " and ".join(sorted(usage.text for usage in found - allowed))


def _authority_constraints(asked: Asked) -> str:
    certificate = asked.certificate
    if not certificate.is_authority:
        return "it may sign certificates but is no authority"
    if KeyUsage.CERTIFICATE_SIGNING not in certificate.usages:
        return "an authority that may not sign certificates"
    return ""


def _criticality(asked: Asked) -> str:
    wrong = [extension.oid for extension in asked.certificate.extensions
             if extension.critical is not _CRITICAL.get(extension.oid, extension.critical)]
    return f"extension {wrong[0]} {'not ' if _CRITICAL[wrong[0]] else ''}critical" if wrong else ""


def _unknown_critical(asked: Asked) -> str:
    wrong = [extension.oid for extension in asked.certificate.extensions
             if extension.critical and extension.oid not in _CRITICAL]
    return f"extension {wrong[0]}" if wrong else ""


def _repeated(asked: Asked) -> str:
    counts = Counter(extension.oid for extension in asked.certificate.extensions)
    wrong = [oid for oid in counts if counts[oid] > 1]
    return f"extension {wrong[0]} {counts[wrong[0]]} times" if wrong else ""


def _policy_missing(asked: Asked) -> str:
    return "" if asked.certificate.policies else "no certificate policy"


def _policy_several(asked: Asked) -> str:
    policies = asked.certificate.policies
    return f"{len(policies)} policies" if len(policies) > 1 else ""


def _subject_key_missing(asked: Asked) -> str:
    return "" if asked.certificate.subject_key_identifier is not None else \
        "no identifier of the key"


def _key_identifier_mismatch(asked: Asked) -> str:
    found = asked.certificate.subject_key_identifier
    right = key_identifier(asked.certificate.public_key)
    return "" if found in (None, right) else f"{found.hex()} for the key {right.hex()}"


def _authority_key(asked: Asked) -> str:
    certificate = asked.certificate
    if certificate.extension(AUTHORITY_KEY_IDENTIFIER) is None:
        return "" if certificate.self_issued else "no identifier of the issuer's key"
    found = certificate.authority_key_identifier
    if found is None or not certificate.authority_key_only:
        return "another form than a key identifier alone"
    return "" if len(found) == 8 else f"a key identifier of {len(found)} octets"


def _role_missing(asked: Asked) -> str:
    missing = asked.certificate.role is None
    return f"subject {asked.certificate.subject.text}" if missing else ""


def _role_wrong(asked: Asked) -> str:
    found = asked.certificate.role
    if found is None:
        # one that should have a role says so by role-missing
        return f"a {asked.certificate.kind} without a role" \
            if asked.role is not None and asked.certificate.kind is not Kind.ORGANISATION else ""
    if asked.role is not None:
        fits = found is asked.role
    else:
        fits = (found in _AUTHORITY_ROLES) == (asked.certificate.kind is Kind.AUTHORITY)
    return "" if fits else f"{asked.certificate.kind} with role {found.name.lower()}"


def _eui64_missing(asked: Asked) -> str:
    certificate = asked.certificate
    if certificate.eui64 is not None or (certificate.kind is Kind.DEVICE and _san_form(asked)):
        return ""
    absent = certificate.kind is Kind.DEVICE and not certificate.alternative_names
    return "" if absent else "no EUI-64 of 8 octets"


def _eui64_wrong(asked: Asked) -> str:
    found = asked.certificate.eui64
    return "" if asked.eui64 is None or found in (None, asked.eui64) else found.hex().upper()


def _subject_not_empty(asked: Asked) -> str:
    text = asked.certificate.subject.text
    return f"subject {text}" if text else ""


def _san_missing(asked: Asked) -> str:
    return "" if asked.certificate.alternative_names else "no alternative name"


def _san_form(asked: Asked) -> str:
    count, serials = asked.certificate.alternative_names, asked.certificate.hardware_serials
    return "" if not count or (count, len(serials)) == (1, 1) else \
        f"{count} names, {len(serials)} of a hardware module"


def _public_key_wrong(asked: Asked) -> str:
    wrong = asked.public_key not in (None, asked.certificate.public_key)
    return "another public key" if wrong and not _curve(asked) else ""


_ALL = frozenset(Kind)
_DEVICE, _ORGANISATION, _AUTHORITY = (frozenset({kind}) for kind in Kind)
_ENDS = _DEVICE | _ORGANISATION  # whoever takes part in messages

# the numbers of 12.x differ between versions of GBCS: what was read is cited by its title
_GENERAL, _OF_DEVICES = "GBCS 12 (all certificates)", "GBCS 12 (device certificates)"

RULES: tuple[Rule, ...] = (
    Rule("version", "RFC 5280 4.1.2.1", "read", _ALL, _version),
    Rule("serial-not-positive", "RFC 5280 4.1.2.2", "read", _ALL, _positive),
    Rule("serial-size", "RFC 5280 4.1.2.2; SMKI", "inferred", _ALL, _serial_size),
    Rule("signature-algorithm", _GENERAL, "read", _ALL, _signature_algorithm),
    Rule("curve", _GENERAL, "read", _ALL, _curve),
    Rule("public-key-form", _GENERAL, "read", _ALL, _point),
    Rule("unique-identifier", "RFC 5280 4.1.2.8", "read", _ALL, _unique_identifiers),
    Rule("issuer-empty", "RFC 5280 4.1.2.4", "read", _ALL, _issuer_named),
    Rule("time-form", "RFC 5280 4.1.2.5", "read", _ALL, _time_form),
    Rule("validity-order", "RFC 5280 4.1.2.5", "read", _ALL, _validity_order),
    Rule("not-yet-valid", "RFC 5280 6.1.3", "read", _ALL, _not_yet),
    Rule("expired", "RFC 5280 6.1.3", "read", _ALL, _expired),
    Rule("device-end", _OF_DEVICES, "read", _DEVICE, _device_end),
    Rule("issuer-unknown", "RFC 5280 6.1.3", "read", _ALL, _issuer_unknown),
    Rule("issuer-signature", "RFC 5280 6.1.3", "read", _ALL, _issuer_signature),
    Rule("issuer-not-authority", "RFC 5280 6.1.4", "read", _ALL, _issuer_authority),
    Rule("issuer-path", "RFC 5280 6.1", "read", _ALL, _issuer_path),
    Rule("root-unknown", "RFC 5280 6.1.1", "read", _ALL, _root_unknown),
    Rule("path-length", "RFC 5280 6.1.4", "read", _ALL, _path_length),
    Rule("usage-missing", _GENERAL, "read", _ENDS, _usage_missing),
    Rule("usage-several", _OF_DEVICES, "read", _DEVICE, _usage_several),
    Rule("usage-several", "GBCS 12.4", "inferred", _ORGANISATION, _usage_several),
    Rule("usage-wrong", _OF_DEVICES, "read", _DEVICE, _usage_wrong),
    Rule("usage-wrong", "GBCS 12.4", "inferred", _ORGANISATION, _usage_wrong),
    Rule("usage-wrong", "RFC 5280 4.2.1.3", "inferred", _AUTHORITY, _authority_usage),
    Rule("authority-constraints", "RFC 5280 4.2.1.9", "read", _AUTHORITY, _authority_constraints),
    Rule("criticality", _GENERAL, "read", _ALL, _criticality),
    Rule("unknown-critical-extension", "RFC 5280 4.2", "read", _ALL, _unknown_critical),
    Rule("extension-repeated", "RFC 5280 4.2", "read", _ALL, _repeated),
    Rule("policy-missing", _GENERAL, "read", _ALL, _policy_missing),
    Rule("policy-several", _OF_DEVICES, "read", _DEVICE, _policy_several),
    Rule("subject-key-missing", _GENERAL, "read", _ALL, _subject_key_missing),
    Rule("key-identifier-mismatch", _GENERAL, "read", _ALL, _key_identifier_mismatch),
    Rule("authority-key", _GENERAL, "read", _ALL, _authority_key),
    Rule("role-missing", "GBCS 12.4", "inferred", _ORGANISATION, _role_missing),
    Rule("role-wrong", "GBCS 12.4", "inferred", _ALL, _role_wrong),
    Rule("eui64-missing", "GBCS 12.4", "inferred", _ORGANISATION, _eui64_missing),
    Rule("eui64-missing", _OF_DEVICES, "read", _DEVICE, _eui64_missing),
    Rule("eui64-wrong", "GBCS 12", "inferred", _ENDS, _eui64_wrong),
    Rule("subject-not-empty", _OF_DEVICES, "read", _DEVICE, _subject_not_empty),
    Rule("san-missing", _OF_DEVICES, "read", _DEVICE, _san_missing),
    Rule("san-form", _OF_DEVICES, "read", _DEVICE, _san_form),
    Rule("public-key-wrong", "GBCS 13 (CS02d)", "inferred", _ALL, _public_key_wrong),
)
"""The profile. A name may stand twice, for kinds that have it from different sources."""
