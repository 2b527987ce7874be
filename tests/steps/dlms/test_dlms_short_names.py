"""Reading and writing by short names: what the steps see of right meters and of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from served import BY_SHORT_NAMES, do, observe, opened, served

from bench.errors import Inconclusive
from bench.plan.tables import ADDED, DISCLOSED
from bench.steps.context import Context
from bench.steps.dlms.disclosing import disclose
from bench.steps.dlms.identity import read_dlms_identity
from devices.emulators.dlms.profile import load_settings

NAME = "1/0-0:42.0.0.255/a2"
CLOCK = "8/0-0:1.0.0.255/a2"
MESSAGE = "1/0-0:96.13.0.255/a2"
NOWHERE = "3/1-0:99.99.99.255/a2"
PROFILE = "7/1-0:99.1.0.255/a2"
OBJECT_LIST = 0xFA08
DIFFERENT = ("misfits", "not_declared", "not_listed", "differences", "absent", "served")
MADE: dict[str, Any] = {"settings": load_settings(BY_SHORT_NAMES), "profile": BY_SHORT_NAMES}
LINKS = pytest.mark.parametrize("framing", ["wrapper", "hdlc"])


def talking(association: str = "lls", *faults: str, framing: str = "wrapper") -> Context:
    """Return a context in which an association by short names is open."""
    return opened(association, framing, *faults, **MADE)


def requests(context: Context, word: str, **arguments: Any) -> int:
    """Return how many requests an action sends."""
    return sum(frame.direction == "sent" for frame in observe(context, word, **arguments).frames)


# reading


@LINKS
def test_an_attribute_is_read_by_its_object(framing: str) -> None:
    seen = do(talking("public", framing=framing), "read_name", object=NAME)
    assert (seen["outcome"], seen["result"], seen["deviation"]) == ("apdu", "success", "")
    assert bytes.fromhex(seen["value"]) == b"SMB0000000000001"
    assert (seen["type"], seen["misfits"], seen["deviations"]) == ("octet-string", [], [])


def test_attributes_of_an_object_are_eight_apart() -> None:
    context = talking()
    first, second = (do(context, "read_name", object=f"8/0-0:1.0.0.255/a{index}")
                     for index in (1, 2))
    assert second["address"] == first["address"] + 8
    assert first["value"] == "0000010000FF"
    assert second["misfits"] == []


def test_an_address_gives_the_same_value_and_no_type() -> None:
    context = talking()
    named = do(context, "read_name", object=CLOCK)
    seen = do(context, "read_name", address=named["address"])
    assert (seen["result"], seen["value"]) == ("success", named["value"])
    assert not {"type", "misfits"} & set(seen)


def test_the_object_list_is_read_once() -> None:
    context = talking()
    assert requests(context, "read_name", object=CLOCK) > 1
    assert requests(context, "read_name", object=NAME) == 1
    assert requests(context, "read_name", address=OBJECT_LIST) > 1  # in blocks
    assert do(context, "read_name", address=OBJECT_LIST)["result"] == "success"


@pytest.mark.parametrize(("fault", "reference"), [
    ("logical-name-wrong", "8/0-0:1.0.0.255/a1"), ("date-time-too-short", CLOCK)])
def test_a_value_that_does_not_fit_its_class_is_told(fault: str, reference: str) -> None:
    assert do(talking("lls"), "read_name", object=reference)["misfits"] == []
    assert do(talking("lls", fault), "read_name", object=reference)["misfits"] != []


def test_a_short_name_that_does_not_exist_is_an_error() -> None:
    seen = do(talking(), "read_name", address=8)
    assert (seen["outcome"], seen["address"]) == ("apdu", 8)
    assert seen["result"] not in ("success", "apdu")
    assert "value" not in seen
    assert do(talking("lls", "unknown-short-name-answered"), "read_name",
              address=8)["result"] == "success"


# writing


@LINKS
def test_an_attribute_is_written_and_shows_it(framing: str) -> None:
    context = talking(framing=framing)
    seen = do(context, "write_name", object=MESSAGE, value={"octet-string": "AABB"})
    assert (seen["outcome"], seen["result"], seen["deviation"]) == ("apdu", "success", "")
    read = do(context, "read_name", object=MESSAGE)
    assert (read["value"], read["address"]) == ("AABB", seen["address"])
    assert do(context, "write_name", address=seen["address"],
              value={"octet-string": "CC"})["result"] == "success"
    assert do(context, "read_name", object=MESSAGE)["value"] == "CC"


@pytest.mark.parametrize(("reference", "value"), [
    (NAME, {"octet-string": "AABB"}), (MESSAGE, {"unsigned": 1})])
def test_a_write_that_is_refused_changes_nothing(reference: str, value: dict[str, Any]) -> None:
    context = talking()
    before = do(context, "read_name", object=reference)
    seen = do(context, "write_name", object=reference, value=value)
    assert seen["outcome"] == "apdu"
    assert seen["result"] not in ("success", "apdu")
    after = do(context, "read_name", object=reference)
    assert (after["value"], after["type"]) == (before["value"], before["type"])


@pytest.mark.parametrize(("fault", "reference"), [
    ("denied-write-accepted", NAME), ("wrong-value-written", MESSAGE)])
def test_a_write_that_should_be_refused_is_seen(fault: str, reference: str) -> None:
    context = talking("lls", fault)
    assert do(context, "write_name", object=reference, value={"unsigned": 1}
              if reference == MESSAGE else {"octet-string": "AA"})["result"] == "success"
    assert do(context, "read_name", object=reference)["value"] in (1, "AA")


def test_a_short_name_that_does_not_exist_cannot_be_written() -> None:
    seen = do(talking(), "write_name", address=8, value={"unsigned": 1})
    assert (seen["outcome"], seen["address"]) == ("apdu", 8)
    assert seen["result"] not in ("success", "apdu")
    assert do(talking("lls", "unknown-short-name-written"), "write_name", address=8,
              value={"unsigned": 1})["result"] == "success"


# the steps that take whichever name the association has


@LINKS
def test_an_attribute_is_read_and_written_without_saying_its_short_name(framing: str) -> None:
    context = talking(framing=framing)
    assert do(context, "set", object=MESSAGE, value={"octet-string": "AABB"})["result"] == "success"
    seen = do(context, "get", object=MESSAGE, version=0)
    assert (seen["result"], seen["value"], seen["misfits"]) == ("success", "AABB", [])
    assert do(context, "read_name", object=MESSAGE)["value"] == "AABB"


def test_a_part_of_an_attribute_is_read_with_parameters() -> None:
    numbers = [{"double-long-unsigned": 1}, {"double-long-unsigned": 2},
               {"long-unsigned": 1}, {"long-unsigned": 0}]
    seen = do(talking(), "get", object=PROFILE, selector=2, parameters={"structure": numbers})
    assert (seen["result"], len(seen["value"])) == ("success", 2)


def test_the_write_test_restores_the_value() -> None:
    context = talking()
    before = do(context, "get", object=MESSAGE)["value"]
    seen = do(context, "rewrite", object=MESSAGE)
    assert (seen["written_back"], seen["varied"], seen["shown"], seen["restored"],
            seen["as_before"]) == ("success", "success", True, "success", True)
    assert do(context, "get", object=MESSAGE)["value"] == before
    assert do(context, "write_back", object=NAME)["result"] == "read-write-denied"
    wrong = do(talking("lls", "write-without-effect"), "rewrite", object=MESSAGE)
    assert (wrong["shown"], wrong["as_before"]) == (False, True)


@pytest.mark.parametrize("reference", [NOWHERE, "8/0-0:1.0.0.255/a0"])
def test_what_has_no_short_name_is_not_asked_for(reference: str) -> None:
    context = talking()
    do(context, "get", object=NAME)
    for word, more in (("get", {}), ("set", {"value": {"unsigned": 1}})):
        assert requests(context, word, object=reference, **more) == 0
        seen = do(context, word, object=reference, **more)
        assert (seen["outcome"], seen["result"]) == ("not-listed", "not-listed")
        assert "value" not in seen


def test_short_names_are_those_of_the_association_that_is_open() -> None:
    context = talking("lls")
    do(context, "get", object=MESSAGE)
    do(context, "associate", **{"as": "public"})
    assert do(context, "get", object=MESSAGE)["result"] == "not-listed"


# what an association lists


@pytest.mark.parametrize("association", ["public", "lls"])
def test_the_list_of_a_right_meter_is_as_declared(association: str) -> None:
    seen = do(talking(association), "compare_objects", of=association)
    assert (seen["result"], seen["rights"]) == ("success", "listed")
    assert seen["listed"] > 3
    assert [seen[name] for name in DIFFERENT] == [[]] * len(DIFFERENT)


@pytest.mark.parametrize(("fault", "told"), [
    ("object-listed-and-absent", {"not_declared", "absent"}),
    ("object-present-and-not-listed", {"not_listed"}),
    ("object-version-wrong", {"differences"}),
    ("logical-name-wrong", {"absent"}),
    ("array-as-structure", {"misfits", "not_listed"}),
])
def test_a_list_that_differs_is_told_where(fault: str, told: set[str]) -> None:
    seen = do(talking("lls", fault), "compare_objects", of="lls")
    assert {name for name in DIFFERENT if seen[name]} == told


def test_rights_that_differ_are_told_in_words() -> None:
    context = talking()
    (message,) = (one for one in context.ixit["dlms"]["associations"]["lls"]["objects"]
                  if MESSAGE.startswith(one["object"]))
    message["attributes"] = {"1": "read", "2": "read"}
    assert do(context, "compare_objects", of="lls")["differences"] == [
        f"{MESSAGE}: declared as 'read', listed as 'read, write'"]


def test_rows_are_disclosed_with_short_names() -> None:
    found = disclose(served("wrapper", **MADE)).said
    assert found.failures == ()
    for name, rows in found.tables.items():
        assert rows, name
        for row in rows:
            assert row.keys() == DISCLOSED[name].keys() - ADDED.keys(), name
    assert [(row["association"], row["class"], row["version"], row["short_names"])
            for row in found.tables["disclosed_associations"]] == [
        ("public", 12, 2, True), ("lls", 12, 2, True)]
    rows = {(row["association"], row["reference"]): row for table in (
        "disclosed_attributes", "disclosed_methods") for row in found.tables[table]}
    clock, message = rows["lls", CLOCK], rows["lls", MESSAGE]
    assert (clock["type"], clock["mode"], clock["rights"]) == ("date-time", "read", "listed")
    assert (message["writable"], message["varied"], message["untried"]) == (True, True, "")
    assert rows["lls", "8/0-0:1.0.0.255/m1"]["short_name"] == clock["short_name"] - 8 + 0x60
    assert rows["lls", "12/0-0:40.0.0.255/a2"]["short_name"] == OBJECT_LIST
    assert ("public", MESSAGE) not in rows
    assert not rows["lls", "19/0-0:20.0.0.255/a7"]["readable"]


# an association that lists no rights: version 0 of class 12


def old_association() -> dict[str, Any]:
    """Return what makes a context with a meter whose association has version 0."""
    return {**MADE, "settings": load_settings(BY_SHORT_NAMES).model_copy(
        update={"association_version": 0})}


def test_without_a_list_of_rights_they_are_those_that_are_declared() -> None:
    found = disclose(served("wrapper", **old_association())).said
    assert found.failures == ()
    assert {row["version"] for row in found.tables["disclosed_associations"]} == {0}
    attributes = found.tables["disclosed_attributes"]
    assert {row["rights"] for row in attributes} == {"declared"}
    assert [row["reference"] for row in attributes if row["writable"]] == [MESSAGE]
    seen = do(opened("lls", "wrapper", **old_association()), "compare_objects", of="lls")
    assert (seen["rights"], seen["not_declared"], seen["not_listed"]) == ("declared", [], [])
    assert seen["differences"][0] == "12/0-0:40.0.0.255: version 2 declared, 0 listed"
    assert all(text.startswith("12/0-0:40.0.0.255") for text in seen["differences"])


def test_nothing_is_disclosed_of_an_object_that_neither_lists_nor_declares_rights() -> None:
    context = served("wrapper", **old_association())
    objects = context.ixit["dlms"]["associations"]["lls"]["objects"]
    for one in objects:
        if one["object"] == "3/1-0:2.8.0.255":
            one["version"] = 7
    objects[:] = [one for one in objects if not MESSAGE.startswith(one["object"])]
    tables = disclose(context).said.tables
    named = {row["object"] for row in tables["disclosed_objects"] if row["association"] == "lls"}
    known = {row["object"] for row in tables["disclosed_attributes"]
             if row["association"] == "lls"}
    assert named - known == {"12/0-0:40.0.0.255", "3/1-0:2.8.0.255", "1/0-0:96.13.0.255"}
    assert not any(row["writable"] for row in tables["disclosed_attributes"])


# what cannot be told


def test_an_object_that_is_not_listed_has_no_short_name() -> None:
    for word, more in (("read_name", {}), ("write_name", {"value": {"unsigned": 1}})):
        with pytest.raises(Inconclusive, match=f"{NOWHERE} is not in the object list"):
            do(talking(), word, object=NOWHERE, **more)


def test_without_an_object_list_no_short_name_is_known() -> None:
    with pytest.raises(Inconclusive, match="the object list cannot be read"):
        do(talking("lls", "served-by-no-short-name"), "read_name", object=CLOCK)


def test_without_an_association_nothing_is_read_or_written() -> None:
    context = served("wrapper", **MADE)
    assert do(context, "read_name", address=OBJECT_LIST)["result"] == "not-associated"
    assert do(context, "write_name", address=8, value={"unsigned": 1})["result"] == "not-associated"
    with pytest.raises(Inconclusive, match="the object list cannot be read"):
        do(context, "read_name", object=CLOCK)


def test_the_identity_is_read_by_its_short_name() -> None:
    found = read_dlms_identity(served("wrapper", **MADE))
    assert (found.outcome, bytes.fromhex(found.firmware_version)) == ("success", b"1.0.0")
    found = read_dlms_identity(served("wrapper", "served-by-no-short-name", **MADE))
    assert (found.outcome, found.firmware_version) == (
        "the object list cannot be read, so no short name is known", "")
