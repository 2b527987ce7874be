"""Delta certification: what a new firmware runs again, and what is carried over, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_world import CLOCK, SUBJECT, SUPPLY, World, failed

from bench.catalogue import load_catalogue
from bench.errors import PlanError
from bench.plan import load_plans
from bench.records.assurance import Attached, ChangeDeclaration, Dossier, LaboratoryRun, Ruling
from bench.records.decision import Standing, Status
from bench.resources import ROOT
from bench.scheme.delta import DeltaLine, DeltaRule, DeltaRules, delta, load_rules

RULES = DeltaRules(("logs",), {
    "supply": DeltaRule("supply", "", ("supply",), ()),
    "time": DeltaRule("time", "", (), ("*/5.5.*",)),
    "all": DeltaRule("all", "", ("*",), ()),
}, "")
CHANGE = ChangeDeclaration("SMIP-000002", ("supply",), "Maker", "2026-02-27",
                           Attached("notes.pdf", "d" * 64))


def earlier() -> Ruling:
    return World().rule()


def lines(world: World, before: Ruling, *changes: str) -> dict[str, DeltaLine]:
    change = replace(CHANGE, changes=changes or ("supply",))
    return {one.case: one for one in delta(
        world.run().plan.selected, world.ics, before, change, RULES, world.suspects)}


def next_firmware(world: World, again: tuple[str, ...]) -> LaboratoryRun:
    """The run of a new firmware in which only the cases ``again`` were run."""
    for name in set(world.results) - set(again):
        del world.results[name]
    run = world.run("North Lab", "c" * 64)
    return replace(run, plan=replace(
        run.plan, subject=replace(SUBJECT, firmware_version="00010001")))


def rule(run: LaboratoryRun, before: Ruling | None, world: World | None = None) -> Ruling:
    from bench.scheme import rule as decided

    made = world or World()
    return decided(runs=[run], catalogue=made.catalogue, baseline=made.baseline, suspects={},
                   at="2026-04-01", dossier=Dossier(change=CHANGE), earlier=before, rules=RULES)


def test_what_a_change_touches_and_what_is_always_run_is_run_again() -> None:
    found = lines(World(), earlier())
    assert {name for name, one in found.items() if one.again} == {"S1", "L1"}
    assert found["S1"].reason == "touched by supply"
    assert found["L1"].reason == "run for every firmware"
    assert found["C1"].reason == ("passed under SMIP-000002 with the same fingerprint; not touched "
                                  "by supply")
    assert {name for name, one in lines(World(), earlier(), "supply", "time").items()
            if one.again} == {"S1", "L1", "C1", "C2"}
    assert all(one.again for one in lines(World(), earlier(), "all").values())


def test_what_the_earlier_ruling_cannot_vouch_for_is_run_again() -> None:
    before = World()
    before.results["C1"] = failed("C1", CLOCK)
    assert lines(World(), before.rule())["C1"].reason == "it was failed before"
    now = World()
    now.cases["C1"] = replace(now.cases["C1"], fingerprint="f" * 16)
    assert lines(now, earlier())["C1"].reason == "it asks something else than before"
    now = World()
    now.cases["C9"] = replace(now.cases["C1"], id="C9")
    assert lines(now, earlier())["C9"].reason == "SMIP-000002 does not rest on it"
    now = World(suspects={"C1": (CLOCK,)})
    assert lines(now, earlier())["C1"].reason == f"changed since it was reviewed: {CLOCK}"
    now = World()
    now.cases["C1"] = replace(now.cases["C1"], sanity=True)
    assert lines(now, earlier())["C1"].again


def test_a_case_whose_declared_answers_changed_is_run_again() -> None:
    before, now = World(ics={"alcs": False, "boost": False}), World(
        ics={"alcs": True, "boost": False})
    for world in (before, now):
        world.cases["C1"] = replace(world.cases["C1"], applies="!ics.alcs || true")
        world.cases["C2"] = replace(world.cases["C2"], applies="!ics.boost")
    found = lines(now, before.rule())
    assert found["C1"].reason == "the declaration it looks at changed"
    assert not found["C2"].again


def test_a_change_without_a_rule_is_refused() -> None:
    with pytest.raises(PlanError, match="no rule for the change colour; known are all, supply"):
        lines(World(), earlier(), "colour")


def test_a_full_certificate_rests_on_what_was_run_and_what_was_carried_over() -> None:
    ruling = rule(next_firmware(World(), ("S1", "L1")), earlier())
    assert ruling.decision.status is Status.COMPLIANT
    standing = {line.id: line for line in ruling.requirements}
    assert standing[CLOCK].standing is Standing.CARRIED_OVER
    assert standing[CLOCK].reason == "2 cases carried over from SMIP-000002"
    assert standing[SUPPLY].standing is Standing.PASSED
    assert "mandatory carried over" in " ".join(ruling.decision.reasons)
    assert ruling.notes == ("4 of 6 cases are carried over on the ground of SMIP-000002",)


def test_the_origin_of_a_result_is_kept_over_two_steps() -> None:
    first = rule(next_firmware(World(), ("S1", "L1")), earlier())
    case = next(case for case in first.cases if case.id == "C1")
    assert (case.standing, case.carried_from) == (Standing.CARRIED_OVER, "SMIP-000002")
    assert "passed under SMIP-000002" in lines(World(), first)["C1"].reason


def test_nothing_carries_over_by_itself_or_from_another_model() -> None:
    run = next_firmware(World(), ("S1", "L1"))
    alone = rule(run, None)
    assert alone.decision.status is Status.NONE
    assert "is not at hand" in alone.decision.reasons[0]
    other = replace(earlier(), subject=replace(SUBJECT, model="EM-200"))
    ruling = rule(run, other)
    assert ruling.decision.status is Status.NONE
    assert "model 'EM-200' is not 'EM-100'" in ruling.decision.reasons[0]


def test_a_case_that_the_baseline_froze_otherwise_is_not_carried_over() -> None:
    world = World()
    cases = {id_: item.fingerprint for id_, item in world.cases.items()}
    world.baseline = replace(world.baseline, cases=cases)
    run = next_firmware(World(), ("S1", "L1"))
    assert rule(run, earlier(), world).decision.status is Status.COMPLIANT
    world.baseline = replace(world.baseline, cases=cases | {"C1": "f" * 16})
    ruling = rule(run, earlier(), world)
    assert ruling.decision.status is Status.PARTIAL
    assert next(case for case in ruling.cases if case.id == "C1").carried_from == ""


def test_nothing_carries_over_from_a_demonstration_to_a_certificate() -> None:
    ruling = rule(next_firmware(World(), ("S1", "L1")), replace(earlier(), demonstration=True))
    assert ruling.decision.status is Status.NONE
    assert "software stood for the device there or here" in ruling.decision.reasons[0]


def test_what_was_to_be_run_again_and_was_not_is_missing() -> None:
    ruling = rule(next_firmware(World(), ("L1",)), earlier())
    assert ruling.decision.status is Status.PARTIAL
    assert next(line.standing for line in ruling.requirements
                if line.id == SUPPLY) is Standing.NOT_TESTED


def test_a_new_failure_is_not_covered_by_an_old_pass() -> None:
    world = World()
    world.results["C1"] = failed("C1", CLOCK)
    ruling = rule(next_firmware(world, ("S1", "L1", "C1")), earlier())
    assert ruling.decision.status is Status.NONE


def test_the_shipped_table_names_groups_and_requirements_that_exist() -> None:
    rules = load_rules(ROOT / "testplans" / "delta.yaml")
    plans = load_plans((ROOT / "testplans" / "esme", ROOT / "testplans" / "security"),
                       load_catalogue())
    groups = {case.group for case in plans if case.device == "esme"}
    for change in rules.changes.values():
        if change.groups:
            assert any(change.touches(case) for case in plans), change.change
    always = {group for group in groups for pattern in rules.always
              if group.endswith(pattern.removeprefix("*"))}
    assert always == {"ESME-IDY", "ESME-SEC"}


@pytest.mark.parametrize(("text", "said"), [
    ("always: {groups: [a], reason: b}\nchanges:\n  - {change: x, text: y}\n",
     ":3: x: expected a kind of change of its own"),
    ("always: {groups: [a]}\nchanges: []\n", ":1: always.reason: missing key"),
])
def test_a_mistake_in_the_table_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "delta.yaml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        load_rules(path)
    assert f"{path}{said}" in str(caught.value)
