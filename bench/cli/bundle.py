"""``smip-bench bundle``: one signed file that holds the evidence of a run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import Verification, create_bundle, redact_bundle
from bench.cli.options import shipped
from bench.cli.signing import signer_of, signing_key
from bench.runner.rejudge import judge_run


def _all_shipped(ctx: click.Context, parameter: click.Parameter,
                 values: tuple[str, ...]) -> tuple[Path, ...]:
    found = (shipped(ctx, parameter, value) for value in values)
    return tuple(path for path in found if path is not None)


@click.group("bundle")
def command() -> None:
    """Make signed evidence bundles, and take parts out of them.

    `smip-bench verify FILE --trust ...` checks one, `smip-bench rejudge FILE` judges it again.
    """


@command.command("create")
@click.argument("folder", metavar="RUN_FOLDER",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@signing_key("The laboratory's private key.")
@click.option("--baseline", "baselines", multiple=True, metavar="FILE", callback=_all_shipped,
              help="The run's baseline file; others may go with it.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The bundle; nothing may be there yet.")
def create(folder: Path, key: str, baselines: tuple[Path, ...], output: Path) -> None:
    """Sign the complete run in RUN_FOLDER with all that it takes to judge it again.

    Exit status: 0 made and verified; 2 wrong usage or a key file that cannot be used; 3 the run
    cannot be bundled (incomplete, altered, not under the given baseline) or not be stored.
    """
    _show(output, create_bundle(folder, output, signer_of(key), judge=judge_run,
                                now=datetime.now(UTC), baselines=baselines))


@command.command("redact")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--part", "parts", required=True, multiple=True, metavar="NAME",
              help="A part to take out; may be given several times.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The redacted bundle; nothing may be there yet.")
def redact(file: Path, parts: tuple[str, ...], output: Path) -> None:
    """Write the bundle FILE without some parts: their hashes stay, the rest still verifies.

    Exit status: 0 made and verified; 2 wrong usage; 3 FILE does not hold, or there is no such part.
    """
    _show(output, redact_bundle(file, parts, output, datetime.now(UTC)))


def _show(output: Path, made: Verification) -> None:
    for line in made.holds:
        click.echo(line)
    for name, digest in made.redacted.items():
        click.echo(f"redacted: {name}, SHA-256 {digest}")
    click.echo(f"bundle: {output}, signed with key {made.keyid}")
