"""The plan that is installed here, asked for one case of a stored run."""

from __future__ import annotations

from pathlib import Path

from bench.errors import BenchError
from bench.plan import load_plans
from bench.records.plan import TestCase
from bench.resources import ROOT
from bench.runner.order import LAST

_PLANS = "testplans"


def installed_fingerprint(case: TestCase) -> tuple[str, str]:
    """Return the fingerprint of the case of this id in the installed plan, and "" or why none.

    The plan file is the one that the case came from: of ours that of the same name here, else
    the file itself.
    """
    file = _file(case)
    if file is None:
        return "", f"there is no plan file {case.source.rpartition(':')[0]} here"
    try:
        cases = {found.id: found.fingerprint for found in load_plans([file])}
    except BenchError as wrong:
        return "", f"the plan file cannot be read: {str(wrong).splitlines()[0]}"
    if case.generated:
        same = cases.get(case.generated.id) == case.generated.fingerprint
        return (case.fingerprint, "") if same else ("", f"{file} generates other cases")
    found = cases.get(case.id.removesuffix(LAST), "")
    return found, "" if found else f"{file} has no such case"


def _file(case: TestCase) -> Path | None:
    named = Path(case.source.rpartition(":")[0])
    parts = named.parts
    ours = [ROOT.joinpath(*parts[index:]) for index, part in enumerate(parts) if part == _PLANS]
    return next((path for path in (*ours, named) if path.is_file()), None)
