"""Links that must be looked at again, and the record in the plan that someone did.

A link ``SMETS2/5.6.3.11@1F2E3D4C`` holds the fingerprint that the requirement had when a person
last compared it with the case. Another fingerprint, or none, makes the link suspect: the case runs
and is reported, and cannot count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import PlanError
from bench.expressions import templates
from bench.plan.document import Document, read_document
from bench.plan.loader import load_plans
from bench.plan.mistakes import nearest
from bench.plan.tables import DISCLOSED, TABLES
from bench.records.plan import TestCase
from bench.records.requirement import Requirement
from bench.steps import VOCABULARY, Action


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One link rewritten: where, and the fingerprint before and after."""

    path: Path
    line: int
    requirement: str
    before: str
    after: str


def suspects(case: TestCase, catalogue: Mapping[str, Requirement]) -> tuple[str, ...]:
    """Return the requirements whose link was not reviewed against their present wording."""
    return tuple(
        link.requirement for link in case.verifies
        if link.requirement not in catalogue
        or catalogue[link.requirement].fingerprint != link.fingerprint
    )


def suspected(
    cases: Iterable[TestCase], catalogue: Mapping[str, Requirement]
) -> dict[str, tuple[str, ...]]:
    """Return the suspect requirements of each case that has any, by its id."""
    return {case.id: found for case in cases if (found := suspects(case, catalogue))}


def review(
    paths: Sequence[Path], catalogue: Mapping[str, Requirement], *, case: str = "",
    vocabulary: Mapping[str, Action[Any]] = VOCABULARY,
) -> tuple[tuple[Reviewed, ...], tuple[str, ...]]:
    """Write the present fingerprint into every suspect link of the plans, or of one ``case``.

    Nothing else in the files changes. A link that a ``for_each`` row supplies is rewritten in the
    rows, in the plan or in its table file. Returns what was rewritten, and for each suspect link
    that has no place of its own in a file (a table in code, an id put together by a template)
    a text that says so. Raises :class:`PlanError` for plans that do not load.
    """
    cases = load_plans(paths, catalogue, vocabulary=vocabulary)
    if case and case not in {known.id for known in cases}:
        raise PlanError(f"no case {case!r}{nearest(case, [known.id for known in cases])}")
    wanted: dict[str, set[str]] = defaultdict(set)  # source -> requirements
    for known in cases:
        if case in ("", known.id):
            wanted[known.source].update(suspects(known, catalogue))
    edits: dict[Path, dict[int, _Edit]] = defaultdict(dict)
    for path in {Path(source.rpartition(":")[0]) for source in wanted}:
        for edit in _edits(read_document(path), wanted, catalogue):
            edits[edit.document.path][edit.begin] = edit
    done = [reviewed for path in sorted(edits) for reviewed in _rewrite(path, edits[path])]
    left = [f"{known.source}: {known.id}: the link to {requirement} is not written in a file"
            for known in load_plans(paths, catalogue, vocabulary=vocabulary)
            if case in ("", known.id)
            for requirement in suspects(known, catalogue)]
    return tuple(done), tuple(left)


@dataclass(frozen=True, slots=True)
class _Edit:
    document: Document
    begin: int
    end: int
    before: str
    after: str


def _edits(
    document: Document, wanted: Mapping[str, Collection[str]],
    catalogue: Mapping[str, Requirement],
) -> Iterator[_Edit]:
    for index, written in enumerate(document.values["cases"]):
        place = ("cases", index)
        suspect = wanted.get(f"{document.path}:{document.line((*place, 'id'))}", ())
        if not suspect:
            continue
        columns = {part for expression in templates(written["verifies"])
                   for path in expression.paths for part in path[1:]}
        places: list[tuple[Document, tuple[int | str, ...]]] = [(document, (*place, "verifies"))]
        for holder, rows in _rows(document, (*place, "for_each"), written.get("for_each")):
            places += [(holder, (*rows, number, column))
                       for number in range(holder.length(rows)) for column in sorted(columns)]
        for holder, spot in places:
            for text, begin, end in holder.texts(spot):
                requirement = text.partition("@")[0]
                if requirement in suspect:
                    after = f"{requirement}@{catalogue[requirement].fingerprint}"
                    yield _Edit(holder, begin, end, text, after)


def _rows(document: Document, place: tuple[int | str, ...],
          for_each: object) -> Iterator[tuple[Document, tuple[int | str, ...]]]:
    """Yield where the rows of a ``for_each`` are written: the file and the place in it."""
    if not isinstance(for_each, dict):
        return
    if "rows" in for_each:
        yield document, (*place, "rows")
    elif "table" in for_each and for_each["table"] not in {*TABLES, *DISCLOSED}:
        yield read_document(document.path.parent / for_each["table"]), ("rows",)
    for index, part in enumerate(for_each.get("product", ())):
        yield from _rows(document, (*place, "product", index), part)


def _rewrite(path: Path, edits: Mapping[int, _Edit]) -> Iterator[Reviewed]:
    text = path.read_bytes().decode()
    changed = text
    for begin in sorted(edits, reverse=True):
        edit = edits[begin]
        written = text[begin:edit.end].replace(edit.before, edit.after, 1)
        changed = changed[:begin] + written + changed[edit.end:]
    path.write_bytes(changed.encode())
    for begin in sorted(edits):
        edit = edits[begin]
        line = text.count("\n", 0, begin) + 1
        requirement, _, before = edit.before.partition("@")
        yield Reviewed(path, line, requirement, before, edit.after.partition("@")[2])
