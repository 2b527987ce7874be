"""``junit.xml``: one ``testcase`` for each planned case, for tools that know nothing of verdicts.

An INCONCLUSIVE case becomes an ``error``, so that no gate takes it for a pass; a case that the
plan or the rig rightly left out is ``skipped``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from bench.records.decision import Outcome
from bench.records.verdict import Disposition, Verdict
from reports.evidence import ShownCase
from reports.text import visible

BY_VERDICT: Mapping[Verdict, str] = {
    Verdict.FAIL: "failure", Verdict.ERROR: "error", Verdict.INCONCLUSIVE: "error",
}
WITHOUT_VERDICT: Mapping[Disposition, str] = {
    Disposition.SELECTED: "error",
    Disposition.BLOCKED: "error",
    Disposition.NOT_RUN: "skipped",
    Disposition.INAPPLICABLE: "skipped",
    Disposition.NOT_TESTABLE: "skipped",
    Disposition.NOT_VERIFIABLE: "skipped",
}

_NONE: Mapping[str, str] = {}


def junit_xml(
    outcome: Outcome, shown: Sequence[ShownCase], excused: Mapping[str, str] = _NONE
) -> str:
    """Return the document: ``testsuites``, one ``testsuite``, ``properties``, the cases.

    ``excused`` gives for the id of an expected failure its reason; it is ``skipped``.
    """
    kinds = ["skipped" if item.id in excused else _kind(item) for item in shown]
    counts = {
        "tests": str(len(shown)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": f"{sum(item.seconds for item in shown):.3f}",
    }
    root = ET.Element("testsuites", {"name": "smip-bench", **counts})
    suite = ET.SubElement(root, "testsuite", {
        "name": "smip-bench", "timestamp": visible(outcome.started), **counts})
    listed = ET.SubElement(suite, "properties")
    for name, value in _properties(outcome):
        ET.SubElement(listed, "property", {"name": name, "value": visible(value)})
    for item, kind in zip(shown, kinds, strict=True):
        case = ET.SubElement(suite, "testcase", {
            "classname": visible(item.group), "name": visible(item.id),
            "time": f"{item.seconds:.3f}"})
        if kind:
            reason = visible(excused.get(item.id, item.result.reason))
            problem = ET.SubElement(case, kind, {"message": reason, "type": item.word})
            if kind != "skipped":
                problem.text = reason
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _kind(item: ShownCase) -> str:
    result = item.result
    if result.verdict is Verdict.NONE or (
            result.verdict is Verdict.PASS and result.disposition is not Disposition.SELECTED):
        return WITHOUT_VERDICT[result.disposition]
    return BY_VERDICT.get(result.verdict, "")


def _properties(outcome: Outcome) -> list[tuple[str, str]]:
    subject = outcome.subject
    return [
        ("decision.status", outcome.decision.status.value),
        ("decision.scope", outcome.decision.scope),
        ("demonstration", str(outcome.demonstration).lower()),
        ("mode", outcome.mode),
        ("baseline", outcome.baseline),
        ("ledger_hash", outcome.ledger_hash),
        *((f"subject.{name}", str(getattr(subject, name))) for name in subject.__slots__),
    ]
