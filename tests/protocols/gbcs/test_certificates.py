"""Certificates are read in full, and every rule that one breaks is named."""

from __future__ import annotations

from base64 import encodebytes
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import made_certificates as made
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.certificates import (
    NOT_DER,
    RULES,
    KeyUsage,
    Kind,
    chain,
    check,
    read,
)
from bench.protocols.gbcs.keys import Role

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROOT, ISSUING = read(made.root()), read(made.issuing())
ISSUERS = (ISSUING, ROOT)


def names(octets: bytes, **asked: Any) -> list[str]:
    return [broken.name for broken in check(octets, **{"issuers": ISSUERS, "at": AT, **asked})]


def test_a_device_certificate_is_read() -> None:
    found = read(made.device(serial="02020A0B"))
    assert (found.kind, found.role, found.eui64) == (Kind.DEVICE, None, made.EUI64)
    assert found.usage is KeyUsage.DIGITAL_SIGNATURE
    assert (found.serial, found.issuer.text, found.subject.text) == (0x0A0B, "OU=07, CN=I", "")
    assert found.not_before == datetime(2020, 1, 1, tzinfo=UTC)
    assert found.public_key == made.point(made.LEAF)
    with pytest.raises(FrozenInstanceError):
        found.serial = 1  # type: ignore[misc]


def test_an_organisation_and_an_authority_are_told_apart() -> None:
    found = read(made.supplier())
    assert (found.kind, found.role, found.eui64) == (Kind.ORGANISATION, Role.SUPPLIER, made.EUI64)
    assert found.usage is KeyUsage.KEY_AGREEMENT
    assert (ROOT.kind, ROOT.role, ROOT.eui64) == (Kind.AUTHORITY, Role.ROOT, None)
    assert ROOT.self_issued
    assert not ISSUING.self_issued


def test_pem_is_read_as_der_is() -> None:
    der = made.device()
    pem = b"-----BEGIN CERTIFICATE-----\n" + encodebytes(der) + b"-----END CERTIFICATE-----\n"
    assert read(pem) == read(b"a remark\r\n" + pem.replace(b"\n", b"\r\n")) == read(der)


@pytest.mark.parametrize("octets", [
    b"", b"0", b"nonsense", b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
    b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    made.device() + b"\0", made.device()[:-1], b"\x30\x80" + made.device()[4:] + b"\0\0",
    made.device(validity=made.tlv(0x30, made.tlv(0x17, b"201301000000Z"),
                                  made.tlv(0x18, b"99991231235959Z"))),
    made.device(validity=made.tlv(0x30, made.tlv(0x17, b"2001010000Z"),
                                  made.tlv(0x18, b"99991231235959Z"))),
    made.device(serial="0202000A"), made.device(serial="0200"), made.device(serial="0281010A"),
    made.device(extensions={"x": made.extension("88" + "80" * 3000 + "01", b"", False)}),
    made.device(extensions={"x": made.extension("2A83", b"", False)}),
    made.device(extensions={"usage": made.usage("03020880")}),
    made.device(extensions={"usage": made.usage("0500")}),
])
def test_what_is_no_der_is_refused_with_its_place(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"octet \d+: expected"):
        read(octets)
    assert names(octets) == [NOT_DER]


@pytest.mark.parametrize("octets", [made.device(), made.supplier(), made.issuing(), made.root()],
                         ids=["device", "organisation", "issuing", "root"])
def test_a_right_certificate_breaks_no_rule(octets: bytes) -> None:
    assert check(octets, issuers=ISSUERS, at=AT) == ()
    x509.load_der_x509_certificate(octets).extensions  # noqa: B018  another reader agrees


FINITE = made.tlv(0x30, made.tlv(0x17, b"200101000000Z"), made.tlv(0x17, b"210101000000Z"))
TWENTIETH = made.tlv(0x30, made.tlv(0x18, b"20200101000000Z"), made.tlv(0x18, b"99991231235959Z"))
BACKWARDS = made.tlv(0x30, made.tlv(0x17, b"210101000000Z"), made.tlv(0x17, b"200101000000Z"))
OFF_THE_CURVE = made.point(made.LEAF)[:-1] + b"\0"
TWICE = made.usage("03020780")
SUPPLIER_ISSUER = {"issuer": made.organisation(), "by": made.LEAF, "of": made.key(14)}

BREACHES: tuple[tuple[str, bytes, dict[str, Any]], ...] = (
    ("version", made.device(version=""), {}),
    ("version", made.device(version="A003020101"), {}),
    ("serial-not-positive", made.device(serial="020100"), {}),
    ("serial-not-positive", made.device(serial="0201FF"), {}),
    ("serial-size", made.device(serial="0211" + "7F" * 17), {}),
    ("signature-algorithm", made.device(algorithm="300A06082A8648CE3D040303"), {}),
    ("signature-algorithm", made.device(algorithm="300C06082A8648CE3D0403020500"), {}),
    ("signature-algorithm", made.device(outer_algorithm="300A06082A8648CE3D040303"), {}),
    ("curve", made.device(key="301006072A8648CE3D020106052B81040022"), {}),
    ("curve", made.device(key="300D06092A864886F70D0101010500"), {}),
    ("public-key-form", made.device(point=OFF_THE_CURVE), {}),
    ("public-key-form", made.device(point=b"\x02" + made.point(made.LEAF)[1:33]), {}),
    ("unique-identifier", made.device(unique="81020001"), {}),
    ("issuer-empty", made.device(issuer=made.name()), {"issuers": None}),
    ("time-form", made.device(validity=TWENTIETH), {}),
    ("validity-order", made.supplier(validity=BACKWARDS), {"at": None}),
    ("not-yet-valid", made.device(), {"at": datetime(2019, 12, 31, tzinfo=UTC), "issuers": None}),
    ("expired", made.supplier(validity=FINITE), {}),
    ("device-end", made.device(validity=FINITE), {"at": None}),
    ("issuer-unknown", made.device(), {"issuers": ()}),
    ("issuer-unknown", made.device(issuer=made.named("07", "J")), {}),
    ("issuer-unknown", made.device(by=made.key(99)), {}),
    ("issuer-unknown", made.root(), {"issuers": (ISSUING,)}),
    ("issuer-signature", made.device()[:-1] + bytes((made.device()[-1] ^ 1,)), {}),
    ("issuer-not-authority", made.device(**SUPPLIER_ISSUER),
     {"issuers": (*ISSUERS, read(made.supplier()))}),
    ("issuer-path", made.device(),
     {"issuers": (read(made.issuing(validity=FINITE)), ROOT)}),
    ("issuer-path", made.device(),
     {"issuers": (read(made.issuing()[:-1] + b"\0"), ROOT)}),
    ("root-unknown", made.device(), {"issuers": (ISSUING,)}),
    ("path-length", made.device(),
     {"issuers": (ISSUING, read(made.root(
         extensions={"constraints": made.constraints("0101FF020100")})))}),
    ("usage-missing", made.device(extensions={"usage": b""}), {}),
    ("usage-missing", made.device(extensions={"usage": made.usage("030100")}), {}),
    ("usage-several", made.device(extensions={"usage": made.usage("03020388")}), {}),
    ("usage-several", made.supplier(extensions={"usage": made.usage("03020388")}), {}),
    ("usage-wrong", made.device(), {"usage": KeyUsage.KEY_AGREEMENT}),
    ("usage-wrong", made.device(extensions={"usage": made.usage("03020520")}), {}),
    ("usage-wrong", made.supplier(), {"usage": KeyUsage.DIGITAL_SIGNATURE}),
    ("usage-wrong", made.issuing(extensions={"usage": made.usage("03020284")}), {}),
    ("usage-wrong", made.issuing(), {"usage": KeyUsage.DIGITAL_SIGNATURE}),
    ("authority-constraints", made.issuing(extensions={"constraints": b""}), {}),
    ("authority-constraints", made.issuing(extensions={"usage": made.usage("03020102")}), {}),
    ("criticality", made.device(extensions={
        "usage": made.extension("551D0F", bytes.fromhex("03020780"), False)}), {}),
    ("criticality", made.device(extensions={
        "subject_key": made.extension("551D0E", bytes.fromhex("0408") + read(
            made.device()).subject_key_identifier, True)}), {}),  # type: ignore[operator]
    ("unknown-critical-extension",
     made.device(extensions={"x": made.extension("2A03", b"", True)}), {}),
    ("extension-repeated", made.device(extensions={"again": TWICE}), {}),
    ("policy-missing", made.device(extensions={"policy": b""}), {}),
    ("policy-several", made.device(extensions={"policy": made.extension("551D20", made.tlv(
        0x30, "300506032A0305", "300506032A0306"), True)}), {}),
    ("subject-key-missing", made.device(extensions={"subject_key": b""}), {}),
    ("key-identifier-mismatch",
     made.device(extensions={"subject_key": made.subject_key(b"\x40" * 8)}), {}),
    ("authority-key", made.device(extensions={"authority_key": b""}), {}),
    ("authority-key", made.device(extensions={"authority_key": made.authority_key(
        ISSUING.subject_key_identifier, bytes.fromhex("820101"))}), {}),
    ("role-missing", made.supplier(subject=made.organisation("2")), {}),
    ("role-missing", made.supplier(subject=made.organisation("99")), {}),
    ("role-wrong", made.supplier(), {"role": Role.NETWORK_OPERATOR}),
    ("role-wrong", made.supplier(subject=made.organisation("00")), {}),
    ("role-wrong", made.device(), {"role": Role.SUPPLIER}),
    ("eui64-missing", made.supplier(subject=made.organisation(eui64=None)), {}),
    ("eui64-missing", made.supplier(subject=made.organisation(eui64=b"\0" * 9)), {}),
    ("eui64-missing", made.device(extensions={"name": made.hardware(b"\0" * 7)}), {}),
    ("eui64-wrong", made.device(), {"eui64": bytes(8)}),
    ("eui64-wrong", made.supplier(), {"eui64": bytes(8)}),
    ("subject-not-empty", made.device(subject=made.name(("550403", 0x0C, b"x"))), {}),
    ("san-missing", made.device(extensions={"name": b""}), {}),
    ("san-form", made.device(extensions={"name": made.hardware(made.EUI64, 2)}), {}),
    ("san-form", made.device(extensions={"name": made.extension(
        "551D11", bytes.fromhex("3003820161"), True)}), {}),
    ("public-key-wrong", made.device(), {"public_key": made.point(made.key(14))}),
)


@pytest.mark.parametrize(("name", "octets", "asked"), BREACHES,
                         ids=[f"{name}-{place}" for place, (name, _, _) in enumerate(BREACHES)])
def test_the_one_rule_that_is_broken_is_named(
    name: str, octets: bytes, asked: dict[str, Any],
) -> None:
    assert names(octets, **asked) == [name]


def test_every_rule_has_a_certificate_that_breaks_it() -> None:
    """By name and kind of certificate, as far as the row is for one kind."""
    broken = {name for name, _, _ in BREACHES}
    assert broken == {rule.name for rule in RULES}
    for rule in RULES:
        assert rule.clause
        assert rule.source in ("read", "inferred")
        assert any(read(octets).kind in rule.kinds for name, octets, _ in BREACHES
                   if name == rule.name), rule


def test_a_broken_rule_comes_with_clause_and_source() -> None:
    [found] = check(made.device(), eui64=bytes(8))
    assert (found.name, found.clause, found.source) == ("eui64-wrong", "GBCS 12", "inferred")
    assert found.found == "00DB123456789001"


def test_what_is_not_asked_is_not_checked() -> None:
    assert check(made.supplier(validity=FINITE)) == ()


def test_a_time_without_zone_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="zone"):
        check(made.device(), at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_chain_goes_from_root_to_leaf_as_far_as_it_leads() -> None:
    leaf = read(made.device())
    assert chain(leaf, ISSUERS) == (ROOT, ISSUING, leaf)
    assert chain(leaf, (ISSUING,)) == (ISSUING, leaf)
    assert chain(leaf, (ROOT,)) == (leaf,)


def test_authorities_that_issue_each_other_do_not_hang_it() -> None:
    one = read(made.certificate(made.AUTHORITY, of=made.ISSUING, by=made.ROOT,
                                issuer=made.named("07", "O"), subject=made.named("07", "I")))
    other = read(made.certificate(made.AUTHORITY, of=made.ROOT, by=made.ISSUING,
                                  issuer=made.named("07", "I"), subject=made.named("07", "O")))
    leaf = read(made.device())
    assert chain(leaf, (one, other)) == (other, one, leaf)
    assert names(made.device(), issuers=(one, other)) == ["root-unknown"]


def test_names_compare_whatever_their_string_type() -> None:
    printable = made.name(("55040B", 0x13, b"07"), ("550403", 0x13, b"i"))
    assert names(made.device(issuer=printable)) == []


def test_text_of_a_name_cannot_steer_a_terminal() -> None:
    found = read(made.device(subject=made.name(("550403", 0x0C, b"\x1b[2J"))))
    assert found.subject.text == "CN=\\u001b[2J"


@given(st.binary(max_size=200))
@example(b"\x30\x84\xff\xff\xff\xff")
def test_random_octets_are_read_or_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(octets)


@settings(max_examples=400)
@given(st.sampled_from([made.device(), made.supplier(), made.issuing()]),
       st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=3),
       st.sampled_from(["replace", "insert", "delete", "cut"]))
def test_mutated_certificates_are_refused_or_checked(
    octets: bytes, changes: list[tuple[int, int]], how: str,
) -> None:
    """Nothing but named rules comes out, and nothing passes that another verifier refuses."""
    mutated = bytearray(octets)
    for place, value in changes:
        at = place % len(mutated)
        if how == "replace":
            mutated[at] = value
        elif how == "insert":
            mutated.insert(at, value)
        elif how == "delete":
            del mutated[at]
        else:
            del mutated[max(1, at):]
    broken = check(bytes(mutated), issuers=ISSUERS, at=AT)
    if bytes(mutated) != octets and "issuer-signature" not in {one.name for one in broken}:
        try:
            witness = x509.load_der_x509_certificate(bytes(mutated))
            witness.verify_directly_issued_by(x509.load_der_x509_certificate(ISSUING.der))
        except (ValueError, TypeError, InvalidSignature):
            assert broken
