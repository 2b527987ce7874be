"""``smip-bench register certificate``: the document of a granted certificate."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from bench.cli.signed_documents import credential_of, deliver, signing_options
from bench.documents.declaration import load_body_declaration
from bench.documents.ruling import read_ruling, refuse_misfits
from bench.errors import DocumentError, RegisterError
from bench.register import Register
from reports.documents.certificate import certificate_pdf

REFUSED = 1


@click.command("certificate")
@click.argument("certificate")
@click.option("--register", "place", required=True, envvar="SMIP_BENCH_REGISTER",
              metavar="PLACE", help="SQLite file, or postgresql://... (also from "
                                    "SMIP_BENCH_REGISTER).")
@click.option("--ruling", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The ruling that it was granted on, plain or signed.")
@click.option("--body", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The certification body's declaration: name, address, signatory.")
@click.option("--at", metavar="DATE", default="",
              help="As the register stands on that date, today if not given.")
@signing_options("The body's")
def certificate(
    certificate: str, place: str, ruling: Path, body: Path, at: str,
    certificate_file: Path | None, key: Path | None, output: Path,
) -> None:
    """Write CERTIFICATE as a PDF: granted or not in force any more, as its entries have it.

    Exit status: 0 written; 1 refused: no such certificate, a register that is not what was
    entered, a ruling of another one, or a signatory who is the laboratory; 2 wrong usage.
    """
    declaration = load_body_declaration(body)
    credential = credential_of(certificate_file, key)
    day = _day(at)
    try:
        register = Register(place)
    except RegisterError as absent:
        raise click.UsageError(str(absent)) from absent
    try:
        with register:
            wrong = register.verify()
            if wrong:
                raise RegisterError(f"the register is not what was entered: {wrong[0].text}")
            found, head = register.certificate(certificate, at=day), register.head()
        decided, octets = read_ruling(ruling)
        refuse_misfits(found, decided, octets, declaration, credential)
    except (RegisterError, DocumentError) as refused:
        click.echo(f"smip-bench: {refused}", err=True)
        sys.exit(REFUSED)
    deliver(certificate_pdf(found, decided, head, declaration), output, credential,
            declaration.signatory)


def _day(at: str) -> str:
    if not at:
        return datetime.now(UTC).date().isoformat()
    try:
        return date.fromisoformat(at).isoformat()
    except ValueError:
        raise click.UsageError(f"--at: {at!r} is no date such as 2026-03-05") from None
