"""Types that several interface classes use: scaler and unit, references to objects, scripts.

IEC 62056-6-2; the names of the types are the standard's.
"""

from __future__ import annotations

from types import MappingProxyType

from bench.protocols.cosem.classes.types import (
    DATE,
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    NULL,
    OCTETS,
    SIMPLE_VALUE,
    TIME,
    Enumerated,
    Structure,
    array,
    choice,
    enum,
    structure,
)
from bench.protocols.cosem.units import UNITS

UNIT = Enumerated(MappingProxyType({0: "none"} | {
    value: unit.symbol or unit.quantity for value, unit in UNITS.items()}))
SCALER_UNIT = structure(scaler=INTEGER, unit=UNIT)

OBJECT_DEFINITION = structure(class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME)
CAPTURE_OBJECT = structure(class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME,
                           attribute_index=INTEGER, data_index=LONG_UNSIGNED)
VALUE_DEFINITION = structure(class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME,
                             attribute_index=INTEGER)
_RESTRICTION = structure(
    restriction_type=enum(none=0, restriction_by_date=1, restriction_by_entry=2),
    restriction_value=choice(
        NULL, structure(from_date=OCTETS, to_date=OCTETS),
        structure(from_entry=choice(DOUBLE_LONG_UNSIGNED, LONG_UNSIGNED),
                  to_entry=choice(DOUBLE_LONG_UNSIGNED, LONG_UNSIGNED))))
SELECTED_OBJECT = Structure((*CAPTURE_OBJECT.members, ("restriction", _RESTRICTION)))
RANGE_DESCRIPTOR = structure(restricting_object=CAPTURE_OBJECT, from_value=SIMPLE_VALUE,
                             to_value=SIMPLE_VALUE, selected_values=array(CAPTURE_OBJECT))
ENTRY_DESCRIPTOR = structure(from_entry=DOUBLE_LONG_UNSIGNED, to_entry=DOUBLE_LONG_UNSIGNED,
                             from_selected_value=LONG_UNSIGNED, to_selected_value=LONG_UNSIGNED)

SCRIPT = structure(script_logical_name=LOGICAL_NAME, script_selector=LONG_UNSIGNED)
WINDOW = structure(start_time=DATE_TIME, end_time=DATE_TIME)
EXECUTION_TIME = structure(time=TIME, date=DATE)

BAUD = enum(baud_300=0, baud_600=1, baud_1200=2, baud_2400=3, baud_4800=4, baud_9600=5,
            baud_19200=6, baud_38400=7, baud_57600=8, baud_115200=9)
