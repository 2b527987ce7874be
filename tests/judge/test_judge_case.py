"""From the events of one case to its verdict (ISO/IEC 9646-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.judge import Answers, judge_case
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Step, TestCase
from bench.records.verdict import SEVERITY, CaseResult, Disposition, Verdict

HIT, MISS = {"result": "success"}, {"result": "refused"}
PASS, INCONCLUSIVE, FAIL = Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL
ERROR, NONE = Verdict.ERROR, Verdict.NONE


def step(expression: str = "result == 'success'", name: str = "") -> Step:
    expect = (Expectation(expression, ("R-CLK-01",)),) if expression else ()
    return Step("send", "gbcs", {}, expect, name)


CASE = TestCase("C", "clock", "a purpose", "esme", ("gbcs",), (Link("R-CLK-01", "00"),),
                (step(name="before"),), (step(), step()), (step(),), ("defect",))


def seen(phase: str, index: int, observation: Mapping[str, object] = HIT) -> Event:
    return Event("observation", "C", 1, "", {"phase": phase, "step": index,
                                             "observation": observation})


def told(kind: str, phase: str = "body", index: int = 0) -> Event:
    return Event(kind, "C", 1, "", {"phase": phase, "step": index, "reason": "because"})


STARTED, ENDED = Event("case-started", "C", 1, ""), Event("case-ended", "C", 1, "")
GOOD = (seen("preamble", 0), seen("body", 0), seen("body", 1), seen("postamble", 0))


def judge(*events: Event, case: TestCase = CASE) -> CaseResult:
    return judge_case(case, (STARTED, *events, ENDED), Answers())


def attempts(*outcomes: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(replace(event, attempt=number) for number, events in enumerate(outcomes, 1)
                 for event in events)


def test_a_case_whose_expectations_all_hold_passes() -> None:
    result = judge(*GOOD)
    assert (result.verdict, result.disposition) == (PASS, Disposition.SELECTED)
    assert result.reason == "all 4 expectations hold"
    assert (len(result.findings), result.attempts) == (4, 1)


def test_an_unmet_precondition_is_inconclusive_with_its_reason() -> None:
    result = judge(seen("preamble", 0, MISS), told("skipped"), told("skipped", "body", 1), GOOD[3])
    assert result.verdict is INCONCLUSIVE
    assert result.reason.startswith(
        "preamble step 1 (send): precondition not reached: expected result == 'success'; "
        'seen result = "refused"'
    )


def test_a_contradiction_fails_and_cites_what_it_contradicts() -> None:
    result = judge(GOOD[0], GOOD[1], seen("body", 1, MISS), GOOD[3])
    assert (result.verdict, result.disposition) == (FAIL, Disposition.SELECTED)
    finding = result.findings[2]
    assert (finding.phase, finding.step, finding.cites) == ("body", 1, ("R-CLK-01",))
    assert finding.seen == {"result": "refused"}
    assert result.reason == ("body step 2 (send): expected result == 'success'; "
                             'seen result = "refused" [R-CLK-01]')


def test_a_device_that_is_not_restored_leaves_the_case_inconclusive() -> None:
    result = judge(*GOOD[:3], seen("postamble", 0, MISS))
    assert result.verdict is INCONCLUSIVE
    assert "postamble step 1 (send): not restored: expected" in result.reason


def test_a_broken_bench_is_an_error_whatever_else_was_seen() -> None:
    for events in ((*GOOD, told("bench-error")), (told("bench-error"), seen("body", 1, MISS))):
        result = judge(*events)
        assert (result.verdict, result.disposition) == (ERROR, Disposition.SELECTED)
        assert result.reason == "the bench or the rig failed: body step 1: because"


def test_a_crash_without_a_step_is_an_error() -> None:
    crash = Event("bench-error", "C", 1, "", {"reason": "the worker died"})
    assert judge(crash).reason.startswith("the bench or the rig failed: the worker died")


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [("not-testable", Disposition.NOT_TESTABLE), ("not-verifiable", Disposition.NOT_VERIFIABLE),
     ("blocked", Disposition.BLOCKED)],
)
def test_what_could_not_be_judged_gets_no_verdict(kind: str, disposition: Disposition) -> None:
    result = judge(GOOD[0], GOOD[1], told(kind, "body", 1), GOOD[3])
    assert (result.verdict, result.disposition) == (NONE, disposition)
    assert result.reason == "body step 2: because"


def test_a_contradiction_stands_though_a_later_step_is_not_testable() -> None:
    result = judge(GOOD[0], seen("body", 0, MISS), told("not-testable", "body", 1))
    assert (result.verdict, result.disposition) == (FAIL, Disposition.SELECTED)


def test_a_rig_that_cannot_restore_the_device_leaves_the_case_inconclusive() -> None:
    result = judge(*GOOD[:3], told("not-testable", "postamble"))
    assert (result.verdict, result.disposition) == (INCONCLUSIVE, Disposition.SELECTED)
    assert "not restored" in result.reason


def test_a_rig_that_could_not_judge_a_case_need_not_restore_it() -> None:
    result = judge(*GOOD[:2], told("not-testable", "body", 1), told("not-testable", "postamble"))
    assert (result.verdict, result.disposition) == (NONE, Disposition.NOT_TESTABLE)
    assert result.reason == "body step 2: because"
    result = judge(*GOOD[:2], told("not-verifiable", "body", 1), told("not-testable", "postamble"))
    assert (result.verdict, result.disposition) == (INCONCLUSIVE, Disposition.SELECTED)


def test_a_case_that_no_event_tells_of_was_not_run() -> None:
    other = replace(ENDED, case="D")
    result = judge_case(CASE, (other,), Answers())
    assert (result.verdict, result.disposition) == (NONE, Disposition.NOT_RUN)
    assert (result.attempts, result.evidence) == (0, ())


def test_a_case_that_never_ended_is_an_error() -> None:
    for events in ((STARTED,), (STARTED, *GOOD)):
        result = judge_case(CASE, events, Answers())
        assert result.verdict is ERROR
        assert result.reason == "worker or bench stopped before the case ended"


@pytest.mark.parametrize("missing", range(4))
def test_a_step_that_was_not_run_keeps_a_case_from_passing(missing: int) -> None:
    result = judge(*GOOD[:missing], *GOOD[missing + 1:])
    assert result.verdict is INCONCLUSIVE
    assert "was not run" in result.reason


def test_a_body_that_judges_nothing_cannot_pass() -> None:
    case = replace(CASE, body=(step(""), step("")))
    result = judge(*GOOD, case=case)
    assert result.verdict is INCONCLUSIVE
    assert "nothing was judged" in result.reason


@pytest.mark.parametrize(
    "stray",
    [seen("body", 2), seen("body", -1), seen("elsewhere", 0), Event("observation", "C", 1, ""),
     replace(seen("body", 0), data={"phase": "body", "step": 0, "observation": 3})],
)
def test_evidence_that_does_not_fit_the_plan_is_an_error(stray: Event) -> None:
    result = judge(*GOOD, stray)
    assert result.verdict is ERROR
    assert "does not fit" in result.reason


def test_a_repeated_observation_is_judged_each_time() -> None:
    assert judge(GOOD[0], seen("body", 0, MISS), *GOOD[1:]).verdict is FAIL


def test_expectations_see_earlier_steps_row_ics_and_ixit() -> None:
    looks = step("steps.before.n + 1 == n && row.n == 1 && ics.n == 2 && ixit.n == 3")
    case = replace(CASE, body=(looks, step()), row={"n": 1})
    events = (seen("preamble", 0, {"result": "success", "n": 6}), seen("body", 0, {"n": 7}),
              *GOOD[2:])
    result = judge_case(case, (*events, ENDED), Answers({"n": 2}, {"n": 3}))
    assert result.verdict is PASS
    assert result.findings[1].seen == {
        "steps.before.n": 6, "n": 7, "row.n": 1, "ics.n": 2, "ixit.n": 3,
    }


CRASHED = (STARTED, told("bench-error"), ENDED)


def test_the_last_attempt_decides_and_all_are_counted() -> None:
    events = attempts(CRASHED, (STARTED, *GOOD[:2]), (STARTED, *GOOD, ENDED))
    stored = [replace(event, sequence=number) for number, event in enumerate(events)]
    result = judge_case(CASE, stored, Answers())
    assert (result.verdict, result.attempts) == (PASS, 3)
    assert result.evidence == tuple(range(6, 12))


@pytest.mark.parametrize("first", [GOOD, (*GOOD[:2], seen("body", 1, MISS), GOOD[3]), GOOD[:3]])
def test_a_device_is_not_tried_until_it_passes(first: tuple[Event, ...]) -> None:
    result = judge_case(CASE, attempts((*first, ENDED), (*GOOD, ENDED)), Answers())
    assert (result.verdict, result.disposition) == (ERROR, Disposition.SELECTED)
    assert "only an attempt that ended in error" in result.reason


def test_a_blocked_case_may_be_tried_again() -> None:
    events = attempts((STARTED, told("blocked"), ENDED), (*GOOD, ENDED))
    assert judge_case(CASE, events, Answers()).verdict is PASS


PHASES = (("preamble", 0), ("body", 0), ("body", 1), ("postamble", 0))
ANY_SEEN = st.builds(
    lambda place, value: seen(*place, value), st.sampled_from(PHASES),
    st.sampled_from([HIT, MISS, {}, {"result": 1}, {"result": [1] * 50}]),
)
ANY_TOLD = st.builds(
    lambda kind, place: told(kind, *place), st.sampled_from(["bench-error", "skipped"]),
    st.sampled_from(PHASES),
)
WITHHELD = st.builds(told, st.sampled_from(["not-testable", "not-verifiable", "blocked"]))


@settings(deadline=None)
@given(st.lists(ANY_TOLD | ANY_SEEN, max_size=4), ANY_TOLD | ANY_SEEN, st.data())
def test_one_more_event_never_makes_a_verdict_better(
    more: list[Event], further: Event, data: st.DataObject
) -> None:
    events = [*GOOD, *more]
    place = data.draw(st.integers(0, len(events)))
    before = judge(*events)
    after = judge(*events[:place], further, *events[place:])
    assert SEVERITY[after.verdict] >= SEVERITY[before.verdict]


@settings(deadline=None)
@given(st.lists(ANY_TOLD | ANY_SEEN | WITHHELD, max_size=6), st.lists(WITHHELD, max_size=2))
def test_what_was_not_judged_never_passes_nor_hides_a_contradiction(
    events: list[Event], withheld: list[Event]
) -> None:
    before, after = judge(*events), judge(*events, *withheld)
    if withheld:
        assert after.verdict is not PASS
    if before.verdict in (FAIL, ERROR):
        assert after.verdict is before.verdict


@settings(deadline=None)
@given(st.lists(ANY_TOLD | ANY_SEEN | WITHHELD, max_size=6))
def test_the_same_events_give_the_same_result_with_a_reason(events: list[Event]) -> None:
    result = judge(*events)
    assert result == judge(*events)
    assert result.reason


def test_a_step_that_cannot_decide_leaves_the_case_inconclusive_with_its_reason() -> None:
    result = judge(GOOD[0], told("inconclusive"), told("skipped", "body", 1), GOOD[3])
    assert (result.verdict, result.disposition) == (INCONCLUSIVE, Disposition.SELECTED)
    assert result.reason == "body step 1: because"


def test_a_step_about_what_is_not_there_makes_the_case_inapplicable_and_no_pass() -> None:
    result = judge(GOOD[0], told("inapplicable"), told("skipped", "body", 1), GOOD[3])
    assert (result.verdict, result.disposition) == (NONE, Disposition.INAPPLICABLE)
    assert result.reason == "body step 1: because"


@pytest.mark.parametrize("kind", ["inconclusive", "inapplicable"])
def test_a_contradiction_stands_though_another_step_could_not_decide(kind: str) -> None:
    result = judge(GOOD[0], seen("body", 0, MISS), told(kind, "body", 1), GOOD[3])
    assert (result.verdict, result.disposition) == (FAIL, Disposition.SELECTED)


@pytest.mark.parametrize("kind", ["inconclusive", "inapplicable"])
def test_a_postamble_that_ends_without_a_judgement_has_not_restored(kind: str) -> None:
    result = judge(*GOOD[:3], told(kind, "postamble"))
    assert (result.verdict, result.disposition) == (INCONCLUSIVE, Disposition.SELECTED)
    assert result.reason.startswith("not restored: postamble step 1: because")


def test_a_case_that_stands_for_others_is_inconclusive_with_the_reason_why_they_are_not() -> None:
    case = replace(CASE, preamble=(), body=(), postamble=())
    result = judge(Event("inconclusive", "C", 1, "", {"reason": "hls: rejected"}), case=case)
    assert (result.verdict, result.reason) == (INCONCLUSIVE, "hls: rejected")
