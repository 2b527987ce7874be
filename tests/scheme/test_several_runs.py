"""Results of several laboratories and of several runs: what they come to together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_world import CLOCK, SUPPLY, World, failed, passed

from bench.errors import LedgerError
from bench.records.assurance import LaboratoryRun, Ruling
from bench.records.decision import Standing, Status
from bench.records.plan import Selected
from bench.records.serial import canonical
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.scheme.baseline import Quorum


def second(world: World, laboratory: str = "South Lab", **changes: object) -> LaboratoryRun:
    return replace(world.run(laboratory, "b" * 64), **changes)


def standing(ruling: Ruling, id_: str) -> tuple[Standing, str]:
    return next((line.standing, line.reason) for line in ruling.requirements if line.id == id_)


def without_verdict(world: World, case: str, disposition: Disposition) -> World:
    world.results[case] = CaseResult(case, Verdict.NONE, disposition, "no means", (), 0)
    return world


def test_what_one_laboratory_could_not_test_another_one_shows() -> None:
    one = without_verdict(World(), "S1", Disposition.NOT_TESTABLE)
    assert one.rule().decision.status is Status.PARTIAL
    ruling = one.rule(second(World()))
    assert ruling.decision.status is Status.COMPLIANT
    assert [run.laboratory for run in ruling.runs] == ["North Lab", "South Lab"]
    assert next(case for case in ruling.cases if case.id == "S1").laboratories == ("South Lab",)


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.NONE])
def test_what_the_bench_broke_yields_to_a_verdict(verdict: Verdict) -> None:
    world = World()
    world.results["S1"] = CaseResult("S1", verdict, Disposition.SELECTED, "broke", (), 1, (1,))
    assert world.rule(second(World())).decision.status is Status.COMPLIANT


def test_pass_here_and_fail_there_is_shown_and_blocks() -> None:
    other = World()
    other.results["C1"] = failed("C1", CLOCK)
    for ruling in (World().rule(second(other)), other.rule(second(World()))):
        assert ruling.decision.status is Status.NONE
        assert standing(ruling, CLOCK)[0] is Standing.CONTRADICTED
        assert ruling.decision.reasons[0].startswith("contradiction: C1: passed in run ")
        assert "North Lab" in ruling.decision.reasons[0]
        assert "South Lab" in ruling.decision.reasons[0]


def test_an_inconclusive_verdict_does_not_get_better_by_another_run() -> None:
    world = World()
    world.results["S1"] = CaseResult(
        "S1", Verdict.INCONCLUSIVE, Disposition.SELECTED, "not reached", (), 1, (1,))
    assert standing(world.rule(second(World())), SUPPLY)[0] is Standing.INCONCLUSIVE


def test_two_that_fail_agree() -> None:
    worlds = [World(), World()]
    for world in worlds:
        world.results["S1"] = failed("S1", SUPPLY)
    ruling = worlds[0].rule(second(worlds[1]))
    assert standing(ruling, SUPPLY)[0] is Standing.FAILED


@pytest.mark.parametrize(("changes", "said"), [
    ({"firmware_version": "00010001"}, "firmware_version '00010001', not '00010000'"),
    ({"image_hash": "A" * 64}, "image_hash"),
])
def test_runs_of_two_subjects_are_no_evidence_for_one(
    changes: dict[str, str], said: str
) -> None:
    run = second(World())
    other = replace(run, plan=replace(run.plan, subject=replace(run.plan.subject, **changes)))
    with pytest.raises(LedgerError, match=said):
        World().rule(other)


def test_the_same_run_does_not_count_twice() -> None:
    with pytest.raises(LedgerError, match="given twice"):
        World().rule(second(World(), ledger_hash="a" * 64))


def test_the_order_in_which_runs_are_given_changes_nothing() -> None:
    world = World()
    runs = [second(world, f"Lab {hash_}", ledger_hash=hash_ * 64, started=started)
            for hash_, started in (("f", "2026-01-01"), ("b", "2026-01-02"), ("c", "2026-01-02"))]
    ruling = world.rule(*runs)
    assert [run.ledger_hash[0] for run in ruling.runs] == ["a", "f", "b", "c"]
    assert canonical(world.rule(*reversed(runs))) == canonical(ruling)


def test_runs_under_another_declaration_or_baseline_block() -> None:
    run = second(World())
    other = replace(run, plan=replace(run.plan, answers=replace(
        run.plan.answers, ics={"alcs": True})))
    ruling = World().rule(other)
    assert ruling.decision.status is Status.NONE
    assert "was made under another declaration: alcs" in ruling.decision.reasons[0]
    for digest in ("f" * 64, ""):
        other = replace(run, plan=replace(run.plan, baseline_digest=digest))
        ruling = World().rule(other)
        assert ruling.decision.status is Status.NONE
        assert "begun under another baseline" in ruling.decision.reasons[0]


def test_a_device_of_another_kind_gets_nothing_from_a_baseline() -> None:
    world = World()
    world.baseline = replace(world.baseline, device="GSME", variant="")
    ruling = world.rule()
    assert ruling.decision.status is Status.NONE
    assert ruling.decision.reasons[0] == "the baseline is for GSME, the subject is ESME"


def test_a_quorum_asks_for_laboratories_not_for_runs() -> None:
    world = World()
    world.baseline = replace(world.baseline, quorum=(Quorum((SUPPLY,), 2),))
    alone = world.rule()
    assert standing(alone, SUPPLY)[0] is Standing.SHORT
    assert "the baseline asks for 2 laboratories" in standing(alone, SUPPLY)[1]
    assert alone.decision.status is Status.PARTIAL
    again = world.rule(second(World(), "North Lab"))
    assert standing(again, SUPPLY)[0] is Standing.SHORT
    both = world.rule(second(World()))
    assert both.decision.status is Status.COMPLIANT
    assert "by North Lab and South Lab" in standing(both, SUPPLY)[1]


def frozen(world: World, **changes: str) -> World:
    cases = {id_: item.fingerprint for id_, item in world.cases.items()} | changes
    world.baseline = replace(world.baseline, cases=cases)
    return world


def test_a_case_counts_only_with_the_fingerprint_that_the_baseline_froze() -> None:
    assert frozen(World()).rule().decision.status is Status.COMPLIANT
    other = frozen(World(), S1="f" * 16)
    assert other.rule().decision.status is Status.PARTIAL
    assert "has the fingerprint 0123456789abcdef, the baseline's ffff" in standing(
        other.rule(), SUPPLY)[1]
    other.results["S1"] = failed("S1", SUPPLY)
    assert other.rule().decision.status is Status.NONE


def test_a_case_that_the_baseline_plans_and_no_run_holds_keeps_it_from_being_full() -> None:
    ruling = frozen(World(), X1="f" * 16).rule()
    assert ruling.decision.status is Status.PARTIAL
    assert "X1: the baseline plans it, no run holds it" in " ".join(ruling.decision.reasons)


def test_a_case_of_no_baseline_cannot_pass() -> None:
    world = frozen(World())
    run = world.run("North Lab")
    stranger = replace(world.cases["S1"], id="Z9")
    plan = replace(run.plan, selected=(*run.plan.selected,
                                       Selected(stranger, Disposition.SELECTED, "")))
    ruling = world.rule(replace(run, plan=plan, results=(*run.results, passed("Z9")),
                                ledger_hash="c" * 64))
    assert next(case for case in ruling.cases if case.id == "Z9").reason == (
        "no case of the baseline")
