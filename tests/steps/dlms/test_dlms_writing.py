"""The write test of one attribute: what is written, and that all is as it was afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from served import do, opened

from bench.errors import Inconclusive
from bench.steps.context import Context
from devices.emulators.dlms.interface import OTHER_REASON, Refused

THRESHOLD = "71/0-0:17.0.0.255/a4"
MESSAGE = "1/0-0:96.13.0.255/a2"
DAYS = "20/0-0:13.0.0.255/a9"
VARIED = ("written_back", "varied", "changed", "shown", "refused", "restored", "as_before")
DONE = ("success", "success", "", True, False, "success", True)


def seen_of(seen: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the write test saw, in the order of :data:`VARIED`."""
    return tuple(seen.get(name) for name in VARIED)


@pytest.mark.parametrize(("reference", "changed"), [
    (MESSAGE, ""), (THRESHOLD, ""), (DAYS, "[0].day_schedule[1].start_time"),
    ("11/0-0:11.0.0.255/a2", "[0].specialday_date"),
    ("71/0-0:17.0.0.255/a8", "emergency_duration"),
    ("113/0-0:19.20.0.255/a6", "charge_table[1].charge_per_unit")])
def test_a_rewrite_restores_the_value(reference: str, changed: str) -> None:
    context = opened("hls")
    if reference == MESSAGE:
        do(context, "set", object=MESSAGE, value={"octet-string": "AABB"})
    before = do(context, "get", object=reference)
    seen = do(context, "rewrite", object=reference)
    assert seen_of(seen) == (*DONE[:2], changed, *DONE[3:])
    after = do(context, "get", object=reference)
    assert (after["value"], after["type"]) == (before["value"], before["type"])


@pytest.mark.parametrize("reference", [
    "8/0-0:1.0.0.255/a2", "8/0-0:1.0.0.255/a7", "70/0-0:96.3.10.255/a4", "18/0-0:44.0.0.255/a5",
    "22/0-0:15.0.1.255/a2", "9/0-0:10.0.106.255/a2", "6/0-0:14.0.0.255/a4",
    "20/0-0:13.0.0.255/a10", "23/0-0:22.0.0.255/a8", "5/1-0:1.4.0.255/a8"])
def test_what_could_do_harm_is_written_back_only(reference: str) -> None:
    assert seen_of(do(opened("hls"), "rewrite", object=reference)) == (
        "success", "none", *[None] * 5)


def test_a_write_without_effect_and_a_refused_one_are_seen() -> None:
    seen = do(opened("hls", "wrapper", "write-without-effect"), "rewrite", object=THRESHOLD)
    assert seen_of(seen) == ("success", "success", "", False, False, "not-needed", True)
    seen = do(opened("hls", "wrapper", "listed-write-refused"), "rewrite", object=THRESHOLD)
    assert seen_of(seen) == ("read-write-denied", "none", *[None] * 5)


@pytest.mark.parametrize("reference", [DAYS, "21/0-0:16.0.0.255/a2"])
def test_a_write_of_the_first_element_only_is_seen_where_a_later_one_differs(
        reference: str) -> None:
    seen = do(opened("hls", "wrapper", "first-element-written-only"), "rewrite", object=reference)
    assert seen["varied"] == "success"
    assert seen["shown"] is (reference == DAYS)  # the later entry is in the first day
    assert seen["as_before"]


def test_another_value_may_be_refused_if_it_is_not_stored() -> None:
    context = opened("hls")
    refuse_changes(context)
    assert seen_of(do(context, "rewrite", object=THRESHOLD)) == (
        "success", "other-reason", "", False, True, "not-needed", True)
    seen = do(opened("hls", "wrapper", "refused-write-stored"), "rewrite", object=THRESHOLD)
    assert seen_of(seen) == ("success", "other-reason", "", True, False, "success", True)


def test_a_value_is_restored_on_a_fresh_association_if_the_first_one_is_lost() -> None:
    context = opened("hls")
    port = context.ports["dlms"]
    take, taken = port.meter.take, []

    def dropping(client: int, server: int, apdu: bytes) -> tuple[bytes, ...]:
        """Carry out the write of the other value and forget the association then."""
        taken.append(apdu)
        answer = take(client, server, apdu)
        if len(taken) != 3:
            return answer  # type: ignore[no-any-return]
        port.meter.disconnect(client, server)
        return ()

    port.meter.take = dropping
    before = do(opened("hls"), "get", object=THRESHOLD)["value"]
    seen = do(context, "rewrite", object=THRESHOLD)
    assert seen_of(seen) == ("success", "silence", "", False, False, "success", True)
    assert do(context, "get", object=THRESHOLD)["value"] == before


def refuse_changes(context: Context) -> None:
    """Let the limiter of a served meter refuse all but the threshold that it has."""
    (limiter,) = (one for one in context.ports["dlms"].meter._parts.objects
                  if one.CLASS_ID == 71)
    held = limiter.get(4)
    store = limiter.set

    def refusing(index: int, value: Any) -> None:
        if value != held:
            raise Refused(OTHER_REASON)
        store(index, value)

    limiter.set = refusing


def test_an_attribute_that_cannot_be_read_is_not_written() -> None:
    for word in ("rewrite", "write_back"):
        with pytest.raises(Inconclusive, match="cannot be read"):
            do(opened("hls"), word, object="3/1-0:99.99.99.255/a2")


def test_a_write_back_that_is_denied_tells_its_error() -> None:
    name = "1/0-0:42.0.0.255/a2"
    assert do(opened("hls"), "write_back", object=name)["result"] != "success"
    assert do(opened("hls", "wrapper", "denied-write-accepted"), "write_back",
              object=name)["result"] == "success"
