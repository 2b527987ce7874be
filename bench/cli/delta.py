"""``smip-bench delta``: what a new firmware must show anew, and what is carried over."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.catalogue import load_catalogue
from bench.cli.evidence import ruling_in_force, sha256_of
from bench.cli.options import device_and_rig, shipped, write_whole
from bench.cli.verify import trust_store
from bench.plan import for_device, load_plans, select, suspected
from bench.records.serial import to_json
from bench.register import Register
from bench.resources import ROOT, resolve
from bench.runner.carried import FORMAT
from bench.runner.order import in_order
from bench.scheme import load_baseline
from bench.scheme.case_list import refuse_other_cases
from bench.scheme.delta import delta, load_rules
from bench.scheme.dossier import load_dossier
from devices.profile import load_profile
from devices.rig import load_rig

RULES = "testplans/delta.yaml"


@click.command("delta")
@click.argument("dossier", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--earlier", required=True, metavar="FILE",
              type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="The signed ruling of the certificate that the change builds on.")
@click.option("--register", "place", required=True, envvar="SMIP_BENCH_REGISTER", metavar="PLACE",
              help="Where that certificate must be in force.")
@click.option("--trust-body", required=True, multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="The certification body's certificate or public key.")
@click.option("--baseline", required=True, callback=shipped, metavar="FILE",
              help="The baseline of the new certificate.")
@device_and_rig
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The selection, for `smip-bench certify --delta FILE`.")
def command(
    dossier: Path, earlier: Path, place: str, trust_body: tuple[Path, ...], baseline: Path,
    dut: Path, rig: Path, output: Path,
) -> None:
    """Select, by the declaration of change in DOSSIER and the rule table, the cases that the new
    firmware runs again; all others are carried over, each with its reason.

    Exit status: 0 done; 2 wrong usage, dossier, baseline, profile or rig; 3 the certificate is not
    in force, or its ruling is not the one given.
    """
    catalogue = load_catalogue()
    wanted, said = load_baseline(baseline, catalogue), load_dossier(dossier, catalogue)
    if said.change is None:
        raise click.UsageError(f"{dossier}: declares no change")
    profile, declaration = load_profile(dut), load_rig(rig)
    now = datetime.now(UTC)
    with Register(place) as register:
        before = ruling_in_force(earlier, said.change.base, register, trust_store(trust_body), now,
                                 f"{now:%Y-%m-%d}")
    cases = for_device(in_order(load_plans(
        tuple(ROOT / "testplans" / plan for plan in wanted.plans), catalogue)), wanted.device)
    refuse_other_cases(baseline, wanted.cases, cases)
    rules = load_rules(resolve(RULES))
    chosen = select(cases, profile.ics, declaration.ports, traits=declaration.traits,
                    left_out=profile.left_out)
    lines = delta(chosen, profile.ics, before, said.change, rules, suspected(cases, catalogue))
    write_whole(output, json.dumps({
        "format": FORMAT, "base": said.change.base, "changes": said.change.changes,
        "baseline": wanted.title, "rules": rules.digest, "ruling": sha256_of(earlier),
        "subject": to_json(profile.subject), "cases": to_json(lines)}, indent=1).encode() + b"\n")
    for reason, count in Counter(line.reason for line in lines if line.again).most_common():
        click.echo(f"again {count:5}: {reason}")
    carried = sum(not line.again for line in lines)
    click.echo(f"{len(lines) - carried} of {len(lines)} cases run again, {carried} carried over "
               f"from {said.change.base}: {output}")
