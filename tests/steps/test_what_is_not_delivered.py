"""What a device does not deliver is absent, so that no expectation on it can hold by default."""

from __future__ import annotations

from typing import Any

import pytest

from bench.protocols.gbcs.message import Cra, Message
from bench.records.answers import Answers
from bench.runner.clock import utc_now
from bench.steps import clock, gbcs, logs
from bench.steps.context import Context
from bench.steps.exchange import Heard, device_time
from bench.steps.vocabulary import Observation

EVENTS = "7/0-0:99.98.0.255/a2"


@pytest.fixture
def context() -> Context:
    class Reference:
        def now(self) -> Any:
            return utc_now()

    return Context(ports={"time": Reference()}, answers=Answers(), parties=None, clock=utc_now)


def answered(result: str, values: dict[str, Any]) -> Any:
    return lambda *_: Observation({"result": result, "deviations": [], "values": values})


@pytest.mark.parametrize(("result", "values"), [
    ("none", {}), ("failure", {EVENTS: {"error": "hardware-fault"}}), ("success", {EVENTS: 5}),
    ("success", {EVENTS: [7]}), ("success", {EVENTS: [["soon", 1]]}), ("success", {}),
])
def test_a_log_that_was_not_read_has_no_entries_to_speak_of(
    result: str, values: dict[str, Any], context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "send", answered(result, values))
    seen = logs.read_log(context, logs.ReadLog(log="event")).values
    assert set(seen) == {"result", "deviations"}
    assert seen["result"] != "success"


def test_an_empty_log_was_read(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "send", answered("success", {EVENTS: []}))
    seen = logs.read_log(context, logs.ReadLog(log="event")).values
    assert (seen["result"], seen["count"], seen["codes"]) == ("success", 0, [])


def test_a_profile_that_was_not_read_has_no_entries_to_speak_of(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "send", answered("failure", {}))
    seen = logs.read_profile(context, logs.ReadProfile(profile="active_import")).values
    assert dict(seen) == {"result": "failure", "deviations": []}


def test_an_alert_that_did_not_come_has_no_content(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gbcs, "exchange", lambda *_, **__: Heard())
    seen = gbcs.await_alert(context, gbcs.AwaitAlert(code="8F36")).values
    assert dict(seen) == {"arrived": False, "alerts": [], "deviations": []}


@pytest.mark.parametrize("stated", [None, 7, "XY", "00", "FF" * 12])
def test_a_clock_that_states_no_time_has_none(
    stated: Any, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "send", answered("success", {clock.TIME: stated}))
    seen = clock.set_clock(context, clock.SetClock.model_validate({"from": -1, "to": 1})).values
    assert "clock_time" not in seen
    assert "clock_error" not in seen


def test_a_response_whose_date_time_names_no_instant_gives_no_device_time() -> None:
    response = Message(Cra.RESPONSE, 1, bytes(8), bytes(8), 0x27, b"", date_time=b"\xff" * 12)
    assert device_time(response) is None
