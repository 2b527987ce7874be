"""``smip-bench certify``: a baseline's whole selection on one device, decided and reported."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from bench.catalogue import load_catalogue
from bench.cli.options import device_and_rig, shipped, worker_count, workers
from bench.cli.run import WRONG, exit_status, summary
from bench.errors import LedgerError
from bench.ledger.entry import FILE
from bench.plan import for_device, load_plans, suspected
from bench.records.assurance import LaboratoryRun
from bench.records.decision import Outcome, Status
from bench.resources import ROOT
from bench.runner.carried import read_carried
from bench.runner.order import in_order
from bench.runner.rejudge import judge_run
from bench.runner.run import Order, run
from bench.scheme import admit, load_baseline, rule
from bench.scheme.case_list import refuse_other_cases
from devices.adapters.terminal import ask_at_terminal
from devices.dlms_declaration import refuse_omissions
from devices.profile import load_profile
from devices.rig import load_rig, software_answers
from reports import render

SHOWN_REASONS = 12


@click.command("certify")
@device_and_rig
@click.option("--baseline", required=True, callback=shipped, metavar="FILE",
              help="What the certificate stands for.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder of the report and the evidence.")
@click.option("--demonstration", is_flag=True,
              help="Take an emulated device through; every page says so.")
@click.option("--again", is_flag=True, help="Keep an earlier run in DIR beside it, as DIR.1.")
@click.option("--resume", is_flag=True, help="Go on with the run in DIR after a break.")
@click.option("--delta", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE",
              help="A delta selection (smip-bench delta): what it carries over is not run.")
@click.option("--overlay", type=click.Path(path_type=Path, exists=True), default=None,
              help="The operator's confirmations of clauses.")
@click.option("--defect", default="", metavar="NAME",
              help="With --demonstration: have the emulated device be wrong in this way.")
@click.option("--seed", type=int, default=0, help="Seed of an emulated device.")
@workers
def command(
    dut: Path, rig: Path, baseline: Path, out: Path, demonstration: bool, again: bool,
    resume: bool, delta: Path | None, overlay: Path | None, defect: str,
    seed: int, workers: int | None,
) -> None:
    """Run a baseline's plans on one device, decide, and write report.html, report.json,
    junit.xml, the ledger and the capture.

    Exit status: 0 SMIP Compliant; 1 not compliant; 2 wrong usage, profile, plan or rig file;
    3 the bench or the rig failed.
    """
    console = Console(stderr=True)
    if defect and not demonstration:
        raise click.UsageError("--defect needs --demonstration")
    if delta:
        read_carried(delta)  # a mistake in it is told before anything begins
    catalogue = load_catalogue(overlay=overlay)
    wanted = load_baseline(baseline, catalogue)
    profile = load_profile(dut)
    refuse_omissions(profile.path, profile.ixit.get("dlms"))
    declaration = load_rig(rig)
    admit("certify", demonstration, software_answers(declaration))
    paths = tuple(ROOT / "testplans" / plan for plan in wanted.plans)
    # a mistake in a plan must not cost the room of an earlier run
    planned = for_device(in_order(load_plans(paths, catalogue)), wanted.device)
    refuse_other_cases(baseline, wanted.cases, planned)
    _make_room(out, again, resume)
    ran = run(Order(
        plans=paths, profile=dut, rig=rig, evidence=out, mode="certify",
        demonstration=demonstration, baseline=wanted.title, baseline_digest=wanted.digest,
        workers=worker_count(workers, bool(declaration.launch)), resume=resume, seed=seed,
        delta=delta, defect=defect),
        console, ask_at_terminal)

    contents = ran.contents
    if contents.plan.baseline_digest != wanted.digest:
        raise LedgerError(f"{out}: this run was begun under another baseline, "
                          f"{contents.plan.baseline}; start a new one")
    results = judge_run(contents)
    ended = contents.events[-1].time
    ruling = rule(
        runs=(LaboratoryRun(contents.plan, results, contents.hash, contents.started, ended),),
        catalogue=catalogue, baseline=wanted, suspects=suspected(
            (selected.case for selected in contents.plan.selected), catalogue),
        at=ended[:10])
    decision = ruling.decision
    outcome = Outcome(
        subject=contents.plan.subject, mode="certify", demonstration=demonstration,
        baseline=wanted.title, decision=decision, requirements=ruling.requirements,
        results=results, ledger_hash=contents.hash, started=contents.started, ended=ended,
        tools=contents.plan.tools)
    render(outcome, requirements=catalogue,
           cases={selected.case.id: selected.case for selected in contents.plan.selected},
           events=contents.events, folder=out)

    click.echo(summary(results))
    mark = "DEMONSTRATION: " if demonstration else ""
    click.echo(f"{mark}{decision.status}" + (f" - {decision.scope}" if decision.scope else ""))
    for reason in decision.reasons[:SHOWN_REASONS]:
        click.echo(f"  {reason}")
    if len(decision.reasons) > SHOWN_REASONS:
        click.echo(f"  and {len(decision.reasons) - SHOWN_REASONS} more reasons in the report")
    click.echo(f"report: {out / 'report.html'}")
    status = exit_status(ran, results)
    if status >= WRONG:
        sys.exit(status)
    sys.exit(0 if decision.status is Status.COMPLIANT else 1)


def _make_room(folder: Path, again: bool, resume: bool) -> None:
    """See that a new run does not mix with the evidence of an earlier one."""
    held = (folder / FILE).exists()
    if resume and not held:
        raise click.UsageError(f"{folder}: there is no run to resume")
    if not held or resume:
        return
    if not again:
        raise click.UsageError(
            f"{folder} holds the evidence of an earlier run; --again keeps it beside, "
            "--resume goes on with it")
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    try:
        folder.rename(aside)
    except OSError as failure:
        raise LedgerError(f"{folder}: cannot be kept as {aside}: {failure.strerror}") from failure
