"""``smip-bench rejudge``: judge the stored events of a run again, without the device."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import taken_out
from bench.bundle.verdicts import Difference, differences, reported
from bench.cli.verify import trust_store, trusted_authorities
from bench.errors import LedgerError
from bench.ledger import LedgerContents, read_ledger
from bench.records.serial import to_json
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run

DIFFERENT = 1

Told = Mapping[str, Mapping[str, object]]


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
    if not evidence.is_file():
        if trusted or trusted_tsa:
            raise click.UsageError(
                f"--trust and --trust-tsa are for a bundle; {evidence} is none")
        told = _reported(evidence / "report.json")
        _judge(read_ledger(evidence), () if told is None else (told,), as_json)
        return
    with taken_out(evidence, trust_store(trusted), datetime.now(UTC),
                   trusted_authorities(trusted_tsa)) as taken:
        if taken.verification.signer is None:
            click.echo(f"signed with key {taken.verification.keyid}: whose it is was not asked "
                       "(--trust)", err=True)
        _judge(read_ledger(taken.folder), tuple(taken.told.values()), as_json)


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


def _reported(path: Path) -> Told | None:
    """Return the cases of a report by id, ``None`` where there is no report."""
    if not path.exists():
        return None
    try:
        return reported(path.read_bytes(), str(path))
    except OSError as wrong:
        raise LedgerError(f"{path}: it is no report that can be compared with") from wrong
