"""Small runs of the emulated meter, with a defect or without, stored as any run is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench_folder import EMULATED_RIG, PROFILE

from bench.ledger import Ledger
from bench.plan import for_device, load_plans, select
from bench.records.run import FrozenPlan
from bench.records.verdict import Disposition
from bench.resources import ROOT
from bench.runner.clock import utc_now
from bench.runner.order import in_order
from bench.runner.station import Station
from devices.profile import load_profile
from devices.rig import load_rig

PLAN = ROOT / "testplans" / "esme" / "identity.yaml"


def emulated_run(folder: Path, defect: str | None, firmware: str) -> Path:
    """Run the identity plan on a meter that calls itself ``firmware``."""
    profile, declaration = load_profile(PROFILE), load_rig(EMULATED_RIG)
    station = Station(profile, declaration, utc_now, defect=defect)
    chosen = select(for_device(in_order(load_plans([PLAN])), "ESME"), profile.ics,
                    declaration.ports)
    plan = FrozenPlan(replace(profile.subject, firmware_version=firmware), station.answers, "ci",
                      False, tuple(chosen), declaration.describe())
    try:
        with Ledger.create(folder, plan, utc_now) as ledger:
            for selected in chosen:
                if selected.disposition is Disposition.SELECTED:
                    for event in station.run(selected.case, 1):
                        ledger.append(event)
            ledger.end(complete=True)
    finally:
        station.close()
    return folder
