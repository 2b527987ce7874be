"""The plans, tables and baseline that ship with the bench."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bench.catalogue import Catalogue, load_catalogue
from bench.errors import PlanError
from bench.plan import load_plans, suspects
from bench.protocols.gbcs.use_cases import USE_CASES
from bench.records.plan import TestCase
from bench.resources import ROOT
from bench.scheme import load_baseline
from devices.defects import DEFECTS

PLANS = ROOT / "testplans" / "esme"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    overlay = tmp_path_factory.mktemp("overlay") / "none.yaml"
    overlay.write_text("[]\n", encoding="utf-8")
    return load_catalogue(overlay=overlay)


@pytest.fixture(scope="module")
def cases(catalogue: Catalogue) -> tuple[TestCase, ...]:
    return load_plans([PLANS], catalogue, DEFECTS)


def test_the_shipped_plans_hold_sixty_written_and_five_hundred_collected_cases(
    cases: tuple[TestCase, ...],
) -> None:
    assert len(cases) >= 500
    assert len({case.source for case in cases}) >= 60


def test_every_shipped_case_has_a_bite_and_no_suspect_link(
    cases: tuple[TestCase, ...], catalogue: Catalogue
) -> None:
    assert [case.id for case in cases if not case.bite] == []
    assert [case.id for case in cases if suspects(case, catalogue)] == []


def test_a_shipped_replay_of_a_step_that_does_not_exist_is_told(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    shipped = PLANS / "replay.yaml"
    text = shipped.read_text(encoding="utf-8").replace("{of: first", "{of: frist", 1)
    plan = tmp_path / shipped.name
    plan.write_text(text, encoding="utf-8")
    (tmp_path / "tables").symlink_to(PLANS / "tables", target_is_directory=True)
    line = text[:text.index("frist")].count("\n") + 1
    with pytest.raises(PlanError) as raised:
        load_plans([plan], catalogue, DEFECTS)
    assert str(raised.value) == (
        f"{plan}:{line}: no earlier step is named 'frist'; did you mean first?")


def test_every_shipped_group_has_one_sanity_case(cases: tuple[TestCase, ...]) -> None:
    groups = {case.group for case in cases}
    assert sorted(case.group for case in cases if case.sanity) == sorted(groups)


def test_every_defect_is_named_by_a_case_that_verifies_what_it_breaks(
    cases: tuple[TestCase, ...],
) -> None:
    caught = {
        name for case in cases for name in case.bite
        if set(DEFECTS[name].breaks) & set(case.requirements)}
    assert sorted(set(DEFECTS) - caught) == []


def test_the_table_of_use_cases_says_what_gbcs_says() -> None:
    rows = YAML(typ="safe").load((PLANS / "tables" / "use_cases.yaml").read_text())["rows"]
    assert len(rows) == len({row["use_case"] for row in rows})
    for row in rows:
        use_case = USE_CASES[row["use_case"]]
        assert (row["access"], row["critical"], row["replay_protected"]) == (
            use_case.access, use_case.category == "SME.C.C", bool(use_case.replay_protected))
        assert tuple(row["roles"]) == (use_case.roles or ("supplier",))


def test_the_shipped_baseline_accounts_for_every_requirement_of_the_device(
    catalogue: Catalogue, cases: tuple[TestCase, ...]
) -> None:
    baseline = load_baseline(
        Path(ROOT / "testplans" / "baselines" / "smets2-esme.yaml"), catalogue)
    verified = {requirement for case in cases for requirement in case.requirements}
    assert not baseline.draft
    assert sorted(set(baseline.mandatory) - verified) == []
