"""``smip-bench dlms package``: the result of a run on a DLMS meter, as it is handed in."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.stored_report import sound_evidence, stored_outcome
from bench.cli.summary import outcome_of
from bench.runner.rejudge import judge_run
from reports.dlms_package import write_package

CERTIFY = "certify"


@click.command("package")
@click.argument("folder", metavar="RUN",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.zip",
              help="The package; nothing may be there yet.")
def package(folder: Path, out: Path) -> None:
    """Write the results of the complete run in the folder RUN as a package: report, log, line
    traffic, declaration and hashes.

    The verdicts are those of judging the ledger again. The same evidence gives the same octets.
    The SHA-256 that is printed is that of the package.

    Exit status: 0 written; 2 wrong usage; 3 no run, one on another kind of device, evidence that
    does not hold, or a package that cannot be stored.
    """
    contents = sound_evidence(folder)
    results = judge_run(contents)
    if contents.plan.mode == CERTIFY:
        outcome, requirements = stored_outcome(folder, contents, results)
    else:
        outcome, requirements = outcome_of(contents, results, folder), {}
    digest = write_package(folder, out, contents, outcome, requirements)
    click.echo(f"{digest}  {out}")
