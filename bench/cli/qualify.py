"""``smip-bench qualify``: prove that the plan notices every defect that it says it notices."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.cli.options import shipped
from bench.plan import for_device, load_plans, select
from bench.records.plan import TestCase
from bench.records.verdict import Disposition, Verdict
from bench.resources import resolve
from bench.runner.order import in_order
from bench.runner.qualification import NO_DEFECT, Qualification, Task, qualify, tasks_for
from devices.defects import DEFECTS
from devices.profile import load_profile
from devices.rig import load_rig

PLANS = "testplans"
PROFILE, RIG = "devices/profiles/emulated-esme.yaml", "devices/rigs/emulated-esme.yaml"


@click.command("qualify")
@click.argument("plans", nargs=-1, metavar="[PLAN]...")
@click.option("--dut", default=PROFILE, callback=shipped, metavar="FILE", show_default=True)
@click.option("--rig", default=RIG, callback=shipped, metavar="FILE", show_default=True)
@click.option("--defect", "names", multiple=True, metavar="NAME",
              help="Only these defects; may be given more than once.")
@click.option("--all", "everything", is_flag=True,
              help="Every case against every defect, not only those that claim to notice it.")
@click.option("--matrix", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write the whole matrix, defect by case, as CSV.")
@click.option("-n", "--workers", type=click.IntRange(1), default=os.cpu_count() or 1,
              show_default="one a processor")
def command(
    plans: tuple[str, ...], dut: Path, rig: Path, names: tuple[str, ...], everything: bool,
    matrix: Path | None, workers: int,
) -> None:
    """Run PLANs (default: all that ship) against the emulated ESME with each known defect.

    Exit status: 0 every defect is caught by a case that verifies what it breaks, every case has
    its bite, and the device without a defect passes; 1 otherwise.
    """
    unknown = sorted(set(names) - set(DEFECTS))
    if unknown:
        raise click.UsageError(f"no defect {', '.join(unknown)}")
    paths = tuple(resolve(plan) for plan in plans or (PLANS,))
    profile, declaration = load_profile(dut), load_rig(rig)
    planned = for_device(in_order(load_plans(paths, defects=DEFECTS)), profile.subject.device_type)
    chosen = select(planned, profile.ics, declaration.ports)
    cases = [selected.case for selected in chosen
             if selected.disposition is Disposition.SELECTED]
    defects = sorted(names or DEFECTS)
    tasks = tasks_for(cases, defects, everything=everything,
                      whole=Task(paths, dut, rig, NO_DEFECT, frozenset()))
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("qualifying", total=len(tasks))
        found = qualify(
            tasks, cases, {name: DEFECTS[name].breaks for name in defects}, workers,
            lambda defect: bar.update(task, advance=1, description=defect or "no defect"))
    if matrix:
        _write(matrix, found, cases)
    _print(found, cases)
    sys.exit(0 if found.holds else 1)


def _print(found: Qualification, cases: Sequence[TestCase]) -> None:
    groups = list(dict.fromkeys(case.group for case in cases))
    group_of = {case.id: case.group for case in cases}
    table = Table("defect", *(group.rpartition("-")[2] for group in groups), "breaks", box=None)
    for defect, row in found.results.items():
        failed = Counter(group_of[name] for name, result in row.items()
                         if result.verdict is Verdict.FAIL)
        breaks = DEFECTS[defect].breaks if defect else ()
        table.add_row(defect or "(none)", *(str(failed.get(group, "")) for group in groups),
                      " ".join(breaks))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    for result in found.unclean:
        click.echo(f"without a defect: {result.verdict} {result.case}: {result.reason}")
    for case, defect in found.toothless:
        result = found.results[defect][case]
        click.echo(f"no bite: {case} under {defect} is {result.verdict}: {result.reason}")
    for defect in found.survivors:
        click.echo(f"not caught: {defect}, which breaks {', '.join(DEFECTS[defect].breaks)}")
    for case in found.unproven:
        click.echo(f"unproven: {case} names no defect")
    ran = sum(len(row) for row in found.results.values())
    click.echo(
        f"{len(found.results) - (NO_DEFECT in found.results)} defects, {len(cases)} cases, {ran} "
        f"runs: {len(found.survivors)} defects not caught, {len(found.toothless)} bites missing, "
        f"{len(found.unclean)} cases not clean, {len(found.unproven)} unproven")


def _write(path: Path, found: Qualification, cases: Sequence[TestCase]) -> None:
    """Write a line for each defect and a column for each case; empty where it was not run."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["defect", *(case.id for case in cases)])
        for defect, row in found.results.items():
            writer.writerow([defect or "none", *(
                row[case.id].verdict.value if case.id in row else "" for case in cases)])
