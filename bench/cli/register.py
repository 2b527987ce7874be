"""``smip-bench register``: certificates granted, changed, looked up, verified and published.

Exit status of each: 0 done; 1 refused, or the register is not what was entered; 2 wrong usage, or
there is no register to be used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.cli.options import write_whole
from bench.cli.register_certificate import certificate
from bench.cli.register_grant import assessment_of, grant_of, issues_of, verified_ruling
from bench.cli.register_options import PLACE, REFUSED, answers, at_day, opened
from bench.cli.verify import trust_store
from bench.errors import RegisterError
from bench.records.register import (
    Certificate,
    CertificateStatus,
    PlanReview,
    RectificationPlan,
    ToleratedIssue,
)
from bench.register import Register
from bench.scheme.subject import Coding
from reports.register_lists import plain_certificate, register_csv, register_json
from reports.register_site import write_site


def _tell(found: Certificate) -> None:
    click.echo(f"{found.id}: {found.status} since {found.since}: {found.reason}")
    if found.due and not found.overdue:
        click.echo(f"{found.due_for} due by {found.due}")


@click.group("register")
def command() -> None:
    """The register of certificates: append-only, hash-chained."""


command.add_command(certificate)


@command.command("init")
@PLACE
@at_day(enters=True)
@click.option("--keeper", required=True, help="The organisation that keeps the register.")
@click.option("--demonstration", is_flag=True,
              help="For certificates of emulated devices; every page says so.")
@answers
def init(place: str, at: str, keeper: str, demonstration: bool) -> None:
    """Make a register."""
    with Register.create(place, keeper=keeper, at=at, demonstration=demonstration) as made:
        click.echo(f"register of {keeper}, first hash {made.head().first}")


_RULING = click.argument("ruling", metavar="RULING", type=click.Path(
    path_type=Path, exists=True, dir_okay=False))
_TRUST = click.option(
    "--trust", "trusted", required=True, multiple=True, metavar="DIR_OR_PEM",
    type=click.Path(path_type=Path, exists=True),
    help="The certification body's certificate or public key; may be given several times.")


@command.command("grant")
@PLACE
@at_day(enters=True)
@_RULING
@_TRUST
@click.option("--condition", "conditions", multiple=True, help="A condition; may be repeated.")
@click.option("--upgradable-from", multiple=True, metavar="VERSION",
              help="Firmware version that may be upgraded to this one; may be repeated.")
@click.option("--expires", default="", metavar="DATE", help="Last day of validity.")
@click.option("--coding", type=click.Choice([str(coding) for coding in Coding]),
              default=str(Coding.HEXADECIMAL), help="How the maker writes firmware versions.")
@click.option("--supersedes", default="", metavar="CERTIFICATE",
              help="Certificate that ends with this one's grant.")
@click.option("--reason", default="", help="Why it is granted.")
@answers
def grant(
    place: str, at: str, ruling: Path, trusted: tuple[Path, ...], conditions: tuple[str, ...],
    upgradable_from: tuple[str, ...], expires: str, coding: str, supersedes: str, reason: str,
) -> None:
    """Grant a certificate on the signed RULING of the certification body (smip-bench decide).

    The issues of the device that the ruling tolerates are entered with it.
    """
    decided = verified_ruling(ruling, trust_store(trusted), datetime.now(UTC))
    with opened(place) as register:
        wanted = grant_of(
            ruling, decided, register, conditions=conditions, upgradable_from=upgradable_from,
            expires=expires, coding=coding, reason=reason, at=at)
        _tell(register.grant(wanted, at=at, supersedes=supersedes, issues=issues_of(decided)))


@command.command("assess")
@PLACE
@at_day(enters=True)
@click.argument("certificate")
@_RULING
@_TRUST
@click.option("--reason", default="", help="What is to be said of it.")
@answers
def assess(place: str, at: str, certificate: str, ruling: Path, trusted: tuple[Path, ...],
           reason: str) -> None:
    """Enter the signed RULING on a certified subject under a further baseline, for example an
    emergency one that is run over what is certified. The status stays: suspend or withdraw it
    where the ruling asks for that."""
    decided = verified_ruling(ruling, trust_store(trusted), datetime.now(UTC))
    with opened(place) as register:
        held = register.certificate(certificate, at=at).grant
        if decided.subject != held.subject:
            raise RegisterError(f"{ruling}: is on another subject than {certificate}")
        if decided.demonstration is not held.demonstration:
            raise RegisterError(f"{ruling}: a demonstration says nothing of a certificate")
        _tell(register.assess(certificate, assessment_of(ruling, decided, reason), at=at))
    click.echo(f"under {decided.baseline.name} ({decided.baseline.date}): "
               f"{decided.decision.status}")


def _changing(name: str, what: str) -> None:
    @command.command(name, help=what)
    @PLACE
    @at_day(enters=True)
    @click.argument("certificate")
    @click.option("--reason", required=True)
    @answers
    def change(place: str, at: str, certificate: str, reason: str) -> None:
        with opened(place) as register:
            _tell(getattr(register, name)(certificate, reason=reason, at=at))


for _name, _what in {
    "suspend": "Suspend a certificate for a time.",
    "reinstate": "Put a suspended certificate back in force.",
    "withdraw": "Withdraw a certificate for good.",
}.items():
    _changing(_name, _what)


@command.command("supersede")
@PLACE
@at_day(enters=True)
@click.argument("certificate")
@click.option("--by", required=True, metavar="CERTIFICATE", help="What takes its place.")
@click.option("--reason", required=True)
@answers
def supersede(place: str, at: str, certificate: str, by: str, reason: str) -> None:
    """Say that another certificate of the same model takes its place."""
    with opened(place) as register:
        _tell(register.supersede(certificate, by=by, reason=reason, at=at))


@command.command("expire")
@PLACE
@at_day(enters=True)
@answers
def expire(place: str, at: str) -> None:
    """Enter the expiry of all certificates whose validity has ended."""
    with opened(place) as register:
        ended = register.expire(at=at)
    for found in ended:
        _tell(found)
    click.echo(f"{len(ended)} expired")


@command.command("plan")
@PLACE
@at_day(enters=True)
@click.argument("certificate")
@click.option("--summary", required=True, help="What will be done.")
@click.option("--owner", required=True, help="Who does it.")
@click.option("--target", required=True, metavar="DATE", help="Until when.")
@answers
def plan(place: str, at: str, certificate: str, summary: str, owner: str, target: str) -> None:
    """Enter the rectification plan of a partial certificate."""
    with opened(place) as register:
        _tell(register.plan(certificate, RectificationPlan(summary, owner, target), at=at))


@command.command("review")
@PLACE
@at_day(enters=True)
@click.argument("certificate")
@click.option("--finding", required=True, help="How far the plan is.")
@click.option("--reviewer", required=True, help="Who reviewed it.")
@answers
def review(place: str, at: str, certificate: str, finding: str, reviewer: str) -> None:
    """Enter the review of a rectification plan."""
    with opened(place) as register:
        _tell(register.review(certificate, PlanReview(finding, reviewer), at=at))


_FOR = click.option("--for", "certificate", default="", metavar="CERTIFICATE",
                    help="The certificate, all of them if not given.")


@command.command("tolerate")
@PLACE
@at_day(enters=True)
@click.argument("issue")
@_FOR
@click.option("--requirement", required=True, help="The requirement that it breaks.")
@click.option("--text", required=True, help="What the issue is.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--review", "until", required=True, metavar="DATE", help="When it is looked at.")
@answers
def tolerate(place: str, at: str, issue: str, certificate: str, requirement: str, text: str,
             owner: str, until: str) -> None:
    """Enter an issue that is tolerated."""
    with opened(place) as register:
        register.tolerate(ToleratedIssue(issue, requirement, text, owner, until), at=at,
                          certificate=certificate)
    click.echo(f"{issue}: tolerated")


@command.command("close")
@PLACE
@at_day(enters=True)
@click.argument("issue")
@_FOR
@click.option("--reason", required=True)
@answers
def close(place: str, at: str, issue: str, certificate: str, reason: str) -> None:
    """Enter that an issue is tolerated no longer."""
    with opened(place) as register:
        register.close_issue(issue, reason=reason, at=at, certificate=certificate)
    click.echo(f"{issue}: closed")


_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command.command("list")
@PLACE
@at_day(enters=False)
@click.option("--status", type=click.Choice([str(status) for status in CertificateStatus]))
@click.option("--model", default="", help="Only models that hold this text.")
@_JSON
@answers
def list_(place: str, at: str, status: str | None, model: str, as_json: bool) -> None:
    """List certificates, one a line."""
    with opened(place) as register:
        found = [one for one in register.certificates(at=at)
                 if status in (None, one.status)
                 and model.casefold() in one.grant.subject.model.casefold()]
    if as_json:
        click.echo(json.dumps([plain_certificate(one) for one in found], indent=1))
        return
    for one in found:
        subject = one.grant.subject
        click.echo("  ".join((
            one.id, f"{one.status:<10}", one.granted, subject.firmware_version,
            f"{subject.manufacturer} {subject.model}, hardware {subject.hardware_version}")))
    click.echo(f"{len(found)} certificates", err=True)


@command.command("show")
@PLACE
@at_day(enters=False)
@click.argument("certificate")
@_JSON
@answers
def show(place: str, at: str, certificate: str, as_json: bool) -> None:
    """Show one certificate and its history."""
    with opened(place) as register:
        found = register.certificate(certificate, at=at)
    if as_json:
        click.echo(json.dumps(plain_certificate(found), indent=1))
        return
    granted, subject = found.grant, found.grant.subject
    _tell(found)
    click.echo(f"{subject.device_type} {subject.variant}".rstrip()
               + f", {subject.manufacturer} ({subject.manufacturer_id}) {subject.model}, hardware "
                 f"{subject.hardware_version}, firmware {subject.firmware_version}")
    click.echo(f"image {subject.image_hash}")
    click.echo(f"{granted.decision}: {granted.scope}")
    click.echo(f"{granted.baseline.name} ({granted.baseline.date}); tested by "
               f"{granted.laboratory}, decided by {granted.certification_body}")
    for issue in found.issues:
        click.echo(f"tolerated: {issue.issue}, {issue.owner}, review by {issue.review}")
    for entry in found.history:
        click.echo(f"  {entry.at}  {entry.kind}  (entry {entry.sequence})")


@command.command("verify")
@PLACE
@click.option("--head", default="", metavar="HASH",
              help="A hash that was noted earlier and elsewhere; the register must hold it.")
@answers
def verify(place: str, head: str) -> None:
    """Check that the register is what was entered, all of it, and by the rules."""
    with opened(place) as register:
        wrong = register.verify(head.lower())
        if wrong:
            click.echo(f"altered: {wrong[0].text}")
            sys.exit(REFUSED)
        last = register.head()
    click.echo(f"intact: {last.sequence} entries, last hash {last.hash}")


@command.command("export")
@PLACE
@at_day(enters=False)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Everything, as JSON.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE",
              help="As the Certified Products List.")
@click.option("--site", type=click.Path(path_type=Path), metavar="DIR",
              help="A site that needs no server.")
@answers
def export(place: str, at: str, json_file: Path | None, csv_file: Path | None,
           site: Path | None) -> None:
    """Publish the register. Refused where it is not what was entered."""
    if not (json_file or csv_file or site):
        raise click.UsageError("nothing to do: name --json, --csv or --site")
    with opened(place) as register:
        published = register.published(at=at)
    if json_file:
        _write(json_file, register_json(published))
    if csv_file:
        _write(csv_file, register_csv(published.certificates))
    if site:
        click.echo(f"{site}: {write_site(published, site)} pages")


def _write(path: Path, parts: Iterable[str]) -> None:
    write_whole(path, "".join(parts).encode())
    click.echo(f"{path}: written")
