"""``smip-bench qualify``: prove that the plan notices every defect that it says it notices."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.errors import PlanError
from bench.plan import for_device, load_plans, select
from bench.records.plan import TestCase
from bench.records.verdict import Disposition, Verdict
from bench.resources import resolve
from bench.runner.order import in_order
from bench.runner.qualification import (
    NO_DEFECT,
    Qualification,
    Task,
    assess,
    disclosed_by,
    run_tasks,
    tasks_for,
)
from devices.defects import DEFECTS, of_device
from devices.device_types import DEVICE_TYPES
from devices.dlms_names import SHORT_NAMES
from devices.profile import Profile, load_profile
from devices.rig import RigDeclaration, load_rig

_WORKERS = 2 * (os.cpu_count() or 1)  # half of a run is waiting for what must not come

PLANS = "testplans"
PROFILE, RIG = "devices/profiles/emulated-{}.yaml", "devices/rigs/emulated-{}.yaml"


@dataclass(frozen=True, slots=True)
class _Device:
    """One emulated device on one rig: its kind, its files, the cases that it is to be run through.

    ``name`` is that of the kind, with the rig where the kind has several.
    """

    name: str
    profile: Path
    rig: Path
    cases: tuple[TestCase, ...]
    defects: tuple[str, ...]


@click.command("qualify")
@click.argument("plans", nargs=-1, metavar="[PLAN]...")
@click.option("--dut", metavar="FILE", help="Only this emulated device. Default: each kind.")
@click.option("--rig", metavar="FILE", help="The rig that launches it.")
@click.option("--defect", "names", multiple=True, metavar="NAME",
              help="Only these defects; may be given more than once.")
@click.option("--all", "everything", is_flag=True,
              help="Every case against every defect, not only those that claim to notice it.")
@click.option("--every-link", is_flag=True,
              help="All defects on each rig of a kind. Default: those of its application on the "
                   "first one and on that of short names, those of a link or of security suites 1 "
                   "and 2 on the rigs that have it.")
@click.option("--matrix", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write the whole matrix, device and defect by case, as CSV.")
@click.option("-n", "--workers", type=click.IntRange(1), default=_WORKERS,
              show_default="two a processor")
def command(
    plans: tuple[str, ...], dut: str | None, rig: str | None, names: tuple[str, ...],
    everything: bool, every_link: bool, matrix: Path | None, workers: int,
) -> None:
    """Run PLANs (default: all that ship) against each emulated device with each known defect.

    Exit status: 0 every defect is caught by a case that verifies what it breaks, every case has
    its bite, and the device without a defect passes; 1 otherwise.
    """
    if (dut is None) != (rig is None):
        raise click.UsageError("give --dut and --rig together")
    unknown = sorted(set(names) - set(DEFECTS))
    if unknown:
        raise click.UsageError(f"no defect {', '.join(unknown)}")
    planned = in_order(load_plans(tuple(resolve(plan) for plan in plans or (PLANS,)),
                                  defects=DEFECTS))
    files = [(resolve(dut), resolve(rig), True)] if dut and rig else [
        (resolve(PROFILE.format(kind.profiles.get(on, name))), resolve(RIG.format(on)),
         every_link or on == (kind.rigs or (name,))[0])
        for name, kind in DEVICE_TYPES.items()
        if kind.emulated and any(case.device == name for case in planned)
        for on in kind.rigs or (name,)]
    devices = [device for profile, rig_file, whole in files
               if (device := _device(planned, profile, rig_file, names, whole=whole)).cases
               and device.defects]
    if not devices:
        raise click.UsageError("no case of the plans is for an emulated device with such a defect")
    tasks = [task for device in devices for task in tasks_for(
        device.cases, device.defects, everything=everything, profile=device.profile,
        rig=device.rig)]
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar:
        shown = bar.add_task("qualifying", total=len(tasks))

        def progress(task: Task) -> None:
            bar.update(shown, advance=1, description=task.defect or "no defect")

        results = run_tasks(tasks, {device.rig: device.cases for device in devices}, workers,
                            progress)
    found = [(device, assess(results[device.rig], device.cases, {
        name: DEFECTS[name].breaks for name in device.defects})) for device in devices]
    if matrix:
        _write(matrix, found)
    for device, qualification in found:
        _print(device.name, qualification, device.cases)
    sys.exit(0 if all(qualification.holds for _, qualification in found) else 1)


def _device(
    planned: Sequence[TestCase], profile_file: Path, rig_file: Path, names: Sequence[str], *,
    whole: bool
) -> _Device:
    """Return a device with the cases of the plan that can be run on it, and its defects; unless
    ``whole``, those of its link or suite alone and the written cases that notice them."""
    profile, declaration = load_profile(profile_file), load_rig(rig_file)
    whole = whole or SHORT_NAMES in declaration.traits
    kind = profile.subject.device_type
    ours = for_device(planned, kind)
    chosen = select(_generated(ours, profile, declaration) if whole else ours, profile.ics,
                    declaration.ports, traits=declaration.traits)
    cases = tuple(one.case for one in chosen if one.disposition is Disposition.SELECTED)
    known = of_device(kind.casefold())
    strange = sorted({name for case in cases for name in case.bite} - set(known))
    if strange:
        raise PlanError(f"{', '.join(strange)}: named as the bite of cases for a {kind}, but no "
                        f"defect of one (devices/defects)")
    there = {name for name, defect in known.items()
             if defect.is_on(declaration.traits) and (whole or defect.is_of(declaration.traits))}
    if not whole:
        cases = tuple(case for case in cases if there & set(case.bite) and not case.generated)
    name = f"{kind} on {declaration.name}" if DEVICE_TYPES[kind.casefold()].rigs else kind
    return _Device(name, profile_file, rig_file, cases,
                   tuple(sorted(set(names) & there if names else there)))


def _generated(planned: Sequence[TestCase], profile: Profile,
               declaration: RigDeclaration) -> tuple[TestCase, ...]:
    """Return ``planned`` with what is generated from the device in the place of what stands for
    it."""
    files = dict.fromkeys(
        Path(case.source.rpartition(":")[0]) for case in planned if case.generated)
    if not files:
        return tuple(planned)
    made = for_device(in_order(load_plans(
        tuple(files), defects=DEFECTS, disclosed=disclosed_by(profile, declaration))),
        profile.subject.device_type)
    groups = {case.group for case in made}
    return (*(case for case in planned if case.group not in groups), *made)


def _print(name: str, found: Qualification, cases: Sequence[TestCase]) -> None:
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
        f"{name}: {len(found.results) - (NO_DEFECT in found.results)} defects, {len(cases)} "
        f"cases, {ran} runs: {len(found.survivors)} defects not caught, "
        f"{len(found.toothless)} bites missing, {len(found.unclean)} cases not clean, "
        f"{len(found.unproven)} unproven")


def _write(path: Path, found: Sequence[tuple[_Device, Qualification]]) -> None:
    """Write a line for each device and defect, a column for each case; empty if it was not run."""
    cases = [case for device, _ in found for case in device.cases]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["device", "defect", *(case.id for case in cases)])
        for device, qualification in found:
            for defect, row in qualification.results.items():
                writer.writerow([device.name, defect or "none", *(
                    row[case.id].verdict.value if case.id in row else "" for case in cases)])
