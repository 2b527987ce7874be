"""The test PKI issues right certificates, and certificates that are wrong in one named way."""

from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import RemoteProtocolError, RigError
from bench.protocols.gbcs.certificates import RULES, Certificate, KeyUsage, Kind, check, read
from bench.protocols.gbcs.keys import KeyStore, Role, Usage
from devices import pki
from devices.pki_certificates import point

AT = datetime(2026, 1, 1, tzinfo=UTC)
USAGES = {"ds": KeyUsage.DIGITAL_SIGNATURE, "ka": KeyUsage.KEY_AGREEMENT}
KEY = ec.derive_private_key(77, ec.SECP256R1())
ELSEWHERE = bytes.fromhex("0200000000ABCDEF")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki") / "keys"
    pki.init(made, seed="issuing")
    return made


@pytest.fixture(scope="module")
def authorities(folder: Path) -> tuple[Certificate, ...]:
    return pki.read_authorities(folder / pki.AUTHORITIES)


def test_every_certificate_of_the_pki_keeps_every_rule(
    folder: Path, authorities: tuple[Certificate, ...],
) -> None:
    files = [path for path in folder.rglob("*.pem") if pki.UNTRUSTED not in path.parts]
    assert len(files) == 4 + 2 * 2 * len(pki.PARTIES) + 2
    for path in files:
        assert check(path.read_bytes(), issuers=authorities, at=AT) == (), path


def test_nobody_trusts_the_other_pki(folder: Path, authorities: tuple[Certificate, ...]) -> None:
    for found in pki.read_authorities(folder / pki.UNTRUSTED):
        assert [one.name for one in check(found, issuers=authorities)] == ["issuer-unknown"]


def test_every_organisation_has_a_renewed_pair(folder: Path) -> None:
    held = KeyStore.load(folder, strict=True)
    renewed = KeyStore.load(folder / pki.RENEWED, strict=True)
    assert set(renewed.parties()) == {party.eui64 for party in pki.PARTIES}
    for party in pki.PARTIES:
        assert renewed.role(party.eui64) == party.role
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            one, other = (keys.public_key(party.eui64, usage) for keys in (held, renewed))
            assert one is not None
            assert one != other


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_all_keys_are_the_owners_alone(folder: Path) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*.key")} == {0o600}
    folders = [path for path in folder.rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_seed_gives_the_same_octets_of_everything(folder: Path, tmp_path: Path) -> None:
    pki.init(tmp_path / "again", seed="issuing")
    again = tmp_path / "again"
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(folder)).read_bytes(), path
    issued = [pki.issue_organisation(place, "supplier", "ds", seed="x")[0]
              for place in (folder, again)]
    assert issued[0] == issued[1] != pki.issue_organisation(folder, "supplier", "ds", seed="y")[0]
    csr = pki.request(KEY, ELSEWHERE, "ds")
    assert pki.issue_device(folder, csr, seed="x") == pki.issue_device(again, csr, seed="x")


@pytest.mark.parametrize("usage", ["ds", "ka"])
def test_a_device_request_becomes_its_certificate(
    folder: Path, authorities: tuple[Certificate, ...], usage: str,
) -> None:
    der = pki.issue_device(folder, pki.request(KEY, ELSEWHERE, usage))
    assert check(der, issuers=authorities, at=AT, eui64=ELSEWHERE, usage=USAGES[usage],
                 public_key=point(KEY.public_key())) == ()
    assert read(der).kind is Kind.DEVICE
    issuing = folder / pki.AUTHORITIES / "issuing-authority.pem"
    x509.load_der_x509_certificate(der).verify_directly_issued_by(
        x509.load_pem_x509_certificate(issuing.read_bytes()))


def test_what_is_given_stands_above_what_the_request_states(folder: Path) -> None:
    start = datetime(2024, 2, 29, tzinfo=UTC)
    found = read(pki.issue_device(folder, pki.request(KEY, ELSEWHERE, "ds"), bytes(8), usage="ka",
                                  serial=5, not_before=start))
    assert (found.eui64, found.usage, found.serial, found.not_before) == (
        bytes(8), KeyUsage.KEY_AGREEMENT, 5, start)


def test_a_request_has_the_form_of_the_reference_test_data(shared: Path) -> None:
    folder = shared / "vectors/rtds/messages/6.17_CS02c"
    octets = bytes.fromhex((folder / "CS02c_6.17_SUCCESS_RESPONSE_GBCS.HEX").read_text())
    begin = octets.index(bytes.fromhex("30820113 3081BA"))
    theirs = x509.load_der_x509_csr(octets[begin:begin + 279])
    ours = x509.load_der_x509_csr(pki.request(KEY, bytes.fromhex("00DB1234567890A0"), "ds"))
    keys = [csr.public_key().public_bytes(serialization.Encoding.DER,
                                          serialization.PublicFormat.SubjectPublicKeyInfo)
            for csr in (theirs, ours)]
    assert theirs.tbs_certrequest_bytes.replace(keys[0], keys[1]) == ours.tbs_certrequest_bytes


def test_the_request_of_the_reference_test_data_gets_a_certificate(
    shared: Path, folder: Path,
) -> None:
    path = shared / "vectors/rtds/messages/6.17_CS02c/CS02c_6.17_SUCCESS_RESPONSE_GBCS.HEX"
    octets = bytes.fromhex(path.read_text())
    begin = octets.index(bytes.fromhex("30820113 3081BA"))
    found = read(pki.issue_device(folder, octets[begin:begin + 279]))
    assert found.eui64 == bytes.fromhex("00DB1234567890A0")
    assert found.usage is KeyUsage.DIGITAL_SIGNATURE


def test_an_organisation_gets_a_new_certificate_and_its_key(
    folder: Path, authorities: tuple[Certificate, ...],
) -> None:
    for party in pki.PARTIES:
        for asked in (party.name, party.eui64):
            der, key = pki.issue_organisation(folder, asked, "ka")
            assert check(der, issuers=authorities, at=AT, role=Role(party.role),
                         eui64=party.eui64, usage=KeyUsage.KEY_AGREEMENT,
                         public_key=point(key.public_key())) == ()
    der, _ = pki.issue_organisation(folder, ELSEWHERE, "ds", role=Role.NETWORK_OPERATOR)
    assert check(der, issuers=authorities, at=AT, role=Role.NETWORK_OPERATOR,
                 eui64=ELSEWHERE, usage=KeyUsage.DIGITAL_SIGNATURE) == ()


CASES = [(name, of_device, usage) for name, flaw in pki.FLAWS.items()
         for of_device, there in ((True, flaw.device), (False, flaw.organisation)) if there
         for usage in USAGES]


@pytest.mark.parametrize(("name", "of_device", "usage"), CASES)
def test_each_flaw_breaks_its_one_rule(
    folder: Path, authorities: tuple[Certificate, ...], name: str, of_device: bool, usage: str,
) -> None:
    role = None if of_device else Role.SUPPLIER
    if of_device:
        key, eui64 = KEY, ELSEWHERE
        der = pki.issue_device(folder, pki.request(key, eui64, usage), flaw=name, seed="f")
    else:
        eui64 = pki.read_parties(folder)["supplier"]
        der, key = pki.issue_organisation(folder, "supplier", usage, name, seed="f")
    broken = check(der, issuers=authorities, at=AT, role=role, eui64=eui64, usage=USAGES[usage],
                   public_key=point(key.public_key()))
    assert [one.name for one in broken] == [pki.FLAWS[name].breaks]


@pytest.mark.parametrize("party", [party.name for party in pki.PARTIES])
def test_the_wrong_role_is_wrong_for_every_party(folder: Path, party: str) -> None:
    [known] = [one for one in pki.PARTIES if one.name == party]
    der, _ = pki.issue_organisation(folder, party, "ds", "wrong-role")
    assert [one.name for one in check(der, role=Role(known.role))] == ["role-wrong"]


def test_flaws_name_rules_that_there_are() -> None:
    assert {flaw.breaks for flaw in pki.FLAWS.values()} <= {
        "not-der", *(rule.name for rule in RULES)}
    assert all(flaw.text for flaw in pki.FLAWS.values())


def test_what_cannot_be_issued_is_said_in_one_line(folder: Path, tmp_path: Path) -> None:
    csr = pki.request(KEY, ELSEWHERE, "ds")
    with pytest.raises(RigError, match="no flaw 'odd' of a device certificate; there are: not-yet"):
        pki.issue_device(folder, csr, flaw="odd")
    with pytest.raises(RigError, match="no flaw 'expired' of a device"):
        pki.issue_device(folder, csr, flaw="expired")
    with pytest.raises(RigError, match="no party 'nobody'"):
        pki.issue_organisation(folder, "nobody", "ds")
    with pytest.raises(RigError, match="or an EUI-64 with its role"):
        pki.issue_organisation(folder, ELSEWHERE, "ds")
    with pytest.raises(RigError, match="expected ds or ka"):
        pki.issue_organisation(folder, "supplier", "both")
    with pytest.raises(RigError, match=r"issuing-authority.*pki init"):
        pki.issue_device(tmp_path, csr)


def test_a_wrong_request_is_the_devices_fault(folder: Path) -> None:
    good = pki.request(KEY, ELSEWHERE, "ds")
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    other_curve = ec.derive_private_key(5, ec.SECP384R1())
    plain, p384 = (builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
                   for key in (KEY, other_curve))
    by_rsa = builder.sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    for csr, text in ((b"", "certification request"), (good[:-1], "certification request"),
                      (good[:-1] + bytes((good[-1] ^ 1,)), "signed by its own key"),
                      (plain, "neither in it nor given"), (p384, "P-256"),
                      (by_rsa.public_bytes(serialization.Encoding.DER), "P-256")):
        with pytest.raises(RemoteProtocolError, match=text):
            pki.issue_device(folder, csr)
    with pytest.raises(RemoteProtocolError, match="no key usage"):
        pki.issue_device(folder, plain, ELSEWHERE)
    with pytest.raises(RemoteProtocolError, match="no EUI-64"):
        pki.issue_device(folder, plain, usage="ds")
    assert read(pki.issue_device(folder, plain, ELSEWHERE, usage="ds")).eui64 == ELSEWHERE


GOOD = pki.request(KEY, ELSEWHERE, "ds")


@settings(max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_mutated_requests_are_refused_or_signed(
    folder: Path, place: int, put: bytes, taken: int,
) -> None:
    csr = GOOD[:place] + put + GOOD[place + taken:]
    if csr != GOOD:
        with pytest.raises(RemoteProtocolError):
            pki.issue_device(folder, csr)


@pytest.mark.parametrize(("content", "text"), [
    (None, "holds no certificate"), (b"x", r"one\.pem: octet 0: expected one certificate"),
])
def test_a_folder_without_authorities_is_refused(
    tmp_path: Path, content: bytes | None, text: str,
) -> None:
    if content is not None:
        (tmp_path / "one.pem").write_bytes(content)
    with pytest.raises(RigError, match=text):
        pki.read_authorities(tmp_path)
    with pytest.raises(RigError, match="cannot be read"):
        pki.read_authorities(tmp_path / "absent")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    from bench.cli import main
    monkeypatch.setattr(sys, "argv", ["smip-bench", "pki", "check", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_says_what_each_certificate_is_and_breaks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = folder / f"{pki.read_parties(folder)['supplier'].hex()}-ds.pem"
    options = ("--authorities", folder / pki.AUTHORITIES, "--at", "2026-01-01")
    assert command(monkeypatch, good, *options) == 0
    shown = capsys.readouterr().out
    assert "organisation certificate, supplier, 0200000000000002, digital signature" in shown
    assert "1 of 1 certificates keep every rule" in shown
    old = tmp_path / "old.der"
    old.write_bytes(pki.issue_organisation(folder, "supplier", "ds", "expired")[0])
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x1b[2J")
    assert command(monkeypatch, good, old, junk, *options) == 1
    shown = capsys.readouterr().out
    assert "  expired (RFC 5280 6.1.3): ended 2015-12-31" in shown
    assert "  not-der (X.690 10; RFC 5280 4.1): octet 0: expected one certificate" in shown
    assert "1 of 3 certificates keep every rule" in shown
    assert "\x1b" not in shown
    assert command(monkeypatch, old) == 0
    assert "validity not checked, no --at" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("absent.pem",), (), ("{good}", "--at", "soon"),
                                       ("{good}", "--authorities", "absent"),
                                       ("{good}", "--authorities", "{empty}")])
def test_the_command_says_what_is_wrong_with_its_input(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...],
) -> None:
    good = folder / f"{pki.DEVICE_EUI64.hex()}-ds.pem"
    named = [text.format(good=good, empty=tmp_path) for text in arguments]
    assert command(monkeypatch, *named) == 2
    assert len([line for line in capsys.readouterr().err.splitlines()
                if line.startswith(("Error", "smip-bench:"))]) == 1
