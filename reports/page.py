"""``report.html``: one file that needs no network, no server and, up to a size, no script.

Every case is in the page. The details of :data:`STATIC_CASES` cases, the worst first, are plain
HTML; those of the rest are held as text beside their summary line and become part of the page
when the line is opened, so that a report of 10,000 cases stays quick.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from urllib.parse import quote

from jinja2 import Template
from markupsafe import Markup

from bench.records.decision import Outcome, RequirementStanding, Standing, Status
from bench.records.requirement import Requirement
from bench.records.verdict import Disposition, Verdict
from reports.casebook import Attempt, attempts_of
from reports.evidence import ShownCase
from reports.furniture import asset, environment, policy
from reports.policy import Section, sections
from reports.text import instant, visible

STATIC_CASES = 1000
MOST_LINKS = 12  # case links in one row of the matrix
MOST_REASONS = 12  # before the rest is folded


HEADLINE: Mapping[Status, str] = {
    Status.COMPLIANT: "SMIP Compliant",
    Status.PARTIAL: "Partial: not SMIP Compliant",
    Status.NONE: "Not SMIP Compliant",
}
CERTIFY = "certify"
TONES: Mapping[str, tuple[str, str]] = {
    Status.COMPLIANT: ("good", "✓"), Verdict.PASS: ("good", "✓"), Standing.PASSED: ("good", "✓"),
    # Status.NONE and Verdict.NONE are one word; no case is ever shown by the latter.
    Status.NONE: ("bad", "✗"), Verdict.FAIL: ("bad", "✗"), Standing.FAILED: ("bad", "✗"),
    Verdict.ERROR: ("broken", "!"), Disposition.BLOCKED: ("broken", "!"),
    Status.PARTIAL: ("open", "◐"), Standing.PROVISIONAL: ("open", "◐"),
    Verdict.INCONCLUSIVE: ("open", "?"), Standing.SUSPECT: ("open", "?"),
    Standing.UNPROVEN: ("open", "?"), Standing.SHORT: ("open", "?"),
    Standing.CONTRADICTED: ("bad", "≠"), Standing.TOLERATED: ("open", "~"),
    Standing.IMPORTED: ("good", "⇥"), Standing.ATTESTED: ("good", "✎"),
    Standing.EXEMPTED: ("good", "⊘"), Standing.CARRIED_OVER: ("good", "↪"),
}
"""The colour of a word and the sign beside it, so that nothing is told by colour alone."""
QUIET = ("quiet", "·")

_ORDER = {str(word): rank for rank, word in enumerate((
    Verdict.FAIL, Standing.CONTRADICTED, Standing.FAILED, Standing.TOLERATED, Verdict.ERROR,
    Verdict.INCONCLUSIVE, Disposition.BLOCKED, Disposition.NOT_RUN, Standing.NOT_TESTED,
    Standing.SHORT, Standing.SUSPECT, Standing.UNPROVEN, Disposition.NOT_VERIFIABLE,
    Disposition.NOT_TESTABLE, Standing.PROVISIONAL, Standing.ATTESTED, Standing.EXEMPTED,
    Standing.CARRIED_OVER, Standing.IMPORTED, Verdict.PASS, Standing.PASSED,
    Disposition.INAPPLICABLE,
))}
_BAD: Mapping[str, str] = {Verdict.FAIL: "failed", Verdict.ERROR: "with errors"}
_UNCLEAR: Mapping[str, str] = {word: str(word) for word in (
    Verdict.INCONCLUSIVE, Disposition.BLOCKED, Disposition.NOT_RUN)}
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement of the matrix; ``links`` are (case id, reference), ``more`` counts the
    cases that are not linked."""

    line: RequirementStanding
    known: Requirement | None
    links: tuple[tuple[str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One case; ``static`` says that its details are plain HTML."""

    shown: ShownCase
    anchor: str
    static: bool
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of cases and how often each word occurs in it."""

    name: str
    words: list[tuple[str, int]]
    entries: Iterator[Entry]


def page_html(
    outcome: Outcome, requirements: Mapping[str, Requirement], shown: Sequence[ShownCase]
) -> str:
    """Return the whole page."""
    static = _static(shown)
    anchors = {item.id: f"case-{_SPACE.sub('_', item.id)}" for item in shown}
    rows = [_row(line, requirements.get(line.id), anchors)
            for line in sorted(outcome.requirements, key=lambda line: clause_order(line.id))]
    style, script = asset("report.css"), asset("report.js")
    headline, tone = _headline(outcome, shown)
    text = _template().render(
        outcome=outcome, subject=outcome.subject, decision=outcome.decision,
        headline=headline, tone=tone, rows=rows, certifying=outcome.mode == CERTIFY,
        groups=_groups(shown, anchors, static),
        words=_counted(item.word for item in shown),
        standings=_counted(row.line.standing.value for row in rows),
        domains=sorted({row.known.domain for row in rows if row.known}),
        sections=_sections(outcome, shown),
        total=len(shown), deferred=len(shown) - len(static), most_reasons=MOST_REASONS,
        style=Markup(style), script=Markup(script),  # noqa: S704  our own files
        policy=policy(style, script),
    )
    return visible(text)


def _headline(outcome: Outcome, shown: Sequence[ShownCase]) -> tuple[str, str]:
    """Return what stands at the top, and its tone; a run that certifies nothing tells what failed
    and what has no verdict, and is never green."""
    if outcome.mode == CERTIFY:
        status = outcome.decision.status
        return HEADLINE[status], TONES[status][0]
    words = Counter(item.word for item in shown)
    bad, unclear = ([f"{words[word]} {text}" for word, text in told.items() if words[word]]
                    for told in (_BAD, _UNCLEAR))
    first = bad or ["Nothing failed" if words[Verdict.PASS] else "Nothing passed"]
    return ", ".join(first + unclear), "bad" if bad else "open"


def _sections(outcome: Outcome, shown: Sequence[ShownCase]) -> tuple[Section, ...]:
    """Return what a certification must always say, and any other run where it has something."""
    found = sections(shown, outcome.requirements)
    needed = outcome.mode == CERTIFY or any(section.cases for section in found)
    return found if needed else ()


def ranked(shown: Sequence[ShownCase]) -> list[ShownCase]:
    """Return cases, the worst first."""
    return sorted(shown, key=lambda item: (_ORDER.get(item.word, 0), item.group, item.id))


def _static(shown: Sequence[ShownCase]) -> frozenset[str]:
    return frozenset(item.id for item in ranked(shown)[:STATIC_CASES])


def _groups(
    shown: Sequence[ShownCase], anchors: Mapping[str, str], static: frozenset[str]
) -> Iterator[Group]:
    for name, found in groupby(shown, key=lambda item: item.group):
        members = list(found)
        entries = (Entry(item, anchors[item.id], item.id in static,
                         attempts_of(item, brief=item.id not in static))
                   for item in members)
        yield Group(name, _counted(item.word for item in members), entries)


def _counted(words: Iterable[str]) -> list[tuple[str, int]]:
    found = Counter(words)
    return sorted(found.items(), key=lambda pair: (_ORDER.get(pair[0], len(_ORDER)), pair[0]))


def _row(
    line: RequirementStanding, known: Requirement | None, anchors: Mapping[str, str]
) -> Row:
    linked = [id_ for id_ in sorted(line.cases) if id_ in anchors][:MOST_LINKS]
    links = tuple((id_, "#" + quote(anchors[id_])) for id_ in linked)
    return Row(line, known, links, len(line.cases) - len(links))


def clause_order(id_: str) -> tuple[tuple[int, str], ...]:
    """Order ids as a reader counts: 5.6.3.9 before 5.6.3.10."""
    return tuple((int(part), "") if part.isdecimal() else (0, part)
                 for part in _NUMBER.split(id_))


@cache
def _template() -> Template:
    made = environment()
    made.globals["badges"] = _badges()
    made.filters["instant"] = instant
    return made.get_template("report.html.j2")


def _badges() -> dict[str, Markup]:
    """Return the ready badge of every word, since each is printed thousands of times."""
    words = {str(word) for kind in (Status, Verdict, Standing, Disposition) for word in kind}
    badge = Markup('<span class="badge {0}"><span aria-hidden="true">{1}</span> {2}</span>')
    return {word: badge.format(*TONES.get(word, QUIET), word)
            for word in {*words, "not judged"}}
