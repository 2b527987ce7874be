"""``smip-bench compare``: is a new firmware as good as the old one, by two stored runs?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from bench.bundle import TrustStore, taken_out
from bench.catalogue import load_catalogue
from bench.cli.options import write_whole
from bench.cli.verify import trust_store
from bench.errors import LedgerError
from bench.ledger import read_ledger
from bench.plan import suspects
from bench.records.comparison import Answer, Change, ComparedRun, Comparison
from bench.records.requirement import Requirement
from bench.records.serial import to_json
from bench.runner.clock import utc_now
from bench.runner.rejudge import judge_run
from bench.scheme.compared import of_report, of_run
from bench.scheme.comparison import compare
from reports.changes import changes_markdown, obstacle_line

STATUS: Mapping[Answer, int] = {
    Answer.SAME_OR_BETTER: 0, Answer.REGRESSION: 1, Answer.NOT_COMPARABLE: 2, Answer.INCOMPLETE: 3,
}
SHOWN = 40  # lines of one list
ZIP = b"PK"  # how a bundle begins; a report begins with a brace

T = TypeVar("T")


@click.command("compare")
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option("--anyway", is_flag=True,
              help="Compare what is the same in both, though plan, ICS or device differ.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), default=None,
              metavar="FILE", help="Write the comparison as Markdown, for a job page.")
@click.option("--trust", "trusted", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle: refuse it unless one of these keys signed it.")
@click.option("--overlay", type=click.Path(path_type=Path, exists=True), default=None,
              help="The operator's confirmations of clauses.")
def command(
    old: Path, new: Path, anyway: bool, as_json: bool, markdown: Path | None,
    trusted: tuple[Path, ...], overlay: Path | None,
) -> None:
    """Compare the run OLD with the run NEW, each the folder of a run, a signed bundle of one, or
    its report.json.

    Folders and bundles are judged again, both by this bench, so a newer judge makes no difference.
    A report.json does not hold the plan's fingerprints and the ICS: --anyway is needed with it.

    Exit status: 0 NEW is the same or better; 1 a regression; 2 not comparable (another plan,
    ICS or device), or wrong usage; 3 incomplete (a case without a final verdict), or the
    evidence cannot be read.
    """
    catalogue = load_catalogue(overlay=overlay)
    trust = trust_store(trusted)
    found = compare(_run(old, catalogue, trust), _run(new, catalogue, trust), anyway=anyway)
    if markdown:
        write_whole(markdown, changes_markdown(found).encode())
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2, sort_keys=True))
    else:
        for line in _lines(found):
            click.echo(line)
    sys.exit(STATUS[found.answer])


def _run(path: Path, catalogue: Mapping[str, Requirement], trust: TrustStore) -> ComparedRun:
    if path.is_dir():
        return _judged(path, catalogue)
    try:
        with path.open("rb") as file:
            bundled = file.read(len(ZIP)) == ZIP
        if not bundled:
            return of_report(json.loads(path.read_bytes()))
    except (OSError, ValueError, LedgerError, RecursionError) as wrong:
        raise LedgerError(f"{path}: it is no report that can be compared: {wrong}") from wrong
    with taken_out(path, trust, utc_now()) as taken:
        if taken.verification.signer is None:
            click.echo(f"{path}: signed with key {taken.verification.keyid}: whose it is was not "
                       "asked (--trust)", err=True)
        return _judged(taken.folder, catalogue)


def _judged(folder: Path, catalogue: Mapping[str, Requirement]) -> ComparedRun:
    contents = read_ledger(folder)
    changed = {selected.case.id: suspects(selected.case, catalogue)
               for selected in contents.plan.selected}
    return of_run(contents.plan, judge_run(contents), complete=contents.complete,
                  ledger_hash=contents.hash, suspects=changed)


def _lines(found: Comparison) -> Iterator[str]:
    for side, subject in (("old", found.old), ("new", found.new)):
        yield (f"{side}: {subject.manufacturer} {subject.model}, firmware "
               f"{subject.firmware_version}, image {subject.image_hash[:16]}...")
    for note in found.notes:
        yield f"note: {note}"
    yield from _listed("not the same in both", found.obstacles, obstacle_line)
    for change in Change:
        chosen = [line for line in found.requirements if line.change is change]
        yield from _listed(f"{change} by requirement", chosen, lambda line: (
            f"{line.id}: {line.old} -> {line.new} ({', '.join(line.cases)})"))
    for change in Change:
        named = [case for case in found.cases if case.change is change]
        yield from _listed(f"{change} by case", named, lambda case: (
            f"{case.id}: {case.old} -> {case.new}: {case.new_reason or case.old_reason}"))
    yield from _listed("suspect", sorted(found.suspect.items()), lambda item: (
        f"{item[0]}: changed since the case was reviewed: {', '.join(item[1])}"))
    if found.answer is Answer.NOT_COMPARABLE:
        yield "not comparable: nothing was compared; --anyway compares what is the same"
        return
    yield (f"{found.answer}: {found.compared} cases with a verdict in both, {found.unchanged} "
           f"pass in both, {found.left_out} left out of both")


def _listed(title: str, items: Sequence[T], line: Callable[[T], str]) -> Iterator[str]:
    if not items:
        return
    yield f"{title}, {len(items)}:"
    for item in items[:SHOWN]:
        yield f"  {line(item)}"
    if len(items) > SHOWN:
        yield f"  and {len(items) - SHOWN} more, see --json"
