"""``smip-bench requirements``: what must be true of a device, how sure we are, what verifies it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bench.catalogue import (
    OVERLAY_NAME,
    Catalogue,
    Coverage,
    concerns,
    confirm,
    coverage,
    load_catalogue,
)
from bench.catalogue.covering import NO_CASE
from bench.catalogue.loader import Domain
from bench.cli import USAGE
from bench.errors import PlanError
from bench.records.plan import TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.serial import to_json
from bench.resources import resolve

DEFAULT_PLAN = Path("testplans")

_PATH = click.Path(path_type=Path)
_overlay = click.option(
    "--overlay", type=_PATH, help=f"File of confirmations [default: {OVERLAY_NAME}, if there]."
)
_plans = click.option(
    "--plan", "plans", type=_PATH, multiple=True, help=f"Plan file or folder [{DEFAULT_PLAN}]."
)
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


class _Wrong(click.ClickException):
    """A mistake in what the user wrote: one line, exit status 2."""

    exit_code = USAGE


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PlanError as error:
            raise _Wrong(str(error)) from None


@click.group("requirements", cls=_Group)
def command() -> None:
    """List, show and confirm requirements, and say which cases verify them."""


@command.command("list")
@click.option("--specification", help="Only this one, e.g. SMETS2, CHTS, BEHAVIOUR, SEED, IDTS.")
@click.option("--device", help="Only those about this device, e.g. ESME or ESME:AD.")
@click.option("--domain", type=click.Choice(get_args(Domain)))
@click.option("--provenance", type=click.Choice([kind.value for kind in Provenance]))
@_overlay
@_json
def list_(
    *, specification: str | None, device: str | None, domain: str | None, provenance: str | None,
    overlay: Path | None, as_json: bool,
) -> None:
    """List the requirements, all or those that match every option given."""
    catalogue = load_catalogue(overlay=overlay)
    rows = [
        row for row in catalogue.values()
        if (specification is None or row.specification.casefold() == specification.casefold())
        and (device is None or concerns(row, device))
        and (domain is None or row.domain == domain)
        and (provenance is None or row.provenance.value == provenance)
    ]
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], indent=2, ensure_ascii=False))
        return
    table = Table(
        "id", Column("device", max_width=14), "basis", "text", box=None, pad_edge=False
    )
    for row in rows:
        table.add_row(
            Text(row.id, no_wrap=True), Text(" ".join(row.devices)), _basis(row), Text(row.text)
        )
    _console().print(table)
    click.echo(f"{len(rows)} of {len(catalogue)} requirements")


@command.command()
@click.argument("requirement", metavar="ID")
@_plans
@_overlay
@_json
def show(
    requirement: str, plans: tuple[Path, ...], overlay: Path | None, as_json: bool
) -> None:
    """Show one requirement with all its fields, and the cases that verify it."""
    catalogue = load_catalogue(overlay=overlay)
    row = catalogue.require(requirement)
    try:
        line = coverage({row.id: row}, _cases(plans, catalogue))[0]
    except PlanError as broken:  # a requirement can be read while its plan is being written
        line = Coverage(row.id, (), (), f"the plan cannot be read: {broken}")
    standing = _standing(row, catalogue)
    if as_json:
        shown = {**_plain(row), "standing": standing, **_covered(line)}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in to_json(row).items():
        if value:
            table.add_row(name, Text(" ".join(value) if isinstance(value, list) else value))
    table.add_row("standing", Text(standing))
    table.add_row("verified by", Text("\n".join(line.cases) or line.reason))
    if line.suspect:
        table.add_row("suspect", Text("\n".join(line.suspect)))
    _console().print(table)


@command.command("confirm")
@click.argument("requirement", metavar="ID")
@click.option("--reference", required=True, help="Where the clause was read: document, page.")
@click.option("--by", default="", help="Who compared it.")
@click.option("--overlay", type=_PATH, default=Path(OVERLAY_NAME), show_default=True)
def confirm_(requirement: str, reference: str, by: str, overlay: Path) -> None:
    """Record that our wording of a requirement was compared with its clause and agrees.

    The confirmation holds for the wording of today. When the requirement changes it lapses.
    """
    if not reference.strip():
        raise _Wrong("--reference is empty: name the document and the place in it")
    catalogue = load_catalogue(overlay=overlay) if overlay.exists() else load_catalogue()
    row = catalogue.require(requirement)
    confirm(overlay, row, reference.strip(), by, datetime.now(UTC).date().isoformat())
    click.echo(f"{row.id} confirmed in {overlay}, fingerprint {row.fingerprint}")
    if row.provenance is Provenance.READ:
        click.echo("it counted already: its wording was read")


@command.command("coverage")
@click.option("--device", default="", help="Count only requirements of this device, e.g. ESME.")
@_plans
@_overlay
@_json
def coverage_(
    device: str, plans: tuple[Path, ...], overlay: Path | None, as_json: bool
) -> None:
    """Say for each requirement which cases verify it, or why none does."""
    catalogue = load_catalogue(overlay=overlay)
    lines = coverage(catalogue, _cases(plans, catalogue), device)
    if as_json:
        click.echo(json.dumps([{"id": line.id, **_covered(line)} for line in lines], indent=2,
                              ensure_ascii=False))
        return
    table = Table("id", "cases", "verified by, or why not", box=None, pad_edge=False)
    for line in lines:
        if not device or line.cases or concerns(catalogue[line.id], device):
            table.add_row(Text(line.id, no_wrap=True), _count(line), Text(_which(line)))
    _console().print(table)
    for text in _summary(catalogue, lines, device):
        click.echo(text)


def _cases(plans: Sequence[Path], catalogue: Catalogue) -> tuple[TestCase, ...]:
    from bench.plan import load_plans  # noqa: PLC0415  list and confirm do without plan and steps

    return load_plans([resolve(path) for path in plans or (DEFAULT_PLAN,)], catalogue)


def _plain(row: Requirement) -> dict[str, Any]:
    return {**to_json(row), "provisional": row.provisional}


def _covered(line: Coverage) -> dict[str, object]:
    return {"cases": list(line.cases), "suspect": list(line.suspect), "reason": line.reason}


def _basis(row: Requirement) -> Text:
    """``read`` or ``confirmed`` counts; anything else is provisional."""
    if row.provisional:
        return Text(row.provenance.value, style="yellow")
    return Text("confirmed" if row.confirmed else row.provenance.value, style="green")


_WHY_PROVISIONAL: Mapping[Provenance, str] = {
    Provenance.MANUAL: "it rests on a maker's manual or an industry note",
    Provenance.INFERRED: "it is inferred from something that was read",
    Provenance.MEMORY: "it rests on general knowledge; no text was read",
}


def _standing(row: Requirement, catalogue: Catalogue) -> str:
    if row.confirmed:
        return f"counts: confirmed by the operator against {row.confirmed}"
    if not row.provisional:
        return "counts: its source was read"
    lapsed = catalogue.lapsed.get(row.id)
    return (f"provisional, tested and reported but not counted: {_WHY_PROVISIONAL[row.provenance]}"
            + (f"; {lapsed}" if lapsed else ""))


def _count(line: Coverage) -> Text:
    suspect = f" ({len(line.suspect)} suspect)" if line.suspect else ""
    return Text(f"{len(line.cases)}{suspect}", style="green" if line.cases else "dim")


def _which(line: Coverage) -> str:
    """The written cases: what ``for_each`` made of one case is named once."""
    written = dict.fromkeys(case.partition("[")[0] for case in line.cases)
    return ", ".join(written) or line.reason


def _summary(catalogue: Catalogue, lines: Iterable[Coverage], device: str) -> Iterable[str]:
    counts: Counter[str] = Counter()
    for line in lines:
        row = catalogue[line.id]
        if device and not concerns(row, device):
            counts["other"] += 1
        elif line.cases:
            counts["verified"] += 1
        else:
            counts["none" if line.reason == NO_CASE else "untestable"] += 1
    about = f" about {device}" if device else ""
    total = counts["verified"] + counts["none"] + counts["untestable"]
    yield f"{total} requirements{about}: {counts['verified']} verified by a case,"
    yield f"{counts['untestable']} not testable, {counts['none']} without a case"
    if counts["other"]:
        yield f"{counts['other']} requirements of other devices left out"


def _console() -> Console:
    return Console(highlight=False)
