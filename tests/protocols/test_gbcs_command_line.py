"""``smip-bench gbcs inspect``, ``build`` and ``use-cases``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from protocol_parties import BROKER, DEVICE, SUPPLIER

from bench.cli.gbcs import command as gbcs
from bench.protocols.gbcs import payloads
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message, parse
from bench.protocols.gbcs.protection import Rule, check, protect, protect_by


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gbcs, ["inspect", *map(str, arguments)])


@pytest.fixture
def right(tmp_path: Path, keys: KeyStore, command: Callable[..., Message]) -> Path:
    file = tmp_path / "right.hex"
    file.write_text(protect(command(), keys).encode().hex(" ") + "\n")
    return file


def test_hexadecimal_text_and_octets_are_the_same(right: Path, tmp_path: Path) -> None:
    octets = tmp_path / "right.bin"
    octets.write_bytes(bytes.fromhex(right.read_text()))
    shown = inspect("--json", right, octets)
    assert shown.exit_code == 0
    first, second = (json.loads(line) for line in shown.stdout.splitlines())
    assert (first.pop("file"), second.pop("file")) == (str(right), str(octets))
    assert first == second
    assert first["use_case"] == "ECS42"
    assert first["payload"]["accesses"][0]["key"] == "9/0-0:10.0.106.255/m1"
    assert (first["signature"], first["mac"]) == ("not verifiable", "not verifiable")


def test_a_file_that_is_no_message_does_not_stop_the_others(right: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.hex").write_text("DF 0g")
    (tmp_path / "odd.hex").write_text("DF0")
    (tmp_path / "empty.hex").write_text("")
    shown = inspect(*(tmp_path / name for name in
                      ("bad.hex", "odd.hex", "empty.hex", "absent.hex", "right.hex")))
    assert shown.exit_code == 2  # one of them is not there
    assert inspect(tmp_path / "odd.hex").exit_code == 1
    bad, odd, empty, absent = shown.stderr.splitlines()
    assert bad.endswith("bad.hex: offset 4: expected a hexadecimal digit, found 'g'")
    assert odd.endswith("odd.hex: offset 3: expected another hexadecimal digit, found the end")
    assert empty.endswith("empty.hex: offset 0: expected a message, found an empty file")
    assert absent.endswith("absent.hex: No such file or directory")
    assert "ECS42" in shown.stdout


def test_a_message_that_deviates_is_shown_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "short.hex"
    file.write_text("DF0901")
    shown = inspect("--json", file)
    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["problem"] == "octet 3: expected more octets, found the end"


def test_an_unknown_message_code_is_no_error(
    tmp_path: Path, keys: KeyStore, command: Callable[..., Message]
) -> None:
    file = tmp_path / "unknown.hex"
    message = protect_by(command(message_code=0xABCD), keys, Rule(True, True))
    file.write_text(message.encode().hex())
    shown = inspect("--json", file)
    assert shown.exit_code == 0
    record = json.loads(shown.stdout)
    assert (record["use_case"], record["category"], record["rule"]) == ("ABCD", "unknown", "kept")


def test_a_broken_rule_and_a_broken_payload_are_problems(
    tmp_path: Path, keys: KeyStore, command: Callable[..., Message]
) -> None:
    file = tmp_path / "broken.hex"
    message = protect_by(command(payload=b"\xd9\0"), keys, Rule(True, False))
    file.write_text(message.encode().hex())
    shown = inspect("--json", file)
    assert shown.exit_code == 1
    record = json.loads(shown.stdout)
    assert record["rule"] == "broken"
    assert "asks for signature and MAC" in record["problem"]
    assert "payload: octet" in record["problem"]


def test_a_wrong_key_folder_is_wrong_usage(right: Path, tmp_path: Path) -> None:
    shown = inspect("--keys", tmp_path / "absent", right)
    assert shown.exit_code == 2
    assert "no such folder" in shown.stderr


def test_the_reference_data_is_shown_whole(shared: Path) -> None:
    rtds = shared / "vectors" / "rtds"
    files = sorted((rtds / "messages").glob("*/*.HEX"))
    shown = inspect("--json", "--keys", rtds / "keystore", *files)
    assert shown.exit_code == 0
    assert len(shown.stderr.splitlines()) == 1
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [record["file"] for record in records] == list(map(str, files))
    assert sum(record["signature"] == "valid" for record in records) == 207
    assert sum(record["mac"] == "valid" for record in records) == 395


def gbcs_command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gbcs, list(map(str, arguments)))


@pytest.fixture
def folder(tmp_path: Path, keys: KeyStore) -> Path:
    """The keys of the parties as files."""
    place = tmp_path / "keys"
    place.mkdir()
    for party in keys.parties():
        for usage in ("ds", "ka"):
            certificate, key = keys.certificate(party, usage), keys.private_key(party, usage)
            assert certificate is not None
            assert key is not None
            (place / f"{party.hex()}-{usage}.pem").write_bytes(
                certificate.public_bytes(serialization.Encoding.PEM))
            private = place / f"{party.hex()}-{usage}.key"
            private.write_bytes(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
            private.chmod(0o600)
    return place


def test_a_message_is_built_and_protected_as_its_category_asks(
    folder: Path, keys: KeyStore, tmp_path: Path
) -> None:
    out = tmp_path / "message.hex"
    built = gbcs_command("build", "ECS70", "--set", "from=2030-01-01T00:00:00Z", "--set",
                         "to=2030-01-02T00:00:00Z", "--as", "supplier", "--counter", "0x7B",
                         "--keys", folder, "-o", out)
    assert (built.exit_code, built.output) == (0, "")
    sent = parse(bytes.fromhex(out.read_text()))
    assert (sent.originator, sent.recipient, sent.originator_counter) == (SUPPLIER, DEVICE, 0x7B)
    assert check(sent, keys).accepted
    assert sent.payload == payloads.build(
        "ECS70", {"from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}, counter=0x7B)


@pytest.mark.parametrize(("use_case", "role", "signed", "mac"), [
    ("CS02a", "supplier", True, False), ("CS02a", "access_control_broker", False, True),
    ("CS06", "supplier", True, True), ("GCS13a", "supplier", False, True),
    ("CS02b-anyExceptAbnormalRootByRecovery", "supplier", True, False),
    ("CS02b-accessControlBrokerByACB", "access_control_broker", False, True),
])
def test_the_variants_of_the_security_use_cases_are_protected_by_their_rule(
    use_case: str, role: str, signed: bool, mac: bool, folder: Path, keys: KeyStore
) -> None:
    built = gbcs_command("build", use_case, "--as", role, "--keys", folder)
    sent = parse(bytes.fromhex(built.stdout))
    assert (bool(sent.signature), sent.mac is not None) == (signed, mac)
    assert check(sent, keys).accepted


def test_without_keys_it_is_a_pre_command_or_a_payload() -> None:
    arguments = ("build", "ECS38", "--set", "limit=300", "--counter", "1")
    payload = bytes.fromhex(gbcs_command(*arguments).stdout)
    assert payload == payloads.build("ECS38", {"limit": 300}, counter=1)
    sent = parse(bytes.fromhex(gbcs_command(
        *arguments, "--originator", SUPPLIER.hex("-"), "--recipient", DEVICE.hex()).stdout))
    assert sent.pre_command
    assert sent.payload == payload


def test_the_payload_alone_is_built_with_keys_too(folder: Path) -> None:
    built = gbcs_command("build", "CS08", "--originator", BROKER.hex(), "--keys", folder,
                         "--payload-only")
    assert built.stdout == "0500\n"


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("ECS99",), "no use case 'ECS99'"),
    (("ECS68",), "is not a command"),
    (("ECS38", "--set", "limt=3"), "no value 'limt'; it has 1/0-0:94.44.0.1/a2, limit"),
    (("ECS38", "--set", "limit=1800"), "0..1799 allowed, found 1800"),
    (("ECS38", "--set", "limit=[1"), "limit: '[1'"),
    (("ECS38", "--set", "limit=!!python/name:os.system"), "--set"),
    (("ECS38", "--set", "limit"), "NAME=VALUE is wanted"),
    (("ECS38", "--as", "supplier"), "--as needs --keys"),
    (("ECS38", "--originator", "12"), "no EUI-64"),
    (("ECS38", "--counter", "many"), "no number"),
    (("ECS38", "--keys", "/nowhere"), "no such folder"),
])
def test_a_wrong_name_or_value_is_wrong_usage_in_one_line(
    arguments: tuple[str, ...], complaint: str
) -> None:
    built = gbcs_command("build", *arguments)
    assert built.exit_code == 2
    assert complaint in built.stderr.splitlines()[-1]
    assert built.stdout == ""


def test_keys_must_hold_who_sends_and_to_whom(folder: Path) -> None:
    for arguments, complaint in ((("--as", "load_controller"), "no party in the role"),
                                 ((), "who sends it?")):
        built = gbcs_command("build", "ECS38", "--keys", folder, *arguments)
        assert built.exit_code == 2
        assert complaint in built.stderr


def test_beyond_the_limits_of_the_service_a_value_may_go_on_request() -> None:
    assert gbcs_command("build", "ECS38", "--set", "limit=1800", "--beyond-limits").exit_code == 0


def test_the_use_cases_are_listed_and_one_with_its_values_and_sources() -> None:
    listed = gbcs_command("use-cases")
    assert len(listed.stdout.splitlines()) == 240
    assert "0062  ECS70" in listed.stdout
    one = gbcs_command("use-cases", "ECS38").stdout
    assert "SMETS 5.7.4.33" in " ".join(one.split())
    assert "or limit  long-unsigned 0..65535" in one
    security = gbcs_command("use-cases", "0102").stdout
    assert security.startswith("CS02b-supplierBySupplier\n")
    assert "future dateable    yes  [RTDS]" in security
    assert "[RTDS] DCC reference test data set" in security
    assert gbcs_command("use-cases", "ECS68").stdout.endswith("values: none\n")
    assert gbcs_command("use-cases", "ECS99").exit_code == 2


def test_an_explained_message_has_its_values_by_name(
    tmp_path: Path, keys: KeyStore, command: Callable[..., Message]
) -> None:
    file = tmp_path / "set.hex"
    sent = protect(command(message_code=0x4B, payload=payloads.build("ECS38", {"limit": 300})),
                   keys)
    file.write_text(sent.encode().hex())
    source = ("RandomisedOffsetLimit: value", "SMETS 5.7.4.33 / 9.6.2.6")
    assert f"1/0-0:94.44.0.1/a2  300 s  {' '.join(source)}" in inspect("--explain", file).stdout
    explained = json.loads(inspect("--explain", "--json", file).stdout)["explained"]
    assert explained == {
        "result": "none", "codes": {}, "alert": None, "misfits": [],
        "encrypted": False, "decrypted": False,
        "values": [{"name": "1/0-0:94.44.0.1/a2", "value": 300, "unit": "s", "item": source[0],
                    "clauses": source[1]}]}
    file.write_text("DF0901")
    assert json.loads(inspect("--explain", "--json", file).stdout)["explained"] is None
