"""What the objects of an emulated DLMS meter do, as the interface classes have it."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from meter_parts import DAY, ZERO, Meter

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import Refused, parse
from devices.emulators.dlms.payment import mac

CLOCK, PROFILE, SWITCH = "8/0-0:1.0.0.255", "7/1-0:99.1.0.255", "70/0-0:96.3.10.255"
IMAGE = "18/0-0:44.0.0.255"


@pytest.fixture(scope="module")
def fresh() -> Meter:
    return Meter(profile_rows=48)


def _refused(result: int, call: object, *arguments: object) -> None:
    with pytest.raises(Refused) as refused:
        call(*arguments)  # type: ignore[operator]
    assert refused.value.result == result


# -- all of them ---------------------------------------------------------------------------------


def test_it_has_the_objects_of_a_smets1_meter(fresh: Meter) -> None:
    objects = list(fresh.parts.objects)
    assert len(objects) >= 60
    assert len({found.CLASS_ID for found in objects}) >= 30
    assert len({found.key for found in objects}) == len(objects)


def test_every_value_is_of_the_type_that_its_class_declares(fresh: Meter) -> None:
    for found in fresh.parts.objects:
        for index, field in found.attributes.items():
            value = found.get(index)
            assert field.type.matches(value), (found.text, index, value)
            assert field.type.in_range(value), (found.text, index, value)


def test_every_method_that_is_declared_can_be_invoked(fresh: Meter) -> None:
    for found in fresh.parts.objects:
        for field in found.methods.values():
            assert callable(getattr(found, f"do_{field.name}")), (found.text, field.name)


def test_what_may_be_written_takes_the_value_that_it_has() -> None:
    meter = Meter(profile_rows=48)
    for found in meter.parts.objects:
        for index in meter.parts.objects.access(found.key).writes:
            value = found.get(index)
            found.set(index, value)
            if not (found.CLASS_ID == 5 and index == 8):
                assert found.get(index) == value, (found.text, index)


def test_a_value_of_another_type_is_refused(fresh: Meter) -> None:
    for found in fresh.parts.objects:
        for index in fresh.parts.objects.access(found.key).writes:
            _refused(12, found.set, index, Data(Tag.FLOAT64, 1.0))


# -- clock and energy ----------------------------------------------------------------------------


def test_the_clock_runs_with_the_time_and_can_be_set() -> None:
    meter = Meter(profile_rows=4)
    meter.advance(75)
    assert instants.read(meter.value(f"{CLOCK}/a2")) == meter.settings.start + 75
    meter.put(f"{CLOCK}/a2", instants.data(800_000_000))
    meter.advance(10)
    assert instants.read(meter.value(f"{CLOCK}/a2")) == 800_000_010
    assert meter.value("1/0-0:96.11.0.255/a2") == 4  # "clock set" in the event log
    assert meter.value("7/0-0:99.98.0.255/a7") == 1


@pytest.mark.parametrize("octets", ["FFFF0101FF00000000000000", "07E80D01FF00000000000000",
                                    "07E80101FF19000000000000"])
def test_a_time_that_cannot_be_is_refused(octets: str) -> None:
    meter = Meter(profile_rows=4)
    _refused(250, meter.put, f"{CLOCK}/a2", Data(Tag.OCTET_STRING, bytes.fromhex(octets)))


def test_the_clock_is_shifted_and_rounded() -> None:
    meter = Meter(profile_rows=4)
    meter.act(f"{CLOCK}/m6", Data(Tag.LONG, -100))
    assert instants.read(meter.value(f"{CLOCK}/a2")) == meter.settings.start - 100
    meter.act(f"{CLOCK}/m1")
    assert instants.read(meter.value(f"{CLOCK}/a2")) == meter.settings.start
    _refused(250, meter.act, f"{CLOCK}/m6", Data(Tag.LONG, 901))


def test_energy_is_power_times_time_in_the_active_rate() -> None:
    meter = Meter(profile_rows=4)
    before = {name: meter.value(f"3/1-0:1.8.{name}.255/a2") for name in range(5)}
    meter.load(1_000)
    meter.put("6/0-0:14.0.0.255/a4", Data(Tag.OCTET_STRING, b"RATE3"))
    meter.advance(3_600)
    after = {name: meter.value(f"3/1-0:1.8.{name}.255/a2") for name in range(5)}
    assert [after[name] - before[name] for name in range(5)] == [1_000, 0, 0, 1_000, 0]
    assert meter.value("3/1-0:1.7.0.255/a2") == 1_000


def test_demand_is_the_average_of_a_period_and_the_greatest_is_kept() -> None:
    meter = Meter(profile_rows=4)
    meter.load(2_000)
    meter.advance(1_800)
    meter.load(500)
    meter.advance(1_800)
    assert meter.value("5/1-0:1.4.0.255/a3") == 500
    assert meter.value("4/1-0:1.6.0.255/a2") == 2_000
    assert instants.read(meter.value("4/1-0:1.6.0.255/a5")) == meter.settings.start + 1_800


def test_the_calendar_changes_the_rate_at_its_hour() -> None:
    meter = Meter(profile_rows=4)
    meter.advance(15 * 3_600)  # from 09:00 to midnight
    assert meter.value("1/0-0:96.14.0.255/a2") == b"RATE1"
    meter.advance(7 * 3_600)
    assert meter.value("1/0-0:96.14.0.255/a2") == b"RATE1"  # a Saturday
    meter.advance(2 * DAY)
    assert meter.value("1/0-0:96.14.0.255/a2") == b"RATE2"


def test_the_passive_calendar_is_activated_at_its_time() -> None:
    meter = Meter(profile_rows=4)
    meter.put("20/0-0:13.0.0.255/a6", Data(Tag.OCTET_STRING, b"NEXT"))
    meter.put("20/0-0:13.0.0.255/a10", instants.data(meter.settings.start + 600))
    meter.advance(599)
    assert meter.value("20/0-0:13.0.0.255/a2") == b"ACTIVE"
    meter.advance(1)
    assert meter.value("20/0-0:13.0.0.255/a2") == b"NEXT"


# -- profiles ------------------------------------------------------------------------------------


def _rows(meter: Meter, selector: int = 0, parameters: Data | None = None) -> list[list[object]]:
    profile = meter.at(PROFILE)
    data = profile.get(2) if parameters is None else profile.select(
        2, Selection(selector, parameters))
    return [[cell.value for cell in row.value] for row in data.value]


def test_thirteen_months_of_half_hours_end_at_what_the_registers_show() -> None:
    meter = Meter()
    rows = _rows(meter)
    assert len(rows) == meter.value(f"{PROFILE}/a7") == 19_056
    assert rows[-1][2] == meter.value("3/1-0:1.8.0.255/a2")
    assert instants.read(rows[-1][0]) == meter.settings.start
    times = [row[0][:4] + row[0][5:] for row in rows]
    assert times == sorted(times)
    assert all(later[2] > earlier[2] for earlier, later in pairwise(rows))


def test_each_half_hour_leaves_a_row_and_the_oldest_gives_way() -> None:
    meter = Meter(profile_rows=48)
    first = _rows(meter)
    meter.load(600)
    meter.advance(3 * 1_800)
    rows = _rows(meter)
    assert len(rows) == 48
    assert rows[:-3] == first[3:]
    assert [row[2] - first[-1][2] for row in rows[-3:]] == [300, 600, 900]
    assert [instants.read(row[0]) for row in rows[-3:]] == [
        meter.settings.start + 1_800 * number for number in (1, 2, 3)]


def _range(begin: float, end: float, *columns: tuple[object, ...]) -> Data:
    clock = (8, obis.parse("0-0:1.0.0.255"), 2, 0)
    return parse("{{u16,os(6),i8,u16},os(12),os(12),[0..9]{u16,os(6),i8,u16}}").build(
        (clock, instants.octets(begin), instants.octets(end), columns))


def test_a_range_gives_its_rows_both_ends_included() -> None:
    meter = Meter(profile_rows=48)
    start, everything = meter.settings.start, _rows(meter)
    assert _rows(meter, 1, _range(start - 3_600, start)) == everything[-3:]
    assert _rows(meter, 1, _range(start - 3_599, start - 1)) == everything[-2:-1]
    assert _rows(meter, 1, _range(start + 1, start + 9)) == []


def test_a_range_gives_the_columns_that_are_asked_for() -> None:
    meter = Meter(profile_rows=48)
    column = (3, obis.parse("1-0:2.8.0.255"), 2, 0)
    found = _rows(meter, 1, _range(meter.settings.start, meter.settings.start, column))
    assert found == [[_rows(meter)[-1][3]]]
    _refused(13, meter.at(PROFILE).select, 2, Selection(1, _range(
        0, 9, (3, obis.parse("1-0:1.8.1.255"), 2, 0))))


@pytest.mark.parametrize(("entries", "rows", "columns"), [
    ((1, 2, 1, 0), slice(0, 2), slice(0, 4)), ((47, 0, 2, 3), slice(46, 48), slice(1, 3)),
    ((40, 99, 1, 1), slice(39, 48), slice(0, 1)), ((60, 70, 1, 0), slice(48, 48), slice(0, 4)),
])
def test_entries_are_counted_from_one_and_zero_is_the_last(
    fresh: Meter, entries: tuple[int, ...], rows: slice, columns: slice,
) -> None:
    parameters = parse("{u32,u32,u16,u16}").build(entries)
    assert _rows(fresh, 2, parameters) == [row[columns] for row in _rows(fresh)[rows]]


@pytest.mark.parametrize("entries", [(0, 1, 1, 0), (3, 2, 1, 0), (1, 1, 0, 0), (1, 1, 1, 5)])
def test_entries_that_cannot_be_are_refused(fresh: Meter, entries: tuple[int, ...]) -> None:
    parameters = parse("{u32,u32,u16,u16}").build(entries)
    _refused(250, fresh.at(PROFILE).select, 2, Selection(2, parameters))


def test_a_buffer_is_cleared_where_another_period_is_written() -> None:
    meter = Meter(profile_rows=48)
    meter.put(f"{PROFILE}/a4", Data(Tag.DOUBLE_LONG_UNSIGNED, 1_800))
    assert meter.value(f"{PROFILE}/a7") == 48
    meter.put(f"{PROFILE}/a4", Data(Tag.DOUBLE_LONG_UNSIGNED, 900))
    assert meter.value(f"{PROFILE}/a7") == 0
    meter.advance(1_800)
    assert meter.value(f"{PROFILE}/a7") == 2


def test_the_billing_script_captures_and_begins_a_new_maximum() -> None:
    meter = Meter(profile_rows=4)
    meter.load(700)
    meter.advance(3_600)
    meter.act("9/0-0:10.0.1.255/m1", Data(Tag.LONG_UNSIGNED, 1))
    [row] = meter.value("7/1-0:98.1.0.255/a2")  # type: ignore[misc]
    assert row.value[-1].value == 700
    assert meter.value("4/1-0:1.6.0.255/a2") == 0


def test_bills_are_drawn_on_the_first_of_the_month() -> None:
    meter = Meter(profile_rows=4)
    meter.advance(3 * DAY)  # from 27 February 2026
    assert meter.value("7/1-0:98.1.0.255/a7") == 1


def test_script_zero_does_nothing_and_an_unknown_one_is_refused() -> None:
    meter = Meter(profile_rows=4)
    meter.act("9/0-0:10.0.106.255/m1", Data(Tag.LONG_UNSIGNED, 0))
    assert meter.value(f"{SWITCH}/a2") is True
    _refused(250, meter.act, "9/0-0:10.0.106.255/m1", Data(Tag.LONG_UNSIGNED, 9))


# -- supply --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "state"), [(1, 2), (2, 1), (3, 2), (4, 1), (5, 2), (6, 2)])
def test_a_remote_reconnection_connects_or_makes_ready_as_the_mode_says(
    mode: int, state: int,
) -> None:
    meter = Meter(profile_rows=4)
    meter.put(f"{SWITCH}/a4", Data(Tag.ENUM, mode))
    meter.act(f"{SWITCH}/m1")
    assert (meter.value(f"{SWITCH}/a2"), meter.value(f"{SWITCH}/a3")) == (False, 0)
    meter.act(f"{SWITCH}/m2")
    assert (meter.value(f"{SWITCH}/a2"), meter.value(f"{SWITCH}/a3")) == (state == 1, state)
    meter.calls["controls", "press"]("supply_on")
    if state == 2:
        assert meter.value(f"{SWITCH}/a3") == 1


def test_nothing_flows_while_the_supply_is_off() -> None:
    meter = Meter(profile_rows=4)
    meter.load(1_000)
    meter.act(f"{SWITCH}/m1")
    before = meter.value("3/1-0:1.8.0.255/a2")
    meter.advance(3_600)
    assert meter.value("3/1-0:1.8.0.255/a2") == before
    assert meter.calls["controls", "contactor"]() == "open"


def test_the_limiter_disconnects_what_lasts_too_long() -> None:
    meter = Meter(profile_rows=4)
    meter.put("71/0-0:17.0.0.255/a4", Data(Tag.DOUBLE_LONG_UNSIGNED, 3_000))
    meter.load(4_000)
    meter.advance(59)
    assert meter.value(f"{SWITCH}/a2") is True
    meter.advance(1)
    assert meter.value(f"{SWITCH}/a2") is False


def test_the_arbitrator_runs_the_weightiest_action() -> None:
    meter = Meter(profile_rows=4)
    place = "68/0-0:96.3.20.255"
    ask = parse("{u8,bits(2)}").build
    meter.act(f"{place}/m1", ask((2, "10")))
    assert (meter.value(f"{SWITCH}/a2"), meter.value(f"{place}/a6")) == (False, 1)
    meter.act(f"{place}/m1", ask((1, "01")))
    assert (meter.value(f"{SWITCH}/a2"), meter.value(f"{place}/a6")) == (True, 2)
    _refused(250, meter.act, f"{place}/m1", ask((2, "01")))


# -- payment -------------------------------------------------------------------------------------


def test_a_token_adds_to_the_credit_once() -> None:
    meter = Meter(profile_rows=4)
    number = bytes(7) + b"\x01" + (750).to_bytes(4, "big")
    token = Data(Tag.OCTET_STRING, number + mac(meter.keys.authentication, number))
    meter.act("115/0-0:19.40.0.255/m1", token)
    assert meter.value("112/0-0:19.10.0.255/a2") == 1_750
    assert meter.value("111/0-0:19.0.0.255/a5") == 1_750
    _refused(250, meter.act, "115/0-0:19.40.0.255/m1", token)
    wrong = Data(Tag.OCTET_STRING, number + bytes(8))
    _refused(250, meter.act, "115/0-0:19.40.0.255/m1", wrong)
    assert meter.value("112/0-0:19.10.0.255/a2") == 1_750


def test_a_charge_takes_its_instalment_from_the_credit() -> None:
    meter = Meter(profile_rows=4)
    meter.act("113/0-0:19.20.1.255/m3")
    assert meter.value("112/0-0:19.10.0.255/a2") == 970
    assert meter.value("113/0-0:19.20.1.255/a12") == 2_970
    assert meter.value("111/0-0:19.0.0.255/a8") == 2_970


# -- firmware and push ---------------------------------------------------------------------------


def _image(octets: int = 300) -> bytes:
    body = bytes(number % 251 for number in range(octets))
    return body + hashlib.sha256(body).digest()


def _initiate(meter: Meter, size: int) -> None:
    meter.act(f"{IMAGE}/m1", parse("{os(0..9),u32}").build((b"2.0.0", size)))


def _send(meter: Meter, image: bytes, *numbers: int) -> None:
    for number in numbers:
        meter.act(f"{IMAGE}/m2", parse("{u32,os(0..128)}").build(
            (number, image[128 * number : 128 * number + 128])))


def test_an_image_is_taken_verified_and_activated() -> None:
    meter, image = Meter(profile_rows=4), _image()
    _initiate(meter, len(image))
    _send(meter, image, 2, 0, 0)
    assert meter.value(f"{IMAGE}/a3") == "101"
    assert meter.value(f"{IMAGE}/a4") == 1
    _refused(2, meter.act, f"{IMAGE}/m3")
    _refused(2, meter.act, f"{IMAGE}/m4")
    _send(meter, image, 1)
    meter.act(f"{IMAGE}/m3")
    assert meter.value(f"{IMAGE}/a6") == 3
    meter.act(f"{IMAGE}/m4")
    assert meter.value(f"{IMAGE}/a6") == 6
    assert meter.value("1/1-0:0.2.0.255/a2") == b"2.0.0"


def test_an_image_that_was_not_verified_is_verified_by_its_activation() -> None:
    meter, image = Meter(profile_rows=4), _image()
    _initiate(meter, len(image))
    _send(meter, image, 0, 1, 2)
    meter.act(f"{IMAGE}/m4")
    assert meter.value(f"{IMAGE}/a6") == 6
    assert meter.value("1/1-0:0.2.0.255/a2") == b"2.0.0"


def test_an_altered_image_is_not_activated() -> None:
    meter, image = Meter(profile_rows=4), _image()
    _initiate(meter, len(image))
    _send(meter, b"\xff" + image[1:], 0, 1, 2)
    _refused(250, meter.act, f"{IMAGE}/m3")
    assert meter.value(f"{IMAGE}/a6") == 4
    _refused(250, meter.act, f"{IMAGE}/m4")
    assert meter.value(f"{IMAGE}/a6") == 4
    assert meter.value("1/1-0:0.2.0.255/a2") == b"1.0.0"


def test_a_block_beyond_the_image_or_of_wrong_length_is_refused() -> None:
    meter, image = Meter(profile_rows=4), _image()
    _refused(2, _send, meter, image, 0)
    _initiate(meter, len(image))
    _refused(250, _send, meter, image, 3)
    _refused(250, _send, meter, image[:100], 0)


def test_a_push_holds_what_its_list_names() -> None:
    meter = Meter(profile_rows=4)
    meter.act("9/0-0:10.0.108.255/m1", Data(Tag.LONG_UNSIGNED, 1))
    [body] = meter.pushed
    assert [part.value for part in body.value] == [
        b"SMB0000000000001", instants.octets(meter.settings.start), 12_345_678]


def test_zero_as_parameter_of_a_method_is_not_a_value() -> None:
    meter = Meter(profile_rows=4)
    meter.act("3/1-0:1.8.0.255/m1", ZERO)
    assert meter.value("3/1-0:1.8.0.255/a2") == 0
