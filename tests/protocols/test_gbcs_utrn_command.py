"""``smip-bench utrn``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from protocol_parties import DEVICE, SUPPLIER, make_certificate

from bench.cli.utrn import command as utrn_command
from bench.protocols.gbcs.keys import Role

MAKER = ["--originator", SUPPLIER.hex(), "--target", DEVICE.hex("-").upper()]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(utrn_command, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The supplier's prepayment key and the meter's certificate."""
    top_up, meter = (ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12))
    for name, eui64, role, key in (("pp-ka", SUPPLIER, Role.SUPPLIER, top_up),
                                   ("ka", DEVICE, None, meter)):
        stem = tmp_path / f"{eui64.hex()}-{name}"
        certificate = make_certificate(eui64, role, key)
        stem.with_suffix(".pem").write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM))
    private = tmp_path / f"{SUPPLIER.hex()}-pp-ka.key"
    private.write_bytes(top_up.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    private.chmod(0o600)
    return tmp_path


@pytest.mark.parametrize(("option", "value", "value_class"), [
    ("--pence", "1250", "pence"), ("--pounds", "20", "pounds"), ("--pounds", "0", "pounds")])
def test_a_built_token_is_checked_as_authentic(
    folder: Path, option: str, value: str, value_class: str
) -> None:
    built = run("build", "--keys", folder, *MAKER, "--counter", "0x500000000", option, value)
    assert built.exit_code == 0, built.output
    digits = built.stdout.strip()
    assert len(digits) == 20
    for counter in ([], ["--counter", str(5 << 32)]):
        shown = run("check", digits, "--keys", folder, *MAKER, "--json", *counter)
        assert shown.exit_code == 0, shown.output
        record = json.loads(shown.stdout)
        assert len(record.pop("mac")) == 8
        assert record == {"utrn": digits, "value_class": value_class, "value": int(value),
                          "truncated_counter": 5, "authentic": "valid", "problem": ""}
    other = run("check", digits, "--keys", folder, *MAKER, "--counter", str(6 << 32))
    assert other.exit_code == 1
    assert "authentic                  invalid" in other.stdout
    assert "problem                    not made by this originator" in other.stdout


@pytest.mark.parametrize("digits", [
    ["7394 3333 4571 8904 3313"], ["7394", "3333", "4571", "8904", "3313"],
    ["7394-3333-4571-8904-3313"]])
def test_a_token_in_groups_is_read_without_keys(digits: list[str]) -> None:
    shown = run("check", *digits)
    assert shown.exit_code == 0
    assert "value                      100\n" in shown.stdout
    assert "authentic                  not verified\n" in shown.stdout


def test_a_wrong_check_digit_is_told() -> None:
    shown = run("check", "73943333457189043314")
    assert shown.exit_code == 1
    assert "octet 19: expected check digit 3, found 4" in shown.stdout


def test_the_published_token_comes_out_of_the_reference_keys(
    tmp_path: Path, shared: Path
) -> None:
    keystore = shared / "vectors" / "rtds" / "keystore"
    for name in ("90b3d51f30010000-pp-ka.key", "90b3d51f30010000-pp-ka.pem",
                 "00db1234567890a0-ka.pem"):
        shutil.copyfile(keystore / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
    built = run("build", "--keys", tmp_path, "--originator", "90-B3-D5-1F-30-01-00-00",
                "--target", "00DB1234567890A0", "--counter", "0x100000000", "--pounds", "100")
    assert (built.exit_code, built.stdout) == (0, "73943333457189043313\n")


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["build", *MAKER, "--counter", "0"], "one of --pence and --pounds"),
    (["build", *MAKER, "--counter", "0", "--pence", "1", "--pounds", "1"], "one of --pence"),
    (["build", "--counter", "0", "--pence", "1"], "--keys, --originator and --target are needed"),
    (["build", *MAKER, "--counter", "0", "--pence", "1"], "go together"),
    (["build", *MAKER, "--counter", "0", "--pence", "8192"], "0<=x<=8191"),
    (["build", *MAKER, "--counter", "soon", "--pence", "1"], "'soon' is no number"),
    (["check", "1", "--originator", "90B3"], "'90B3' is no EUI-64"),
    (["check", "1", "--originator", SUPPLIER.hex()], "go together"),
])
def test_wrong_usage_is_told(arguments: list[str], complaint: str) -> None:
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert complaint in shown.stderr


def test_keys_and_counters_that_will_not_do_are_wrong_usage(folder: Path) -> None:
    arguments: list[str | Path] = ["build", "--keys", folder, *MAKER, "--pence", "1",
                                   "--counter"]
    shown = run(*arguments, "1000")
    assert (shown.exit_code, "lower 32 bits" in shown.stderr) == (2, True)
    check: list[str | Path] = ["check", "73943333457189043313", "--keys", folder, *MAKER]
    assert run(*check, "--counter", "1").exit_code == 2
    assert run("check", "1", "--keys", folder / "absent", *MAKER).exit_code == 2
    key = folder / f"{SUPPLIER.hex()}-pp-ka.key"
    key.chmod(0o644)
    shown = run(*arguments, "0")
    assert (shown.exit_code, "can be read by group or others" in shown.stderr) == (2, True)
    key.unlink()
    shown = run(*arguments, "0")
    assert (shown.exit_code, "the private key of one of them" in shown.stderr) == (2, True)
