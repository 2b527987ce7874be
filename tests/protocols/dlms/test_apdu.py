"""APDUs: what is written is read back, and what is wrong is refused at its octet."""

from __future__ import annotations

from dataclasses import fields

import pytest
from apdu_strategies import ANY, EACH, SERVICES
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import decode
from bench.protocols.dlms.apdu.decoding import SERVICES as DECLARED

CLOCK = Attribute(8, bytes.fromhex("0000010000FF"), 2)


def test_every_declared_apdu_is_tried_here() -> None:
    assert set(DECLARED) == set(SERVICES)
    assert len({record.form.head for record in DECLARED}) == len(DECLARED)
    for record in DECLARED:
        assert len(fields(record)) == len(record.form.fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("record", EACH, ids=lambda record: record.__name__)
def test_what_is_written_is_read_back(record: type) -> None:
    @settings(max_examples=40, deadline=None)
    @given(EACH[record])
    def check(sent: apdu.Apdu) -> None:
        octets = sent.encode()
        found = decode(octets)
        assert type(found) is record
        assert found == sent
        assert found.encode() == octets

    check()


@settings(deadline=None)
@given(ANY, st.data())
def test_an_apdu_cut_short_is_refused(sent: apdu.Apdu, draw: st.DataObject) -> None:
    octets = sent.encode()
    length = draw.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(RemoteProtocolError) as refusal:
        decode(octets[:length])
    assert 0 <= refusal.value.offset <= length


@settings(deadline=None)
@given(ANY, st.binary(min_size=1, max_size=3))
def test_octets_behind_an_apdu_are_refused(sent: apdu.Apdu, more: bytes) -> None:
    octets = sent.encode()
    with pytest.raises(RemoteProtocolError, match="end of the") as refusal:
        decode(octets + more)
    assert refusal.value.offset == len(octets)


@settings(deadline=None, max_examples=300)
@given(ANY, st.data())
def test_a_changed_octet_is_read_or_refused(sent: apdu.Apdu, draw: st.DataObject) -> None:
    octets = bytearray(sent.encode())
    octets[draw.draw(st.integers(0, len(octets) - 1))] = draw.draw(st.integers(0, 255))
    read_or_refused(bytes(octets))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted({record.form.head for record in DECLARED})), st.binary(max_size=40))
def test_any_octets_are_read_or_refused(head: bytes, rest: bytes) -> None:
    read_or_refused(head + rest)


def read_or_refused(octets: bytes) -> None:
    """What is read means the same when it is written again; an error lies within the octets."""
    found, offset = None, 0
    try:
        found = decode(octets)
    except RemoteProtocolError as wrong:
        offset = wrong.offset
    assert 0 <= offset <= len(octets)
    assert found is None or decode(found.encode()) == found


@pytest.mark.parametrize(("octets", "offset", "expected"), [
    ("", 0, "more octets"),
    ("C8 05", 0, "not ciphered"),
    ("FF", 0, "not ciphered"),
    ("C0 04 C1", 1, "01, 02, 03"),
    ("C0 01 C1 0008 0000010000FF 02 02", 12, "00 or 01"),
    ("C4 01 C1 02", 3, "00, 01"),
    ("C4 01 C1 00 07", 4, "data tag"),
    ("C4 02 C1 02 00000001 00 00", 3, "flag"),
    ("C4 02 C1 00 00000001 00 05 AA", 9, "length of at most 1"),
    ("C4 03 C1 05 00 00", 3, "at most 2 elements"),
    ("C4 03 C1 81 02 00 00", 3, "shortest form"),
    ("01 00 00 00 06 5F 1F 03 00 00 7E 1F 04 B0", 7, "5F 1F 04 00"),
    ("C2 01 05 0102030405", 2, "0 or 12"),
    ("05 01 03 0010", 2, "02, 04, 05, 06, 07"),
    ("60 80 A1 09", 1, "1 to 5 octets"),
    ("60 0B A1 09 06 06 60857405080101", 12, "end of an object identifier"),
    ("60 0A 80 02 02 84 A2 04 04 02 0102", 6, "context A1"),
    ("60 0C A1 09 06 07 60857405080101 00", 14, "more octets"),
    ("60 16 A1 09 06 07 60857405080101 A1 09 06 07 60857405080101", 13, "in its order"),
    ("60 0B A1 09 04 07 60857405080101", 4, "object identifier 06"),
    ("60 0B A1 09 06 07 60857405088001", 11, "shortest form"),
    ("60 0B A1 09 06 07 60857405080181", 13, "rest of an object identifier"),
    ("60 0F 80 02 08 80 A1 09 06 07 60857405080101", 4, "0 to 7 unused bits"),
    ("60 0F 80 02 07 C0 A1 09 06 07 60857405080101", 5, "unused bits zero"),
    ("61 10 A1 09 06 07 60857405080101 A2 03 02 01 00", 18, "diagnostic A3"),
    ("62 02 80 00", 4, "an integer"),
])
def test_a_deviation_is_refused_where_it_stands(octets: str, offset: int, expected: str) -> None:
    with pytest.raises(RemoteProtocolError, match=expected) as refusal:
        decode(bytes.fromhex(octets))
    assert refusal.value.offset == offset


def test_a_length_of_acse_may_be_longer_than_need_be() -> None:
    octets = bytes.fromhex("60 81 0E A1 82 000A 06 81 07 60857405080101")
    assert decode(octets) == apdu.Aarq()


@pytest.mark.parametrize("record", [
    apdu.GetRequestNormal(256, CLOCK),
    apdu.GetRequestNormal(1, Attribute(8, b"\0", 2)),
    apdu.GetRequestNormal(1, Attribute(70_000, bytes(6), 2)),
    apdu.GetRequestNext(1, -1),
    apdu.ActionRequestNormal(1, Method(8, bytes(6), 300)),
    apdu.GetResponseNormal(1, None),  # type: ignore[arg-type]
    apdu.GetResponseNormal(1, Data(Tag.UNSIGNED, 256)),
    apdu.InitiateRequest(None, True, 200, 6, apdu.Conformance(0), 1),
    apdu.InitiateResponse(None, 6, 1 << 24, 1, 7),  # type: ignore[arg-type]
    apdu.ExceptionResponse(1, 6, 1 << 32),
    apdu.GeneralBlock(1, 0, window=64),
    apdu.GeneralBlock(1 << 16, 0),
    apdu.Aarq(context="1"),
    apdu.Aarq(mechanism="2.-1"),
    apdu.Aarq(protocol_version="2"),
    apdu.Aarq(user_information="text"),  # type: ignore[arg-type]
])
def test_what_a_field_cannot_hold_is_our_fault(record: apdu.Apdu) -> None:
    with pytest.raises(LocalProtocolError):
        record.encode()


def test_keys_and_secrets_do_not_show() -> None:
    key = bytes(range(100, 116))
    shown = repr(apdu.InitiateRequest(key, True, 300, 6, apdu.Conformance(0), 0)) + repr(
        apdu.Aarq(authentication_value=key, user_information=key)) + repr(
        apdu.Rlrq(user_information=key))
    assert "def" not in shown
    assert "\\x" not in shown
    with pytest.raises(LocalProtocolError) as refusal:
        apdu.InitiateRequest(key, True, 300, 6, apdu.Conformance(0), 0).encode()
    assert "def" not in str(refusal.value)


def test_errors_have_names() -> None:
    assert apdu.ConfirmedServiceError(1, 6, 3).text == "initiate: initiate, pdu-size-too-short"
    assert apdu.ConfirmedServiceError(99, 99, 99).text == "99: 99, 99"
    assert apdu.ExceptionResponse(1, 2).text == "service-not-allowed, service-not-supported"
    assert apdu.ExceptionResponse(2, 6, 9).text == "service-unknown, invocation-counter-error 9"
    assert apdu.Diagnostic(1, 13).text == "authentication-failure"
    assert apdu.Diagnostic(2, 2).text == "no-common-acse-version"
    assert apdu.Diagnostic(1, 99).text == "99"


def test_conformance_bits_have_names() -> None:
    # Green Book example of a proposal in logical names (00 7E 1F) and its bits
    block = apdu.Conformance(0x007E1F)
    assert apdu.conformance_names(block) == (
        "priority-mgmt-supported", "attribute0-supported-with-get",
        "block-transfer-with-get-or-read",
        "block-transfer-with-set-or-write", "block-transfer-with-action", "multiple-references",
        "get", "set", "selective-access", "event-notification", "action")
    assert apdu.conformance(apdu.conformance_names(block)) == block
    with pytest.raises(LocalProtocolError, match="gett"):
        apdu.conformance(["gett"])
