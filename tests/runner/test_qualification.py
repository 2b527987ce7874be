"""What a kill matrix proves, and what it does not."""

from __future__ import annotations

from dataclasses import replace

from bench.records.plan import Expectation, Generated, Link, Step, TestCase
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.qualification import NO_DEFECT, assess
from devices.defects.record import defect
from devices.dlms_names import LINKS

BREAKS = {"deaf": ("R-1",), "blind": ("R-2",)}


def case(name: str, requirement: str, *bite: str) -> TestCase:
    return TestCase(
        id=name, group="G", purpose="", device="esme", ports=(),
        verifies=(Link(requirement, "00"),), preamble=(), body=(), postamble=(), bite=bite)


def result(name: str, verdict: Verdict) -> CaseResult:
    return CaseResult(name, verdict, Disposition.SELECTED, "")


CASES = (case("A", "R-1", "deaf"), case("B", "R-2", "blind"))
GOOD = {
    NO_DEFECT: {"A": result("A", Verdict.PASS), "B": result("B", Verdict.PASS)},
    "deaf": {"A": result("A", Verdict.FAIL)},
    "blind": {"B": result("B", Verdict.FAIL)},
}


def test_a_plan_is_proven_when_every_bite_fails_and_the_clean_device_passes() -> None:
    assert assess(GOOD, CASES, BREAKS).holds


def test_a_case_that_passes_under_its_defect_has_no_bite() -> None:
    found = assess(GOOD | {"deaf": {"A": result("A", Verdict.PASS)}}, CASES, BREAKS)
    assert found.toothless == (("A", "deaf"),)
    assert found.survivors == ("deaf",)
    assert not found.holds


def test_an_error_is_no_bite() -> None:
    found = assess(GOOD | {"deaf": {"A": result("A", Verdict.ERROR)}}, CASES, BREAKS)
    assert found.toothless == (("A", "deaf"),)


def test_a_defect_caught_by_a_case_of_another_requirement_only_survives() -> None:
    cases = (case("A", "R-9", "deaf"), CASES[1])
    found = assess(GOOD, cases, BREAKS)
    assert found.survivors == ("deaf",)
    assert found.toothless == ()


def test_a_defect_that_was_not_run_survives() -> None:
    found = assess({name: row for name, row in GOOD.items() if name != "blind"}, CASES, BREAKS)
    assert found.survivors == ("blind",)


def test_a_case_that_fails_on_a_good_device_is_not_clean() -> None:
    clean = GOOD[NO_DEFECT] | {"B": result("B", Verdict.FAIL)}
    found = assess(GOOD | {NO_DEFECT: clean}, CASES, BREAKS)
    assert [bad.case for bad in found.unclean] == ["B"]
    assert not found.holds


def test_a_case_without_a_bite_is_unproven() -> None:
    found = assess(GOOD, (*CASES, case("C", "R-1")), BREAKS)
    assert found.unproven == ("C",)
    assert not found.holds


ROWS = tuple(replace(case(f"L-{number}", "R-1", "deaf"), generated=Generated("L-EACH", "t", "0"))
             for number in (1, 2, 3))


def test_one_row_of_a_generated_case_is_bite_enough() -> None:
    """A defect sits in one object; the cases of the others rightly pass."""
    clean = {row.id: result(row.id, Verdict.PASS) for row in ROWS}
    under = {"L-1": result("L-1", Verdict.PASS), "L-2": result("L-2", Verdict.FAIL)}
    assert assess({NO_DEFECT: clean, "deaf": under}, ROWS, {"deaf": ("R-1",)}).holds


def test_a_generated_case_of_which_no_row_notices_is_told_once() -> None:
    clean = {row.id: result(row.id, Verdict.PASS) for row in ROWS}
    found = assess({NO_DEFECT: clean, "deaf": clean}, ROWS, {"deaf": ("R-1",)})
    assert found.toothless == (("L-1", "deaf"),)
    bare = tuple(replace(row, bite=()) for row in ROWS)
    assert assess({NO_DEFECT: clean}, bare, {}).unproven == ("L-EACH",)


def test_a_case_that_was_blocked_on_the_good_device_is_not_clean() -> None:
    blocked = CaseResult("B", Verdict.NONE, Disposition.BLOCKED, "the line is gone")
    found = assess(GOOD | {NO_DEFECT: GOOD[NO_DEFECT] | {"B": blocked}}, CASES, BREAKS)
    assert found.unclean == (blocked,)


def test_a_case_that_only_remarks_needs_no_bite_and_is_rightly_inconclusive() -> None:
    remark = replace(case("C", "R-1"), body=(Step("leave_untried", "dlms", {}),))
    seen = {**GOOD[NO_DEFECT], "C": result("C", Verdict.INCONCLUSIVE)}
    assert assess(GOOD | {NO_DEFECT: seen}, (*CASES, remark), BREAKS).holds
    judging = replace(remark, body=(Step("get", "dlms", {}, (Expectation("true", ("R-1",)),)),))
    found = assess(GOOD | {NO_DEFECT: seen}, (*CASES, judging), BREAKS)
    assert [one.case for one in found.unclean] == list(found.unproven) == ["C"]
    broken = {**seen, "C": result("C", Verdict.ERROR)}
    assert not assess(GOOD | {NO_DEFECT: broken}, (*CASES, remark), BREAKS).holds


def test_a_defect_is_on_the_links_that_it_names() -> None:
    everywhere = defect("deaf", "R-1", "", "dlms-meter")
    framed = defect("fcs-not-checked", "R-1", "", "dlms-meter", "hdlc")
    assert framed.links == ("hdlc",)
    for link, there in (("hdlc", True), ("mode-e", True), ("hdlc-tcp", True), ("wrapper", False)):
        assert everywhere.is_on(LINKS[link].traits)
        assert framed.is_on(LINKS[link].traits) is there
    assert not framed.is_on(())
