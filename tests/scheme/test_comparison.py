"""Two runs beside one another: each category, each obstacle, each answer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LedgerError
from bench.records.comparison import Answer, Change, ComparedCase, ComparedRun, Comparison
from bench.records.plan import Expectation, Step, TestCase
from bench.records.serial import from_json, to_json
from bench.records.subject import Subject
from bench.records.verdict import Disposition, Verdict
from bench.scheme.compared import ics_items, of_report
from bench.scheme.comparison import compare

SUBJECT = Subject("ESME", "Maker", "1001", "Model", "1", "00000001", "A" * 64, "A")
PASS, FAIL, INCONCLUSIVE, ERROR, NONE = (
    Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NONE)
SELECTED, NOT_RUN = Disposition.SELECTED, Disposition.NOT_RUN


def case(
    id_: str, verdict: Verdict = PASS, disposition: Disposition = SELECTED, *,
    verifies: tuple[str, ...] = ("R-1",), cites: tuple[str, ...] | None = None, **more: object,
) -> ComparedCase:
    contradicts = (verifies if cites is None else cites) if verdict is FAIL else ()
    return replace(ComparedCase(id_, "G", "purpose", verifies, verdict, disposition, "because",
                                f"F-{id_}", (), contradicts), **more)


def run(*cases: ComparedCase, **more: object) -> ComparedRun:
    return replace(ComparedRun(SUBJECT, "ci", False, "", "", True, cases, {"boost": False}, {}, {}),
                   **more)


def changes(found: Comparison) -> dict[str, Change]:
    return {one.id: one.change for one in found.cases}


def lines(found: Comparison) -> dict[str, Change]:
    return {one.id: one.change for one in found.requirements}


@pytest.mark.parametrize(("old", "new", "change", "answer"), [
    (PASS, PASS, None, Answer.SAME_OR_BETTER),
    (PASS, FAIL, Change.REGRESSION, Answer.REGRESSION),
    (PASS, INCONCLUSIVE, Change.REGRESSION, Answer.REGRESSION),
    (INCONCLUSIVE, FAIL, Change.REGRESSION, Answer.REGRESSION),
    (FAIL, PASS, Change.CURE, Answer.SAME_OR_BETTER),
    (INCONCLUSIVE, PASS, Change.CURE, Answer.SAME_OR_BETTER),
    (FAIL, FAIL, Change.STILL_BAD, Answer.SAME_OR_BETTER),
    (FAIL, INCONCLUSIVE, Change.STILL_BAD, Answer.SAME_OR_BETTER),
    (PASS, ERROR, Change.INCOMPLETE, Answer.INCOMPLETE),
    (ERROR, PASS, Change.INCOMPLETE, Answer.INCOMPLETE),
    (ERROR, ERROR, Change.INCOMPLETE, Answer.INCOMPLETE),
    (PASS, NONE, Change.INCOMPLETE, Answer.INCOMPLETE),
])
def test_two_verdicts_make_a_change_and_an_answer(
    old: Verdict, new: Verdict, change: Change | None, answer: Answer
) -> None:
    found = compare(run(case("A", old)), run(case("A", new)))
    assert changes(found).get("A") is change
    assert lines(found).get("R-1") is change
    assert found.answer is answer


@pytest.mark.parametrize(("old", "new", "change", "answer"), [
    (SELECTED, Disposition.NOT_TESTABLE, Change.GONE, Answer.INCOMPLETE),
    (SELECTED, Disposition.INAPPLICABLE, Change.GONE, Answer.INCOMPLETE),
    (SELECTED, Disposition.BLOCKED, Change.INCOMPLETE, Answer.INCOMPLETE),
    (SELECTED, NOT_RUN, Change.INCOMPLETE, Answer.INCOMPLETE),
    (Disposition.NOT_TESTABLE, SELECTED, Change.NEW, Answer.SAME_OR_BETTER),
    (NOT_RUN, SELECTED, Change.INCOMPLETE, Answer.INCOMPLETE),
    (Disposition.NOT_VERIFIABLE, Disposition.NOT_VERIFIABLE, None, Answer.SAME_OR_BETTER),
    (NOT_RUN, NOT_RUN, Change.INCOMPLETE, Answer.INCOMPLETE),
])
def test_what_became_of_a_case_that_has_no_verdict(
    old: Disposition, new: Disposition, change: Change | None, answer: Answer
) -> None:
    def of(disposition: Disposition) -> ComparedCase:
        return case("A", PASS if disposition is SELECTED else NONE, disposition)

    found = compare(run(of(old), case("B", verifies=("R-2",))),
                    run(of(new), case("B", verifies=("R-2",))))
    assert changes(found).get("A") is change
    assert lines(found).get("R-1") is change
    assert found.answer is answer


def test_a_new_verdict_that_is_bad_is_not_the_same_or_better() -> None:
    found = compare(run(case("A", NONE, Disposition.NOT_TESTABLE), case("B")),
                    run(case("A", FAIL), case("B")))
    assert (changes(found)["A"], found.answer) == (Change.NEW, Answer.INCOMPLETE)


def test_what_both_left_out_by_choice_does_not_matter_and_in_one_it_does() -> None:
    left = case("A", NONE, NOT_RUN, left_out=True)
    found = compare(run(left, case("B")), run(left, case("B")))
    assert (found.answer, found.left_out, found.compared) == (Answer.SAME_OR_BETTER, 1, 1)
    for old, new in ((left, case("A")), (case("A"), left)):
        found = compare(run(old, case("B")), run(new, case("B")))
        assert (found.answer, changes(found)) == (Answer.INCOMPLETE, {"A": Change.INCOMPLETE})


def test_nothing_compared_is_not_the_same() -> None:
    left = case("A", NONE, NOT_RUN, left_out=True)
    assert compare(run(left), run(left)).answer is Answer.INCOMPLETE
    assert compare(run(), run()).answer is Answer.INCOMPLETE


def test_a_run_that_ended_early_is_incomplete() -> None:
    found = compare(run(case("A")), run(case("A"), complete=False))
    assert found.answer is Answer.INCOMPLETE
    assert "the new run ended early" in found.notes


def test_a_regression_comes_before_what_is_incomplete() -> None:
    found = compare(run(case("A"), case("B")), run(case("A", FAIL), case("B", ERROR)))
    assert found.answer is Answer.REGRESSION
    assert lines(found) == {"R-1": Change.REGRESSION}


def test_a_fail_is_held_against_what_it_cites() -> None:
    verifies = ("R-1", "R-2")
    found = compare(run(case("A", FAIL, verifies=verifies, cites=("R-1",))),
                    run(case("A", FAIL, verifies=verifies, cites=("R-2", "R-3"))))
    assert changes(found) == {"A": Change.STILL_BAD}
    assert lines(found) == {"R-1": Change.STILL_BAD, "R-2": Change.REGRESSION,
                            "R-3": Change.REGRESSION}
    assert found.answer is Answer.REGRESSION


def test_a_requirement_stands_by_the_worst_of_its_cases() -> None:
    found = compare(run(case("A", FAIL), case("B")), run(case("A"), case("B", FAIL)))
    assert changes(found) == {"A": Change.CURE, "B": Change.REGRESSION}
    assert [(line.change, line.cases) for line in found.requirements] == [
        (Change.STILL_BAD, ("A", "B"))]
    assert found.answer is Answer.REGRESSION  # of the case


def test_a_changed_plan_is_listed_and_not_compared() -> None:
    old = run(case("A"), case("B"), case("C", FAIL))
    new = run(case("A", FAIL, fingerprint="other"), case("B"), case("D", FAIL))
    found = compare(old, new)
    assert found.answer is Answer.NOT_COMPARABLE
    assert [(one.kind, one.item, one.old, one.new) for one in found.obstacles] == [
        ("plan", "A", "F-A", "other"),
        ("plan", "C", "planned", "not planned"),
        ("plan", "D", "not planned", "planned"),
    ]
    assert not found.cases
    assert not found.requirements


def test_anyway_compares_what_is_the_same() -> None:
    old = run(case("A"), case("A1"), case("B", FAIL), case("C", verifies=("R-3",)))
    new = run(case("A", FAIL, fingerprint="other"), case("B"),
              case("D", FAIL, verifies=("R-4",)))
    found = compare(old, new, anyway=True)
    assert found.answer is Answer.SAME_OR_BETTER
    assert list(changes(found).items()) == [
        ("A1", Change.GONE), ("B", Change.CURE), ("C", Change.GONE), ("D", Change.NEW)]
    assert lines(found) == {"R-1": Change.CURE, "R-3": Change.GONE, "R-4": Change.NEW}
    assert (found.compared, len(found.obstacles)) == (1, 4)


def test_another_ics_leaves_out_the_cases_that_look_at_it() -> None:
    cases = (case("A", ics=("boost",)), case("B", ics=("*",)), case("C", ics=("polyphase",)))
    old, new = run(*cases), run(*cases, ics={"boost": True, "polyphase": False})
    found = compare(old, new)
    assert found.answer is Answer.NOT_COMPARABLE
    assert [(one.kind, one.item, one.old, one.new) for one in found.obstacles] == [
        ("ics", "boost", "False", "True"), ("ics", "polyphase", "not declared", "False")]
    only_boost = replace(new, ics={"boost": True})
    assert compare(old, only_boost, anyway=True).compared == 1


@pytest.mark.parametrize("name", ["device_type", "manufacturer_id", "model", "variant"])
def test_another_device_is_not_comparable(name: str) -> None:
    other = replace(SUBJECT, **{name: "X"})
    found = compare(run(case("A")), run(case("A"), subject=other))
    assert [(one.kind, one.item) for one in found.obstacles] == [("subject", name)]
    assert found.answer is Answer.NOT_COMPARABLE
    assert compare(run(case("A")), run(case("A"), subject=other),
                   anyway=True).answer is Answer.SAME_OR_BETTER


def test_other_firmware_is_what_is_compared_and_the_same_one_is_told() -> None:
    newer = replace(SUBJECT, firmware_version="00000002", image_hash="B" * 64)
    assert compare(run(case("A")), run(case("A"), subject=newer)).notes == ()
    assert compare(run(case("A")), run(case("A"))).notes == (
        "both runs are of the same firmware",)


def test_other_means_are_told() -> None:
    newer = replace(SUBJECT, firmware_version="00000002", hardware_version="2")
    found = compare(run(case("A"), tools=(("smip-bench", "1"),)),
                    run(case("A"), subject=newer, mode="certify", baseline="B", rig={"rig": "x"},
                        ixit={"quiet_s": 1}, tools=(("smip-bench", "2"), ("pytest", "8"))))
    assert found.answer is Answer.SAME_OR_BETTER
    assert found.notes == (
        "subject.hardware_version: 1 -> 2", "baseline: none -> B", "mode: ci -> certify",
        "ixit differs: quiet_s", "rig differs: rig", "tool pytest: none -> 8",
        "tool smip-bench: 1 -> 2")


def test_suspect_cases_are_listed() -> None:
    found = compare(run(case("A")), run(case("A", suspect=("R-1",))))
    assert found.suspect == {"A": ("R-1",)}
    assert found.answer is Answer.SAME_OR_BETTER


def test_the_order_of_the_runs_does_not_matter_to_the_lists() -> None:
    old = [case("B", FAIL, verifies=("R-2",)), case("A"), case("C", FAIL)]
    new = [case("C"), case("A", FAIL), case("B", verifies=("R-2",))]
    found = compare(run(*old), run(*new))
    assert found == compare(run(*old[::-1]), run(*new[::-1]))
    assert [one.id for one in found.cases] == ["A", "B", "C"]
    assert from_json(Comparison, json.loads(json.dumps(to_json(found)))).cases == found.cases


def test_the_ics_items_of_a_case_are_found() -> None:
    step = Step("send", "gbcs", {"value": "${ics.limit}"},
                (Expectation("metrics == 1 && ics.boost", ("R-1",)),))
    made = TestCase("A", "G", "about ics.purpose", "esme", (), (), (), (step,), (), (),
                    applies="ics.polyphase")
    assert ics_items(made) == ("boost", "limit", "polyphase")
    assert ics_items(replace(made, applies="ics['polyphase']")) == ("*", "boost", "limit")


REPORT = {
    "format": "smip-bench-report/1", "subject": to_json(SUBJECT), "mode": "certify",
    "demonstration": False, "baseline": "B", "ledger_hash": "0", "tools": [],
    "requirements": [{"id": "R-1", "status": "suspect"}],
    "cases": [
        {"id": "A", "group": "G", "purpose": "purpose", "verifies": ["R-1"], "verdict": "pass",
         "disposition": "selected", "reason": ""},
        {"id": "L", "group": "G", "purpose": "purpose", "verifies": ["R-1"], "verdict": "none",
         "disposition": "not run", "reason": "left out on the command line"}],
}


def test_a_report_is_compared_only_anyway() -> None:
    report = of_report(REPORT)
    found = compare(report, report)
    assert found.answer is Answer.NOT_COMPARABLE
    assert [one.kind for one in found.obstacles] == ["unknown"]
    found = compare(report, report, anyway=True)
    assert (found.answer, found.compared, found.left_out) == (Answer.SAME_OR_BETTER, 1, 1)
    assert set(found.suspect) == {"A", "L"}
    lost = of_report(json.loads(json.dumps(REPORT).replace("left out on the", "never on any")))
    found = compare(lost, lost, anyway=True)
    assert (found.answer, changes(found)) == (Answer.INCOMPLETE, {"L": Change.INCOMPLETE})


def test_a_report_and_a_ledger_are_compared_by_what_both_hold() -> None:
    left = case("L", NONE, NOT_RUN, left_out=True)
    found = compare(of_report(REPORT), run(case("A", FAIL, cites=()), left), anyway=True)
    assert changes(found) == {"A": Change.REGRESSION}
    assert lines(found) == {"R-1": Change.REGRESSION}  # which it cites is not known of both
    other = compare(of_report(REPORT), run(case("A", FAIL, purpose="other"), left), anyway=True)
    assert not changes(other)


@pytest.mark.parametrize("spoilt", [
    None, [], {}, {**REPORT, "format": "other/1"}, {**REPORT, "cases": 5},
    {**REPORT, "cases": [{"id": "A"}]}, {**REPORT, "subject": {}},
    {**REPORT, "subject": {**to_json(SUBJECT), "image_hash": 5}},
    {**REPORT, "cases": REPORT["cases"] * 2}, {**REPORT, "requirements": [1]},
])
def test_what_is_no_report_is_refused(spoilt: object) -> None:
    with pytest.raises(LedgerError):
        of_report(spoilt)


def test_any_change_of_a_report_compares_or_is_refused() -> None:
    values = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers()),
                       st.dictionaries(st.text(max_size=3), st.integers()))
    places = [(key,) for key in REPORT]
    places += [(key, index, name) for key in ("cases", "requirements") for index in (0,)
               for name in REPORT[key][index]]
    places += [("subject", name) for name in REPORT["subject"]]

    @given(st.sampled_from(places), values)
    def changed(place: tuple, value: object) -> None:
        document = json.loads(json.dumps(REPORT))
        node = document
        for part in place[:-1]:
            node = node[part]
        node[place[-1]] = value
        try:
            report = of_report(document)
        except LedgerError:
            return
        assert compare(report, report, anyway=True).answer in Answer

    changed()


def test_the_two_directions_agree() -> None:
    verdicts = st.tuples(st.sampled_from(list(Verdict)), st.sampled_from(list(Disposition)))
    runs = st.lists(st.tuples(verdicts, verdicts, st.sampled_from(["R-1", "R-2"])), min_size=1)

    @given(runs)
    def swapped(cases: list) -> None:
        old, new = (run(*(case(f"C{n}", *one[side], verifies=(one[2],))
                          for n, one in enumerate(cases))) for side in (0, 1))
        there, back = changes(compare(old, new)), changes(compare(new, old))
        turned = {Change.CURE: {Change.REGRESSION}, Change.NEW: {Change.GONE},
                  Change.GONE: {Change.NEW}, Change.INCOMPLETE: {Change.INCOMPLETE},
                  Change.REGRESSION: {Change.CURE, Change.STILL_BAD},
                  Change.STILL_BAD: {Change.STILL_BAD, Change.REGRESSION}}
        assert there.keys() == back.keys()
        assert all(back[name] in turned[change] for name, change in there.items())
        same = compare(old, old)
        assert set(changes(same).values()) <= {Change.STILL_BAD, Change.INCOMPLETE}
        assert same.answer is not Answer.REGRESSION

    swapped()
