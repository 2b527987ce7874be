"""A laboratory's test report on one run, as PDF/A: contents after ISO/IEC 17025:2017, 7.8.

The evidence says what was tested and seen, the laboratory's declaration the rest. Every
requirement and every planned case is in it; of the cases that are not good, the first
:data:`MOST_DETAILS` with what was expected, what was seen and the octets, cut, with the numbers of
the ledger entries that hold them whole. Leaves out measurement uncertainty: the cases judge what a
device does, and a limit is applied to the value as read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.records.assurance import RuledImport, Tolerance
from bench.records.decision import Outcome, Status
from bench.records.event import Event
from bench.records.issued import ReportDeclaration
from bench.records.requirement import Requirement
from bench.records.verdict import Finding, Verdict
from reports.documents.literal import Whole
from reports.documents.parties import identity, organisation, person
from reports.documents.typeset import typeset
from reports.evidence import ShownCase
from reports.page import HEADLINE, clause_order, ranked
from reports.policy import sections
from reports.text import elided, hexadecimal, instant, plain

TEMPLATE = "test_report.typ.j2"

MOST_ROWS = 3000
"""Up to so many cases each has a row with its purpose; beyond, cases that have the same verdict
for the same reason share one."""
MOST_DETAILS = 200
MOST_FINDINGS = 3  # of one case
MOST_FRAMES = 2  # of one finding: the last ones of its step
LONGEST_OCTETS = 48  # of one frame
LONGEST_VALUE = 160  # characters
LONGEST_REASON = 600
MOST_CASES = 6  # named in one row of the matrix
LONGEST_IN_MATRIX = 240  # characters of a reason there; its cases tell all

BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Method:
    """By what was tested, beside what the outcome says: digests are 64 hexadecimal digits.

    ``plan_digest`` is over all planned cases with their fingerprints; ``declared`` is what the
    customer declared of the device (ICS), by name; ``rig`` describes the test rig.
    """

    baseline_digest: str
    plan_digest: str
    rig: Mapping[str, object]
    declared: Mapping[str, object]


def report_pdf(
    outcome: Outcome,
    declaration: ReportDeclaration,
    method: Method,
    *,
    requirements: Mapping[str, Requirement],
    shown: Sequence[ShownCase],
    tolerated: Sequence[Tolerance] = (),
    imports: Sequence[RuledImport] = (),
) -> bytes:
    """Return the report as a PDF that nobody has signed yet.

    ``shown`` is what :func:`reports.evidence.gather` makes of the run. The same arguments give
    the same octets; the time in the file is the day of issue. Raises
    :class:`~bench.errors.DocumentError`.
    """
    issued = datetime.fromisoformat(declaration.issued).replace(tzinfo=UTC)
    bad = [item for item in ranked(shown) if item.result.verdict in BAD]
    words = _counted(item.word for item in ranked(shown))
    lines = sorted(outcome.requirements, key=lambda line: clause_order(line.id))
    return typeset(TEMPLATE, {
        **_head(outcome, declaration, method),
        "words": words,
        "standings": _counted(line.standing.value for line in lines),
        "total": len(shown),
        "sections": [
            [section.title, section.meaning, section.cases,
             [[group or "without a group", [list(pair) for pair in counts]]
              for group, counts in section.groups],
             [[line.id, line.standing.value] for line in section.requirements]]
            for section in sections(shown, outcome.requirements)],
        "matrix": [_matrix_row(line.id, line.standing.value, line.mandatory, line.reason,
                               line.cases, requirements.get(line.id)) for line in lines],
        "groups": _groups(shown) if len(shown) <= MOST_ROWS else [],
        "kinds": _kinds(shown) if len(shown) > MOST_ROWS else [],
        "details": [_detail(item) for item in bad[:MOST_DETAILS]],
        "more_details": max(0, len(bad) - MOST_DETAILS),
        "tolerated": [[item.issue, item.text, ", ".join(item.requirements), item.owner,
                       item.review] for item in tolerated],
        "imports": [_import(item) for item in imports],
    }, issued)


def _head(outcome: Outcome, said: ReportDeclaration, method: Method) -> dict[str, object]:
    decision = outcome.decision
    return {
        "number": said.number, "issued": said.issued, "place": said.place,
        "laboratory": organisation(said.laboratory), "customer": organisation(said.customer),
        "signatory": person(said.signatory),
        "replaces": [said.replaces.number, said.replaces.reason] if said.replaces else None,
        "samples": [[item.serial, item.condition, item.received] for item in said.samples],
        "deviations": said.deviations, "environment": said.environment,
        "opinions": said.opinions,
        "external": [[item.provider, item.what, item.reference] for item in said.external],
        "demonstration": outcome.demonstration, "mode": outcome.mode,
        "headline": HEADLINE[decision.status], "status": decision.status.name.lower(),
        "compliant": decision.status is Status.COMPLIANT, "scope": decision.scope,
        "reasons": [elided(reason, LONGEST_REASON) for reason in decision.reasons],
        "subject": identity(outcome.subject),
        "device": f"{outcome.subject.manufacturer} {outcome.subject.model}",
        "baseline": outcome.baseline, "baseline_digest": Whole(method.baseline_digest),
        "plan_digest": Whole(method.plan_digest), "ledger_hash": Whole(outcome.ledger_hash),
        "started": instant(outcome.started), "ended": instant(outcome.ended),
        "tools": [f"{name} {version}" for name, version in outcome.tools],
        "rig": [*_described(method.rig)], "declared": _pairs(method.declared),
    }


def _pairs(values: Mapping[str, object]) -> list[list[str]]:
    return [[name, plain(values[name], LONGEST_VALUE)] for name in sorted(values)]


def _described(values: Mapping[str, object], path: str = "") -> Iterator[list[str]]:
    """Give nested values as rows: a name, and what is said under it on one line."""
    said = {name: value for name, value in sorted(values.items())
            if value not in ("", None) and not isinstance(value, Mapping)}
    if path and said:
        yield [path, elided(", ".join(f"{name} {plain(value, LONGEST_VALUE)}"
                                      for name, value in said.items()), LONGEST_REASON)]
    elif said:
        yield from _pairs(said)
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping):
            yield from _described(value, f"{path} {name}".strip())


def _counted(words: Iterable[str]) -> list[list[object]]:
    """Return each word with its number, in the order of its first occurrence."""
    return [[word, count] for word, count in Counter(words).items()]


def _matrix_row(id_: str, standing: str, mandatory: bool, reason: str, cases: Sequence[str],
                known: Requirement | None) -> list[object]:
    where = " ".join(filter(None, (known.specification, known.version, known.clause))) \
        if known else ""
    sure = f"{known.provenance}{', provisional' if known.provisional else ''}" if known else ""
    named = sorted(cases)[:MOST_CASES]
    more = f" and {len(cases) - len(named)} more" if len(cases) > len(named) else ""
    wording = elided(known.text, 2 * LONGEST_REASON) if known else ""
    return [id_, wording, "; ".join(filter(None, (where, sure))), standing,
            "mandatory" if mandatory else "optional", elided(reason, LONGEST_IN_MATRIX),
            ", ".join(named) + more if named else "no case"]


def _groups(shown: Sequence[ShownCase]) -> list[list[object]]:
    """Return each group with a row for each of its cases."""
    rows: dict[str, list[list[str]]] = {}
    for item in shown:
        rows.setdefault(item.group, []).append(_case_row(item))
    return [[name or "without a group", found] for name, found in rows.items()]


def _case_row(item: ShownCase) -> list[str]:
    purpose = elided(item.case.purpose, LONGEST_REASON) if item.case else ""
    return [item.id, purpose, item.word,
            "" if item.result.verdict is Verdict.PASS
            else elided(item.result.reason, LONGEST_REASON)]


def _kinds(shown: Sequence[ShownCase]) -> list[list[object]]:
    """Return, by group, the cases that came to the same for the same reason."""
    found: dict[str, dict[tuple[str, str], list[str]]] = {}
    for item in shown:
        same = item.word, elided(item.result.reason, LONGEST_REASON)
        found.setdefault(item.group, {}).setdefault(same, []).append(item.id)
    return [[group or "without a group",
             [[word, reason, len(ids), ", ".join(ids)] for (word, reason), ids in kinds.items()]]
            for group, kinds in found.items()]


def _detail(item: ShownCase) -> list[object]:
    events = item.attempts[-1][1] if item.attempts else ()
    findings = [found for found in item.result.findings if found.verdict in BAD]
    findings.sort(key=lambda found: found.verdict is not item.result.verdict)
    entries = item.result.evidence or tuple(event.sequence for event in events)
    return [
        item.id, item.word, elided(item.case.purpose, LONGEST_REASON) if item.case else "",
        ", ".join(item.verifies), elided(item.result.reason, LONGEST_REASON),
        [_finding(found, events) for found in findings[:MOST_FINDINGS]],
        max(0, len(findings) - MOST_FINDINGS), _runs(entries)]


def _finding(found: Finding, events: Sequence[Event]) -> list[object]:
    seen = ", ".join(f"{name} = {plain(value, LONGEST_VALUE)}"
                     for name, value in sorted(found.seen.items()))
    frames = [frame for event in events
              if (event.data.get("phase"), event.data.get("step")) == (found.phase, found.step)
              for frame in _frames(event)]
    return [f"{found.phase}, step {found.step + 1}", elided(found.expression, LONGEST_REASON),
            elided(seen or found.reason, LONGEST_REASON), ", ".join(found.cites),
            frames[-MOST_FRAMES:]]


def _frames(event: Event) -> Iterator[list[object]]:
    frames = event.data.get("frames")
    for frame in frames if isinstance(frames, list | tuple) else ():
        if isinstance(frame, Mapping):
            yield [str(frame.get("direction", "")),
                   hexadecimal(str(frame.get("octets", "")), LONGEST_OCTETS), event.sequence]


def _runs(numbers: Sequence[int]) -> str:
    """Return numbers as a reader names them: ``3 to 7, 9``."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join(" to ".join(map(str, part)) for part in parts)


def _import(item: RuledImport) -> list[object]:
    result = item.result
    return [result.kind.value, result.issuer, result.number, result.tested, item.match.value,
            ", ".join(item.requirements) or item.remark, Whole(result.document.sha256)]
