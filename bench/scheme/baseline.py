"""A baseline: a named, dated list of what a device must pass to be "SMIP Compliant".

The file is YAML; ``testplans/baselines/`` holds those that ship. Every requirement that the
catalogue holds for the device must stand in exactly one of ``mandatory``, ``optional`` and
``outside``, so that nothing is left out in silence. An entry is a requirement id or a pattern
with ``*``; an id written out wins over a pattern, so that one clause can be taken out of a family.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bench.catalogue import concerns
from bench.errors import PlanError
from bench.records.requirement import Requirement
from bench.records.serial import digest

DEVICE_TYPES = ("ESME", "GSME", "CHF", "GPF", "IHD", "PPMID", "HCALCS", "SAPC")


class Relevance(enum.Enum):
    """Whether a requirement is about a device type, and about one variant of it."""

    RELEVANT = "relevant"
    OTHER_VARIANT = "other variant"
    OTHER_DEVICE = "other device"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a certificate of this baseline stands for.

    ``device`` is one of :data:`DEVICE_TYPES`; ``variant`` holds the variant's letters, "" when
    the baseline serves every variant. ``mandatory``, ``optional`` and the ids of ``outside`` are
    sorted requirement ids, patterns resolved. ``digest`` is the SHA-256, in 64 hexadecimal
    digits, over what the file says, so that its comments, order and layout do not matter.
    """

    name: str
    date: str  # ISO 8601
    draft: bool
    device: str
    variant: str
    specifications: tuple[tuple[str, str], ...]  # name, version
    plans: tuple[str, ...]  # paths relative to testplans/
    mandatory: tuple[str, ...]
    optional: tuple[str, ...]
    outside: tuple[tuple[str, str], ...]  # requirement id, reason
    digest: str

    @property
    def title(self) -> str:
        """Name and date, as a certificate names its baseline."""
        return f"{self.name} ({self.date})"


def relevance(requirement: Requirement, device: str, variant: str) -> Relevance:
    """Say whether ``requirement`` concerns ``device``, and ``variant`` of it ("" for any).

    A requirement for ``ESME:D`` concerns every ESME whose variant code holds the letter D (the
    codes are sets of letters: D for auxiliary load control, E for boost, and so on).
    """
    if concerns(requirement, f"{device.upper()}:{variant.upper()}"):
        return Relevance.RELEVANT
    if concerns(requirement, device.upper()):
        return Relevance.OTHER_VARIANT
    return Relevance.OTHER_DEVICE


def load_baseline(path: Path, catalogue: Mapping[str, Requirement]) -> Baseline:
    """Read a baseline file and settle it against the catalogue.

    Raises :class:`~bench.errors.PlanError`, ``file:line: ...``, one line for each mistake: not
    YAML, an unknown or missing key, a wrong type, an id that the catalogue does not hold for the
    device, a pattern that matches nothing, a requirement in two lists, one in none, or a
    mandatory one that no test on a device can show.
    """
    tree = _read(path)
    entry = _validate(path, tree)
    return _Sorting(path, tree, entry, catalogue).baseline()


def file_digest(path: Path) -> str:
    """Return the digest of a baseline file without a catalogue to settle it against.

    Raises :class:`~bench.errors.PlanError` for what has not the form of a baseline.
    """
    return _digest(_validate(path, _read(path)))


_Text = Annotated[StrictStr, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Specification(_Entry):
    name: _Text
    version: _Text


class _Outside(_Entry):
    requirements: Annotated[list[_Text], Field(min_length=1)]
    reason: _Text


class _File(_Entry):
    name: _Text
    date: datetime.date
    draft: StrictBool
    device: _Text
    variant: Annotated[StrictStr, Field(pattern="^[A-Z]*$")] = ""
    specifications: Annotated[list[_Specification], Field(min_length=1)]
    plans: Annotated[list[_Text], Field(min_length=1)]
    mandatory: Annotated[list[_Text], Field(min_length=1)]
    optional: list[_Text] = []
    outside: list[_Outside] = []


def _read(path: Path) -> CommentedMap:
    try:
        tree = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{path}:1: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path}:1: is not UTF-8 text") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(f"{path}:{line}: {error.problem}") from error
    except YAMLError as error:
        raise PlanError(f"{path}:1: is not YAML") from error
    if not isinstance(tree, CommentedMap):
        raise PlanError(f"{path}:1: expected a mapping of name, date, draft, device ...")
    return tree


def _validate(path: Path, tree: CommentedMap) -> _File:
    try:
        entry = _File.model_validate(tree)
    except ValidationError as error:
        raise PlanError("\n".join(
            f"{path}:{_line(tree, problem['loc'])}: "
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )) from error
    if entry.device.upper() not in DEVICE_TYPES:
        raise PlanError(f"{path}:{_line(tree, ('device',))}: device: expected one of "
                        f"{', '.join(DEVICE_TYPES).lower()}, found {entry.device!r}")
    return entry


def _line(tree: Any, location: Iterable[int | str]) -> int:
    """Return the line, from 1, of the deepest part of ``location`` that the file holds."""
    node, line = tree, 1
    for part in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(part)[0] + 1
            else:
                break
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return line


@dataclass(frozen=True, slots=True)
class _Row:
    """One written entry of one of the three lists."""

    list: str
    pattern: str
    reason: str
    line: int

    @property
    def exact(self) -> bool:
        return "*" not in self.pattern


class _Sorting:
    """Puts each requirement of the device in its list, and collects what is wrong."""

    def __init__(
        self, path: Path, tree: CommentedMap, entry: _File, catalogue: Mapping[str, Requirement]
    ) -> None:
        self.path = path
        self.tree = tree
        self.entry = entry
        self.catalogue = catalogue
        self.device = entry.device.upper()
        self.ids = sorted(
            id_ for id_, requirement in catalogue.items()
            if relevance(requirement, self.device, entry.variant) is Relevance.RELEVANT
        )
        self.mistakes: list[tuple[int, str]] = []

    def baseline(self) -> Baseline:
        rows = tuple(self._rows())
        homes = self._homes(rows)
        self._check_testable(homes)
        if self.mistakes:
            raise PlanError("\n".join(f"{self.path}:{line}: {text}"
                                      for line, text in sorted(self.mistakes)))
        entry = self.entry
        return Baseline(
            name=entry.name,
            date=entry.date.isoformat(),
            draft=entry.draft,
            device=self.device,
            variant=entry.variant,
            specifications=tuple((item.name, item.version) for item in entry.specifications),
            plans=tuple(entry.plans),
            mandatory=tuple(i for i in self.ids if homes[i].list == "mandatory"),
            optional=tuple(i for i in self.ids if homes[i].list == "optional"),
            outside=tuple((i, homes[i].reason) for i in self.ids if homes[i].list == "outside"),
            digest=_digest(entry),
        )

    def _rows(self) -> Iterator[_Row]:
        for name in ("mandatory", "optional"):
            for index, pattern in enumerate(getattr(self.entry, name)):
                yield _Row(name, pattern, "", _line(self.tree, (name, index)))
        for number, group in enumerate(self.entry.outside):
            for index, pattern in enumerate(group.requirements):
                line = _line(self.tree, ("outside", number, "requirements", index))
                yield _Row("outside", pattern, group.reason, line)

    def _homes(self, rows: Sequence[_Row]) -> dict[str, _Row]:
        claims: dict[str, list[_Row]] = {id_: [] for id_ in self.ids}
        for row in rows:
            matched = [row.pattern] if row.exact else [
                id_ for id_ in self.ids if fnmatchcase(id_, row.pattern)]
            if not matched or matched[0] not in claims:
                self.mistakes.append((row.line, self._unknown(row)))
                continue
            for id_ in matched:
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
                self.mistakes.append((rival.line, f"{id_} is already {strongest[0].list} by line "
                                      f"{strongest[0].line} ({strongest[0].pattern})"))
        if missing:
            self.mistakes.append((1, f"in none of mandatory, optional and outside, of "
                                  f"{len(missing)}: {', '.join(missing)}"))
        return homes

    def _unknown(self, row: _Row) -> str:
        if not row.exact:
            return f"{row.list}: {row.pattern} matches no requirement of an {self._whom()}"
        if row.pattern in self.catalogue:
            return f"{row.list}: {row.pattern} is not a requirement of an {self._whom()}"
        return f"{row.list}: {row.pattern} is not in the catalogue"

    def _whom(self) -> str:
        return f"{self.device} {self.entry.variant}".strip()

    def _check_testable(self, homes: Mapping[str, _Row]) -> None:
        for id_, row in homes.items():
            reason = self.catalogue[id_].untestable
            if row.list == "mandatory" and reason:
                self.mistakes.append((row.line, f"{id_} cannot be mandatory, no test on a device "
                                      f"can show it: {reason}"))


def _digest(entry: _File) -> str:
    said = entry.model_dump(mode="json")
    for name in ("mandatory", "optional"):
        said[name] = sorted(said[name])
    said["outside"] = sorted(
        [pattern, group.reason] for group in entry.outside for pattern in group.requirements)
    said["specifications"] = sorted([item.name, item.version] for item in entry.specifications)
    return digest(said)
