"""Each defect of a DLMS meter is named by a case that verifies what it breaks, generated or not."""

from __future__ import annotations

from served import PROFILE, served

from bench.catalogue import load_catalogue
from bench.plan import load_plans
from bench.resources import ROOT
from bench.runner import disclosure
from devices.defects import DEFECTS
from devices.profile import load_profile


def test_every_defect_is_named_by_a_case_made_of_what_the_meter_lists() -> None:
    said = disclosure.ask(load_profile(PROFILE), served()).said
    assert said.failures == ()
    cases = load_plans([ROOT / "testplans" / "dlms"], load_catalogue(), DEFECTS, disclosed=said)
    caught = {name for case in cases for name in case.bite
              if set(DEFECTS[name].breaks) & set(case.requirements)}
    known = {name for name, defect in DEFECTS.items() if "dlms-meter" in defect.devices}
    assert sorted(known - caught) == []
