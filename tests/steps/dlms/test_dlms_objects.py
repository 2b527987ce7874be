"""Object lists, write tests, profiles, images and pushes of a right meter and of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from served import ServedMeter, do, opened, served

from bench.errors import Inconclusive
from bench.plan.tables import ADDED, DISCLOSED
from bench.steps.dlms.disclosing import disclose
from bench.steps.dlms.identity import read_dlms_identity

PROFILE = "1-0:99.1.0.255"
THRESHOLD = "71/0-0:17.0.0.255/a4"
MESSAGE = "1/0-0:96.13.0.255/a2"

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


def test_an_object_of_another_association_that_is_served_is_told() -> None:
    seen = do(opened("public", "wrapper", "unlisted-object-served"), "compare_objects",
              of="public")
    assert seen["served"] != []
    assert seen["not_declared"] == []


# the write test: values are what they were afterwards


@pytest.mark.parametrize("reference", [MESSAGE, THRESHOLD])
def test_a_rewrite_restores_the_value(reference: str) -> None:
    context = opened("hls")
    if reference == MESSAGE:
        do(context, "set", object=MESSAGE, value={"octet-string": "AABB"})
    before = do(context, "get", object=reference)
    seen = do(context, "rewrite", object=reference)
    assert (seen["written_back"], seen["varied"], seen["shown"], seen["restored"]) == (
        "success", "success", True, "success")
    after = do(context, "get", object=reference)
    assert (after["value"], after["type"]) == (before["value"], before["type"])


def test_a_clock_is_written_back_only() -> None:
    seen = do(opened("hls"), "rewrite", object="8/0-0:1.0.0.255/a3")
    assert (seen["written_back"], seen["varied"]) == ("success", "none")
    assert "shown" not in seen
    assert "restored" not in seen


def test_a_write_without_effect_and_a_refused_one_are_seen() -> None:
    seen = do(opened("hls", "wrapper", "write-without-effect"), "rewrite", object=THRESHOLD)
    assert seen["varied"] == "success"
    assert seen["shown"] is False
    seen = do(opened("hls", "wrapper", "listed-write-refused"), "rewrite", object=THRESHOLD)
    assert seen["written_back"] != "success"


def test_an_attribute_that_cannot_be_read_is_not_written() -> None:
    for word in ("rewrite", "write_back"):
        with pytest.raises(Inconclusive, match="cannot be read"):
            do(opened("hls"), word, object="3/1-0:99.99.99.255/a2")


def test_a_write_back_that_is_denied_tells_its_error() -> None:
    name = "1/0-0:42.0.0.255/a2"
    assert do(opened("hls"), "write_back", object=name)["result"] != "success"
    assert do(opened("hls", "wrapper", "denied-write-accepted"), "write_back",
              object=name)["result"] == "success"


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


# images


IMAGE = {"identifier": "312E302E31"}


def test_a_whole_image_is_verified_and_activated() -> None:
    context = opened("hls")
    seen = do(context, "transfer_image", **IMAGE)
    assert (seen["initiated"], seen["results"], seen["sent"]) == ("success", ["success"], 5)
    assert seen["arrived"] == seen["first_missing"] == seen["blocks"] == 5
    seen = do(context, "verify_image")
    assert (seen["result"], seen["status"], seen["to_activate"]) == (
        "success", "verification-successful", 1)
    assert do(context, "activate_image")["result"] == "success"


def test_a_block_that_is_left_out_is_told_and_sent_afterwards() -> None:
    context = opened("hls")
    seen = do(context, "transfer_image", lose=[2], **IMAGE)
    assert (seen["sent"], seen["arrived"], seen["first_missing"]) == (4, 4, 2)
    assert do(context, "verify_image")["status"] != "verification-successful"
    seen = do(context, "transfer_image", go_on=True, only=[2], **IMAGE)
    assert (seen["initiated"], seen["sent"], seen["arrived"]) == ("none", 1, 5)
    assert do(context, "verify_image")["status"] == "verification-successful"


@pytest.mark.parametrize(("fault", "changes", "told", "right"), [
    ("first-missing-block-wrong", {"lose": [2]}, "first_missing", 2),
    ("transferred-blocks-status-wrong", {"lose": [2]}, "arrived", 4),
    ("image-repeated-block-refused", {"repeat": [1]}, "results", ["success"]),
    ("image-repeated-block-refused", {"reverse": True}, "results", ["success"]),
])
def test_a_transfer_that_goes_wrong_is_seen(
        fault: str, changes: dict[str, Any], told: str, right: Any) -> None:
    assert do(opened("hls"), "transfer_image", **IMAGE, **changes)[told] == right
    assert do(opened("hls", "wrapper", fault), "transfer_image", **IMAGE,
              **changes)[told] != right


@pytest.mark.parametrize(("fault", "changes"), [
    ("image-block-missing-accepted", {"lose": [2]}),
    ("image-block-altered-accepted", {"alter": 1}),
    ("image-verify-always-true", {"alter": 1}),
])
def test_an_image_that_should_not_verify_is_seen_to(fault: str, changes: dict[str, Any]) -> None:
    for faults, status in (((), False), ((fault,), True)):
        context = opened("hls", "wrapper", *faults)
        do(context, "transfer_image", **IMAGE, **changes)
        found = do(context, "verify_image")["status"] == "verification-successful"
        assert found is status


def test_an_image_that_was_not_verified_is_not_activated() -> None:
    for faults, activated in (((), False), (("image-activated-unverified",), True)):
        context = opened("hls", "wrapper", *faults)
        do(context, "transfer_image", **IMAGE)
        seen = do(context, "activate_image")["result"]
        assert (seen == "success") is activated


def test_a_device_that_is_no_emulator_is_sent_no_image_of_ours() -> None:
    context = opened("hls")
    context.launched = False
    with pytest.raises(Inconclusive, match="sent to an emulator only"):
        do(context, "transfer_image", **IMAGE)


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
