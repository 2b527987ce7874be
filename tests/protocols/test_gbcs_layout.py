"""Every octet of a message belongs to one field, named as GBCS section 7.2 does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import Vector

from bench.protocols.gbcs.block import Block, route_of
from bench.protocols.gbcs.layout import layout
from bench.protocols.gbcs.message import Cra, Message

MESSAGE = Message(Cra.RESPONSE, 0x0102030405060708, b"\x0a" * 8, b"\x0b" * 8, 0x0059, b"\xda\x20",
                  mac=b"\x0c" * 12)
FULL = replace(MESSAGE, date_time=b"\x0d" * 12, supplementary_remote_party=b"\x0e" * 8,
               supplementary_remote_party_counter=7, supplementary_originator_counter=8,
               signature=b"\x0f" * 64)


def named(octets: bytes) -> dict[str, str]:
    return {span.name: octets[span.start:span.end].hex() for span in layout(octets)}


@pytest.mark.parametrize("message", [
    MESSAGE, FULL, replace(MESSAGE, mac=None, signature=b"\x0f" * 64),
    replace(MESSAGE, payload=bytes(300)), replace(FULL, supplementary_originator_counter=None),
    replace(MESSAGE, cra=Cra.COMMAND, signature=None, mac=None),
    replace(FULL, supplementary_originator_counter=None, certificate=b"\x30\x09" + bytes(9)),
])
def test_the_fields_are_all_of_a_message_and_what_it_was_made_of(message: Message) -> None:
    octets = message.encode()
    spans = layout(octets)
    assert b"".join(octets[span.start:span.end] for span in spans) == octets
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    found = named(octets)
    assert found["originator counter"] == "0102030405060708"
    assert found["originator"] == "0a" * 8
    assert found["recipient"] == "0b" * 8
    assert found["message code"] == "0059"
    assert found["payload"] == message.payload.hex()
    assert found.get("signature", "") == (message.signature or b"").hex()
    assert found.get("MAC", "") == (message.mac or b"").hex()
    assert found.get("date-time", "") == message.date_time.hex()


def test_what_a_supplementary_party_adds_is_named() -> None:
    found = named(FULL.encode())
    assert found["supplementary remote party"] == "0e" * 8
    assert found["supplementary remote party counter"] == "0000000000000007"
    assert found["supplementary originator counter"] == "0000000000000008"
    certified = replace(FULL, supplementary_originator_counter=None,
                        certificate=b"\x30\x09" + bytes(9))
    assert named(certified.encode())["key agreement certificate"] == "3009" + "00" * 9


@given(octets=st.binary(max_size=90), cut=st.integers(0, 90), at=st.integers(0, 80))
def test_what_is_no_message_is_named_as_far_as_it_can_be_read(
    octets: bytes, cut: int, at: int
) -> None:
    whole = FULL.encode()
    for wrong in (octets, whole[:cut], whole[:at] + octets + whole[at + len(octets):],
                  b"\xdd\x09" + octets):
        spans = layout(wrong)
        assert b"".join(wrong[span.start:span.end] for span in spans) == wrong
        assert all(span.end > span.start for span in spans)
    assert layout(b"") == ()


def test_a_message_cut_short_and_one_with_another_tag_are_named_up_to_there() -> None:
    octets = MESSAGE.encode()
    names = [span.name for span in layout(octets[:-1])]
    assert names[-2:] == ["length of signature", "octets"]
    assert "originator counter" in names
    assert [span.name for span in layout(b"\x01" + octets[1:])] == ["octets"]
    assert [span.name for span in layout(octets[:13] + b"\xde" + octets[14:])] == [
        "MAC header", "length of what follows", "security header", "octets"]


def test_a_block_is_read_by_its_own_header() -> None:
    octets = Block(route_of(MESSAGE), 3, 2, b"\x01\x02", last=True).encode()
    found = named(octets)
    assert found["originator counter"] == "0102030405060708"
    assert (found["block number"], found["acknowledged block"]) == ("0003", "0002")
    assert found["block data"] == "0102"
    assert b"".join(octets[span.start:span.end] for span in layout(octets)) == octets


def test_the_fields_of_the_reference_messages_are_what_the_parser_reads(
    vectors: list[Vector]
) -> None:
    for vector in vectors:
        found, message = named(vector.octets), vector.message
        assert "".join(found_of(vector.octets)) == vector.octets.hex(), vector.name
        assert found["originator counter"] == f"{message.originator_counter:016x}"
        assert found["originator"] == message.originator.hex()
        assert found["message code"] == f"{message.message_code:04x}"
        assert found.get("payload", "") == message.payload.hex()
        assert found.get("signature", "") == (message.signature or b"").hex()


def found_of(octets: bytes) -> list[str]:
    return [octets[span.start:span.end].hex() for span in layout(octets)]
