"""What ``smip-bench dlms package`` does: the result of a stored run, as it is handed in."""

from __future__ import annotations

from pathlib import Path

from bench.cli.stored_report import sound_evidence, stored_outcome
from bench.cli.summary import outcome_of
from bench.runner.rejudge import judge_run
from reports.dlms_package import write_package

CERTIFY = "certify"


def package_run(folder: Path, target: Path) -> str:
    """Write the package of the run in ``folder`` to ``target``; return its SHA-256.

    Raises :class:`~bench.errors.LedgerError` for what is no complete run on a DLMS meter, evidence
    that does not hold, and what cannot be stored.
    """
    contents = sound_evidence(folder)
    results = judge_run(contents)
    if contents.plan.mode == CERTIFY:
        outcome, requirements = stored_outcome(folder, contents, results)
    else:
        outcome, requirements = outcome_of(contents, results, folder), {}
    return write_package(folder, target, contents, outcome, requirements)
