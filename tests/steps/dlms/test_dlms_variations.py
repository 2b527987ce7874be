"""Other values are lawful, differ in one harmless place, and are given for what is listed only."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench.protocols.cosem import classes, obis
from bench.protocols.cosem.classes import every_class
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.cosem.reference import Attribute
from bench.resources import ROOT
from bench.steps.dlms.references import data
from bench.steps.dlms.variations import VARIED, is_varied, variation

NAME = {"octet-string": "00000A0064FF"}
OPEN = {"octet-string": "FFFFFFFFFF"}


def at(class_id: int, index: int) -> Attribute:
    """Return an attribute of an object with the OBIS code of a consumer message."""
    return Attribute(class_id, obis.parse("0-0:96.13.0.255"), index)


def octets(text: str) -> dict[str, str]:
    return {"octet-string": text}


def array(*elements: Any) -> dict[str, Any]:
    return {"array": list(elements)}


def structure(*members: Any) -> dict[str, Any]:
    return {"structure": list(members)}


def found(class_id: int, index: int, written: dict[str, Any]) -> Any:
    """Return the place and the plain value of a variation; None without one."""
    value = data(written)
    other = variation(at(class_id, index), None, value)
    if other is None:
        return None
    declared = classes.interface_class(class_id, None)
    assert declared is not None
    known = declared.attribute(index)
    assert known is not None
    assert classes.check(known.type, other.value) == ()
    assert other.value != value
    return other.place, plain(other.value)


def day(*starts: str) -> dict[str, Any]:
    return structure({"unsigned": 1}, array(*(
        structure(octets(start), NAME, {"long-unsigned": 1}) for start in starts)))


def week(*days: int) -> dict[str, Any]:
    return structure(octets("57"), *({"unsigned": one} for one in days))


def special(date: str) -> dict[str, Any]:
    return array(structure({"long-unsigned": 1}, octets(date), {"unsigned": 2}))


def season(start: str) -> dict[str, Any]:
    return array(structure(octets("53"), octets(start), octets("57")))


def entry(weekdays: str) -> dict[str, Any]:
    return array(structure(
        {"long-unsigned": 1}, {"boolean": False}, NAME, {"long-unsigned": 3}, octets("12000000"),
        {"long-unsigned": 65_535}, {"bit-string": weekdays}, {"bit-string": "01"}, OPEN, OPEN))


@pytest.mark.parametrize(("class_id", "index", "written", "expected"), [
    # simple values
    (1, 2, {"unsigned": 5}, ("", 6)),
    (1, 2, {"unsigned": 255}, ("", 254)),
    (1, 2, {"integer": 127}, ("", 126)),
    (1, 2, {"long64-unsigned": (1 << 64) - 1}, ("", (1 << 64) - 2)),
    (1, 2, {"boolean": False}, ("", True)),
    (1, 2, {"bit-string": "0110"}, ("", "0111")),
    (1, 2, {"octet-string": "4142"}, ("", "4143")),
    (1, 2, {"visible-string": "AB"}, ("", "AC")),
    (1, 2, {"octet-string": ""}, None),
    (1, 2, {"visible-string": ""}, None),
    (1, 2, {"bit-string": ""}, None),
    (1, 2, {"visible-string": "~"}, None),  # DEL would be next
    (1, 2, {"null-data": None}, None),
    (1, 2, {"structure": [{"unsigned": 5}]}, None),  # nobody knows what it means
    (62, 6, {"enum": 0}, ("", 1)),
    (62, 6, {"enum": 1}, ("", 0)),
    (112, 5, {"double-long": 0x7FFFFFFF}, ("", 0x7FFFFFFE)),
    (112, 5, {"unsigned": 1}, None),  # of the wrong type
    # arrays and structures: the last element that can be changed
    (21, 2, array({"long-unsigned": 7}, {"long-unsigned": 9}), ("[1]", [7, 10])),
    (21, 2, array(), None),
    (71, 8, structure({"long-unsigned": 1}, octets("FF" * 12), {"double-long-unsigned": 60}),
     ("emergency_duration", [1, "FF" * 12, 61])),
    (111, 15, structure({"utf8-string": "GBP"}, {"integer": -2}, {"enum": 2}),
     ("currency_name", ["GBQ", -2, 2])),
    (111, 15, structure({"utf8-string": "\u00a3"}, {"integer": -2}, {"enum": 2}), None),
    (111, 15, structure({"utf8-string": "GBP"}), None),  # too short
    # calendars
    (20, 8, array(week(1, 1, 1, 1, 1, 2, 2)), ("[0].sunday", [["57", 1, 1, 1, 1, 1, 2, 1]])),
    (20, 8, array(week(1, 2, 1, 1, 1, 1, 1), week(3, 3, 3, 3, 3, 3, 3)),
     ("[0].sunday", [["57", 1, 2, 1, 1, 1, 1, 2], ["57", 3, 3, 3, 3, 3, 3, 3]])),
    (20, 8, array(week(*[1] * 7)), None),
    (20, 9, array(day("00000000", "07000000"), day("00000000")),
     ("[0].day_schedule[1].start_time",
      [[1, [["00000000", "00000A0064FF", 1], ["07010000", "00000A0064FF", 1]]],
       [1, [["00000000", "00000A0064FF", 1]]]])),
    (20, 9, array(day("00000000")), None),  # a day begins at its beginning
    (20, 9, array(day("00000000", "173B0000")),
     ("[0].day_schedule[1].start_time",
      [[1, [["00000000", "00000A0064FF", 1], ["173A0000", "00000A0064FF", 1]]]])),
    (20, 9, array(day("00000000", "07FF0000")), None),  # an open minute
    (10, 2, entry("1111111"), ("[0].exec_weekdays", [[
        1, False, "00000A0064FF", 3, "12000000", 65_535, "1111110", "01", *["FF" * 5] * 2]])),
    # dates
    (11, 2, special("FFFF0C19FF"), ("[0].specialday_date", [[1, "FFFF0C1AFF", 2]])),
    (11, 2, special("07EA021CFF"), ("[0].specialday_date", [[1, "07EA021BFF", 2]])),
    (11, 2, special("07EA1F1FFF"), None),  # no date at all
    (11, 2, special("07EA0219FF"), ("[0].specialday_date", [[1, "07EA021AFF", 2]])),
    (11, 2, special("07EA021903"), None),  # the weekday would be wrong
    (11, 2, special("FFFF0CFEFF"), None),  # the last day of the month
    (20, 7, season("FFFF0101FF00000000800000"),
     ("[0].season_start", [["53", "FFFF0102FF00000000800000", "57"]])),
    (20, 7, season("FFFF03FE0702000000800000"),
     ("[0].season_start", [["53", "FFFF03FE0702010000800000", "57"]])),
    (20, 7, season("00" * 12), None),  # an order to act at once
    (20, 7, season("FF" * 9 + "800000"), None),  # never
])
def test_one_element_is_another_lawful_one(
        class_id: int, index: int, written: dict[str, Any], expected: Any) -> None:
    assert found(class_id, index, written) == expected


@pytest.mark.parametrize(("class_id", "index"), [
    (8, 2), (8, 3), (8, 9), (15, 7), (18, 5), (19, 3), (20, 2), (20, 10), (22, 4), (23, 8), (27, 2),
    (40, 3), (41, 2), (64, 2), (68, 3), (70, 4), (71, 11), (111, 2), (113, 5), (3, 2), (5, 8)])
def test_what_could_lock_out_or_bill_is_never_varied(class_id: int, index: int) -> None:
    assert not is_varied(at(class_id, index))
    for value in (Data(Tag.UNSIGNED, 1), Data(Tag.ENUM, 1), Data(Tag.LONG, 1)):
        assert variation(at(class_id, index), None, value) is None


@pytest.mark.parametrize("instance", ["1-0:0.4.2.255", "1-0:0.3.0.255", "0-0:43.1.0.255",
                                      "0-0:96.1.1.255", "0-0:97.97.0.255"])
def test_of_data_only_consumer_messages_are_varied(instance: str) -> None:
    reference = Attribute(1, obis.parse(instance), 2)
    assert not is_varied(reference)
    assert variation(reference, 0, Data(Tag.LONG_UNSIGNED, 100)) is None


def test_what_is_varied_is_no_reference_and_stands_in_the_class() -> None:
    for (class_id, index), members in VARIED.items():
        of_class = [one for one in every_class() if one.class_id == class_id]
        known = [one.attribute(index) for one in of_class]
        assert any(known), (class_id, index)
        assert not {"logical_name", "script_logical_name", "script_selector", "class_id",
                    "attribute_index", "index", "day_id"} & set(members)


def test_the_documents_list_what_is_varied() -> None:
    text = (ROOT / "docs" / "dlms.md").read_text("utf-8")
    table = text.partition("### What is written to the meter")[2].partition("###")[0]
    listed = {(int(class_id), int(index))
              for class_id, indices in re.findall(r"^\| (\d+) [^|]*\| ([\d, ]+) \|", table, re.M)
              for index in indices.split(", ")}
    assert listed == set(VARIED)


def test_an_unknown_class_is_not_varied() -> None:
    assert variation(at(8_192, 2), None, Data(Tag.UNSIGNED, 1)) is None
    assert variation(at(71, 4), 99, Data(Tag.UNSIGNED, 1)) is None
