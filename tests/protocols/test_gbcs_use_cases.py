"""The tables of use cases, message codes and event codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from protocol_parties import Vector

from bench.errors import LocalProtocolError
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


def test_every_id_and_every_code_is_found() -> None:
    every = use_cases.every_use_case()
    assert len(every) == 176 + 64
    assert len({known.id for known in every}) == len({known.code for known in every}) == len(every)
    for known in every:
        assert use_cases.use_case(known.id) is known
        assert use_cases.use_case(known.code) is known
        assert use_cases.use_case(f"{known.code:04X}") is known
    assert use_cases.use_case("CS02b-supplierBySupplier").code == 0x0102
    for name in ("ECS99", 0xFFFE, "FFFE", ""):
        with pytest.raises(LocalProtocolError, match="no use case"):
            use_cases.use_case(name)


def test_codes_of_older_versions_and_without_a_name_are_listed_as_such() -> None:
    by_status = {status: [other.id for other in use_cases.other_codes()
                          if other.status == status]
                 for status in (use_cases.OLDER, use_cases.UNNAMED)}
    assert by_status[use_cases.OLDER] == [
        "CCS05CCS04", "ECS08", "ECS26d", "ECS26e", "ECS30", "ECS46c", "ECS47", "GCS24", "ECS26i",
        "GCS21d", "GCS21e", "ECS35f", "ECS61a"]
    assert by_status[use_cases.UNNAMED] == [
        "CS02f", "ECS100", "ECS200", "CS02g-alert", "CS02g-loadControllerByLoadController",
        "CS02g-loadControllerBySupplier", "GCS60a", "CS09"]


def test_every_fact_of_a_code_outside_the_tables_names_its_source() -> None:
    named = set(use_cases.sources())
    for other in use_cases.other_codes():
        for fact in ("target", "protocol", "categories", "future_dateable", "replay_protected",
                     "service_reference", "access", "roles", "response_date_time", "rows"):
            known = getattr(other, fact) not in (None, (), "")
            assert known == (fact in other.sources), (other.id, fact)
        for source in other.sources.values():
            for part in source.split("; "):
                assert part.split()[0] in named | set(USE_CASES), (other.id, source)


def test_the_codes_outside_the_tables_are_those_of_the_reference(
    shared: Path, vectors: list[Vector]
) -> None:
    listed = {int(code, 16) for code in re.findall(
        r"^- 0x([0-9A-F]{4}) .*RTDS", (shared / "reference" / "gbcs.md").read_text(), re.MULTILINE)}
    others = {other.code: other for other in use_cases.other_codes()}
    assert set(others) - listed == {0x0013}  # its head stands in the document without rows
    assert listed == set(others) - {0x0013}
    kinds = {"AccessRequest": "DLMS", "AccessResponse": "DLMS", "DataNotification": "DLMS"}
    roles = {"supplier", "network_operator", "access_control_broker", "recovery",
             "transitional_change_of_supplier", "wan_provider", "load_controller"}
    for vector in vectors:
        other = others.get(vector.code)
        if other is not None and other.protocol is not None:
            assert other.protocol == kinds.get(vector.payload, vector.payload), vector.name
    assert {role for other in others.values() for role in other.roles} <= roles


def test_no_code_stands_in_two_tables_and_each_category_has_a_rule() -> None:
    codes = {use_case.code for use_case in USE_CASES.values()}
    assert len(codes) == len(USE_CASES)
    assert not codes & {other.code for other in use_cases.other_codes()}
    categories = {use_case.category for use_case in USE_CASES.values()} - {"ZSE"}
    categories |= {name for other in use_cases.other_codes() for name in other.categories}
    assert categories <= set(RULES)


@pytest.mark.parametrize(("code", "name", "category"), [
    (0x004F, "ECS42", "SME.C.C"), (0x001F, "ECS08", "SME.C.C"), (0x011B, "CS02f", "SME.C.NC"),
    (0x1000, "Generic Critical Alert", "SME.A.C"), (0x012B, "CS09", "SME.A.C"),
    (0xFFFE, "FFFE", "unknown"),
    (0x0102, "CS02b-supplierBySupplier", "SME.C.C"), (0x00D5,
     "Failure to Deliver Remote Party Message to ESME Alert", "unknown"),
])
def test_a_code_without_a_use_case_still_has_a_name(code: int, name: str, category: str) -> None:
    assert use_cases.name_of(code) == name
    assert use_cases.category_of(code) == category


def test_an_unknown_event_code_is_shown_as_its_number() -> None:
    assert events.name_of(0x8F0C).startswith("clock not adjusted")
    assert events.name_of(0x9999) == "9999"
