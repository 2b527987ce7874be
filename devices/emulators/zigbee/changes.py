"""Which attributes a command of a use case sets, and by which of its fields it is for later.

The items of the mapping rows name both: what is written by the one is read by the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from devices.emulators.zigbee.attributes import METERING, PREPAYMENT, PRICE, Key

_SAME = "="


def _table(cluster: str, **fields: str) -> Mapping[str, Key]:
    return {field: Key(cluster, field if name == _SAME else name)
            for field, name in fields.items()}


CHANGES: Mapping[str, Mapping[str, Key]] = {
    "PublishConversionFactor": _table(
        PRICE, conversion_factor=_SAME, conversion_factor_trailing_digit=_SAME),
    "PublishCalorificValue": _table(
        PRICE, calorific_value=_SAME, calorific_value_unit=_SAME,
        calorific_value_trailing_digit=_SAME),
    "PublishTariffInformation": _table(
        PRICE, unit_of_measure="tariff_unit_of_measure", currency="tariff_currency",
        price_trailing_digit="tariff_price_trailing_digit", standing_charge=_SAME,
        block_threshold_multiplier="threshold_multiplier",
        block_threshold_divisor="threshold_divisor"),
    "SetUncontrolledFlowThreshold": _table(
        METERING, uncontrolled_flow_threshold="uncontrolled_flow_theshold",
        unit_of_measure="uncontrolled_flow_theshold_unit_of_measure",
        multiplier="uncontrolled_flow_multiplier", divisor="uncontrolled_flow_divisor",
        stabilisation_period="flow_stabilization_period",
        measurement_period="flow_measurement_period"),
    "SetSupplyStatus": _table(METERING, supply_tamper_state=_SAME, supply_depletion_state=_SAME),
    "UpdateSiteId": _table(METERING, site_id=_SAME),
    "EmergencyCreditSetup": _table(
        PREPAYMENT, emergency_credit_limit="emergency_credit_limit_allowance",
        emergency_credit_threshold=_SAME),
    "SetOverallDebtCap": _table(PREPAYMENT, overall_debt_cap=_SAME),
    "SetLowCreditWarningLevel": _table(
        PREPAYMENT, low_credit_warning_level="low_credit_warning"),
    "SetMaximumCreditLimit": _table(
        PREPAYMENT, maximum_credit_level="max_credit_limit",
        maximum_credit_per_top_up="max_credit_per_top_up"),
    "ChangePaymentMode": _table(
        PREPAYMENT, proposed_payment_control_configuration="payment_control_configuration",
        cut_off_value=_SAME),
}
"""Command -> its field -> the attribute that takes it."""

UNCHANGED = -1
"""The cut-off value that leaves the threshold as it is (GCS02, GCS03)."""

TIMES = ("implementation_date_time", "start_time", "from_date_time")
"""Fields that say when a command of a use case for later is to take effect."""

NEVER = (0xFFFFFFFF, 0xFFFFFFFE)
"""Times that take back what waits (RTDS GCS05)."""


def of_fields(command: str, fields: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Yield the attributes that a command sets, with their values."""
    for field, key in CHANGES.get(command, {}).items():
        if not (field == "cut_off_value" and fields[field] == UNCHANGED):
            yield key, fields[field]


def of_prices(fields: Mapping[str, Any]) -> Iterator[tuple[Key, int]]:
    """Yield the prices of a matrix: of tiers, or of blocks without tiers (bit 0 of the control)."""
    for entry in fields["payload"]:
        number = entry["tier_block_id"]
        name = f"tier{number}_block1_price" if fields["sub_payload_control"] & 1 \
            else f"no_tier_block{(number & 0x0F) + 1}_price"
        yield Key(PRICE, name), entry["price"]


def of_thresholds(fields: Mapping[str, Any]) -> Iterator[tuple[Key, int]]:
    """Yield the thresholds of blocks."""
    for entry in fields["payload"]:
        for number, threshold in enumerate(entry["block_thresholds"], 1):
            yield Key(PRICE, f"block{number}_threshold"), threshold


def when(fields: Mapping[str, Any]) -> int | None:
    """Return the time at which a command is to take effect; ``None`` where it has none."""
    return next((fields[name] for name in TIMES if name in fields), None)
