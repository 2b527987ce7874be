"""Commands of the GBZ use cases, built from named values and what their mapping rows say.

:func:`commands_of` gives the components of a use case; :func:`build` fills them from values and,
where there are none, from what the rows allow and the defaults below, which are lawful and of no
other meaning. The shapes of messages are those of the DCC reference test data set 4.5.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.gbz import Component, Gbz
from bench.protocols.gbcs.gbz_rules import READ_ATTRIBUTES, Rule, Step, check, commands_of
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import Field
from bench.protocols.zigbee.data_types import utc_seconds

__all__ = ["Rule", "Step", "build", "commands_of", "keys_of", "values_of"]

FROM_DATE_TIME = "from_date_time"  # stands among the fields of a component that has one

_FOREVER = 0xFFFFFFFF
_ALL_ENTRIES = 0xFFFFFFFE  # as latest end time, of the logs of debt payments and credits
_SUPPLIER_CALENDAR = 0xFFFFFFFF  # as issuer calendar id of what is read: the tariff's
_FRIENDLY_CREDIT_CALENDAR = 0xFFFFFFFE

# Fields that say when the command was made, and ids that GBCS takes from that time.
_ISSUED = frozenset({"issuer_event_id", "message_id", "issuer_calendar_id"})

# Defaults by field, of every command or of one.
_DEFAULTS: Mapping[str, Any] = {
    "total_number_of_commands": 1, "number_of_commands": 1, "total_commands": 1,
    "latest_end_time": _ALL_ENTRIES, "end_time": _FOREVER, "duration_in_minutes": 0xFFFF,
    "start_day_id": 1, "start_week_id": 1, "supply_control_bits": 1,
    "supply_uncontrolled_flow_state": 0, "load_limit_supply_state": 3, "tier_block_mode": 0xFF,
    "top_up_code": b"7394156990786306000" b"0", "message": "Message", "originating_device": 0,
    "site_id": b"0000000000", "customer_id_number": b"0000", "password_type": 2,
    "proposed_provider_name": b"Supplier", "proposed_provider_contact_details": b"0",
    "billing_period_duration": 1, "billing_period_duration_type": 0x23,
    "block_period_duration": 1, "block_period_duration_type": 0x23, "tariff_resolution_period": 1,
    "sample_request_interval": 360, "max_number_of_samples": 41, "number_of_samples": 1,
    "debt_type": 2, "number_of_debts": 10, "number_of_records": 5,
    "min_issuer_event_id": _FOREVER, "block_period_control": 2,
}
_DEFAULTS_OF: Mapping[tuple[str, str], Any] = {
    ("GetEventConfiguration", "event_id"): 0x81FF,  # all that can be configured
    ("RequestNewPasswordResponse", "duration_in_minutes"): 0,
    ("SetUncontrolledFlowThreshold", "unit_of_measure"): 1,
    ("PublishChangeOfSupplier", "provider_change_control"): 0x1800,
    ("GetDayProfiles", "issuer_calendar_id"): _SUPPLIER_CALENDAR,
    ("GetWeekProfiles", "issuer_calendar_id"): _SUPPLIER_CALENDAR,
    ("GetSeasons", "issuer_calendar_id"): _SUPPLIER_CALENDAR,
    ("GetSpecialDays", "issuer_calendar_id"): _SUPPLIER_CALENDAR,
    ("PublishDayProfile", "day_schedule_entries"): [
        {"start_time": 0, "active_price_tier_or_friendly_credit_enable": 1}],
    ("PublishSeasons", "season_entries"): [
        {"season_start_date": {"month": 1, "day": 1}, "week_id_ref": 1}],
    ("PublishPriceMatrix", "sub_payload_control"): 1,
    ("PublishPriceMatrix", "payload"): [{"tier_block_id": 1, "price": 0}],
    ("PublishBlockThresholds", "sub_payload_control"): 1,
    ("PublishBlockThresholds", "payload"): [
        {"tier_number_of_block_thresholds": 0, "block_thresholds": []}],
    ("PublishTariffInformation", "number_of_price_tiers_in_use"): 1,
    ("SetEventConfiguration", "event_configuration_payload"): {
        "number_of_events": 0, "event_ids": []},
}
# Further values of the use case that the default command has, one for each time it stands.
_EXAMPLES: Mapping[tuple[str, str], tuple[Mapping[str, Any], ...]] = {
    ("GCS04", "ChangeDebt"): (
        {"debt_recovery_method": 0, "debt_amount_type": 1},
        {"debt_recovery_method": 0, "debt_amount_type": 3},
        {"debt_recovery_method": 1, "debt_amount_type": 5}),
    ("GCS05", "PublishDayProfile"): ({"calendar_type": 3},),
    **{("GCS21b", name): ({"issuer_calendar_id": _FRIENDLY_CREDIT_CALENDAR},)
       for name in ("GetDayProfiles", "GetWeekProfiles", "GetSeasons")},
    ("GCS21b", "GetSpecialDays"): (
        {"issuer_calendar_id": _FRIENDLY_CREDIT_CALENDAR, "calendar_type": 3},),
    ("PCS01", "ConsumerTopUp"): ({"originating_device": 2},),
    ("PCS02", "SelectAvailableEmergencyCredit"): ({"originating_device": 2},),
}
# Counts that are not given follow the list, or the commands, that they count.
_COUNTS = {"total_number_of_schedule_entries": "day_schedule_entries",
           "total_number_of_special_days": "special_day_entries"}
_CALENDAR = "PublishCalendar"
_CALENDAR_COUNTS = {"number_of_day_profiles": "PublishDayProfile",
                    "number_of_week_profiles": "PublishWeekProfile"}
_SEASONS = ("number_of_seasons", "PublishSeasons", "season_entries")
_LONG_FORM = frozenset({"PublishBlockPeriod"})  # whose optional fields GBCS asks for
_OFFSET = "snapshot_offset"  # counts the times that a read of snapshots stands


def build(
    use_case_id: str, values: Mapping[str, Any] | None = None, *, issued: Any = 0
) -> Gbz:
    """Return the command of a GBZ use case, every value lawful unless ``values`` says otherwise.

    ``values`` are named by command, then by field, as :func:`bench.protocols.gbcs.gbz.plain` has
    them: ``{"PublishPriceMatrix": {"start_time": 0, "payload": [...]}}``. Where two clusters of
    the use case have the command, it is named with its cluster: ``Price.ReadAttributes`` (which
    always works). A command that may stand several times takes a list, one entry for each time;
    ``None`` or an empty list leaves out one that need not stand. Commands and fields not named
    have defaults; a read takes ``{"attributes": [...]}``, by default all of the use case in the
    order of its messages. ``from_date_time`` stands among the fields of a command that has one.
    ``issued`` is when the command is made (seconds since 2000, datetime or ISO 8601), for its
    ids. LocalProtocolError naming the field, and the row and what it allows, for a wrong name, a
    value that does not fit its type or a limit, or a command that stands too often.
    """
    steps = commands_of(use_case_id)
    given = _by_step(use_case_id, steps, values or {})
    try:
        when = utc_seconds(issued)
    except (TypeError, ValueError) as wrong:
        raise LocalProtocolError(f"issued: {wrong}") from None
    filled = {step.key: [_filled(use_case_id, step, place, when, entry) for place, entry
                         in enumerate(_entries(use_case_id, step, given))] for step in steps}
    _count_calendar(filled, given)
    components: list[Component] = []
    for step in steps:
        for place, entry in enumerate(filled[step.key]):
            name = f"{use_case_id} {step.key}"
            where = f"{name}[{place}]" if step.times[1] > 1 else name
            components.append(_component(step, entry, len(components), where))
    return Gbz(tuple(components))


@cache
def keys_of(use_case_id: str) -> dict[str, str]:
    """Return the key of each name that a command may be given by."""
    steps = commands_of(use_case_id)
    return {name: step.key for step in steps
            for name in (step.key, f"{step.cluster.name}.{step.command}")}


def values_of(use_case_id: str, gbz: Gbz) -> dict[str, Any]:
    """Return the values of a command as :func:`build` takes them.

    LocalProtocolError if its components are not those of the use case.
    """
    steps = commands_of(use_case_id)
    found: dict[str, list[dict[str, Any]]] = {step.key: [] for step in steps}
    for component in gbz.components:
        step = next((step for step in steps if step.cluster.id == component.cluster
                     and step.command == component.command_name), None)
        if step is None:
            raise LocalProtocolError(f"{use_case_id} has no {component.cluster_name} "
                                     f"{component.command_name}")
        fields = component.fields()
        if component.from_date_time is not None:
            fields[FROM_DATE_TIME] = component.from_date_time
        found[step.key].append(fields)
    return {step.key: found[step.key] if step.times != (1, 1)
            else next(iter(found[step.key]), None) for step in steps}


def _by_step(
    use_case_id: str, steps: tuple[Step, ...], values: Mapping[str, Any]
) -> dict[str, Any]:
    names = keys_of(use_case_id)
    unknown = [str(name) for name in values if name not in names]
    if unknown:
        raise LocalProtocolError(f"{use_case_id} has no command {', '.join(unknown)}; it has "
                                 f"{', '.join(step.key for step in steps)}")
    return {names[name]: value for name, value in values.items()}


def _entries(use_case_id: str, step: Step, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the values of each time that a command stands."""
    fewest, most = step.times
    if step.key not in given:
        examples = len(_EXAMPLES.get((use_case_id, step.command), ()))
        reads = most if any(field.name == _OFFSET for field in step.fields) else 0
        return [{}] * max(fewest, examples, reads)
    value = given[step.key]
    entries = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if not fewest <= len(entries) <= most:
        often = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise LocalProtocolError(f"{use_case_id} {step.key} stands {often} times, "
                                 f"not {len(entries)}")
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise LocalProtocolError(f"{use_case_id} {step.key}: fields by name are wanted, "
                                     f"not {entry!r}")
    return list(entries)


def _component(step: Step, fields: Mapping[str, Any], number: int, where: str) -> Component:
    values = dict(fields)
    from_date_time = values.pop(FROM_DATE_TIME, None)
    if from_date_time is not None and not step.with_from_date_time:
        raise LocalProtocolError(f"{where} has no {FROM_DATE_TIME}")
    control, _, command, *_ = step.frame
    try:
        payload = zcl.payload_of(step.cluster.id, step.frame, values)
        when = None if from_date_time is None else utc_seconds(from_date_time)
        component = Component(step.cluster.id,
                              zcl.Frame(control, number & 0xFF, command, payload), when)
        if when is not None:
            component.encode(last=True)  # says whether the time fits
    except LocalProtocolError as wrong:
        raise LocalProtocolError(f"{where}: {wrong}{_row_of(step, str(wrong))}") from None
    except (TypeError, ValueError) as wrong:
        raise LocalProtocolError(f"{where}: {FROM_DATE_TIME}: {wrong}") from None
    if step.checked:
        check(step, component.fields(), where)
    return component


def _row_of(step: Step, text: str) -> str:
    """Return the row of the field that an error's text opens with."""
    rules = step.rules_of(text.partition(":")[0])
    return f" ({rules[0].row.item!r}, {rules[0].row.clauses})" if rules else ""


def _filled(
    use_case_id: str, step: Step, place: int, issued: int, entry: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fields of a command, those of ``entry`` and defaults."""
    if step.command == READ_ATTRIBUTES:
        return {"attributes": list(step.attributes), **entry}
    long = step.command in _LONG_FORM
    values = {field.name: _default(step, field, place, issued)
              for field in step.fields
              if field.name not in entry and (long or not field.optional)}
    examples = _EXAMPLES.get((use_case_id, step.command), ())
    if examples:
        values.update(examples[min(place, len(examples) - 1)])
    if step.with_from_date_time:
        values[FROM_DATE_TIME] = 0
    values.update(entry)
    for count, counted in _COUNTS.items():
        if count in values and count not in entry and isinstance(values[counted], list | tuple):
            values[count] = len(values[counted])
    return values


def _count_calendar(
    filled: Mapping[str, list[dict[str, Any]]], given: Mapping[str, Any]
) -> None:
    """Put the numbers of days, weeks and seasons into the calendar, where they are not given."""
    named = given.get(_CALENDAR)
    for calendar in filled.get(_CALENDAR, ()):
        counts = {count: len(filled[key]) for count, key in _CALENDAR_COUNTS.items()}
        count, key, entries = _SEASONS
        counts[count] = sum(len(seasons[entries]) for seasons in filled[key]
                            if isinstance(seasons[entries], list | tuple))
        calendar.update({name: number for name, number in counts.items()
                         if not (isinstance(named, Mapping) and name in named)})


def _default(step: Step, field: Field, place: int, issued: int) -> Any:
    if field.name in (_OFFSET, "day_id", "week_id"):
        return place + (field.name != _OFFSET)
    rules = step.rules_of(field.name)
    rule = next((rule for rule in rules if rule.allowed and not rule.lengths), None)
    if rule and rule.choices and rule.low is None:
        return rule.choices[0]
    if (step.command, field.name) in _DEFAULTS_OF:
        return _DEFAULTS_OF[step.command, field.name]
    lowest = max(rule.low or 0, 0) if rule else issued if field.name in _ISSUED else 0
    empty: Any = [] if field.repeat else "" if field.type.endswith("string") else lowest
    return _DEFAULTS.get(field.name, empty)
