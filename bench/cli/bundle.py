"""``smip-bench bundle``: one signed file that holds the evidence of a run."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import (
    KeyFileError,
    Verification,
    create_bundle,
    read_signer,
    read_token_signer,
    redact_bundle,
)
from bench.cli.options import all_shipped
from bench.runner.rejudge import judge_run

PASSWORD = "SMIP_BENCH_KEY_PASSWORD"  # noqa: S105  the variable's name, not a password
TOKEN = "hsm:"  # noqa: S105  how a key on a PKCS #11 token is named


@click.group("bundle")
def command() -> None:
    """Make signed evidence bundles, and take parts out of them.

    `smip-bench verify FILE --trust ...` checks one, `smip-bench rejudge FILE` judges it again.
    """


@command.command("create")
@click.argument("folder", metavar="RUN_FOLDER",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--key", required=True, metavar="KEYFILE",
              help="The laboratory's private key: P-256 or Ed25519, PEM, mode 600; or hsm:ID, "
                   "P-256 on the PKCS #11 token of the library in PYKCS11LIB. A password or PIN "
                   f"is in {PASSWORD}, or is asked for.")
@click.option("--baseline", "baselines", multiple=True, metavar="FILE", callback=all_shipped,
              help="The run's baseline file; others may go with it.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The bundle; nothing may be there yet.")
def create(folder: Path, key: str, baselines: tuple[Path, ...], output: Path) -> None:
    """Sign the complete run in RUN_FOLDER with all that it takes to judge it again.

    Exit status: 0 made and verified; 2 wrong usage or a key file that cannot be used; 3 the run
    cannot be bundled (incomplete, altered, not under the given baseline) or not be stored.
    """
    try:
        signer = (read_token_signer(key, _password) if key.startswith(TOKEN)
                  else read_signer(Path(key), _password))
    except KeyFileError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    _show(output, create_bundle(folder, output, signer, judge=judge_run, now=datetime.now(UTC),
                                baselines=baselines))


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


def _password() -> str:
    given = os.environ.get(PASSWORD)
    return given if given is not None else str(click.prompt(
        "Password or PIN of the key", hide_input=True, err=True))


def _show(output: Path, made: Verification) -> None:
    for line in made.holds:
        click.echo(line)
    for name, digest in made.redacted.items():
        click.echo(f"redacted: {name}, SHA-256 {digest}")
    click.echo(f"bundle: {output}, signed with key {made.keyid}")
