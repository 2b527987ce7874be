"""Object lists, profiles and pushes of a right meter and of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from served import ServedMeter, do, opened, served

from bench.plan.tables import ADDED, DISCLOSED
from bench.steps.dlms.disclosing import disclose
from bench.steps.dlms.identity import read_dlms_identity

PROFILE = "1-0:99.1.0.255"

# the object list against the declaration


@pytest.mark.parametrize("association", ["public", "lls", "hls"])
def test_the_list_of_a_right_meter_is_as_declared(association: str) -> None:
    seen = do(opened(association), "compare_objects", of=association)
    assert seen["result"] == "success"
    assert seen["listed"] > 3
    assert [seen[name] for name in ("misfits", "not_declared", "not_listed", "differences",
                                    "absent", "served")] == [[]] * 6


@pytest.mark.parametrize(("fault", "told"), [
    ("object-listed-and-absent", "absent"),
    ("object-present-and-not-listed", "not_listed"),
    ("object-version-wrong", "differences"),
])
def test_a_list_that_differs_is_told_where(fault: str, told: str) -> None:
    assert do(opened("lls", "wrapper", fault), "compare_objects", of="lls")[told] != []


def test_rights_that_differ_are_told_in_words() -> None:
    context = opened("lls")
    (clock,) = (one for one in context.ixit["dlms"]["associations"]["lls"]["objects"]
                if one["object"] == "8/0-0:1.0.0.255")
    clock["version"] = 7
    clock["attributes"] |= {"2": "read, write", "99": "read"}
    del clock["attributes"]["3"]
    seen = do(context, "compare_objects", of="lls")["differences"]
    assert seen == [
        "8/0-0:1.0.0.255: version 7 declared, 0 listed",
        "8/0-0:1.0.0.255/a2: declared as 'read, write', listed as 'read'",
        "8/0-0:1.0.0.255/a3: not declared, listed as 'read'",
        "8/0-0:1.0.0.255/a99: declared as 'read', not listed"]


def test_an_object_of_another_association_that_is_served_is_told() -> None:
    seen = do(opened("public", "wrapper", "unlisted-object-served"), "compare_objects",
              of="public")
    assert seen["served"] != []
    assert seen["not_declared"] == []


# profiles


SELECTIONS: list[dict[str, Any]] = [
    {"select": "all"},
    {"select": "range", "last": 10, "before": 5},
    {"select": "range", "last": 10, "columns": [1, 3]},
    {"select": "empty-range"},
    {"select": "entries", "first": 3, "to": 7},
    {"select": "entries", "first": 1, "to": 10, "column": 1, "to_column": 2},
]


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_a_selection_of_the_buffer_gives_what_it_asks_for(selection: dict[str, Any]) -> None:
    seen = do(opened("lls"), "read_buffer", object=PROFILE, **selection)
    assert (seen["result"], seen["rows"]) == ("success", seen["expected_rows"])
    assert seen["columns"] == (seen["expected_columns"] if seen["rows"] else 0)
    assert seen["in_order"]
    assert seen["inside"]
    assert seen["gaps"] == 0
    assert seen["misfits"] == []
    assert (seen["in_use"], seen["period"]) == (60, 1_800)


@pytest.mark.parametrize(("fault", "selection", "told"), [
    ("range-ignored", SELECTIONS[1], "rows"),
    ("range-end-exclusive", SELECTIONS[1], "rows"),
    ("entry-selection-ignored", SELECTIONS[4], "rows"),
    ("entry-selection-off-by-one", SELECTIONS[4], "rows"),
    ("columns-ignored", SELECTIONS[2], "columns"),
    ("columns-ignored", SELECTIONS[5], "columns"),
    ("entries-in-use-wrong", SELECTIONS[0], "rows"),
])
def test_a_selection_that_is_not_kept_is_seen(
        fault: str, selection: dict[str, Any], told: str) -> None:
    seen = do(opened("lls", "wrapper", fault), "read_buffer", object=PROFILE, **selection)
    assert seen[told] != seen[f"expected_{told}"]


@pytest.mark.parametrize(("fault", "told", "right"), [
    ("profile-row-missing", "gaps", 0), ("profile-rows-out-of-order", "in_order", True),
    ("profile-wrong-capture", "misfits", [])])
def test_rows_that_are_wrong_are_seen(fault: str, told: str, right: Any) -> None:
    seen = do(opened("lls", "wrapper", fault), "read_buffer", object=PROFILE)
    assert seen["result"] == "success"
    assert seen[told] != right


# pushes


def test_a_push_holds_what_its_list_names() -> None:
    seen = do(opened("hls"), "push", object="0-0:25.9.0.255")
    assert (seen["result"], seen["pushes"]) == ("success", 1)
    assert seen["elements"] == seen["listed"] > 0
    assert seen["types"] == seen["read_types"]
    assert seen["values"][0] == seen["read_values"][0]
    assert do(opened("hls", "wrapper", "push-missing"), "push",
              object="0-0:25.9.0.255")["pushes"] == 0
    seen = do(opened("hls", "wrapper", "push-object-missing"), "push", object="0-0:25.9.0.255")
    assert seen["elements"] == seen["listed"] - 1


# what a meter says of itself, before the cases


def test_disclosed_rows_have_the_columns_that_plans_may_name() -> None:
    found = disclose(served())
    assert found.said.failures == ()
    assert found.said.tables.keys() == DISCLOSED.keys()
    for name, rows in found.said.tables.items():
        assert rows, name
        for row in rows:
            assert row.keys() == DISCLOSED[name].keys() - ADDED.keys(), name
    assert found.frames
    attributes = found.said.tables["disclosed_attributes"]
    by_name = {(row["association"], row["reference"]): row for row in attributes}
    clock = by_name["hls", "8/0-0:1.0.0.255/a2"]
    assert (clock["attribute"], clock["type"], clock["writable"], clock["varied"]) == (
        "time", "date-time", True, False)
    assert not by_name["public", "8/0-0:1.0.0.255/a2"]["writable"]


def test_an_association_that_does_not_open_is_a_failure_of_the_disclosure() -> None:
    context = served()
    port: ServedMeter = context.ports["dlms"]
    port.meter.faults = frozenset(("titles-refused",))
    context.ixit["dlms"]["associations"]["lls"]["mechanism"] = "none"
    found = disclose(context)
    assert found.said.failures == (
        "lls: the association does not open (rejected)",)
    assert {row["association"] for row in found.said.tables["disclosed_objects"]} == {
        "public", "hls", "authenticated", "encrypted", "second-public", "second-lls"}


def test_the_identity_is_what_the_declared_attribute_holds() -> None:
    found = read_dlms_identity(served())
    assert (found.outcome, bytes.fromhex(found.firmware_version)) == ("success", b"1.0.0")
    assert [frame.direction for frame in found.frames][:2] == ["sent", "received"]
    silent = served("wrapper", "device-name-missing")
    silent.ixit["dlms"]["firmware"]["object"] = "1/0-0:42.0.0.255/a2"
    found = read_dlms_identity(silent)
    assert found.outcome != "success"
    assert found.firmware_version == ""
