"""``smip-bench rejudge``: judge the stored events of a run again, without the device."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from bench.bundle.verdicts import Difference, differences
from bench.cli.run_evidence import Told, read_evidence
from bench.ledger import LedgerContents
from bench.records.serial import to_json
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run

DIFFERENT = 1


@click.command("rejudge")
@click.argument("evidence", metavar="FOLDER|BUNDLE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print all results as JSON.")
@click.option("--trust", "trusted", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle: refuse it unless one of these keys signed it.")
@click.option("--trust-tsa", "trusted_tsa", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a stamped bundle: the time-stamping authorities whose word counts.")
def command(evidence: Path, as_json: bool, trusted: tuple[Path, ...],
            trusted_tsa: tuple[Path, ...]) -> None:
    """Judge the ledger in FOLDER again and compare with its report.json, where there is one; or
    that of a signed BUNDLE, and compare with the verdicts that were stored with it.

    Exit status: 0 the same verdicts; 1 they differ, case by case; 3 the evidence cannot be judged.
    """
    found = read_evidence(evidence, trusted, trusted_tsa)
    _judge(found.contents, found.told, as_json)


def _judge(contents: LedgerContents, told: Sequence[Told], as_json: bool) -> None:
    results = judge_run(contents)
    found = tuple(dict.fromkeys(
        difference for one in told for difference in differences(results, one)))
    if not contents.complete:
        click.echo("the run ended early: not complete", err=True)
    _show(results, found, as_json)
    if found:
        sys.exit(DIFFERENT)


def _show(results: Sequence[CaseResult], found: Sequence[Difference], as_json: bool) -> None:
    counts = Counter(str(result.verdict) for result in results)
    if as_json:
        listed = [{"case": difference.case, "field": difference.field,
                   "reported": difference.then, "judged": difference.now} for difference in found]
        click.echo(json.dumps({"counts": counts, "differences": listed,
                               "cases": to_json(results)}, indent=2))
        return
    click.echo(", ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items())))
    for difference in found:
        click.echo(f"{difference.case}: {difference.field}: reported {difference.then}, "
                   f"judged again {difference.now}")
