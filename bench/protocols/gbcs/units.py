"""The units of values, from the rows that give scaler and unit, else from object and item.

A row ``X: value`` has its unit in the rows ``X: unit`` and ``X: scale`` of the same use case, which
are constants of the table. For the rest: what the interface class of the object defines (IEC
62056-6-2: periods of limiters and profiles in seconds), and what SMETS says of the item (energy,
power, voltage, money). Amounts are in 10^-5 of the currency unit, as the price of the active tariff
(scaler -5) and the amounts of the reference test data are. No unit where none of these tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from bench.protocols.gbcs.use_cases import Row, every_use_case

COSEM_UNITS: Mapping[int, str] = {  # IEC 62056-6-2, enumeration of physical units
    3: "week", 4: "day", 5: "h", 6: "min", 7: "s", 9: "degC", 13: "m3", 27: "W", 28: "VA",
    29: "var", 30: "Wh", 31: "VAh", 32: "varh", 33: "A", 35: "V", 44: "Hz", 254: "other unit",
    255: "",
}
MONEY = "10^-5 currency unit"
SECONDS_SINCE_2000 = "s since 2000-01-01 UTC"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_BY_KEY: tuple[tuple[str, str], ...] = (
    (r"3/0-0:94\.44\.1\.[78]/a2", MONEY + " per kWh"),  # scaler -5, unit "other"; SMETS 5.7.5.5
    (r"1/0-0:94\.44\.0\.[01]/a2", "s"),  # SMETS 5.7.5.28, 5.7.4.33
    (r"1/1-0:[357]2\.3[15]\.0\.4/a2", "V"),  # SMETS 5.7.4.4, 5.7.4.5
    (r"7/1-0:[357]2\.24\.0\.255/a4", "s"),  # profile generic, capture_period
    (r"71/0-0:17\.0\.0\.255/a4", "W"),  # SMETS 5.7.4.20
    (r"71/0-0:17\.0\.[1-4]\.255/a4", "V"),  # SMETS 5.7.4.35 to 5.7.4.41
    (r"71/.*/a[67]", "s"),  # limiter, min_over and min_under_threshold_duration
    (r"21/0-0:16\.0\.0\.255/a2", "W"),  # SMETS 5.7.4.24, 5.7.4.29
    (r"21/0-0:16\.[01]\.1[1-8]\.255/a2", "Wh"),  # SMETS 5.7.4.49
    (r"21/0-0:16\.0\.1\.255/a2", MONEY),  # SMETS 5.7.4.15
    (r"104/.*/a3", "s"),  # ZigBee network control, join_timeout
    (r"111/.*/a16", MONEY), (r"111/.*/a19", "s"),  # account, low_credit_threshold, period
    (r"112/.*/(a2|a9|a10|m1|m2)", MONEY),  # credit, amounts
    (r"113/.*/a8", "s"), (r"113/.*/m4", MONEY), (r"113/.*/a13", "0.01 %"),  # charge
    (r"9000/0-0:94\.44\.(2\.[12]0|128\.(2|3|9|22))/a[24]", MONEY),  # SMETS 5.7.4.15 to .27
    (r"9000/0-0:94\.44\.128\.(6|8|13)/a4", "s"), (r"9000/0-0:94\.44\.128\.7/a4", "W"),
)
# By item, for what logs and collections hold.
_BY_ITEM: tuple[tuple[str, str], ...] = (
    (r"(timestamp|(from|to)DateTime|boostStart|boostEnd)$", SECONDS_SINCE_2000),
    (r"PowerImport.*value$", "W"),
    (r"(?i)voltage.*value$", "V"),
    (r"(?i)reactive.*(value|consumption)$", "varh"),
    (r"(?i)(activeImport|activeEnergy|activeExport|RegisterMatrix|Register.*/consumption"
     r"|DailyReadLog\(export\)|DailyConsumption|TOURegisterCollection"
     r"|ImportRegisterCollection: secondary)", "Wh"),
    (r"(?i)(balance|debt|credit)", MONEY),
)
_QUANTITIES = ("double-long", "long")  # types of what can have a unit
_AMOUNTS = "double-long"


# ZigBee fields and attributes by name, where the type alone (a number) does not tell.
_NO_QUANTITY = re.compile(r"(frequency|percentage|label|type|count|number|code|control)")
# A schedule entry of ZigBee Smart Energy begins so many minutes after midnight.
_MINUTES = re.compile(r"day_schedule_entries\.\d+\.start_time$")
_BY_FIELD: tuple[tuple[str, str], ...] = (
    (r"(^|_)(time|time_stamp|start|end)(_|$)", SECONDS_SINCE_2000),
    (r"(credit_remaining|debt|bill_to_date|emergency_credit|low_credit|cut_off|max(imum)?_credit"
     r"|amount|credit_adjustment_value|overall_debt_cap)", MONEY),
)


def unit_of_field(name: str, value: object = 0) -> str:
    """Return the unit of a ZigBee field or attribute, by its name; empty if it tells none.

    ``name`` may stand at the end of the names that it is within, joined by dots.
    """
    if _MINUTES.search(name):
        return "min"
    name = name.rpartition(".")[2]
    if not isinstance(value, int) or isinstance(value, bool) or _NO_QUANTITY.search(name):
        return ""
    return next((unit for pattern, unit in _BY_FIELD if re.search(pattern, name)), "")


def since_2000(seconds: int) -> str:
    """Return ``seconds`` since 2000-01-01 UTC in ISO 8601."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def unit_of(row: Row) -> str:
    """Return the unit of the value that ``row`` describes; empty if it has none or none is known.

    A scale other than 1 stands before the unit: ``10^-5 W``.
    """
    if not row.type.startswith(_QUANTITIES) or row.item.endswith("reset"):
        return ""
    if row.item.endswith((": unit", ": scale", ".unit", ".scale")):
        return ""
    for pattern, unit in _BY_KEY:
        if row.key and re.fullmatch(pattern, row.key):
            return unit
    constant = _constants().get(row.item.removesuffix("value"), "")
    if constant or row.class_id == 3:
        return constant
    for pattern, unit in _BY_ITEM:
        if re.search(pattern, row.item):
            return unit if unit != MONEY or row.type.startswith(_AMOUNTS) else ""
    return ""


@cache
def _constants() -> dict[str, str]:
    """Return the units that rows give as constants, by item without its last word."""
    scales: dict[str, int] = {}
    units: dict[str, int] = {}
    for use_case in every_use_case():
        for row in use_case.rows:
            for word, found in (("unit", units), ("scale", scales)):
                if row.item.endswith((f": {word}", f".{word}")) and row.constant:
                    found[row.item.removesuffix(word)] = int(row.constant)
    return {item: _text(COSEM_UNITS.get(unit, f"unit {unit}"), scales.get(item, 0))
            for item, unit in units.items()}


def _text(unit: str, scale: int) -> str:
    return unit if scale == 0 or not unit else f"10^{scale} {unit}"
