"""The shipped cases leave the clock right and the supply as it was, on right and on wrong meters.

Each is run on an emulated meter that is held in hand: with nothing wrong, and with each defect
that the case claims to notice. A case runs alone, so that nothing but its own postamble puts back
what it moved.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from emulated_line import Hands, Line

from bench.judge import judge_case
from bench.plan import load_plans
from bench.records.answers import Answers
from bench.records.plan import TestCase
from bench.records.verdict import Disposition, Verdict
from bench.resources import ROOT
from bench.runner.engine import run_case
from bench.runner.station import answers_of
from bench.steps.context import Context
from bench.steps.supply import Supply, supply
from devices.adapters.wait import Wait
from devices.profile import load_profile

PROFILE = ROOT / "devices" / "profiles" / "emulated-esme.yaml"
RIGHT = ""


@cache
def cases(plan: str) -> dict[str, TestCase]:
    return {case.id: case for case in load_plans([ROOT / "testplans" / "esme" / f"{plan}.yaml"])}


class Losing(Line):
    """A line that loses the answer to the command with the number ``lost``, from 1 on."""

    lost = 0

    def send(self, message: bytes) -> None:
        before = len(self.arrived)
        super().send(message)
        self.lost -= 1
        if self.lost == 0:
            while len(self.arrived) > before:
                self.arrived.pop()


def run(case: TestCase, line: Line, context: Context) -> Verdict:
    """Return what ``case`` is judged to be on the meter behind ``line``."""
    ports = {"gbcs": line} | {port: Hands(line, port) for port in case.ports if port != "gbcs"}
    answers = answers_of(load_profile(PROFILE))
    events = list(run_case(case, replace(context, ports=ports, answers=answers), 1))
    return judge_case(case, events, answers).verdict


CLOCK = [(name, defect) for name, case in cases("clock").items()
         if name != "ESME-CLK-000" for defect in (RIGHT, *case.bite)]


@pytest.mark.parametrize(("name", "defect"), CLOCK)
def test_the_clock_is_right_and_the_hubs_time_is_back_after_each_case(
    name: str, defect: str, keys: Path, context: Context
) -> None:
    line = Line(keys, faults=frozenset({defect} - {RIGHT}))
    assert run(cases("clock")[name], line, context) is (Verdict.FAIL if defect else Verdict.PASS)
    clock = line.meter.clock
    assert clock.reference == clock.true
    assert clock.now == pytest.approx(clock.reference, abs=1)


METERED = [(plan, name) for plan in ("registers", "profile", "blocks")
           for name, case in cases(plan).items() if "load" in case.ports]


@pytest.mark.parametrize(("plan", "name"), METERED)
@pytest.mark.parametrize("delivered", ["disabled", "armed", "enabled"])
def test_a_right_meter_passes_whatever_the_state_that_it_is_delivered_in(
    plan: str, name: str, delivered: str, keys: Path, context: Context
) -> None:
    line = Line(keys, supply=delivered)
    assert run(cases(plan)[name], line, context) is Verdict.PASS
    assert line.meter.supply.state.name.lower() == delivered


def test_a_meter_whose_supply_cannot_be_enabled_is_not_judged_by_what_does_not_flow(
    keys: Path, context: Context
) -> None:
    line = Line(keys, supply="disabled", faults=frozenset({"enable-only-arms"}))
    for plan, name in METERED:
        assert run(cases(plan)[name], line, context) is Verdict.INCONCLUSIVE, name


@pytest.mark.parametrize("defect", ["register-in-kwh", "export-counted-as-import",
                                    "register-wraps-early", "power-reads-zero"])
def test_a_wrong_meter_that_is_delivered_disabled_fails_all_the_same(
    defect: str, keys: Path, context: Context
) -> None:
    claiming = [case for case in cases("registers").values() if defect in case.bite]
    for case in claiming:
        line = Line(keys, supply="disabled", faults=frozenset({defect}))
        assert run(case, line, context) is Verdict.FAIL, case.id
        assert line.meter.supply.state.name == "DISABLED"


def test_a_meter_without_a_switch_is_not_asked_for_it(keys: Path, context: Context) -> None:
    line = Line(keys)
    answers = Answers(ics={"supply_switch": False}, ixit=context.ixit)
    seen = supply(replace(context, ports={"gbcs": line}, answers=answers), Supply(state="armed"))
    assert (seen.values, seen.frames) == ({"found": "enabled", "state": "enabled"}, ())


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [name for name in cases("clock") if name != "ESME-CLK-000"])
def test_the_hubs_time_is_where_it_was_after_a_case_that_an_answer_was_lost_in(
    name: str, lost: int, keys: Path, context: Context
) -> None:
    line = Losing(keys)
    line.lost = lost
    run(cases("clock")[name], line, context)
    assert line.meter.clock.reference == line.meter.clock.true


@pytest.mark.parametrize("max_wait_s", [3_600, 1_000_000])
@pytest.mark.parametrize("name", [name for name, case in cases("clock").items()
                                  if "time" in case.ports])
def test_a_clock_case_is_not_testable_where_time_cannot_be_moved_and_no_day_is_waited_for_it(
    name: str, max_wait_s: float, keys: Path, context: Context
) -> None:
    waited: list[float] = []
    case, line = cases("clock")[name], Line(keys)
    ports = {"gbcs": line, "mains": Hands(line, "mains"),
             "time": Wait(max_wait_s=max_wait_s, sleep=waited.append)}
    answers = answers_of(load_profile(PROFILE))
    events = list(run_case(case, replace(context, ports=ports, answers=answers), 1))
    result = judge_case(case, events, answers)
    assert (result.verdict, result.disposition) == (Verdict.NONE, Disposition.NOT_TESTABLE)
    assert sum(waited) <= 75


def test_nothing_is_sent_to_a_meter_that_does_not_say_the_state_of_its_supply(
    keys: Path, context: Context
) -> None:
    line = Losing(keys, supply="disabled")
    line.lost = 1
    seen = supply(replace(context, ports={"gbcs": line}, answers=answers_of(load_profile(PROFILE))),
                  Supply(state="enabled"))
    assert seen.values == {}
    assert line.meter.supply.state.name == "DISABLED"
