"""``smip-bench baseline``: which are at hand, what they froze, what a later one changes and what
is due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.catalogue import load_catalogue
from bench.cli.baseline import command
from bench.errors import PlanError
from bench.records.decision import Status
from bench.records.register import Assessment, Grant
from bench.records.subject import Subject
from bench.register import Register
from bench.scheme import load_baseline

TEXT = """\
name: Identity
date: 2026-01-01
draft: false
device: esme
variant: A
installation: {from: 2026-01-01, until: 2026-06-30}
specifications: [{name: SMETS2, version: "5"}]
plans: [esme/identity.yaml]
mandatory: [SMETS2/5.7.5.17, SMETS2/5.7.1.2]
outside:
  - {requirements: ["*"], reason: a baseline for a test}
"""


def call(*arguments: object, exits: int = 0) -> Result:
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert done.exit_code == exits, done.output
    return done


def frozen(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    call("freeze", path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "baselines"
    made.mkdir()
    frozen(made, "first")
    frozen(made, "second", ("date: 2026-01-01", "date: 2026-07-01"), (
        "{from: 2026-01-01, until: 2026-06-30}", "{from: 2026-07-01}"),
        ("SMETS2/5.7.1.2]", "SMETS2/5.7.1.4, R-NEW-04]"), ('version: "5"', 'version: "6"'),
        ("identity.yaml]", "identity.yaml, esme/clock.yaml]"))
    return made


def test_a_device_is_judged_against_the_baseline_of_its_day(folder: Path) -> None:
    assert call("list", "--folder", folder).stdout.count("\n") == 2
    for day, name in (("2026-06-30", "(2026-01-01)"), ("2026-07-01", "(2026-07-01)")):
        said = call("list", "--folder", folder, "--device", "esme", "--installed", day).stdout
        assert (said.count("\n"), name in said) == (1, True)
    assert "no baseline fits" in call(
        "list", "--folder", folder, "--installed", "2025-12-31", exits=1).stdout
    assert "no baseline fits" in call("list", "--folder", folder, "--device", "chf",
                                      exits=1).stdout


def test_a_plan_that_is_not_the_frozen_one_is_told(folder: Path) -> None:
    path = folder / "first.yaml"
    assert "9 cases frozen, 2 requirements mandatory" in call("check", path).stdout
    path.write_text(path.read_text().replace("identity.yaml", "clock.yaml"))
    said = call("check", path, exits=1).stdout
    assert "9 not planned: ESME-IDY-000" in said
    assert "not of the baseline: ESME-CLK" in said


def test_a_list_that_the_freeze_did_not_write_is_not_touched(folder: Path) -> None:
    path = folder / "first.yaml"
    path.write_text(path.read_text().replace("cases: {", "cases:  # by hand\n  {"))
    done = CliRunner().invoke(command, ["freeze", str(path)])
    assert isinstance(done.exception, PlanError)
    assert "on one line" in str(done.exception)


def test_the_impact_of_a_later_baseline_says_what_a_failure_would_take(folder: Path) -> None:
    said = call("impact", folder / "first.yaml", folder / "second.yaml", exits=1).stdout
    assert "SMETS2: 5 -> 6" in said
    assert "added        R-NEW-04: cure: may be bound to hardware: holding the time" in said
    assert "added        SMETS2/5.7.1.4: cure: firmware" in said
    assert "dropped      SMETS2/5.7.1.2" in said
    assert "0 requirements" in call("impact", folder / "first.yaml", folder / "first.yaml").stdout


def test_what_an_emergency_baseline_was_not_run_over_is_due(folder: Path, tmp_path: Path) -> None:
    urgent = frozen(folder, "urgent", ("draft: false", "draft: false\nemergency: true"),
                    ("name: Identity", "name: Emergency"))
    first = load_baseline(folder / "first.yaml", load_catalogue())
    subject = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000", "9F" * 32,
                      "A")
    grant = Grant(subject, first.certified, Status.COMPLIANT, "all", "1e" * 32, "North Lab",
                  "Certs plc", "decided")
    place = tmp_path / "register.sqlite"
    due = ("due", urgent, "--register", place, "--at", "2026-03-02")
    with Register.create(place, keeper="Certs plc", at="2026-03-01") as register:
        one = register.grant(grant, at="2026-03-01").id
        other = register.grant(replace(grant, subject=replace(
            subject, firmware_version="00010001")), at="2026-03-01").id
        register.grant(replace(grant, subject=replace(subject, variant="AD", model="EM-200")),
                       at="2026-03-01")  # of another variant
        said = call(*due, exits=1).stdout
        assert one in said
        assert other in said
        assert "(2026-01-01): 2 due" in said
        register.withdraw(other, reason="not worth it", at="2026-03-02")
        register.assess(one, Assessment(
            load_baseline(urgent, load_catalogue()).certified, Status.COMPLIANT, "run over it",
            "5f" * 32), at="2026-03-02")
        assert "0 due" in call(*due).stdout
    assert "is no emergency baseline" in call(
        "due", folder / "first.yaml", "--register", place, exits=2).stderr
