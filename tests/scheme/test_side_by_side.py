"""Two runs of a case side by side: what differs by nature, what does not, and where first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.protocols.gbcs.block import Block, route_of
from bench.protocols.gbcs.message import Cra, Message
from bench.records.event import Event
from bench.records.plan import Expectation, Step, TestCase
from bench.records.replay import Parting, SideBySide
from bench.scheme.leaves import Reading, leaves_that_differ
from bench.scheme.side_by_side import Side, side_by_side

STEP = Step("send", "gbcs", {}, (Expectation("result == 'success'", ("R-1",)),))
CASE = TestCase("C-1", "g", "p", "esme", ("gbcs",), (), (), (STEP,), (), ())
ANSWER = Message(Cra.RESPONSE, 100, b"\x0a" * 8, b"\x0b" * 8, 0x0059,
                 bytes.fromhex("DA20000064000001090400000001010100"), mac=b"\x01" * 12)
ALERT = replace(ANSWER, cra=Cra.ALERT, message_code=0x1000, payload=b"\x0f\x01")


def payload_of(message: Message) -> dict[str, Any]:
    return {"long_invoke_id": int.from_bytes(message.payload[1:5], "big"),
            "data": [message.payload[10:14].hex().upper()]}


def frame(message: Message, direction: str = "received", payload: Any = None) -> dict[str, Any]:
    return {"direction": direction, "octets": message.encode().hex().upper(), "time": "t",
            "decoded": {"cra": message.cra.name.lower(),
                        "message_code": f"{message.message_code:04X}",
                        "payload": payload_of(message) if payload is None else payload}}


def observed(*frames: dict[str, Any], **seen: object) -> Side:
    event = Event("observation", "C-1", 1, "t", {
        "phase": "body", "step": 0, "action": "send", "frames": list(frames),
        "observation": {"result": "success", **seen}})
    return Side((event,), ())


def beside(stored: Side, replayed: Side, **given: Any) -> SideBySide:
    return side_by_side(CASE, stored, replayed, **given)


def altered(message: Message, **changes: Any) -> Message:
    return replace(message, **changes)


def test_counters_invocation_ids_and_macs_differ_by_nature() -> None:
    later = altered(ANSWER, originator_counter=101, mac=b"\x02" * 12,
                    payload=ANSWER.payload[:4] + b"\x65" + ANSWER.payload[5:])
    found = beside(observed(frame(ANSWER)), observed(frame(later)))
    assert found.first == Parting("body", 0, 1, "received", 23, "64", "65", "originator counter",
                                  "a counter of its own run")
    assert found.first_unexplained is None
    explained = {one.name: one.explanation for one in found.steps[0].frames[0].fields
                 if not one.same}
    assert set(explained) == {"originator counter", "payload", "MAC"}
    assert all(explained.values())


def test_the_first_octet_that_nothing_explains_is_named_by_the_decoded_view() -> None:
    payload = bytearray(ANSWER.payload)
    payload[4], payload[13] = 0x65, 0x02
    later = altered(ANSWER, originator_counter=101, payload=bytes(payload))
    found = beside(observed(frame(ANSWER)), observed(frame(later)))
    assert found.first is not None
    assert found.first.field == "originator counter"
    assert found.first_unexplained == Parting(
        "body", 0, 1, "received", 60, "01", "02", "payload: data[0]")
    (different,) = [one for one in found.steps[0].frames[0].fields if one.name == "payload"]
    assert (different.explanation, different.leaves, different.natural) == (
        "", ("data[0]",), ((1, 5),))


def test_a_payload_that_was_not_decoded_is_never_explained() -> None:
    later = altered(ANSWER, payload=ANSWER.payload[:4] + b"\x65" + ANSWER.payload[5:])
    found = beside(observed(frame(ANSWER, payload={})), observed(frame(later, payload={})))
    assert found.first_unexplained == Parting(
        "body", 0, 1, "received", 51, "64", "65", "payload")


def test_lengths_follow_from_what_became_longer_and_only_then() -> None:
    longer = altered(ANSWER, payload=ANSWER.payload + b"\x00")
    found = beside(observed(frame(ANSWER)), observed(frame(longer)))
    assert found.first == Parting("body", 0, 1, "received", 7, "45", "46",
                                  "length of what follows", "follows from what differs in length")
    assert found.first_unexplained is not None
    assert (found.first_unexplained.field, found.first_unexplained.stored,
            found.first_unexplained.replayed) == ("payload", "", "00")


def test_a_counter_before_what_became_longer_is_passed_over() -> None:
    payload = ANSWER.payload[:4] + b"\x65" + ANSWER.payload[5:]
    longer = altered(ANSWER, payload=payload + b"\x00")
    found = beside(observed(frame(ANSWER)), observed(frame(longer))).first_unexplained
    assert found is not None
    assert (found.field, found.offset, found.replayed) == ("payload", 64, "00")


def test_a_signature_instead_of_a_mac_is_not_by_nature() -> None:
    signed = altered(ANSWER, mac=None, signature=b"\x05" * 64)
    found = beside(observed(frame(ANSWER)), observed(frame(signed)))
    assert found.first_unexplained is not None
    assert (found.first_unexplained.field, found.first_unexplained.replayed) == ("MAC header", "")


def test_another_specimen_of_the_model_is_an_explanation_where_the_ids_are_theirs() -> None:
    other = altered(ANSWER, originator=b"\x0c" * 8)
    runs = observed(frame(ANSWER)), observed(frame(other))
    known = beside(*runs, specimens=("0A" * 8, "0C" * 8))
    assert known.first_unexplained is None
    assert known.first is not None
    assert known.first.explanation == "another specimen of the model"
    unknown = beside(*runs).first_unexplained
    assert unknown is not None
    assert unknown.field == "originator"


def test_a_frame_that_only_one_run_has_does_not_shift_the_others() -> None:
    found = beside(observed(frame(ALERT), frame(ANSWER)), observed(frame(ANSWER)))
    first, second = found.steps[0].frames
    assert (first.what, first.replayed) == ("alert 1000", "")
    assert second.first is None
    assert found.first_unexplained is not None
    assert (found.first_unexplained.offset, found.first_unexplained.stored,
            found.first_unexplained.replayed) == (0, "DD", "")
    reverse = beside(observed(frame(ANSWER)), observed(frame(ALERT), frame(ANSWER)))
    assert (reverse.steps[0].frames[0].stored, reverse.steps[0].frames[1].first) == ("", None)


def test_answers_of_another_kind_are_held_against_each_other() -> None:
    other = altered(ANSWER, message_code=0x0060)
    found = beside(observed(frame(ANSWER)), observed(frame(other)))
    assert len(found.steps[0].frames) == 1
    assert found.first_unexplained == Parting(
        "body", 0, 1, "received", 45, "59", "60", "message code")


def test_what_was_observed_otherwise_is_told_item_by_item() -> None:
    found = beside(observed(contactor="closed", device_time=1, values={"a": "1", "b": "2"},
                            clock={"now": "07EA030107120A0000000000"}),
                   observed(contactor="open", device_time=2, values={"a": "1", "b": "3", "c": "4"},
                            clock={"now": "07EA030107120A0900000000"}))
    assert found.first is None
    assert [(one.name, one.stored, one.replayed, bool(one.explanation))
            for one in found.steps[0].variables] == [
        ("clock['now']", "07EA030107120A0000000000", "07EA030107120A0900000000", True),
        ("contactor", "closed", "open", False), ("device_time", 1, 2, True),
        ("values['b']", "2", "3", False), ("values['c']", None, "4", False)]


def test_a_step_that_one_run_did_not_do_is_told() -> None:
    skipped = Side((Event("skipped", "C-1", 1, "t", {
        "phase": "body", "step": 0, "reason": "the link broke"}),), ())
    (step,) = beside(observed(frame(ANSWER)), skipped).steps
    assert (step.stored_kind, step.replayed_kind, step.replayed_reason) == (
        "observation", "skipped", "the link broke")
    (step,) = beside(Side((), ()), observed()).steps
    assert (step.stored_kind, step.replayed_kind) == ("", "observation")


def test_octets_that_are_no_message_part_at_their_octet() -> None:
    broken = [{"direction": "received", "octets": octets, "time": "t", "decoded": {}}
              for octets in ("0A0B0C", "0A0BFF00")]
    found = beside(observed(broken[0]), observed(broken[1]))
    assert found.first_unexplained == Parting(
        "body", 0, 1, "received", 2, "0C", "FF", "octets")


@pytest.mark.parametrize(("stored", "replayed", "natural"), [
    ({"time": 5}, {"time": 6}, True),
    ({"at": "2026-03-01T10:00:00+00:00"}, {"at": "2026-03-01T10:00:09+00:00"}, True),
    ({"at": "07EA030107120A000000000000"[:24]}, {"at": "07EA030107120A090000000000"[:24]}, True),
    ({"currentSeqNumber": 5}, {"currentSeqNumber": 6}, True),
    ({"id": "040000000000000001"}, {"id": "040000000000000002"}, True),
    ({"id": "040000000000000001"}, {"id": "050000000000000002"}, False),
    ({"bound": 825592075}, {"bound": 825592076}, False),
    ({"encounter": 5}, {"encounter": 6}, False),
    ({"count": 5}, {"count": 6}, False),
    ({"time": 5}, {}, False),
    ({"at": "5"}, {"at": "6"}, False),
])
def test_only_counters_and_times_of_a_payload_are_natural(
    stored: object, replayed: object, natural: bool
) -> None:
    (leaf,) = leaves_that_differ(Reading(stored, 1, False), Reading(replayed, 2, False))
    assert leaf.by_nature is natural


def test_bounds_and_certificates_are_natural_only_in_what_the_bench_sent() -> None:
    bounds = {"bound": 825592075}, {"bound": 825592076}
    for sent in (True, False):
        (leaf,) = leaves_that_differ(*(Reading(one, 1, sent) for one in bounds))
        assert leaf.by_nature is sent
    (leaf,) = leaves_that_differ(Reading({"bound": 7}, 1, True), Reading({"bound": 8}, 1, True))
    assert not leaf.by_nature
    (leaf,) = leaves_that_differ(Reading({"c": "3003020101"}, 1, True),
                                 Reading({"c": "3003020102"}, 1, True))
    assert not leaf.by_nature


def test_blocks_are_explained_by_the_whole_message_and_only_then() -> None:
    def block(message: Message, data: bytes) -> dict[str, Any]:
        octets = Block(route_of(message), 1, 0, data, True).encode()
        return {"direction": "received", "octets": octets.hex().upper(), "time": "t",
                "decoded": {"block": "data", "cra": "response", "message_code": "0059"}}

    later = altered(ANSWER, originator_counter=101, mac=b"\x02" * 12)
    whole = beside(observed(block(ANSWER, b"\x01"), frame(ANSWER)),
                   observed(block(later, b"\x02"), frame(later)))
    assert whole.first_unexplained is None
    alone = beside(observed(block(ANSWER, b"\x01")), observed(block(later, b"\x02")))
    assert alone.first is not None
    assert (alone.first.offset, alone.first.field) == (10, "originator counter")
    assert alone.first_unexplained is not None
    assert alone.first_unexplained.field == "block data"


def test_a_message_that_is_none_is_named_as_far_as_it_can_be_read() -> None:
    frames = [{"direction": "sent", "time": "t", "decoded": {"error": "cut"},
               "octets": altered(ANSWER, originator_counter=counter).encode()[:60].hex().upper()}
              for counter in (100, 101)]
    found = beside(observed(frames[0]), observed(frames[1]))
    assert found.first_unexplained is None
    assert found.first is not None
    assert found.first.field == "originator counter"
