"""Classes that time and events control: clock, scripts, calendars, limits, disconnection.

IEC 62056-6-2, 4.5.
"""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import (
    EXECUTION_TIME,
    SCALER_UNIT,
    SCRIPT,
    VALUE_DEFINITION,
)
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    BIT_STRING,
    BOOLEAN,
    DATE,
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG,
    LONG_UNSIGNED,
    OCTETS,
    SIMPLE_VALUE,
    TIME,
    UNSIGNED,
    Bits,
    Simple,
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

_SEASONS = array(structure(season_profile_name=OCTETS, season_start=DATE_TIME, week_name=OCTETS))
_WEEKS = array(structure(
    week_profile_name=OCTETS, monday=UNSIGNED, tuesday=UNSIGNED, wednesday=UNSIGNED,
    thursday=UNSIGNED, friday=UNSIGNED, saturday=UNSIGNED, sunday=UNSIGNED))
_DAYS = array(structure(day_id=UNSIGNED, day_schedule=array(structure(
    start_time=TIME, script_logical_name=LOGICAL_NAME, script_selector=LONG_UNSIGNED))))


def _calendar(which: str) -> tuple[AttributeDeclaration, ...]:
    return (
        static(f"calendar_name_{which}", OCTETS),
        static(f"season_profile_{which}", _SEASONS),
        static(f"week_profile_table_{which}", _WEEKS),
        static(f"day_profile_table_{which}", _DAYS),
    )


# How execution times may differ and whether dates may hold wildcards (class 22, type).
_EXECUTION_TYPE = enum(one_time_wildcard_date=1, same_times_no_wildcard=2,
                       same_times_wildcard_date=3, different_times_no_wildcard=4,
                       different_times_wildcard_date=5)

# Class 70: how the unit may be disconnected and reconnected; 7 is of version 1.
_CONTROL_MODES = {f"mode_{number}": number for number in range(7)}
_CONTROL_STATE = enum(disconnected=0, connected=1, ready_for_reconnection=2)


def _disconnect_control(version: int) -> InterfaceClass:
    modes = _CONTROL_MODES | ({"mode_7": 7} if version else {})
    return interface_class(70, version, "Disconnect control", [
        dynamic("output_state", BOOLEAN),
        dynamic("control_state", _CONTROL_STATE),
        static("control_mode", enum(**modes)),
    ], [method("remote_disconnect", mandatory=True), method("remote_reconnect", mandatory=True)],
        first_method_offset=0x20)


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
    interface_class(20, 0, "Activity calendar", [
        *_calendar("active"),
        *_calendar("passive"),
        static("activate_passive_calendar_time", DATE_TIME),
    ], [method("activate_passive_calendar")], first_method_offset=0x50),
    interface_class(21, 0, "Register monitor", [
        static("thresholds", array(SIMPLE_VALUE)),
        static("monitored_value", VALUE_DEFINITION),
        static("actions", array(structure(action_up=SCRIPT, action_down=SCRIPT))),
    ]),
    interface_class(22, 0, "Single action schedule", [
        static("executed_script", SCRIPT),
        static("type", _EXECUTION_TYPE),
        static("execution_time", array(EXECUTION_TIME)),
    ]),
    interface_class(65, 0, "Parameter monitor", [
        dynamic("changed_parameter", structure(
            class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME, attribute_index=INTEGER,
            attribute_value=ANYTHING)),
        dynamic("capture_time", DATE_TIME),
        static("parameter_list", array(VALUE_DEFINITION)),
    ], [method("add_parameter", VALUE_DEFINITION), method("delete_parameter", VALUE_DEFINITION)],
        first_method_offset=0x20),
    interface_class(67, 0, "Sensor manager", [
        static("serial_number", OCTETS, optional=True),
        static("metrological_identification", OCTETS, optional=True),
        static("output_type", Simple(Tag.ENUM), optional=True),
        static("adjustment_method", OCTETS, optional=True),
        static("sealing_method", Simple(Tag.ENUM), optional=True),
        dynamic("raw_value", SIMPLE_VALUE, optional=True),
        static("scaler_unit", SCALER_UNIT, optional=True),
        dynamic("status", SIMPLE_VALUE, optional=True),
        dynamic("capture_time", DATE_TIME, optional=True),
        static("raw_value_thresholds", array(SIMPLE_VALUE), optional=True),
        static("raw_value_actions", array(structure(action_up=SCRIPT, action_down=SCRIPT)),
               optional=True),
        dynamic("processed_value", VALUE_DEFINITION, optional=True, provisional=True),
        static("processed_value_thresholds", array(SIMPLE_VALUE), optional=True),
        static("processed_value_actions", array(structure(action_up=SCRIPT, action_down=SCRIPT)),
               optional=True),
    ], [method("reset")], first_method_offset=0x80),
    interface_class(68, 0, "Arbitrator", [
        static("actions", array(SCRIPT)),
        static("permissions_table", array(BIT_STRING)),
        static("weightings_table", array(array(LONG_UNSIGNED))),
        dynamic("most_recent_requests_table", array(BIT_STRING)),
        dynamic("last_outcome", UNSIGNED),
    ], [
        method("request_action", structure(request_actor=UNSIGNED, request_action_list=BIT_STRING),
               mandatory=True),
        method("reset"),
    ], first_method_offset=0x30),
    _disconnect_control(0),
    _disconnect_control(1),
    interface_class(71, 0, "Limiter", [
        static("monitored_value", VALUE_DEFINITION),
        dynamic("threshold_active", SIMPLE_VALUE),
        static("threshold_normal", SIMPLE_VALUE),
        static("threshold_emergency", SIMPLE_VALUE),
        static("min_over_threshold_duration", DOUBLE_LONG_UNSIGNED),
        static("min_under_threshold_duration", DOUBLE_LONG_UNSIGNED),
        static("emergency_profile", structure(
            emergency_profile_id=LONG_UNSIGNED, emergency_activation_time=DATE_TIME,
            emergency_duration=DOUBLE_LONG_UNSIGNED)),
        static("emergency_profile_group_id_list", array(LONG_UNSIGNED)),
        dynamic("emergency_profile_active", BOOLEAN),
        static("actions", structure(action_over_threshold=SCRIPT, action_under_threshold=SCRIPT)),
    ]),
)
