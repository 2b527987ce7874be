"""Each case is in or out of a run, and the reason names the answer or the port that says so."""

from __future__ import annotations

import pytest
from plan_examples import GOOD, HEAD

from bench.errors import PlanError, ProfileError
from bench.plan import select

ALL = {"gbcs", "controls"}

FOR_ROWS = HEAD + """\
  - id: A-${row.part}
    purpose: p
    verifies: [R-CLK-01]
    ports: [gbcs, load, tamper]
    applies: ics[row.part] && ics.supply_switch
    for_each: {rows: [{part: load_limiting}, {part: twin_element}]}
    steps:
      - send: {use_case: ECS42}
  - id: B
    purpose: p
    verifies: [R-CLK-01]
    ports: [gbcs]
    steps:
      - send: {use_case: ECS42}
"""


def told(selected):
    return [(item.case.id, item.disposition.value, item.reason) for item in selected]


@pytest.fixture
def case(load):
    return load(GOOD)


@pytest.mark.parametrize(("ics", "ports", "expression", "disposition", "reason"), [
    ({"supply_switch": True}, ALL, "", "selected", "ics.supply_switch = true"),
    ({"supply_switch": False}, ALL, "", "inapplicable", "ics.supply_switch = false"),
    ({"supply_switch": False}, set(), "", "inapplicable", "ics.supply_switch = false"),
    ({"supply_switch": True}, {"gbcs"}, "", "not testable here", "the rig has no port controls"),
    ({"supply_switch": True}, {"time"}, "", "not testable here",
     "the rig has no ports gbcs, controls"),
    ({"supply_switch": True}, ALL, "'supply' in tags", "selected", "ics.supply_switch = true"),
    ({"supply_switch": True}, ALL, "'R-CLK-01' in verifies && !sanity", "selected",
     "ics.supply_switch = true"),
    ({}, ALL, "id.startsWith('ESME-CLK')", "not run", "left out by id.startsWith('ESME-CLK')"),
])
def test_the_reason_names_what_decided(case, ics, ports, expression, *, disposition, reason):
    selected = select(case, ics, ports, expression=expression)
    assert told(selected) == [("ESME-SUP-004", disposition, reason)]
    assert selected[0].case is case[0]


def test_every_case_is_told_in_the_order_of_the_plan(load):
    cases = load(FOR_ROWS)
    ics = {"load_limiting": True, "twin_element": False, "supply_switch": True}
    assert told(select(cases, ics, {"gbcs"})) == [
        ("A-load_limiting", "not testable here", "the rig has no ports load, tamper"),
        ("A-twin_element", "inapplicable",
         "row.part = twin_element, ics.supply_switch = true"),
        ("B", "selected", "applies always"),
    ]


def test_an_item_that_the_ics_does_not_answer_is_a_mistake_of_the_profile(load):
    text = GOOD.replace("ics.supply_switch", "ics.supply_switch || ics.boost && has(ics.polyphase)")
    with pytest.raises(ProfileError) as raised:
        select(load(text), {"supply_switch": True}, ALL)
    assert str(raised.value).endswith(
        "plan.yaml:5: ESME-SUP-004 asks ics.boost, which the ICS does not answer")
    assert len(str(raised.value).splitlines()) == 1


def test_an_empty_ics_names_every_case_that_asks(load):
    cases = load(GOOD, second=GOOD.replace("ESME-SUP", "ESME-TWO"))
    with pytest.raises(ProfileError) as raised:
        select(cases, {}, ALL)
    assert [line.split(": ")[1][:12] for line in str(raised.value).splitlines()] == [
        "ESME-SUP-004", "ESME-TWO-004"]


@pytest.mark.parametrize(("expression", "said"), [
    ("tag == 'supply'", "no variable 'tag' in the selection"),
    ("tags ==", "not an expression"),
    ("id", "gives 'ESME-SUP-004', neither true nor false"),
    ("row.x == 1", "no value 'x'"),
])
def test_a_wrong_selection_is_a_mistake_of_its_author(case, expression, said):
    with pytest.raises(PlanError) as raised:
        select(case, {"supply_switch": True}, ALL, expression=expression)
    assert said in str(raised.value)


def test_an_applies_that_gives_no_truth_value_is_told_with_its_place(load):
    cases = load(GOOD.replace("applies: ics.supply_switch", "applies: ics.smets_version"))
    with pytest.raises(PlanError, match=r"plan\.yaml:5: applies: .* neither true nor false"):
        select(cases, {"smets_version": "5"}, ALL)

