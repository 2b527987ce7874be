"""``smip-bench dispute``: a case is disputed, replayed, and the dispute ended in the register.

Exit status of each but ``replay``: 0 done; 1 refused; 2 wrong usage, or there is no register; 3 the
evidence does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from bench.catalogue import load_catalogue
from bench.cli.dispute_replay import about_case
from bench.cli.dispute_replay import command as replay
from bench.cli.options import all_shipped
from bench.cli.planned_cases import planned_cases
from bench.cli.register_options import PLACE, answers, at_day, opened
from bench.cli.run_evidence import Evidence, read_evidence
from bench.errors import RegisterError
from bench.ledger import check_ledger
from bench.records.register import Certificate, Dispute, DisputeOutcome, OpenDispute
from bench.records.replay import Replay
from bench.records.serial import to_json
from bench.register import Register
from bench.register.touched import CONCERNED, baselines_of, touched
from bench.resources import ROOT
from bench.runner.order import LAST
from bench.runner.replay import MODE
from bench.scheme.baseline_file import file_digest
from bench.scheme.dispute import FOLLOWS, misfits
from reports.replay_record import read_replay

OUTCOMES = {str(outcome).replace(" ", "-"): outcome for outcome in DisputeOutcome}
SHOWN_HASH = 16


@click.group("dispute")
def command() -> None:
    """A dispute over one case: opened on evidence, replayed, ended in the register."""


command.add_command(replay)


@command.command("open")
@PLACE
@at_day(enters=True)
@click.argument("place_of_evidence", metavar="FOLDER|BUNDLE", type=click.Path(path_type=Path))
@click.option("--case", required=True, help="The disputed case.")
@click.option("--by", required=True, help="Who disputes it.")
@click.option("--reason", required=True)
@click.option("--certificate", default="", metavar="CERTIFICATE",
              help="The certificate that rests on the evidence, where one does.")
@click.option("--trust", "trusted", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle: refuse it unless one of these keys signed it.")
@answers
def open_(place: str, at: str, place_of_evidence: Path, case: str, by: str, reason: str,
          certificate: str, trusted: tuple[Path, ...]) -> None:
    """Open a dispute over a case of the evidence in FOLDER or BUNDLE.

    The evidence is what a certificate rests on, or a report's that none does: a maker disputes
    the FAIL of a refused firmware.
    """
    with opened(place) as register:
        evidence = read_evidence(place_of_evidence, trusted)
        about = about_case(evidence, case)
        wrong = tuple(_objections(register, place_of_evidence, evidence, certificate, at))
        if wrong:
            raise RegisterError(f"{place_of_evidence}: no dispute can be opened on it: "
                                + "; ".join(wrong))
        verdict = about.reported or about.result.verdict.value
        number = register.dispute(certificate, Dispute(
            case, by, reason, ledger_hash=evidence.contents.hash,
            fingerprint=about.case.fingerprint, verdict=verdict,
            subject=evidence.contents.plan.subject), at=at)
        if certificate:
            named = next(run.bundle_sha256
                         for run in register.certificate(certificate, at=at).grant.runs
                         if run.ledger_hash == evidence.contents.hash)
            if evidence.bundle_sha256 and named not in ("", evidence.bundle_sha256):
                click.echo(f"note: the bundle that {certificate} names has the SHA-256 {named}; "
                           "this one holds the same ledger", err=True)
    click.echo(f"dispute {number} over {case} ({verdict}) of "
               f"{certificate or 'a report without a certificate'}")


@command.command("resolve")
@PLACE
@at_day(enters=True)
@click.argument("number", type=click.IntRange(min=1))
@click.option("--outcome", required=True, type=click.Choice(list(OUTCOMES)))
@click.option("--reason", required=True)
@click.option("--replay", "replay_file", type=click.Path(path_type=Path), metavar="FILE",
              help="The replay.json that the outcome rests on; may be left out for upheld only.")
@click.option("--baseline", "baselines", multiple=True, metavar="FILE", callback=all_shipped,
              help="Of a plan erratum: a baseline that certificates stand on, beside those that "
                   "ship; may be repeated.")
@answers
def resolve(place: str, at: str, number: int, outcome: str, reason: str,
            replay_file: Path | None, baselines: tuple[Path, ...]) -> None:
    """End the dispute NUMBER; a plan erratum marks every certificate that the case touches."""
    ended = OUTCOMES[outcome]
    if baselines and ended is not DisputeOutcome.PLAN_ERRATUM:
        raise click.UsageError("--baseline is for a plan erratum")
    with opened(place) as register:
        one = register.disputed(number)
        found, sha256 = read_replay(replay_file) if replay_file else (None, "")
        if found is None and ended is not DisputeOutcome.UPHELD:
            raise RegisterError(f"{outcome}: what does not let the verdict stand rests on a "
                                "replay of the case; name it with --replay")
        if found is not None:
            _refuse_misfits(register, one, ended, found, at)
        marks: tuple[str, ...] = ()
        unknown: tuple[str, ...] = ()
        if found is not None and ended is DisputeOutcome.PLAN_ERRATUM:
            marks, unknown = _touched(register.certificates(at=at), one, found, baselines)
        done = register.resolve(number, outcome=ended, reason=reason, at=at,
                                replay_sha256=sha256, touches=marks)
    for line in _told(done, marks, unknown):
        click.echo(line)


@command.command("list")
@PLACE
@at_day(enters=False)
@click.option("--open", "only_open", is_flag=True, help="Only those that are not resolved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@answers
def list_(place: str, at: str, only_open: bool, as_json: bool) -> None:
    """List disputes, one a line."""
    with opened(place) as register:
        found = [one for one in register.disputes(at=at)
                 if one.resolution is None or not only_open]
    if as_json:
        click.echo(json.dumps(to_json(found), indent=1))
        return
    for one in found:
        ended = f"{one.resolution.outcome} on {one.resolved}" if one.resolution else "open"
        click.echo("  ".join((f"{one.number:>4}", one.opened, f"{_over(one):<27}",
                              f"{ended:<27}", f"{one.dispute.case}, by {one.dispute.opened_by}")))
    click.echo(f"{len(found)} disputes", err=True)


def _objections(register: Register, place: Path, evidence: Evidence, certificate: str,
                at: str) -> Iterator[str]:
    """Yield why no dispute can be opened on the evidence."""
    contents, plan = evidence.contents, evidence.contents.plan
    if plan.mode == MODE:
        yield "it is of a replay, not of a test"
    if place.is_dir() and (problems := check_ledger(place)):
        yield problems[0].text
    if certificate:
        return  # whether it is the certificate's, the register knows
    rests = [one.id for one in register.certificates(at=at)
             if contents.hash in one.grant.ledger_hashes]
    if rests:
        yield f"{rests[-1]} rests on it; name that with --certificate"
    emulated = plan.demonstration or plan.rig.get("emulated") is True
    if emulated is not register.head().demonstration:
        yield ("software stood for the device, and this register is none for demonstrations"
               if emulated else "this register is for demonstrations")


def _refuse_misfits(register: Register, one: OpenDispute, outcome: DisputeOutcome,
                    found: Replay, at: str) -> None:
    rests_on = (one.dispute.ledger_hash,) if one.dispute.ledger_hash else \
        register.certificate(one.certificate, at=at).grant.ledger_hashes
    wrong = tuple(misfits(one.dispute, rests_on, outcome, found))
    if wrong:
        raise RegisterError(f"dispute {one.number} cannot end as {outcome} on this replay: "
                            + "; ".join(wrong))


def _touched(certificates: tuple[Certificate, ...], one: OpenDispute, found: Replay,
             baselines: tuple[Path, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the certificates that a plan erratum marks, and those of which it is not known."""
    catalogue = load_catalogue()
    wanted = {digest for each in certificates for digest in baselines_of(each)}
    shipped = sorted((ROOT / "testplans" / "baselines").glob("*.yaml"))
    known: Mapping[str, Mapping[str, str]] = dict(
        planned_cases(path, catalogue) for path in (*shipped, *baselines)
        if file_digest(path) in wanted)
    marks, unknown = touched(certificates, found.case.removesuffix(LAST),
                             found.fingerprints.stored, known)
    # whatever its baseline plans: its own evidence holds the case
    own = [each.id for each in certificates
           if each.id == one.certificate and each.status in CONCERNED]
    marks = tuple(sorted({*marks, *own}))
    return marks, tuple(name for name in unknown if name not in own)


def _told(done: OpenDispute, marks: tuple[str, ...], unknown: tuple[str, ...]) -> Iterator[str]:
    assert done.resolution is not None
    outcome = done.resolution.outcome
    yield f"dispute {done.number} over {done.dispute.case}: {outcome}"
    with_certificate, without = FOLLOWS[outcome]
    yield f"{done.certificate or 'no certificate'}: " + (
        with_certificate if done.certificate else without)
    for name in marks:
        yield f"marked: {name}"
    for name in unknown:
        yield (f"not known: {name}: its baseline is not among those given (--baseline), so whether "
               "the case touches it was not looked at")


def _over(one: OpenDispute) -> str:
    return one.certificate or f"report {one.dispute.ledger_hash[:SHOWN_HASH]}..."
