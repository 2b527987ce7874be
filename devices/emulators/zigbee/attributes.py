"""The attributes of a device for gas: which use case reads which, and what each holds.

Which there are follows from the use-case table; types are those of the clusters. A fresh device
holds the least value of the type but for what stands in ``FRESH``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.gbz_rules import READ_ATTRIBUTES, commands_of
from bench.protocols.gbcs.use_cases import USE_CASES
from bench.protocols.zigbee.clusters import Attribute, base_type, cluster_named, write_value

METERING, PRICE, PREPAYMENT, BASIC = "Metering", "Price", "Prepayment", "Basic"


class Key(NamedTuple):
    """An attribute, by the names of its cluster and of itself."""

    cluster: str
    name: str


# Amounts of money are in units of 0.00001 pounds, volumes in litres, as the formatting attributes
# beside them say.
FRESH: Mapping[Key, Any] = {
    Key(METERING, "divisor"): 1_000, Key(METERING, "multiplier"): 1,
    Key(METERING, "unit_of_measure"): "cubic_meter_per_hour",
    Key(METERING, "current_summation_delivered"): 12_345,
    Key(METERING, "current_tier1_summation_delivered"): 12_345,
    Key(METERING, "supply_status"): "supply_off",
    Key(METERING, "remaining_battery_life_in_days"): 3_650,
    Key(METERING, "site_id"): b"1000000000".hex().upper(),
    Key(METERING, "uncontrolled_flow_divisor"): 10_000,
    Key(METERING, "uncontrolled_flow_multiplier"): 1,
    Key(METERING, "uncontrolled_flow_theshold_unit_of_measure"): "cubic_meter_per_hour",
    Key(METERING, "flow_stabilization_period"): 60, Key(METERING, "flow_measurement_period"): 60,
    Key(METERING, "supply_tamper_state"): "supply_unchanged",
    Key(METERING, "supply_depletion_state"): "supply_unchanged",
    Key(PRICE, "calorific_value"): 400, Key(PRICE, "calorific_value_trailing_digit"): 0x10,
    Key(PRICE, "conversion_factor"): 102_264, Key(PRICE, "conversion_factor_trailing_digit"): 0x50,
    Key(PRICE, "tariff_currency"): 826, Key(PRICE, "tariff_price_trailing_digit"): 0x50,
    Key(PRICE, "threshold_divisor"): 1_000, Key(PRICE, "threshold_multiplier"): 1,
    Key(PREPAYMENT, "payment_control_configuration"): 0x0C94,  # credit mode (GCS02)
    Key(PREPAYMENT, "emergency_credit_limit_allowance"): 1_000_000,
    Key(PREPAYMENT, "emergency_credit_threshold"): 200_000,
}


@cache
def readers(kind: str) -> Mapping[Key, frozenset[str]]:
    """Return the attributes of a kind of device, with the use cases that may read each."""
    found: dict[Key, set[str]] = {}
    for use_case in USE_CASES.values():
        if use_case.protocol != "GBZ" or kind not in use_case.target or not use_case.is_command:
            continue
        for step in commands_of(use_case.id):
            if step.command == READ_ATTRIBUTES:
                for name in step.attributes:
                    found.setdefault(Key(step.cluster.name, name), set()).add(use_case.id)
    return {key: frozenset(names) for key, names in found.items()}


class Attributes:
    """The attributes of one device of a ``kind``."""

    def __init__(self, kind: str) -> None:
        self._readers = readers(kind)
        self._values: dict[Key, Any] = {}

    def get(self, key: Key) -> Any:
        """Return the value as plain values have it; LocalProtocolError if there is no such."""
        if key in self._values:
            return self._values[key]
        return FRESH.get(key, _least(_declared(key)))

    def set(self, key: Key, value: Any) -> None:
        """Store a plain value; LocalProtocolError if there is no such, or it cannot hold it."""
        write_value(_declared(key).type, value)
        self._values[key] = value

    def answer(self, key: Key, use_case: str) -> dict[str, Any]:
        """Return the record of a read by ``use_case``, as plain values."""
        allowed = self._readers.get(key)
        if allowed is None:
            return {"attribute": key.name, "status": "unsupported_attribute"}
        if use_case not in allowed:
            return {"attribute": key.name, "status": "not_authorized"}
        return {"attribute": key.name, "status": "success",
                "type": base_type(_declared(key).type), "value": self.get(key)}


def _declared(key: Key) -> Attribute:
    cluster = cluster_named(key.cluster)
    found = cluster.attribute_named(key.name) if cluster else None
    if found is None:  # tier 99, say: the use-case table names declared ones only
        raise LocalProtocolError(f"no attribute {key.cluster}/{key.name}")
    return found


def _least(attribute: Attribute) -> Any:
    return "" if base_type(attribute.type).endswith("string") else 0
