"""``smip-bench qualify`` on emulated devices of several kinds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_qualification import CASES

from bench.cli.qualify import command
from bench.runner.qualification import NO_DEFECT, tasks_for

PLAN = """\
group: ${row.device.type}-ONE
title: One read
devices: [gpf, chf]
cases:
  - id: ${row.device.type}-ONE-1
    purpose: The device answers
    for_each:
      rows:
        - {of: gpf, use_case: GCS38, role: supplier}
        - {of: chf, use_case: ECS52, role: access_control_broker}
      where: row.of == row.device.name
    verifies: [R-SEC-01]
    ports: [gbcs]
    steps:
      - send: {use_case: "${row.use_case}", as: "${row.role}"}
        expect: result == 'success'
    bite: [response-mac-wrong]
"""


def qualify(plan: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(plan), "-n", "1", *options])


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "one.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


def test_each_kind_of_device_is_qualified_by_itself(plan: Path, tmp_path: Path) -> None:
    done = qualify(plan, "--defect", "response-mac-wrong", "--matrix", str(tmp_path / "m.csv"))
    assert done.exit_code == 0, done.output
    told = "1 defects, 1 cases, 2 runs: 0 defects not caught, 0 bites missing, 0 cases not clean"
    assert [line.partition(": ")[0] for line in done.output.splitlines() if told in line] == [
        "CHF", "GPF"]
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["device", "defect", "CHF-ONE-1", "GPF-ONE-1"],
        ["CHF", "none", "pass", ""], ["CHF", "response-mac-wrong", "fail", ""],
        ["GPF", "none", "", "pass"], ["GPF", "response-mac-wrong", "", "fail"]]


def test_a_bite_of_another_kind_of_device_is_a_mistake(plan: Path) -> None:
    plan.write_text(PLAN.replace("response-mac-wrong", "replay-accepted"), encoding="utf-8")
    refused = qualify(plan)
    assert refused.exit_code != 0
    assert "replay-accepted: named as the bite of cases for a GPF" in str(refused.exception)


@pytest.mark.parametrize(("options", "said"), [
    (("--dut", "devices/profiles/emulated-gpf.yaml"), "give --dut and --rig together"),
    (("--defect", "no-such-defect"), "no defect no-such-defect"),
    (("--defect", "clock-drifts"), "no case of the plans is for an emulated device with such"),
])
def test_wrong_usage_is_told(plan: Path, options: tuple[str, ...], said: str) -> None:
    refused = qualify(plan, *options)
    assert (refused.exit_code, said in refused.output) == (2, True)


def test_a_defect_that_no_case_names_has_no_task() -> None:
    files = {"profile": Path("dut.yaml"), "rig": Path("rig.yaml")}
    tasks = tasks_for(CASES, ["deaf", "mute"], everything=False, **files)
    assert [(task.defect, task.cases) for task in tasks] == [
        (NO_DEFECT, ("A", "B")), ("deaf", ("A",))]
    everything = tasks_for(CASES, ["mute"], everything=True, **files)
    assert [task.cases for task in everything] == [("A", "B"), ("A", "B")]
