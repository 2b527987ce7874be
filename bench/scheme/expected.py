"""Expected failures: a file of known faults of a firmware under development, for ``run --mode ci``.

::

    expected_failures:
      - case: ESME-CLK-004          # an id of the plan, that of a for_each row in full
        reason: the clock is not held over an outage; fixed in 1.2
        owner: firmware team
        review: 2027-01-31          # the last day on which it may fail

An entry excuses a FAIL and nothing else, never beyond its review date and never in a
certification. The format is the project's own. Leaves out the clock: the caller gives the date.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Collection, Sequence
from pathlib import Path

from bench.catalogue.form import Day, Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.expected import ExpectedFailure, ExpectedFailures
from bench.records.verdict import CaseResult, Disposition, Verdict

LIST = "expected_failures"


class _Entry(Form):
    case: Text
    reason: Text
    owner: Text
    review: Day


class _File(Form):
    expected_failures: list[_Entry]


def load_expected(
    path: Path, known: Collection[str], today: datetime.date
) -> tuple[ExpectedFailure, ...]:
    """Read a file of expected failures.

    ``known`` are the ids of the planned cases. Raises :class:`~bench.errors.PlanError` with one
    ``file:line: ...`` for each mistake: no YAML, an unknown or missing key, an id that no plan
    holds, an id that stands there twice, a review date before ``today``.
    """
    file = read_form(path, _File)
    mistakes: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for index, entry in enumerate(file.expected_failures):
        line = line_of(path, (LIST, index, "case"))
        if entry.case not in known:
            mistakes.append((line, f"no case {entry.case!r} in the plan"
                             + _nearest(entry.case, known)))
        if entry.case in first:
            mistakes.append((line, f"{entry.case} stands already in line {first[entry.case]}"))
        first.setdefault(entry.case, line)
        if entry.review < today:
            mistakes.append((line_of(path, (LIST, index, "review")),
                             f"{entry.case}: its review was due on {entry.review}: "
                             f"{entry.owner} must look at it again"))
    if mistakes:
        raise PlanError("\n".join(f"{path}:{line}: {text}" for line, text in sorted(mistakes)))
    return tuple(
        ExpectedFailure(entry.case, entry.reason, entry.owner, entry.review.isoformat())
        for entry in file.expected_failures)


def assess(
    expected: Sequence[ExpectedFailure], results: Sequence[CaseResult]
) -> ExpectedFailures:
    """Say what a run made of the expected failures. INCONCLUSIVE and ERROR are not expected."""
    by_case = {result.case: result for result in results}
    sorted_: dict[str, list[ExpectedFailure]] = {"failed": [], "cured": [], "unseen": []}
    for entry in expected:
        sorted_[_became(by_case.get(entry.case))].append(entry)
    return ExpectedFailures(**{name: tuple(found) for name, found in sorted_.items()})


def unexcused(
    results: Sequence[CaseResult], found: ExpectedFailures
) -> tuple[CaseResult, ...]:
    """Return the results without those that failed as expected."""
    excused = {entry.case for entry in found.failed}
    return tuple(result for result in results if result.case not in excused)


def _became(result: CaseResult | None) -> str:
    if result is not None and result.verdict is Verdict.FAIL:
        return "failed"
    if (result is not None and result.verdict is Verdict.PASS
            and result.disposition is Disposition.SELECTED):
        return "cured"
    return "unseen"


def _nearest(name: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(name, sorted(known), n=3)
    return f"; did you mean {' or '.join(found)}?" if found else ""
