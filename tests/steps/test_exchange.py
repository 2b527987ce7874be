"""What the bench makes of all that can come back over a line."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from emulated_line import Line
from pydantic import ValidationError

from bench.errors import LinkError
from bench.steps.context import Context
from bench.steps.gbcs import AwaitAlert, Replay, Send, await_alert, replay, send
from devices.ports import Received, Reception

START = datetime(2026, 11, 1, tzinfo=UTC)


def command(use_case: str = "ECS52", **more: object) -> Send:
    return Send.model_validate({"use_case": use_case, **more})


def test_a_response_ends_the_exchange_without_a_wait(context: Context, line: Line) -> None:
    seen = send(context, command()).values
    assert (seen["outcome"], seen["result"], seen["deviations"]) == ("response", "success", [])
    assert line.waited == []


def test_a_late_response_makes_the_next_exchange_a_deviation_and_no_other(
    context: Context, line: Line
) -> None:
    line.hold = True
    assert send(context, command(wait="quiet")).values["outcome"] == "silence"
    line.hold = False
    seen = send(context, command("ECS17b")).values
    assert seen["outcome"] == "deviation"
    assert seen["result"] == "none"
    assert any(text.startswith("message code: expected") for text in seen["deviations"])
    assert send(context, command("ECS17b")).values["outcome"] == "response"


def test_a_late_response_to_the_same_use_case_is_told_by_its_counter(
    context: Context, line: Line
) -> None:
    line.hold = True
    send(context, command(wait="quiet"))
    line.hold = False
    seen = send(context, command()).values
    assert seen["outcome"] == "deviation"
    assert [text.partition(":")[0] for text in seen["deviations"]] == ["originator counter"]


def test_a_wrong_response_leaves_the_quiet_time_for_the_right_one(
    context: Context, line: Line
) -> None:
    line.hold = True
    send(context, command(wait="quiet"))
    line.arrived.extend(Received(Reception.MESSAGE, octets) for octets in line.held)
    line.waited.clear()
    assert send(context, command()).values["outcome"] == "deviation"
    assert line.waited == [pytest.approx(3, abs=0.5)]  # quiet_s, not response_timeout_s


def test_a_response_that_nobody_asked_for_is_a_deviation(context: Context, line: Line) -> None:
    line.hold = True
    send(context, command(wait="quiet"))
    line.arrived.extend(Received(Reception.MESSAGE, octets) for octets in line.held)
    seen = await_alert(context, AwaitAlert(code="8F0C")).values
    assert seen["arrived"] is False
    assert seen["deviations"] == ["a response that no command asked for"]


def test_a_refusal_is_waited_for_and_then_quiet(context: Context, line: Line) -> None:
    refused = command("ECS43", mutation="mac-flip", wait="alert")
    seen = send(context, refused).values
    assert seen["outcome"] == "silence"
    assert len(seen["alerts"]) == 1
    assert line.waited == [pytest.approx(3, abs=0.5)]


def test_a_response_after_the_refusal_is_not_overlooked(context: Context, line: Line) -> None:
    line.hold = True
    context.step_name = "first"
    send(context, command("ECS42", wait="quiet"))
    (response, *_), line.held = line.held, []
    context.step_name = ""
    send(context, command("ECS43", mutation="mac-flip", wait="quiet"))
    (alert, *_), line.held = line.held, []
    line.arrived.extend(Received(Reception.MESSAGE, octets) for octets in (alert, response))
    seen = replay(context, Replay(of="first", wait="alert")).values
    assert len(seen["alerts"]) == 1
    assert seen["outcome"] == "response"


@pytest.mark.parametrize("reception", [Reception.GARBAGE, Reception.PARTIAL, Reception.CLOSED])
def test_what_is_no_message_is_an_observation_with_its_octets(
    context: Context, line: Line, reception: Reception
) -> None:
    line.hold = True
    line.arrived.append(Received(reception, b"\xDE\xAD"))
    seen = send(context, command())
    assert seen.values["outcome"] == reception.value
    assert seen.values["deviations"] == [f"{reception.value} on the line"]
    assert seen.frames[-1].octets == b"\xDE\xAD"


def test_a_line_dropped_by_an_emulator_that_we_launched_is_a_broken_rig(
    context: Context, line: Line
) -> None:
    context.launched = True
    line.hold = True
    line.arrived.append(Received(Reception.CLOSED, b"\xDE\xAD"))
    with pytest.raises(LinkError) as broken:
        send(context, command())
    assert broken.value.octets == b"\xDE\xAD"


def test_octets_that_are_no_gbcs_message_are_not_made_good_by_a_response(
    context: Context, line: Line
) -> None:
    line.arrived.append(Received(Reception.MESSAGE, b"\xDD\x00\x01"))
    seen = send(context, command()).values
    assert seen["outcome"] == "deviation"
    assert seen["deviations"][0].startswith("no GBCS message")


def test_silence_costs_the_declared_time_once(context: Context, line: Line) -> None:
    line.hold = True
    begin = time.monotonic()
    assert send(context, command()).values["outcome"] == "silence"
    assert line.waited == [pytest.approx(50, abs=1)]
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize(("arguments", "text"), [
    ({"use_case": "ECS5"}, "no use case 'ECS5'; did you mean"),
    ({"use_case": "ECS52", "as": "suplier"}, "no party 'suplier'; did you mean supplier?"),
    ({"use_case": "ECS52", "mutation": "counter-zer"}, "no mutation 'counter-zer'; did you mean"),
    ({"use_case": "ECS52", "wait": "ever"}, "'response', 'alert' or 'quiet'"),
])
def test_a_command_that_cannot_be_is_refused_when_the_plan_is_read(
    arguments: dict[str, str], text: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Send.model_validate(arguments)
    (mistake,) = refused.value.errors()
    assert text in mistake["msg"]
    assert not mistake["msg"].startswith("Value error")


def test_a_replay_names_a_step() -> None:
    with pytest.raises(ValidationError):
        Replay.model_validate({"of": "The First"})
