"""The plans, tables and baseline that ship with the bench."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.catalogue import Catalogue
from bench.errors import PlanError
from bench.plan import for_device, load_plans, select, suspects
from bench.protocols.gbcs.use_cases import (
    OUTSIDE,
    PPMID_TO_GSME,
    SIGNATURE_ONLY,
    TABLED,
    USE_CASES,
    every_use_case,
)
from bench.records.plan import TestCase
from bench.resources import ROOT
from bench.scheme import load_baseline
from bench.steps.parties import ROLES
from devices.defects import DEFECTS
from devices.ports import PORTS
from devices.profile import load_profile

PLANS = ROOT / "testplans"
KINDS = ("esme", "gsme", "gpf", "chf")


def table(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = YAML(typ="safe").load((PLANS / name).read_text())["rows"]
    return rows


def test_the_shipped_plans_are_what_they_were_grown_to(cases: tuple[TestCase, ...]) -> None:
    numbers = Counter(case.device for case in cases)
    assert len({case.source for case in cases}) >= 160
    assert numbers["esme"] >= 2_000
    assert all(numbers[kind] >= 200 for kind in KINDS)


def test_every_case_that_an_emulator_can_prove_has_a_bite(cases: tuple[TestCase, ...]) -> None:
    assert {case.device for case in cases if case.bite} == {*KINDS, "dlms-meter"}
    judged = [case for case in cases if any(step.expect for step in case.body)]
    assert [case.id for case in judged if not case.bite] == []
    assert {case.group for case in cases if case not in judged} <= {"DLMS-COSEM"}  # left untried


def test_every_bite_is_a_defect_of_the_kind_of_device_that_the_case_is_for(
    cases: tuple[TestCase, ...],
) -> None:
    assert [(case.id, name) for case in cases for name in case.bite
            if case.device not in DEFECTS[name].devices] == []


def test_no_shipped_case_has_a_suspect_link(
    cases: tuple[TestCase, ...], catalogue: Catalogue
) -> None:
    assert [case.id for case in cases if suspects(case, catalogue)] == []


def test_the_security_plan_covers_each_policy_for_each_kind_of_device(
    cases: tuple[TestCase, ...],
) -> None:
    held = {(case.device, case.policy) for case in cases if case.policy}
    assert held >= {(kind, policy) for kind in KINDS for policy in ("smwan", "transfer")}
    assert held >= {(kind, "smhan") for kind in KINDS}


def test_each_command_is_refused_to_each_role_that_may_not_send_it(
    cases: tuple[TestCase, ...],
) -> None:
    refused = {(case.device, case.row["use"]["use_case"], case.row["as"]["role"])
               for case in cases if case.group.endswith("-ROL") and "use" in case.row}
    for row in table("security/tables/commands.yaml"):
        for role in ROLES:
            denied = (row["target"], row["use_case"], role) in refused
            assert denied == (role not in row["roles"]), (row["use_case"], role)


def test_a_site_that_is_opted_out_gets_the_same_security_plan(
    cases: tuple[TestCase, ...],
) -> None:
    profile = load_profile(ROOT / "devices" / "profiles" / "emulated-esme.yaml")
    plan = [case for case in for_device(cases, "ESME") if case.policy]
    chosen = [
        [(item.case.id, item.case.fingerprint, item.disposition)
         for item in select(plan, {**profile.ics, "opted_out": opted_out}, PORTS)]
        for opted_out in (False, True)]
    assert chosen[0] == chosen[1]
    assert not any("opted_out" in case.applies for case in cases)


def test_a_shipped_replay_of_a_step_that_does_not_exist_is_told(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    shipped = PLANS / "security" / "replay.yaml"
    text = shipped.read_text(encoding="utf-8").replace("{of: first", "{of: frist", 1)
    plan = tmp_path / shipped.name
    plan.write_text(text, encoding="utf-8")
    (tmp_path / "tables").symlink_to(PLANS / "security" / "tables", target_is_directory=True)
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
        (name, case.device) for case in cases for name in case.bite
        if set(DEFECTS[name].breaks) & set(case.requirements)}
    known = {(defect.name, kind) for defect in DEFECTS.values() for kind in defect.devices}
    # a DLMS meter's are caught by what it lists, too: tests/steps/dlms/test_dlms_plan_bites.py
    assert sorted(one for one in known - caught if one[1] != "dlms-meter") == []


def test_the_table_of_use_cases_says_what_gbcs_says() -> None:
    rows = table("esme/tables/use_cases.yaml")
    assert len(rows) == len({row["use_case"] for row in rows})
    for row in rows:
        use_case = USE_CASES[row["use_case"]]
        assert (row["access"], row["critical"], row["replay_protected"]) == (
            use_case.access, use_case.category == "SME.C.C", bool(use_case.replay_protected))
        assert tuple(row["roles"]) == (use_case.roles or ("supplier",))


def test_the_table_of_commands_holds_all_that_gbcs_names_for_a_device() -> None:
    held = {(row["target"], row["use_case"]): row for row in table("security/tables/commands.yaml")}
    wanted = {
        (kind, use_case.id): use_case for use_case in every_use_case() for kind in KINDS
        if use_case.is_command and use_case.roles and kind.upper() in use_case.target
        and use_case.status in (TABLED, OUTSIDE) and use_case.category != PPMID_TO_GSME}
    assert set(held) == set(wanted)
    for key, use_case in wanted.items():
        row = held[key]
        critical = use_case.category.startswith(("SME.C.C", SIGNATURE_ONLY))
        assert (row["protocol"], row["access"], row["critical"], row["replay_protected"]) == (
            use_case.protocol, use_case.access, critical, bool(use_case.replay_protected))
        assert (row["role"], tuple(row["roles"])) == (use_case.roles[0], use_case.roles)


def test_the_shipped_baseline_accounts_for_every_requirement_of_the_device(
    catalogue: Catalogue, cases: tuple[TestCase, ...]
) -> None:
    baseline = load_baseline(
        Path(ROOT / "testplans" / "baselines" / "smets2-esme.yaml"), catalogue)
    verified = {requirement for case in cases for requirement in case.requirements}
    assert not baseline.draft
    assert sorted(set(baseline.mandatory) - verified) == []


def test_a_wrong_value_of_a_command_is_told_when_the_plan_is_read(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("""\
group: ESME-VAL
title: Values
device: esme
cases:
  - id: ESME-VAL-001
    purpose: The limit is set
    verifies: [R-SEC-01]
    ports: [gbcs]
    steps:
      - send: {use_case: ECS38, values: {limitt: 3}}
      - send: {use_case: ECS38, values: {limit: 70000}}
""", encoding="utf-8")
    with pytest.raises(PlanError) as raised:
        load_plans([plan])
    first, second = str(raised.value).splitlines()
    assert "plan.yaml:10: send: values: ECS38 has no value 'limitt'" in first
    assert "plan.yaml:11: send: values: " in second
    assert "0..65535 allowed, found 70000" in second
