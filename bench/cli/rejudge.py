"""``smip-bench rejudge``: judge the stored events of a run again, without the device."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from bench.errors import LedgerError
from bench.ledger import read_ledger
from bench.records.serial import to_json
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run

DIFFERENT = 1
JUDGED = ("verdict", "disposition")


@click.command("rejudge")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print all results as JSON.")
def command(folder: Path, as_json: bool) -> None:
    """Judge the ledger in FOLDER again and compare with its report.json, where there is one.

    Exit status: 0 the same verdicts; 1 they differ; 3 the ledger cannot be judged.
    """
    contents = read_ledger(folder)
    results = judge_run(contents)
    differences = tuple(_differences(results, _reported(folder / "report.json")))
    counts = Counter(str(result.verdict) for result in results)
    if not contents.complete:
        click.echo("the run ended early: not complete", err=True)
    if as_json:
        click.echo(json.dumps({"counts": counts, "differences": differences,
                               "cases": to_json(results)}, indent=2))
    else:
        click.echo(", ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items())))
        for difference in differences:
            click.echo(f"{difference['case']}: {difference['field']}: reported "
                       f"{difference['reported']}, judged again {difference['judged']}")
    if differences:
        sys.exit(DIFFERENT)


def _reported(path: Path) -> Mapping[str, Mapping[str, object]] | None:
    """Return the cases of a report by id, ``None`` where there is no report."""
    if not path.exists():
        return None
    try:
        return {case["id"]: case for case in json.loads(path.read_bytes())["cases"]}
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise LedgerError(f"{path}: it is no report that can be compared with") from wrong


def _differences(
    results: Sequence[CaseResult], reported: Mapping[str, Mapping[str, object]] | None
) -> Iterator[dict[str, str]]:
    if reported is None:
        return
    judged = {result.case: to_json(result) for result in results}
    for case in [*judged, *sorted(reported.keys() - judged.keys())]:
        for field in JUDGED:
            now = str(judged.get(case, {}).get(field, "not planned"))
            then = str(reported.get(case, {}).get(field, "not reported"))
            if now != then:
                yield {"case": case, "field": field, "reported": then, "judged": now}
