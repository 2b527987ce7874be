"""Class 7, profile generic (IEC 62056-6-2, 4.3.6): captures of objects, read whole or in part.

First in, first out: the oldest rows give way. A profile may begin with rows of the time before the
meter was switched on; they are made when they are first read. Changing what is captured, or how
often, clears the buffer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import (
    NEVER,
    OTHER_REASON,
    SCOPE_VIOLATED,
    TYPE_UNMATCHED,
    Interface,
    Refused,
    parse,
)
from devices.emulators.dlms.metering import Timekeeper
from devices.emulators.dlms.objects import Objects, Supplier
from devices.emulators.gbcs.faults import NONE, Faults

BY_RANGE, BY_ENTRY = 1, 2

Row = tuple[Data, ...]


class Column(NamedTuple):
    """A capture object: class, logical name, attribute, and which part of it (0: the whole)."""

    class_id: int
    instance: bytes
    attribute: int
    part: int = 0

    @classmethod
    def of(cls, data: Data) -> Column:
        """Return the column that a capture object definition names."""
        return cls(*(element.value for element in data.value))

    def data(self) -> Data:
        """Return the capture object definition."""
        return _COLUMN.build(self)


_COLUMN = parse("{u16,os(6),i8,u16}")
_ENTRY = parse("{u32,u32,u16,u16}")


class ProfileGeneric(Interface):
    """Class 7. ``past`` gives the oldest rows, ``past_rows`` of them."""

    CLASS_ID = 7
    VERSION = 1
    ATTRIBUTES = (
        ("buffer", "any"), ("capture_objects", "[0..20]{u16,os(6),i8,u16}"),
        ("capture_period", "u32 0..86400"), ("sort_method", "enum 1..6"),
        ("sort_object", "{u16,os(6),i8,u16}"), ("entries_in_use", "u32"),
        ("profile_entries", "u32 1..65535"))
    METHODS = (("reset", "i8"), ("capture", "i8"))
    SELECTORS = MappingProxyType({2: (BY_RANGE, BY_ENTRY)})

    def __init__(self, code: str, time: Timekeeper, objects: Objects, columns: Sequence[Column], *,
                 period: int, entries: int, past: Supplier | None = None, past_rows: int = 0,
                 faults: Faults = NONE) -> None:
        super().__init__(
            code, capture_objects=columns, capture_period=period, sort_method=1,
            sort_object=(0, bytes(6), 0, 0), profile_entries=entries)
        self._time, self._objects, self._faults = time, objects, faults
        self._columns = tuple(columns)
        self._past, self._past_rows = past, min(past_rows, entries)
        self._past_made: list[Row] = []
        self._rows: list[Row] = []
        self._last = time.now
        time.changed.append(self._clock_set)

    # -- attributes ----------------------------------------------------------------------------

    def read_buffer(self) -> Data:
        """Return all rows."""
        return _array(self._all())

    def read_entries_in_use(self) -> Data:
        """Return how many rows there are."""
        more = int("entries-in-use-wrong" in self._faults)
        return Data(Tag.DOUBLE_LONG_UNSIGNED, self._past_rows + len(self._rows) + more)

    def write_capture_objects(self, value: Data) -> None:
        """Capture other objects, which must be there, and clear the buffer."""
        if value == self.stored("capture_objects"):
            return
        columns = tuple(Column.of(element) for element in value.value)
        for column in columns:
            self._capture(column)
        self.store("capture_objects", value)
        self._columns = columns
        self.do_reset(value)

    def write_capture_period(self, value: Data) -> None:
        """Capture at other times and clear the buffer."""
        if value == self.stored("capture_period"):
            return
        self.store("capture_period", value)
        self._last = self._time.now
        self.do_reset(value)

    def write_profile_entries(self, value: Data) -> None:
        """Hold more or fewer rows and clear the buffer."""
        if value == self.stored("profile_entries"):
            return
        self.store("profile_entries", value)
        self.do_reset(value)

    # -- methods -------------------------------------------------------------------------------

    def do_reset(self, _parameter: Data) -> None:
        """Clear the buffer."""
        self._past_rows = 0
        self._past_made = []
        self._rows.clear()

    def do_capture(self, _parameter: Data) -> None:
        """Add a row; the oldest gives way."""
        self._rows.append(tuple(self._capture(column) for column in self._columns))
        if self._past_rows + len(self._rows) > self.number("profile_entries"):
            if self._past_rows:
                self._past_rows -= 1
            else:
                del self._rows[0]

    def due(self) -> float:
        """Return the end of the capture period."""
        period = self.number("capture_period")
        return math.floor(self._last / period) * period + period if period else NEVER

    def run(self, now: float) -> None:
        """Capture."""
        self._last = now
        if "profile-row-missing" in self._faults and self.number("capture_period") \
                and int(now // self.number("capture_period")) % 4 == 0:
            return
        self.do_capture(Data(Tag.INTEGER, 0))

    def _clock_set(self, now: float) -> None:
        self._last = now

    def _capture(self, column: Column) -> Data:
        if "profile-wrong-capture" in self._faults and column.class_id == 3:
            column = next(one for one in self._columns if one.class_id == 3)
        value = self._objects.read(column.class_id, column.instance, column.attribute)
        if not column.part:
            return value
        if value.tag not in (Tag.ARRAY, Tag.STRUCTURE) or column.part > len(value.value):
            raise Refused(OTHER_REASON)
        return value.value[column.part - 1]  # type: ignore[no-any-return]

    def _all(self) -> Sequence[Row]:
        rows = self._rows
        if self._past is not None and self._past_rows:
            self._past_made = self._past_made or list(self._past())
            rows = self._past_made[-self._past_rows:] + rows
        if "profile-rows-out-of-order" in self._faults and len(rows) > 1:
            rows = [*rows[:-2], rows[-1], rows[-2]]
        return rows

    # -- selective access ----------------------------------------------------------------------

    def select(self, index: int, selection: Selection) -> Data:
        """Return the rows, and columns, that a selection by range or by entry asks for."""
        if index != 2:
            raise Refused(SCOPE_VIOLATED)
        if selection.selector == BY_RANGE:
            return self._by_range(selection.parameters)
        if selection.selector == BY_ENTRY:
            return self._by_entry(selection.parameters)
        raise Refused(SCOPE_VIOLATED)

    def _by_range(self, parameters: Data) -> Data:
        if parameters.tag != Tag.STRUCTURE or len(parameters.value) != 4:
            raise Refused(TYPE_UNMATCHED)
        restricting, begin, end, selected = parameters.value
        if not _COLUMN.matches(restricting) or selected.tag != Tag.ARRAY \
                or not all(map(_COLUMN.matches, selected.value)):
            raise Refused(TYPE_UNMATCHED)
        at = self._position(Column.of(restricting))
        taken = [self._position(Column.of(one)) for one in selected.value]
        rows = self._all()
        if "range-ignored" not in self._faults:
            low, high = _bound(begin), _bound(end)
            rows = [row for row in rows if _within(low, _key(row[at]), high)]
        if "range-end-exclusive" in self._faults and rows:
            high = _bound(end)
            rows = [row for row in rows if _key(row[at]) != high]
        if not taken or "columns-ignored" in self._faults:
            return _array(rows)
        return _array([tuple(row[column] for column in taken) for row in rows])

    def _by_entry(self, parameters: Data) -> Data:
        if not _ENTRY.matches(parameters):
            raise Refused(TYPE_UNMATCHED)
        first, last, first_column, last_column = (part.value for part in parameters.value)
        columns = len(self._columns)
        if not first or not first_column or first_column > columns or last_column > columns \
                or (last and last < first) or (last_column and last_column < first_column):
            raise Refused(OTHER_REASON)
        rows = self._all()
        if "entry-selection-ignored" not in self._faults:
            rows = rows[first - 1 : last or len(rows)]
        if "entry-selection-off-by-one" in self._faults:
            rows = rows[1:]
        if "columns-ignored" in self._faults:
            return _array(rows)
        return _array([row[first_column - 1 : last_column or columns] for row in rows])

    def _position(self, column: Column) -> int:
        try:
            return self._columns.index(column)
        except ValueError:
            raise Refused(SCOPE_VIOLATED) from None


def _array(rows: Sequence[Row]) -> Data:
    return Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, row) for row in rows))


def _key(value: Data) -> Any:
    """Return what values of a column are compared by; date-times by their octets to the second."""
    if value.tag in (Tag.OCTET_STRING, Tag.DATE_TIME) and len(value.value) == 12:
        return value.value[:4] + value.value[5:8]  # the weekday follows from the date
    return value.value


def _bound(value: Data) -> Any:
    """Return the key of an end of a range, None where it is open."""
    if value.tag == Tag.NULL_DATA:
        return None
    key = _key(value)
    if isinstance(key, bytes) and len(key) == 7:
        if not instants.is_date_time(value.value):
            raise Refused(TYPE_UNMATCHED)
        return None if 0xFF in (key[0] & key[1], key[2], key[3]) else key
    return key


def _within(low: Any, key: Any, high: Any) -> bool:
    try:
        return (low is None or low <= key) and (high is None or key <= high)
    except TypeError:
        raise Refused(TYPE_UNMATCHED) from None
