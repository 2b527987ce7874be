"""``smip-bench plan``: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli.plan import command

GUIDE_CASE = """\
group: ESME-TRY
title: Tried out
device: esme
cases:
  - id: ESME-TRY-001
    purpose: A disabled supply stays disabled when the consumer asks for it
    verifies: [SMETS2/5.6.3.11]
    applies: ics.supply_switch
    ports: [gbcs, controls]
    steps:
      - send: {use_case: ECS43}
        expect: result == 'success'
      - press: {control: supply_on}
      - observe_contactor:
        expect: contactor == 'open'
"""
PROFILE = "devices/profiles/emulated-esme.yaml"
RIG = "devices/rigs/emulated-esme.yaml"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "try.yaml"
    path.write_text(GUIDE_CASE, encoding="utf-8")
    return path


def run(*arguments: object):
    return CliRunner().invoke(command, [str(argument) for argument in arguments],
                              catch_exceptions=False)


def test_check_warns_of_links_never_reviewed_and_of_cases_without_bite(plan):
    done = run("check", plan)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"warning: {plan}:5: ESME-TRY-001: link to SMETS2/5.6.3.11 is suspect (never reviewed)",
        f"warning: {plan}:5: ESME-TRY-001: unproven: it has no bite",
        "1 case of 1 written, in 1 group; 2 warnings",
    ]


def test_check_prints_every_mistake_and_ends_with_2(plan):
    plan.write_text(GUIDE_CASE.replace("5.6.3.11", "5.6.3.1l").replace("open'", "opn' &&"))
    done = run("check", plan)
    assert done.exit_code == 2
    first, second, last = done.output.splitlines()
    assert first.startswith(f"{plan}:7: no requirement 'SMETS2/5.6.3.1l'; did you mean SMETS2/")
    assert second.startswith(f"{plan}:15: not an expression")
    assert last == "2 mistakes"


def test_select_gives_each_case_its_reason(plan):
    done = run("select", plan, "--dut", PROFILE, "--rig", RIG)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "ESME-TRY-001  selected           ics.supply_switch = true", "selected 1"]


def test_select_writes_json(plan):
    done = run("select", plan, "--dut", PROFILE, "--rig", RIG, "--json", "--where", "sanity")
    (item,) = json.loads(done.output)
    assert item.pop("fingerprint")
    assert item == {
        "id": "ESME-TRY-001", "group": "ESME-TRY", "disposition": "not run",
        "reason": "left out by sanity", "requirements": ["SMETS2/5.6.3.11"],
        "source": f"{plan}:5",
    }


def test_schema_is_json(plan):
    assert json.loads(run("schema").output)["title"] == "SMIP Bench test plan"


def test_review_says_what_it_wrote_and_for_whom(plan):
    done = run("review", plan, "--by", "A. Tester")
    assert done.exit_code == 0
    first, last = done.output.splitlines()
    assert first.startswith(f"{plan}:7: SMETS2/5.6.3.11 not reviewed -> ")
    assert first.endswith(", reviewed by A. Tester")
    assert last == "1 link reviewed, 0 still suspect"
    assert "is suspect" not in run("check", plan).output


def test_review_wants_a_name(plan):
    assert run("review", plan).exit_code == 2
    assert run("review", plan, "--by", " ").exit_code == 2
