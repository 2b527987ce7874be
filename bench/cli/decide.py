"""``smip-bench decide``: the certification body's ruling on the evidence of laboratories."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from bench.bundle.ruling import refuse_own_laboratory, sign_ruling
from bench.catalogue import load_catalogue
from bench.cli.evidence import laboratory_run, ruling_in_force, sha256_of
from bench.cli.options import shipped, write_whole
from bench.cli.signing import signer_of, signing_key
from bench.cli.verify import trust_store, trusted_authorities
from bench.plan import suspected
from bench.records.assurance import Dossier, Ruling
from bench.records.decision import Status
from bench.records.serial import canonical
from bench.register import Register
from bench.resources import resolve
from bench.scheme import load_baseline, rule
from bench.scheme.cures import load_cures
from bench.scheme.decision import AGAINST
from bench.scheme.delta import load_rules
from bench.scheme.dossier import load_dossier

RULES, CURES = "testplans/delta.yaml", "testplans/cures.yaml"
PLAIN, SIGNED = "ruling.json", "ruling.dsse.json"
NOT_COMPLIANT = 1
SHOWN_REASONS = 20


@click.command("decide")
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...",
                type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--baseline", required=True, callback=shipped, metavar="FILE",
              help="What the certificate shall stand for.")
@click.option("--trust", "trusted", required=True, multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="The laboratories' certificates or public keys; may be given several times.")
@click.option("--trust-tsa", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of stamped bundles: the time-stamping authorities whose word counts.")
@click.option("--dossier", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE", help="What is handed in with the evidence.")
@click.option("--earlier", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE",
              help="The signed ruling that the dossier's declaration of change builds on.")
@click.option("--register", "place", default="", envvar="SMIP_BENCH_REGISTER", metavar="PLACE",
              help="With --earlier: where its certificate must be in force.")
@click.option("--trust-body", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="With --earlier: the certification body's key.")
@click.option("--body", default="", help="The certification body, who decides; not who tested.")
@signing_key("The certification body's private key; without it nothing is signed.", required=False)
@click.option("--overlay", type=click.Path(path_type=Path, exists=True), default=None,
              help="The operator's confirmations of clauses.")
@click.option("-o", "--output", required=True, metavar="DIR",
              type=click.Path(path_type=Path, file_okay=False, writable=True),
              help=f"Folder of {PLAIN} and, with --key, {SIGNED}.")
def command(
    bundles: tuple[Path, ...], baseline: Path, trusted: tuple[Path, ...],
    trust_tsa: tuple[Path, ...], dossier: Path | None, earlier: Path | None, place: str,
    trust_body: tuple[Path, ...], body: str, key: str | None, overlay: Path | None, output: Path,
) -> None:
    """Verify the evidence BUNDLEs of one or more laboratories, judge them again, weigh them with
    the dossier, and rule: full, partial or none, with the reason for each requirement.

    Exit status: 0 SMIP Compliant; 1 partial or none; 2 wrong usage, dossier or baseline; 3 the
    evidence does not hold, or who rules is a laboratory of the runs.
    """
    if key and not body:
        raise click.UsageError("--key needs --body: in whose name is it signed?")
    signer = signer_of(key) if key else None
    catalogue = load_catalogue(overlay=overlay)
    wanted = load_baseline(baseline, catalogue)
    said = load_dossier(dossier, catalogue) if dossier else Dossier()
    now = datetime.now(UTC)
    at = f"{now:%Y-%m-%d}"
    before = _earlier(said, earlier, place, trust_body, now, at)
    trust, authorities = trust_store(trusted), trusted_authorities(trust_tsa)
    read = sorted((laboratory_run(bundle, trust, now, authorities) for bundle in bundles),
                  key=lambda one: one[0].turn)
    ruling = rule(
        runs=[run for run, _ in read], catalogue=catalogue, baseline=wanted,
        suspects=suspected((selected.case for run, _ in read for selected in run.plan.selected),
                           catalogue),
        at=at, dossier=said, earlier=before, rules=load_rules(resolve(RULES)) if before else None,
        bench=version("smip-bench"), certification_body=body)
    ruling = replace(
        ruling, earlier_sha256=sha256_of(earlier) if before and earlier else "",
        notes=(*ruling.notes, *(f"judged again: {line}" for _, lines in read for line in lines)))
    output.mkdir(parents=True, exist_ok=True)
    if signer:
        refuse_own_laboratory(ruling, signer.public_key.keyid)
        write_whole(output / SIGNED, sign_ruling(ruling, signer, now))
    write_whole(output / PLAIN, canonical(ruling) + b"\n")
    _tell(ruling)
    for id_, cure in load_cures(resolve(CURES), catalogue).items():
        if cure.hardware and any(line.id == id_ and line.standing in AGAINST
                                 for line in ruling.requirements):
            click.echo(f"  {id_}: {cure}")
    click.echo(f"ruling: {output / (SIGNED if signer else PLAIN)}"
               + ("" if signer else ", signed by nobody"))
    sys.exit(0 if ruling.decision.status is Status.COMPLIANT else NOT_COMPLIANT)


def _earlier(
    dossier: Dossier, earlier: Path | None, place: str, trust_body: tuple[Path, ...],
    now: datetime, at: str,
) -> Ruling | None:
    if (dossier.change is None) != (earlier is None):
        raise click.UsageError("a dossier that declares a change and --earlier, the ruling that it "
                               "builds on, go together")
    if dossier.change is None or earlier is None:
        return None
    if not place or not trust_body:
        raise click.UsageError("--earlier needs --register and --trust-body")
    with Register(place) as register:
        return ruling_in_force(earlier, dossier.change.base, register, trust_store(trust_body),
                               now, at)


def _tell(ruling: Ruling) -> None:
    decision = ruling.decision
    for imported in ruling.imports:
        stands = ", ".join(imported.requirements) or "nothing"
        click.echo(f"imported {imported.result.kind} {imported.result.number}: {imported.match}, "
                   f"stands for {stands}" + (f"; {imported.remark}" if imported.remark else ""))
    for note in ruling.notes:
        click.echo(f"note: {note}")
    mark = "DEMONSTRATION: " if ruling.demonstration else ""
    click.echo(f"{mark}{decision.status}" + (f" - {decision.scope}" if decision.scope else ""))
    for reason in decision.reasons[:SHOWN_REASONS]:
        click.echo(f"  {reason}")
    if len(decision.reasons) > SHOWN_REASONS:
        click.echo(f"  and {len(decision.reasons) - SHOWN_REASONS} more reasons in the ruling")
