"""A run's records arranged for a reader: case by case, attempt by attempt, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.records.decision import Outcome
from bench.records.event import Event
from bench.records.plan import TestCase
from bench.records.verdict import CaseResult, Disposition, Verdict


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One planned case: its plan when known, its result, its events by attempt, in order."""

    id: str
    case: TestCase | None
    result: CaseResult
    attempts: tuple[tuple[int, tuple[Event, ...]], ...]

    @property
    def group(self) -> str:
        """The case's group, "" when its plan is not at hand."""
        return self.case.group if self.case else ""

    @property
    def verifies(self) -> tuple[str, ...]:
        """The ids of the requirements that the case verifies."""
        return self.case.requirements if self.case else ()

    @property
    def word(self) -> str:
        """The one word for what became of it: its verdict, or its disposition without one."""
        if self.result.verdict is not Verdict.NONE:
            return self.result.verdict.value
        if self.result.disposition is Disposition.SELECTED:
            return Disposition.NOT_RUN.value
        return self.result.disposition.value

    @property
    def seconds(self) -> float:
        """How long its attempts took together by the bench's clock."""
        return sum(_span(events) for _, events in self.attempts)


def gather(
    outcome: Outcome, cases: Mapping[str, TestCase], events: Sequence[Event]
) -> tuple[ShownCase, ...]:
    """Return every case of the plan or the results once, sorted by group and id."""
    by_case: dict[str, dict[int, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        by_case[event.case][event.attempt].append(event)
    results = {result.case: result for result in outcome.results}
    shown = []
    for id_ in {*cases, *results}:
        result = results.get(id_) or CaseResult(
            id_, Verdict.NONE, Disposition.NOT_RUN, "the run holds no result for it")
        found = by_case.get(id_, {})
        attempts = tuple((number, tuple(found[number])) for number in sorted(found))
        shown.append(ShownCase(id_, cases.get(id_), result, attempts))
    return tuple(sorted(shown, key=lambda item: (item.group, item.id)))


def _span(events: Sequence[Event]) -> float:
    if len(events) < 2:
        return 0.0
    try:
        first, last = (datetime.fromisoformat(event.time) for event in (events[0], events[-1]))
        return max(0.0, (last - first).total_seconds())
    except (ValueError, TypeError):
        return 0.0
