"""The COSEM objects of a device, as one table says: shape, default, and who may do what.

An element is one attribute or method, named as everywhere ``class/obis/aN`` or ``class/obis/mN``.
Each kind of device has its table ``objects.tsv``; its head names the columns and the sources.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data
from devices.emulators.cosem.types import Type, parse


@dataclass(frozen=True, slots=True)
class Element:
    """One row of the table; ``gets``, ``sets``, ``acts`` are the use cases that may."""

    key: str
    item: str
    clauses: tuple[str, ...]  # of SMETS v5
    type: Type
    gets: frozenset[str]
    sets: frozenset[str]
    acts: frozenset[str]
    default: Data
    live: str = ""  # the value is kept elsewhere under this name
    effect: str = ""  # what writing or invoking does beyond storing
    activates: tuple[tuple[str, str], ...] = ()  # pairs of passive and active value

    @property
    def address(self) -> tuple[int, bytes, int]:
        """Return class id, OBIS code (6 octets) and index."""
        class_id, code, index = self.key.split("/")
        return int(class_id), obis.parse(code), int(index[1:])


def read_elements(table: Path) -> Mapping[str, Element]:
    """Return the elements of a table, by key."""
    found: dict[str, Element] = {}
    columns: list[str] = []
    for line in table.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if not columns:
            columns = cells
            continue
        row = dict(zip(columns, cells, strict=True))
        kind = parse(row["type"])
        default = kind.build(json.loads(row["default"])) if row["default"] else kind.smallest()
        pairs = tuple((passive, active) for passive, _, active in
                      (pair.partition(">") for pair in row["activates"].split()))
        key = row["key"]
        found[key] = Element(
            key, row["item"], tuple(row["clauses"].split()), kind, frozenset(row["get"].split()),
            frozenset(row["set"].split()), frozenset(row["act"].split()), default, row["live"],
            row["effect"], pairs)
    return found


class Store:
    """The stored values of one device, whose objects are ``elements``."""

    def __init__(self, elements: Mapping[str, Element]) -> None:
        self._elements = elements
        self._values: dict[str, Data] = {}

    def get(self, key: str) -> Data:
        """Return the stored value, or the table's default."""
        return self._values.get(key) or self._elements[key].default

    def set(self, key: str, value: Data) -> None:
        """Store ``value``, whatever it is."""
        self._values[key] = value

    def number(self, key: str) -> int:
        """Return the number stored under ``key``."""
        return int(self.get(key).value)
