"""DLMS for people: what messages say, that nothing of them is left out, and what is not told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import apdu_strategies
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.classes import (
    AttributeAccess,
    AttributeMode,
    ListedObject,
    write_object_list,
)
from bench.protocols.cosem.data import Data, Tag, encode
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms import apdu, hdlc_mutation, wrapper
from bench.protocols.dlms.explain import Conversation, explain, framing_of, text_lines
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_frame import Frame, FrameType
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    ENCRYPTED,
    SIGNED,
    Envelope,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.iec62056_21.characters import with_odd_parity, with_parity

CLOCK = Attribute(8, obis.parse("0-0:1.0.0.255"), 2)
ENERGY = obis.parse("1-0:1.8.0.255")
PROFILE = obis.parse("1-0:99.1.0.255")
TIME = bytes.fromhex("07EA0B1D070A1E0F00FFC400")
CLIENT, SERVER = Address(16), Address(1, 17, 4)
KEYS = Keys(0, b"CLT\0\0\0\0\1", b"SRV\0\0\0\0\2", global_unicast=b"uuuuUUUUuuuuUUUU",
            authentication=b"aaaaAAAAaaaaAAAA")
METER = replace(KEYS, own_title=KEYS.peer_title, peer_title=KEYS.own_title)


def command(payload: bytes, **fields: Any) -> bytes:
    """An I-frame of the client, with LLC."""
    return Frame(FrameType.I, SERVER, CLIENT, True, b"\xe6\xe6\0" + payload, **fields).encode()


def answer(payload: bytes, **fields: Any) -> bytes:
    return Frame(FrameType.I, CLIENT, SERVER, True, b"\xe6\xe7\0" + payload, **fields).encode()


def flat(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every field's name and value, in order."""
    def walk(fields: list[Any]) -> Iterator[tuple[str, str]]:
        for each in fields:
            yield each["name"], each.get("value", "")
            yield from walk(each.get("parts", []))

    return list(walk(said["fields"]))


def value_of(said: Mapping[str, Any], name: str) -> str:
    return next(value for known, value in flat(said) if known == name)


def covered(said: Mapping[str, Any]) -> list[int]:
    """Every octet that a field stands for, in order: its head, then those of its parts."""
    def walk(each: Mapping[str, Any]) -> Iterator[int]:
        inner = [part for part in each.get("parts", ())
                 if part["length"] and not part.get("derived")]
        end = each["at"] + each["length"]
        yield from range(each["at"], inner[0]["at"] if inner else end)
        for part in inner:
            yield from walk(part)

    return [octet for each in said["fields"] for octet in walk(each)]


def test_a_reading_over_hdlc_is_told_by_names() -> None:
    talk = Conversation("hdlc")
    asked = talk.explain(command(apdu.GetRequestNormal(0xC1, CLOCK).encode()), "sent")
    assert asked["summary"] == ("I N(S)=0 N(R)=0, P/F, 16 to 1/17: get-request-normal, "
                                "8/0-0:1.0.0.255/a2 (Clock: clock, time)")
    assert "errors" not in asked
    said = talk.explain(answer(apdu.GetResponseNormal(
        0xC1, Data(Tag.OCTET_STRING, TIME)).encode()), "received")
    assert value_of(said, "value") == "Sun 2026-11-29 10:30:15.00 UTC+01:00  [octet-string]"
    assert said["summary"].endswith("(Clock: clock, time) = Sun 2026-11-29 10:30:15.00 UTC+01:00")
    assert list(text_lines(asked))[4:7] == [
        "   8 +1      control: 10 I N(S)=0 N(R)=0, P/F", "   9 +2      HCS: 8F2A",
        "  11 +3      LLC: E6E600 command"]


@pytest.mark.parametrize("name", sorted(apdu_strategies.EACH, key=str))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_octet_of_any_apdu_has_its_field(name: object, data: st.DataObject) -> None:
    record = data.draw(apdu_strategies.EACH[name])
    octets = record.encode()
    said = explain(octets, "apdu")
    assert covered(said) == list(range(len(octets)))
    # what is made up need not fit its class, nor be an APDU within blocks or user information
    assert not [error for error in said.get("errors", ()) if "found" in error
                and "joined blocks" not in error and "user-information" not in dict(flat(said))]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["hdlc", "wrapper", "apdu"]),
       st.one_of(st.binary(max_size=60),
                 st.binary(max_size=40).map(lambda octets: b"\x7e" + octets + b"\x7e"),
                 st.binary(max_size=40).map(lambda o: wrapper.encode(1, 16, o)),
                 st.binary(max_size=40).map(command)))
def test_no_octets_are_too_odd_to_be_told(framing: str, octets: bytes) -> None:
    said = Conversation(framing, [KEYS]).explain_whole(octets)
    json.dumps(said)
    assert list(text_lines(said)) or not octets


@settings(max_examples=60, deadline=None)
@given(apdu_strategies.ANY, st.data())
def test_an_apdu_cut_off_is_an_error_at_its_end(record: Any, data: st.DataObject) -> None:
    octets = record.encode()
    cut = octets[: data.draw(st.integers(1, len(octets) - 1))]
    try:
        apdu.decode(cut)
    except RemoteProtocolError:
        said = explain(cut, "apdu")
        assert said["errors"]
        assert covered(said) == list(range(len(cut)))


@pytest.mark.parametrize("name", sorted(hdlc_mutation.MUTATIONS))
def test_every_way_of_spoiling_a_frame_is_told(name: str) -> None:
    frame = command(apdu.GetRequestNormal(0xC1, CLOCK).encode())
    if not hdlc_mutation.applicable(frame, name):
        pytest.skip("this frame has nothing of it")
    spoilt = hdlc_mutation.mutate(frame, name)
    said = Conversation("hdlc").explain_whole(spoilt)
    before = Conversation("hdlc").explain_whole(frame)
    assert said != before
    if hdlc_mutation.MUTATIONS[name].caught_by is hdlc_mutation.CHECK:
        assert said["errors"]


@pytest.mark.parametrize("name", sorted(wrapper.MUTATIONS))
def test_every_way_of_spoiling_a_wrapper_is_told(name: str) -> None:
    right = wrapper.encode(16, 1, apdu.GetRequestNormal(0xC1, CLOCK).encode())
    spoilt = wrapper.mutate(right, name)
    said = Conversation("wrapper").explain_whole(spoilt)
    assert said != Conversation("wrapper").explain_whole(right)


def test_a_wrong_check_sequence_is_an_error_at_its_octet_and_the_fields_are_told() -> None:
    frame = bytearray(command(apdu.GetRequestNormal(0xC1, CLOCK).encode()))
    frame[9] ^= 1
    said = Conversation("hdlc").explain_whole(bytes(frame))
    assert said["errors"] == ["octet 27: expected FCS 9AD5, found 4BBB"] or \
        said["errors"][0].startswith("octet 27: expected FCS")
    assert ("attribute", "8/0-0:1.0.0.255/a2 (Clock: clock, time)") in flat(said)


def test_a_value_that_misfits_its_class_is_an_error_at_its_octet() -> None:
    talk = Conversation("apdu")
    talk.explain(apdu.GetRequestNormal(1, Attribute(70, obis.parse("0-0:96.3.10.255"), 3)).encode())
    said = talk.explain(apdu.GetResponseNormal(1, Data(Tag.ENUM, 9)).encode())
    assert said["errors"] == ["octet 4: expected enum of (0 disconnected, 1 connected, "
                              "2 ready_for_reconnection)"]
    assert value_of(said, "value") == "9 unknown  [enum]"


def test_results_and_refusals_have_their_names() -> None:
    talk = Conversation("apdu")
    assert "= read-write-denied" in talk.explain(
        apdu.GetResponseNormal(1, apdu.Refused(3)).encode())["summary"]
    said = talk.explain(apdu.ExceptionResponse(1, 6, 77).encode())
    assert ("service-error", "6 invocation-counter-error") in flat(said)
    assert ("expected invocation counter", "77") in flat(said)
    said = talk.explain(apdu.ConfirmedServiceError(1, 6, 2).encode())
    assert ("error", "2 incompatible-conformance") in flat(said)


def test_an_association_is_told_and_its_secrets_are_not() -> None:
    talk = Conversation("apdu")
    request = apdu.Aarq(
        mechanism=apdu.mechanism_name(1), acse_requirements="1", authentication_value=b"Passw0rd",
        calling_ap_title=KEYS.own_title, user_information=apdu.InitiateRequest(
            b"DedicatedKey1234", True, None, 6, apdu.conformance(["get"]), 1024).encode())
    said = talk.explain(request.encode())
    assert value_of(said, "mechanism") == "2.16.756.5.8.2.1 (low-level security)"
    assert value_of(said, "conformance") == "000010 (get)"
    assert value_of(said, "calling-ap-title") == "434C540000000001 (CLT 0000000001)"
    told = json.dumps(said)
    for secret in (b"Passw0rd", b"DedicatedKey1234"):
        assert secret.decode() not in told
        assert secret.hex().upper() not in told
    refusal = apdu.Aare(result=1, diagnostic=apdu.Diagnostic(1, 13))
    said = talk.explain(refusal.encode())
    assert value_of(said, "diagnostic") == "13 authentication-failure (user)"


@pytest.mark.parametrize(("request_", "response"), [
    (apdu.GetRequestNormal(1, Attribute(15, obis.parse("0-0:40.0.0.255"), 7)),
     apdu.GetResponseNormal(1, Data(Tag.OCTET_STRING, b"TopSecret1"))),
    (apdu.SetRequestNormal(1, Attribute(15, obis.parse("0-0:40.0.0.255"), 7), None,
                           Data(Tag.OCTET_STRING, b"TopSecret1")), apdu.SetResponseNormal(1, 0)),
    (apdu.ActionRequestNormal(1, Method(15, obis.parse("0-0:40.0.0.255"), 2),
                              Data(Tag.OCTET_STRING, b"TopSecret1")),
     apdu.ActionResponseNormal(1, 0)),
])
def test_secrets_of_objects_are_not_told_even_if_they_were_ciphered(
        request_: Any, response: Any) -> None:
    client, meter = Security(KEYS), Security(METER)
    talk = Conversation("apdu", [KEYS])
    for octets in (client.protect(request_.encode(), BOTH), meter.protect(response.encode(), BOTH)):
        told = json.dumps(talk.explain(octets))
        assert "opened" in told
        assert "TopSecret1" not in told
        assert b"TopSecret1".hex().upper() not in told


@pytest.mark.parametrize("protection", [
    BOTH, AUTHENTICATED, ENCRYPTED, BOTH._replace(envelope=Envelope.GENERAL),
    BOTH._replace(envelope=Envelope.CIPHERING)])
def test_what_is_ciphered_is_opened_where_a_key_is_held(protection: Any) -> None:
    octets = Security(KEYS, random=bytes).protect(
        apdu.GetRequestNormal(0xC1, CLOCK).encode(), protection)
    closed = explain(octets, "apdu")
    assert "attribute" not in dict(flat(closed))
    assert "errors" not in closed
    said = explain(octets, "apdu", KEYS)
    assert value_of(said, "attribute") == "8/0-0:1.0.0.255/a2 (Clock: clock, time)"
    assert covered(said) == list(range(len(octets)))
    told = json.dumps(said)
    assert KEYS.global_unicast is not None
    assert KEYS.global_unicast.hex().upper() not in told


def test_a_wrong_tag_is_an_error_at_its_octet() -> None:
    octets = Security(KEYS).protect(apdu.GetRequestNormal(0xC1, CLOCK).encode(), BOTH)
    said = explain(octets[:-1] + bytes((octets[-1] ^ 1,)), "apdu", KEYS)
    assert said["errors"][0].startswith(f"octet {len(octets) - 12}: expected the tag of this text")


def test_titles_and_the_dedicated_key_are_learnt_from_the_association() -> None:
    unknown = replace(KEYS, own_title=b"", peer_title=b"")
    talk = Conversation("apdu", [unknown])
    initiate = apdu.InitiateRequest(b"d" * 16, True, None, 6, apdu.conformance(["get"]), 1024)
    talk.explain(apdu.Aarq(calling_ap_title=KEYS.own_title,
                           user_information=initiate.encode()).encode())
    talk.explain(apdu.Aare(responding_ap_title=KEYS.peer_title).encode())
    client = Security(KEYS.with_dedicated(b"d" * 16))
    said = talk.explain(client.protect(
        apdu.GetRequestNormal(0xC1, CLOCK).encode(),
        BOTH._replace(key=Key.DEDICATED)))
    assert said["summary"].startswith("ded-get-request, counter 0: get-request-normal")


def test_a_value_stands_with_the_unit_that_was_read_before() -> None:
    talk = Conversation("apdu")
    talk.explain(apdu.GetRequestNormal(1, Attribute(3, ENERGY, 3)).encode())
    talk.explain(apdu.GetResponseNormal(1, Data(Tag.STRUCTURE, (
        Data(Tag.INTEGER, -1), Data(Tag.ENUM, 30)))).encode())
    talk.explain(apdu.GetRequestNormal(2, Attribute(3, ENERGY, 2)).encode())
    said = talk.explain(apdu.GetResponseNormal(2, Data(Tag.DOUBLE_LONG_UNSIGNED, 12345)).encode())
    assert value_of(said, "with scaler and unit") == "1234.5 Wh"


def test_the_columns_of_a_profile_have_the_names_of_what_it_captures() -> None:
    def captured(class_id: int, instance: bytes) -> Data:
        return Data(Tag.STRUCTURE, (
            Data(Tag.LONG_UNSIGNED, class_id), Data(Tag.OCTET_STRING, instance),
            Data(Tag.INTEGER, 2), Data(Tag.LONG_UNSIGNED, 0)))

    talk = Conversation("apdu")
    talk.explain(apdu.GetRequestNormal(1, Attribute(7, PROFILE, 3)).encode())
    talk.explain(apdu.GetResponseNormal(1, Data(Tag.ARRAY, (
        captured(8, CLOCK.instance), captured(3, ENERGY)))).encode())
    selection = Selection(2, Data(Tag.STRUCTURE, tuple(
        Data(tag, 1) for tag in (Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED,
                                 Tag.LONG_UNSIGNED, Tag.LONG_UNSIGNED))))
    asked = talk.explain(apdu.GetRequestNormal(2, Attribute(7, PROFILE, 2), selection).encode())
    assert value_of(asked, "selector") == "2 by entry"
    assert value_of(asked, "to_entry") == "1  [double-long-unsigned]"
    row = Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, TIME), Data(Tag.DOUBLE_LONG_UNSIGNED, 5)))
    said = talk.explain(apdu.GetResponseNormal(2, Data(Tag.ARRAY, (row, row))).encode())
    assert value_of(said, "clock") == "Sun 2026-11-29 10:30:15.00 UTC+01:00  [octet-string]"
    assert ("active energy import, time integral 1", "5  [double-long-unsigned]") in flat(said)


def test_an_object_list_tells_the_versions_of_classes() -> None:
    listed = [ListedObject(70, 0, obis.parse("0-0:96.3.10.255"),
                           {4: AttributeAccess(AttributeMode.READ)})]
    talk = Conversation("apdu")
    talk.explain(apdu.GetRequestNormal(1, Attribute(15, obis.parse("0-0:40.0.0.255"), 2)).encode())
    talk.explain(apdu.GetResponseNormal(1, write_object_list(listed, 2)).encode())
    talk.explain(apdu.GetRequestNormal(2, Attribute(70, obis.parse("0-0:96.3.10.255"), 4)).encode())
    said = talk.explain(apdu.GetResponseNormal(2, Data(Tag.ENUM, 7)).encode())
    assert said["errors"], "mode 7 is of version 1, and the list says version 0"


def test_blocks_are_joined_with_the_last() -> None:
    rows = encode(Data(Tag.ARRAY, tuple(Data(Tag.UNSIGNED, number) for number in range(60))))
    talk = Conversation("apdu")
    talk.explain(apdu.GetRequestNormal(1, Attribute(1, ENERGY, 2)).encode())
    first = talk.explain(apdu.GetResponseWithDatablock(1, False, 1, rows[:50]).encode())
    assert "joined blocks" not in dict(flat(first))
    said = talk.explain(apdu.GetResponseWithDatablock(1, True, 2, rows[50:]).encode())
    assert value_of(said, "joined blocks") == f"{len(rows)} octets"
    assert value_of(said, "[31]") == "31  [unsigned]"
    assert ("28 elements more", "") in flat(said)
    every = Conversation("apdu", most=1000)
    every.explain(apdu.GetRequestNormal(1, Attribute(1, ENERGY, 2)).encode())
    said = every.explain(apdu.GetResponseNormal(1, Data(Tag.ARRAY, tuple(
        Data(Tag.UNSIGNED, number) for number in range(60)))).encode())
    assert value_of(said, "[59]") == "59  [unsigned]"


def test_general_blocks_are_joined_with_the_last() -> None:
    octets = apdu.GetRequestNormal(1, CLOCK).encode()
    talk = Conversation("apdu")
    talk.explain(apdu.GeneralBlock(1, 0, octets[:5]).encode())
    said = talk.explain(apdu.GeneralBlock(2, 0, octets[5:], last=True).encode())
    assert value_of(said, "attribute") == "8/0-0:1.0.0.255/a2 (Clock: clock, time)"


def test_segments_are_joined_and_one_sent_again_counts_once() -> None:
    payload = b"\xe6\xe6\0" + apdu.GetRequestNormal(1, CLOCK).encode()
    first = Frame(FrameType.I, SERVER, CLIENT, False, payload[:7], True, 0).encode()
    last = Frame(FrameType.I, SERVER, CLIENT, True, payload[7:], False, 1).encode()
    talk = Conversation("hdlc")
    talk.explain(first, "sent")
    again = talk.explain(first, "sent")
    assert again["summary"].endswith("segment sent again")
    said = talk.explain(last, "sent")
    assert value_of(said, "joined segments") == f"{len(payload)} octets"
    assert said["summary"].endswith("8/0-0:1.0.0.255/a2 (Clock: clock, time)")


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_message_that_arrives_in_pieces_is_told_when_it_is_whole(framing: str) -> None:
    payload = apdu.GetResponseNormal(1, Data(Tag.UNSIGNED, 7)).encode()
    whole = answer(payload) if framing == "hdlc" else wrapper.encode(1, 16, payload)
    for cut in range(1, len(whole)):
        talk = Conversation(framing)
        first = talk.explain(whole[:cut], "received")
        assert first["summary"] == f"part of a frame, {cut} octets so far"
        said = talk.explain(whole[cut:] + whole, "received")
        assert said["begun"] == f"the first {cut} octets came before"
        assert "errors" not in said
        assert len(said["fields"]) == 2
    talk = Conversation(framing)
    talk.explain(whole[:5], "received")
    talk.explain(whole, "sent")
    assert "begun" not in talk.explain(whole, "received"), "the bench waits no longer"


def test_check_sequences_of_a_frame_that_was_masked_are_no_errors() -> None:
    frame = command(apdu.Aarq(mechanism=apdu.mechanism_name(1),
                              authentication_value=b"12345678").encode())
    masked = frame.replace(b"12345678", b"********")
    assert Conversation("hdlc").explain(masked, "sent")["errors"]
    said = Conversation("hdlc").explain(masked, "sent", masked=True)
    assert "errors" not in said
    assert "error" not in json.dumps(said)


def test_lines_of_the_sign_on_are_told_as_text() -> None:
    talk = Conversation("hdlc")
    assert talk.explain(b"/SMB5\\2METER\r\n")["summary"] == (
        "IEC 62056-21 identification /SMB5\\2METER<0D><0A>")
    assert talk.explain(bytes.fromhex("063235320D0A"))["summary"] == (
        "IEC 62056-21 acknowledgement <06>252<0D><0A>")


@pytest.mark.parametrize(("octets", "told"), [
    (b"/?!\r\n", ["7 bits, no parity bit", "device address any"]),
    (with_parity(b"/?42!\r\n"), ["7 bits, even parity", "device address 42"]),
    (with_odd_parity(b"/?!\r\n"), ["expected even parity, found odd at octet 0"]),
    (with_parity(b"/?#!\r\n"), ["request", "expected /?, an address"]),
    (with_parity(b"/SMB5\\2METER\r\n"), ["maker SMB", "5: 9600 bit/s", "mode E offered",
                                        "device METER"]),
    (with_parity(b"/SMB5METER\r\n"), ["mode E not offered"]),
    (with_parity(b"\x06252\r\n"), ["2: HDLC", "5: 9600 bit/s", "2: binary, HDLC"]),
    (with_parity(b"\x06394\r\n"), ["3: reserved", "9: no rate", "4: another"]),
    (with_parity(b"\x0625"), ["acknowledgement", "expected ACK, three characters"]),
    (with_parity(b"\x15"), ["NAK"]),
])
def test_the_fields_of_a_sign_on_are_told_with_their_parity(octets: bytes, told: list[str]) -> None:
    said = Conversation("hdlc").explain(octets, "received")
    text = said["summary"] + " " + " ".join(
        f"{part['name']} {part.get('value', '')} {part.get('error', '')}"
        for part in said["fields"][0]["parts"])
    assert [one for one in told if one not in text] == [], text


def test_the_framing_is_told_by_the_first_octets() -> None:
    payload = apdu.GetRequestNormal(1, CLOCK).encode()
    assert framing_of(command(payload)) == "hdlc"
    assert framing_of(wrapper.encode(16, 1, payload)) == "wrapper"
    assert framing_of(payload) == "apdu"
    with pytest.raises(LocalProtocolError, match="no framing 'm-bus'"):
        Conversation("m-bus")


def test_every_access_of_the_reference_data_is_told_without_an_error(vectors: list[Any]) -> None:
    """Requests, responses and notifications that others made, of GBCS use cases."""
    told = 0
    for vector in vectors:
        payload = vector.message.payload
        if payload[:1] not in (b"\xd9", b"\xda", b"\x0f"):
            continue
        said = explain(payload, "apdu")
        assert covered(said) == list(range(len(payload))), vector.name
        assert not [error for error in said.get("errors", []) if "found" in error], vector.name
        told += 1
    assert told > 300


def test_what_another_library_writes_is_told() -> None:
    """dlms-cosem 21.3.2 (MIT) as the writer."""
    xdlms = pytest.importorskip("dlms_cosem.protocol.xdlms", reason="dlms-cosem is not installed")
    cosem = pytest.importorskip("dlms_cosem.cosem")
    enumerations = pytest.importorskip("dlms_cosem.enumerations")
    attribute = cosem.CosemAttribute(
        interface=enumerations.CosemInterface.CLOCK,
        instance=cosem.Obis(0, 0, 1, 0, 0, 255), attribute=2)
    talk = Conversation("apdu")
    asked = talk.explain(bytes(xdlms.GetRequestNormal(cosem_attribute=attribute).to_bytes()))
    assert value_of(asked, "attribute") == "8/0-0:1.0.0.255/a2 (Clock: clock, time)"
    assert "errors" not in asked
    proposal = xdlms.InitiateRequest(
        proposed_conformance=xdlms.Conformance(get=True, set=True), client_max_receive_pdu_size=500)
    said = talk.explain(bytes(proposal.to_bytes()))
    assert value_of(said, "conformance") == "000018 (get, set)"
    assert value_of(said, "max-pdu") == "500 octets"
    assert "errors" not in said


def test_signed_and_agreed_messages_are_opened_as_far_as_the_client_can() -> None:
    curve = ec.SECP256R1()
    ours, theirs, our_agreement, their_agreement = (
        ec.derive_private_key(number, curve) for number in (11, 12, 13, 14))
    client = Keys(1, KEYS.own_title, KEYS.peer_title, authentication=b"a" * 16, master=b"m" * 16,
                  signing=ours, agreement=our_agreement, peer_signing=theirs.public_key(),
                  peer_agreement=their_agreement.public_key())
    meter = replace(client, own_title=client.peer_title, peer_title=client.own_title,
                    signing=theirs, agreement=their_agreement, peer_signing=ours.public_key(),
                    peer_agreement=our_agreement.public_key())
    ciphering = BOTH._replace(envelope=Envelope.CIPHERING)
    ways = [SIGNED, *(ciphering._replace(key=key) for key in (Key.WRAPPED, Key.ONE_PASS,
                                                              Key.STATIC))]
    for sender in (client, meter):
        for way in ways:
            octets = Security(sender).protect(apdu.GetRequestNormal(0xC1, CLOCK).encode(), way)
            said = explain(octets, "apdu", client)
            assert "errors" not in said
            closed = sender is client and way.key is Key.ONE_PASS
            assert ("attribute" in dict(flat(said))) is not closed, (sender, way)
