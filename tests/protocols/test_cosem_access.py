"""The ACCESS service: every choice, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import (
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSpecification,
    Choice,
    DataNotification,
    decode_payload,
    plain,
)
from bench.protocols.cosem.data import Data, Tag

LEAF = st.integers(0, 255).map(lambda value: Data(Tag.UNSIGNED, value))
PLACE = (st.integers(0, 0xFFFF), st.binary(min_size=6, max_size=6), st.integers(0, 255))
SPECIFICATION = st.one_of(
    st.tuples(st.sampled_from([Choice.GET, Choice.SET, Choice.ACTION]), *PLACE),
    st.tuples(st.sampled_from([Choice.GET_WITH_SELECTION, Choice.SET_WITH_SELECTION]), *PLACE,
              st.integers(0, 255), LEAF)).map(lambda fields: AccessSpecification(*fields))
HEAD = (st.integers(0, 2**32 - 1), st.sampled_from([b"", bytes(12)]))
PAIRS = st.lists(st.tuples(SPECIFICATION, LEAF), max_size=200)
REQUEST = st.builds(
    lambda head, pairs: AccessRequest(*head, tuple(p[0] for p in pairs),
                                      tuple(p[1] for p in pairs)), st.tuples(*HEAD), PAIRS)
RESULT = st.tuples(st.sampled_from(Choice), st.integers(0, 255)).map(
    lambda fields: AccessResult(*fields))
RESULTS = st.lists(st.tuples(LEAF, RESULT), max_size=20)
RESPONSE = st.builds(
    lambda head, repeated, pairs: AccessResponse(
        *head, tuple(repeated), tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)),
    st.tuples(*HEAD), st.lists(SPECIFICATION, max_size=3), RESULTS)
NOTIFICATION = st.tuples(*HEAD, LEAF).map(lambda fields: DataNotification(*fields))


@given(st.one_of(REQUEST, RESPONSE, NOTIFICATION))
def test_what_is_written_is_read_back(
    payload: AccessRequest | AccessResponse | DataNotification,
) -> None:
    assert decode_payload(payload.encode()) == payload
    assert plain(payload)["service"] == type(payload).__name__


@given(st.sampled_from([0xD9, 0xDA, 0x0F]), st.binary(max_size=50))
def test_any_octets_are_read_or_refused(tag: int, rest: bytes) -> None:
    octets = bytes((tag,)) + rest
    try:
        payload, end = decode_payload(octets, 100), 100
    except RemoteProtocolError as wrong:
        payload, end = None, wrong.offset
    assert 100 <= end <= 100 + len(octets)
    assert payload is None or decode_payload(payload.encode()) == payload


HEADER = "D92000000100"


@pytest.mark.parametrize(("octets", "offset", "expected"), [
    ("", 0, "more octets"),
    ("C0", 0, "access request"),
    ("D920000001 03", 5, "0 or 12"),
    (HEADER + "01 06 0008 0000010000FF 02 01 00", 7, "choice"),
    (HEADER + "01 01 0008 0000010000FF 02 00", 17, "as many as specifications"),
    (HEADER + "01 01 0008 0000010000FF 02 01 00 00", 19, "end of the payload"),
    ("DA2000000100 02", 6, "repeated or not"),
    ("DA2000000100 00 01 00 00", 9, "as many as data"),
    ("DA2000000100 00 01 00 01 09 00", 10, "choice"),
])
def test_a_deviation_is_refused_where_it_stands(octets: str, offset: int, expected: str) -> None:
    with pytest.raises(RemoteProtocolError, match=expected) as refusal:
        decode_payload(bytes.fromhex(octets))
    assert refusal.value.offset == offset


def test_a_specification_has_the_name_of_its_value() -> None:
    clock = bytes.fromhex("0000010000FF")
    assert AccessSpecification(Choice.GET, 8, clock, 2).key == "8/0-0:1.0.0.255/a2"
    assert AccessSpecification(Choice.ACTION, 8, clock, 5).key == "8/0-0:1.0.0.255/m5"


def test_results_have_the_names_of_their_service() -> None:
    assert AccessResult(Choice.GET, 0).name == "success"
    assert AccessResult(Choice.SET, 15).name == "long-get-aborted"
    assert AccessResult(Choice.ACTION, 15).name == "long-action-aborted"
    assert AccessResult(Choice.ACTION, 77).name == "77"


def test_a_selection_without_parameters_is_our_own_mistake() -> None:
    specification = AccessSpecification(Choice.GET_WITH_SELECTION, 7, bytes(6), 2)
    with pytest.raises(LocalProtocolError, match="selector"):
        AccessRequest(0, b"", (specification,), (Data(Tag.NULL_DATA, None),)).encode()
