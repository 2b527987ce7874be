"""What ran before on the same device does not decide what a case is judged to be.

The groups of a plan come to a device in the order in which devices become free. Here the cases that
open the switch, refuse a clock or set a limit come before the ones that measure energy and time, in
both orders, on one emulated meter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from bench_folder import EMULATED_RIG, PROFILE

from bench.judge import judge_case
from bench.plan import load_plans
from bench.records.plan import TestCase
from bench.records.verdict import Verdict
from bench.resources import ROOT
from bench.runner.clock import utc_now
from bench.runner.station import Station
from devices.profile import load_profile
from devices.rig import load_rig

PLANS = ["esme/usage", "security/replay", "esme/registers", "esme/profile", "esme/clock"]
LEAVES_SOMETHING = re.compile(r"ESME-\w+-(ECS42|ECS43|ECS44|ECS28a|ECS70|ECS81)-.+")
MEASURES = ("ESME-CLK-002-behind-2", "ESME-REG-001-2000", "ESME-REG-010-750", "ESME-PRO-002")


@pytest.fixture(scope="module")
def cases() -> dict[str, TestCase]:
    read = load_plans([ROOT / "testplans" / f"{name}.yaml" for name in PLANS])
    return {case.id: case for case in read if case.device == "esme"}


def verdicts(cases: Sequence[TestCase]) -> dict[str, Verdict]:
    """Return what each of ``cases`` is judged to be, run in turn on one emulated meter."""
    station = Station(load_profile(PROFILE), load_rig(EMULATED_RIG), utc_now)
    try:
        events = {case.id: list(station.run(case, 1)) for case in cases}
    finally:
        station.close()
    return {case.id: judge_case(case, events[case.id], station.answers).verdict for case in cases}


@pytest.mark.parametrize("group", ["ESME-USE", "ESME-RPL"])
@pytest.mark.parametrize("step", [1, -1], ids=["as-written", "reversed"])
def test_energy_and_time_are_measured_alike_whatever_ran_before(
    cases: dict[str, TestCase], group: str, step: int
) -> None:
    before = [case for name, case in cases.items()
              if case.group == group and LEAVES_SOMETHING.fullmatch(name)]
    assert len(before) >= 6
    found = verdicts([*before[::step], *(cases[name] for name in MEASURES)])
    assert {name: verdict for name, verdict in found.items() if verdict is not Verdict.PASS} == {}
