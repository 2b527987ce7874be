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


class Log:
    """One log of a device; ``coded`` ones hold events, which a faulty device loses otherwise."""

    def __init__(self, layout: Layout, faults: Faults = NONE, *, coded: bool = False) -> None:
        self.layout = layout
        self._faults = faults
        self._coded = coded
        self._capacity = layout.capacity
        self._entries: deque[Entry] = deque(maxlen=layout.capacity)

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
