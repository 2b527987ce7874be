"""General commands and the frame of the ZigBee cluster library."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import CLUSTERS
from bench.protocols.zigbee.general import GENERAL_COMMANDS, LAYOUTS

METERING, PRICE = 0x0702, 0x0700

# cluster, frame, plain fields
EXAMPLES: list[tuple[int, str, dict[str, Any]]] = [
    (METERING, "00 00 00 0000 FFEE",
     {"attributes": ["current_summation_delivered", "0xEEFF"]}),
    (METERING, "08 00 01 1400 00 30 02 0203 86", {"attributes": [
        {"attribute": "supply_status", "status": "success", "type": "enum8",
         "value": "supply_on"},
        {"attribute": "divisor", "status": "unsupported_attribute"}]}),
    (METERING, "00 00 02 0703 41 02 3132", {"attributes": [
        {"attribute": "site_id", "type": "octet_string", "value": "3132"}]}),
    (METERING, "08 00 04 00", {"status": "success"}),
    (METERING, "08 00 04 88 0703", {"attributes": [
        {"status": "read_only", "attribute": "site_id"}]}),
    (METERING, "00 00 06 00 0000 25 0A00 FFFF 010000000000 00 1400 30 0000 3C00 01 0000 0500",
     {"attributes": [
         {"direction": 0, "attribute": "current_summation_delivered", "type": "uint48",
          "minimum_interval": 10, "maximum_interval": 65535, "reportable_change": 1},
         {"direction": 0, "attribute": "supply_status", "type": "enum8",
          "minimum_interval": 0, "maximum_interval": 60},
         {"direction": 1, "attribute": "functional_notification_flags", "timeout": 5}]}),
    (METERING, "08 00 07 8C 00 1400", {"attributes": [
        {"status": "unreportable_attribute", "direction": 0, "attribute": "supply_status"}]}),
    (METERING, "00 00 08 00 1400", {"attributes": [
        {"direction": 0, "attribute": "supply_status"}]}),
    (METERING, "08 00 09 00 00 1400 30 0100 0200 8B 00 0000", {"attributes": [
        {"status": "success", "direction": 0, "attribute": "supply_status", "type": "enum8",
         "minimum_interval": 1, "maximum_interval": 2},
        {"status": "not_found", "direction": 0, "attribute": "current_summation_delivered"}]}),
    (METERING, "08 00 0A 0000 25 050000000000", {"attributes": [
        {"attribute": "current_summation_delivered", "type": "uint48", "value": 5}]}),
    (PRICE, "00 00 0B 04 85", {"command": "PublishTariffInformation",
                               "status": "invalid_field"}),
    (PRICE, "08 00 0B FF 01", {"command": "0xFF", "status": "failure"}),
    (PRICE, "08 00 0B 00 00 AA", {"command": "GetCurrentPrice", "status": "success",
                                  "trailing": "AA"}),
    (METERING, "00 00 0C 0000 FF", {"start": "current_summation_delivered", "maximum": 255}),
    (METERING, "08 00 0D 01 1400 30 0000 77", {"complete": True, "attributes": [
        {"attribute": "supply_status", "type": "enum8"},
        {"attribute": "current_summation_delivered", "type": "0x77"}]}),
    (METERING, "00 00 11 00 10", {"start_command": 0, "maximum": 16}),
    (METERING, "08 00 12 00 06 0B", {"complete": False, "commands": [6, 11]}),
    (METERING, "08 00 16 01 1400 30 05", {"complete": True, "attributes": [
        {"attribute": "supply_status", "type": "enum8", "access": 5}]}),
    (METERING, "00 00 0E 0000 01 0200", {"octets": "0000010200"}),
    (0xABCD, "01 07 42 0102", {"octets": "0102"}),
    (0xABCD, "08 00 01 0100 00 20 05", {"attributes": [
        {"attribute": "0x0001", "status": "success", "type": "uint8", "value": 5}]}),
    (METERING, "05 6612 01 08 AABB", {"octets": "AABB"}),
]


@pytest.mark.parametrize(("cluster", "octets", "fields"), EXAMPLES)
def test_a_frame_is_read_and_written(cluster: int, octets: str, fields: dict[str, Any]) -> None:
    wire = bytes.fromhex(octets)
    frame = zcl.parse(wire)
    assert zcl.fields_of(cluster, frame) == fields
    assert zcl.payload_of(cluster, frame, fields) == frame.payload
    assert frame.encode() == wire


@given(st.sampled_from(sorted(CLUSTERS)), st.sampled_from(sorted(GENERAL_COMMANDS)),
       st.booleans(), st.binary(max_size=40))
def test_any_general_command_comes_back_or_is_a_remote_error(
    cluster: int, command: int, to_client: bool, payload: bytes
) -> None:
    frame = zcl.Frame(zcl.frame_control(zcl.GENERAL, to_client=to_client), 0, command, payload)
    try:
        fields = zcl.fields_of(cluster, frame)
    except RemoteProtocolError as refused:
        offset = refused.offset
    else:
        offset = 0
        assert zcl.payload_of(cluster, frame, fields) == payload
    assert 0 <= offset <= len(payload)


@given(st.binary(max_size=30))
def test_any_octets_are_a_frame_or_a_remote_error(octets: bytes) -> None:
    try:
        frame = zcl.parse(octets)
    except RemoteProtocolError:
        return
    assert frame.encode() == octets


def test_the_side_of_the_attributes_follows_who_asks() -> None:
    to_server = zcl.Frame(zcl.frame_control(0, to_client=False), 0, 0x00, b"\0\0")
    to_client = zcl.Frame(zcl.frame_control(0, to_client=True), 0, 0x00, b"\0\0")
    answer = zcl.Frame(zcl.frame_control(0, to_client=True), 0, 0x0D, b"\1\0\0\x25")
    assert zcl.fields_of(METERING, to_server) == {"attributes": ["current_summation_delivered"]}
    assert zcl.fields_of(METERING, to_client) != zcl.fields_of(METERING, to_server)
    assert zcl.fields_of(METERING, answer)["attributes"][0]["attribute"] == (
        "current_summation_delivered")


@pytest.mark.parametrize(("octets", "fields", "message"), [
    ("080001", {"attributes": [{"attribute": "x", "status": "success"}]},
     r"attributes\[0\]: attribute: no server attribute 'x'"),
    ("080001", {"attributes": [{"attribute": "divisor", "status": "good"}]}, "status: no status"),
    ("080001", {"attributes": [{"attribute": "divisor", "status": "success", "type": "uint8",
                                "value": 256}]}, r"\[0\]: value: uint8 cannot hold 256"),
    ("080001", {"attributes": [{"attribute": "divisor", "status": "success"}]}, "a known type"),
    ("080001", {"attributes": [{"attribute": "divisor", "status": "read_only", "value": 1}]},
     "no element value"),
    ("080001", {"attributes": 5}, "attributes: a list is wanted"),
    ("080001", {}, "attributes: a list is wanted"),
    ("080001", {"attributes": [5]}, r"attributes\[0\]: named elements are wanted"),
    ("08000B", {"status": "success"}, "command: a value is wanted"),
    ("08000B", {"command": "Nothing", "status": "success"}, "command: no command"),
    ("00000E", {"attributes": []}, "octets only"),
    ("000006", {"attributes": [{"direction": 0, "attribute": "divisor", "type": "uint24",
                                "minimum_interval": 0, "maximum_interval": 0,
                                "reportable_change": -1}]}, "reportable_change: uint24"),
])
def test_what_does_not_fit_is_our_error_with_its_name(
    octets: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        zcl.payload_of(METERING, zcl.parse(bytes.fromhex(octets)), fields)


def test_every_general_command_has_a_name_and_most_a_layout() -> None:
    assert set(GENERAL_COMMANDS) - set(LAYOUTS) == {0x0E, 0x0F, 0x10}
    assert set(GENERAL_COMMANDS) == set(range(0x17))
