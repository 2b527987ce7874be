"""GBZ payloads: the reference messages come back octet for octet, wrong ones are remote errors."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import DEVICE, SUPPLIER, Vector

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import gbz
from bench.protocols.gbcs.gbz import Alert, Component, Gbz
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import CLUSTERS

READ_TWO = "0109 02 00 0702 0005 00 00 00 000A  01 0705 0005 00 01 00 0100"
DATED_LOG = "0109 01 11 0705 000C 1C0E6C00 01 00 08 FEFFFFFF 05"
SEALED = "0109 01 03 0702 001A 0000 18 00 01 0013 3100000000" + "AB" * 14
OUTCOME = "0109 01 8F66 38818890 0E 006C 00000000000003E9 0705 01 06"
EVERY_KIND = [READ_TWO, DATED_LOG, SEALED, OUTCOME, "0109 00 8F30 1C374A80",
              "0109 01 81A0 1C374A80 0003", "0109 01 8F1C 1C374A80 0920" + "5A" * 32,
              "0109 01 8F0A 1C374A80 01 0702 0005 08 00 0B 06 00",
              "0109 01 01 FFFE 0005 05 6612 00 77"]


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every name and every text of a plain value."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from strings(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member, name)
    else:
        yield name, str(value)


def test_every_reference_payload_comes_back(vectors: list[Vector]) -> None:
    payloads = [v for v in vectors if v.payload == "GBZ"]
    assert len(payloads) == 175
    for vector in payloads:
        payload = vector.message.payload
        read = gbz.decode(payload)
        assert read.encode() == payload, vector.name
        plain = gbz.plain(read)
        assert gbz.from_plain(json.loads(json.dumps(plain))).encode() == payload, vector.name
        assert (read.alert is not None) == (vector.cra == "alert"), vector.name


def test_reference_payloads_leave_nothing_unread(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    commands = Counter[str]()
    for vector in (v for v in vectors if v.payload == "GBZ"):
        plain = gbz.plain(gbz.decode(vector.message.payload), vector.message, reference_keys)
        names = list(strings(plain))
        assert not [name for name, _ in names if name in ("trailing", "octets", "sealed")]
        # FF is what a device answers for a command that it did not come to
        unnamed = {text for _, text in names if text.startswith("0x")}
        assert unnamed <= {"0xFF"}, vector.name
        commands.update(record["command"] for record in plain if "command" in record)
    assert len(commands) == 45
    assert commands["DefaultResponse"] > 100
    assert commands["GetSampledDataResponse"] == 1


def test_every_sealed_component_opens_and_seals_again(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    found = Counter[str]()
    for vector in (v for v in vectors if v.payload == "GBZ"):
        message = vector.message
        sealed = gbz.decode(message.payload)
        opened = gbz.unseal(sealed, message, reference_keys)
        for before, after in zip(sealed.components, opened.components, strict=True):
            if before.sealed:
                found["without keys" if after.sealed else "opened"] += 1
        plain = json.loads(json.dumps(gbz.plain(sealed, message, reference_keys)))
        again = gbz.seal(gbz.from_plain(plain), message, reference_keys)
        assert again.encode() == message.payload, vector.name
    sys.stdout.write(f"sealed GBZ components: {found['opened']} opened, "
                     f"{found['without keys']} without keys\n")
    assert found == {"opened": 14}


def test_values_of_a_reference_message_are_those_it_was_made_with(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    by_name = {v.name: v for v in vectors}
    vector = by_name["GCS13a_4.1.1_SUCCESS_RELIABLE_GSME_RESPONSE_GBCS.HEX"]
    (record,) = gbz.plain(gbz.decode(vector.message.payload), vector.message, reference_keys)
    assert record["fields"]["attributes"][-2:] == [
        {"attribute": "unit_of_measure", "status": "success", "type": "enum8",
         "value": "cubic_meter_per_hour"},
        {"attribute": "current_summation_delivered", "status": "success", "type": "uint48",
         "value": 12345}]
    alert = by_name["GCS02_1.6_8F66_FUTURE_DATED_SUCCESS_ALERT_CHANGE_PAYMENT_MODE_GBCS.HEX"]
    assert gbz.plain(gbz.decode(alert.message.payload)) == [{
        "alert_code": "8F66", "alert": "future-dated HAN command actioned",
        "time": 0x38818890, "count": 1, "content": {
            "message_code": "006C", "originator_counter": 1001, "cluster": "Prepayment",
            "cluster_id": 0x0705, "frame_control": 1, "command": "ChangePaymentMode",
            "command_id": 6}}]


@pytest.mark.parametrize("text", EVERY_KIND)
def test_every_kind_of_payload_comes_back(text: str) -> None:
    payload = octets(text)
    read = gbz.decode(payload)
    assert read.encode() == payload
    assert gbz.from_plain(gbz.plain(read)).encode() == payload


def test_contents_of_alerts_are_read() -> None:
    contents = [gbz.plain(gbz.decode(octets(text)))[0].get("content") for text in EVERY_KIND[3:8]]
    assert [content and next(iter(content)) for content in contents] == [
        "message_code", None, "integrity_warning", "image_hash", None]
    assert contents[2] == {"integrity_warning": "program_storage"}
    billing = gbz.decode(octets(EVERY_KIND[7]))
    assert [component.command_name for component in billing.components] == ["DefaultResponse"]
    other = gbz.decode(octets("0109 01 8F0A 1C374A80 010203"))
    assert (other.components, other.alert and other.alert.content) == ((), b"\1\2\3")


def test_a_from_date_time_is_big_endian_and_the_fields_are_not() -> None:
    (record,) = gbz.plain(gbz.decode(octets(DATED_LOG)))
    assert record["from_date_time"] == 0x1C0E6C00
    assert record["fields"] == {"latest_end_time": 0xFFFFFFFE, "number_of_records": 5}


def test_unknown_clusters_and_commands_are_shown_as_octets() -> None:
    (record,) = gbz.plain(gbz.decode(octets("0109 01 01 FFFE 0005 01 00 42 ABCD")))
    assert record["cluster"] == "0xFFFE"
    assert record["command"] == "0x42"
    assert record["fields"] == {"octets": "ABCD"}
    assert gbz.plain(gbz.decode(octets("0109 01 01 0702 0004 01 00 7F 01")))[0]["fields"] == {
        "octets": "01"}


@pytest.mark.parametrize(("text", "offset", "message"), [
    ("0108 00", 0, "profile 0109"), ("0109", 2, "more octets"), ("0109 01", 3, "more octets"),
    ("0109 01 01 0702 0005 00 00 00 00", 12, "more octets"),
    ("0109 01 00 0702 0005 00 00 00 000A", 3, "the last of 1"),
    ("0109 01 05 0702 0005 00 00 00 000A", 3, "a control octet"),
    ("0109 01 13 0702 0005 00 00 00 000A", 3, "a control octet"),
    ("0109 01 01 0702 0005 00 00 00 000A FF", 13, "the end of the payload"),
    ("0109 01 01 0702 0004 00 00 00 00", 12, "more octets"),
    ("0109 01 01 0705 0009 01 00 04 02 14 373839 40", 17, "more octets"),
    ("0109 01 01 0702 0008 08 00 01 0000 00 77 00", 14, "a ZigBee data type"),
    ("0109 01 11 0702 0003 000000", 11, "more octets"),
    ("0109 01 03 0702 001A 0000 18 00 01 0014 3100000000" + "AB" * 14, 13, "length 19"),
    ("0109 01 03 0702 001A 0000 18 00 01 0013 3000000000" + "AB" * 14, 15, "encryption header"),
    ("0109 01 03 0702 0008 0000 18 00 01 0001 31", 16, "more octets"),
    ("0109 00 8F30 1C374A", 8, "more octets"),
])
def test_a_wrong_payload_is_a_remote_error_at_its_octet(
    text: str, offset: int, message: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=message) as raised:
        gbz.decode(octets(text))
    assert raised.value.offset == offset


def decoded_or_refused(payload: bytes) -> None:
    try:
        read = gbz.decode(payload)
    except RemoteProtocolError as refused:
        offset = refused.offset
    else:
        offset = 0
        assert read.encode() == payload
        assert gbz.from_plain(gbz.plain(read)).encode() == payload
    assert 0 <= offset <= len(payload)


@given(st.binary(max_size=60), st.booleans())
def test_any_octets_are_a_payload_or_a_remote_error(rest: bytes, with_profile: bool) -> None:
    decoded_or_refused(gbz.PROFILE * with_profile + rest)


@given(st.sampled_from([octets(text) for text in EVERY_KIND]), st.data())
def test_mutated_octets_are_a_payload_or_a_remote_error(
    payload: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(payload) - 1))
    gone = data.draw(st.integers(0, 3))
    decoded_or_refused(payload[:place] + data.draw(st.binary(max_size=3))
                       + payload[place + gone :])


def test_mutated_reference_messages_are_read_or_refused(vectors: list[Vector]) -> None:
    chance = random.Random(3)
    payloads = [v.message.payload for v in vectors if v.payload == "GBZ"]
    for _ in range(3000):
        payload = bytearray(chance.choice(payloads))
        for _ in range(chance.randint(1, 3)):
            payload[chance.randrange(len(payload))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        cut = chance.randrange(len(payload)) if chance.random() < 0.3 else len(payload)
        decoded_or_refused(bytes(payload[:cut]))


frames = st.tuples(
    st.sampled_from((0x01, 0x09, 0x11, 0x19)), st.integers(0, 255), st.integers(0x80, 0xFF),
    st.binary(max_size=30)).map(lambda parts: zcl.Frame(*parts))
components = st.tuples(
    st.integers(0, 0xFFFF), frames, st.none() | st.integers(0, 0xFFFFFFFF),
).map(lambda parts: Component(*parts))


@given(st.lists(components, max_size=5).map(tuple), st.none() | st.builds(
    Alert, st.integers(0x8000, 0xFFFF), st.integers(0, 0xFFFFFFFF)))
def test_what_is_made_is_what_is_read(made: tuple[Component, ...], alert: Alert | None) -> None:
    payload = Gbz(made, alert and replace(alert, count=len(made)))
    assert gbz.decode(payload.encode()) == payload


@pytest.fixture
def response(command: Callable[..., Message]) -> Message:
    return command(cra=Cra.RESPONSE, originator=DEVICE, recipient=SUPPLIER, message_code=0x0074)


def test_a_component_is_sealed_for_its_message_only(response: Message, keys: KeyStore) -> None:
    record = {"cluster": "Metering", "command": "ReadAttributesResponse",
              "direction": "to_client", "additional_header": "0000", "fields": {"attributes": [
                  {"attribute": "divisor", "status": "success", "type": "uint24",
                   "value": 1000}]}}
    opened = gbz.from_plain([record])
    with pytest.raises(LocalProtocolError, match="must be sealed"):
        opened.encode()
    sealed = gbz.decode(gbz.seal(opened, response, keys).encode())
    assert "sealed" in gbz.plain(sealed)[0]
    with pytest.raises(LocalProtocolError, match="is sealed"):
        sealed.components[0].fields()
    assert gbz.plain(sealed, response, keys)[0]["fields"] == record["fields"]
    assert gbz.plain(sealed, response, KeyStore())[0]["sealed"]
    with pytest.raises(RemoteProtocolError, match="tag of the ciphertext"):
        gbz.unseal(sealed, replace(response, originator_counter=2), keys)
    with pytest.raises(LocalProtocolError, match="no keys between"):
        gbz.seal(opened, response, KeyStore())


def test_what_a_sealed_component_holds_is_checked(response: Message, keys: KeyStore) -> None:
    frame = zcl.Frame(0x18, 0, 0x01, b"\x00\x03\x00")
    wrong = gbz.seal(Gbz((Component(0x0702, frame, None, bytes(2)),)), response, keys)
    with pytest.raises(RemoteProtocolError, match="more octets"):
        gbz.unseal(gbz.decode(wrong.encode()), response, keys)


def test_an_alert_may_carry_a_sealed_component(response: Message, keys: KeyStore) -> None:
    frame = zcl.Frame(0x19, 0, 0x06, octets("01000000 804A371C 01 00 01 02000000 80"))
    alert = replace(response, cra=Cra.ALERT, message_code=0x008B)
    made = Gbz((Component(0x0702, frame, None, bytes(2)),), Alert(0x8F0A, 473_385_600, 1))
    received = gbz.decode(gbz.seal(made, alert, keys).encode())
    head, snapshot = gbz.plain(received, alert, keys)
    assert (head["alert_code"], head["alert"]) == ("8F0A", "billing data log updated")
    assert snapshot["fields"]["snapshot_payload_type"] == "data_unavailable"
    assert gbz.unseal(received, alert, keys) == made


GOOD = {"cluster": "Prepayment", "command": "SetLowCreditWarningLevel",
        "fields": {"low_credit_warning_level": 5}}


def test_a_component_needs_no_more_than_names() -> None:
    made = gbz.from_plain([GOOD])
    assert made.encode() == octets("0109 01 01 0705 0007 01 00 09 05000000")
    dated = gbz.from_plain([GOOD | {"from_date_time": "2015-01-01", "sequence": 2}])
    assert dated.encode() == octets("0109 01 11 0705 000B 1C374A80 01 02 09 05000000")


@pytest.mark.parametrize(("change", "message"), [
    ({"cluster": "Water"}, "cluster: no cluster 'Water'"),
    ({"command": "Nothing"}, "command: Prepayment has no command 'Nothing'"),
    ({"direction": "up"}, "direction: 'up' is none of"),
    ({"direction": "to_client"}, "has no command"),
    ({"fields": {"low_credit_warning_level": 1 << 32}},
     "Prepayment SetLowCreditWarningLevel: low_credit_warning_level: uint32 cannot hold"),
    ({"fields": {}}, "low_credit_warning_level: a value is wanted"),
    ({"fields": {"low_credit_warning_level": 1, "colour": 2}}, "no field colour"),
    ({"fields": 5}, "named fields are wanted"),
    ({"sequence": 256}, "uint8 cannot hold 256"),
    ({"from_date_time": 1 << 32}, "from_date_time"),
    ({"from_date_time": "soon"}, "from_date_time"),
    ({"sealed": "00"}, "either fields or sealed"),
    ({"colour": 2}, "no colour; there are"),
    ({"manufacturer_code": 1, "frame_control": 1}, "do not agree"),
    ({"command": "DefaultResponse", "direction": "to_client", "frame_control": 0},
     "direction and frame_control do not agree"),
])
def test_what_does_not_fit_is_our_error_with_component_and_field(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalProtocolError, match=message) as raised:
        gbz.from_plain([GOOD, GOOD | change])
    assert str(raised.value).startswith("component 2: ")


JUNK = (None, True, -1, 1 << 70, "", "x", "0x1", "0xZZZZ", 1.5, [], {}, [1], {"a": 1}, b"\1",
        float("nan"), "\u2603")


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the members of a plain value stand, at any depth."""
    members = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for name, member in members:
        yield (*place, name)
        yield from places(member, (*place, name))


def test_plain_values_with_junk_are_a_payload_or_our_error() -> None:
    chance = random.Random(5)
    refused = 0
    for _ in range(4000):
        plain = gbz.plain(gbz.decode(octets(chance.choice(EVERY_KIND))))
        *path, name = chance.choice(list(places(plain)))
        holder: Any = plain
        for step in path:
            holder = holder[step]
        holder[name] = chance.choice(JUNK)
        try:
            gbz.from_plain(plain).encode()
        except LocalProtocolError:
            refused += 1
    assert refused > 2000


@pytest.mark.parametrize(("record", "message"), [
    ({"alert_code": "7FFF", "time": 0}, "alert_code"), ({"alert_code": "8F30"}, "time"),
    ({"alert_code": "8F30", "time": 1 << 32}, "time"),
    ({"alert_code": "8F30", "time": 0, "content": {"image_hash": "x"}}, "content"),
    ({"alert_code": "8F66", "time": 0, "content": {"message_code": "006C"}}, "content"),
    ({"alert_code": "8F30", "time": 0, "count": 256}, "count"),
    ({"alert_code": "8F30", "time": 0, "colour": 1}, "no colour"),
])
def test_a_wrong_alert_is_our_error(record: dict[str, Any], message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        gbz.from_plain([record])


def test_a_command_of_every_cluster_comes_back_through_plain_values() -> None:
    for cluster in CLUSTERS.values():
        for declared in cluster.commands.values():
            control = zcl.frame_control(1, to_client=declared.to_client)
            for length in range(80, -1, -1):  # the longest of zeros that is such a command
                made = Gbz((Component(cluster.id, zcl.Frame(control, 0, declared.id,
                                                            bytes(length))),))
                with suppress(RemoteProtocolError):
                    gbz.decode(made.encode())
                    break
            assert length or not declared.fields, declared.name
            assert gbz.from_plain(gbz.plain(made)) == made, declared.name
