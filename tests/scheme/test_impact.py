"""What a later baseline asks beyond an earlier one, and whether firmware could cure a failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_world import APART, CLOCK, EXTRA, LOG, SUPPLY, World, failed

from bench.catalogue import load_catalogue
from bench.errors import PlanError
from bench.resources import ROOT
from bench.scheme.cures import FIRMWARE, Cure, load_cures
from bench.scheme.impact import Effect, impact, specification_changes

OLD = replace(World().baseline, cases={"C1": "a" * 16, "S1": "b" * 16})
HARDWARE = Cure(True, "a crystal")


def test_each_requirement_that_a_later_baseline_touches_is_told_with_its_cure() -> None:
    new = replace(
        OLD, mandatory=(APART, CLOCK, EXTRA, SUPPLY), optional=(LOG,), outside=(),
        specifications=(("SMETS2", "6"),),
        cases={"C1": "f" * 16, "S1": "b" * 16, "E1": "c" * 16})
    world = World()
    world.results["C1"] = failed("C1", CLOCK)
    found = {one.requirement: one for one in impact(
        OLD, new, verifying={"C1": (CLOCK,), "S1": (SUPPLY,), "E1": (EXTRA,)},
        cures={CLOCK: HARDWARE}, ruling=world.rule())}
    assert {id_: one.effect for id_, one in found.items()} == {
        APART: Effect.ADDED, EXTRA: Effect.RAISED, CLOCK: Effect.OTHER_CASES, LOG: Effect.LOWERED,
        "R-CLK-04": Effect.DROPPED}
    assert (found[CLOCK].known, found[CLOCK].cases, found[CLOCK].cure) == (
        "failed", ("C1",), HARDWARE)
    assert str(found[CLOCK].cure) == "may be bound to hardware: a crystal"
    assert (found[EXTRA].cure, str(found[EXTRA].cure)) == (FIRMWARE, "firmware")
    assert list(specification_changes(OLD, new)) == ["SMETS2: 5 -> 6"]


def test_the_same_baseline_changes_nothing() -> None:
    assert impact(OLD, OLD, verifying={"C1": (CLOCK,)}, cures={}) == ()


def test_the_shipped_table_of_cures_names_requirements_that_exist() -> None:
    cures = load_cures(ROOT / "testplans" / "cures.yaml", load_catalogue())
    assert cures["R-NEW-04"].hardware
    assert cures["SMETS2/5.7.4.4"] is FIRMWARE


def test_a_requirement_that_does_not_exist_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cures.yaml"
    path.write_text("hardware:\n  - requirements: [R-CLK-01, R-CLK-99]\n    reason: x\n")
    with pytest.raises(PlanError, match=r"cures\.yaml:2: R-CLK-99 is not in the catalogue"):
        load_cures(path, load_catalogue())
