"""A small frozen plan and the events of its cases."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.records.answers import Answers
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Selected, Step, TestCase
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from bench.records.verdict import Disposition

SUBJECT = Subject("ESME", "Maker", "1001", "Model", "1", "00010203", "A" * 64, "A")
TIME = "2026-01-02T03:04:05.678901+00:00"


def clock() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def case(name: str, expression: str = "result == 'success'") -> TestCase:
    step = Step("send", "gbcs", {"use_case": "ECS52"}, (Expectation(expression, ("R-CLK-01",)),))
    return TestCase(name, "clock", "a purpose", "esme", ("gbcs",), (Link("R-CLK-01", "00"),),
                    (), (step,), (), ("defect",), row={"role": "supplier"})


def frozen_plan(*names: str) -> FrozenPlan:
    selected = tuple(Selected(case(name), Disposition.SELECTED, "") for name in names)
    left_out = Selected(case("ESME-OUT"), Disposition.INAPPLICABLE, "ics.alcs is false")
    return FrozenPlan(
        SUBJECT, Answers({"alcs": False}, {"timeout": 5}), "ci", True, (*selected, left_out),
        {"gbcs": "serial"}, "smets2-esme", "B" * 64, (("smip-bench", "0.1.0"),),
    )


def observation(name: str, result: str = "success", attempt: int = 1) -> Event:
    frames = [
        {"direction": "sent", "octets": "DF09", "time": TIME, "decoded": {"counter": 1}},
        {"direction": "received", "octets": "DD01FF", "time": "", "decoded": {"name": "häuser"}},
    ]
    return Event("observation", name, attempt, TIME, {
        "phase": "body", "step": 0, "action": "send", "port": "gbcs", "arguments": {},
        "observation": {"result": result}, "frames": frames,
    })


def events(name: str, result: str = "success") -> tuple[Event, ...]:
    return (
        Event("case-started", name, 1, TIME, {"attempt": 1}),
        observation(name, result),
        Event("case-ended", name, 1, TIME),
    )
