"""Values, units, dates and objects in words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.protocols.cosem import obis, obis_names, units
from bench.protocols.cosem.classes import forms


@pytest.mark.parametrize(("code", "name"), [
    ("0-0:1.0.0.255", "clock"),
    ("0-0:40.0.0.255", "current association"),
    ("0-0:40.0.3.255", "association 3"),
    ("0-0:42.0.0.255", "COSEM logical device name"),
    ("0-0:43.1.1.255", "invocation counter 1"),
    ("0-1:24.2.1.255", "M-Bus value 1"),
    ("0-0:96.3.10.255", "disconnect control"),
    ("1-0:99.1.0.255", "load profile with recording period 1, 0"),
    ("1-0:1.8.0.255", "active energy import, time integral 1"),
    ("1-0:2.8.4.255", "active energy export, time integral 1, rate 4"),
    ("1-0:32.7.0.255", "voltage, L1, instantaneous value"),
    ("1-0:52.7.0.255", "voltage, L2, instantaneous value"),
    ("1-0:71.7.0.255", "current, L3, instantaneous value"),
    ("1-1:1.6.2.3", "active power import, maximum demand, rate 2, channel 1, billing period 3"),
    ("1-0:200.7.0.255", ""), ("1-0:1.8.0.128", ""), ("0-0:200.0.0.255", ""),
])
def test_an_object_has_the_name_of_the_standard(code: str, name: str) -> None:
    assert obis_names.name(obis.parse(code)) == name


@given(st.binary(min_size=6, max_size=6))
def test_any_code_has_a_name_or_none(code: bytes) -> None:
    assert isinstance(obis_names.name(code), str)


@pytest.mark.parametrize(("value", "scaler", "unit", "text"), [
    (12345, -2, 30, "123.45 Wh"), (7, 3, 27, "7000 W"), (-5, 0, 9, "-5 °C"), (3, 0, 255, "3"),
    (1, 0, 200, "1 unit 200"), (0, -3, 35, "0.000 V")])
def test_a_value_stands_with_its_scaler_and_unit(
        value: int, scaler: int, unit: int, text: str) -> None:
    assert units.text(value, scaler, unit) == text


@given(st.integers(-(1 << 63), (1 << 64) - 1), st.integers(-128, 127))
def test_scaling_loses_nothing(value: int, scaler: int) -> None:
    assert units.scaled(value, scaler) == Decimal(f"{value}E{scaler}")


@pytest.mark.parametrize(("form", "octets", "text"), [
    ("date-time", "07EA0B1D070A1E0F00FFC480", "Sun 2026-11-29 10:30:15.00 UTC+01:00 "
                                               "(daylight saving active)"),
    ("date-time", "07EA0B1DFF0A1E0FFF8000FF", "2026-11-29 10:30:15"),
    ("date-time", "FFFFFFFFFFFFFFFFFF8000FF", "*-*-* *:*:*"),
    ("date-time", "000000000000000000000000", "all zero"),
    ("date-time", "07EA0D1DFF0A1E0FFF8000FF", "07EA0D1DFF0A1E0FFF8000FF"),  # month 13
    ("date", "FFFFFEFE07", "Sun *-daylight saving begin-last day"),
    ("time", "0A1E0005", "10:30:00.05"),
    ("time", "191E0005", "191E0005"),
    ("logical-name", "0000010000FF", "0-0:1.0.0.255"),
    ("system-title", "4142430000000001", "ABC 0000000001"),
    ("", "0102", "0102"),
])
def test_octets_of_a_form_are_told_in_words_and_wrong_ones_in_hexadecimal(
        form: str, octets: str, text: str) -> None:
    assert forms.text(form, bytes.fromhex(octets)) == text


@given(st.sampled_from(["date-time", "date", "time", "logical-name", "system-title"]),
       st.binary(max_size=14))
def test_no_octets_are_too_odd_to_be_told(form: str, octets: bytes) -> None:
    assert forms.text(form, octets) or not octets
    assert isinstance(forms.wrong(form, octets), str)
