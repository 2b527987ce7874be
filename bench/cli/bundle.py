"""``smip-bench bundle``: one signed file that holds the evidence of a run."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import (
    BundleError,
    Verification,
    create_bundle,
    redact_bundle,
    stamp_bundle,
    stamp_request,
)
from bench.cli.options import shipped
from bench.cli.signing import signer_of, signing_key
from bench.runner.rejudge import judge_run


def _all_shipped(ctx: click.Context, parameter: click.Parameter,
                 values: tuple[str, ...]) -> tuple[Path, ...]:
    found = (shipped(ctx, parameter, value) for value in values)
    return tuple(path for path in found if path is not None)


@click.group("bundle")
def command() -> None:
    """Make signed evidence bundles, have them stamped, and take parts out of them.

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


@command.command("stamp-request")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The request, for any RFC 3161 authority; nothing may be there yet.")
def request(file: Path, output: Path) -> None:
    """Write what to send to a time-stamping authority, to have the bundle FILE stamped.

    Nothing is sent. `curl -H 'Content-Type: application/timestamp-query' --data-binary
    @request.tsq ADDRESS -o reply.tsr` does that; `smip-bench bundle stamp` takes the reply.

    Exit status: 0 written; 2 wrong usage; 3 FILE does not hold or is stamped already.
    """
    octets = stamp_request(file, secrets.randbits(64), datetime.now(UTC))
    try:
        with output.open("xb") as stream:
            stream.write(octets)
    except OSError as failure:
        raise BundleError(f"{output}: cannot be stored: {failure.strerror}") from failure
    click.echo(f"request: {output}, over part envelope.dsse.json of {file}")


@command.command("stamp")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--response", "reply", required=True, metavar="FILE",
              type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="What the authority replied (DER).")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The stamped bundle; nothing may be there yet.")
def stamp(file: Path, reply: Path, output: Path) -> None:
    """Write the bundle FILE with an authority's time stamp of its envelope.

    Whether the authority is to be trusted is for `smip-bench verify --trust-tsa`.

    Exit status: 0 made and verified; 2 wrong usage; 3 FILE does not hold or is stamped already, or
    the reply grants nothing or is of something else.
    """
    made, found = stamp_bundle(file, reply, output, datetime.now(UTC))
    _show(output, made)
    click.echo(f"time stamp: {found.time.isoformat()}, by {found.authority}")


def _show(output: Path, made: Verification) -> None:
    for line in made.holds:
        click.echo(line)
    for name, digest in made.redacted.items():
        click.echo(f"redacted: {name}, SHA-256 {digest}")
    click.echo(f"bundle: {output}, signed with key {made.keyid}")
