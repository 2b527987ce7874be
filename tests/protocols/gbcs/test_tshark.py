"""Wireshark's GBCS and ZigBee dissectors read in the reference messages what we read."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from protocol_parties import Vector

from bench.protocols.gbcs import gbz
from bench.protocols.gbcs.gbz import Component, Gbz
from bench.protocols.zigbee.clusters import CLUSTERS
from bench.protocols.zigbee.data_types import TYPES, write_typed
from bench.protocols.zigbee.general import STATUS

USER_0 = 147
NUMERIC = {kind.id for name, kind in TYPES.items() if name.startswith(("uint", "int", "bitmap"))}
HEADER = "gbcs_message.grouping_header."
COMPONENT = "gbcs_gbz."


@pytest.fixture(scope="module")
def packets(
    vectors: list[Vector], tmp_path_factory: pytest.TempPathFactory
) -> list[ElementTree.Element]:
    """What one run of tshark makes of all messages, in their order."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    capture = tmp_path_factory.mktemp("tshark") / "messages.pcap"
    capture.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, USER_0) + b"".join(
        struct.pack("<IIII", 0, 0, len(vector.octets), len(vector.octets)) + vector.octets
        for vector in vectors))
    shown = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "pdml", "-o",
         'uat:user_dlts:"User 0 (DLT=147)","gbcs_message","0","","0",""'],
        capture_output=True, timeout=120, check=False)
    found = ElementTree.fromstring(shown.stdout).findall("packet")
    if not any(named(packet, HEADER + "message_code") for packet in found):
        pytest.skip("this tshark has no GBCS dissector")
    return found


def named(element: ElementTree.Element, name: str) -> list[int]:
    """The numbers of all fields called ``name`` below ``element``, as shown."""
    return [int(field.get("show", ""), 0) for field in element.iter("field")
            if field.get("name") == name and field.get("show")]


def test_message_code_flag_and_counter_agree(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> None:
    assert len(packets) == len(vectors) == 601
    for vector, packet in zip(vectors, packets, strict=True):
        message = vector.message
        shown = [named(packet, HEADER + name)
                 for name in ("message_code", "cra_flag", "originator_counter")]
        assert shown == [[message.message_code], [message.cra], [message.originator_counter]], (
            vector.name)


def test_tshark_finds_only_pre_commands_malformed(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> None:
    malformed = [vector.name for vector, packet in zip(vectors, packets, strict=True)
                 if any(proto.get("name") == "_ws.malformed" for proto in packet.iter("proto"))]
    assert malformed == [vector.name for vector in vectors if vector.message.pre_command]


def of_gbz(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> Iterator[tuple[str, Gbz, ElementTree.Element]]:
    for vector, packet in zip(vectors, packets, strict=True):
        if vector.payload == "GBZ":
            yield vector.name, gbz.decode(vector.message.payload), packet


def shown_components(packet: ElementTree.Element) -> list[ElementTree.Element]:
    return [field for field in packet.iter("field") if field.get("show") == "Use Case Component"]


def test_clusters_and_commands_agree(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> None:
    compared = 0
    for name, payload, packet in of_gbz(vectors, packets):
        shown = shown_components(packet)
        assert len(shown) == len(payload.components), name
        for component, element in zip(payload.components, shown, strict=True):
            frame = component.frame
            fields = [named(element, COMPONENT + what) for what in (
                "extended_header_cluster", "frame_control", "transaction", "command_id")]
            assert fields == [[component.cluster], [frame.frame_control], [frame.sequence],
                              [frame.command]], name
            assert bool(named(element, COMPONENT + "additional_header_control")) == (
                component.encrypted), name
            if component.encrypted:
                assert named(element, COMPONENT + "length_of_ciphered_information") == [
                    len(frame.payload)], name
            compared += 1
    assert compared == 588


def attribute_ids(component: Component) -> list[int]:
    """The attributes that a read or its response names, in order."""
    request = component.command_name == "ReadAttributes"
    cluster = CLUSTERS[component.cluster]
    found = []
    for entry in component.fields()["attributes"]:
        attribute = cluster.attribute_named(entry if request else entry["attribute"])
        assert attribute is not None
        found.append(attribute.id)
    return found


def test_attributes_and_their_values_agree(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> None:
    seen = Counter[str]()
    statuses = {text: number for number, text in STATUS.items()}
    for name, payload, packet in of_gbz(vectors, packets):
        for component, element in zip(payload.components, shown_components(packet), strict=True):
            if component.sealed or not component.command_name.startswith("ReadAttributes"):
                continue
            ids = [int(field.get("show", ""), 0) for field in element.iter("field")
                   if (field.get("name") or "").endswith("attr_id") and field.get("show")]
            assert ids == attribute_ids(component), name
            seen[component.command_name] += len(ids)
            if component.command_name == "ReadAttributesResponse":
                answers = component.fields()["attributes"]
                assert named(element, "zbee_zcl.attr.status") == [
                    statuses[answer["status"]] for answer in answers], name
                assert list(shown_values(element)) == [
                    write_typed(answer).hex() for answer in answers
                    if isinstance(answer.get("value"), int)], name
    assert seen["ReadAttributes"] == 164
    assert seen["ReadAttributesResponse"] > 80


def shown_values(element: ElementTree.Element) -> Iterator[str]:
    """Type and value, in hexadecimal, of the attributes that have come as numbers."""
    for record in element.iter("field"):
        kinds = [field.get("value", "") for field in record.findall("field")
                 if field.get("name") == "zbee_zcl.attr.data.type"]
        if kinds and int(kinds[0], 16) in NUMERIC:
            yield record.get("value", "")[6:]  # behind attribute and status


# Fields that the two call by one name.
NUMBERS = ("issuer_event_id", "provider_id", "issuer_calendar_id", "day_id", "week_id",
           "snapshot_offset", "snapshot_cause", "number_of_records")


def test_numbers_in_commands_agree(
    vectors: list[Vector], packets: list[ElementTree.Element]
) -> None:
    compared = Counter[str]()
    for name, payload, packet in of_gbz(vectors, packets):
        for component, element in zip(payload.components, shown_components(packet), strict=True):
            fields: dict[str, Any] = {} if component.sealed else component.fields()
            for what in NUMBERS:
                shown = [field.get("value") or "" for field in element.iter("field")
                         if (field.get("name") or "").endswith(f".{what}")]
                if what in fields and shown and isinstance(fields[what], int):
                    wire = int.from_bytes(bytes.fromhex(shown[0]), "little")
                    assert wire == fields[what], (name, what)
                    compared[what] += 1
    assert compared["issuer_event_id"] > 50
    assert len(compared) >= 6


def test_alerts_agree(vectors: list[Vector], packets: list[ElementTree.Element]) -> None:
    outcomes = 0
    for name, payload, packet in of_gbz(vectors, packets):
        if payload.alert is None:
            continue
        assert named(packet, COMPONENT + "alert_code") == [payload.alert.code], name
        content = gbz.plain(payload)[0].get("content")
        if content:
            assert [named(packet, COMPONENT + what) for what in (
                "message_code", "originator_counter", "extended_header_cluster", "command_id")
            ] == [[int(content["message_code"], 16)], [content["originator_counter"]],
                  [content["cluster_id"]], [content["command_id"]]], name
            outcomes += 1
    assert outcomes == 7
