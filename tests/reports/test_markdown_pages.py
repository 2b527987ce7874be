"""Markdown for job pages: what it tells, that foreign text stays text, and that it stays short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bench.records.comparison import Answer, CaseChange, Change, Comparison, Obstacle
from bench.records.decision import Decision, Status
from bench.records.expected import ExpectedFailure, ExpectedFailures
from bench.records.verdict import Disposition, Finding, Verdict
from reports.changes import changes_markdown
from reports.evidence import ShownCase, gather
from reports.junit import junit_xml
from reports.markdown import MOST_CHARACTERS, code, document
from reports.summary import summary_markdown

HOSTILE = ("<img src=x onerror=alert(1)> [a](http://x) **b** | `c` ``d`` www.example.org @me #1 "
           "$x$ :smile:\n# not a heading\n- nor an item\n```\nnor a block \u202e\x00")
OWN = {"heading", "paragraph", "inline", "text", "code_inline", "bullet", "list", "strong",
       "softbreak", "table", "thead", "tbody", "tr", "th", "td"}


def tokens(text: str) -> list[Token]:
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [*found, *(child for one in found for child in one.children or ())]


def kinds(text: str) -> set[str]:
    return {part for one in tokens(text)
            for part in [one.type.removesuffix("_open").removesuffix("_close")]}


def spans(text: str) -> list[str]:
    return [one.content for one in tokens(text) if one.type == "code_inline"]


def plain(text: str) -> str:
    return " ".join(one.content for one in tokens(text) if one.type == "text")


@pytest.mark.parametrize("text", [
    HOSTILE, "`", "``", "`a", "a`", "` `", "a``b`c", "\\", "a\\`b", "<b>", "&amp;", "*a*", "x" * 9,
])
def test_a_foreign_text_is_one_code_span(text: str) -> None:
    shown = code(text)
    assert "\n" not in shown
    found = tokens(f"- x {shown} y")
    assert [one.type for one in found if one.type in ("code_inline", "html_inline", "link_open",
                                                      "em_open", "strong_open")] == ["code_inline"]
    assert plain(f"- x {shown} y").split() == ["x", "y"]
    if text.isprintable():
        assert spans(f"- x {shown} y") == [text.strip()]


def test_an_empty_text_is_told() -> None:
    assert code("") == code(" \n") == "(empty)"


def page(made: Any, expected: ExpectedFailures | None = None, **more: Any) -> str:
    shown = gather(made.outcome, made.cases, made.events)
    return summary_markdown(made.outcome, shown, expected or ExpectedFailures(), **more)


def test_a_certification_begins_with_its_decision(sample: Callable[..., Any]) -> None:
    made = sample(60)
    text = page(made)
    assert text.startswith("# ")
    status = made.outcome.decision.status
    words = {Status.COMPLIANT: "SMIP Compliant", Status.PARTIAL: "Partial", Status.NONE: "Not SMIP"}
    assert words[status] in text.splitlines()[0]
    for verdict in ("pass", "fail", "inconclusive", "error"):
        count = sum(result.verdict == verdict for result in made.outcome.results)
        assert f"| {verdict} | {count} |" in text
    assert f"| all | {len(made.cases)} |" in text


def test_a_failed_case_tells_requirement_expected_and_seen(sample: Callable[..., Any]) -> None:
    made = sample(60)
    failed = next(one for one in made.outcome.results if one.verdict is Verdict.FAIL)
    finding = Finding("body", 1, "clock_error_s <= 10", Verdict.FAIL, "no", ("SMETS2/5.5.1",),
                      {"clock_error_s": 14})
    results = tuple(replace(one, findings=(finding,)) if one is failed else one
                    for one in made.outcome.results)
    text = page(made.with_outcome(results=results))
    at = text.index(f"- **FAIL** `{failed.case}`")
    shown = text[at:at + 600]
    assert "  - requirements: `SMETS2/5.5.1`\n" in shown
    assert "  - expected in body, step 2: `clock_error_s <= 10`\n" in shown
    assert "  - seen: `clock_error_s = 14`\n" in shown


def test_expected_failures_stand_apart(sample: Callable[..., Any]) -> None:
    made = sample(60).with_outcome(mode="ci")
    by_verdict = {one.verdict: one.case for one in made.outcome.results}
    failed, passed = by_verdict[Verdict.FAIL], by_verdict[Verdict.PASS]
    entries = [ExpectedFailure(name, "known", "me", "2099-01-01") for name in (failed, passed)]
    text = page(made, ExpectedFailures((entries[0],), (entries[1],)))
    assert f"**FAIL** `{failed}`" not in text
    assert f"- `{failed}`: `known`, owner `me`, review by `2099-01-01`" in text
    assert "## Expected failures that no longer happen (1)" in text
    assert "| expected failure | 1 |" in text
    assert "not good" in text.splitlines()[0]


def test_the_headline_of_a_ci_run_says_how_it_stands(sample: Callable[..., Any]) -> None:
    made = sample(60)
    good = tuple(one for one in made.outcome.results if one.verdict is Verdict.PASS)
    cases = {one.case: made.cases[one.case] for one in good}
    made = replace(made.with_outcome(mode="ci", results=good), cases=cases)
    assert page(made).startswith("# Nothing failed\n")
    assert page(made, complete=False).startswith("# Nothing failed: the run ended early\n")
    entry = ExpectedFailure("A", "known", "me", "2099-01-01")
    assert page(made, ExpectedFailures(failed=(entry,))).startswith(
        "# Good; failed as expected: 1\n")
    assert page(made, ExpectedFailures(cured=(entry,))).startswith(
        "# Expected failures that no longer happen: 1\n")


def test_hostile_text_stays_text_in_a_summary(sample: Callable[..., Any]) -> None:
    made = sample(40)
    outcome = made.outcome
    subject = replace(outcome.subject, manufacturer=HOSTILE, model=HOSTILE)
    results = tuple(replace(
        one, reason=HOSTILE, findings=(Finding(
            "body", 0, HOSTILE, one.verdict, HOSTILE, (HOSTILE,), {HOSTILE: HOSTILE}),))
        for one in outcome.results)
    made = made.with_outcome(subject=subject, results=results, baseline=HOSTILE,
                             decision=Decision(Status.NONE, HOSTILE, (HOSTILE,)))
    text = page(made)
    assert kinds(text) <= {*OWN, "bullet_list", "list_item"}
    assert "onerror" not in plain(text)
    assert "\u202e" not in text
    assert "\x00" not in text


def test_hostile_text_stays_text_in_a_comparison(sample: Callable[..., Any]) -> None:
    subject = replace(sample(3).outcome.subject, model=HOSTILE)
    change = CaseChange(HOSTILE, Change.REGRESSION, (HOSTILE,), "pass", "fail", HOSTILE, HOSTILE)
    text = changes_markdown(Comparison(
        Answer.REGRESSION, subject, subject, "0", "1", (Obstacle("plan", HOSTILE, "", ""),),
        (HOSTILE,), 1, 0, 0, (change,), (), {HOSTILE: (HOSTILE,)}))
    assert kinds(text) <= {*OWN, "bullet_list", "list_item"}
    assert "onerror" not in plain(text)


def test_a_page_is_of_bounded_length(sample: Callable[..., Any]) -> None:
    made = sample(400)
    long = "x" * 5000
    results = tuple(replace(
        one, verdict=Verdict.FAIL, disposition=Disposition.SELECTED, reason=long,
        findings=tuple(Finding("body", step, long, Verdict.FAIL, long, (long,),
                               {f"{long}{n}": long for n in range(9)}) for step in range(9)))
        for one in made.outcome.results)
    text = page(made.with_outcome(results=results))
    assert len(text) <= MOST_CHARACTERS + 200
    assert "left out of this page" in text
    assert document(["a", "b"]) == "a\nb\n"


def test_long_lists_are_counted(sample: Callable[..., Any]) -> None:
    made = sample(400).with_outcome(mode="ci")
    results = tuple(replace(one, verdict=Verdict.FAIL, disposition=Disposition.SELECTED)
                    for one in made.outcome.results)
    text = page(made.with_outcome(results=results))
    assert text.count("- **FAIL**") == 50
    assert "- and 350 more" in text


def test_an_expected_failure_is_skipped_in_junit(sample: Callable[..., Any]) -> None:
    made = sample(60)
    shown: tuple[ShownCase, ...] = gather(made.outcome, made.cases, made.events)
    failed = [item.id for item in shown if item.word == "fail"]
    before = junit_xml(made.outcome, shown)
    after = junit_xml(made.outcome, shown, {failed[0]: "expected failure: known"})
    assert f'failures="{len(failed)}"' in before
    assert f'failures="{len(failed) - 1}"' in after
    assert '<skipped message="expected failure: known" type="fail" />' in after
