"""``smip-bench gbcs inspect``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.cli.gbcs import command as gbcs
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.protection import Rule, protect, protect_by


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
    assert shown.exit_code == 1
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
