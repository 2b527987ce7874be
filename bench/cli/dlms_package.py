"""What ``smip-bench dlms package`` does: the result of a stored run, as it is handed in."""

from __future__ import annotations

from pathlib import Path

from bench.catalogue import load_catalogue
from bench.cli.stored_report import outcome_of_run, sound_evidence
from reports.dlms_package import write_package


def package_run(folder: Path, target: Path) -> str:
    """Write the package of the run in ``folder`` to ``target``; return its SHA-256.

    Raises :class:`~bench.errors.LedgerError` for what is no complete run on a DLMS meter, evidence
    that does not hold, and what cannot be stored.
    """
    contents = sound_evidence(folder)
    outcome, requirements = outcome_of_run(folder, contents, load_catalogue())
    return write_package(folder, target, contents, outcome, requirements)
