"""One run of plans on a device, through pytest, into a folder of evidence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from bench.errors import BenchError, PlanError
from bench.ledger import LedgerContents, read_ledger
from bench.resources import ROOT
from bench.runner.progress import ProgressBar
from bench.runner.record import RECORD_NAME, Record
from bench.runner.station import Refusal
from devices.profile import load_profile


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, on what, and where the evidence goes."""

    plans: tuple[Path, ...]
    profile: Path
    rig: Path
    evidence: Path
    mode: str = "precheck"
    demonstration: bool = False
    baseline: str = ""
    baseline_digest: str = ""
    workers: int = 0
    keyword: str = ""
    markers: str = ""
    resume: bool = False
    seed: int = 0
    delta: Path | None = None  # what it carries over is left out
    defect: str = ""  # of an emulated device


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: the evidence, why the device or a rig was refused, whether a person broke
    it off."""

    contents: LedgerContents
    refusals: tuple[Refusal, ...]
    interrupted: bool


def run(order: Order, console: Console, ask: Callable[[str], str] | None = None) -> Ran:
    """Run the plans and return what the ledger holds.

    ``ask`` puts a question to an operator, where the rig has one. Raises the
    :class:`~bench.errors.BenchError` that kept the run from beginning (plan, profile or rig file)
    or its evidence from being stored; :class:`~bench.errors.PlanError` if nothing was collected.
    """
    bar = ProgressBar(console, ask)
    watch = _Watch()
    with _quiet_configuration():
        status = pytest.main(_arguments(order), plugins=[bar, watch])
    if watch.mistake:
        raise watch.mistake
    if bar.complaints:
        raise PlanError("\n".join(bar.complaints))
    record = watch.record
    if record is not None and record.failure:
        raise record.failure
    if record is None or not record.planned:
        chosen = [f"{option} {text!r}" for option, text in
                  (("-k", order.keyword), ("-m", order.markers)) if text]
        raise PlanError(" ".join(
            [f"no case for a device of type {load_profile(order.profile).subject.device_type} was "
             "collected of", *map(str, order.plans), *chosen]))
    refusals = tuple(record.refusals)
    interrupted = status == pytest.ExitCode.INTERRUPTED and not refusals
    return Ran(read_ledger(order.evidence), refusals, interrupted)


class _Watch:
    """Takes hold of the record before pytest lets go of it, and of what pytest would print."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.mistake: BenchError | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except pytest.UsageError as wrong:
            cause = wrong.__cause__
            self.mistake = cause if isinstance(cause, BenchError) else PlanError(str(wrong))
            return pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        found = session.config.pluginmanager.getplugin(RECORD_NAME)
        self.record = found if isinstance(found, Record) else None


def _arguments(order: Order) -> list[str]:
    arguments = [
        *map(str, order.plans), "--dut", str(order.profile), "--rig", str(order.rig),
        "--evidence", str(order.evidence), "--mode", order.mode, "--seed", str(order.seed),
        "--baseline", order.baseline, "--baseline-digest", order.baseline_digest,
        "-c", str(ROOT / "bench" / "runner" / "run.ini"), "--rootdir", str(ROOT),
        "--confcutdir", str(ROOT / "testplans"), "-p", "no:cacheprovider", "-qq",
    ]
    if order.workers:
        arguments += ["-n", str(order.workers)]
    for option, text in (("-k", order.keyword), ("-m", order.markers)):
        if text:
            arguments += [option, text]
    if order.demonstration:
        arguments.append("--demonstration")
    if order.resume:
        arguments.append("--resume")
    if order.defect:
        arguments += ["--defect", order.defect]
    if order.delta:
        arguments += ["--delta", str(order.delta)]
    return arguments


@contextlib.contextmanager
def _quiet_configuration() -> Iterator[None]:
    """Keep the user's own pytest settings out of a certifying run."""
    saved = os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        yield
    finally:
        if saved is not None:
            os.environ["PYTEST_ADDOPTS"] = saved
