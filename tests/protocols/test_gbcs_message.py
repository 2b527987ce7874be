"""The GBCS message: read strictly, written back octet for octet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.message import Cra, Message, parse

EUI64 = st.binary(min_size=8, max_size=8)
COUNTER = st.integers(0, 2**64 - 1)
OTHER = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"supplementary_remote_party": EUI64}, optional={}),
    st.fixed_dictionaries({"supplementary_remote_party": EUI64,
                           "supplementary_remote_party_counter": COUNTER}),
    st.fixed_dictionaries({"supplementary_remote_party": EUI64,
                           "supplementary_remote_party_counter": COUNTER,
                           "supplementary_originator_counter": COUNTER}),
    st.fixed_dictionaries({"supplementary_remote_party": EUI64,
                           "supplementary_remote_party_counter": COUNTER,
                           "certificate": st.binary(min_size=20, max_size=400).map(
                               lambda octets: b"\x30" + octets)}))
PROTECTION = st.sampled_from([
    {"signature": bytes(64), "mac": bytes(12)}, {"signature": bytes(64)}, {"mac": bytes(12)},
    {"signature": None}, {}])


@given(st.sampled_from(Cra), COUNTER, EUI64, EUI64, st.integers(0, 0xFFFF),
       st.binary(max_size=300), st.sampled_from([b"", bytes(12)]), OTHER, PROTECTION)
def test_what_is_written_is_read_back(
    cra: Cra, counter: int, originator: bytes, recipient: bytes, code: int, payload: bytes,
    date_time: bytes, other: dict[str, object], protection: dict[str, object],
) -> None:
    fields: dict[str, object] = other | protection
    message = Message(cra, counter, originator, recipient, code, payload, date_time,
                      **fields)  # type: ignore[arg-type]
    if message.pre_command:
        message = replace(message, cra=Cra.COMMAND)
    assert parse(message.encode()) == message


@given(st.binary(max_size=90), st.sampled_from([b"", b"\xdf\x09\x01", b"\xdd" + bytes(6)]))
def test_any_octets_are_read_or_refused(octets: bytes, start: bytes) -> None:
    octets = start + octets
    try:
        written, end = parse(octets).encode(), len(octets)
    except RemoteProtocolError as wrong:
        written, end = octets, wrong.offset
    assert written == octets
    assert 0 <= end <= len(octets)


GROUPING = "DF 09 01 00000000000003E8 08 0200000000000002 08 02000000000000D1 00 02 004F 01 AA "


@pytest.mark.parametrize(("octets", "offset", "expected"), [
    ("", 0, "more octets"),
    ("00", 0, "MAC header tag DD or"),
    ("DD00", 2, "more octets"),
    ("DD010000000000", 1, "six empty fields"),
    ("DD000000000000 00", 8, "more octets"),
    ("DD000000000000 05 1200000000", 8, "security header"),
    ("DD000000000000 06 1100000000", 7, "length 5"),
    ("DD000000000000 8105 1100000000", 7, "shortest form"),
    ("DD000000000000 06 1100000000 DE", 13, "grouping header tag DF"),
    (GROUPING.replace("DF 09", "DF 08"), 1, "transaction id"),
    (GROUPING.replace("09 01", "09 04"), 2, "CRA flag"),
    (GROUPING.replace("E8 08", "E8 07"), 11, "originator"),
    (GROUPING.replace("02 08 02", "02 09 02"), 20, "recipient"),
    (GROUPING.replace("D1 00", "D1 01"), 29, "date-time"),
    (GROUPING.replace("02 004F", "03 004F00"), 31, "other information"),
    (GROUPING + "01", 35, "signature length"),
    (GROUPING + "00 00", 36, "end of the message"),
    (GROUPING + "40 00", 37, "more octets"),
    (GROUPING.replace("01 AA", "03 AA"), 35, "more octets"),
    (GROUPING.replace("09 01", "09 02"), 35, "signature length"),
])
def test_a_deviation_is_refused_where_it_stands(octets: str, offset: int, expected: str) -> None:
    with pytest.raises(RemoteProtocolError, match=expected) as refusal:
        parse(bytes.fromhex(octets))
    assert refusal.value.offset == offset


def test_only_a_command_may_stop_after_its_payload(command: Callable[..., Message]) -> None:
    octets = command(signature=None).encode()
    assert parse(octets).pre_command
    alert = octets.replace(b"\xdf\x09\x01", b"\xdf\x09\x03")
    with pytest.raises(RemoteProtocolError, match="signature length"):
        parse(alert)


@pytest.mark.parametrize(("fields", "complaint"), [
    ({"originator": bytes(7)}, "originator has 7"), ({"recipient": b""}, "recipient has 0"),
    ({"originator_counter": 1 << 64}, "does not fit"),
    ({"signature": None, "mac": bytes(12)}, "a pre-command has no MAC"),
])
def test_a_message_that_cannot_be_written_is_our_own_mistake(
    command: Callable[..., Message], fields: dict[str, object], complaint: str
) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        command(**fields).encode()


def test_what_is_changed_after_writing_is_written_anew(command: Callable[..., Message]) -> None:
    message = command(payload=b"\1\2", mac=bytes(12))
    written = message.encode()
    assert replace(message, payload=b"\3").encode() == command(
        payload=b"\3", mac=bytes(12)).encode()
    assert replace(parse(written), originator_counter=9).signed_octets == command(
        payload=b"\1\2", originator_counter=9).signed_octets
    assert message.protected(bytes(64), None) == replace(message, signature=bytes(64), mac=None)
    assert message == parse(written)


def test_a_message_cannot_be_changed_in_place(command: Callable[..., Message]) -> None:
    with pytest.raises(FrozenInstanceError):
        command().payload = b""  # type: ignore[misc]
