"""``smip-bench baseline``: the baselines at hand, what they freeze, and what a later one changes.

Exit status of each: 0 done; 1 what was asked for is not so; 2 wrong usage, or a baseline or plan
file that is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bench.bundle.ruling import read_ruling
from bench.catalogue import load_catalogue
from bench.cli.options import shipped
from bench.errors import PlanError
from bench.plan import for_device, load_plans
from bench.records.plan import TestCase
from bench.records.register import CertificateStatus
from bench.register import Register
from bench.resources import ROOT, resolve
from bench.runner.clock import utc_now
from bench.runner.order import in_order
from bench.scheme import Baseline, load_baseline
from bench.scheme.baseline_file import planned_in
from bench.scheme.case_list import fingerprints, freeze, misfits
from bench.scheme.cures import load_cures
from bench.scheme.impact import impact, specification_changes

FOLDER, CURES = "testplans/baselines", "testplans/cures.yaml"
NOT_SO = 1

_FILE = click.argument("file", callback=shipped, metavar="BASELINE")


@click.group("baseline")
def command() -> None:
    """Baselines: what a certificate stands for."""


@command.command("list")
@click.option("--folder", multiple=True, metavar="DIR", default=(FOLDER,), show_default=True)
@click.option("--device", default="", help="Only those for a kind of device, e.g. esme.")
@click.option("--installed", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DATE",
              help="Only those that a device installed on that day is judged against.")
def list_(folder: tuple[str, ...], device: str, installed: object) -> None:
    """List the baselines that are installed side by side.

    A device is judged against the one in force on the day of its installation. Exit status 1 where
    none fits.
    """
    day = f"{installed:%Y-%m-%d}" if installed else ""
    found = 0
    for path in _files(folder):
        one = load_baseline(path, load_catalogue())
        if device and one.device != device.upper():
            continue
        if day and not one.covers_installation(day):
            continue
        found += 1
        click.echo(f"{one.title}: {', '.join(_words(one))}; {path}")
    if not found:
        click.echo("no baseline fits")
        sys.exit(NOT_SO)


@command.command("freeze")
@_FILE
def freeze_(file: Path) -> None:
    """Write the planned cases of BASELINE with their fingerprints beside it, and name the list in
    it. Give the baseline a date of its own first: what it froze before is replaced."""
    cases = fingerprints(_cases(file))
    target = freeze(file, cases)
    one = load_baseline(file, load_catalogue())
    click.echo(f"{target}: {len(cases)} cases; {one.title}, digest {one.digest}")


@command.command("check")
@_FILE
def check(file: Path) -> None:
    """Check BASELINE: its file, its list of cases, and whether the plans are still those."""
    one = load_baseline(file, load_catalogue())
    wrong = misfits(fingerprints(_cases(file)), one.cases) if one.cases else ()
    for line in wrong:
        click.echo(line)
    if wrong:
        sys.exit(NOT_SO)
    click.echo(f"{one.title}: {len(one.cases)} cases frozen, {len(one.mandatory)} requirements "
               f"mandatory, {len(one.optional)} optional, {len(one.outside)} outside; "
               f"digest {one.digest}")


@command.command("impact")
@click.argument("old", callback=shipped, metavar="OLD")
@click.argument("new", callback=shipped, metavar="NEW")
@click.option("--ruling", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE", help="A ruling, for what a device is known to do.")
def impact_(old: Path, new: Path, ruling: Path | None) -> None:
    """List what the baseline NEW asks beyond OLD, and whether firmware could cure a failure.

    A device keeps the baseline of its installation; this list says what the later one would mean
    for it. Exit status: 0 nothing more is asked; 1 something is.
    """
    catalogue = load_catalogue()
    before, after = load_baseline(old, catalogue), load_baseline(new, catalogue)
    lines = impact(
        before, after, verifying={case.id: case.requirements for case in _cases(new)},
        cures=load_cures(resolve(CURES), catalogue),
        ruling=read_ruling(ruling).ruling if ruling else None)
    for line in specification_changes(before, after):
        click.echo(line)
    for one in lines:
        known = f"; known: {one.known}" if one.known else ""
        cases = f"; cases: {len(one.cases)} new or changed" if one.cases else ""
        click.echo(f"{one.effect:12} {one.requirement}: cure: {one.cure}{known}{cases}")
    click.echo(f"{before.title} -> {after.title}: {len(lines)} requirements")
    sys.exit(NOT_SO if lines else 0)


@command.command("due")
@_FILE
@click.option("--register", "place", required=True, envvar="SMIP_BENCH_REGISTER", metavar="PLACE",
              help="SQLite file, or postgresql://...")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DATE",
              help="As the register stands on that day (default: today, UTC).")
def due(file: Path, place: str, at: object) -> None:
    """List the certificates in force that BASELINE, an emergency one, has not been run over.

    `smip-bench register assess` enters the result of each. Exit status 1 while any is due.
    """
    one, day = load_baseline(file, load_catalogue()), f"{at or utc_now():%Y-%m-%d}"
    if not one.emergency:
        raise click.UsageError(f"{file}: is no emergency baseline; what another one changes is "
                               "told by `smip-bench baseline impact`")
    with Register(place) as register:
        waiting = [found for found in register.certificates(at=day)
                   if found.status is CertificateStatus.GRANTED
                   and one.concerns(found.grant.subject)
                   and all(said.baseline.digest != one.digest for said in found.assessments)]
    for found in waiting:
        subject = found.grant.subject
        click.echo(f"{found.id}: {subject.manufacturer} {subject.model}, firmware "
                   f"{subject.firmware_version}")
    click.echo(f"{one.title}: {len(waiting)} due")
    sys.exit(NOT_SO if waiting else 0)


def _files(folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        path = resolve(folder)
        if not path.is_dir():
            raise click.UsageError(f"{folder}: there is no such folder")
        yield from sorted(path.glob("*.yaml"))


def _cases(file: Path) -> tuple[TestCase, ...]:
    device, plans = planned_in(file)
    cases = for_device(in_order(load_plans(
        tuple(ROOT / "testplans" / plan for plan in plans), load_catalogue())), device)
    if not cases:
        raise PlanError(f"{file}:1: its plans hold no case for a device of its kind")
    return cases


def _words(one: Baseline) -> Iterator[str]:
    yield f"{one.device} {one.variant}".strip()
    yield "draft" if one.draft else f"{len(one.cases)} cases"
    if one.emergency:
        yield "emergency"
    if one.installed_from or one.installed_until:
        yield f"installed {one.installed_from or '...'} to {one.installed_until or '...'}"
