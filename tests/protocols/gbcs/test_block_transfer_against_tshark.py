"""Wireshark's GBCS dissector reads in our blocks what we wrote, and puts the message together."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.protocols.cosem.length import encode_length
from bench.protocols.gbcs.block_transfer import Block, Limits, Receiver, Sender, route_of
from bench.protocols.gbcs.message import Cra, Message

PARTY, DEVICE = bytes.fromhex("90B3D51F30010000"), bytes.fromhex("00DB123456789000")
MESSAGE = Message(Cra.RESPONSE, 1000, DEVICE, PARTY, 0x0062, b"\xda" + bytes(700), mac=bytes(12))
USER_0 = 147
FIELDS: Mapping[str, Callable[[Block], str]] = {
    "routing_header.cra_flag": lambda block: f"0x{block.route.cra:02x}",
    "routing_header.originator_counter": lambda block: str(block.route.originator_counter),
    "routing_header.business_originator_id": lambda block: block.route.originator.hex(":"),
    "routing_header.business_target_id": lambda block: block.route.recipient.hex(":"),
    "routing_header.message_code": lambda block: f"0x{block.route.message_code:04x}",
    "routing_header.security_control_byte": lambda _: "0x01",
    "gbt_header.general_block_transfer": lambda _: "0xe0",
    "gbt_header.block_control.last_block": lambda block: str(int(block.last)),
    "gbt_header.block_control.streaming": lambda block: str(int(block.streaming)),
    "gbt_header.block_control.window": lambda block: str(block.window),
    "gbt_header.block_number": lambda block: str(block.number),
    "gbt_header.block_number_ack": lambda block: str(block.acknowledged),
}


def transferred(message: Message) -> list[Block]:
    """All blocks and acknowledgements of one transfer, in which block 2 is lost once."""
    limits = Limits(block_octets=200, window=3)
    route = route_of(message)
    sender, receiver = Sender(route, message.encode(), limits), Receiver(route, limits)
    line, seen, lost = sender.start(), [], False
    while line:
        block = line.pop(0)
        if (block.number, block.route, lost) == (2, route, False):
            lost = True
            continue
        seen.append(block)
        line += (receiver if block.route == route else sender).receive(block)
    assert receiver.message == message.encode()
    return seen


def dissected(blocks: list[Block], folder: Path, *fields: str) -> list[list[str]]:
    """Return what tshark shows of each field of each block."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    capture = folder / "blocks.pcap"
    packets = [block.encode() for block in blocks]
    capture.write_bytes(b"".join((
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, USER_0),
        *(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets for octets in packets))))
    command = ["tshark", "-r", str(capture), "-T", "fields", "-o",
               'uat:user_dlts:"User 0 (DLT=147)","gbcs_message","0","","0",""']
    for field in fields:
        command += ["-e", f"gbcs_message.{field}"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "aren't valid" in shown.stderr:
        pytest.skip("this tshark has no GBCS dissector")
    return [line.split("\t") for line in shown.stdout.splitlines()]


def test_tshark_reads_the_fields_that_we_wrote(tmp_path: Path) -> None:
    blocks = transferred(MESSAGE)
    assert len(blocks) > 6
    assert dissected(blocks, tmp_path, *FIELDS) == [
        [read(block) for read in FIELDS.values()] for block in blocks]


def test_tshark_finds_the_data_and_puts_the_message_together(tmp_path: Path) -> None:
    blocks = transferred(MESSAGE)
    lengths, *_ = zip(*dissected(blocks, tmp_path, "element_length"), strict=True)
    # originator counter, ids, date-time, other information, key-info, content, data, and after the
    # block that completes the message those of the message
    for block, shown in zip(blocks, lengths, strict=True):
        content = 5 + 6 + len(encode_length(len(block.data))) + len(block.data)
        assert shown.split(",")[:8] == [
            "9", "8", "8", "0", "2", "0", str(content), str(len(block.data))]
    assembled = [length for (length,) in
                 dissected(blocks, tmp_path, "gbt.reassembled.length") if length]
    assert set(assembled) == {str(len(MESSAGE.encode()))}
