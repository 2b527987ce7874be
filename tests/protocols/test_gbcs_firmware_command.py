"""``smip-bench firmware``."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from protocol_parties import OPERATOR, SUPPLIER

from bench.cli.firmware import command as firmware_command
from bench.protocols.gbcs import firmware
from bench.protocols.gbcs.keys import KeyStore, Usage

PLAIN = bytes(range(256)) * 4
HASH = hashlib.sha256(PLAIN).hexdigest().upper()
FIELDS = {"manufacturer-code": "0x10C7", "image-type": "1", "file-version": "0x01020304",
          "min-hardware": "0x0100", "max-hardware": "0x01FF"}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(firmware_command, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path, keys: KeyStore) -> Path:
    """A manufacturer image, the supplier's key and two certificates."""
    (tmp_path / "plain.bin").write_bytes(PLAIN)
    private = keys.private_key(SUPPLIER, Usage.DIGITAL_SIGNATURE)
    assert private
    (tmp_path / "supplier.key").write_bytes(private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (tmp_path / "supplier.key").chmod(0o600)
    for name, party in (("supplier", SUPPLIER), ("operator", OPERATOR)):
        certificate = keys.certificate(party, Usage.DIGITAL_SIGNATURE)
        assert certificate
        (tmp_path / f"{name}.pem").write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM))
    return tmp_path


def build(folder: Path, *more: str | Path, **fields: str) -> Result:
    given = FIELDS | {name.replace("_", "-"): value for name, value in fields.items()}
    options = [part for name, value in given.items() for part in (f"--{name}", value)]
    return run("build", folder / "plain.bin", *options, "--key", folder / "supplier.key",
               "-o", folder / "new.zigbee", *more)


def inspect(folder: Path, *more: str | Path) -> Result:
    return run("inspect", folder / "new.zigbee", "--certificate", folder / "supplier.pem", *more)


def test_what_is_built_is_inspected_as_valid(folder: Path) -> None:
    built = build(folder, "--string", "EM 4.2")
    assert built.exit_code == 0, built.output
    assert f"1150 octets, manufacturer image hash {HASH}" in built.stdout
    shown = inspect(folder, "--json")
    assert shown.exit_code == 0, shown.output
    record = json.loads(shown.stdout)
    octets = record.pop("signature_octets")
    assert len(octets) == 128
    assert record == {
        "file": str(folder / "new.zigbee"), "manufacturer_code": "10C7", "image_type": "0001",
        "file_version": "01020304", "header_string": "EM 4.2", "total_image_size": 1150,
        "minimum_hardware": "0100", "maximum_hardware": "01FF",
        "manufacturer_image_size": 1024, "manufacturer_image_hash": HASH, "force_replace": 0,
        "signature": "valid", "signer": SUPPLIER.hex().upper(), "problem": ""}


def test_the_text_form_says_the_same(folder: Path) -> None:
    assert build(folder).exit_code == 0
    shown = run("inspect", folder / "new.zigbee")
    assert shown.exit_code == 0
    assert "signature                  not verified" in shown.stdout
    assert f"manufacturer image hash    {HASH}" in shown.stdout
    assert "header string              none" in shown.stdout


def test_sub_elements_and_optional_fields_are_shown(folder: Path, keys: KeyStore) -> None:
    private = keys.private_key(SUPPLIER, Usage.DIGITAL_SIGNATURE)
    assert private
    header = firmware.OtaHeader(1, 2, 3, 4, 5, b"\xe9".ljust(32, b"\0"), 3, bytes(range(8)))
    octets = firmware.build(PLAIN, header, private)
    wrapped = octets[:69] + bytes(2) + (1090).to_bytes(4, "little") + octets[69:]
    (folder / "new.zigbee").write_bytes(
        wrapped[:52] + len(wrapped).to_bytes(4, "little") + wrapped[56:])
    shown = inspect(folder, "--json")
    assert shown.exit_code == 0, shown.output
    record = json.loads(shown.stdout)
    assert record["sub_elements"] == "0000 (1090)"
    assert (record["credential_version"], record["destination"]) == (3, "0001020304050607")
    assert record["header_string"] == "E9"


def test_a_signature_of_another_party_is_told(folder: Path) -> None:
    assert build(folder).exit_code == 0
    shown = run("inspect", folder / "new.zigbee", "--certificate", folder / "operator.pem")
    assert shown.exit_code == 1
    assert f"the signature is not that of {OPERATOR.hex().upper()}" in shown.stdout


def test_an_altered_manufacturer_image_is_told(folder: Path) -> None:
    assert build(folder).exit_code == 0
    octets = bytearray((folder / "new.zigbee").read_bytes())
    octets[500] ^= 1
    (folder / "new.zigbee").write_bytes(octets)
    shown = inspect(folder)
    assert shown.exit_code == 1
    assert "signature                  invalid" in shown.stdout


@pytest.mark.parametrize(("spoil", "complaint"), [
    (lambda octets: b"", "octet 0: expected the OTA upgrade file identifier 1EF1EE0B, found an "
                         "empty file"),
    (lambda octets: octets[:-1], "octet 52: expected total image size 1149"),
    (lambda octets: octets[:52] + b"\0" + octets[53:], "octet 52: expected total image size 1150"),
    (lambda octets: octets[:4] + octets, "octet 4: expected header version 0100"),
    (lambda octets: octets[:52] + (1210).to_bytes(4, "little") + octets[56:60] + octets,
     "octet 60: expected a manufacturer image, found a second OTA header"),
], ids=["empty", "truncated", "size", "magic number twice", "header twice"])
def test_what_is_no_image_is_told_by_octet(
    folder: Path, spoil: Callable[[bytes], bytes], complaint: str
) -> None:
    assert build(folder).exit_code == 0
    file = folder / "new.zigbee"
    file.write_bytes(spoil(file.read_bytes()))
    for shown in (inspect(folder), inspect(folder, "--json")):
        assert shown.exit_code == 1
        assert complaint in shown.stdout
        assert shown.stderr == ""


@pytest.mark.parametrize(("fields", "complaint"), [
    ({"image_type": "0xFFC0"}, "image type: 0 to FFBF"),
    ({"manufacturer_code": "meter"}, "'meter' is no number"),
    ({"min_hardware": "0x200"}, "not 0200 to 01FF"),
    ({"string": "x" * 33}, "up to 32 ASCII characters"),
    ({"force_replace": "256"}, "force replace: 0 to 255"),
])
def test_wrong_fields_are_wrong_usage(
    folder: Path, fields: dict[str, str], complaint: str
) -> None:
    built = build(folder, **fields)
    assert built.exit_code == 2
    assert complaint in built.stderr
    assert not (folder / "new.zigbee").exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are POSIX's")
def test_a_key_that_others_can_read_is_not_used(folder: Path) -> None:
    (folder / "supplier.key").chmod(0o640)
    built = build(folder)
    assert built.exit_code == 2
    assert "a private key that group or others can read" in built.stderr
    assert not (folder / "new.zigbee").exists()


def test_an_image_is_not_put_into_an_image_nor_over_itself(folder: Path) -> None:
    assert build(folder).exit_code == 0
    (folder / "plain.bin").write_bytes((folder / "new.zigbee").read_bytes())
    again = build(folder)
    assert again.exit_code == 2
    assert "an OTA image already" in again.stderr
    (folder / "plain.bin").write_bytes(PLAIN)
    over = build(folder, "-o", folder / "plain.bin")
    assert over.exit_code == 2
    assert (folder / "plain.bin").read_bytes() == PLAIN
    (folder / "plain.bin").write_bytes(b"")
    assert "is empty" in build(folder).stderr
    absent = build(folder, "-o", folder / "absent" / "new.zigbee")
    assert absent.exit_code == 2


def test_files_that_cannot_be_used_are_wrong_usage(folder: Path) -> None:
    assert build(folder).exit_code == 0
    image = folder / "new.zigbee"
    assert run("inspect", folder / "absent").exit_code == 2
    shown = run("inspect", image, "--certificate", folder / "plain.bin")
    assert (shown.exit_code, "no certificate in PEM form" in shown.stderr) == (2, True)
    shown = run("inspect", image, "--certificate", folder / "supplier.key")
    assert (shown.exit_code, "no certificate in PEM form" in shown.stderr) == (2, True)


def test_a_certificate_that_is_not_for_signatures_is_refused(folder: Path, shared: Path) -> None:
    assert build(folder).exit_code == 0
    keystore = shared / "vectors" / "rtds" / "keystore"
    shown = run("inspect", folder / "new.zigbee", "--certificate",
                keystore / "90b3d51f30010000-pp-ka.pem")
    assert (shown.exit_code, "not for digital signatures" in shown.stderr) == (2, True)
    shown = run("inspect", folder / "new.zigbee", "--certificate",
                keystore / "90b3d51f30010000-ds.pem")
    assert (shown.exit_code, "not that of 90B3D51F30010000" in shown.stdout) == (1, True)
