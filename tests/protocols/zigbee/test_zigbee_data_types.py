"""ZigBee data types: every value comes back, nothing but protocol errors for wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee import data_types
from bench.protocols.zigbee.data_types import TYPES, read_typed, write, write_typed

# Octets on the wire, type and plain value (ZCL 075123).
EXAMPLES: list[tuple[str, str, Any]] = [
    ("0102030405FF", "uint48", 0xFF0504030201), ("FFFFFF", "int24", -1),
    ("80", "int8", -128), ("B2FFFFFF", "int32", -78), ("FEFF", "bitmap16", 0xFFFE),
    ("804A371C", "utc_time", 473_385_600), ("00", "boolean", False), ("01", "boolean", True),
    ("FF", "boolean", None), ("0431323334", "octet_string", "31323334"),
    ("00", "octet_string", ""), ("FF", "octet_string", None), ("FF", "character_string", None),
    ("03A3316E", "character_string", "\xa31n"), ("0200AABB", "long_octet_string", "AABB"),
    ("FFFF", "long_octet_string", None), ("FFFF", "long_character_string", None),
    ("A11089674523DB00", "ieee_address", "00DB2345678910A1"),
    ("720A1BFF", "date", {"year": 2014, "month": 10, "day": 27, "weekday": None}),
    ("FFFE0107", "date", {"year": None, "month": 254, "day": 1, "weekday": 7}),
    ("0C1E00FF", "time_of_day",
     {"hours": 12, "minutes": 30, "seconds": 0, "hundredths": None}),
    ("0000C03F", "single", 1.5), ("0000807F", "single", "0000807F"),
    ("2002000507", "array", {"type": "uint8", "elements": [5, 7]}),
    ("20FFFF", "bag", {"type": "uint8", "elements": None}),
    ("0100410155", "structure", [{"type": "octet_string", "value": "55"}]),
    ("0000000000000000000000000000000A", "key128", "0000000000000000000000000000000A"),
    ("", "no_data", None), ("0607", "cluster_id", 0x0706), ("0102", "data16", "0102"),
]

numbers = {name: st.integers(-1 << 8 * kind.size - 1, (1 << 8 * kind.size - 1) - 1)
           if name.startswith("int") else st.integers(0, (1 << 8 * kind.size) - 1)
           for name, kind in TYPES.items()
           if name.startswith(("int", "uint", "bitmap", "enum", "utc"))}
texts = st.text(st.characters(max_codepoint=255), max_size=254)


@pytest.mark.parametrize(("octets", "name", "value"), EXAMPLES)
def test_a_value_is_read_and_written(octets: str, name: str, value: Any) -> None:
    wire = bytes.fromhex(octets)
    assert TYPES[name].read(wire + b"\xee", 0) == (value, len(wire))
    assert write(name, value) == wire


@given(st.data())
def test_every_number_of_a_type_comes_back(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(numbers)))
    value = data.draw(numbers[name])
    octets = write(name, value)
    assert len(octets) == TYPES[name].size
    assert TYPES[name].read(octets, 0) == (value, len(octets))


@given(texts, st.binary(max_size=254))
def test_every_string_comes_back(text: str, octets: bytes) -> None:
    for name in ("character_string", "long_character_string"):
        assert TYPES[name].read(write(name, text), 0)[0] == text
    for name in ("octet_string", "long_octet_string"):
        assert TYPES[name].read(write(name, octets), 0)[0] == octets.hex().upper()


@given(st.sampled_from(sorted(TYPES)), st.binary(max_size=40))
def test_any_octets_are_a_value_or_a_remote_error(name: str, octets: bytes) -> None:
    wire = bytes((TYPES[name].id,)) + octets
    try:
        typed, end = read_typed(wire, 0)
    except RemoteProtocolError:
        return
    assert write_typed(typed) == wire[:end]


@pytest.mark.parametrize(("name", "value"), [
    ("uint8", 256), ("uint8", -1), ("int8", 128), ("int24", -8388609), ("uint48", 1 << 48),
    ("enum8", True), ("uint16", "1"), ("boolean", 1), ("octet_string", "0"), ("date", "x"),
    ("octet_string", bytes(255)), ("ieee_address", "00"), ("character_string", "\u20ac"),
    ("utc_time", "tomorrow"), ("date", {"hour": 1}), ("no_data", 0), ("structure", 5),
    ("array", {"type": "nothing", "elements": []}),
])
def test_a_value_out_of_range_is_our_error(name: str, value: Any) -> None:
    with pytest.raises(LocalProtocolError, match=f"{name} cannot hold"):
        write(name, value)


def test_times_can_be_given_as_text() -> None:
    for value in ("2015-01-01T00:00:00", "2015-01-01", "2015-01-01T01:00:00+01:00"):
        assert write("utc_time", value).hex() == "804a371c"
    assert write("utc_time", "now") == bytes(4)
    assert write("date", "2014-10-27").hex() == "720a1bff"


def test_arrays_in_one_another_and_without_octets_end() -> None:
    with pytest.raises(RemoteProtocolError, match="at most 8"):
        read_typed(bytes.fromhex("4C" + "01004C" * 20), 0)
    with pytest.raises(RemoteProtocolError, match="values have octets"):
        read_typed(bytes.fromhex("4800FEFF"), 0)
    with pytest.raises(RemoteProtocolError, match="data type") as raised:
        read_typed(bytes.fromhex("21000077"), 3)
    assert raised.value.offset == 3


def test_ids_are_those_of_the_library() -> None:
    assert {data_types.named(name).id for name in ("uint8", "uint64", "int8", "int64")} == {
        0x20, 0x27, 0x28, 0x2F}
    assert [kind.name for kind in map(data_types.by_id, (0x18, 0x30, 0x41, 0xE2, 0xF0)) if kind
            ] == ["bitmap8", "enum8", "octet_string", "utc_time", "ieee_address"]
    assert data_types.by_id(0x77) is None
