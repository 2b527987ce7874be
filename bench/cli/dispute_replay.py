"""``smip-bench dispute replay``: a case judged again from its evidence, and run again beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bench.cli.options import shipped, write_whole
from bench.cli.run_evidence import Evidence, read_evidence
from bench.errors import LedgerError
from bench.records.replay import Parting, Replay, RunFacts, SideBySide
from bench.records.verdict import Verdict
from bench.runner.replay import (
    DEVICE,
    Disputed,
    disputed,
    judge_again,
    replay_on_device,
    replay_recording,
)
from devices.adapters.terminal import ask_at_terminal
from devices.profile import load_profile
from devices.rig import load_rig
from reports.replay_page import replay_html
from reports.replay_record import replay_json
from reports.text import visible

JSON_FILE, HTML_FILE = "replay.json", "replay.html"
ANOTHER, FAILED = 1, 3
RAN = {"device": "replayed on the device", "recording": "replayed from the recording"}


@click.command("replay")
@click.argument("place", metavar="FOLDER|BUNDLE", type=click.Path(path_type=Path))
@click.option("--case", required=True, help="The case.")
@click.option("--dut", callback=shipped, metavar="FILE", help="Profile of the device to run it on.")
@click.option("--rig", callback=shipped, metavar="FILE", help="The rig that the device is on.")
@click.option("--recording", is_flag=True, help="Play the stored run itself as the device.")
@click.option("--defect", metavar="NAME", help="Have an emulated device misbehave by name.")
@click.option("--trust", "trusted", multiple=True, metavar="DIR_OR_PEM",
              type=click.Path(path_type=Path, exists=True),
              help="Of a bundle: refuse it unless one of these keys signed it.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder of replay.json, replay.html and the second run's ledger.")
def command(place: Path, case: str, dut: Path | None, rig: Path | None, recording: bool,
            defect: str | None, trusted: tuple[Path, ...], out: Path) -> None:
    """Judge a case of the evidence in FOLDER or BUNDLE again; with --dut and --rig, or with
    --recording, run it again and set both runs side by side.

    Exit status: 0 the same verdict everywhere; 1 another verdict; 2 wrong usage, profile or rig
    file, or another device; 3 the bench or the rig failed, or the evidence does not hold.
    """
    if (dut is None) is not (rig is None):
        raise click.UsageError("--dut and --rig go together")
    if recording and dut is not None:
        raise click.UsageError("a device or a recording, not both")
    if defect and rig is None:
        raise click.UsageError("--defect needs --dut and --rig")
    if (out / JSON_FILE).exists():
        raise click.UsageError(f"{out} holds an earlier replay; give another folder")
    about = about_case(read_evidence(place, trusted), case)
    if dut is not None and rig is not None:
        found = replay_on_device(about, load_profile(dut), load_rig(rig), out, defect=defect,
                                 ask=ask_at_terminal)
    else:
        found = replay_recording(about, out) if recording else judge_again(about)
    _write(found, out)
    for line in summary(found):
        click.echo(visible(line))  # what a device or a stranger wrote must not steer a terminal
    click.echo(f"side by side: {out / HTML_FILE}" if found.beside else f"page: {out / HTML_FILE}")
    sys.exit(_status(found))


def about_case(evidence: Evidence, case: str) -> Disputed:
    """Return the case of the evidence; that there is none is a mistake of usage."""
    try:
        return disputed(evidence.contents, case, reported=evidence.reported(case),
                        bundle_sha256=evidence.bundle_sha256)
    except LedgerError as none:
        raise click.UsageError(str(none)) from none


def summary(found: Replay) -> Iterator[str]:
    """Yield the lines that say what a replay gave."""
    yield f"{found.case}: {found.purpose}"
    said = f"reported {found.reported}, " if found.reported else ""
    yield f"{said}judged again {_judged(found.stored)}"
    if len(found.attempts) > 1:
        for attempt in found.attempts:
            yield f"  attempt {attempt.number}: {attempt.verdict}: {attempt.reason}"
    if found.replayed is not None:
        yield f"{RAN[found.way]}: {_judged(found.replayed)}"
    for setting in found.settings:
        used = f" ({setting.used} used)" if setting.used == "stored" else ""
        yield (f"  {setting.kind} {setting.item}: {_shown(setting.stored)} -> "
               f"{_shown(setting.replayed)}{used}")
    for note in found.notes:
        yield f"note: {note}"
    if found.beside is not None:
        yield from _partings(found.beside)


def _partings(beside: SideBySide) -> Iterator[str]:
    first, unexplained = beside.first, beside.first_unexplained
    if first is None:
        yield "first difference: none, all octets are the same"
    else:
        yield f"first difference: {place_of(first)}"
    if first != unexplained:
        yield "first unexplained difference: " + (
            place_of(unexplained) if unexplained else "none, all others are by nature")
    if unexplained is None:
        for step in beside.steps:
            for one in step.variables:
                if not one.explanation:
                    yield (f"  {step.phase} step {step.step + 1} ({step.action}): {one.name}: "
                           f"{_shown(one.stored)} -> {_shown(one.replayed)}")


def place_of(parting: Parting) -> str:
    """Return where two runs part, in words."""
    why = f" ({parting.explanation})" if parting.explanation else ""
    octets = " / ".join(octet or "none" for octet in (parting.stored, parting.replayed))
    return (f"{parting.phase} step {parting.step + 1}, frame {parting.frame} "
            f"({parting.direction}), octet {parting.offset}: {octets}, {parting.field}{why}")


def _judged(facts: RunFacts) -> str:
    word = facts.verdict if facts.verdict is not Verdict.NONE else facts.disposition
    return f"{word}: {facts.reason}"


def _shown(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if text.isprintable() else repr(text)


def _write(found: Replay, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise LedgerError(f"{out}: cannot be made: {failure.strerror}") from failure
    write_whole(out / JSON_FILE, replay_json(found))
    write_whole(out / HTML_FILE, replay_html(found).encode())


def _status(found: Replay) -> int:
    replayed = found.replayed
    if found.way == DEVICE and replayed is not None and replayed.verdict is Verdict.ERROR:
        return FAILED
    return 0 if found.same_verdict else ANOTHER
