"""Classes that time and events control: clock, scripts, calendars, limits, disconnection.

IEC 62056-6-2, 4.5.
"""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    BIT_STRING,
    BOOLEAN,
    DATE,
    DATE_TIME,
    INTEGER,
    LOGICAL_NAME,
    LONG,
    LONG_UNSIGNED,
    TIME,
    UNSIGNED,
    Bits,
    array,
    enum,
    integer,
    structure,
)
from bench.protocols.cosem.values import Tag

CLOCK_STATUS = Bits(("invalid_value", "doubtful_value", "different_clock_base",
                     "invalid_clock_status", "", "", "", "daylight_saving_active"), Tag.UNSIGNED)
_ACTION = structure(
    # 0 is in no list of the standard; dummy scripts have it, and conformance testing tolerates it
    service_id=enum(none=0, write_attribute=1, execute_method=2),
    class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME, index=INTEGER, parameter=ANYTHING)
_WEEKDAYS = Bits(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
_SCHEDULE_ENTRY = structure(
    index=LONG_UNSIGNED, enable=BOOLEAN, script_logical_name=LOGICAL_NAME,
    script_selector=LONG_UNSIGNED, switch_time=TIME, validity_window=LONG_UNSIGNED,
    exec_weekdays=_WEEKDAYS, exec_specdays=BIT_STRING, begin_date=DATE, end_date=DATE)
_SPECIAL_DAY = structure(index=LONG_UNSIGNED, specialday_date=DATE, day_id=UNSIGNED)

CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(8, 0, "Clock", [
        dynamic("time", DATE_TIME),
        static("time_zone", LONG),
        dynamic("status", CLOCK_STATUS),
        static("daylight_savings_begin", DATE_TIME),
        static("daylight_savings_end", DATE_TIME),
        static("daylight_savings_deviation", integer(Tag.INTEGER, -120, 120)),
        static("daylight_savings_enabled", BOOLEAN),
        static("clock_base", enum(not_defined=0, internal_crystal=1, mains_frequency_50_hz=2,
                                  mains_frequency_60_hz=3, gps=4, radio_controlled=5)),
    ], [
        method("adjust_to_quarter"),
        method("adjust_to_measuring_period"),
        method("adjust_to_minute"),
        method("adjust_to_preset_time"),
        method("preset_adjusting_time", structure(
            preset_time=DATE_TIME, validity_interval_start=DATE_TIME,
            validity_interval_end=DATE_TIME)),
        method("shift_time", integer(Tag.LONG, -900, 900)),
    ], first_method_offset=0x60),
    interface_class(9, 0, "Script table", [
        static("scripts", array(structure(script_identifier=LONG_UNSIGNED,
                                          actions=array(_ACTION)))),
    ], [method("execute", LONG_UNSIGNED, mandatory=True)], first_method_offset=0x20),
    interface_class(10, 0, "Schedule", [
        static("entries", array(_SCHEDULE_ENTRY)),
    ], [
        method("enable_disable", structure(
            first_index_a=LONG_UNSIGNED, last_index_a=LONG_UNSIGNED,
            first_index_b=LONG_UNSIGNED, last_index_b=LONG_UNSIGNED)),
        method("insert", _SCHEDULE_ENTRY),
        method("delete", structure(first_index=LONG_UNSIGNED, last_index=LONG_UNSIGNED)),
    ], first_method_offset=0x20),
    interface_class(11, 0, "Special days table", [
        static("entries", array(_SPECIAL_DAY)),
    ], [method("insert", _SPECIAL_DAY), method("delete", LONG_UNSIGNED)],
        first_method_offset=0x10),
)
