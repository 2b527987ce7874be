"""Commands of the GBZ use cases: built from values, by the rows of the mapping tables."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import Vector

from bench.errors import LocalProtocolError
from bench.protocols.gbcs import gbz
from bench.protocols.gbcs.gbz_commands import build, commands_of, values_of
from bench.protocols.gbcs.use_cases import USE_CASES, name_of

COMMANDS = [case.id for case in USE_CASES.values()
            if case.protocol == "GBZ" and not case.category.startswith("SME.A")]


def test_every_reference_command_is_built_from_its_values(vectors: list[Vector]) -> None:
    built = set()
    for vector in (v for v in vectors if v.payload == "GBZ" and v.cra == "command"):
        use_case = name_of(vector.code)
        values = values_of(use_case, gbz.decode(vector.message.payload))
        made = build(use_case, json.loads(json.dumps(values)))
        assert made.encode() == vector.message.payload, vector.name
        built.add(use_case)
    assert len(built) == 29


def test_default_commands_have_the_form_of_the_reference_ones(vectors: list[Vector]) -> None:
    compared = 0
    for vector in (v for v in vectors if v.payload == "GBZ" and v.cra == "command"):
        use_case = name_of(vector.code)
        if use_case == "GCS05":  # which repeats components as often as there are days
            continue
        wanted = gbz.decode(vector.message.payload)
        made = build(use_case, issued="2015-01-01")
        assert [(c.cluster, c.command_name, c.frame.frame_control, c.frame.sequence, list(
            c.fields())) for c in made.components] == [
                (c.cluster, c.command_name, c.frame.frame_control, c.frame.sequence,
                 list(c.fields())) for c in wanted.components], vector.name
        compared += 1
    assert compared > 70


def test_reads_of_attributes_are_by_default_those_of_the_reference(
    vectors: list[Vector]
) -> None:
    reads = [v for v in vectors if v.payload == "GBZ" and v.cra == "command"
             and name_of(v.code)[:5] in ("GCS13", "GCS21", "GCS46", "GCS60")
             and name_of(v.code) not in ("GCS21f", "GCS21b", "GCS21k")]
    assert len(reads) > 15
    for vector in reads:
        assert build(name_of(vector.code)).encode() == vector.message.payload, vector.name


@pytest.mark.parametrize("use_case", COMMANDS)
def test_every_command_of_the_table_is_built_without_values(use_case: str) -> None:
    made = build(use_case)
    assert gbz.decode(made.encode()) == made
    assert build(use_case, values_of(use_case, made)) == made


def test_there_are_55_commands_of_56_use_cases() -> None:
    assert len(COMMANDS) == 55
    assert sum(case.protocol == "GBZ" for case in USE_CASES.values()) == 56


def test_every_zigbee_row_that_limits_a_value_is_read() -> None:
    stated = re.compile(r"0x|0b|\d+ ?=|n = |\d \| ")
    ignored: list[str] = []
    for use_case in COMMANDS:
        rows = {rule.row for step in commands_of(use_case) for rule in step.rules if rule.allowed}
        ignored += [row.path for row in USE_CASES[use_case].rows
                    if stated.search(row.path) and row not in rows and ": 0x" not in row.path
                    and not row.command.startswith("(Response")]
    # times, whose special values mean now and never; lists, whose elements rows describe in words;
    # and one that holds for part of the components
    words = ("Time", "Entr", "SnapshotPayloadType", "Billing Period", "Block Period")
    assert [path for path in ignored if not any(word in path for word in words)] == []


def test_commands_are_given_with_direction_response_and_limits() -> None:
    billing, block = commands_of("GCS25a")
    assert (billing.command, billing.to_client, billing.response) == (
        "PublishBillingPeriod", True, "DefaultResponse")
    assert block.key == "PublishBlockPeriod"
    first, second = commands_of("GCS14")
    assert [first.key, second.key] == ["Price.ReadAttributes", "Prepayment.ReadAttributes"]
    assert second.attributes[0] == "accumulated_debt"
    (log,) = commands_of("GCS15e")
    assert (log.response, log.with_from_date_time) == ("PublishTopUpLog", True)
    (mode,) = commands_of("GCS03")
    assert [rule.allowed for rule in mode.rules_of("cut_off_value")] == [
        "-2147483647 to 2147483647 or -1"]
    (name, contact, *_) = commands_of("GCS44")[0].rules
    assert (name.allowed, contact.allowed) == ("1 to 15 octets", "1 to 18 octets")
    assert {rule.allowed for rule in commands_of("GCS04")[0].rules_of("debt_amount_type")} == {
        "0x5", "0x1", "0x3"}


def test_values_go_into_the_component_they_name() -> None:
    made = build("GCS23", {"PublishCalorificValue": {"calorific_value": 391,
                                                     "start_time": "2030-01-01"}}, issued=7)
    calorific = made.components[1].fields()
    assert (calorific["calorific_value"], calorific["issuer_event_id"]) == (391, 7)
    assert calorific["start_time"] == 946_771_200
    assert made.components[0].fields()["conversion_factor"] == 0


def test_repeated_components_take_a_list() -> None:
    days = [{"day_schedule_entries": [
        {"start_time": 60 * hour, "active_price_tier_or_friendly_credit_enable": tier}
        for tier, hour in enumerate((0, 7, 17), 1)]}, {"day_id": 9}]
    made = build("GCS01a", {"PublishDayProfile": days, "PublishBlockThresholds": None})
    names = [component.command_name for component in made.components]
    assert names == ["PublishCalendar", "PublishDayProfile", "PublishDayProfile",
                     "PublishWeekProfile", "PublishSeasons", "PublishSpecialDays",
                     "PublishTariffInformation", "PublishPriceMatrix"]
    assert [component.frame.sequence for component in made.components] == list(range(8))
    first, second = (component.fields() for component in made.components[1:3])
    assert (first["day_id"], first["total_number_of_schedule_entries"]) == (1, 3)
    assert second["day_id"] == 9
    assert made.components[0].fields()["number_of_day_profiles"] == 2


def test_reads_of_snapshots_count_themselves() -> None:
    made = build("GCS15c")
    assert [component.fields()["snapshot_offset"] for component in made.components] == [
        *range(12), *range(12)]
    few = build("GCS16b", {"GetPrepaySnapshot": [{"snapshot_offset": 4}]})
    assert [component.fields()["snapshot_cause"] for component in few.components] == [1]


def test_a_from_date_time_stands_among_the_fields() -> None:
    made = build("GCS15e", {"GetTopUpLog": {"from_date_time": "2015-01-01"}})
    assert made.components[0].from_date_time == 473_385_600
    with pytest.raises(LocalProtocolError, match="GCS07 DisplayMessage has no from_date_time"):
        build("GCS07", {"DisplayMessage": {"from_date_time": 1}})


@pytest.mark.parametrize(("use_case", "values", "message"), [
    ("GCS07", {"DisplayMessage": {"message": "x" * 117}},
     r"GCS07 DisplayMessage: message: .*'SupplierMessage: value' \(SMETS 4.6.4.24\) allows 1 to"),
    ("GCS07", {"DisplayMessage": {"message": None}}, "allows 1 to 116 octets"),
    ("GCS23", {"PublishCalorificValue": {"calorific_value_unit": 2}}, "allows 0x1"),
    ("GCS23", {"PublishCalorificValue": {"calorific_value": 1 << 32}},
     r"GCS23 PublishCalorificValue: calorific_value: uint32.*'CalorificValue: valueNext'"),
    ("GCS23", {"PublishCalorificValue": {"colour": 2}}, "no field colour; there are"),
    ("GCS23", {"PublishPrice": {}}, "GCS23 has no command PublishPrice; it has Publish"),
    ("GCS40a", {"CreditAdjustment": {"credit_adjustment_value": -(1 << 31)}},
     "allows -2147483647 to 2147483647"),
    ("GCS40a", {"CreditAdjustment": {"credit_adjustment_type": 1}}, "allows 0x0"),
    ("GCS03", {"ChangePaymentMode": {"proposed_payment_control_configuration": 1}},
     "allows 0xC94 or 0x497 or"),
    ("GCS24a", {"SetSupplyStatus": {"supply_tamper_state": "supply_on"}}, "allows 0x3 or 0x0"),
    ("GCS24a", {"SetSupplyStatus": {"supply_tamper_state": "open"}}, "is none of supply_off"),
    ("CS10a", {"GetEventLog": {"event_control_log_id": 0x14}}, "allows 0x3 or 0x6"),
    ("CS01b", {"ConsumerTopUp": {"top_up_code": "00"}}, "allows 20 octets"),
    ("GCS13a", {"ReadAttributes": {"attributes": ["supply_status"]}},
     "supply_status is not among divisor"),
    ("GCS13a", {"ReadAttributes": {"attributes": ["speed"]}}, "no server attribute 'speed'"),
    ("GCS04", {"ChangeDebt": [{}]}, "GCS04 ChangeDebt stands 3 times, not 1"),
    ("GCS05", {"PublishDayProfile": [{}] * 6}, "stands 1 to 5 times, not 6"),
    ("GCS05", {"PublishDayProfile": [{}, {"day_id": 0}]},
     r"GCS05 PublishDayProfile\[1\]: day_id: 0, but .*nextDayIdentifiers.* allows 1 to 255"),
    ("GCS05", {"PublishDayProfile": [5]}, "fields by name are wanted"),
    ("GCS14", {"ReadAttributes": {}}, "GCS14 has no command ReadAttributes"),
    ("ECS70", {}, "no command whose GBZ rows"), ("GCS53", {}, "no command whose GBZ rows"),
    ("GCS99", {}, "no use case"),
])
def test_what_does_not_fit_names_the_row_and_what_is_allowed(
    use_case: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        build(use_case, values)


@given(st.integers(-(1 << 40), 1 << 40), st.sampled_from(
    [(use_case, step.key, field.name) for use_case in COMMANDS for step in commands_of(use_case)
     if step.times == (1, 1) for field in step.fields]))
def test_any_number_is_built_and_read_back_or_refused(
    number: int, place: tuple[str, str, str]
) -> None:
    use_case, key, field = place
    try:
        made = build(use_case, {key: {field: number}})
    except LocalProtocolError as refused:
        text = str(refused)
    else:
        text = field
        assert gbz.decode(made.encode()) == made
        assert build(use_case, values_of(use_case, made)) == made
    assert field in text or "elements" in text
