"""``smip-bench pki``: make a test PKI."""

from __future__ import annotations

from pathlib import Path

import click

from devices import pki


@click.group()
def command() -> None:
    """Keys and certificates for a test rig."""


@command.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", help="Derive the keys from this text; they come out equal each time.")
@click.option("--force", is_flag=True, help="Replace the keys of a PKI that is already there.")
def init(folder: Path, seed: str | None, force: bool) -> None:
    """Make root, issuing authority, every remote party and a device in FOLDER.

    The keys are for test only and never belong in a repository.
    """
    pki.init(folder, seed=seed, force=force)
    click.echo(f"{len(pki.PARTIES)} parties and a device, named in {folder / pki.PARTIES_FILE}")
