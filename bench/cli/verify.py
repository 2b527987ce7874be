"""``smip-bench verify``: is the evidence of a run as it was written, and all there?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bench.errors import LedgerError
from bench.ledger import ProblemKind, check_ledger, read_ledger

ALTERED, NO_LEDGER = 1, 2
SHOWN = 20


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Check the hash chain and the captures in FOLDER.

    Exit status: 0 intact and complete; 1 altered (the first altered entry is named) or ended
    early; 2 no ledger there.
    """
    try:
        problems = check_ledger(folder)
    except LedgerError as none:
        click.echo(f"smip-bench: {none}", err=True)
        sys.exit(NO_LEDGER)
    for problem in problems[:SHOWN]:
        click.echo(f"{problem.kind}: {problem.text}")
    if len(problems) > SHOWN:
        click.echo(f"and {len(problems) - SHOWN} more")
    if any(problem.kind is ProblemKind.ALTERED for problem in problems):
        sys.exit(ALTERED)
    if problems:
        click.echo("what is there is as it was written")
        sys.exit(ALTERED)
    contents = read_ledger(folder)
    reported = _reported_hash(folder / "report.json")
    if reported and reported != contents.hash:
        click.echo(f"altered: report.json tells of another ledger: it ends in {reported}, "
                   f"this one in {contents.hash}")
        sys.exit(ALTERED)
    click.echo(f"intact: {len(contents.events) + 1} entries, last hash {contents.hash}")


def _reported_hash(path: Path) -> str:
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    return str(report.get("ledger_hash", "")) if isinstance(report, dict) else ""
