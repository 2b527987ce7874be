"""Reads a baseline file and settles it against the catalogue.

The file is YAML; ``testplans/baselines/`` holds those that ship, ``docs/baselines.md`` explains
every key. Every requirement that the catalogue holds for the device must stand in exactly one of
``mandatory``, ``optional`` and ``outside``, so that nothing is left out in silence. An entry is a
requirement id or a pattern with ``*``; an id written out wins over a pattern, so that one clause
can be taken out of a family.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictStr

from bench.catalogue.form import Day, Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.assurance import ImportKind, Tolerance
from bench.records.requirement import Requirement
from bench.records.serial import digest
from bench.scheme.baseline import (
    DEVICE_TYPES,
    Baseline,
    ImportRule,
    Quorum,
    Relevance,
    ToolRule,
    relevance,
)
from bench.scheme.case_list import read_cases

_FieldName = Literal["manufacturer", "manufacturer_id", "model", "hardware_version",
                     "firmware_version", "image_hash"]
MATCHED: tuple[_FieldName, ...] = (
    "manufacturer", "model", "hardware_version", "firmware_version")
"""The fields of a subject that an imported result must match where its rule names no others."""

_Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


def load_baseline(path: Path, catalogue: Mapping[str, Requirement]) -> Baseline:
    """Read a baseline file and settle it against the catalogue.

    Raises :class:`~bench.errors.PlanError`, ``file:line: ...``, one line for each mistake: not
    YAML, an unknown or missing key, a wrong type, an id that the catalogue does not hold for the
    device, a pattern that matches nothing, a requirement in two lists, one in none, a mandatory
    one that neither a test on a device nor another way that the baseline takes can show, or a list
    of cases that is absent or altered.
    """
    return _Sorting(path, _read(path), catalogue).baseline()


def file_digest(path: Path) -> str:
    """Return the digest of a baseline file without a catalogue to settle it against.

    Raises :class:`~bench.errors.PlanError` for what has not the form of a baseline.
    """
    return _digest(_read(path))


def planned_in(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the device type of a baseline file and the plans that it names.

    Raises :class:`~bench.errors.PlanError` for what has not the form of a baseline.
    """
    entry = _read(path)
    return entry.device.upper(), entry.plans


class _Specification(Form):
    name: Text
    version: Text


class _Outside(Form):
    requirements: _Texts
    reason: Text


class _Cases(Form):
    file: Text
    sha256: Annotated[StrictStr, Field(pattern="^[0-9a-f]{64}$")]


class _Window(Form):
    from_: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None


class _Tool(Form):
    name: Text
    version: StrictStr = ""
    tested_from: Day | None = None
    tested_before: Day | None = None


class _Accepts(Form):
    kind: ImportKind
    requirements: _Texts
    issuers: tuple[Text, ...] = ()
    match: Annotated[tuple[_FieldName, ...], Field(min_length=1)] = MATCHED
    tools: tuple[_Tool, ...] = ()


class _Device(Form):
    manufacturer_id: Text
    model: Text


class _Tolerated(Form):
    issue: Text
    requirements: _Texts
    cases: tuple[Text, ...] = ()
    text: Text
    owner: Text
    review: Day
    device: _Device | None = None


class _Quorum(Form):
    requirements: _Texts
    laboratories: Annotated[int, Field(ge=2, strict=True)]


class _File(Form):
    name: Text
    date: Day
    draft: StrictBool
    emergency: StrictBool = False
    device: Text
    variant: Annotated[StrictStr, Field(pattern="^[A-Z]*$")] = ""
    installation: _Window = _Window()
    specifications: Annotated[tuple[_Specification, ...], Field(min_length=1)]
    plans: _Texts
    cases: _Cases | None = None
    mandatory: _Texts
    optional: tuple[Text, ...] = ()
    outside: tuple[_Outside, ...] = ()
    accepts: tuple[_Accepts, ...] = ()
    attestable: tuple[Text, ...] = ()
    tolerated: tuple[_Tolerated, ...] = ()
    quorum: tuple[_Quorum, ...] = ()


def _read(path: Path) -> _File:
    entry = read_form(path, _File)
    if entry.device.upper() not in DEVICE_TYPES:
        raise PlanError(f"{path}:{line_of(path, ('device',))}: device: expected one of "
                        f"{', '.join(DEVICE_TYPES).lower()}, found {entry.device!r}")
    return entry


_Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One written entry of one of the lists, and where it stands in the file."""

    list: str
    pattern: str
    reason: str
    location: _Location

    @property
    def exact(self) -> bool:
        return "*" not in self.pattern


class _Sorting:
    """Puts each requirement of the device in its list, and collects what is wrong."""

    def __init__(self, path: Path, entry: _File, catalogue: Mapping[str, Requirement]) -> None:
        self.path = path
        self.entry = entry
        self.catalogue = catalogue
        self.device = entry.device.upper()
        self.ids = sorted(
            id_ for id_, requirement in catalogue.items()
            if relevance(requirement, self.device, entry.variant) is Relevance.RELEVANT
        )
        self.mistakes: list[tuple[int, str]] = []

    def baseline(self) -> Baseline:
        entry, homes = self.entry, self._homes(tuple(self._rows()))
        accepts = tuple(self._accepted())
        attestable = self._resolved(("attestable",), entry.attestable)
        tolerated, quorum = tuple(self._tolerated()), tuple(self._quorums())
        otherwise = {*attestable, *(id_ for rule in accepts for id_ in rule.requirements)}
        self._check_testable(homes, otherwise)
        if not entry.draft and entry.cases is None:
            self._mistake(("draft",), "a baseline that is no draft freezes its cases: "
                          "`smip-bench baseline freeze` writes the list")
        if self.mistakes:
            raise PlanError("\n".join(f"{self.path}:{line}: {text}"
                                      for line, text in sorted(self.mistakes)))
        frozen = entry.cases
        return Baseline(
            name=entry.name, date=entry.date.isoformat(), draft=entry.draft,
            emergency=entry.emergency, device=self.device, variant=entry.variant,
            specifications=tuple((item.name, item.version) for item in entry.specifications),
            plans=tuple(entry.plans),
            mandatory=tuple(i for i in self.ids if homes[i].list == "mandatory"),
            optional=tuple(i for i in self.ids if homes[i].list == "optional"),
            outside=tuple((i, homes[i].reason) for i in self.ids if homes[i].list == "outside"),
            digest=_digest(entry),
            installed_from=_iso(entry.installation.from_),
            installed_until=_iso(entry.installation.until),
            cases=read_cases(self.path.parent / frozen.file, frozen.sha256) if frozen else {},
            accepts=accepts, attestable=attestable, tolerated=tolerated, quorum=quorum)

    def _rows(self) -> Iterator[_Row]:
        for name in ("mandatory", "optional"):
            for index, pattern in enumerate(getattr(self.entry, name)):
                yield _Row(name, pattern, "", (name, index))
        for number, group in enumerate(self.entry.outside):
            for index, pattern in enumerate(group.requirements):
                yield _Row("outside", pattern, group.reason,
                           ("outside", number, "requirements", index))

    def _homes(self, rows: Sequence[_Row]) -> dict[str, _Row]:
        claims: dict[str, list[_Row]] = {id_: [] for id_ in self.ids}
        for row in rows:
            for id_ in self._matched(row.pattern, row.list, row.location):
                claims[id_].append(row)
        homes: dict[str, _Row] = {}
        missing = []
        for id_, claimed in claims.items():
            strongest = [row for row in claimed if row.exact] or claimed
            if not strongest:
                missing.append(id_)
                continue
            homes[id_] = strongest[0]
            for rival in strongest[1:]:
                self._mistake(rival.location, f"{id_} is already {strongest[0].list} by line "
                              f"{line_of(self.path, strongest[0].location)} "
                              f"({strongest[0].pattern})")
        if missing:
            self.mistakes.append((1, f"in none of mandatory, optional and outside, of "
                                  f"{len(missing)}: {', '.join(missing)}"))
        return homes

    def _accepted(self) -> Iterator[ImportRule]:
        for number, rule in enumerate(self.entry.accepts):
            if rule.kind is ImportKind.MAKER:
                self._mistake(("accepts", number, "kind"),
                              "results of the maker's own system never count")
            yield ImportRule(
                rule.kind, self._resolved(("accepts", number, "requirements"), rule.requirements),
                tuple(rule.match), tuple(rule.issuers), tuple(
                    ToolRule(tool.name, tool.version, _iso(tool.tested_from),
                             _iso(tool.tested_before)) for tool in rule.tools))

    def _tolerated(self) -> Iterator[Tolerance]:
        seen: set[str] = set()
        for number, one in enumerate(self.entry.tolerated):
            if one.issue in seen:
                self._mistake(("tolerated", number, "issue"), f"{one.issue} is listed twice")
            seen.add(one.issue)
            yield Tolerance(
                one.issue, self._resolved(("tolerated", number, "requirements"), one.requirements),
                one.text, one.owner, one.review.isoformat(), tuple(one.cases),
                common=one.device is None,
                manufacturer_id=one.device.manufacturer_id if one.device else "",
                model=one.device.model if one.device else "")

    def _quorums(self) -> Iterator[Quorum]:
        for number, rule in enumerate(self.entry.quorum):
            yield Quorum(self._resolved(("quorum", number, "requirements"), rule.requirements),
                         rule.laboratories)

    def _resolved(self, at: _Location, patterns: Sequence[str]) -> tuple[str, ...]:
        found: set[str] = set()
        for index, pattern in enumerate(patterns):
            found.update(self._matched(pattern, str(at[0]), (*at, index)))
        return tuple(sorted(found))

    def _matched(self, pattern: str, list_: str, location: _Location) -> list[str]:
        if "*" not in pattern and pattern in self.ids:
            return [pattern]
        matched = [id_ for id_ in self.ids if fnmatchcase(id_, pattern)] if "*" in pattern else []
        if not matched:
            self._mistake(location, f"{list_}: {self._unknown(pattern)}")
        return matched

    def _unknown(self, pattern: str) -> str:
        if "*" in pattern:
            return f"{pattern} matches no requirement of an {self._whom()}"
        if pattern in self.catalogue:
            return f"{pattern} is not a requirement of an {self._whom()}"
        return f"{pattern} is not in the catalogue"

    def _whom(self) -> str:
        return f"{self.device} {self.entry.variant}".strip()

    def _check_testable(self, homes: Mapping[str, _Row], otherwise: Iterable[str]) -> None:
        shown = frozenset(otherwise)
        for id_, row in homes.items():
            reason = self.catalogue[id_].untestable
            if row.list == "mandatory" and reason and id_ not in shown:
                self._mistake(row.location, f"{id_} cannot be mandatory, no test on a device "
                              f"can show it, and nothing else is accepted for it: {reason}")

    def _mistake(self, location: _Location, text: str) -> None:
        self.mistakes.append((line_of(self.path, location), text))


def _iso(day: datetime.date | None) -> str:
    return day.isoformat() if day else ""


def _digest(entry: _File) -> str:
    said = entry.model_dump(mode="json", exclude_defaults=True)
    for name in ("mandatory", "optional", "attestable"):
        if name in said:
            said[name] = sorted(said[name])
    said["outside"] = sorted(
        [pattern, group.reason] for group in entry.outside for pattern in group.requirements)
    said["specifications"] = sorted([item.name, item.version] for item in entry.specifications)
    if entry.cases:
        said["cases"] = entry.cases.sha256
    return digest(said)
