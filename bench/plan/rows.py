"""Turns a ``for_each`` into its rows: plain mappings, in a stable order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.errors import PlanError
from bench.expressions import AbsentValue, ExpressionError, compile_expression
from bench.plan.document import Document, Place, read_document
from bench.plan.mistakes import in_plain_words
from bench.plan.schema import ForEach, TableFile
from bench.plan.tables import DISCLOSED, TABLES, Row

Report = Callable[[Place, str], None]
"""Takes a place inside the ``for_each`` and what is wrong there."""


@dataclass(slots=True)
class Tables:
    """The tables that a set of plans uses; each file is read once."""

    _files: dict[Path, list[Row]]
    documents: dict[Path, Document]
    disclosed: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def none_read(cls) -> Tables:
        """Return an empty set."""
        return cls({}, {})

    def with_disclosed(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Tables:
        """Return these with ``rows`` as those of the disclosed tables."""
        return Tables(self._files, self.documents, rows)

    def rows(self, name: str, folder: Path) -> list[Row]:
        """Return the rows of the table ``name``, a name in code or a file below ``folder``.

        Raises :class:`PlanError` where there is none or it is wrong.
        """
        if name in TABLES:
            return TABLES[name]()
        if name in DISCLOSED:
            return [dict(row) for row in self.disclosed.get(name, ())]
        path = folder / name
        if path.suffix != ".yaml":
            known = ", ".join(sorted(TABLES))
            raise PlanError(f"no table {name!r}; a file ends in .yaml, tables in code are {known}, "
                            f"tables of the device {', '.join(DISCLOSED)}")
        if path not in self._files:
            document = read_document(path)
            self.documents[path] = document
            self._files[path] = _table_rows(document)
        return self._files[path]


def disclosed_table(wanted: ForEach | None) -> str:
    """Return the table of the device's that ``wanted`` takes rows of, "" for none."""
    if wanted is None:
        return ""
    if wanted.table in DISCLOSED:
        return str(wanted.table)
    return next(filter(None, map(disclosed_table, wanted.product or ())), "")


def without_conditions(wanted: ForEach) -> ForEach:
    """Return ``wanted`` without the conditions on what a device gives: a sample meets none."""
    if not disclosed_table(wanted):
        return wanted
    parts = None if wanted.product is None else [without_conditions(p) for p in wanted.product]
    return wanted.model_copy(update={"where": None, "product": parts})


def rows_of(wanted: ForEach, folder: Path, tables: Tables, report: Report,
            place: Place = (), *, columns: Row | None = None) -> list[Row]:
    """Return the rows of ``wanted``; what is wrong goes to ``report``, and then there are none.

    ``columns`` are added to every row; a row that has one of them keeps its own.
    """
    rows = _rows_of(wanted, folder, tables, report, place, columns or {})
    return [{**(columns or {}), **row} for row in rows]


def _rows_of(wanted: ForEach, folder: Path, tables: Tables, report: Report,
             place: Place, columns: Row) -> list[Row]:
    given = [key for key in ("rows", "table", "product") if getattr(wanted, key) is not None]
    if len(given) != 1:
        report(place, "for_each takes exactly one of rows, table and product")
        return []
    if wanted.rows is not None:
        rows = wanted.rows
    elif wanted.table is not None:
        try:
            rows = tables.rows(wanted.table, folder)
        except PlanError as error:
            for line in str(error).splitlines():
                report((*place, "table"), line)
            return []
    else:
        rows = _product(wanted, folder, tables, report, place, columns)
    if not rows:
        return []
    if wanted.as_:
        rows = [{wanted.as_: row} for row in rows]
    kept = _kept(rows, wanted.where, report, (*place, "where"), columns)
    if kept == [] and not columns and not disclosed_table(wanted):
        report((*place, "where"), "keeps no row")
    return kept or []


def _product(wanted: ForEach, folder: Path, tables: Tables, report: Report,
             place: Place, columns: Row) -> list[Row]:
    parts = [
        _rows_of(part, folder, tables, report, (*place, "product", index), columns)
        for index, part in enumerate(wanted.product or ())
    ]
    if not all(parts):
        return []
    names = [frozenset().union(*(row.keys() for row in part)) for part in parts]
    for (index, first), (other, second) in itertools.combinations(enumerate(names), 2):
        if shared := sorted(first & second):
            report((*place, "product", other),
                   f"column {shared[0]!r} is also in factor {index + 1}; give one of them `as`")
            return []
    return [reduce(lambda left, right: left | right, rows) for rows in itertools.product(*parts)]


def _kept(rows: list[Row], where: str | None, report: Report, place: Place,
          columns: Row) -> list[Row] | None:
    """Return the rows for which ``where`` holds; None where it is wrong, which is reported."""
    if where is None:
        return rows
    try:
        condition = compile_expression(where)
        if unknown := condition.names - {"row"}:
            report(place, f"no variable {min(unknown)!r} here; `where` knows row")
            return None
        return [row for row in rows if _is_true(condition.evaluate({"row": {**columns, **row}}))]
    except (PlanError, AbsentValue, ExpressionError) as error:
        report(place, str(error))
        return None


def _is_true(value: object) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"`where` gives {value!r}, neither true nor false")
    return value


def _table_rows(document: Document) -> list[Row]:
    try:
        return TableFile.model_validate(document.values).rows
    except ValidationError as error:
        raise PlanError("\n".join(
            f"{document.path}:{document.line(found['loc'])}: {in_plain_words(found)}"
            for found in error.errors()
        )) from error
