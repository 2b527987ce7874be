"""A comparison of two runs as Markdown, for the page of a pipeline's job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.records.comparison import Answer, CaseChange, Change, Comparison, Obstacle
from bench.records.subject import Subject
from reports.markdown import code, codes, document, listed, table

MOST = 50
HEADLINE: Mapping[Answer, str] = {
    Answer.SAME_OR_BETTER: "The same or better",
    Answer.REGRESSION: "Regression",
    Answer.NOT_COMPARABLE: "Not comparable",
    Answer.INCOMPLETE: "Incomplete",
}
KINDS: Mapping[str, str] = {
    "plan": "case", "ics": "ICS", "subject": "subject", "unknown": "not known",
}


def changes_markdown(found: Comparison) -> str:
    """Return the page of a comparison."""
    return document(_blocks(found))


def obstacle_line(obstacle: Obstacle) -> str:
    """Return one obstacle as a line of text."""
    return f"{KINDS[obstacle.kind]} {obstacle.item}: {obstacle.old} -> {obstacle.new}"


def _blocks(found: Comparison) -> Iterator[str]:
    yield f"# {HEADLINE[found.answer]}\n"
    yield f"- old: {_subject(found.old)}, ledger {code(found.old_ledger)}"
    yield f"- new: {_subject(found.new)}, ledger {code(found.new_ledger)}"
    for note in found.notes:
        yield f"- note: {code(note)}"
    yield ""
    if found.answer is not Answer.NOT_COMPARABLE:
        yield table(("", "requirements", "cases"), [
            *((change, sum(line.change is change for line in found.requirements),
               sum(case.change is change for case in found.cases)) for change in Change),
            ("with a verdict in both", "", found.compared),
            ("pass in both", "", found.unchanged),
            ("left out of both", "", found.left_out)]) + "\n"
    yield from listed("Not the same in both",
                      [f"- {code(obstacle_line(one))}" for one in found.obstacles], MOST)
    for change in Change:
        yield from listed(f"{change.capitalize()}: requirements", [
            f"- {code(line.id)}: {line.old} to {line.new}, {codes(line.cases)}"
            for line in found.requirements if line.change is change], MOST)
        yield from listed(f"{change.capitalize()}: cases", [
            _case(case) for case in found.cases if case.change is change], MOST)
    yield from listed("Suspect: a requirement changed since the case was reviewed", [
        f"- {code(case)}: {codes(ids)}" for case, ids in sorted(found.suspect.items())], MOST)


def _subject(subject: Subject) -> str:
    return (f"{code(f'{subject.manufacturer} {subject.model}')}, firmware "
            f"{code(subject.firmware_version)}")


def _case(case: CaseChange) -> str:
    lines = [f"- {code(case.id)}: {case.old} to {case.new}",
             f"  - requirements: {codes(case.requirements)}"]
    lines += [f"  - {side}: {code(reason)}" for side, reason in
              (("old", case.old_reason), ("new", case.new_reason)) if reason]
    return "\n".join(lines)
