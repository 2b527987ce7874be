"""The verdicts that go with a bundle, and where those of another judge differ.

``verdicts.json`` holds, for every planned case, what the judge of that day said. Judging the same
events again by another version must give the same, or the difference is told case by case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.bundle.contents import written
from bench.bundle.errors import BundleError
from bench.records.verdict import CaseResult

JUDGED = ("verdict", "disposition")


@dataclass(frozen=True, slots=True)
class Difference:
    """A case of which two judgements differ in ``field``."""

    case: str
    field: str  # one of JUDGED
    then: str
    now: str


def stored_verdicts(results: Sequence[CaseResult], bench: str) -> bytes:
    """Return the octets of ``verdicts.json``; ``bench`` is the version that judged."""
    return written({"bench": bench, "cases": [
        {"id": result.case, "verdict": result.verdict.value,
         "disposition": result.disposition.value, "reason": result.reason}
        for result in results]})


def reported(octets: bytes, where: str) -> Mapping[str, Mapping[str, object]]:
    """Return the cases of a ``report.json`` or ``verdicts.json`` by id.

    Raises :class:`BundleError` naming ``where`` for anything else.
    """
    try:
        cases = {str(case["id"]): case for case in json.loads(octets)["cases"]}
        for case in cases.values():
            _ = [case[field] for field in JUDGED]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise BundleError(f"{where}: it is no report that can be compared with") from wrong
    return cases


def differences(results: Sequence[CaseResult],
                told: Mapping[str, Mapping[str, object]]) -> Iterator[Difference]:
    """Yield where ``results`` are not what was ``told``, in plan order."""
    judged = {result.case: {"verdict": result.verdict.value,
                            "disposition": result.disposition.value} for result in results}
    for case in [*judged, *sorted(told.keys() - judged.keys())]:
        for field in JUDGED:
            now = str(judged.get(case, {}).get(field, "not planned"))
            then = str(told.get(case, {}).get(field, "not reported"))
            if now != then:
                yield Difference(case, field, then, now)


def difference_lines(results: Sequence[CaseResult],
                     told: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the differences, one line each."""
    return [f"{found.case}: {found.field}: reported {found.then}, judged again {found.now}"
            for found in differences(results, told)]
