"""What the profile of a meter leaves out of the test is touched by no case that runs."""

from __future__ import annotations

import pytest

from bench.plan import load_plans, select
from bench.records.plan import TestCase
from bench.records.verdict import Disposition
from bench.resources import resolve

ICS = {"hdlc": True, "wrapper": True, "short_names": False, "supply_switch": True,
       "prepayment": True, "load_profile": True, "image_transfer": True, "push": True,
       "key_transfer": True}
PORTS = ("dlms", "time", "load", "mains", "controls", "tamper")


@pytest.fixture(scope="module")
def cases() -> tuple[TestCase, ...]:
    return tuple(load_plans([resolve("testplans/dlms")]))


@pytest.mark.parametrize(("named", "gone", "kept"), [
    ("70/0-0:96.3.10.255", {"DLMS-COSEM-200", "DLMS-COSEM-210"}, {"DLMS-COSEM-211"}),
    ("70/0-0:96.3.10.255/m1", {"DLMS-COSEM-200"}, {"DLMS-COSEM-211", "DLMS-IMG-001"}),
    ("18/0-0:44.0.0.255", {"DLMS-IMG-000", "DLMS-IMG-001", "DLMS-IMG-110"}, {"DLMS-SEC-201"}),
    ("64/0-0:43.0.0.255", {"DLMS-SEC-001", "DLMS-SEC-201", "DLMS-SEC-212"}, {"DLMS-IMG-001"}),
    ("18/0-0:44.0.0.255/m4", {"DLMS-IMG-001"}, {"DLMS-SEC-201"}),
    ("64/0-0:43.0.0.255/m2", {"DLMS-SEC-201", "DLMS-SEC-211"}, {"DLMS-IMG-001"}),
    ("40/0-0:25.9.0.255/m1", {"DLMS-COSEM-230"}, {"DLMS-IMG-001"}),
    ("1/0-0:96.13.0.255", {"DLMS-SEC-161"}, {"DLMS-SEC-131"}),
    ("22/0-0:15.0.1.255/a2", {"DLMS-COSEM-211"}, {"DLMS-COSEM-200"}),
])
def test_a_case_that_touches_what_is_left_out_is_planned_and_not_run(
    cases: tuple[TestCase, ...], named: str, gone: set[str], kept: set[str]
) -> None:
    chosen = select(cases, ICS, PORTS, traits=("wrapper", "tcp"), left_out=[named])
    found = {one.case.id: one for one in chosen}
    for name in gone:
        assert found[name].disposition is Disposition.NOT_RUN, name
        assert found[name].reason == f"left out by the profile: do_not_test names {named}"
    for name in kept:
        assert found[name].disposition is Disposition.SELECTED, name


def test_nothing_is_left_out_where_nothing_is_named(cases: tuple[TestCase, ...]) -> None:
    chosen = select(cases, ICS, PORTS, traits=("wrapper", "tcp"))
    assert not [one for one in chosen if one.disposition is Disposition.NOT_RUN]


def test_a_meter_without_a_switch_is_not_switched(cases: tuple[TestCase, ...]) -> None:
    chosen = select(cases, ICS | {"supply_switch": False}, PORTS, traits=("wrapper", "tcp"))
    found = {one.case.id: one.disposition for one in chosen}
    assert found["DLMS-COSEM-200"] is found["DLMS-COSEM-210"] is Disposition.INAPPLICABLE
