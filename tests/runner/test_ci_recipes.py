"""What ``docs/ci.md`` offers to copy: each recipe's own lines are run, on the emulated meter.

Only the installation is left out: a stand-in for ``python`` notes what ``pip`` was asked for. And
``run`` gets one emulator and no worker processes, which is quicker.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bench_folder import PROFILE, Bench
from emulated_runs import emulated_run
from ruamel.yaml import YAML
from test_gate_command import GRANT

from bench.register import Register
from bench.resources import ROOT

ACTION = ROOT / "action.yml"
GITLAB = ROOT / "docs" / "ci" / "gitlab-template.yml"
GUIDE = ROOT / "docs" / "ci.md"
PLAN = "testplans/esme/identity.yaml"
NAMED = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recipes are for a POSIX shell")


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def good_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated_run(tmp_path_factory.mktemp("runs") / "good", None, "00000001")


@pytest.fixture
def folder(bench: Bench) -> Path:
    """A folder with a bad profile, a register, and commands to call."""
    commands = bench.folder / "commands"
    commands.mkdir()
    for name, text in {
        "smip-bench": f'command=$1; shift; if [ "$command" = run ]; then set -- -n 0 "$@"; fi; '
                      f'exec "{sys.executable}" -m bench.cli "$command" "$@"',
        "python": f'if [ "$2" = pip ]; then echo "$@" >> "{bench.folder}/installed"; '
                  f'else exec "{sys.executable}" "$@"; fi',
    }.items():
        path = commands / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    newer = PROFILE.read_text(encoding="utf-8").replace('"00000001"', '"00000002"')
    (bench.folder / "bad.yaml").write_text(newer + 'emulator: {manufacturer_id: "ABCD"}\n')
    with Register.create(bench.folder / "register.db", keeper="The Body",
                         at="2026-01-01") as register:
        register.grant(GRANT, at="2026-02-20")
    return bench.folder


def shell(folder: Path, lines: str, *, flags: tuple[str, ...] = ("-e", "-o", "pipefail"),
          **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", *flags, "-c", lines], cwd=folder, text=True,
        env=os.environ | {"PATH": f"{folder / 'commands'}{os.pathsep}{os.environ['PATH']}",
                          "PYTHONPATH": str(ROOT)} | variables,
        capture_output=True, timeout=60, check=False)


def known_fault(folder: Path, name: str = "known.yaml") -> None:
    """Write the guide's file of expected failures."""
    (folder / name).write_text(
        next(block for block in blocks("yaml") if block.startswith("expected_failures:")))


# The plain shell

def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"),
                      re.DOTALL | re.MULTILINE)


def test_the_shell_lines_keep_a_good_run(folder: Path) -> None:
    ended = shell(folder, blocks("sh")[0])
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in (folder / "out" / "good").iterdir()) == [
        "capture.pcapng", "junit.xml", "ledger.jsonl", "summary.md"]
    assert not (folder / "out" / "new").exists()


def test_the_shell_lines_end_at_a_regression_and_keep_the_last_good_run(
    folder: Path, good_run: Path
) -> None:
    shutil.copytree(good_run, folder / "out" / "good")
    shutil.copytree(good_run, folder / "out" / "new")  # what an earlier run left
    known_fault(folder)
    lines = re.sub("(?m)^DUT=.*", "DUT=bad.yaml", blocks("sh")[0])
    bad = shell(folder, lines.replace("--mode ci", "--mode ci --expected known.yaml"))
    assert bad.returncode == 1  # by the comparison: the run itself is good
    assert "EXPECTED      ESME-IDY-002" in bad.stdout
    assert "regression by case, 1:" in bad.stdout
    assert (folder / "out" / "new" / "changes.md").read_text().startswith("# Regression")
    assert ((folder / "out" / "good" / "ledger.jsonl").read_bytes()
            == (good_run / "ledger.jsonl").read_bytes())


def test_the_shell_lines_take_a_run_as_good_as_the_last_one(folder: Path, good_run: Path) -> None:
    shutil.copytree(good_run, folder / "out" / "good")
    ended = shell(folder, blocks("sh")[0])
    assert ended.returncode == 0, ended.stderr
    assert "same or better" in ended.stdout
    assert (folder / "out" / "good" / "changes.md").is_file()


def test_the_last_line_of_a_release_asks_the_register(folder: Path) -> None:
    line = blocks("sh")[1]
    passed = shell(folder, line, DUT="devices/profiles/emulated-esme.yaml", REGISTER="register.db")
    assert (passed.returncode, passed.stdout[:5]) == (0, "pass:"), passed.stderr
    assert shell(folder, line, DUT="bad.yaml", REGISTER="register.db").returncode == 1


def test_the_expected_failures_of_the_guide_are_a_good_file(folder: Path) -> None:
    known_fault(folder)
    ended = shell(folder, f"smip-bench run {PLAN} --mode ci --dut bad.yaml --out out "
                          "--rig devices/rigs/emulated-esme.yaml --expected known.yaml")
    assert ended.returncode == 0, ended.stderr
    assert "EXPECTED      ESME-IDY-002" in ended.stdout


def test_every_option_that_the_guide_names_exists(bench: Bench) -> None:
    known = "".join(bench.call(name, "--help").stdout for name in (
        "run", "compare", "gate", "summary"))
    text = GUIDE.read_text(encoding="utf-8")
    assert {option for option in re.findall(r"--[a-z][a-z-]+", text)
            if not re.search(rf"{option}\b", known)} == set()


# GitHub

class Job:
    """A composite action's steps, run as GitHub runs them: each in a shell of its own."""

    def __init__(self, folder: Path, **given: str) -> None:
        action = read(ACTION)
        assert given.keys() <= action["inputs"].keys()
        self.folder = folder
        self.inputs = {name: given.get(name, str(item.get("default", "")))
                       for name, item in action["inputs"].items()}
        self.failed = False
        self.used: dict[str, dict[str, str]] = {}
        self.page = folder / "page.md"
        self.said = ""
        for step in action["runs"]["steps"]:
            if self._is_due(step.get("if", "")):
                self._take(step)

    def _is_due(self, condition: str) -> bool:
        if not condition:
            return not self.failed
        found = NAMED.fullmatch(condition)
        assert found, condition
        first, *rest = found[1].split(" && ")
        assert first in ("always()", "!cancelled()")  # both hold when an earlier step failed
        return all(self._holds(part) for part in rest)

    def _holds(self, part: str) -> bool:
        found = re.fullmatch(r"inputs\.([a-z-]+) != ''", part)
        assert found, part
        return self.inputs[found[1]] != ""

    def _take(self, step: Mapping[str, Any]) -> None:
        if "uses" in step:
            self.used[step["uses"]] = {key: self._filled(value)
                                       for key, value in step["with"].items()}
            return
        assert step["shell"] == "bash"
        variables = {key: self._filled(value) for key, value in step.get("env", {}).items()}
        ended = shell(self.folder, step["run"], GITHUB_ACTION_PATH=str(ROOT),
                      GITHUB_STEP_SUMMARY=str(self.page), **variables)
        self.said += ended.stdout + ended.stderr
        self.failed = self.failed or ended.returncode != 0

    def _filled(self, text: object) -> str:
        return NAMED.sub(lambda found: self.inputs[found[1].removeprefix("inputs.")], str(text))


def test_the_action_is_a_composite_action_as_github_wants_it() -> None:
    action = read(ACTION)
    assert {"name", "description", "inputs", "runs"} <= action.keys()
    assert action["runs"]["using"] == "composite"
    for item in action["inputs"].values():
        assert item.keys() <= {"description", "required", "default"}
        assert item["description"]
        assert isinstance(item.get("default", ""), str)
        assert item.get("required", False) is not ("default" in item)
    for step in action["runs"]["steps"]:
        assert ("uses" in step) is not ("run" in step)
        assert "run" not in step or step["shell"] == "bash"
        assert step.keys() <= {"name", "if", "shell", "env", "run", "uses", "with"}
        assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


def test_no_input_of_the_action_becomes_text_of_a_command() -> None:
    action = read(ACTION)
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))
    assert used == action["inputs"].keys()
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        known = {*step.get("env", {}), "GITHUB_ACTION_PATH", "GITHUB_STEP_SUMMARY"}
        asked = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", step.get("run", "")))
        assert asked <= known


def test_the_action_tests_and_asks(folder: Path) -> None:
    good = Job(folder, dut="devices/profiles/emulated-esme.yaml", plans=f"\n  {PLAN}  \n",
               out="out/good", register="register.db")
    assert not good.failed, good.said
    assert (folder / "installed").read_text() == f"-m pip install --quiet {ROOT}[fuzz]\n"
    assert (ROOT / "pyproject.toml").is_file()
    assert good.page.read_text().startswith("# Nothing failed\n")
    assert "pass: certificate SMIP-000002" in good.said
    assert good.used["actions/upload-artifact@v4"]["path"] == "out/good"
    assert good.used["actions/setup-python@v5"] == {"python-version": "3.12"}


def test_the_action_fails_at_a_regression_and_still_asks(folder: Path, good_run: Path) -> None:
    bad = Job(folder, dut="bad.yaml", plans=PLAN, register="register.db", artifact="",
              **{"baseline-run": str(good_run)})
    assert bad.failed
    page = bad.page.read_text()
    assert page.startswith("# 1 of 9 planned cases not good\n")
    assert "\n# Regression\n" in page
    assert "fail: no certificate for firmware 00000002" in bad.said
    assert "actions/upload-artifact@v4" not in bad.used


def test_the_action_takes_expected_failures_and_odd_names(folder: Path) -> None:
    known_fault(folder, "known; $(touch hacked).yaml")
    job = Job(folder, dut="bad.yaml", plans=PLAN, out="out/o'dd \"place\"",
              expected="known; $(touch hacked).yaml")
    assert not job.failed, job.said
    assert job.page.read_text().startswith("# Good; failed as expected: 1\n")
    assert not (folder / "hacked").exists()


def test_the_action_that_cannot_run_fails_and_has_nothing_to_compare(folder: Path) -> None:
    job = Job(folder, dut="nowhere.yaml", plans=PLAN, **{"baseline-run": "out"})
    assert job.failed
    assert "nowhere.yaml: there is no such file" in job.said
    assert "there is no run to compare" in job.said
    assert not job.page.exists()


# GitLab

def gitlab(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    job = read(GITLAB)[".smip-bench"]
    assert given.keys() <= job["variables"].keys()
    lines = "\n".join([*job["before_script"], *job["script"]])
    return shell(folder, lines, **{**job["variables"], **given})


def test_the_gitlab_job_is_one() -> None:
    found = read(GITLAB)
    assert list(found) == [".smip-bench"]
    job = found[".smip-bench"]
    assert job.keys() == {"image", "variables", "before_script", "script", "artifacts"}
    assert all(isinstance(value, str) for value in job["variables"].values())
    assert all(isinstance(line, str) for line in (*job["before_script"], *job["script"]))
    assert job["artifacts"] == {"when": "always", "paths": ["out/ci"],
                                "reports": {"junit": "out/ci/junit.xml"}}


def test_the_gitlab_job_tests_and_asks(folder: Path) -> None:
    good = gitlab(folder, PLANS=PLAN, REGISTER="register.db", BENCH="/a/wheel")
    assert good.returncode == 0, good.stderr
    assert (folder / "installed").read_text() == "-m pip install --quiet /a/wheel\n"
    assert (folder / "out" / "ci" / "junit.xml").is_file()
    assert "pass: certificate SMIP-000002" in good.stdout


def test_the_gitlab_job_fails_at_a_regression(folder: Path, good_run: Path) -> None:
    known_fault(folder)
    bad = gitlab(folder, PLANS=PLAN, DUT="bad.yaml", BASELINE_RUN=str(good_run),
                 EXPECTED="known.yaml")
    assert bad.returncode == 1  # by the comparison: the run itself is good
    assert "regression by case, 1:" in bad.stdout
    assert (folder / "out" / "ci" / "changes.md").is_file()


def test_the_gitlab_job_fails_where_the_register_says_no(folder: Path) -> None:
    known_fault(folder)
    known = gitlab(folder, PLANS=PLAN, DUT="bad.yaml", EXPECTED="known.yaml",
                   REGISTER="register.db")
    assert known.returncode == 1
    assert "fail: no certificate for firmware 00000002" in known.stdout
