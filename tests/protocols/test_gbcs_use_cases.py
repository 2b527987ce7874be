"""The tables of use cases, message codes and event codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.protocols.gbcs import events, use_cases
from bench.protocols.gbcs.protection import RULES
from bench.protocols.gbcs.use_cases import USE_CASES


def test_the_tables_hold_as_many_use_cases_and_rows_as_the_reference(shared: Path) -> None:
    reference = json.loads((shared / "reference" / "gbcs_use_cases.json").read_text())
    assert len(USE_CASES) == len(reference) == 176
    assert {entry["id"]: (int(entry["message_code"], 16), len(entry["rows"]))
            for entry in reference} == {
        use_case.id: (use_case.code, len(use_case.rows)) for use_case in USE_CASES.values()}
    assert sum(len(use_case.rows) for use_case in USE_CASES.values()) == 1244


def test_each_event_code_of_the_references_is_held(shared: Path) -> None:
    named = json.loads((shared / "reference" / "gbcs_event_codes.json").read_text())
    table = json.loads((shared / "reference" / "event_table.json").read_text())["rows"]
    assert set(events.EVENTS) == {int(row["code"], 16) for row in [*named, *table]}
    columns = {"event": "event_log", "security": "security_log", "power": "power_event_log"}
    for row in table:
        event = events.EVENTS[int(row["code"], 16)]
        for log, column in columns.items():
            assert (log in (event.logs or ())) == (row[column] == "Y"), row["code"]


def test_a_use_case_is_found_by_id_and_code() -> None:
    clock = USE_CASES["ECS70"]
    assert use_cases.by_code(0x0062) is clock
    assert (clock.category, clock.replay_protected, clock.future_dateable, clock.roles) == (
        "SME.C.C", True, False, ("supplier",))
    assert clock.rows[0].key == "8/0-0:1.0.0.255/a9"


def test_no_code_stands_in_two_tables_and_each_category_has_a_rule() -> None:
    codes = {use_case.code for use_case in USE_CASES.values()}
    assert len(codes) == len(USE_CASES)
    assert not codes & {other.code for other in use_cases.other_codes()}
    categories = {use_case.category for use_case in USE_CASES.values()} - {"ZSE"}
    categories |= {name for other in use_cases.other_codes() for name in other.categories}
    assert categories <= set(RULES)


@pytest.mark.parametrize(("code", "name", "category"), [
    (0x004F, "ECS42", "SME.C.C"), (0x001F, "ECS08", "SME.C.C"), (0x011B, "CS02f", "SME.C.NC"),
    (0x1000, "Generic Critical Alert", "SME.A.C"), (0x012B, "012B", "SME.A.C"),
    (0xFFFE, "FFFE", "unknown"),
])
def test_a_code_without_a_use_case_still_has_a_name(code: int, name: str, category: str) -> None:
    assert use_cases.name_of(code) == name
    assert use_cases.category_of(code) == category


def test_an_unknown_event_code_is_shown_as_its_number() -> None:
    assert events.name_of(0x8F0C).startswith("clock not adjusted")
    assert events.name_of(0x9999) == "9999"
