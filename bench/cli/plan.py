"""``smip-bench plan``: check plans, see what a run would hold, export the schema, review links."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bench.catalogue import Catalogue, load_catalogue
from bench.cli import USAGE
from bench.errors import PlanError
from bench.plan import for_device, load_plans, plan_schema, review, select, suspects
from bench.records.plan import Selected, TestCase
from bench.records.verdict import Disposition
from bench.resources import resolve
from bench.steps import VOCABULARY
from devices.device_types import DEVICE_TYPES

DEFAULT_PLANS = Path("testplans")
UNFINISHED = 1
AT_RUN_TIME = "generated at run time"

_PATH = click.Path(path_type=Path)
_paths = click.argument("paths", nargs=-1, type=_PATH)
_overlay = click.option(
    "--requirements", "overlay", type=_PATH, help="The operator's overlay of confirmations.",
)


@click.group("plan")
def command() -> None:
    """Check test plans, and see what a run on a device and a rig would hold.

    PATHS are plan files or folders; without any, the plans that ship with the bench.
    """


@command.command()
@_paths
@_overlay
@click.pass_context
def check(ctx: click.Context, paths: tuple[Path, ...], overlay: Path | None) -> None:
    """Find every mistake in the plans, with file and line.

    Warns of suspect links (the requirement changed, or nobody reviewed the link) and of cases
    without bite: both run, and cannot count. Exit status: 0 no mistake, 2 mistakes.
    """
    from devices.defects import DEFECTS  # noqa: PLC0415  the other commands need no emulator

    catalogue = load_catalogue(overlay=overlay)
    try:
        cases = load_plans(_plans(paths), catalogue, DEFECTS)
    except PlanError as error:
        click.echo(str(error), err=True)
        click.echo(_counted(len(str(error).splitlines()), "mistake"), err=True)
        ctx.exit(USAGE)
    warnings = list(_warnings(cases, catalogue))
    for warning in warnings:
        click.echo(f"warning: {warning}")
    later = [case for case in cases if case.generated]
    for case in later:
        click.echo(f"{case.source}: {case.id}: {_at_run_time(case)}")
    written = len({case.source for case in cases})
    generated = f", {len(later)} of them {AT_RUN_TIME}" if later else ""
    click.echo(f"{_counted(len(cases) - len(later), 'case')} of {written} written{generated}, in "
               f"{_counted(len({case.group for case in cases}), 'group')}; "
               f"{_counted(len(warnings), 'warning')}")


@command.command("select")
@_paths
@click.option("--dut", required=True, type=_PATH, help="Profile of the device under test.")
@click.option("--rig", required=True, type=_PATH, help="Rig file.")
@click.option("--where", "expression", default="", metavar="CEL",
              help="Keep these only, e.g. \"'supply' in tags\".")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def select_(
    paths: tuple[Path, ...], *, dut: Path, rig: Path, expression: str, as_json: bool
) -> None:
    """Print each case with the reason why it is in or out of a run."""
    from devices.profile import load_profile  # noqa: PLC0415  `plan check` needs no rig drivers
    from devices.rig import load_rig  # noqa: PLC0415

    profile, declaration = load_profile(dut), load_rig(rig)
    cases = for_device(load_plans(_plans(paths)), profile.subject.device_type)
    if not cases:
        raise PlanError("no case of these plans is for a device of type "
                        f"{profile.subject.device_type}")
    chosen = select(cases, profile.ics, declaration.ports, traits=declaration.traits,
                    expression=expression, left_out=profile.left_out)
    if as_json:
        click.echo(json.dumps([_plain(item) for item in chosen], indent=2, ensure_ascii=False))
        return
    width = max(len(item.case.id) for item in chosen)
    for item in chosen:
        click.echo(f"{item.case.id:<{width}}  {item.disposition.value:<17}  {_reason(item)}")
    counts = Counter(item.disposition for item in chosen)
    click.echo(", ".join(f"{kind.value} {counts[kind]}" for kind in Disposition if counts[kind]))


@command.command()
def schema() -> None:
    """Print the JSON Schema of plan files, for an editor to complete and mark them."""
    click.echo(json.dumps(plan_schema(VOCABULARY), indent=2, ensure_ascii=False))


@command.command("review")
@click.argument("paths", nargs=-1, required=True, type=_PATH)
@click.option("--case", "case", default="", metavar="ID", help="Only the links of this case.")
@click.option("--by", required=True, metavar="NAME", help="Who compared case and requirement.")
@_overlay
@click.pass_context
def review_(
    ctx: click.Context, paths: tuple[Path, ...], *, case: str, by: str, overlay: Path | None
) -> None:
    """Write the present fingerprints into the suspect links of plans that NAME has reviewed.

    Nothing else in the files changes. Exit status: 0 no suspect link is left, 1 some have no
    place of their own in a file.
    """
    if not by.strip():
        raise click.BadParameter("name the person who reviewed the links", param_hint="--by")
    done, left = review(list(paths), load_catalogue(overlay=overlay), case=case)
    for link in done:
        click.echo(f"{link.path}:{link.line}: {link.requirement} {link.before or 'not reviewed'} "
                   f"-> {link.after}, reviewed by {by.strip()}")
    for text in left:
        click.echo(f"still suspect: {text}", err=True)
    click.echo(f"{_counted(len(done), 'link')} reviewed, {len(left)} still suspect")
    if left:
        ctx.exit(UNFINISHED)


def _plans(paths: Iterable[Path]) -> list[Path]:
    return [resolve(path) for path in paths or (DEFAULT_PLANS,)]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _warnings(cases: Iterable[TestCase], catalogue: Catalogue) -> Iterator[str]:
    """Yield one line for each written case and flaw; its rows share both."""
    told: set[str] = set()
    for case in cases:
        flaws = [f"link to {requirement} is suspect ({_why(case, requirement, catalogue)})"
                 for requirement in suspects(case, catalogue)]
        if not case.bite and not case.remarks_only:
            kind = DEVICE_TYPES[case.device]
            flaws.append("unproven: it has no bite" if kind.emulated else
                         f"unproven: the bench has no emulated {kind.type}")
        for flaw in flaws:
            if (key := f"{case.source}{flaw}") not in told:
                told.add(key)
                yield f"{case.source}: {case.id}: {flaw}"


def _at_run_time(case: TestCase) -> str:
    assert case.generated is not None
    return f"{AT_RUN_TIME}, a case for each row of {case.generated.table} that the device gives"


def _reason(item: Selected) -> str:
    if item.case.generated and item.disposition is Disposition.SELECTED:
        return _at_run_time(item.case)
    return item.reason


def _why(case: TestCase, requirement: str, catalogue: Catalogue) -> str:
    reviewed = next(link.fingerprint for link in case.verifies if link.requirement == requirement)
    if not reviewed:
        return "never reviewed"
    return f"reviewed as {reviewed}, now {catalogue[requirement].fingerprint}"


def _plain(item: Selected) -> dict[str, object]:
    return {
        "id": item.case.id,
        "group": item.case.group,
        "disposition": item.disposition.value,
        "reason": _reason(item),
        "fingerprint": item.case.fingerprint,
        "requirements": list(item.case.requirements),
        "source": item.case.source,
    }
