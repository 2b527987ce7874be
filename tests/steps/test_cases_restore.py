"""The shipped cases of the clock leave it right behind, on a meter that is right and on wrong ones.

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
from bench.records.plan import TestCase
from bench.records.verdict import Verdict
from bench.resources import ROOT
from bench.runner.engine import run_case
from bench.runner.station import answers_of
from bench.steps.context import Context
from devices.profile import load_profile

PROFILE = ROOT / "devices" / "profiles" / "emulated-esme.yaml"
RIGHT = ""


@cache
def cases(plan: str) -> dict[str, TestCase]:
    return {case.id: case for case in load_plans([ROOT / "testplans" / "esme" / f"{plan}.yaml"])}


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
