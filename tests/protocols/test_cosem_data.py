"""COSEM data: what is written is read back, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag, compact_array, decode, encode, plain

RANGES = {
    Tag.DOUBLE_LONG: (-(2**31), 2**31 - 1), Tag.DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
    Tag.INTEGER: (-128, 127), Tag.LONG: (-(2**15), 2**15 - 1), Tag.UNSIGNED: (0, 255),
    Tag.LONG_UNSIGNED: (0, 2**16 - 1), Tag.LONG64: (-(2**63), 2**63 - 1),
    Tag.LONG64_UNSIGNED: (0, 2**64 - 1), Tag.ENUM: (0, 255), Tag.BCD: (0, 255),
}
LEAVES = st.one_of(
    *(st.integers(low, high).map(lambda value, tag=tag: Data(tag, value))
      for tag, (low, high) in RANGES.items()),
    st.binary(max_size=300).map(lambda value: Data(Tag.OCTET_STRING, value)),
    st.text(max_size=20).map(lambda value: Data(Tag.UTF8_STRING, value)),
    st.text(st.characters(max_codepoint=127), max_size=200).map(
        lambda value: Data(Tag.VISIBLE_STRING, value)),
    st.text("01", max_size=70).map(lambda value: Data(Tag.BIT_STRING, value)),
    st.booleans().map(lambda value: Data(Tag.BOOLEAN, value)),
    st.binary(min_size=12, max_size=12).map(lambda value: Data(Tag.DATE_TIME, value)),
    st.floats(width=32, allow_nan=False).map(lambda value: Data(Tag.FLOAT32, value)),
    st.just(Data(Tag.NULL_DATA, None)))
DATA = st.recursive(LEAVES, lambda inner: st.builds(
    Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=5).map(tuple)),
    max_leaves=20)


@given(DATA)
def test_what_is_written_is_read_back(data: Data) -> None:
    octets = encode(data)
    assert decode(octets) == (data, len(octets))
    assert decode(b"\xff" + octets, 1) == (data, len(octets) + 1)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1),
                          st.binary(max_size=8)), max_size=40))
def test_a_compact_array_is_read_back(rows: list[tuple[int, int, bytes]]) -> None:
    data = compact_array(
        (Tag.DOUBLE_LONG_UNSIGNED, Tag.LONG_UNSIGNED, Tag.OCTET_STRING), rows)
    octets = encode(data)
    assert decode(octets) == (data, len(octets))
    assert plain(data) == [[a, b, c.hex().upper()] for a, b, c in rows]


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        data, end = decode(octets)
    except RemoteProtocolError as wrong:
        data, end = Data(Tag.NULL_DATA, None), wrong.offset
    assert 0 <= end <= len(octets)
    assert repr(decode(encode(data))[0]) == repr(data)  # by text, as a float may be no number


@pytest.mark.parametrize(("octets", "offset", "expected"), [
    ("", 0, "more octets"),
    ("06000000", 4, "more octets"),
    ("0902FF", 3, "more octets"),
    ("098102", 1, "the shortest form"),
    ("09820001FF", 1, "the shortest form"),
    ("0302", 1, "boolean"),
    ("0404F8", 2, "zero padding"),
    ("0A01FF", 2, "ascii"),
    ("0C01FF", 2, "utf-8"),
    ("99", 0, "a data tag"),
    ("13", 1, "more octets"),
    ("13000100", 1, "values have octets"),
    ("1302000100", 1, "values have octets"),
    ("1301000011 00", 1, "values have octets"),
    ("1302021112 0401020304", 10, "more octets"),
    ("0202 1302021112 0401020304 1105", 12, "end of a compact array"),
    ("0101" * 3000, 0, "data"),
])
def test_a_deviation_is_refused_where_it_stands(octets: str, offset: int, expected: str) -> None:
    with pytest.raises(RemoteProtocolError, match=expected) as refusal:
        decode(bytes.fromhex(octets))
    assert refusal.value.offset == offset


@pytest.mark.parametrize("data", [
    Data(Tag.UNSIGNED, 256), Data(Tag.INTEGER, "1"), Data(Tag.OCTET_STRING, 5),
    Data(Tag.BIT_STRING, "012"), Data(Tag.DATE, b"123"), Data(Tag.NULL_DATA, 1),
    Data(Tag.ARRAY, (1,)), Data(Tag.VISIBLE_STRING, "ä"),
])
def test_a_value_that_its_type_cannot_hold_is_our_own_mistake(data: Data) -> None:
    with pytest.raises(LocalProtocolError):
        encode(data)


def test_plain_data_is_plain_json() -> None:
    data = Data(Tag.STRUCTURE, (
        Data(Tag.OCTET_STRING, b"\xab"), Data(Tag.BOOLEAN, True), Data(Tag.NULL_DATA, None),
        Data(Tag.ARRAY, (Data(Tag.LONG, -2),)), Data(Tag.BIT_STRING, "0101")))
    assert plain(data) == ["AB", True, None, [-2], "0101"]


@given(st.binary(min_size=6, max_size=6))
def test_an_obis_code_is_read_back(octets: bytes) -> None:
    assert obis.parse(obis.text(octets)) == octets


@pytest.mark.parametrize("code", ["", "1.0.0.255", "0-0:1.0.0.256", "0-0:1.0.0.255 "])
def test_what_is_no_obis_code_is_refused(code: str) -> None:
    with pytest.raises(LocalProtocolError, match="OBIS"):
        obis.parse(code)
