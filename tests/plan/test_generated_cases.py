"""A case for each row that a device discloses; without a device, one that stands for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.errors import PlanError
from bench.plan import load_plans, select
from bench.plan.tables import DISCLOSED
from bench.records.disclosure import Disclosure
from bench.records.plan import TestCase
from bench.records.verdict import Disposition
from bench.scheme.case_list import fingerprints

PLAN = """\
group: LISTED
title: What a device lists
device: dlms-meter
cases:
  - id: LISTED-000
    purpose: The reference can be read
    verifies: [DLMS/COSEM_LIST]
    ports: [time]
    steps:
      - read_reference:
        expect: reference > 0
  - id: LISTED-${row.id}
    purpose: ${row.reference} is read in ${row.association}
    verifies: [DLMS/COSEM_ATTRIBUTE]
    ports: [time]
    bite: [a-defect]
    for_each: FOR_EACH
    steps:
      - read_reference:
        expect: row.index > 0 && STEP
"""
ATTRIBUTE = DISCLOSED["disclosed_attributes"]


def attribute(association: str, index: int, **more: object) -> dict[str, object]:
    reference = f"8/0-0:1.0.0.255/a{index}"
    return {**ATTRIBUTE, "association": association, "index": index, "reference": reference,
            "id": f"{association}.8.0-0.1.0.0.255.a{index}", **more}


def disclosed(*rows: dict[str, object], failures: tuple[str, ...] = ()) -> Disclosure:
    return Disclosure({"disclosed_attributes": rows}, failures)


Load = Callable[..., tuple[TestCase, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(said: Disclosure | None, for_each: str = "{table: disclosed_attributes}",
             step: str = "row.readable") -> tuple[TestCase, ...]:
        path = tmp_path / "plan.yaml"
        path.write_text(PLAN.replace("FOR_EACH", for_each).replace("STEP", step), "utf-8")
        return load_plans([path], disclosed=said)

    return read


def ids(cases: tuple[TestCase, ...]) -> list[str]:
    return [case.id for case in cases if case.generated]


def test_each_row_that_the_device_gives_is_a_case(load: Load) -> None:
    cases = load(disclosed(attribute("public", 1), attribute("hls", 2)))
    assert ids(cases) == ["LISTED-public.8.0-0.1.0.0.255.a1", "LISTED-hls.8.0-0.1.0.0.255.a2"]
    assert cases[1].purpose == "8/0-0:1.0.0.255/a1 is read in public"
    assert cases[1].body[0].action == "read_reference"
    assert cases[1].row["association"] == "public"
    assert cases[0].generated is None
    assert cases[1].generated is not None
    assert cases[1].generated.id == "LISTED-EACH"
    assert cases[1].generated.table == "disclosed_attributes"


def test_conditions_and_names_work_as_with_any_table(load: Load) -> None:
    rows = (attribute("public", 1), attribute("hls", 2))
    kept = load(disclosed(*rows), "{table: disclosed_attributes, where: \"row.index == 2\"}")
    assert ids(kept) == ["LISTED-hls.8.0-0.1.0.0.255.a2"]
    product = ("{product: [{table: disclosed_attributes}, "
               "{rows: [{again: 1}, {again: 2}]}], where: \"row.again == 2\"}")
    assert len(ids(load(disclosed(*rows), product))) == 2


def test_without_a_device_one_case_stands_for_all(load: Load) -> None:
    cases = load(None)
    assert ids(cases) == ["LISTED-EACH"]
    case = cases[1]
    assert (case.preamble, case.body, case.postamble, case.row) == ((), (), (), {})
    assert case.requirements == ("DLMS/COSEM_ATTRIBUTE",)
    assert case.bite == ("a-defect",)
    assert case.undisclosed == (
        "generated at run time from disclosed_attributes; no device was asked")


def test_what_could_not_be_had_is_a_case_beside_the_others(load: Load) -> None:
    cases = load(disclosed(attribute("public", 1), failures=("hls: rejected", "lls: silence")))
    assert ids(cases) == ["LISTED-public.8.0-0.1.0.0.255.a1", "LISTED-EACH"]
    assert cases[2].undisclosed == "hls: rejected; lls: silence"


def test_a_device_that_has_none_of_the_kind_leaves_an_inapplicable_case(load: Load) -> None:
    cases = load(disclosed(attribute("public", 1)),
                 "{table: disclosed_attributes, where: \"row.index == 9\"}")
    assert ids(cases) == ["LISTED-EACH"]
    chosen = select(cases, {}, ["time"])
    assert [(one.disposition, one.reason) for one in chosen] == [
        (Disposition.SELECTED, "applies always"),
        (Disposition.INAPPLICABLE, "the device discloses no such row of disclosed_attributes")]


def test_what_the_profile_says_not_to_test_is_left_out_with_the_reason(load: Load) -> None:
    cases = load(disclosed(attribute("public", 1), attribute("public", 2)))
    chosen = select(cases, {}, ["time"], left_out=["8/0-0:1.0.0.255/a1"])
    assert [one.disposition for one in chosen] == [
        Disposition.SELECTED, Disposition.NOT_RUN, Disposition.SELECTED]
    assert "do_not_test" in chosen[1].reason


@pytest.mark.parametrize(("for_each", "step", "told"), [
    ("{table: disclosed_atributes}", "true", "no table 'disclosed_atributes'.*of the device"),
    ("{table: disclosed_attributes}", "row.colour", r"row 1 has no column 'colour'"),
    ("{table: disclosed_attributes, where: \"row.colour == 1\"}", "true", "no value .colour. in"),
    ("{table: disclosed_attributes, where: \"ics.x\"}", "true", "no variable 'ics' here"),
    ("{table: disclosed_attributes}", "nothing == 1", "nothing"),
])
def test_a_mistake_is_found_without_a_device(
    load: Load, for_each: str, step: str, told: str
) -> None:
    with pytest.raises(PlanError, match=told):
        load(None, for_each, step)


def test_a_baseline_freezes_the_written_case_and_no_row(load: Load) -> None:
    """Another device of the same type may list other objects under the same baseline."""
    without = fingerprints(load(None))
    one, more = (fingerprints(load(disclosed(*rows))) for rows in (
        (attribute("public", 1),), (attribute("public", 1), attribute("hls", 2))))
    assert without == one == more
    assert list(one) == ["LISTED-000", "LISTED-EACH"]
    assert fingerprints(load(None, step="row.writable"))["LISTED-EACH"] != one["LISTED-EACH"]


def test_rows_of_one_device_have_fingerprints_of_their_own(load: Load) -> None:
    first, second = (case.fingerprint for case in load(
        disclosed(attribute("public", 1), attribute("public", 2))) if case.generated)
    assert first != second


LINKED: Mapping[str, Any] = {"links: [hdlc]": True, "links: [wrapper]": False,
                             "links: [hdlc, serial]": True, "links: [hdlc, tcp]": False}


@pytest.mark.parametrize(("links", "fits"), LINKED.items())
def test_a_case_may_ask_for_a_link(tmp_path: Path, links: str, fits: bool) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.split("  - id: LISTED-${", maxsplit=1)[0] + f"    {links}\n", "utf-8")
    (chosen,) = select(load_plans([path]), {}, ["time"], traits={"hdlc", "serial"})
    assert chosen.disposition is (Disposition.SELECTED if fits else Disposition.NOT_TESTABLE)
    assert fits or "the rig's link is not " in chosen.reason


def test_a_link_that_there_is_not_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.split("  - id: LISTED-${", maxsplit=1)[0] + "    links: [hdcl]\n", "utf-8")
    with pytest.raises(PlanError, match="no link 'hdcl'; did you mean"):
        load_plans([path])
