"""``smip-bench verify``: is the evidence of a run as it was written, and all there?"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import (
    Authorities,
    KeyFileError,
    TrustStore,
    read_authorities,
    read_trust,
    verify_bundle,
)
from bench.cli.signed_documents import show_check
from bench.documents.checking import is_document
from bench.errors import LedgerError
from bench.ledger import ProblemKind, check_ledger, read_ledger

ALTERED, NO_LEDGER = 1, 2
SHOWN = 20


@click.command("verify")
@click.argument("evidence", metavar="FOLDER|FILE", type=click.Path(path_type=Path))
@click.option("--trust", "trusted", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle or PDF: the signers' certificates or public keys, PEM, or a folder "
                   "of them; may be given several times.")
@click.option("--trust-tsa", "trusted_tsa", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle: certificates of time-stamping authorities, or of those above "
                   "them, PEM, or a folder of them; may be given several times.")
def command(evidence: Path, trusted: tuple[Path, ...], trusted_tsa: tuple[Path, ...]) -> None:
    """Check the hash chain and the captures of the run in FOLDER, or all of the signed bundle FILE,
    or the signature of a PDF FILE.

    Offline. Exit status: 0 all of it holds, and a trusted key signed the bundle; 1 altered (each
    part that does not hold is named), ended early, signed by a key that is not trusted, or stamped
    by an authority that is not among those given; 2 no ledger or bundle there, or wrong usage.
    """
    if evidence.is_file() and is_document(evidence):
        if trusted_tsa:
            raise click.UsageError(f"--trust-tsa is for a bundle; {evidence} is none")
        sys.exit(show_check(evidence, trust_store(trusted)))
    if evidence.is_file():
        sys.exit(_bundle(evidence, trust_store(trusted), trusted_authorities(trusted_tsa)))
    for option, given in (("--trust", trusted), ("--trust-tsa", trusted_tsa)):
        if given:
            raise click.UsageError(f"{option} is for a bundle; {evidence} is none")
    _folder(evidence)


def trust_store(trusted: tuple[Path, ...]) -> TrustStore:
    """Return the keys of ``--trust``; a mistake in them is one of usage."""
    try:
        return read_trust(trusted)
    except KeyFileError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def trusted_authorities(trusted: tuple[Path, ...]) -> Authorities | None:
    """Return the authorities of ``--trust-tsa``, ``None`` where it was not given; a mistake in them
    is one of usage."""
    try:
        return read_authorities(trusted) if trusted else None
    except KeyFileError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _bundle(file: Path, trust: TrustStore, authorities: Authorities | None) -> int:
    found = verify_bundle(file, trust, datetime.now(UTC), authorities)
    for finding in found.findings:
        click.echo(str(finding))
    for line in found.holds:
        click.echo(line)
    for name, digest in found.redacted.items():
        click.echo(f"redacted: {name}, SHA-256 {digest}")
    for note in found.notes:
        click.echo(f"note: {note}")
    if found.sound:
        click.echo("sound, but for what is redacted" if found.redacted else "sound")
        return 0
    if found.intact:
        click.echo("what is there is as it was signed, but not by a key that is trusted here")
    return ALTERED


def _folder(folder: Path) -> None:
    try:
        problems = check_ledger(folder)
    except LedgerError as none:
        click.echo(f"smip-bench: {none}", err=True)
        sys.exit(NO_LEDGER)
    for problem in problems[:SHOWN]:
        click.echo(f"{problem.kind}: {problem.text}")
    if len(problems) > SHOWN:
        click.echo(f"and {len(problems) - SHOWN} more")
    if any(problem.kind is ProblemKind.ALTERED for problem in problems):
        sys.exit(ALTERED)
    if problems:
        click.echo("what is there is as it was written")
        sys.exit(ALTERED)
    contents = read_ledger(folder)
    reported = _reported_hash(folder / "report.json")
    if reported and reported != contents.hash:
        click.echo(f"altered: report.json tells of another ledger: it ends in {reported}, "
                   f"this one in {contents.hash}")
        sys.exit(ALTERED)
    click.echo(f"intact: {len(contents.events) + 1} entries, last hash {contents.hash}")


def _reported_hash(path: Path) -> str:
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    return str(report.get("ledger_hash", "")) if isinstance(report, dict) else ""
