"""Keys that may sign, and keys that are trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from bundled_runs import Laboratory, no_password, write_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from bench.bundle import KeyFileError, read_signer, read_trust, verify_bundle

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lab.key"


def certificate(file: Path) -> Path:
    """Write a certificate of 2026 for the private key in ``file``."""
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anytown")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, START, START + 364 * DAY).sign(key, hashes.SHA256())
    path = file.with_suffix(".pem")
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize("kind", [
    lambda: ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate])
def test_both_kinds_of_key_sign_and_are_named_by_the_hash_of_their_public_half(
    lab: Laboratory, file: Path, kind: object,
) -> None:
    signer = read_signer(write_key(file, kind()), no_password)  # type: ignore[operator]
    public = load_pem_public_key(file.with_suffix(".pem").read_bytes())
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert signer.public_key.keyid == sha256(der).hexdigest()
    found = lab.create("own.zip", signer)
    assert found.keyid == signer.public_key.keyid
    trust = read_trust([file.with_suffix(".pem")])
    assert verify_bundle(lab.folder / "own.zip", trust, datetime(2026, 4, 1, tzinfo=UTC)).sound


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666])
def test_a_key_that_others_can_reach_is_refused(file: Path, mode: int) -> None:
    write_key(file).chmod(mode)
    with pytest.raises(KeyFileError, match="group or others can reach"):
        read_signer(file, no_password)


def test_an_encrypted_key_asks_for_its_password_once_and_does_not_repeat_it(file: Path) -> None:
    write_key(file, password=b"right")
    asked = []

    def password() -> str:
        asked.append(1)
        return "right" if len(asked) == 1 else "wrong"

    read_signer(file, password)
    assert len(asked) == 1
    with pytest.raises(KeyFileError, match="or another password") as refused:
        read_signer(file, password)
    assert "wrong" not in str(refused.value)
    with pytest.raises(KeyFileError):
        read_signer(file, lambda: "")


@pytest.mark.parametrize("key", [
    lambda: ec.generate_private_key(ec.SECP384R1()),
    lambda: rsa.generate_private_key(65537, 2048)])
def test_keys_of_other_kinds_are_refused(file: Path, key: object) -> None:
    write_key(file, key())  # type: ignore[operator]
    with pytest.raises(KeyFileError, match="expected a key on P-256 or an Ed25519 key"):
        read_signer(file, no_password)
    with pytest.raises(KeyFileError, match="expected a key on P-256 or an Ed25519 key"):
        read_trust([file.with_suffix(".pem")])


def test_what_is_no_key_is_refused(file: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        read_signer(file, no_password)
    file.touch(0o600)
    with pytest.raises(KeyFileError, match="no private key in PEM form"):
        read_signer(file, no_password)


def test_a_private_key_is_nothing_to_trust(file: Path) -> None:
    with pytest.raises(KeyFileError, match="no certificate and no public key"):
        read_trust([write_key(file)])


def test_a_certificate_brings_its_name_and_validity(file: Path) -> None:
    signer = read_signer(write_key(file), no_password)
    found = read_trust([certificate(file)]).get(signer.public_key.keyid)
    assert found is not None
    assert (found.name, found.not_before, found.not_after) == \
        ("CN=Anytown", START, START + 364 * DAY)
    assert found.objection(START) == ""
    assert "expired" in found.objection(START + 365 * DAY)


def test_a_file_beside_narrows_the_validity_and_never_widens_it(file: Path) -> None:
    signer = read_signer(write_key(file), no_password)
    beside = certificate(file).with_suffix(".yaml")
    beside.write_text("name: The Lab\nnot_before: 2020-01-01\nnot_after: 2026-06-30\n")
    found = read_trust([file.parent]).get(signer.public_key.keyid)
    assert found is not None
    assert (found.name, found.not_before) == ("The Lab", START)
    assert found.objection(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)) == ""
    assert "expired" in found.objection(datetime(2026, 7, 1, tzinfo=UTC))


def test_a_revoked_key_is_never_believed(file: Path) -> None:
    signer = read_signer(write_key(file), no_password)
    file.with_suffix(".yaml").write_text("revoked: stolen\n")
    found = read_trust([file.with_suffix(".pem")]).get(signer.public_key.keyid)
    assert found is not None
    assert found.objection(START) == "the key of lab was revoked: stolen"


@pytest.mark.parametrize(("text", "told"), [
    ("until: 2026-01-01", "until: Extra inputs"), ("not_after: soon", "not_after"),
    ("{", "is not YAML"), ("[]", "valid dictionary"),
    ("not_after: 2026-01-01T00:00:00", "has no time zone"),
])
def test_a_mistake_beside_a_key_is_told(file: Path, text: str, told: str) -> None:
    write_key(file)
    file.with_suffix(".yaml").write_text(text)
    with pytest.raises(KeyFileError, match=r"lab\.yaml") as refused:
        read_trust([file.with_suffix(".pem")])
    assert told in str(refused.value)


def test_a_folder_without_a_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"no \*\.pem file"):
        read_trust([tmp_path])


def test_a_validity_that_would_be_passed_over_is_told(file: Path) -> None:
    write_key(file)
    for name, told in (("lab.yml", "call it lab.yaml"), ("lap.yaml", "no lap.pem")):
        beside = file.with_name(name)
        beside.write_text("revoked: stolen")
        with pytest.raises(KeyFileError, match=told):
            read_trust([file.parent])
        beside.unlink()


def test_a_key_that_is_there_twice_must_be_the_same_twice(file: Path) -> None:
    write_key(file)
    pem = file.with_suffix(".pem")
    assert len(read_trust([file.parent, pem])) == 1
    pem.with_name("other.pem").write_bytes(pem.read_bytes())
    pem.with_name("other.yaml").write_text("revoked: stolen")
    with pytest.raises(KeyFileError, match="the same key is trusted twice"):
        read_trust([file.parent])
