"""Expected failures: the file, its mistakes, and what a run makes of them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from bench.errors import PlanError
from bench.records.expected import ExpectedFailure
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.scheme.expected import assess, load_expected, unexcused

TODAY = datetime.date(2026, 6, 1)
KNOWN = frozenset({"ESME-A-001", "ESME-A-002"})
GOOD = """\
expected_failures:
  - case: ESME-A-001
    reason: not yet
    owner: someone
    review: 2026-06-01
  - {case: ESME-A-002, reason: nor this, owner: another, review: 2026-12-31}
"""


def load(tmp_path: Path, text: str, today: datetime.date = TODAY) -> tuple[ExpectedFailure, ...]:
    path = tmp_path / "expected.yaml"
    path.write_text(text, encoding="utf-8")
    return load_expected(path, KNOWN, today)


def test_a_good_file_is_read_in_its_order(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == (
        ExpectedFailure("ESME-A-001", "not yet", "someone", "2026-06-01"),
        ExpectedFailure("ESME-A-002", "nor this", "another", "2026-12-31"))
    assert load(tmp_path, "expected_failures: []") == ()


def test_the_review_date_is_the_last_day(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as wrong:
        load(tmp_path, GOOD, datetime.date(2026, 6, 2))
    assert str(wrong.value) == (f"{tmp_path}/expected.yaml:5: ESME-A-001: its review was due on "
                                "2026-06-01: someone must look at it again")


@pytest.mark.parametrize(("old", "new", "line", "text"), [
    ("case: ESME-A-001", "case: ESME-A-01", 2, "no case 'ESME-A-01' in the plan; did you mean"),
    ("{case: ESME-A-002", "{case: ESME-A-001", 6, "ESME-A-001 stands already in line 2"),
    ("    owner: someone\n", "", 2, "expected_failures.0.owner: missing key"),
    ("owner: someone", "owner: ' '", 4, "expected_failures.0.owner: expected a text"),
    ("owner: someone", "owner: someone\n    until: 5", 5, "expected_failures.0.until: unknown key"),
    ("review: 2026-06-01", "review: soon", 5, "expected_failures.0.review: Input should be"),
    ("expected_failures:", "failures:", 1, "expected_failures: missing key"),
    ("review: 2026-06-01", "review: 20260601", 5, "expected a date such as 2027-01-31"),
    (GOOD, "expected_failures: 5", 1, "expected_failures: expected a list"),
    (GOOD, "", 1, "the file: expected a mapping"),
    (GOOD, "a: b: c", 1, "not valid YAML"),
])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, text: str
) -> None:
    assert old in GOOD
    with pytest.raises(PlanError) as wrong:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert any(found.startswith(f"{tmp_path}/expected.yaml:{line}: ") and text in found
               for found in str(wrong.value).splitlines()), wrong.value


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as wrong:
        load(tmp_path, GOOD.replace("A-00", "B-00"), datetime.date(2027, 1, 1))
    assert len(str(wrong.value).splitlines()) == 4


def result(case: str, verdict: Verdict, disposition: Disposition = Disposition.SELECTED
           ) -> CaseResult:
    return CaseResult(case, verdict, disposition, "")


@pytest.mark.parametrize(("verdict", "became", "excused"), [
    (Verdict.FAIL, "failed", True),
    (Verdict.PASS, "cured", False),
    (Verdict.INCONCLUSIVE, "unseen", False),
    (Verdict.ERROR, "unseen", False),
    (Verdict.NONE, "unseen", False),
])
def test_only_a_fail_is_excused(verdict: Verdict, became: str, excused: bool) -> None:
    entry = ExpectedFailure("A", "r", "o", "2026-12-31")
    results = (result("A", verdict), result("B", Verdict.FAIL))
    found = assess([entry], results)
    assert getattr(found, became) == (entry,)
    assert sum(map(len, (found.failed, found.cured, found.unseen))) == 1
    kept = {one.case for one in unexcused(results, found)}
    assert kept == ({"B"} if excused else {"A", "B"})


def test_a_case_that_was_not_run_says_nothing() -> None:
    entry = ExpectedFailure("A", "r", "o", "2026-12-31")
    assert assess([entry], ()).unseen == (entry,)
    skipped = result("A", Verdict.PASS, Disposition.NOT_TESTABLE)
    assert assess([entry], [skipped]).unseen == (entry,)
