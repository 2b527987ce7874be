"""``smip-bench requirements``: list, show, confirm and coverage, with their exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.catalogue import OVERLAY_NAME, Catalogue, read_overlay
from bench.cli import requirements
from bench.records.plan import Link, TestCase


def case(id_: str, requirement: str, fingerprint: str) -> TestCase:
    return TestCase(
        id=id_, group="g", purpose="p", device="ESME", ports=("gbcs",),
        verifies=(Link(requirement, fingerprint),), preamble=(), body=(), postamble=(), bite=(),
    )


PLAN = """\
group: ESME-SUP
title: Supply state
device: esme
cases:
  - id: ESME-SUP-001
    purpose: A closed contactor is seen closed
    verifies: [%s]
    ports: [controls]
    steps:
      - observe_contactor: {}
        expect: contactor == 'closed'
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN % "SMETS2/5.7.5.32@00000000")
    return path


@pytest.fixture(autouse=True)
def _alone(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    shipped: Catalogue,
) -> None:
    """An empty current folder, 80 columns, and two cases instead of the plans that ship."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    if "plan" in request.fixturenames:
        return
    cases = (
        case("clock.drift[role=supplier]", "R-CLK-01", shipped.fingerprint("R-CLK-01")),
        case("clock.drift[role=operator]", "R-CLK-01", "00000000"),
    )
    monkeypatch.setattr(requirements, "_cases", lambda plans, catalogue: cases)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(requirements.command, arguments)


def test_list_filters_by_every_option() -> None:
    result = run("list", "--specification", "behaviour", "--device", "ESME", "--domain",
                 "functional", "--provenance", "memory", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.output)
    assert {"R-PRE-02", "R-SUP-03"} <= {row["id"] for row in rows}
    assert all(row["provisional"] and "ESME" in row["devices"] for row in rows)
    assert all(row["domain"] == "functional" for row in rows)


def test_list_counts_and_fits_80_columns() -> None:
    result = run("list")
    assert result.exit_code == 0
    assert "638 of 638 requirements" in result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80
    assert "SMETS2/5.13.2.10 " in result.output


def test_show_tells_why_a_requirement_is_provisional_and_what_is_suspect() -> None:
    result = run("show", "R-CLK-01")
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert "provisional, tested and reported but not counted" in text
    assert "it rests on a maker's manual" in text
    assert "clock.drift[role=supplier]" in text
    assert "suspect clock.drift[role=operator]" in text
    assert max(len(line) for line in result.output.splitlines()) <= 80


def test_show_tells_why_no_case_verifies_it() -> None:
    shown = json.loads(run("show", "IDTS/ES.10", "--json").output)
    assert shown["cases"] == []
    assert shown["reason"].startswith("the text of this id is not held")


@pytest.mark.parametrize("words", [
    ("show", "SMETS2/5.6.3.111"), ("confirm", "SMETS2/5.6.3.111", "--reference", "p. 1"),
])
def test_an_unknown_id_is_one_line_with_near_ids_and_status_2(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.output.startswith("Error: no requirement 'SMETS2/5.6.3.111'; did you mean ")
    assert "SMETS2/5.6.3.11" in result.output
    assert result.output.count("\n") == 1
    assert not Path(OVERLAY_NAME).exists()


def test_confirm_writes_the_overlay_that_the_next_command_reads() -> None:
    result = run("confirm", "R-CLK-01", "--reference", "SMETS2 v5, 5.5.1", "--by", "A. Tester")
    assert result.exit_code == 0, result.output
    entry = read_overlay(Path(OVERLAY_NAME))[0]
    assert (entry.id, entry.reference, entry.confirmed_by) == (
        "R-CLK-01", "SMETS2 v5, 5.5.1", "A. Tester")
    assert len(entry.date) == 10
    shown = json.loads(run("show", "R-CLK-01", "--json").output)
    assert shown["provisional"] is False
    assert shown["standing"] == "counts: confirmed by the operator against SMETS2 v5, 5.5.1"


def test_confirm_takes_a_named_overlay_and_keeps_what_is_in_it() -> None:
    assert run("confirm", "R-CLK-01", "--reference", "a", "--overlay", "o.yaml").exit_code == 0
    assert run("confirm", "R-CLK-03", "--reference", "b", "--overlay", "o.yaml").exit_code == 0
    assert [entry.id for entry in read_overlay(Path("o.yaml"))] == ["R-CLK-01", "R-CLK-03"]
    assert json.loads(run("show", "R-CLK-01", "--json").output)["provisional"] is True


def test_a_confirmation_needs_a_reference() -> None:
    assert run("confirm", "R-CLK-01").exit_code == 2
    assert run("confirm", "R-CLK-01", "--reference", " ").exit_code == 2


def test_show_says_that_a_confirmation_has_lapsed() -> None:
    Path(OVERLAY_NAME).write_text("- {id: R-CLK-01, reference: old, fingerprint: 0123ABCD}\n")
    text = " ".join(run("show", "R-CLK-01").output.split())
    assert "confirmed against fingerprint 0123ABCD (old), but the requirement has changed" in text


def test_a_broken_overlay_is_one_line_and_status_2() -> None:
    Path(OVERLAY_NAME).write_text("- {id: R-CLK-01}\n")
    result = run("list")
    assert result.exit_code == 2
    assert result.output == f"Error: {OVERLAY_NAME}:1: 0.reference: missing key\n"


def test_coverage_names_a_written_case_once_and_leaves_other_devices_out() -> None:
    result = run("coverage", "--device", "ESME")
    assert result.exit_code == 0
    assert "R-CLK-01" in result.output
    assert "2 (1 suspect)" in result.output
    assert result.output.count("clock.drift") == 1
    assert "SMETS2/4.6.5.4 " not in result.output
    assert "requirements about ESME: 1 verified by a case" in result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80


def test_coverage_as_json_has_every_requirement(shipped: Catalogue) -> None:
    lines = json.loads(run("coverage", "--json").output)
    assert [line["id"] for line in lines] == list(shipped)
    assert all(line["cases"] or line["reason"] for line in lines)


def test_cases_are_taken_from_the_plan_that_was_named(plan: Path) -> None:
    result = run("coverage", "--plan", str(plan), "--json")
    assert result.exit_code == 0, result.output
    lines = {line["id"]: line for line in json.loads(result.output)}
    assert lines["SMETS2/5.7.5.32"] == {
        "id": "SMETS2/5.7.5.32", "cases": ["ESME-SUP-001"], "suspect": ["ESME-SUP-001"],
        "reason": "",
    }


def test_a_plan_that_names_no_requirement_of_ours_is_refused_yet_show_still_shows(
    plan: Path,
) -> None:
    plan.write_text(PLAN % "SMETS2/5.7.5.99")
    assert run("coverage", "--plan", str(plan)).exit_code == 2
    result = run("show", "R-CLK-04", "--plan", str(plan))
    assert result.exit_code == 0
    assert "the plan cannot be read: " in " ".join(result.output.split())
    assert "Synchronise silently" in result.output
