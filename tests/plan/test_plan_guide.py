"""The examples of docs/writing-a-plan.md are plans that load."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.catalogue import load_catalogue
from bench.plan import load_plans
from bench.plan.schema import ForEach, PlanHead, WrittenCase
from bench.plan.selection import CASE_NAMES
from bench.plan.tables import ADDED, DISCLOSED, TABLES
from bench.protocols.gbcs import payloads
from bench.protocols.gbcs.structure import CHANGES
from bench.protocols.zigbee.clusters import cluster_named
from bench.resources import ROOT
from bench.steps import VOCABULARY
from devices.dlms_names import TRAITS

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
    assert len(plans) == 6
    assert [case.id for case in cases][:5] == [
        "GUIDE-SUP-000", "GUIDE-SUP-001", "GUIDE-VAL-001", "GUIDE-ATT-001", "GUIDE-CLK-001"]
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


def test_every_action_is_in_the_table_with_arguments_that_it_has(text: str):
    table = text.partition("\n## Actions\n")[2].partition("\n## ")[0]
    named = []
    for names, words in re.findall(r"^\| (`[\w`, ]+`) \| (.*) \|$", table, re.MULTILINE):
        actions = re.findall(r"`(\w+)`", names)
        named += actions
        if len(actions) == 1:
            schema = json.dumps(VOCABULARY[actions[0]].arguments.model_json_schema())
            known = {*re.findall(r"\w+", schema), *CHANGES, *VOCABULARY, *TABLES}
            for word in re.findall(r"`([\w-]+)`", words):
                assert word in known, f"{actions[0]}: {word}"
    assert sorted(named) == sorted(VOCABULARY)


def test_the_value_names_of_the_guide_are_those_of_the_use_cases(text: str):
    table = text.partition("\n## Values\n")[2].partition("```")[0]
    assert "`PublishPriceMatrix.start_time`" in table
    assert payloads.build("GCS01a", {"PublishPriceMatrix.start_time": "2031-01-01T00:00:00Z"})
    assert payloads.build("GCS21f", {"Price.ReadAttributes": {"attributes": ["standing_charge"]}})
    assert payloads.build("ECS38", {"1/0-0:94.44.0.1/a2": 3}) == payloads.build(
        "ECS38", {"limit": 3})
    assert cluster_named("Metering").attribute_named("current_summation_delivered")
    for cluster, command, field in re.findall(r"['`](\w+)/(\w+)(?:\[1\])?/(\w+)['`]", table):
        declared = cluster_named(cluster).command_named(command, to_client=True)
        assert field in [known.name for known in declared.fields], command


def test_every_table_of_the_device_s_is_explained(text: str):
    for name, row in DISCLOSED.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}`")]
        assert re.findall(r"`(\w+)`", line)[1:] == [key for key in row if key not in ADDED], name
    assert all(f"`{name}`" in text for name in ADDED)
    assert all(f"`{trait}`" in text for trait in TRAITS)
