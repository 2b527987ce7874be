"""Every length and count of a command is found, and each change makes the command wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import decode_payload
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.structure import (
    CHANGES,
    COUNT,
    LENGTH,
    WHOLES,
    Field,
    fields,
    malformed,
)

# one SET of an octet string and one GET, written by hand
PAYLOAD = bytes.fromhex(
    "D9 20000001 00 02 02 0001 0000600100FF 02 01 0001 0000600200FF 02"
    "02 02 02 09 03 414243 12 1234 00")
MESSAGE = Message(
    Cra.COMMAND, 7, bytes(8), bytes.fromhex("0200000000E50001"), 0x21, PAYLOAD, mac=bytes(12))


def test_every_length_and_count_of_an_access_request_is_found() -> None:
    assert fields(PAYLOAD) == (
        Field(LENGTH, 5, 6), Field(COUNT, 6, 7), Field(COUNT, 27, 28), Field(COUNT, 29, 30),
        Field(LENGTH, 31, 32))


def test_every_length_of_der_is_found() -> None:
    assert [field.start for field in fields(bytes.fromhex("3007020105 30020500".replace(" ", "")))
            ] == [1, 3, 6, 8]


def test_the_count_and_the_lengths_of_gbz_are_found() -> None:
    payload = bytes.fromhex("0109 02 00 0702 0003 010203 01 0705 0001 09")
    assert fields(payload) == (
        Field(COUNT, 2, 3, True), Field(LENGTH, 6, 8, True), Field(LENGTH, 14, 16, True))


@pytest.mark.parametrize("change", [*CHANGES, *WHOLES])
def test_no_strict_reader_accepts_what_is_malformed(change: str) -> None:
    found = list(malformed(MESSAGE, change))
    assert found
    for wrong in found:
        with pytest.raises(RemoteProtocolError):
            decode_payload(parse(wrong.message).payload if wrong.payload is None
                           else wrong.payload)


def test_a_change_names_what_it_changed() -> None:
    names = [wrong.name for wrong in malformed(MESSAGE, "shorter")]
    assert "payload length at 31 shorter" in names
    assert len(names) == len(set(names))


def test_what_is_no_payload_or_no_change_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="not a right payload"):
        fields(b"\xd9\x20")
    with pytest.raises(LocalProtocolError, match="no change 'sideways'"):
        list(malformed(MESSAGE, "sideways"))


def test_every_command_of_the_reference_data_can_be_made_malformed(shared: Path) -> None:
    number = 0
    for file in sorted((shared / "vectors/rtds/messages").glob("*/*_COMMAND_*.HEX")):
        message = parse(bytes.fromhex(file.read_text()))
        if message.cra is Cra.COMMAND:
            number += len(fields(message.payload))
            assert list(malformed(message, "longer")), file.name
    assert number > 5_000
