"""Cluster declarations against the definitions they were made of, and the fields of commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee.clusters import (
    CLUSTERS,
    Command,
    cluster_named,
    read_fields,
    write_fields,
)

COMMANDS = [(cluster.name, command) for cluster in CLUSTERS.values()
            for command in cluster.commands.values()]
PREFIXES = {"INT": "uint", "BITMAP": "bitmap", "ENUM": "enum"}


def command(cluster: str, name: str) -> Command:
    found = cluster_named(cluster)
    assert found is not None
    declared = found.command_named(name)
    assert declared is not None
    return declared


def plain_type(text: str) -> str:
    """Return our name of a type of the definitions, which write INT24U for uint24."""
    found = re.fullmatch(r"INT(\d+)([US])", text)
    if found:
        return f"{'u' if found[2] == 'U' else ''}int{found[1]}"
    return {"CHAR_STRING": "character_string"}.get(text, text.lower())


@pytest.fixture(scope="module")
def definitions(shared: Path) -> ElementTree.Element:
    return ElementTree.parse(shared / "reference" / "ami.xml").getroot()


def test_attributes_are_those_of_the_definitions(definitions: ElementTree.Element) -> None:
    compared = 0
    for defined in definitions.iter("cluster"):
        cluster = CLUSTERS[int(defined.findtext("code", ""), 16)]
        for row in defined.findall("attribute"):
            held = cluster.attributes[row.get("side", "")][int(row.get("code", ""), 16)]
            assert held.name == row.get("define", "").lower()
            if held.type[0].islower():  # else an enumeration, which the definitions do not give
                assert held.type == plain_type(row.get("type", ""))
            compared += 1
    assert compared == 2520


def test_commands_are_those_of_the_definitions(definitions: ElementTree.Element) -> None:
    compared = 0
    for defined in definitions.iter("cluster"):
        cluster = CLUSTERS[int(defined.findtext("code", ""), 16)]
        for row in defined.findall("command"):
            directions = {"server": [True], "client": [False], "either": [True, False]}
            for to_client in directions[row.get("source", "")]:
                held = cluster.commands[to_client, int(row.get("code", ""), 16)]
                wanted = [arg.get("name", "") for arg in row.findall("arg")
                          if not arg.get("removedIn")]
                assert held.name == row.get("name")
                assert [re.sub("^optional", "", name).lower() for name in wanted] == [
                    field.name.replace("_", "") for field in held.fields]
                compared += 1
    assert compared == 147 + 1  # one goes both ways


def test_names_are_unique_where_they_stand_for_numbers() -> None:
    for cluster in CLUSTERS.values():
        for attributes in cluster.attributes.values():
            names = [attribute.name for attribute in attributes.values()]
            assert len(names) == len(set(names)), cluster.name
        for to_client in (True, False):
            names = [entry.name for entry in cluster.commands.values()
                     if entry.to_client == to_client]
            assert len(names) == len(set(names)), cluster.name


@given(st.sampled_from(COMMANDS), st.binary(max_size=120))
def test_any_octets_come_back_or_are_a_remote_error(
    entry: tuple[str, Command], octets: bytes
) -> None:
    try:
        values = read_fields(entry[1].fields, octets)
    except RemoteProtocolError as refused:
        offset = refused.offset
    else:
        offset = 0
        assert write_fields(entry[1].fields, values) == octets
    assert 0 <= offset <= len(octets)


EXAMPLES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Price", "PublishBlockThresholds",
     "00000000 804A371C 90888138 01000000 00 01 01 F2 000000000001 FFFFFFFFFFFF",
     {"sub_payload_control": 1, "payload": [{
         "tier_number_of_block_thresholds": 0xF2, "block_thresholds": [1 << 40, (1 << 48) - 1]}]}),
    ("Metering", "PublishSnapshot",
     "01000000 804A371C 01 00 01 02000000 06 0F0000000000 01 100000000000 14 010000000000",
     {"snapshot_payload_type": "block_tier_information_set_delivered_no_billing",
      "snapshot_payload": {
          "current_summation_delivered": 15, "number_of_tiers_in_use": 1,
          "tier_summations": [16], "number_of_tiers_and_block_thresholds_in_use": 20,
          "tier_block_summations": [1]}}),
    ("Metering", "PublishSnapshot", "01000000 804A371C 01 00 01 02000000 80",
     {"snapshot_payload_type": "data_unavailable", "snapshot_payload": {}}),
    ("Metering", "PublishSnapshot", "01000000 804A371C 01 00 01 02000000 77 ABCD",
     {"snapshot_payload_type": 0x77, "snapshot_payload": "ABCD"}),
    ("Metering", "GetSampledDataResponse", "0100 804A371C 00 0807 0200 010000 FFFFFF",
     {"number_of_samples": 2, "samples": [1, 0xFFFFFF]}),
    ("Device Management", "SetEventConfiguration", "804A371C 00000000 5B 00 02 AA81 AB81",
     {"event_configuration_payload": {"number_of_events": 2, "event_ids": [0x81AA, 0x81AB]}}),
    ("Device Management", "SetEventConfiguration", "804A371C 00000000 5B 03 07",
     {"event_configuration_payload": {"event_configuration_value_match": 7}}),
    ("Prepayment", "PublishPrepaySnapshot",
     "00000000 1026351C 01 00 01 01000000 00 82000000 79000000 DF000000 CA000000 C0FFFFFF"
     "4BFFFFFF",
     {"snapshot_payload": {
         "accumulated_debt": 130, "type_1_debt_remaining": 121, "type_2_debt_remaining": 223,
         "type_3_debt_remaining": 202, "emergency_credit_remaining": -64,
         "credit_remaining": -181}}),
    ("Calendar", "PublishSeasons", "00000000 804A371C 804A371C 00 01 FF031DFF 02",
     {"season_entries": [{"season_start_date": {
         "year": None, "month": 3, "day": 29, "weekday": None}, "week_id_ref": 2}]}),
    ("Messaging", "DisplayMessage", "804A371C 00 00000000 FFFF FF", {"message": None}),
    ("Messaging", "DisplayMessage", "804A371C 00 00000000 FFFF 0148 01",
     {"message": "H", "extended_message_control": 1}),
    ("Messaging", "CancelAllMessages", "00000000 AA", {"trailing": "AA"}),
]


@pytest.mark.parametrize(("cluster", "name", "octets", "expected"), EXAMPLES)
def test_fields_are_read_and_written(
    cluster: str, name: str, octets: str, expected: dict[str, Any]
) -> None:
    wire = bytes.fromhex(octets)
    declared = command(cluster, name)
    values = read_fields(declared.fields, wire)
    assert {key: values[key] for key in expected} == expected
    assert write_fields(declared.fields, values) == wire


def test_a_price_has_a_short_and_a_long_form() -> None:
    declared = command("Price", "PublishPrice")
    short = bytes.fromhex("00000000 00 804A371C 804A371C 01 3A03 51 41 00000000 A005 80250000")
    values = read_fields(declared.fields, short)
    assert list(values)[-1] == "price"
    longer = values | {"price_ratio": 0xFF, "generation_price": 0xFFFFFFFF}
    assert write_fields(declared.fields, longer) == short + bytes.fromhex("FF FFFFFFFF")
    with pytest.raises(RemoteProtocolError, match="more octets"):
        read_fields(declared.fields, short[:-1])
    with pytest.raises(LocalProtocolError, match=r"generation_price: .*price_ratio"):
        write_fields(declared.fields, values | {"generation_price": 1})


@pytest.mark.parametrize(("change", "message"), [
    ({"sample_id": 65536}, "sample_id: uint16 cannot hold 65536: a number from 0 to 65535"),
    ({"number_of_samples": 2}, "samples: 1 elements, but number_of_samples says 2"),
    ({"samples": [1 << 24]}, "samples: uint24 cannot hold"),
    ({"samples": 5}, "samples: a list is wanted"),
    ({"sample_type": "nothing"}, "sample_type: 'nothing' is none of consumption_delivered"),
    ({"colour": 1}, "no field colour; there are sample_id"),
    ({"sample_start_time": None}, "sample_start_time"),
])
def test_a_wrong_field_is_our_error_with_its_name(change: dict[str, Any], message: str) -> None:
    declared = command("Metering", "GetSampledDataResponse")
    values = read_fields(declared.fields, bytes.fromhex("0100804A371C0008070100010000"))
    with pytest.raises(LocalProtocolError, match=re.escape(message)):
        write_fields(declared.fields, values | change)
    del values["samples"]
    with pytest.raises(LocalProtocolError, match="samples: a value is wanted"):
        write_fields(declared.fields, values)
