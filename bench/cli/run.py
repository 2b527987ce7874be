"""``smip-bench run``: run plans on a device and keep the evidence; no certificate."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console

from bench.cli.options import device_and_rig, shipped, worker_count, workers
from bench.cli.summary import leave_reports, refuse_expected
from bench.ledger import read_ledger
from bench.ledger.entry import FILE
from bench.plan import load_plans
from bench.records.expected import ExpectedFailure, ExpectedFailures
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.clock import utc_now
from bench.runner.engine import DECLARATION
from bench.runner.order import in_order
from bench.runner.rejudge import judge_run
from bench.runner.run import Order, Ran, run
from bench.scheme.expected import assess, load_expected, unexcused
from devices.adapters.terminal import ask_at_terminal
from devices.rig import load_rig

SHOWN = 12  # names in a line
BAD, WRONG, FAILED, INTERRUPTED = 1, 2, 3, 130


@click.command("run")
@click.argument("plans", nargs=-1, metavar="[PLAN]...")
@device_and_rig
@click.option("--out", type=click.Path(path_type=Path), default=None, metavar="DIR",
              help="Folder of the evidence (default: out/<mode>-<time>).")
@click.option("--mode", type=click.Choice(["precheck", "ci"]), default="precheck")
@click.option("-k", "keyword", default="", help="Only cases whose id matches, as pytest -k.")
@click.option("-m", "markers", default="", help="Only cases with these tags, as pytest -m.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out after a break.")
@click.option("--defect", default="", metavar="NAME",
              help="Have an emulated device be wrong in this way.")
@click.option("--seed", type=int, default=0, help="Seed of an emulated device.")
@click.option("--expected", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE", help="Failures that are known; --mode ci only.")
@click.option("--allow-cured", is_flag=True,
              help="Exit 0 though an expected failure no longer happens.")
@workers
def command(
    plans: tuple[str, ...], dut: Path, rig: Path, out: Path | None, mode: str, keyword: str,
    markers: str, resume: bool, defect: str, seed: int, expected: Path | None, allow_cured: bool,
    workers: int | None,
) -> None:
    """Run PLAN files or folders (default: all that ship with the bench) on a device.

    The mode ci also leaves summary.md and junit.xml, and takes --expected, a file of failures
    that are known (docs/ci.md).

    Exit status: 0 every selected case passed, or failed as expected; 1 one did not, or an
    expected failure no longer happens; 2 wrong usage, profile, plan, rig file or file of expected
    failures; 3 the bench or the rig failed.
    """
    context = click.get_current_context()
    paths = [shipped(context, context.command.params[0], plan)
             for plan in plans or ("testplans",)]
    folder = out or Path("out") / f"{mode}-{utc_now():%Y%m%dT%H%M%SZ}"
    if resume and not (folder / FILE).exists():
        raise click.UsageError("--resume needs --out with the folder of the broken run")
    console = Console(stderr=True)
    files = tuple(path for path in paths if path)
    known: tuple[ExpectedFailure, ...] = ()
    if expected:
        refuse_expected(read_ledger(folder).plan.mode if resume else mode)
        planned = {case.id for case in in_order(load_plans(files))}
        known = load_expected(expected, planned, utc_now().date())
    order = Order(
        plans=files, profile=dut, rig=rig, evidence=folder,
        mode=mode, workers=worker_count(workers, bool(load_rig(rig).launch)), keyword=keyword,
        markers=markers, resume=resume, seed=seed, defect=defect)
    ran = run(order, console, ask_at_terminal)
    results = judge_run(ran.contents)
    found = assess(known, results)
    counted = unexcused(results, found)
    for result in counted:
        if result.verdict not in (Verdict.PASS, Verdict.NONE):
            click.echo(f"{result.verdict.upper():13} {result.case}: {result.reason}")
    for line in not_testable(results):
        click.echo(line)
    for line in expectations(found):
        click.echo(line)
    click.echo(summary(results))
    if ran.contents.plan.mode == "ci":
        leave_reports(folder, ran.contents, results, found)
    click.echo(f"evidence: {folder}; judge it again with smip-bench rejudge {folder}")
    sys.exit(exit_status(ran, counted) or (BAD if found.cured and not allow_cured else 0))


def expectations(found: ExpectedFailures) -> Iterator[str]:
    """Yield a line for each expected failure: what became of it, why it was expected, whose."""
    for word, entries in (("EXPECTED", found.failed), ("CURED", found.cured),
                          ("NO VERDICT", found.unseen)):
        for entry in entries:
            yield (f"{word:13} {entry.case}: {entry.reason} ({entry.owner}, review by "
                   f"{entry.review})")


def not_testable(results: Iterable[CaseResult]) -> Iterator[str]:
    """Yield a line for each reason why cases could not be tested on this rig."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.disposition is Disposition.NOT_TESTABLE:
            reasons.setdefault(result.reason, []).append(result.case)
    for reason, names in reasons.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{Disposition.NOT_TESTABLE}: {reason}: {', '.join(names[:SHOWN])}{more}"


def summary(results: tuple[CaseResult, ...]) -> str:
    """Return the counts of a run in one line: verdicts, then what was not judged and why."""
    counts = Counter(
        result.verdict if result.verdict is not Verdict.NONE else result.disposition
        for result in results)
    return f"{len(results)} cases: " + ", ".join(
        f"{count} {name}" for name in (*Verdict, *Disposition)
        if (count := counts.get(name, 0)))


def exit_status(ran: Ran, results: tuple[CaseResult, ...]) -> int:
    """Return the exit status that a run deserves; say why the device or rig was refused."""
    for refusal in ran.refusals:
        click.echo(f"smip-bench: {refusal.reason}", err=True)
    if ran.interrupted:
        click.echo("smip-bench: interrupted; --resume goes on from here", err=True)
        return INTERRUPTED
    if any(refusal.cause == DECLARATION for refusal in ran.refusals):
        return WRONG
    if (ran.refusals or not ran.contents.complete
            or any(result.verdict is Verdict.ERROR for result in results)):
        return FAILED
    if any(result.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) for result in results):
        return BAD
    return 0
