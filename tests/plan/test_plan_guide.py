"""The examples of docs/writing-a-plan.md are plans that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.catalogue import load_catalogue
from bench.plan import load_plans
from bench.plan.schema import ForEach, PlanHead, WrittenCase
from bench.plan.selection import CASE_NAMES
from bench.plan.tables import TABLES
from bench.resources import ROOT

GUIDE = ROOT / "docs" / "writing-a-plan.md"

pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not installed")


@pytest.fixture(scope="module")
def text() -> str:
    return GUIDE.read_text(encoding="utf-8")


def test_every_example_loads(text: str, tmp_path: Path):
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    plans = [block for block in blocks if block.startswith("group:")]
    (table,) = [block for block in blocks if block.startswith("source:")]
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "parties.yaml").write_text(table, encoding="utf-8")
    for number, block in enumerate(plans):
        (tmp_path / f"{number}.yaml").write_text(block, encoding="utf-8")
    cases = load_plans([tmp_path], load_catalogue())
    assert len(plans) == 3
    assert [case.id for case in cases][:3] == ["GUIDE-SUP-000", "GUIDE-SUP-001", "GUIDE-CLK-001"]
    roles = [case for case in cases if case.group == "GUIDE-ROL"]
    assert all(case.row["party"]["role"] not in case.row["roles"] for case in roles)
    assert len(roles) > 20


def test_every_key_and_table_is_explained(text: str):
    for name in (*PlanHead.model_fields, *WrittenCase.model_fields, *TABLES, *CASE_NAMES,
                 *(field.alias or name for name, field in ForEach.model_fields.items())):
        assert f"`{name}`" in text, name
    for name, rows in TABLES.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}`")]
        assert re.findall(r"`(\w+)`", line)[1:] == list(rows()[0]), name
