"""``summary.md``: one run for the page of a pipeline's job.

What a reader there wants first: does it hold, how many cases, which failed, against which
requirement, what was expected and what was seen. Leaves out everything that passed, and octets:
the report and the ledger have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.records.decision import Outcome
from bench.records.expected import ExpectedFailure, ExpectedFailures
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict
from reports.evidence import ShownCase
from reports.markdown import code, codes, document, listed, table
from reports.page import HEADLINE
from reports.text import instant

MOST_CASES = 50
MOST_REASONS = 12
MOST_FINDINGS = 3  # of one case
CERTIFY = "certify"
BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
NONE_EXPECTED = ExpectedFailures()


def summary_markdown(
    outcome: Outcome, shown: Sequence[ShownCase], expected: ExpectedFailures = NONE_EXPECTED,
    *, complete: bool = True,
) -> str:
    """Return the page.

    ``expected`` holds what became of expected failures, in the mode ``ci``; ``complete`` is that
    of the ledger.
    """
    return document(_blocks(outcome, shown, expected, complete))


def _blocks(
    outcome: Outcome, shown: Sequence[ShownCase], expected: ExpectedFailures, complete: bool
) -> Iterator[str]:
    excused = {entry.case for entry in expected.failed}
    words = Counter("expected failure" if item.id in excused else item.word for item in shown)
    bad = [item for item in shown if _is_bad(item) and item.id not in excused]
    early = "" if complete else ": the run ended early"
    yield f"# {_headline(outcome, len(bad), len(shown), expected)}{early}\n"
    subject = outcome.subject
    yield f"- device: {code(f'{subject.manufacturer} {subject.model}')} {subject.device_type}"
    yield (f"- firmware: {code(subject.firmware_version)}, hardware "
           f"{code(subject.hardware_version)}, image {code(subject.image_hash)}")
    yield f"- mode: {outcome.mode}"
    if outcome.baseline:
        yield f"- baseline: {code(outcome.baseline)}"
    yield f"- run: {code(instant(outcome.started))} to {code(instant(outcome.ended))}"
    yield f"- ledger: {code(outcome.ledger_hash)}\n"
    order = [str(word) for word in (*Verdict, "expected failure", *Disposition)]
    yield table(("outcome", "cases"), [
        *((word, words[word]) for word in dict.fromkeys(order) if words[word]),
        ("all", len(shown))]) + "\n"
    if outcome.mode == CERTIFY:
        if outcome.decision.scope:
            yield f"Scope: {code(outcome.decision.scope)}\n"
        yield from listed("Reasons", [f"- {code(reason)}" for reason in outcome.decision.reasons],
                          MOST_REASONS)
    yield from listed("Not good", [_case(item) for item in bad], MOST_CASES)
    yield from listed("Expected failures that no longer happen",
                      [_entry(entry) for entry in expected.cured], MOST_CASES)
    yield from listed("Failed as expected", [_entry(entry) for entry in expected.failed],
                      MOST_CASES)
    yield from listed("Expected failures without a verdict",
                      [_entry(entry) for entry in expected.unseen], MOST_CASES)


def _headline(
    outcome: Outcome, bad: int, planned: int, expected: ExpectedFailures
) -> str:
    if outcome.mode == CERTIFY:
        mark = "DEMONSTRATION: " if outcome.demonstration else ""
        return mark + HEADLINE[outcome.decision.status]
    if bad:
        return f"{bad} of {planned} planned cases not good"
    if expected.cured:
        return f"Expected failures that no longer happen: {len(expected.cured)}"
    if expected.failed:
        return f"Good; failed as expected: {len(expected.failed)}"
    return "Nothing failed"


def _is_bad(item: ShownCase) -> bool:
    result = item.result
    return result.verdict in BAD or (
        result.verdict is Verdict.NONE
        and result.disposition in (Disposition.SELECTED, Disposition.BLOCKED))


def _case(item: ShownCase) -> str:
    lines = [f"- **{item.word.upper()}** {code(item.id)}"
             + (f": {code(item.case.purpose)}" if item.case else "")]
    findings = [found for found in item.result.findings if found.verdict in BAD]
    if item.result.verdict is Verdict.ERROR or not findings:
        lines += [f"  - requirements: {codes(item.verifies)}",
                  f"  - reason: {code(item.result.reason)}"]
    else:
        for finding in _worst(item.result, findings)[:MOST_FINDINGS]:
            lines += [f"  - requirements: {codes(finding.cites)}",
                      f"  - expected in {finding.phase}, step {finding.step + 1}: "
                      f"{code(finding.expression)}",
                      f"  - seen: {_seen(finding)}"]
        if len(findings) > MOST_FINDINGS:
            lines.append(f"  - and {len(findings) - MOST_FINDINGS} more expectations")
    return "\n".join(lines)


def _worst(result: CaseResult, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that made the verdict first."""
    return sorted(findings, key=lambda finding: finding.verdict is not result.verdict)


def _seen(finding: Finding) -> str:
    if not finding.seen:
        return code(finding.reason)
    return ", ".join(code(f"{name} = {value}") for name, value in finding.seen.items())


def _entry(entry: ExpectedFailure) -> str:
    return (f"- {code(entry.case)}: {code(entry.reason)}, owner {code(entry.owner)}, "
            f"review by {code(entry.review)}")
