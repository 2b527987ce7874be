"""The declarations of interface classes: that they hold together, and what they claim of data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typed_values import mutants, values

from bench.protocols.cosem.classes import (
    InterfaceClass,
    Type,
    check,
    every_class,
    interface_class,
    text,
)
from bench.protocols.cosem.classes.types import Anything, Array, Choice, Structure
from bench.protocols.cosem.data import Data, Tag, compact_array, decode, encode

CLASSES = every_class()
GUIDE = (Path(__file__).parents[2] / "docs" / "dlms.md").read_text(encoding="utf-8")
NAMES = [f"{declared.class_id} v{declared.version}" for declared in CLASSES]
# The classes that the bench must know, in the versions met in the field.
WANTED = {
    1: (0,), 3: (0,), 4: (0,), 5: (0,), 6: (0,), 7: (0, 1), 8: (0,), 9: (0,), 10: (0,), 11: (0,),
    12: (0, 1, 2, 3), 15: (0, 1, 2, 3), 17: (0,), 18: (0,), 19: (0, 1), 20: (0,), 21: (0,),
    22: (0,), 23: (0, 1), 24: (0, 1), 30: (0,), 40: (0, 1, 2), 41: (0,), 64: (0, 1), 68: (0,),
    70: (0,), 71: (0,), 104: (0,), 111: (0,), 112: (0,), 113: (0,), 115: (0,), 9000: (0,)}


@pytest.mark.parametrize("class_id", WANTED)
def test_each_class_is_declared_in_the_versions_of_the_field(class_id: int) -> None:
    assert {declared.version for declared in CLASSES if declared.class_id == class_id} \
        >= set(WANTED[class_id])


@pytest.mark.parametrize("declared", CLASSES, ids=NAMES)
def test_attributes_and_methods_count_from_1_without_a_gap(declared: InterfaceClass) -> None:
    for members in (declared.attributes, declared.methods):
        assert [member.index for member in members] == list(range(1, len(members) + 1))
    assert declared.attributes[0].name == "logical_name"
    assert declared.attribute(0) is None
    assert declared.attribute(len(declared.attributes) + 1) is None


@pytest.mark.parametrize("declared", CLASSES, ids=NAMES)
def test_names_are_unique_and_in_one_style(declared: InterfaceClass) -> None:
    for members in (declared.attributes, declared.methods):
        names = [member.name for member in members]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@pytest.mark.parametrize("declared", CLASSES, ids=NAMES)
def test_short_names_of_methods_lie_behind_those_of_attributes(declared: InterfaceClass) -> None:
    if declared.class_id == 12:
        pytest.skip("its first methods are kept from old versions and share room with attributes")
    for method in declared.methods:
        offset = declared.method_offset(method.index)
        assert offset is None or offset >= declared.attribute_offset(len(declared.attributes)) + 8
    assert declared.method_offset(len(declared.methods) + 1) is None


def test_a_class_is_found_by_its_id_and_version_and_else_in_its_newest() -> None:
    newest = interface_class(15)
    assert newest is not None
    assert newest.version == 3
    assert interface_class(15, 0) is not newest
    assert interface_class(15, 9) is None
    assert interface_class(2) is None


def types_of(declared: InterfaceClass) -> dict[str, Type]:
    """The types of attributes, of methods' parameters and of what methods return, by name."""
    return ({attribute.name: attribute.type for attribute in declared.attributes}
            | {f"{method.name}()": method.parameter for method in declared.methods}
            | {f"{method.name}() returns": method.returns for method in declared.methods
               if method.returns is not None})


@pytest.mark.parametrize("declared", CLASSES, ids=NAMES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_value_made_of_a_type_fits_it_and_a_changed_one_does_not(
        declared: InterfaceClass, data: st.DataObject) -> None:
    name, kind = data.draw(st.sampled_from(sorted(types_of(declared).items())))
    value = data.draw(values(kind))
    assert check(kind, value) == ()
    octets = encode(value)
    decoded, end = decode(octets)
    assert end == len(octets)
    assert check(kind, decoded) == (), "what was written and read again fits as well"
    for wrong in mutants(kind, value):
        assert check(kind, wrong), (name, wrong)


def test_each_type_has_words_for_people() -> None:
    for declared in CLASSES:
        for name, kind in types_of(declared).items():
            assert 0 < len(text(kind)) < 600, (declared.name, name)


def test_a_misfit_tells_its_place_what_was_expected_and_what_was_found() -> None:
    calendar = interface_class(20)
    assert calendar is not None
    kind = calendar.attributes[2].type
    week = Data(Tag.OCTET_STRING, b"W")
    season = Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, b"S"),
                                  Data(Tag.OCTET_STRING, bytes.fromhex("07EA0D01FF00000000800000")),
                                  week))
    seasons = Data(Tag.ARRAY, (season, Data(Tag.STRUCTURE, (week, week))))
    assert [misfit.text for misfit in check(kind, seasons)] == [
        "[0].season_start: expected date-time, found month 13",
        "[1]: expected structure of 3, found structure of 2",
        "[1].season_start: expected octet-string of 12 octets: a date-time, "
        "found octet-string of 1 octets"]


def test_an_enumeration_refuses_what_is_reserved_but_for_what_is_a_makers() -> None:
    clock, push = interface_class(8), interface_class(40, 0)
    assert clock is not None
    assert push is not None
    base = clock.attributes[8].type
    assert check(base, Data(Tag.ENUM, 6))[0].found == "6"
    message = push.attributes[2].type
    destination = Data(Tag.STRUCTURE, (Data(Tag.ENUM, 200), Data(Tag.OCTET_STRING, b"x"),
                                       Data(Tag.ENUM, 128)))
    assert check(message, destination) == ()


def test_a_profile_may_be_a_compact_array_and_a_season_table_may_not() -> None:
    profile, calendar = interface_class(7), interface_class(20)
    assert profile is not None
    assert calendar is not None
    rows = compact_array([Tag.UNSIGNED], [[1], [2]])
    assert check(profile.attributes[1].type, rows) == ()
    assert check(calendar.attributes[2].type, rows)[0].found == "compact-array of 2"


IDENTIFIED_KEY = "0101 0202 1600 0205 0900 0900 0900 0900 0202 1600 "
ROW_OF_PUSH = "0101 0205 120003 0906 0100010800FF 0F02 120000 0202 1600 00"


@pytest.mark.parametrize(("class_id", "version", "attribute", "octets", "fits"), [
    pytest.param(24, 0, "secondary_address", "0906 000000000001", True, id="twisted-pair-v0"),
    pytest.param(24, 0, "secondary_address", "1601", False, id="twisted-pair-v0-has-no-mode"),
    pytest.param(24, 0, "primary_address_list", "0102 1101 0901 02", True, id="either-address"),
    pytest.param(24, 1, "mode", "1601", True, id="twisted-pair-v1"),
    pytest.param(29, 0, "mode", "1603", True, id="dial-v0"),
    pytest.param(29, 0, "mode", "1665", False, id="dial-v0-has-no-lasting-connection"),
    pytest.param(29, 1, "mode", "1665", True, id="connect-v1"),
    pytest.param(30, 0, "protection_parameters_get", IDENTIFIED_KEY + "1600", True, id="key"),
    pytest.param(30, 0, "protection_parameters_get", IDENTIFIED_KEY + "0201 1601", True,
                 id="key-in-a-structure"),
    pytest.param(30, 0, "protection_parameters_get", IDENTIFIED_KEY + "1602", False,
                 id="key-unknown"),
    pytest.param(40, 1, "push_object_list", ROW_OF_PUSH, True, id="push-v1"),
    pytest.param(40, 0, "push_object_list", ROW_OF_PUSH, False, id="push-v0-has-no-restriction"),
    pytest.param(40, 2, "push_object_list", ROW_OF_PUSH, False, id="push-v2-has-columns"),
    pytest.param(44, 0, "ppp_authentication", "0202 0901 61 1105", True, id="ppp-chap"),
    pytest.param(47, 1, "capture_time", "19 07EA0101FF000000FF800000", True, id="gsm-date-time"),
    pytest.param(48, 0, "neighbor_discovery_setup", "0101 0203 1103 120064 0600000064", True,
                 id="ipv6-neighbours"),
])
def test_a_value_fits_the_version_of_the_class_that_has_it(
        class_id: int, version: int, attribute: str, octets: str, fits: bool) -> None:
    declared = interface_class(class_id, version)
    assert declared is not None
    kind = {one.name: one.type for one in declared.attributes}[attribute]
    value, _ = decode(bytes.fromhex(octets))
    assert (check(kind, value) == ()) is fits


def provisional(declared: InterfaceClass) -> str:
    members = (*declared.attributes, *declared.methods)
    return ", ".join(f"`{member.name}`" for member in members if member.provisional)


def test_only_confirmed_declarations_are_free_of_the_mark_and_the_guide_lists_the_others() -> None:
    told = dict(re.findall(r"^\| (\d+ v\d) \| .+? \| (.+) \|$", GUIDE, re.MULTILINE))
    doubtful = {name: provisional(declared)
                for name, declared in zip(NAMES, CLASSES, strict=True)}
    assert told == {name: which for name, which in doubtful.items() if which}


def test_what_the_guide_calls_confirmed_has_two_sources_of_those_it_lists() -> None:
    """So has each class of which a part is still provisional: the rest of it is confirmed."""
    sources = GUIDE.partition("### Sources\n")[2].partition("\n## ")[0]
    known = set(re.findall(r"^\| ((?!Source |Class )[^|]+?) \| [^|]{20,} \|$",
                           sources.partition("| Class |")[0], re.MULTILINE))
    confirmed = {name: said.split(", ") for name, said in
                 re.findall(r"^\| (\d+ v\d) \| ([^|]+) \|$", sources, re.MULTILINE)}
    assert len(known) > 5
    assert set(confirmed) <= set(NAMES)
    assert {name for name, declared in zip(NAMES, CLASSES, strict=True)
            if provisional(declared)} <= set(confirmed)
    for name, said in confirmed.items():
        assert len(set(said)) == len(said) >= 2, name
        assert set(said) <= known, name
    assert {name for said in confirmed.values() for name in said} == known


def _anything(kind: Type) -> bool:
    match kind:
        case Anything():
            return kind.tag is None
        case Structure():
            return any(_anything(member) for _, member in kind.members)
        case Array():
            return _anything(kind.element)
        case Choice():
            return any(map(_anything, kind.alternatives))
        case _:
            return False


def test_attributes_without_a_claim_are_few_and_known() -> None:
    """Each that makes none escapes the conformance algorithm, so the list is kept by hand."""
    assert {(declared.class_id, attribute.name) for declared in CLASSES
            for attribute in declared.attributes if _anything(attribute.type)} == {
        (1, "value"), (9, "scripts"), (61, "table_cell_values"), (65, "changed_parameter"),
        (9000, "value_active"), (9000, "value_passive")}
