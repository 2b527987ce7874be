"""Port ``dlms``: the buffer of a profile, whole or by selective access (class 7, IEC 62056-6-2).

Times in a plan count from the newest row: ``last: 48`` are the newest 48 capture periods by range.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from bench.errors import Inconclusive, LocalProtocolError
from bench.protocols.cosem import date_time, obis
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.cosem.selective_access import Column, by_entry, by_range
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue, Ran, ask, dialogue_of
from bench.steps.dlms.services import READ, carried, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

PROFILE_GENERIC = 7
BUFFER, CAPTURE_OBJECTS, CAPTURE_PERIOD, IN_USE, ENTRIES = 2, 3, 4, 7, 8


class ReadBuffer(Arguments):
    """The buffer of the profile ``object`` (an OBIS code).

    ``select`` is ``all``; ``range``: the newest ``last`` periods, ending ``before`` periods before
    the newest row; ``empty-range``: a range before the oldest row; ``entries``: rows ``first`` to
    ``to`` (0: the last) and columns ``column`` to ``to_column`` (0: the last). ``columns`` are the
    numbers of the columns that a range selects, from 1, all where it is empty.
    """

    object: str
    select: Literal["all", "range", "empty-range", "entries"] = "all"
    last: int = Field(48, ge=1)
    before: int = Field(0, ge=0)
    columns: list[int] = Field(default_factory=list)
    first: int = Field(1, ge=0)
    to: int = Field(0, ge=0)
    column: int = Field(1, ge=0)
    to_column: int = Field(0, ge=0)


BUFFER_READ = {name: READ[name] for name in (
    "outcome", "result", "refusal", "deviation", "deviations", "apdus", "longest")} | {
    "rows": "how many rows came",
    "columns": "how many columns each has, -1 where they differ",
    "expected_rows": "how many the selection asks for, of those in use; -1 where it is not known",
    "expected_columns": "how many columns it asks for",
    "first": "the first column of the first row: seconds since 1970, 0 without one",
    "last": "the same of the last row",
    "in_order": "whether each row is later than the one before",
    "gaps": "how many rows are not one capture period after the one before; -1 without a period",
    "in_use": "entries in use, by attribute 7",
    "period": "capture period, seconds",
    "cells": "the first row, as plain values",
    "inside": "whether all rows lie in the range that was asked for",
    "misfits": "columns that do not hold what the capture objects say, by a read of the object",
}


@action("read_buffer", port="dlms", arguments=ReadBuffer, observes=BUFFER_READ)
def read_buffer(context: Context, wanted: ReadBuffer) -> Observation:
    """Read what is captured and how, then the rows that are selected."""
    dialogue, name = dialogue_of(context), obis.parse(wanted.object)
    objects = _capture_objects(dialogue, name)
    period, in_use = (_number(dialogue, name, index) for index in (CAPTURE_PERIOD, IN_USE))
    asked = _selection(dialogue, name, wanted, objects, period, in_use)
    ran = ask(dialogue, lambda client: client.get(
        Attribute(PROFILE_GENERIC, name, BUFFER), asked.selection))
    rows = _rows(ran)
    times = [_seconds(row.value[0]) for row in rows] if asked.has_time else []
    return observed(dialogue, {
        **carried(dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)),
        "rows": len(rows),
        "columns": _columns(rows),
        "expected_rows": asked.rows, "expected_columns": asked.columns,
        "first": times[0] if times else 0, "last": times[-1] if times else 0,
        "in_order": all(one < other for one, other in itertools.pairwise(times)),
        "gaps": _gaps(times, period), "in_use": in_use, "period": period,
        "cells": plain(rows[0]) if rows else [],
        "inside": all(asked.begins <= at <= asked.ends for at in times),
        "misfits": _misfits(dialogue, objects, rows[-1]) if rows and wanted.select == "all"
        else [],
    })


class _Asked:
    """What a selection asks for."""

    def __init__(self, selection: Selection | None, rows: int, columns: int, *,
                 begins: float = 0, ends: float = float(1 << 40), has_time: bool = True) -> None:
        self.selection, self.rows, self.columns = selection, rows, columns
        self.begins, self.ends, self.has_time = begins, ends, has_time


def _selection(dialogue: Dialogue, name: bytes, wanted: ReadBuffer, objects: Sequence[Data],
               period: int, in_use: int) -> _Asked:
    if wanted.select == "all":
        return _Asked(None, in_use, len(objects))
    if wanted.select == "entries":
        return _by_entry(wanted, len(objects), in_use)
    newest = _newest(dialogue, name, in_use)
    oldest = newest - (in_use - 1) * period
    ends = newest - wanted.before * period
    begins = ends - (wanted.last - 1) * period
    rows = max(0, min(wanted.last, in_use - wanted.before))
    if wanted.select == "empty-range":
        begins, ends, rows = oldest - 10 * period, oldest - 9 * period, 0
    chosen = [_column(objects[number - 1]) for number in wanted.columns]
    selection = by_range(_instant(begins), _instant(ends), columns=chosen)
    return _Asked(selection, rows, len(chosen) or len(objects), begins=begins, ends=ends,
                  has_time=not wanted.columns or 1 in wanted.columns)


def _by_entry(wanted: ReadBuffer, columns: int, in_use: int) -> _Asked:
    to, to_column = wanted.to or in_use, wanted.to_column or columns
    selection = by_entry(wanted.first, wanted.to, wanted.column, wanted.to_column)
    return _Asked(selection, max(0, min(to, in_use) - wanted.first + 1),
                  min(to_column, columns) - wanted.column + 1, has_time=wanted.column <= 1)


def _capture_objects(dialogue: Dialogue, name: bytes) -> Sequence[Data]:
    found = _read(dialogue, name, CAPTURE_OBJECTS)
    if found is None or found.tag is not Tag.ARRAY or not found.value:
        raise Inconclusive(f"the capture objects of {obis.text(name)} cannot be read")
    return tuple(found.value)


def _number(dialogue: Dialogue, name: bytes, index: int) -> int:
    found = _read(dialogue, name, index)
    if found is None or not isinstance(found.value, int):
        raise Inconclusive(f"attribute {index} of {obis.text(name)} cannot be read")
    return found.value


def _newest(dialogue: Dialogue, name: bytes, in_use: int) -> int:
    """Return the time of the newest row, which is the last one or, in a stack, the first."""
    for entry in (in_use, 1):
        ran = ask(dialogue, lambda client, at=entry: client.get(
            Attribute(PROFILE_GENERIC, name, BUFFER), by_entry(at, at)))
        if rows := _rows(ran):
            return _seconds(rows[-1].value[0])
    raise Inconclusive(f"no row of {obis.text(name)} can be read by entry")


def _read(dialogue: Dialogue, name: bytes, index: int) -> Data | None:
    ran = ask(dialogue, lambda client: client.get(Attribute(PROFILE_GENERIC, name, index)))
    return None if ran.value is None else ran.value.data


def _rows(ran: Ran[Result]) -> list[Data]:
    """Return the rows that came; none where what came is no array of structures."""
    found = None if ran.value is None else ran.value.data
    if found is None or found.tag is not Tag.ARRAY:
        return []
    return [row for row in found.value if row.tag is Tag.STRUCTURE and row.value]


def _columns(rows: Sequence[Data]) -> int:
    widths = {len(row.value) for row in rows}
    return widths.pop() if len(widths) == 1 else -1 if widths else 0


def _gaps(times: Sequence[int], period: int) -> int:
    if not period:
        return -1
    return sum(other - one != period for one, other in itertools.pairwise(times))


def _misfits(dialogue: Dialogue, objects: Sequence[Data], newest: Data) -> list[str]:
    """Return the columns of registers whose newest value is more than what the register now has:
    those that count up only."""
    found = []
    for number, (described, cell) in enumerate(zip(objects, newest.value, strict=False), start=1):
        captured = _column(described).attribute
        if captured.class_id != _REGISTER or not isinstance(cell.value, int):
            continue
        ran = ask(dialogue, lambda client, at=captured: client.get(at))
        now = None if ran.value is None or ran.value.data is None else ran.value.data.value
        if isinstance(now, int) and not 0 <= now - cell.value <= max(now // 10, 1_000):
            found.append(f"column {number}, {captured.text}: {cell.value} captured, {now} now")
    return found


_REGISTER = 3


def _column(described: Data) -> Column:
    """Return a capture object as the device describes it."""
    class_id, name, index, data_index = (item.value for item in described.value)
    return Column(Attribute(class_id, name, index), data_index)


def _instant(seconds: float) -> Data:
    instant = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(seconds=seconds)
    return Data(Tag.OCTET_STRING, date_time.encode(instant))


def _seconds(cell: Data) -> int:
    """Return seconds since 1970 of a cell that holds a date-time; 0 for anything else."""
    if not isinstance(cell.value, bytes) or len(cell.value) != 12:
        return 0
    try:
        return int(date_time.decode(cell.value).as_datetime().timestamp())
    except LocalProtocolError:
        return 0


