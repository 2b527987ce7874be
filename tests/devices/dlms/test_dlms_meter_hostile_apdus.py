"""Nothing that arrives makes an emulated DLMS meter raise, or silences it."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_conversation import MANAGER, PUBLIC, READER, ZERO, Client, attribute, fresh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms.apdu import (
    ActionRequestNormal,
    GetRequestNormal,
    GetResponseNormal,
    SetRequestNormal,
)
from bench.protocols.dlms.security.counters import Key
from devices.emulators.dlms.profile import BY_SHORT_NAME, MANAGEMENT
from devices.emulators.dlms.profile import READER as LOW

CLOCK = "8/0-0:1.0.0.255/a2"
QUICK = settings(max_examples=60, deadline=None, derandomize=True,
                 suppress_health_check=list(HealthCheck))

_FIRST = st.sampled_from([0x60, 0x62, 0x05, 0x06, 0x16, 0xC0, 0xC1, 0xC3, 0xD9, 0xE0, 0xC8, 0xCB,
                          0xD0, 0xDB, 0xDC, 0xDD, 0xDF, 0x21, 0x01, 0x00, 0xFF])
_OCTETS = st.builds(lambda first, rest: bytes((first,)) + rest, _FIRST, st.binary(max_size=80))
_NUMBERS = {Tag.UNSIGNED: 0xFF, Tag.LONG_UNSIGNED: 0xFFFF, Tag.DOUBLE_LONG_UNSIGNED: 0xFFFFFFFF,
            Tag.ENUM: 0xFF, Tag.LONG64_UNSIGNED: 0xFFFFFFFFFFFFFFFF}
_SIMPLE = st.one_of(
    st.sampled_from(list(_NUMBERS)).flatmap(
        lambda tag: st.builds(Data, st.just(tag), st.integers(0, _NUMBERS[tag]))),
    st.builds(Data, st.just(Tag.INTEGER), st.integers(-128, 127)),
    st.builds(Data, st.just(Tag.LONG), st.integers(-0x8000, 0x7FFF)),
    st.builds(Data, st.just(Tag.DOUBLE_LONG), st.integers(-0x80000000, 0x7FFFFFFF)),
    st.builds(Data, st.just(Tag.BOOLEAN), st.booleans()),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(max_size=20)),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(min_size=12, max_size=12)),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(min_size=6, max_size=6)),
    st.builds(Data, st.just(Tag.BIT_STRING), st.text("01", max_size=9)),
    st.just(Data(Tag.NULL_DATA, None)))
_DATA = st.recursive(_SIMPLE, lambda inner: st.builds(
    Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=10).map(tuple)),
    max_leaves=20)


def _mutated(value: Data, draw: Any) -> Data:
    """Return a value of the same shape with other content."""
    if value.tag in (Tag.ARRAY, Tag.STRUCTURE):
        parts = tuple(_mutated(part, draw) for part in value.value)
        if value.tag == Tag.ARRAY and parts:
            parts = parts * draw(st.integers(0, 3))
        return Data(value.tag, parts)
    if value.tag in _NUMBERS:
        return Data(value.tag, draw(st.sampled_from([0, 1, 2, 7, _NUMBERS[value.tag]])))
    if value.tag == Tag.OCTET_STRING:
        length = len(value.value)
        return Data(value.tag, draw(st.sampled_from([
            value.value, bytes(length), b"\xff" * length, bytes(range(length)),
            b"\xfe" * length])))
    if value.tag == Tag.BIT_STRING:
        return Data(value.tag, draw(st.sampled_from([value.value, "0" * len(value.value)])))
    return value


def _serves(client: Client) -> bool:
    """Return whether a fresh connection is served."""
    again = Client(client.meter, client.client, counters=client.security.counters)
    again.security.counters.sending[Key.UNICAST] = client.security.counters.sending[
        Key.UNICAST] + 0x1000
    return len(again.open().value("1/0-0:42.0.0.255/a2")) == 16


@QUICK
@given(octets=st.lists(_OCTETS, min_size=1, max_size=4))
@pytest.mark.parametrize("client", [PUBLIC, READER, MANAGER])
def test_any_octets_are_answered_or_ignored(client: int, octets: list[bytes]) -> None:
    talking = Client(fresh(profile_rows=4), client)
    for one in octets:
        talking.raw(one)
    talking.open()
    for one in octets:
        talking.raw(one)
    assert _serves(talking)


@QUICK
@given(octets=st.lists(_OCTETS, min_size=1, max_size=4))
def test_any_octets_in_a_right_protection_are_answered(octets: list[bytes]) -> None:
    talking = Client(fresh(profile_rows=4), MANAGER).open()
    for one in octets:
        if one[0] in (0xC0, 0xC1, 0xC3, 0x05, 0x06):
            talking.ask(one)
    assert _serves(talking)


@QUICK
@given(octets=st.lists(_OCTETS, min_size=1, max_size=4))
def test_any_octets_to_short_names_are_answered(octets: list[bytes]) -> None:
    offer = LOW.model_copy(update={"conformance": BY_SHORT_NAME, "mechanism": "none"})
    talking = Client(fresh(profile_rows=4, short_names=True, associations=(offer,)), READER).open()
    for one in octets:
        talking.raw(one)
    assert isinstance(Client(talking.meter, READER).associate().result, int)


@QUICK
@given(place=st.integers(0, 10_000), octet=st.integers(0, 255), cut=st.integers(0, 12))
def test_a_mutated_request_is_answered_or_ignored(place: int, octet: int, cut: int) -> None:
    talking = Client(fresh(profile_rows=4), READER)
    aarq = talking.aarq().encode()
    get = GetRequestNormal(0xC1, attribute(CLOCK)).encode()
    for right in (aarq, get):
        wrong = bytearray(right[: len(right) - cut])
        wrong[place % len(wrong)] = octet
        talking.raw(bytes(wrong))
    assert _serves(talking)


MANAGED = tuple(fresh(associations=(MANAGEMENT.model_copy(update={"policy": 0}),),
                      profile_rows=4)._parts.objects)


@QUICK
@given(data=st.data())
def test_any_value_may_be_written_and_any_parameter_given(data: Any) -> None:
    offer = MANAGEMENT.model_copy(update={"policy": 0})
    talking = Client(fresh(profile_rows=4, associations=(offer,)), MANAGER).open()
    for _ in range(4):
        found = data.draw(st.sampled_from(MANAGED))
        index = data.draw(st.sampled_from(sorted(found.attributes)))
        held = talking.meter._parts.objects.find(*found.key).get(index)
        value = data.draw(_DATA) if data.draw(st.booleans()) else _mutated(held, data.draw)
        talking.ask(SetRequestNormal(0xC1, Attribute(*found.key, index), None, value))
        talking.ask(GetRequestNormal(0xC1, Attribute(*found.key, index),
                                     Selection(data.draw(st.integers(0, 3)), value)))
        if found.methods:
            number = data.draw(st.sampled_from(sorted(found.methods)))
            kind = found.methods[number].type
            parameter = data.draw(_DATA) if data.draw(st.booleans()) \
                else _mutated(kind.smallest(), data.draw)
            talking.ask(ActionRequestNormal(0xC1, Method(*found.key, number), parameter))
    talking.meter.calls()["load", "set"](active_import_w=30_000)
    talking.meter.calls()["time", "advance"](4_000)
    talking.meter.drain()
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


def test_a_deep_value_is_refused() -> None:
    talking = Client(fresh(profile_rows=4), READER).open()
    deep = b"\x02\x01" * 400 + b"\x00"
    for _ in range(2):
        assert talking.raw(bytes.fromhex("C101C1 0001 0000600D00FF 02 00") + deep) is not None
    assert talking.set("1/0-0:96.13.0.255/a2", ZERO) == 12
