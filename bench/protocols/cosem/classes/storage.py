"""Classes that hold data: data, registers, profiles, tables (IEC 62056-6-2, 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import (
    CAPTURE_OBJECT,
    ENTRY_DESCRIPTOR,
    OBJECT_DEFINITION,
    RANGE_DESCRIPTOR,
    SCALER_UNIT,
    SELECTED_OBJECT,
    VALUE_DEFINITION,
)
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTETS,
    SIMPLE_VALUE,
    UNSIGNED,
    Anything,
    Array,
    Type,
    array,
    choice,
    enum,
    structure,
)
from bench.protocols.cosem.values import Tag

_MASK = structure(mask_name=OCTETS, index_list=array(UNSIGNED))
_SORT_METHOD = enum(fifo=1, lifo=2, largest=3, smallest=4, nearest_to_zero=5, farest_from_zero=6)
# A row has one value for each capture object; a null repeats the value above or counts on from it.
_ROWS = Array(Anything(Tag.STRUCTURE), compact=True)
_SELECTORS = {1: RANGE_DESCRIPTOR, 2: ENTRY_DESCRIPTOR}


def _profile(captured: Type, *, provisional: bool = False) -> Sequence[AttributeDeclaration]:
    return (
        dynamic("buffer", _ROWS, provisional=provisional, selectors=_SELECTORS),
        static("capture_objects", array(captured), provisional=provisional),
        static("capture_period", DOUBLE_LONG_UNSIGNED),
        static("sort_method", _SORT_METHOD),
        static("sort_object", captured, provisional=provisional),
        dynamic("entries_in_use", DOUBLE_LONG_UNSIGNED),
        static("profile_entries", DOUBLE_LONG_UNSIGNED),
    )


def _compact_data(version: int, captured: Type) -> InterfaceClass:
    return interface_class(62, version, "Compact data", [
        dynamic("compact_buffer", OCTETS),
        static("capture_objects", array(captured)),
        static("template_id", UNSIGNED),
        dynamic("template_description", OCTETS),
        static("capture_method", enum(invoke=0, implicit=1)),
    ], [method("reset"), method("capture")])


CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(1, 0, "Data", [dynamic("value", ANYTHING)]),
    interface_class(3, 0, "Register", [
        dynamic("value", SIMPLE_VALUE),
        static("scaler_unit", SCALER_UNIT),
    ], [method("reset")], first_method_offset=0x28),
    interface_class(4, 0, "Extended register", [
        dynamic("value", SIMPLE_VALUE),
        static("scaler_unit", SCALER_UNIT),
        dynamic("status", SIMPLE_VALUE),
        dynamic("capture_time", DATE_TIME),
    ], [method("reset")], first_method_offset=0x38),
    interface_class(5, 0, "Demand register", [
        dynamic("current_average_value", SIMPLE_VALUE),
        dynamic("last_average_value", SIMPLE_VALUE),
        static("scaler_unit", SCALER_UNIT),
        dynamic("status", SIMPLE_VALUE),
        dynamic("capture_time", DATE_TIME),
        dynamic("start_time_current", DATE_TIME),
        static("period", DOUBLE_LONG_UNSIGNED),
        static("number_of_periods", LONG_UNSIGNED),
    ], [method("reset"), method("next_period")], first_method_offset=0x48),
    interface_class(6, 0, "Register activation", [
        static("register_assignment", array(OBJECT_DEFINITION)),
        static("mask_list", array(_MASK)),
        dynamic("active_mask", OCTETS),
    ], [
        method("add_register", OBJECT_DEFINITION),
        method("add_mask", _MASK),
        method("delete_mask", OCTETS),
    ], first_method_offset=0x30),
    interface_class(7, 0, "Profile generic", _profile(VALUE_DEFINITION, provisional=True), [
        method("reset"),
        method("capture"),
        method("get_buffer_by_range", RANGE_DESCRIPTOR, provisional=True),
        method("get_buffer_by_index", ENTRY_DESCRIPTOR, provisional=True),
    ], first_method_offset=0x58),
    interface_class(7, 1, "Profile generic", _profile(CAPTURE_OBJECT),
                    [method("reset"), method("capture")], first_method_offset=0x58),
    interface_class(61, 0, "Register table", [
        dynamic("table_cell_values", Array(ANYTHING, compact=True)),
        static("table_cell_definition", structure(
            class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME, group_e_values=array(UNSIGNED),
            attribute_index=INTEGER)),
        static("scaler_unit", SCALER_UNIT),
    ], [method("reset"), method("capture")], first_method_offset=0x28),
    _compact_data(0, CAPTURE_OBJECT),
    _compact_data(1, SELECTED_OBJECT),
    interface_class(63, 0, "Status mapping", [
        dynamic("status_word", SIMPLE_VALUE),
        static("mapping_table", structure(
            ref_table_id=UNSIGNED,
            ref_table_mapping=choice(LONG_UNSIGNED, array(LONG_UNSIGNED)))),
    ]),
)
