"""Reads plan files into test cases: structure, steps, ``for_each``, links, ids, fingerprints.

Every mistake of every file is gathered before one :class:`PlanError` tells them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.errors import BenchError, PlanError
from bench.expressions import resolve
from bench.plan.collecting import Checks, collect
from bench.plan.document import Document, Place, read_document
from bench.plan.generated import SAMPLE, generated_by, standing_in
from bench.plan.mistakes import Mistakes, in_plain_words
from bench.plan.rows import Tables, disclosed_table, rows_of, without_conditions
from bench.plan.schema import ID, ForEach, PlanHead, WrittenCase
from bench.plan.steps import Report, StepReader
from bench.plan.tables import Row
from bench.records.disclosure import Disclosure
from bench.records.plan import TestCase
from bench.records.requirement import Requirement
from bench.steps import VOCABULARY, Action
from devices.device_types import DEVICE_TYPES

NO_PLANS = frozenset({"tables", "requirements", "baselines", "cures.yaml", "delta.yaml"})
"""Folders and files that hold no plans, though they are YAML beside them."""


def load_plans(
    paths: Sequence[Path],
    catalogue: Mapping[str, Requirement] | None = None,
    defects: Container[str] | None = None,
    *,
    vocabulary: Mapping[str, Action[Any]] = VOCABULARY,
    disclosed: Disclosure | None = None,
) -> tuple[TestCase, ...]:
    """Return the cases of the plan files ``paths``, in the order of files, cases and rows.

    A folder stands for every ``*.yaml`` below it, except what is named or lies in a folder named in
    :data:`NO_PLANS`. Requirement ids and the names of defects are checked where ``catalogue``
    and ``defects`` are given. ``disclosed`` is what the device says that it has; without it one
    case stands for all that would be generated from that. Raises :class:`PlanError` with one line,
    ``file:line: text``, for every mistake found.
    """
    return PlanReader(catalogue, defects, vocabulary=vocabulary, disclosed=disclosed).load(paths)


class PlanReader:
    """Reads each plan file once, however often its cases are asked for.

    The arguments are those of :func:`load_plans`. Ids and groups must differ between all files
    that one reader reads.
    """

    def __init__(
        self,
        catalogue: Mapping[str, Requirement] | None = None,
        defects: Container[str] | None = None,
        *,
        vocabulary: Mapping[str, Action[Any]] = VOCABULARY,
        disclosed: Disclosure | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._checks = Checks(catalogue, defects)
        self._disclosed = disclosed
        self._tables = Tables.none_read().with_disclosed(disclosed.tables if disclosed else {})
        self._groups: dict[str, str] = {}  # group -> file:line
        self._read: dict[Path, tuple[list[TestCase], Mistakes]] = {}

    def load(self, paths: Sequence[Path]) -> tuple[TestCase, ...]:
        """Return the cases of ``paths`` as :func:`load_plans` does."""
        mistakes = Mistakes()
        cases: list[TestCase] = []
        for path in _plan_files(paths, mistakes):
            if path not in self._read:
                self._read[path] = self._file(path)
            found, wrong = self._read[path]
            cases += found
            mistakes.add_all(wrong)
        mistakes.raise_if_any()
        return tuple(cases)

    def _file(self, path: Path) -> tuple[list[TestCase], Mistakes]:
        mistakes = Mistakes()
        try:
            document = read_document(path)
        except PlanError as error:
            mistakes.add_error(error)
            return [], mistakes
        reading = _Reading(self._vocabulary, self._checks, mistakes, self._tables, self._groups,
                           self._disclosed)
        return _group(document, reading), mistakes


@dataclass(slots=True)
class _Reading:
    """What is known while a plan file is read; all but ``mistakes`` is shared by the files."""

    vocabulary: Mapping[str, Action[Any]]
    checks: Checks
    mistakes: Mistakes
    tables: Tables
    groups: dict[str, str]  # group -> file:line
    disclosed: Disclosure | None


def _plan_files(paths: Iterable[Path], mistakes: Mistakes) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        found = [file for file in sorted(path.rglob("*.yaml"))
                 if not NO_PLANS & set(file.relative_to(path).parts)]
        if not found:
            mistakes.add(path, 1, "no plan (*.yaml) in this folder")
        files |= dict.fromkeys(found)
    return list(files)


def _group(document: Document, reading: _Reading) -> list[TestCase]:
    mistakes, path = reading.mistakes, document.path

    def report(place: Place, text: str) -> None:
        mistakes.add(path, document.line(place), text)

    try:
        head = PlanHead.model_validate(document.values)
    except ValidationError as error:
        for found in error.errors():
            report(found["loc"], in_plain_words(found))
        return _cases_of_headless(document, reading)
    if (head.device is None) == (head.devices is None):
        report((), "a plan has either a device or devices")
        return _cases_of_headless(document, reading)
    if head.device is not None:
        return _group_of(document, head, head.device, {}, reading, report)
    before = len(mistakes)
    cases = [case for name in dict.fromkeys(head.devices or ())
             for case in _group_of(document, head, name, _device_columns(name), reading, report)]
    if len(mistakes) == before:
        collected = {case.source for case in cases}
        for index in range(len(head.cases)):
            if f"{path}:{document.line(('cases', index, 'id'))}" not in collected:
                report(("cases", index), "no row for any of the devices")
    return cases


def _device_columns(name: str) -> Row:
    return {"device": {"name": name, "type": DEVICE_TYPES[name].type}}


def _group_of(document: Document, head: PlanHead, device: str, columns: Row, reading: _Reading,
              report: Report) -> list[TestCase]:
    """Return the cases of a file for one device type; ``columns`` are those that say which."""
    try:
        group = str(resolve(head.group, {"row": columns}))
        sanity = head.sanity and str(resolve(head.sanity, {"row": columns}))
    except BenchError as error:
        report(("group",), str(error))
        return []
    if not re.fullmatch(ID, group):
        report(("group",), f"group {group!r}: letters and digits, joined by . _ or -")
    here = f"{document.path}:{document.line(('group',))}{f' for {device}' if columns else ''}"
    if reading.groups.setdefault(group, here) != here:
        report(("group",), f"group {group!r} is also in {reading.groups[group]}")
    head = head.model_copy(update={"group": group, "sanity": sanity, "device": device})
    cases = [case for index in range(len(head.cases))
             for case in _cases(document, head, index, columns, reading)]
    if sanity is not None and sanity not in {case.id for case in cases}:
        report(("sanity",), f"no case {sanity!r} in this group")
    if len(first := [case.id for case in cases if case.sanity]) > 1:
        report(("cases",), f"one sanity case a group, not {', '.join(first[:3])}")
    return cases


def _cases_of_headless(document: Document, reading: _Reading) -> list[TestCase]:
    """Read the cases of a file whose head is wrong, for their own mistakes."""
    values = document.values
    cases = values.get("cases") if isinstance(values, dict) else None
    if not isinstance(cases, list):
        return []
    head = PlanHead.model_construct(group="", title="", device="", sanity=None, cases=cases)
    columns = _device_columns("esme") if "devices" in values else {}
    return [case for index in range(len(cases))
            for case in _cases(document, head, index, columns, reading)]


def _cases(
    document: Document, head: PlanHead, index: int, columns: Row, reading: _Reading
) -> Iterator[TestCase]:
    """Yield the cases that the written case at ``index`` gives; every row has ``columns``."""
    place = ("cases", index)

    def report(inner: Place, text: str) -> None:
        reading.mistakes.add(document.path, document.line((*place, *inner)), text)

    try:
        written = WrittenCase.model_validate(head.cases[index])
    except ValidationError as error:
        for found in error.errors():
            report(found["loc"], in_plain_words(found))
        return
    before = len(reading.mistakes)
    with_rows = written.for_each is not None or bool(columns)
    steps = StepReader(reading.vocabulary, with_rows, report)
    read = steps.read(written)
    if written.applies is not None:
        steps.condition(("applies",), written.applies, {"ics"})
    for key in ("id", "purpose", "verifies", "bite", "tags"):
        steps.row_templates((key,), getattr(written, key))
    table = disclosed_table(written.for_each)

    def rows_from(tables: Tables, wanted: ForEach | None) -> list[Row]:
        if wanted is None:
            return [columns]
        return rows_of(wanted, document.path.parent, tables,
                       lambda inner, text: report(("for_each", *inner), text), columns=columns)

    reading.checks.ports(written, read, report)
    reading.checks.links(written, report)
    sound = len(reading.mistakes) == before
    source = f"{document.path}:{document.line((*place, 'id'))}"
    lines = {step.place: document.line((*place, *step.place)) for step in read}

    def collected(rows: list[Row], checks: Checks) -> Iterator[TestCase]:
        for number, row in enumerate(rows, start=1):
            if with_rows and not _columns(steps, row, number, report):
                return
            # A case that is wrong already is collected all the same: its ids must be unique, its
            # links must exist. Only its arguments are left alone, as they may not be readable.
            yield from collect(written, read if sound else [], row, head=head, source=source,
                               lines=lines, checks=checks, report=report)

    if not table:
        yield from collected(rows_from(reading.tables, written.for_each), reading.checks)
        return
    origin = generated_by(written, table, head)
    assert written.for_each is not None
    samples = reading.tables.with_disclosed(SAMPLE)
    sample = (rows_from(samples, written.for_each)
              or rows_from(samples, without_conditions(written.for_each)))[:1]
    for case in collected(sample, reading.checks.apart()):
        if len(reading.mistakes) > before:
            return
        yield from _generated(replace(case, generated=origin), written, reading, report, lambda: (
            collected(rows_from(reading.tables, written.for_each), reading.checks)))


def _generated(sample: TestCase, written: WrittenCase, reading: _Reading, report: Report,
               collected: Callable[[], Iterator[TestCase]]) -> Iterator[TestCase]:
    """Yield the cases of the device's rows, and one that stands for the rows that are not there."""
    some = False
    for case in collected():
        some = True
        yield replace(case, generated=sample.generated)
    said = reading.disclosed
    if not some or said is None or said.failures:
        case = standing_in(sample, written, said)
        reading.checks.identity(case.id, case.source, report)
        yield case


def _columns(steps: StepReader, row: Mapping[str, Any], number: int, report: Any) -> bool:
    """Report the columns that the case uses and ``row`` lacks; say if it has all."""
    complete = True
    for path, place in steps.row_paths.items():
        value: Any = row
        for column in path[1:]:
            if not isinstance(value, Mapping):
                break
            if column not in value:
                report(place, f"row {number} has no column {'.'.join(path[1:])!r}; "
                              f"it has {', '.join(value)}")
                complete = False
                break
            value = value[column]
    return complete
