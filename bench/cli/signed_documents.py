"""What the commands for signed documents share: the options for a signature, and its check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.bundle import KeyFileError, TrustStore
from bench.cli.options import write_whole
from bench.cli.signing import PASSWORD, password
from bench.documents.checking import check_document
from bench.documents.signing import Credential, read_credential, sign
from bench.records.issued import Signatory

F = TypeVar("F", bound=Callable[..., Any])

NOT_SOUND = 1


def signing_options(whose: str) -> Callable[[F], F]:
    """Add ``--sign``, ``--key`` and ``-o``; :func:`credential_of` reads the first two."""

    def add(command: F) -> F:
        path = click.Path(path_type=Path)
        for names, required, text in (
            (("-o", "--output"), True, "The PDF."),
            (("--key",), False, "The private key, P-256 or Ed25519, PEM, mode 600. A password is "
                                f"in {PASSWORD}, or is asked for."),
            (("--sign", "certificate_file"), False,
             f"{whose} X.509 certificate, PEM; without it nothing is signed."),
        ):
            command = click.option(*names, required=required, type=path, metavar="FILE",
                                   help=text)(command)
        return command

    return add


def credential_of(certificate: Path | None, key: Path | None) -> Credential | None:
    """Return what signs, ``None`` without the options; a ``click.UsageError`` says why not."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("--sign and --key go together: a certificate and its private key")
    try:
        return read_credential(certificate, key, password)
    except KeyFileError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def deliver(pdf: bytes, output: Path, credential: Credential | None,
            signatory: Signatory) -> None:
    """Write a document, signed where there is something to sign with, and say so."""
    if credential is None:
        write_whole(output, pdf)
        click.echo(f"{output}: not signed")
        return
    write_whole(output, sign(pdf, credential, signatory, datetime.now(UTC)))
    click.echo(f"{output}: signed with key {credential.keyid}")


def show_check(file: Path, trust: TrustStore) -> int:
    """Check a signed PDF, say what was found, and return the exit status."""
    found = check_document(file, trust, datetime.now(UTC))
    for line in (*found.findings, *found.holds):
        click.echo(line)
    if found.sound:
        click.echo("sound")
        return 0
    if found.intact:
        click.echo("it is as it was signed, but not by a key that is trusted here")
    return NOT_SOUND

