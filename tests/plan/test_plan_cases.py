"""What a sound plan becomes: records, rows, ids, fingerprints."""

from __future__ import annotations

import pytest
from plan_examples import CATALOGUE, GOOD, HEAD, VOCABULARY

from bench.errors import PlanError
from bench.plan import load_plans, suspects
from bench.plan.tables import TABLES
from bench.records.plan import Expectation, Link
from bench.records.serial import from_json, to_json

ROWS = HEAD + """\
  - id: ESME-ROL-${row.use_case}-${row.party.role}
    purpose: ${row.party.role} may not send ${row.use_case}
    verifies: [R-CLK-01@0BADCAFE, "${row.cites}"]
    ports: [gbcs]
    for_each:
      product:
        - {table: tables/use_cases.yaml}
        - {as: party, rows: [{role: supplier}, {role: network_operator}, {role: unknown}]}
      where: "!(row.party.role in row.roles)"
    steps:
      - send: {use_case: "${row.use_case}", as: "${row.party.role}", value: "${row.value}"}
        name: refused
        expect: {that: "result != 'success' && row.value > 0", cites: ["${row.cites}"]}
      - send: {use_case: "${row.use_case}", value: "${size(steps.refused.codes)}"}
        repeat: ${row.value}
        expect: ["result == 'success'"]
    bite: ["${row.bite}"]
    tags: [role, "${row.party.role}"]
"""
TABLE = """\
source: made up for this test
rows:
  - {use_case: ECS42, roles: [supplier], value: 2, cites: [SMETS2/5.6.3.11, SMETS2/5.6.3.12],
     bite: [replay-accepted]}
  - {use_case: ECS16, roles: [supplier, network_operator], value: 1, cites: [SMETS2/5.6.3.12],
     bite: []}
"""


@pytest.fixture
def rows(load):
    return load(ROWS, tables__use_cases=TABLE)


def test_a_case_holds_what_was_written(load, tmp_path):
    (case,) = load(GOOD)
    assert case.group == "ESME-SUP"
    assert case.device == "esme"
    assert case.ports == ("gbcs", "controls")
    assert case.verifies == (Link("SMETS2/5.6.3.11", "1F2E3D4C"), Link("R-CLK-01", ""))
    assert case.source == f"{tmp_path}/plan.yaml:5"
    assert [step.name for step in case.preamble] == ["disable"]
    assert [(step.action, step.port, step.line) for step in case.body] == [
        ("press", "controls", 15), ("observe_contactor", "controls", 16)]
    assert case.body[1].expect == (
        Expectation("contactor == 'open'", ("SMETS2/5.6.3.11", "R-CLK-01")),
        Expectation("steps.disable.result == 'success'", ("R-CLK-01",)),
    )
    assert case.postamble[0].arguments == {"use_case": "ECS42"}


def test_a_case_can_be_written_to_json_and_read_again(rows):
    for case in rows:
        assert from_json(type(case), to_json(case)).fingerprint == case.fingerprint


def test_each_row_is_a_case_of_its_own(rows):
    assert [case.id for case in rows] == [
        "ESME-ROL-ECS42-network_operator", "ESME-ROL-ECS42-unknown", "ESME-ROL-ECS16-unknown"]
    first = rows[0]
    assert first.row == {
        "use_case": "ECS42", "roles": ["supplier"], "value": 2, "bite": ["replay-accepted"],
        "cites": ["SMETS2/5.6.3.11", "SMETS2/5.6.3.12"], "party": {"role": "network_operator"}}
    assert first.purpose == "network_operator may not send ECS42"
    assert first.requirements == ("R-CLK-01", "SMETS2/5.6.3.11", "SMETS2/5.6.3.12")
    assert first.bite == ("replay-accepted",)
    assert first.tags == ("role", "network_operator")
    assert rows[2].bite == ()


def test_row_templates_are_filled_in_and_later_ones_left_to_the_runner(rows):
    one, two = rows[0].body
    assert one.arguments == {"use_case": "ECS42", "as": "network_operator", "value": 2}
    assert one.expect[0].cites == ("SMETS2/5.6.3.11", "SMETS2/5.6.3.12")
    assert two.arguments == {"use_case": "ECS42", "value": "${size(steps.refused.codes)}"}
    assert two.repeat == 2


def test_the_expansion_is_the_same_every_time(load):
    assert load(ROWS, tables__use_cases=TABLE) == load(ROWS, tables__use_cases=TABLE)


FOR_EACH = HEAD + """\
  - id: A-${row.n}
    purpose: p
    verifies: [R-CLK-01]
    ports: [gbcs]
    for_each: FOR
    steps:
      - send: {use_case: "${row.use_case}"}
"""


@pytest.mark.parametrize(("for_each", "line", "said"), [
    ("{rows: [{n: 1}]}", 11, "row 1 has no column 'use_case'; it has n"),
    ("{rows: [{n: 1, use_case: a}, {use_case: b}]}", 5, "row 2 has no column 'n'"),
    ("{rows: [{n: 1, use_case: a}, {n: 1, use_case: b}]}", 5, "also that of another row"),
    ("{rows: [{n: a b, use_case: a}]}", 5, "id 'A-a b': letters"),
    ("{rows: [{n: 1, use_case: [a]}]}", 11, "send: use_case: Input should be a valid string"),
    ("{rows: []}", 9, "rows: List should have at least 1"),
    ("\n      where: row.n > 1", 9, "for_each takes exactly one of rows, table and product"),
    ("{}", 9, "for_each takes exactly one of rows, table and product"),
    ("{table: other.yaml}", 9, "other.yaml:1: cannot be read: No such file"),
    ("{table: use_cases}", 9, "no table 'use_cases'; a file ends in .yaml, tables in code are"),
    ("{table: tables/wrong.yaml}", 9, "wrong.yaml:1: missing key 'source'"),
    ("{table: tables/wrong.yaml}", 9, "wrong.yaml:2: unknown key 'extra'"),
    ("{rows: [{n: 1, use_case: a}], where: row.m == 1}", 9, "no value 'm' in row.m == 1"),
    ("{rows: [{n: 1, use_case: a}], where: row.n}", 9, "neither true nor false"),
    ("{rows: [{n: 1, use_case: a}], where: ics.x}", 9, "no variable 'ics' here"),
    ("{rows: [{n: 1, use_case: a}], where: row.n > 1}", 9, "keeps no row"),
    ("{product: [{rows: [{n: 1, use_case: a}]}, {rows: [{n: 2}]}]}", 9,
     "column 'n' is also in factor 1; give one of them `as`"),
])
def test_a_mistake_in_for_each_is_told_with_its_line(mistakes, for_each, line, said):
    wrong = {"tables__wrong": "rows: [{n: 1, use_case: a}]\nextra: 1\n"}
    found = mistakes(FOR_EACH.replace("FOR", for_each), **wrong)
    assert any(text.startswith(f"plan.yaml:{line}: ") and said in text for text in found), found


def test_a_column_that_only_some_rows_have_is_asked_for_with_has(load):
    text = FOR_EACH.replace("FOR", "{rows: [{n: 1, use_case: a}, {n: 2, use_case: a, x: 1}]}")
    text += "        expect: \"!has(row.x) || row.x == 1\"\n"
    assert len(load(text)) == 2


@pytest.mark.parametrize(("written", "becomes"), [
    ("ECS43, as: supplier", "ECS43, as: network_operator"),
    ("contactor == 'open'", "contactor != 'closed'"),
    ("applies: ics.supply_switch\n", "applies: ics.load_limiting\n"),
    ("ports: [gbcs, controls]", "ports: [gbcs, controls, time]"),
    ("bite: [supply-enabled-from-disabled]", "bite: [replay-accepted]"),
    ("cites: [R-CLK-01]", "cites: [SMETS2/5.6.3.11]"),
    ("      - press:\n", "      - press:\n        repeat: 2\n"),
    ("      - press:\n", ""),
])
def test_what_decides_the_verdict_changes_the_fingerprint(load, written, becomes):
    assert GOOD.count(written) == 1
    assert load(GOOD)[0].fingerprint != load(GOOD.replace(written, becomes))[0].fingerprint


@pytest.mark.parametrize(("written", "becomes"), [
    ("A disabled supply stays disabled", "Other words"),
    ("tags: [supply]", "tags: [other]"),
    ("@1F2E3D4C", ""),
    ("  - id: ESME-SUP-004", "\n# moved\n\n  - id: ESME-SUP-005"),
    ("{use_case: ECS43, as: supplier}", "{as: supplier, use_case: 'ECS43'}"),
])
def test_what_does_not_decide_the_verdict_leaves_the_fingerprint(load, written, becomes):
    assert GOOD.count(written) == 1
    assert load(GOOD)[0].fingerprint == load(GOOD.replace(written, becomes))[0].fingerprint


def test_the_fingerprint_stays_the_same_over_releases(load):
    assert load(GOOD)[0].fingerprint == "0d54dd6cdbcf7cbc"


def test_a_link_is_suspect_until_reviewed_against_the_present_wording(load):
    case = load(GOOD)[0]
    assert suspects(case, CATALOGUE) == ("R-CLK-01",)
    other = load(GOOD.replace("@1F2E3D4C", "@1F2E3D4D").replace("R-CLK-01]\n    app",
                                                                "R-CLK-01@0badcafe]\n    app"))[0]
    assert suspects(other, CATALOGUE) == ("SMETS2/5.6.3.11",)


def test_a_sanity_case_is_named_by_the_group_or_by_itself(load):
    assert load(GOOD.replace("device:", "sanity: ESME-SUP-004\ndevice:"))[0].sanity
    assert load(GOOD.replace("    tags:", "    sanity: true\n    tags:"))[0].sanity
    assert not load(GOOD)[0].sanity


def test_files_are_read_in_the_order_given_and_folders_by_name(tmp_path):
    for name in ("b", "a"):
        text = GOOD.replace("ESME-SUP", f"ESME-{name}")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "c.yaml").write_text("no: plan\n", encoding="utf-8")

    def ids(*paths):
        return [case.id for case in load_plans(paths, vocabulary=VOCABULARY)]

    assert ids(tmp_path) == ["ESME-a-004", "ESME-b-004"]
    assert ids(tmp_path / "b.yaml", tmp_path) == ["ESME-b-004", "ESME-a-004"]


def test_a_path_without_plans_is_told(tmp_path):
    with pytest.raises(PlanError, match=r"no plan .* in this folder"):
        load_plans([tmp_path], vocabulary=VOCABULARY)
    with pytest.raises(PlanError, match=r"absent\.yaml:1: cannot be read"):
        load_plans([tmp_path / "absent.yaml"], vocabulary=VOCABULARY)


def test_the_tables_in_code_give_plain_rows_with_the_same_columns():
    for name, table in TABLES.items():
        rows = table()
        assert rows, name
        assert len({frozenset(row) for row in rows}) == 1, name
        assert to_json(rows) == rows, name


def test_the_use_case_table_knows_who_may_send_what():
    rows = {row["id"]: row for row in TABLES["esme_use_cases"]()}
    assert len(rows) == 97
    assert rows["ECS42"]["critical"]
    assert rows["ECS42"]["roles"] == ["supplier"]
    assert rows["ECS70"]["replay_protected"]
