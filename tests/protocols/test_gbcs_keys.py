"""A folder of keys: read whole, or refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from protocol_parties import BROKER, DEVICE, PARTIES, SUPPLIER, make_certificate

from bench.protocols.gbcs.keys import KeyStore, KeyStoreError, Role, Usage


@pytest.fixture
def folder(tmp_path: Path, keys: KeyStore) -> Path:
    for eui64 in PARTIES:
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            certificate, private = keys.certificate(eui64, usage), keys.private_key(eui64, usage)
            assert certificate
            assert private
            name = f"{eui64.hex()}-{usage}"
            (tmp_path / f"{name}.pem").write_bytes(
                certificate.public_bytes(serialization.Encoding.PEM))
            write_private(tmp_path / f"{name}.key", private)
    (tmp_path / "README").write_text("not a key")
    return tmp_path


def write_private(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    file.chmod(0o600)


def test_a_folder_is_read_with_its_roles(folder: Path, keys: KeyStore) -> None:
    store = KeyStore.load(folder, strict=True)
    assert store.warnings == ()
    assert store.parties() == tuple(sorted(PARTIES))
    assert {eui64: store.role(eui64) for eui64 in PARTIES} == PARTIES
    assert store.of_role(Role.ACCESS_CONTROL_BROKER) == (BROKER,)
    assert store.shared_secret(BROKER, DEVICE) == keys.shared_secret(DEVICE, BROKER)
    assert store.certificate(SUPPLIER, Usage.PREPAYMENT) is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are POSIX's")
def test_a_private_key_that_others_can_read_is_refused_or_warned_of(folder: Path) -> None:
    (folder / f"{SUPPLIER.hex()}-ds.key").chmod(0o640)
    with pytest.raises(KeyStoreError, match="1 private key files can be read by group or others"):
        KeyStore.load(folder, strict=True)
    assert "can be read" in KeyStore.load(folder, strict=False).warnings[0]


def test_a_certificate_under_a_wrong_name_is_refused_or_warned_of(folder: Path) -> None:
    (folder / f"{BROKER.hex()}-ka.pem").rename(folder / "0200000000000009-ka.pem")
    with pytest.raises(KeyStoreError, match=r"0200000000000009-ka\.pem certifies 0200000000000004"):
        KeyStore.load(folder, strict=True)
    assert len(KeyStore.load(folder, strict=False).warnings) == 1


def test_a_private_key_of_another_certificate_is_refused_or_warned_of(folder: Path) -> None:
    write_private(folder / f"{BROKER.hex()}-ka.key", ec.derive_private_key(7, ec.SECP256R1()))
    with pytest.raises(KeyStoreError, match="does not belong to the certificate"):
        KeyStore.load(folder, strict=True)


@pytest.mark.parametrize(("content", "complaint"), [
    (b"", "no certificate in PEM form"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
])
def test_a_broken_certificate_is_named(folder: Path, content: bytes, complaint: str) -> None:
    file = folder / f"{DEVICE.hex()}-ds.pem"
    file.write_bytes(content)
    with pytest.raises(KeyStoreError, match=complaint) as refusal:
        KeyStore.load(folder, strict=False)
    assert str(file) in str(refusal.value)


def test_a_broken_private_key_is_named_and_not_shown(folder: Path) -> None:
    (folder / f"{DEVICE.hex()}-ds.key").write_bytes(b"secret")
    with pytest.raises(KeyStoreError, match="no private key") as refusal:
        KeyStore.load(folder, strict=False)
    assert "secret" not in str(refusal.value)


def test_a_key_on_another_curve_is_refused(folder: Path) -> None:
    write_private(folder / f"{DEVICE.hex()}-ds.key", ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(KeyStoreError, match="not a key on P-256"):
        KeyStore.load(folder, strict=False)


def test_a_folder_that_is_absent_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="absent: no such folder"):
        KeyStore.load(tmp_path / "absent", strict=False)
    with pytest.raises(KeyStoreError, match="no file named"):
        KeyStore.load(tmp_path, strict=False)


def test_a_key_that_is_replaced_gives_another_secret(keys: KeyStore) -> None:
    store = KeyStore()
    private = keys.private_key(DEVICE, Usage.KEY_AGREEMENT)
    store.add(DEVICE, Usage.KEY_AGREEMENT, private_key=private)
    assert store.shared_secret(BROKER, DEVICE) is None
    secrets = set()
    for number in (5, 6):
        key = ec.derive_private_key(number, ec.SECP256R1())
        store.add(BROKER, Usage.KEY_AGREEMENT,
                  certificate=make_certificate(BROKER, Role.ACCESS_CONTROL_BROKER, key))
        secrets.add(store.shared_secret(BROKER, DEVICE))
    assert len(secrets) == 2
    assert None not in secrets


def test_the_reference_keys_load_with_their_known_quirk(reference_keys: KeyStore) -> None:
    assert len(reference_keys.parties()) == 211
    assert reference_keys.warnings[-1] == "90b3d51f30000007-ka.pem certifies 90b3d51f30030000"
