"""Units of values and the scaler that goes with them (IEC 62056-6-2, 4.3.2, scal_unit_type).

The value of a register is its integer times ten to the scaler, in the unit. Enumeration values
that the table has not are reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple


class Unit(NamedTuple):
    """The symbol of a unit and the quantity that it measures."""

    symbol: str
    quantity: str


UNITS: Mapping[int, Unit] = MappingProxyType({
    1: Unit("a", "time"), 2: Unit("mo", "time"), 3: Unit("wk", "time"), 4: Unit("d", "time"),
    5: Unit("h", "time"), 6: Unit("min", "time"), 7: Unit("s", "time"),
    8: Unit("°", "phase angle"), 9: Unit("°C", "temperature"), 10: Unit("currency", "money"),
    11: Unit("m", "length"), 12: Unit("m/s", "speed"), 13: Unit("m³", "volume"),
    14: Unit("m³", "corrected volume"), 15: Unit("m³/h", "volume flux"),
    16: Unit("m³/h", "corrected volume flux"), 17: Unit("m³/d", "volume flux"),
    18: Unit("m³/d", "corrected volume flux"), 19: Unit("l", "volume"), 20: Unit("kg", "mass"),
    21: Unit("N", "force"), 22: Unit("Nm", "energy"), 23: Unit("Pa", "pressure"),
    24: Unit("bar", "pressure"), 25: Unit("J", "energy"), 26: Unit("J/h", "thermal power"),
    27: Unit("W", "active power"), 28: Unit("VA", "apparent power"),
    29: Unit("var", "reactive power"), 30: Unit("Wh", "active energy"),
    31: Unit("VAh", "apparent energy"), 32: Unit("varh", "reactive energy"),
    33: Unit("A", "current"), 34: Unit("C", "electrical charge"), 35: Unit("V", "voltage"),
    36: Unit("V/m", "electric field strength"), 37: Unit("F", "capacitance"),
    38: Unit("Ω", "resistance"), 39: Unit("Ωm²/m", "resistivity"), 40: Unit("Wb", "magnetic flux"),
    41: Unit("T", "magnetic flux density"), 42: Unit("A/m", "magnetic field strength"),
    43: Unit("H", "inductance"), 44: Unit("Hz", "frequency"),
    45: Unit("1/(Wh)", "active energy meter constant"),
    46: Unit("1/(varh)", "reactive energy meter constant"),
    47: Unit("1/(VAh)", "apparent energy meter constant"),
    48: Unit("V²h", "volt-squared hours"), 49: Unit("A²h", "ampere-squared hours"),
    50: Unit("kg/s", "mass flux"), 51: Unit("S", "conductance"),
    52: Unit("K", "temperature"), 53: Unit("1/(V²h)", "volt-squared hour meter constant"),
    54: Unit("1/(A²h)", "ampere-squared hour meter constant"),
    55: Unit("1/m³", "volume meter constant"), 56: Unit("%", "percentage"),
    57: Unit("Ah", "ampere-hours"), 60: Unit("Wh/m³", "energy per volume"),
    61: Unit("J/m³", "calorific value"), 62: Unit("Mol %", "molar fraction"),
    63: Unit("g/m³", "mass density"), 64: Unit("Pa s", "dynamic viscosity"),
    65: Unit("J/kg", "specific energy"), 66: Unit("g/cm²", "pressure"), 67: Unit("atm", "pressure"),
    70: Unit("dBm", "signal strength"), 71: Unit("dBµV", "signal strength"),
    72: Unit("dB", "logarithmic ratio"),
    128: Unit("in", "length"), 129: Unit("ft", "length"), 130: Unit("lb", "mass"),
    131: Unit("°F", "temperature"), 132: Unit("°R", "temperature"), 133: Unit("in²", "area"),
    134: Unit("ft²", "area"), 135: Unit("acre", "area"), 136: Unit("in³", "volume"),
    137: Unit("ft³", "volume"), 138: Unit("acre-ft", "volume"), 139: Unit("gal(UK)", "volume"),
    140: Unit("gal(US)", "volume"), 141: Unit("lbf", "force"), 142: Unit("psi", "pressure"),
    143: Unit("lb/ft³", "mass density"), 144: Unit("lb/(ft·s)", "dynamic viscosity"),
    145: Unit("ft²/s", "kinematic viscosity"), 146: Unit("Btu", "energy"),
    147: Unit("thm(EU)", "energy"), 148: Unit("thm(US)", "energy"),
    149: Unit("Btu/lb", "specific energy"), 150: Unit("Btu/ft³", "calorific value"),
    151: Unit("ft³", "volume"), 152: Unit("ft/s", "speed"), 153: Unit("ft³/s", "volume flux"),
    154: Unit("ft³/min", "volume flux"), 155: Unit("ft³/h", "volume flux"),
    156: Unit("ft³/d", "volume flux"), 157: Unit("acre-ft/s", "volume flux"),
    158: Unit("acre-ft/min", "volume flux"), 159: Unit("acre-ft/h", "volume flux"),
    160: Unit("acre-ft/d", "volume flux"), 161: Unit("gal(UK)", "volume"),
    162: Unit("gal(UK)/s", "volume flux"), 163: Unit("gal(UK)/min", "volume flux"),
    164: Unit("gal(UK)/h", "volume flux"), 165: Unit("gal(UK)/d", "volume flux"),
    166: Unit("gal(US)", "volume"), 167: Unit("gal(US)/s", "volume flux"),
    168: Unit("gal(US)/min", "volume flux"), 169: Unit("gal(US)/h", "volume flux"),
    170: Unit("gal(US)/d", "volume flux"), 171: Unit("Btu/s", "thermal power"),
    172: Unit("Btu/min", "thermal power"), 173: Unit("Btu/h", "thermal power"),
    174: Unit("Btu/d", "thermal power"),
    254: Unit("other", "other unit"),
    255: Unit("", "count, without unit"),
})


def scaled(value: int, scaler: int) -> Decimal:
    """Return ``value`` times ten to ``scaler``, exactly."""
    return Decimal(value).scaleb(scaler)


def text(value: int, scaler: int, unit: int) -> str:
    """Return a value with its unit: ``123.45 kWh`` is written in the unit that was sent."""
    symbol = UNITS[unit].symbol if unit in UNITS else f"unit {unit}"
    return f"{scaled(value, scaler):f} {symbol}".rstrip()
