"""``smip-bench pki``: make a test PKI, and check certificates."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.certificates import Broken, Certificate, check, read
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
    if seed is not None and not seed.strip():  # a variable that was never set
        raise click.BadParameter("a text is wanted, not nothing", param_hint="'--seed'")
    pki.init(folder, seed=seed, force=force)
    click.echo(f"{len(pki.PARTIES)} parties and a device, named in {folder / pki.PARTIES_FILE}")


@command.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...",
                type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authorities", "folder", metavar="DIR",
              type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of the authorities' certificates, or of a PKI that `init` made; "
                   "without it no chain is checked.")
@click.option("--at", metavar="DATE",
              type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
              help="UTC moment at which they must be valid; without it validity is not checked.")
def check_files(files: tuple[Path, ...], folder: Path | None, at: datetime | None) -> None:
    """Say what each certificate is and which rules it breaks, with their clauses.

    A FILE holds one certificate, in DER or PEM. Exit status 1 if any breaks a rule.
    """
    if folder and (folder / pki.AUTHORITIES).is_dir():
        folder /= pki.AUTHORITIES
    issuers = pki.read_authorities(folder) if folder else None
    moment = at.replace(tzinfo=UTC) if at else None
    wrong = 0
    for file in files:
        try:
            octets = file.read_bytes()
        except OSError as absent:
            raise click.UsageError(f"{file}: {absent.strerror}") from None
        found, broken = _examined(octets, issuers, moment)
        for line in _lines(file, found, broken):
            click.echo(line)
        wrong += bool(broken)
    left_out = "; ".join(
        text for given, text in ((folder, "chains not checked, no --authorities"),
                                 (at, "validity not checked, no --at")) if not given)
    click.echo(f"{len(files) - wrong} of {len(files)} certificates keep every rule"
               + (f" ({left_out})" if left_out else ""))
    if wrong:
        sys.exit(1)


def _examined(
    octets: bytes, issuers: Sequence[Certificate] | None, at: datetime | None,
) -> tuple[Certificate | None, tuple[Broken, ...]]:
    try:
        certificate = read(octets)
    except RemoteProtocolError:
        return None, check(octets)
    return certificate, check(certificate, issuers=issuers, at=at)


def _lines(file: Path, found: Certificate | None, broken: Sequence[Broken]) -> Iterator[str]:
    if found is not None:
        yield f"{file}: {_what(found)}"
        yield (f"  serial {found.serial:X}, issued by {found.issuer.text or 'nobody named'}, "
               f"valid {found.not_before:%Y-%m-%dT%H:%M:%SZ} to "
               f"{found.not_after:%Y-%m-%dT%H:%M:%SZ}")
    else:
        yield f"{file}: no certificate"
    for one in broken:
        provisional = ", provisional" if one.source != "read" else ""
        yield f"  {one.name} ({one.clause}{provisional}): {one.found}"


def _what(certificate: Certificate) -> str:
    parts = [f"{certificate.kind} certificate"]
    if certificate.role is not None:
        parts.append(certificate.role.name.lower().replace("_", " "))
    if certificate.eui64 is not None:
        parts.append(certificate.eui64.hex().upper())
    if certificate.usages:
        parts.append(" and ".join(usage.text for usage in certificate.usages))
    return ", ".join(parts)
