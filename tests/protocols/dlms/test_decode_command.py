"""``smip-bench dlms decode``: text, files, captures and ledgers, on the command line."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.cli import cli
from bench.ledger import Ledger
from bench.ledger.capture import write_capture
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms import apdu, wrapper
from bench.protocols.dlms.security.protection import BOTH
from bench.protocols.dlms.security.securing import Security
from bench.records.answers import Answers
from bench.records.event import Event
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from devices import dlms_keys

CLOCK = Attribute(8, obis.parse("0-0:1.0.0.255"), 2)
REQUEST = wrapper.encode(16, 1, apdu.GetRequestNormal(0xC1, CLOCK).encode())
RESPONSE = wrapper.encode(1, 16, apdu.GetResponseNormal(0xC1, Data(
    Tag.OCTET_STRING, bytes.fromhex("07EA0B1D070A1E0F00FFC400"))).encode())
SUMMARIES = ["16 to 1: get-request-normal, 8/0-0:1.0.0.255/a2 (Clock: clock, time)",
             "1 to 16: get-response-normal, 8/0-0:1.0.0.255/a2 (Clock: clock, time) = "
             "Sun 2026-11-29 10:30:15.00 UTC+01:00"]


def decode(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["dlms", "decode", *arguments])


def records(*arguments: str) -> list[Mapping[str, Any]]:
    done = decode(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.output.splitlines()]


def test_a_message_in_hexadecimal_is_told_field_by_field() -> None:
    done = decode(REQUEST.hex())
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "message", f"  {SUMMARIES[0]}",
        "     0 +21   wrapped APDU",
        "     0 +2      version: 0001",
        "     2 +2      source: 16",
        "     4 +2      destination: 1",
        "     6 +2      length: 13",
        "     8 +13     APDU",
        "     8 +2        tag: C001 get-request-normal",
        "    10 +1        invoke-id-and-priority: C1 id 1, confirmed, high priority",
        "    11 +9        attribute: 8/0-0:1.0.0.255/a2 (Clock: clock, time)",
        "    20 +1        selection: none", ""]


def test_an_error_stands_at_its_octet_and_makes_the_exit_status_1() -> None:
    done = decode(REQUEST[:-1].hex())
    assert done.exit_code == 1
    assert "! expected a length of at most 12, what follows, found 13" in done.output


def test_a_log_tells_direction_and_time_before_the_octets(tmp_path: Path) -> None:
    log = tmp_path / "line.log"
    log.write_text(f"# a reading\nTX: 10:20:11.1 {REQUEST.hex(' ')}\n\n"
                   f"2026-11-29T10:20:12Z RX {RESPONSE.hex(' ')}\n")
    found = records(str(log))
    assert [one["summary"] for one in found] == SUMMARIES
    assert [one["direction"] for one in found] == ["sent", "received"]
    assert [one["time"] for one in found] == ["10:20:11.1", "2026-11-29T10:20:12Z"]
    assert [one["place"] for one in found] == [f"{log}:2", f"{log}:4"]


def test_a_file_of_octets_is_one_message(tmp_path: Path) -> None:
    file = tmp_path / "message.bin"
    file.write_bytes(RESPONSE)
    assert records(str(file))[0]["octets"] == RESPONSE.hex().upper()


def test_the_captures_of_the_bench_are_read_back(tmp_path: Path) -> None:
    frames = [{"direction": "sent", "octets": REQUEST.hex(), "time": "2026-11-29T10:00:00Z"},
              {"direction": "received", "octets": RESPONSE[:9].hex(),
               "time": "2026-11-29T10:00:01Z"},
              {"direction": "received", "octets": RESPONSE[9:].hex(),
               "time": "2026-11-29T10:00:02Z"}]
    event = Event("observation", "C-1", 1, "2026-11-29T10:00:03Z", {
        "phase": "body", "step": 0, "action": "get", "frames": frames}, sequence=1)
    capture = tmp_path / "capture.pcapng"
    write_capture([event], capture)
    found = records(str(capture))
    assert [one["direction"] for one in found] == ["sent", "received", "received"]
    assert [found[0]["summary"], found[2]["summary"]] == SUMMARIES
    assert found[1]["summary"] == "part of a frame, 9 octets so far"
    assert found[0]["time"] == "2026-11-29T10:00:00.000+00:00"


def test_of_a_run_the_frames_of_its_dlms_port_are_told(tmp_path: Path) -> None:
    subject = Subject("DLMS-METER", "Maker", "1234", "M", "1", "01020304", "AB" * 32, "A")
    plan = FrozenPlan(subject, Answers(), "precheck", False, ())
    noon = datetime(2026, 11, 29, 12, tzinfo=UTC)
    with Ledger.create(tmp_path / "run", plan, lambda: noon) as ledger:
        for port, octets in (("dlms", REQUEST), ("gbcs", b"\xdd\0"), ("dlms", RESPONSE)):
            ledger.append(Event("observation", "C-1", 1, "2026-11-29T10:00:00Z", {
                "port": port, "frames": [{"direction": "sent", "octets": octets.hex()}]}))
    found = records(str(tmp_path / "run"))
    assert [one["summary"] for one in found] == SUMMARIES
    assert [one["place"] for one in found] == ["entry 2, C-1", "entry 4, C-1"]


def ethernet(source: str, destination: str, sequence: int, octets: bytes, flags: int = 0x18
             ) -> bytes:
    """An Ethernet frame with IPv4 and TCP."""
    ports = [4059 if end == "meter" else 50000 for end in (source, destination)]
    addresses = [bytes((10, 0, 0, 1 if end == "meter" else 2)) for end in (source, destination)]
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 0x50, flags, 1000, 0, 0) + octets
    internet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + b"".join(
        addresses) + tcp
    return bytes(12) + b"\x08\0" + internet


@pytest.mark.parametrize(("order", "magic", "fraction"), [
    ("<", 0xA1B2C3D4, 1), (">", 0xA1B2C3D4, 1), ("<", 0xA1B23C4D, 1000)])
def test_a_classic_capture_of_tcp_is_put_together(
        tmp_path: Path, order: str, magic: int, fraction: int) -> None:
    packets = [
        ethernet("client", "meter", 99, b"", 0x02), ethernet("meter", "client", 499, b"", 0x12),
        ethernet("client", "meter", 100, REQUEST), ethernet("client", "meter", 100, REQUEST),
        ethernet("meter", "client", 500, RESPONSE[:5]),
        ethernet("meter", "client", 500, RESPONSE[:8]),  # sent again, with more
        ethernet("meter", "client", 508, RESPONSE[8:])]
    octets = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for number, packet in enumerate(packets):
        octets += struct.pack(f"{order}IIII", 1_795_000_000 + number, 500_000 * fraction,
                              len(packet), len(packet)) + packet
    capture = tmp_path / "line.pcap"
    capture.write_bytes(octets)
    found = records(str(capture))
    assert [found[0]["summary"], found[-1]["summary"]] == SUMMARIES
    assert found[0]["direction"] == "10.0.0.2:50000 > 10.0.0.1:4059"
    assert found[0]["line"] == "10.0.0.1:4059 - 10.0.0.2:50000"
    assert found[0]["time"] == "2026-11-18T11:06:42.500+00:00"
    assert len(found) == 4


def test_octets_that_the_capture_missed_are_told(tmp_path: Path) -> None:
    packets = [ethernet("client", "meter", 100, REQUEST), ethernet("client", "meter", 130, REQUEST)]
    octets = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for packet in packets:
        octets += struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet
    capture = tmp_path / "line.pcap"
    capture.write_bytes(octets)
    assert records(str(capture))[1]["note"] == "9 octets before these are not in the capture"


@pytest.mark.parametrize(("content", "said"), [
    (bytes.fromhex("D4C3B2A1") + b"\0" * 10, "offset 14: expected a header of 24 octets"),
    (bytes.fromhex("D4C3B2A1") + b"\0" * 25, "offset 24: expected the header of a packet"),
    (bytes.fromhex("0A0D0D0A") + b"\0" * 10, "the capture cannot be read"),
])
def test_a_broken_capture_is_one_clear_message(tmp_path: Path, content: bytes, said: str) -> None:
    capture = tmp_path / "broken.pcap"
    capture.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", "dlms", "decode", str(capture)],
        capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("source", ["7EA", "no-such-file", ""])
def test_what_is_no_source_is_wrong_usage(source: str) -> None:
    done = decode(source)
    assert done.exit_code == 2
    assert "neither a file nor hexadecimal text" in done.output


def test_a_line_that_is_no_hexadecimal_text_is_told_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "line.log"
    file.write_text(f"{REQUEST.hex()}\nTX 00zz\n")
    done = decode(str(file))
    assert done.exit_code == 2
    assert f"{file}:2: expected hexadecimal digits in pairs, found 'TX 00zz'" in done.output


def test_ciphered_messages_are_opened_with_the_keys_of_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    path = dlms_keys.make(folder, {"hls": 0}, seed="1")
    keys = dlms_keys.load(folder).of("hls").client
    octets = Security(keys).protect(apdu.GetRequestNormal(0xC1, CLOCK).encode(), BOTH).hex()
    assert "Clock" not in decode(octets).output
    opened = decode(octets, "--keys", str(folder))
    assert "attribute: 8/0-0:1.0.0.255/a2 (Clock: clock, time)" in opened.output
    for key in (keys.global_unicast, keys.authentication):
        assert key is not None
        assert key.hex() not in opened.output.lower()
    path.chmod(0o644)
    done = CliRunner().invoke(cli, ["dlms", "decode", octets, "--keys", str(folder)])
    assert "group or others" in str(done.exception)


def test_text_of_a_device_cannot_steer_a_terminal() -> None:
    octets = apdu.GetResponseNormal(1, Data(Tag.UTF8_STRING, "a\x1b[2Jb")).encode()
    done = decode(octets.hex())
    assert "\x1b" not in done.output
    assert "a\\x1b[2Jb" in done.output


def test_the_guide_shows_what_the_command_prints() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "dlms.md").read_text(encoding="utf-8")
    shown = guide.partition("$ smip-bench dlms decode ")[2].partition("```")[0]
    octets, _, printed = shown.partition("\n")
    assert decode(octets).output.strip() == printed.strip()
