"""Object lists: written, read, and read where a device got an entry wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.classes import (
    AttributeAccess,
    AttributeMode,
    ListedObject,
    MethodMode,
    check,
    interface_class,
    mode_text,
    read_access_rights,
    read_object_list,
    read_short_name_list,
    write_access_rights,
    write_object_list,
    write_short_name_list,
)
from bench.protocols.cosem.data import Data, Tag, decode, encode

READ, WRITE = AttributeMode.READ, AttributeMode.WRITE
PLAIN = [AttributeMode.NO_ACCESS, READ, WRITE, READ | WRITE]
AUTHENTICATED = [*PLAIN, *(mode | AttributeMode.AUTHENTICATED_REQUEST for mode in PLAIN[1:])]
ATTRIBUTE_MODES = {0: PLAIN, 1: AUTHENTICATED, 2: AUTHENTICATED,
                   3: [AttributeMode(value) for value in range(256)]}
METHODS = [MethodMode.NO_ACCESS, MethodMode.ACCESS]
AUTHENTICATED_METHODS = [*METHODS, MethodMode.ACCESS | MethodMode.AUTHENTICATED_REQUEST]
METHOD_MODES = {0: METHODS, 1: AUTHENTICATED_METHODS, 2: AUTHENTICATED_METHODS,
                3: [MethodMode(value) for value in range(256) if not value & 2]}
CLOCK = obis.parse("0-0:1.0.0.255")


def objects(version: int) -> st.SearchStrategy[tuple[ListedObject, ...]]:
    selectors = st.none() | st.lists(st.integers(1, 4), max_size=3).map(tuple)
    access = st.builds(AttributeAccess, st.sampled_from(ATTRIBUTE_MODES[version]), selectors)
    return st.lists(st.builds(
        ListedObject, st.integers(1, 0xFFFF), st.integers(0, 0xFF),
        st.binary(min_size=6, max_size=6),
        st.dictionaries(st.integers(-128, 127), access, max_size=4),
        st.dictionaries(st.integers(-128, 127), st.sampled_from(METHOD_MODES[version]),
                        max_size=3)), max_size=4).map(tuple)


@pytest.mark.parametrize("version", range(4))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_list_is_read_as_it_was_written(version: int, data: st.DataObject) -> None:
    listed = data.draw(objects(version))
    written, _ = decode(encode(write_object_list(listed, version)))
    assert read_object_list(written, version) == (listed, ())
    declared = interface_class(15, version)
    assert declared is not None
    assert check(declared.attributes[1].type, written) == ()


def test_the_octets_are_those_of_the_standard() -> None:
    listed = (ListedObject(8, 0, CLOCK, {2: AttributeAccess(READ | WRITE)},
                           {1: MethodMode.ACCESS}),)
    assert encode(write_object_list(listed, 1)).hex() == (
        "0101" "0204" "120008" "1100" "09060000010000ff" "0202"
        "0101" "0203" "0f02" "1603" "00" "0101" "0202" "0f01" "1601")
    assert encode(write_object_list(listed, 0)).hex().endswith("0101" "0202" "0f01" "03ff")


def test_a_short_name_list_and_its_rights_are_read_as_they_were_written() -> None:
    listed = (
        ListedObject(12, 1, obis.parse("0-0:40.0.0.255"), {1: AttributeAccess(READ)},
                     {8: MethodMode.ACCESS}, base_name=0xFA00),
        ListedObject(8, 0, CLOCK, {2: AttributeAccess(READ | WRITE, (1,))}, {}, base_name=0x2BC0))
    bare = read_short_name_list(write_short_name_list(listed))
    assert bare.misfits == ()
    assert [(item.base_name, item.class_id) for item in bare.objects] == [(0xFA00, 12), (0x2BC0, 8)]
    assert read_access_rights(write_access_rights(listed), bare.objects) == (listed, ())


def test_rights_of_an_object_that_is_not_listed_are_a_misfit() -> None:
    listed = ListedObject(8, 0, CLOCK, base_name=0x2BC0)
    assert [misfit.text for misfit in read_access_rights(write_access_rights([listed]), []).misfits
            ] == ["[0].base_name: expected a base name of the object list, found 2BC0"]


def test_a_base_name_that_is_listed_twice_is_told() -> None:
    listed = [ListedObject(class_id, 0, CLOCK, base_name=0x2BC0) for class_id in (8, 3)]
    read = read_short_name_list(write_short_name_list(listed))
    assert [one.class_id for one in read.objects] == [8]
    assert [misfit.text for misfit in read.misfits] == [
        "[1].base_name: expected each base name once, found 2BC0 twice"]


def test_an_entry_that_is_wrong_is_told_and_the_others_are_kept() -> None:
    good = write_object_list([ListedObject(8, 0, CLOCK, {2: AttributeAccess(READ)})], 1)
    short = Data(Tag.STRUCTURE, good.value[0].value[:3])
    reserved = write_object_list([ListedObject(8, 0, CLOCK, {2: AttributeAccess(
        AttributeMode.SIGNED_REQUEST)})], 3).value[0]
    read = read_object_list(Data(Tag.ARRAY, (short, *good.value, reserved)), 1)
    assert [item.text for item in read.objects] == ["8/0-0:1.0.0.255 v0"]
    assert [misfit.path for misfit in read.misfits] == [
        "[0]", "[2].access_rights.attribute_access[0].access_mode"]


def test_an_attribute_that_is_listed_twice_is_told() -> None:
    data = write_object_list([ListedObject(8, 0, CLOCK, {2: AttributeAccess(READ)})], 1)
    head, rights = data.value[0].value[:3], data.value[0].value[3].value
    twice = Data(Tag.ARRAY, rights[0].value * 2)
    entry = Data(Tag.STRUCTURE, (*head, Data(Tag.STRUCTURE, (twice, rights[1]))))
    read = read_object_list(Data(Tag.ARRAY, (entry,)), 1)
    assert len(read.objects) == 1
    assert [misfit.text for misfit in read.misfits] == [
        "[0]: expected each attribute once, found attribute 2 twice"]


def test_what_is_no_list_at_all_is_one_misfit() -> None:
    assert [misfit.text for misfit in read_object_list(Data(Tag.UNSIGNED, 1), 2).misfits] == [
        "value: expected array of structure of 4, found unsigned 1"]


def test_a_mode_that_a_version_cannot_say_is_refused() -> None:
    signed = ListedObject(8, 0, CLOCK, {2: AttributeAccess(READ | AttributeMode.SIGNED_REQUEST)})
    with pytest.raises(LocalProtocolError, match="version 1 has no access mode 'read; signed"):
        write_object_list([signed], 1)
    authenticated = ListedObject(8, 0, CLOCK, {}, {1: AUTHENTICATED_METHODS[2]})
    with pytest.raises(LocalProtocolError, match="version 0"):
        write_object_list([authenticated], 0)
    with pytest.raises(LocalProtocolError, match="has no base name"):
        write_short_name_list([signed])


def test_modes_are_told_in_words() -> None:
    assert mode_text(AttributeMode(0)) == "no access"
    assert mode_text(READ | WRITE) == "read, write"
    assert mode_text(AttributeMode(0b01000101)) == "read; authenticated request, encrypted response"
    assert mode_text(MethodMode.ACCESS) == "access"
