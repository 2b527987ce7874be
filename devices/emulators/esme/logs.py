"""Circular logs: when full, the newest entry takes the place of the oldest (R-LOG-01).

An entry is a tuple that starts with its time stamp (seconds since 2000-01-01, whole). A log is read
by range, both ends included; the start and the end of time leave a side open (R-LOG-05).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from bench.protocols.cosem.data import CompactArray, Data, Tag
from devices.emulators.cosem.types import NUMBERS
from devices.emulators.gbcs.faults import NONE, Faults

Entry = tuple[int | bytes, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Capacity and columns of a log; each column is a name of types or ``os``.

    A column ``u32*48`` is an array of 48 numbers, held as 48 values of the entry.
    """

    capacity: int
    columns: tuple[str, ...]


# SMETS2 5.7.5.x by the use-case mapping; single element only.
_REGISTERS = ("u32", "u32", "u32*48", "u32*8", "u32*8", "u32*8", "u32*8")
_MONEY = ("i32",) * 6
LAYOUTS = {
    "event": Layout(100, ("u32", "u16", "os")),  # 5.7.5.16
    "security": Layout(100, ("u32", "u16")),  # 5.7.5.31
    "power": Layout(100, ("u32", "u16", "u32")),  # 5.7.5.25
    "auxiliary": Layout(100, ("u32", "u16", "enum")),  # 5.7.5.6
    "boost": Layout(25, ("u32", "u32")),  # 5.26.3.1
    "profile_import": Layout(19_056, ("u32", "u32")),  # 5.7.5.27, 397 days
    "profile_export": Layout(4_464, ("u32", "u32", "u32")),  # active and reactive, 93 days
    "profile_reactive": Layout(4_464, ("u32", "u32")),
    "daily_consumption": Layout(731, ("u32", "u32")),  # 5.7.5.14
    "daily_import": Layout(31, _REGISTERS),  # 5.7.5.13
    "daily_export": Layout(31, ("u32", "u32")),
    "daily_prepayment": Layout(31, ("u32", *_MONEY)),  # 5.7.5.26
    "billing": Layout(12, _REGISTERS),  # 5.7.5.10
    "billing_prepayment": Layout(12, ("u32", *_MONEY)),
    "change": Layout(12, (*_REGISTERS, *_MONEY)),
    "debt_payments": Layout(10, ("u32", "u32")),
    "credits": Layout(5, ("u32", "u32")),
    "voltage": Layout(4_320, ("u32", "u32")),  # 5.7.5.9
}

_CODED = ("event", "security", "power")

# Which logs a fault makes shorter, and by how many entries.
_SHORT = {
    "profile-short": (("profile_import",), 48),
    "export-profile-short": (("profile_export",), 48),
    "reactive-profile-short": (("profile_reactive",), 48),
    "daily-consumption-short": (("daily_consumption",), 1),
    "daily-read-log-short": (("daily_import", "daily_export", "daily_prepayment"), 1),
    "log-capacity-short": (_CODED, 10),
}


class Log:
    """One log of the meter."""

    def __init__(self, name: str, faults: Faults = NONE) -> None:
        self.layout = LAYOUTS[name]
        self._faults = faults
        capacity = self.layout.capacity
        for fault, (names, entries) in _SHORT.items():
            if name in names and fault in faults:
                capacity -= entries
        self._coded = name in _CODED
        self._capacity = capacity
        self._entries: deque[Entry] = deque(maxlen=capacity)

    def add(self, *entry: int | bytes) -> None:
        """Store ``entry``."""
        full = len(self._entries) == self._capacity
        if full and not self._coded and "profile-stops-when-full" in self._faults:
            return
        if full and self._coded and "log-overwrites-newest" in self._faults:
            self._entries.pop()
        self._entries.append(entry)
        if full and self._coded and "log-entry-lost-at-wrap" in self._faults:
            self._entries.popleft()

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()

    def read(self, begin: float, end: float) -> list[Entry]:
        """Return the entries from ``begin`` to ``end``, both included, oldest first."""
        if "range-read-ignores-from" in self._faults:
            begin = float("-inf")
        if "range-read-ignores-to" in self._faults:
            end = float("inf")
        return [entry for entry in self._entries if begin <= entry[0] <= end]  # type: ignore[operator]

    def __len__(self) -> int:
        return len(self._entries)

    def data(self, entries: Iterable[Entry]) -> Data:
        """Return ``entries`` as the compact array of structures that RTDS devices answer with."""
        columns = [_column(column) for column in self.layout.columns]
        members = b"".join(
            bytes((tag,)) if width == 1 else bytes((Tag.ARRAY, 0, width, tag))
            for tag, width in columns)
        description = bytes((Tag.STRUCTURE, len(columns))) + members
        return Data(Tag.COMPACT_ARRAY, CompactArray(
            description, tuple(_structure(columns, entry) for entry in entries)))


def _column(column: str) -> tuple[Tag, int]:
    name, _, width = column.partition("*")
    return NUMBERS.get(name, Tag.OCTET_STRING), int(width or 1)


def _structure(columns: list[tuple[Tag, int]], entry: Entry) -> Data:
    parts, at = [], 0
    for tag, width in columns:
        if width == 1:
            parts.append(Data(tag, entry[at]))
        else:
            parts.append(Data(Tag.ARRAY, tuple(Data(tag, value)
                                               for value in entry[at:at + width])))
        at += width
    return Data(Tag.STRUCTURE, tuple(parts))
