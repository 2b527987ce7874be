"""What may be said of a subject: each rule, and each way in which the evidence can fall short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from made_world import (
    APART,
    CLOCK,
    EXTRA,
    GUESS,
    LOG,
    SUPPLY,
    World,
    case,
    failed,
    passed,
    requirement,
)

from bench.errors import LedgerError, RigError
from bench.records.decision import Standing, Status
from bench.records.requirement import Provenance
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.scheme import admit


def becomes(id_: str, verdict: Verdict = Verdict.NONE,
            disposition: Disposition = Disposition.SELECTED) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.results[id_] = CaseResult(id_, verdict, disposition, "because", (), 1, (1,))
    return spoil


def left_out(id_: str, disposition: Disposition) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        del world.results[id_]
        world.dispositions[id_] = disposition, "because"
    return spoil


def without_result(world: World) -> None:
    del world.results["S1"]


def without_attempt(world: World) -> None:
    world.results["S1"] = replace(world.results["S1"], attempts=0)


def without_bite(world: World) -> None:
    world.cases["S1"] = replace(world.cases["S1"], bite=())


def with_suspect_link(world: World) -> None:
    world.suspects = {"S1": (SUPPLY,)}


def without_case(world: World) -> None:
    del world.cases["S1"], world.results["S1"]


def in_mode(mode: str) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.mode = mode
    return spoil


def for_another_variant(world: World) -> None:
    world.variant = "AD"


def test_a_device_that_passes_all_that_counts_is_compliant() -> None:
    decision, lines = World().decide()
    assert decision.status is Status.COMPLIANT
    assert decision.scope == "SMETS2 ESME (2026-01-15): all 3 mandatory requirements that apply"
    assert lines[CLOCK].standing is Standing.PASSED
    assert lines[CLOCK].cases == ("C1", "C2")


def test_every_requirement_of_the_device_has_a_line_and_no_other_one() -> None:
    _, lines = World().decide()
    assert sorted(lines) == sorted((CLOCK, SUPPLY, LOG, GUESS, EXTRA, APART))
    assert lines[APART].standing is Standing.NOT_TESTED
    assert lines[APART].reason == "outside the baseline: wants an inspection"
    assert [id_ for id_, line in lines.items() if line.mandatory] == sorted(
        (CLOCK, SUPPLY, LOG, GUESS))


@pytest.mark.parametrize(("spoil", "standing"), [
    (becomes("S1", Verdict.INCONCLUSIVE), Standing.INCONCLUSIVE),
    (becomes("S1", Verdict.ERROR), Standing.ERROR),
    (becomes("S1", Verdict.NONE), Standing.NOT_TESTED),
    (becomes("S1", Verdict.NONE, Disposition.NOT_VERIFIABLE), Standing.INCONCLUSIVE),
    (becomes("S1", Verdict.NONE, Disposition.NOT_TESTABLE), Standing.NOT_TESTABLE),
    (becomes("S1", Verdict.NONE, Disposition.BLOCKED), Standing.NOT_TESTED),
    (becomes("S1", Verdict.PASS, Disposition.NOT_VERIFIABLE), Standing.INCONCLUSIVE),
    (left_out("S1", Disposition.NOT_TESTABLE), Standing.NOT_TESTABLE),
    (left_out("S1", Disposition.NOT_RUN), Standing.NOT_TESTED),
    (without_result, Standing.NOT_TESTED),
    (without_attempt, Standing.NOT_TESTED),
    (without_bite, Standing.UNPROVEN),
    (with_suspect_link, Standing.SUSPECT),
    (without_case, Standing.NOT_TESTED),
])
def test_a_mandatory_requirement_without_a_strict_pass_leaves_a_partial_decision(
    spoil: Callable[[World], None], standing: Standing
) -> None:
    world = World()
    spoil(world)
    decision, lines = world.decide()
    assert lines[SUPPLY].standing is standing
    assert decision.status is Status.PARTIAL
    assert decision.scope == (
        "SMETS2 ESME (2026-01-15): 2 of 3 mandatory requirements; whole domains: security; "
        "whole groups: clock, logs")
    assert any(SUPPLY in reason for reason in decision.reasons)


@pytest.mark.parametrize(("spoil", "reason"), [
    (in_mode("ci"), "the mode ci gives no certificate"),
    (in_mode("precheck"), "the mode precheck gives no certificate"),
    (for_another_variant, "the baseline is for variant A, the subject is AD"),
    (becomes("E1", Verdict.ERROR), "1 broken by the bench or the rig: E1: because"),
    (becomes("G1", Verdict.NONE), "1 planned without a final attempt: G1: because"),
    (left_out("E1", Disposition.NOT_RUN), "1 planned without a final attempt: E1: because"),
])
def test_an_obstacle_outside_the_requirements_keeps_the_decision_from_being_full(
    spoil: Callable[[World], None], reason: str
) -> None:
    world = World()
    spoil(world)
    decision, _ = world.decide()
    assert decision.status is Status.PARTIAL
    assert "3 of 3 mandatory requirements" in decision.scope
    assert reason in decision.reasons


def test_one_fail_of_a_mandatory_requirement_leaves_nothing() -> None:
    world = World()
    world.results["C2"] = failed("C2", CLOCK)
    decision, lines = world.decide()
    assert (decision.status, decision.scope) == (Status.NONE, "")
    assert decision.reasons[0] == f"{CLOCK} failed: C2: x = 2"
    assert lines[CLOCK].standing is Standing.FAILED


@pytest.mark.parametrize("spoil", [without_bite, with_suspect_link])
def test_a_case_that_cannot_count_can_still_fail(spoil: Callable[[World], None]) -> None:
    world = World()
    spoil(world)
    world.results["S1"] = failed("S1", SUPPLY)
    assert world.decide()[0].status is Status.NONE


def test_a_fail_without_a_citation_is_held_against_all_that_the_case_verifies() -> None:
    world = World()
    world.results["S1"] = failed("S1")
    assert world.decide()[0].status is Status.NONE


def test_a_fail_is_held_against_what_it_cites_and_keeps_the_rest_from_passing() -> None:
    world = World()
    world.cases["C1"] = case("C1", CLOCK, EXTRA)
    world.results["C1"] = failed("C1", EXTRA)
    decision, lines = world.decide()
    assert lines[EXTRA].standing is Standing.FAILED
    assert lines[CLOCK].standing is Standing.INCONCLUSIVE
    assert decision.status is Status.PARTIAL


def test_a_fail_that_cites_a_requirement_the_case_does_not_name_still_counts() -> None:
    world = World()
    world.results["E1"] = failed("E1", SUPPLY)
    decision, lines = world.decide()
    assert lines[SUPPLY].standing is Standing.FAILED
    assert decision.status is Status.NONE


def test_a_provisional_requirement_is_reported_and_does_not_decide() -> None:
    world = World()
    world.results["G1"] = failed("G1", GUESS)
    decision, lines = world.decide()
    assert decision.status is Status.COMPLIANT
    assert lines[GUESS].standing is Standing.PROVISIONAL
    assert lines[GUESS].reason == "failed, does not count until confirmed: G1: x = 2"
    assert any(reason.startswith(f"{GUESS} is provisional") for reason in decision.reasons)


def test_a_provisional_requirement_counts_once_it_is_confirmed() -> None:
    world = World()
    world.catalogue[GUESS] = replace(world.catalogue[GUESS], confirmed="SMETS2 v5, 5.5.1 (b)")
    assert "all 4 mandatory" in world.decide()[0].scope
    world.results["G1"] = failed("G1", GUESS)
    assert world.decide()[0].status is Status.NONE


def test_a_fail_of_an_optional_requirement_is_reported_and_does_not_decide() -> None:
    world = World()
    world.results["E1"] = failed("E1", EXTRA)
    decision, lines = world.decide()
    assert decision.status is Status.COMPLIANT
    assert lines[EXTRA].standing is Standing.FAILED
    assert any(reason.startswith(f"{EXTRA} is not mandatory") for reason in decision.reasons)


def test_an_inapplicable_requirement_does_not_count_and_is_named() -> None:
    world = World()
    left_out("L1", Disposition.INAPPLICABLE)(world)
    decision, lines = world.decide()
    assert decision.status is Status.COMPLIANT
    assert lines[LOG].standing is Standing.INAPPLICABLE
    assert f"1 mandatory, not applicable: {LOG}" in decision.reasons


def test_an_inapplicable_case_does_not_hide_its_sister() -> None:
    world = World()
    left_out("C1", Disposition.INAPPLICABLE)(world)
    becomes("C2", Verdict.INCONCLUSIVE)(world)
    assert world.decide()[1][CLOCK].standing is Standing.INCONCLUSIVE


def test_a_requirement_of_another_variant_does_not_apply() -> None:
    world = World()
    world.catalogue["SMETS2/5.13.1.1"] = requirement(
        "SMETS2/5.13.1.1", "functional", devices=("ESME:B",))
    decision, lines = world.decide()
    assert decision.status is Status.COMPLIANT
    assert lines["SMETS2/5.13.1.1"].standing is Standing.INAPPLICABLE


def test_a_pass_with_a_bite_carries_one_without() -> None:
    world = World()
    world.cases["C2"] = replace(world.cases["C2"], bite=())
    decision, lines = world.decide()
    assert decision.status is Status.COMPLIANT
    assert lines[CLOCK].reason == "1 case passed; 1 more passed without counting"


def test_a_suspect_link_bars_the_whole_case() -> None:
    world = World()
    world.cases["S1"] = case("S1", SUPPLY, EXTRA, group="supply")
    world.suspects = {"S1": (EXTRA,)}
    assert world.decide()[1][SUPPLY].standing is Standing.SUSPECT


def test_a_mandatory_requirement_that_the_catalogue_lost_cannot_pass() -> None:
    world = World()
    del world.catalogue[SUPPLY]
    decision, lines = world.decide()
    assert lines[SUPPLY].standing is Standing.SUSPECT
    assert decision.status is Status.PARTIAL


def test_a_draft_certifies_nothing_not_even_in_part() -> None:
    world = World()
    world.baseline = replace(world.baseline, draft=True)
    decision, _ = world.decide()
    assert (decision.status, decision.scope) == (Status.NONE, "")
    assert "is a draft" in decision.reasons[0]


def test_nothing_is_certified_when_nothing_counts() -> None:
    world = World()
    world.catalogue = {id_: replace(item, provenance=Provenance.INFERRED)
                       for id_, item in world.catalogue.items()}
    decision, _ = world.decide()
    assert decision.status is Status.NONE
    assert any(reason.startswith("no requirement counts") for reason in decision.reasons)


def test_nothing_is_certified_when_nothing_passed() -> None:
    world = World()
    for id_ in world.results:
        becomes(id_, Verdict.INCONCLUSIVE)(world)
    assert world.decide()[0].status is Status.NONE


def test_the_order_of_the_evidence_changes_nothing() -> None:
    world, turned = World(), World()
    turned.results = dict(reversed(turned.results.items()))
    turned.cases = dict(reversed(turned.cases.items()))
    turned.catalogue = dict(reversed(turned.catalogue.items()))
    for each in (world, turned):
        each.results["C2"] = failed("C2", CLOCK)
        becomes("S1", Verdict.ERROR)(each)
    assert world.decide() == turned.decide()


def test_evidence_that_is_not_of_the_plan_is_refused() -> None:
    world = World()
    world.results["X9"] = passed("X9")
    with pytest.raises(LedgerError, match="not planned: X9"):
        world.decide()
    world = World()
    world.results["again"] = passed("C1")
    with pytest.raises(LedgerError, match="two results for case C1"):
        world.decide()


def test_a_demonstration_says_so_in_its_scope() -> None:
    decision, _ = World(demonstration=True).decide()
    assert decision.status is Status.COMPLIANT
    assert decision.scope.endswith("demonstration, no certificate")


@pytest.mark.parametrize(("mode", "demonstration", "emulated", "admitted"), [
    ("certify", False, True, False),
    ("certify", True, True, True),
    ("certify", False, False, True),
    ("ci", False, True, True),
    ("precheck", False, True, True),
    ("look", False, False, False),
])
def test_an_emulated_device_is_certified_as_a_demonstration_only(
    mode: str, demonstration: bool, emulated: bool, admitted: bool
) -> None:
    if admitted:
        admit(mode, demonstration, emulated)
    else:
        with pytest.raises(RigError):
            admit(mode, demonstration, emulated)
