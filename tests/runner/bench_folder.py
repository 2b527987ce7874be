"""A bench in a folder: a small plan, a profile, a rig with a puppet for a meter, and its keys."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.cli import main
from bench.ledger import LedgerContents, read_ledger
from bench.records.verdict import CaseResult
from bench.resources import ROOT
from bench.runner.rejudge import rejudge

HERE = Path(__file__).parent
PROFILE = ROOT / "devices" / "profiles" / "emulated-esme.yaml"
EMULATED_RIG = ROOT / "devices" / "rigs" / "emulated-esme.yaml"

PLAN = """\
group: {group}
title: A few reads
device: esme
sanity: {group}-000
cases:
  - id: {group}-000
    purpose: The device answers
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send: {{use_case: ECS52}}
        expect: result == 'success'
  - id: {group}-001
    purpose: The clock can be read
    verifies: [R-CLK-01]
    ports: [gbcs, controls]
    tags: [slow]
    steps:
      - send: {{use_case: ECS17b}}
        expect: result == 'success'
      - press: {{control: supply_on}}
  - id: {group}-002
    purpose: The device answers once more
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send: {{use_case: ECS52}}
        expect: result == 'success'
  - id: {group}-003
    purpose: An expectation that does not hold
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send: {{use_case: ECS52}}
        expect: result == 'failure'
"""

PUPPET_RIG = """\
rig: puppet
serves: esme
ports:
  gbcs: {{adapter: puppet, keys: {keys}, notes: {notes}, trouble: "{trouble}", at: {at}}}
  controls: {{adapter: puppet, keys: {keys}, notes: {notes}, trouble: "{trouble}", at: {at}}}
"""

LAUNCHED_RIG = """\
rig: launched
serves: esme
launch: {{emulator: esme}}
ports:
  gbcs: {{adapter: serial, url: "${{launch.line}}"}}
  controls: {{adapter: puppet, notes: {notes}, trouble: "{trouble}", at: {at}}}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Bench:
    """The folder; ``run`` and ``start`` call the command line in it."""

    folder: Path
    environment: dict[str, str]

    @property
    def plan(self) -> Path:
        return self.folder / "plan.yaml"

    @property
    def profile(self) -> Path:
        return self.folder / "profile.yaml"

    @property
    def rig(self) -> Path:
        return self.folder / "rig.yaml"

    @property
    def notes(self) -> Path:
        return self.folder / "notes"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def write_plan(self, group: str = "RUN", name: str = "plan") -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(PLAN.format(group=group), encoding="utf-8")
        return path

    def write_rig(self, form: str = PUPPET_RIG, trouble: str = "", at: int = 0) -> None:
        self.rig.write_text(form.format(
            keys=self.folder / "keys", notes=self.notes, trouble=trouble, at=at), encoding="utf-8")

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def command(self, *more: str, plans: tuple[Path, ...] = ()) -> list[str]:
        return [sys.executable, "-m", "bench.cli", "run", *map(str, plans or (self.plan,)),
                "--dut", str(self.profile), "--rig", str(self.rig), "--out", str(self.out), *more]

    def run(self, *more: str, plans: tuple[Path, ...] = ()) -> Ended:
        return self.call(*self.command(*more, plans=plans)[3:])

    def call(self, *arguments: str) -> Ended:
        """Call the command line in this process, which is quicker."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "argv", ["smip-bench", *arguments])
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as ended:
                main()
        status = ended.value.code
        assert isinstance(status, int)
        return Ended(status, out.getvalue(), err.getvalue())

    def run_apart(self, *more: str, plans: tuple[Path, ...] = (), **given: Any) -> Ended:
        """Call the command in a process of its own."""
        ended = subprocess.run(
            self.command(*more, plans=plans), env=self.environment, cwd=self.folder, text=True,
            capture_output=True, timeout=60, check=False, **given)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *more: str, plans: tuple[Path, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*more, plans=plans), env=self.environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    @property
    def ledger(self) -> LedgerContents:
        return read_ledger(self.out)

    @property
    def results(self) -> dict[str, CaseResult]:
        return {result.case: result for result in rejudge(self.out)}
