"""Reading and writing by short names: what the steps see of right meters and of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from served import BY_SHORT_NAMES, do, observe, opened, served

from bench.errors import Inconclusive
from bench.steps.context import Context
from bench.steps.dlms.identity import read_dlms_identity
from devices.emulators.dlms.profile import load_settings

NAME = "1/0-0:42.0.0.255/a2"
CLOCK = "8/0-0:1.0.0.255/a2"
MESSAGE = "1/0-0:96.13.0.255/a2"
NOWHERE = "3/1-0:99.99.99.255/a2"
OBJECT_LIST = 0xFA08
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
