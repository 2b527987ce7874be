"""``smip-bench gate``: does the register hold a certificate for this exact firmware?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import click

from bench.cli.options import shipped
from bench.errors import ProfileError, RegisterError
from bench.records.serial import to_json
from bench.records.subject import Subject
from bench.register import Register
from bench.runner.clock import utc_now
from bench.scheme.gate import GateAnswer, admit_firmware
from bench.scheme.subject import lint_subject
from devices.profile import load_profile

CLOSED = 1


@click.command("gate")
@click.option("--profile", callback=shipped, default=None, metavar="FILE",
              help="Device profile, whose subject is asked for.")
@click.option("--subject-json", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE", help="The subject as JSON, or a report.json.")
@click.option("--register", "place", required=True, metavar="FILE|URL",
              envvar="SMIP_BENCH_REGISTER", show_envvar=True,
              help="The register: a SQLite file, or a postgresql:// address.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DATE",
              help="The day of the question (default: today, UTC).")
@click.option("--accept-partial", is_flag=True, help="Let a partial certificate pass.")
@click.option("--demonstration", is_flag=True,
              help="Ask a register for demonstration, whose certificates are worth nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(
    profile: Path | None, subject_json: Path | None, place: str, at: datetime | None,
    accept_partial: bool, demonstration: bool, as_json: bool,
) -> None:
    """Pass a firmware only if a certificate for exactly it, version and hash, is in force.

    The whole register is verified first. Exit status: 0 it passes; 1 it does not (the reason and
    what would make it pass are told); 2 wrong usage or subject; 3 the register cannot be read, or
    was altered.
    """
    if (profile is None) == (subject_json is None):
        raise click.UsageError("one of --profile and --subject-json is wanted")
    subject = load_profile(profile).subject if profile else _subject(Path(str(subject_json)))
    day = f"{at or utc_now():%Y-%m-%d}"
    with Register(place) as register:
        flaws = register.verify()
        if flaws:  # told without the address, which may hold a password
            raise RegisterError(f"the register was altered: entry {flaws[0].sequence}: "
                                f"{flaws[0].text}")
        if register.head().demonstration and not demonstration:
            raise click.UsageError("this register is for demonstration, its certificates "
                                   "are worth nothing; --demonstration asks it all the same")
        certificates = (register.of_subject(subject, at=day)[::-1]
                        or register.certificates(at=day))
    found = admit_firmware(subject, certificates, at=day, accept_partial=accept_partial)
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2, sort_keys=True))
    else:
        for line in _lines(found, demonstration):
            click.echo(line)
    sys.exit(0 if found.passes else CLOSED)


def _subject(path: Path) -> Subject:
    try:
        written = json.loads(path.read_bytes())
        written = written.get("subject", written)
        names = {field.name for field in fields(Subject)}
        if set(written) != names or not all(isinstance(text, str) for text in written.values()):
            raise ValueError(f"expected texts named {', '.join(sorted(names))}, found "
                             f"{', '.join(sorted(map(str, written)))}")
        subject = Subject(**written)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as wrong:
        raise ProfileError(f"{path}:1: it is no subject: {wrong}") from wrong
    mistakes = lint_subject(subject)
    if mistakes:
        raise ProfileError("\n".join(f"{path}:1: {mistake}" for mistake in mistakes))
    return subject


def _lines(found: GateAnswer, demonstration: bool) -> Iterator[str]:
    mark = "DEMONSTRATION: " if demonstration else ""
    yield f"{mark}{'pass' if found.passes else 'fail'}: {found.reason}"
    for text in (*found.near, *found.notes):
        yield f"  {text}"
    if found.remedy:
        yield f"what would make it pass: {found.remedy}"
