"""``report.json``: the report for programs, as ``report.schema.json`` beside this file says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.records.decision import Outcome, RequirementStanding
from bench.records.requirement import Requirement
from bench.records.serial import to_json
from reports.evidence import ShownCase

FORMAT = "smip-bench-report/1"
"""Name and version of the format; the number grows when a reader would have to change."""


def record_json(
    outcome: Outcome, requirements: Mapping[str, Requirement], shown: Sequence[ShownCase]
) -> str:
    """Return the document, sorted keys, ASCII only, requirements and cases sorted by id."""
    document: dict[str, object] = {
        "format": FORMAT,
        "subject": to_json(outcome.subject),
        "mode": outcome.mode,
        "demonstration": outcome.demonstration,
        "baseline": outcome.baseline,
        "decision": to_json(outcome.decision),
        "requirements": [
            _requirement(line, requirements.get(line.id))
            for line in sorted(outcome.requirements, key=lambda line: line.id)
        ],
        "cases": [_case(item) for item in sorted(shown, key=lambda item: item.id)],
        "ledger_hash": outcome.ledger_hash,
        "started": outcome.started,
        "ended": outcome.ended,
        "tools": [{"name": name, "version": version} for name, version in outcome.tools],
    }
    return "{\n" + ",\n".join(
        f" {_encode(name)}: {_lines(document[name])}" for name in sorted(document)) + "\n}\n"


_encode = json.JSONEncoder(sort_keys=True).encode


def _lines(value: object) -> str:
    """Return a list with one item a line, so that two reports can be compared by their lines."""
    if not isinstance(value, list) or not value:
        return _encode(value)
    return "[\n  " + ",\n  ".join(map(_encode, value)) + "\n ]"


def _requirement(line: RequirementStanding, known: Requirement | None) -> dict[str, Any]:
    return {
        "id": line.id,
        "status": line.standing.value,
        "mandatory": line.mandatory,
        "reason": line.reason,
        "cases": sorted(line.cases),
        "text": known.text if known else "",
        "specification": known.specification if known else "",
        "version": known.version if known else "",
        "clause": known.clause if known else "",
        "domain": known.domain if known else "",
        "provenance": known.provenance.value if known else "",
        "provisional": known.provisional if known else True,
    }


def _case(item: ShownCase) -> dict[str, Any]:
    result = item.result
    return {
        "id": item.id,
        "group": item.group,
        "purpose": item.case.purpose if item.case else "",
        "policy": item.case.policy if item.case else "",
        "verdict": result.verdict.value,
        "disposition": result.disposition.value,
        "reason": result.reason,
        "verifies": sorted(item.verifies),
        "attempts": result.attempts,
        "evidence": list(result.evidence),
    }
