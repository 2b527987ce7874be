"""Selections of a part of an attribute: profile generic by range and by entry (IEC 62056-6-2).

Selector 1 takes the rows whose value in a column lies in a range, selector 2 those by number. The
values of the range are data of the column's type: a date-time goes as an octet string of 12 octets
where the column is a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Selection

BY_RANGE, BY_ENTRY = 1, 2

CLOCK = Attribute(8, bytes((0, 0, 1, 0, 0, 255)), 2)


class Column(NamedTuple):
    """A capture object: ``data_index`` 0 is the whole attribute."""

    attribute: Attribute
    data_index: int = 0

    @property
    def data(self) -> Data:
        """The capture object definition."""
        class_id, instance, index = self.attribute
        return Data(Tag.STRUCTURE, (
            Data(Tag.LONG_UNSIGNED, class_id), Data(Tag.OCTET_STRING, instance),
            Data(Tag.INTEGER, index), Data(Tag.LONG_UNSIGNED, self.data_index)))


def by_range(first: Data, last: Data, column: Column | None = None,
             columns: Iterable[Column] = ()) -> Selection:
    """Return the rows from ``first`` to ``last`` in ``column``, the clock unless named.

    ``columns`` are those to be given, none named: all.
    """
    restricting = column or Column(CLOCK)
    chosen = Data(Tag.ARRAY, tuple(each.data for each in columns))
    return Selection(BY_RANGE, Data(Tag.STRUCTURE, (restricting.data, first, last, chosen)))


def by_entry(first: int = 1, last: int = 0, first_column: int = 1, last_column: int = 0
             ) -> Selection:
    """Return rows and columns by number, from 1; a last one of 0 is the highest there is."""
    return Selection(BY_ENTRY, Data(Tag.STRUCTURE, (
        Data(Tag.DOUBLE_LONG_UNSIGNED, first), Data(Tag.DOUBLE_LONG_UNSIGNED, last),
        Data(Tag.LONG_UNSIGNED, first_column), Data(Tag.LONG_UNSIGNED, last_column))))
