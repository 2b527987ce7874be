"""Reads the requirement files and checks them as one: ids, keys, enumerations and relations.

The files are parsed fast, without positions. Only when something is wrong is the file parsed once
more for the line to report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.catalogue.catalogue import Catalogue, fingerprint_of
from bench.catalogue.overlay import Confirmation, overlay_path, read_overlay
from bench.catalogue.positions import line_of, parse, wrong
from bench.errors import PlanError
from bench.records.requirement import Provenance, Requirement
from bench.resources import resolve

FOLDER = "testplans/requirements"

Domain = Literal["functional", "security", "communications", "interoperability"]
Strength = Literal["mandatory", "optional", "information"]
Status = Literal["", "agreed", "disputed", "text not held"]


Device = Annotated[
    str,
    Field(pattern=r"^(ESME(:[A-G])?|DLMS-METER|GSME|SAPC|CHF|GPF|IHD|PPMID|HCALCS|scheme)$"),
]
"""A device type, an ESME's part by its letter, or ``scheme`` for rules that bind no device."""


class _Shared(BaseModel):
    """What a row may leave to the defaults of its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    devices: tuple[Device, ...] | None = Field(default=None, min_length=1)
    domain: Domain | None = None
    strength: Strength | None = None
    introduced_in: str | None = None
    provenance: Provenance | None = None
    source: str | None = None
    status: Status | None = None


class _Row(_Shared):
    """One requirement as written."""

    id: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    text: str = Field(min_length=1)
    untestable: str = ""
    use_cases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


class _File(BaseModel):
    """One file of ``testplans/requirements``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    specification: str = Field(min_length=1)
    version: str = Field(min_length=1)
    defaults: _Shared = _Shared()
    requirements: tuple[_Row, ...] = Field(min_length=1)


_DEFAULTED = tuple(_Shared.model_fields)
_MAY_BE_EMPTY = {"status": ""}


def load_catalogue(root: Path | None = None, overlay: Path | None = None) -> Catalogue:
    """Return every requirement under ``root`` (default: the catalogue that ships with us).

    ``overlay`` is the operator's file of confirmations; by default ``smip-requirements.yaml`` of
    the current folder, where there is one. Raises :class:`PlanError`, ``file:line: ...``.
    """
    folder = resolve(FOLDER) if root is None else root
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise PlanError(f"{folder}: no requirement files (*.yaml) here")
    rows = _unique([entry for path in paths for entry in _read(path)])
    confirmations = overlay_path(overlay)
    if confirmations is None:
        return Catalogue(rows.values())
    return _confirmed(rows, read_overlay(confirmations), confirmations)


_Entry = tuple[Path, int, Requirement]


def _read(path: Path) -> Iterator[_Entry]:
    try:
        file = _File.model_validate(parse(path))
    except ValidationError as error:
        raise wrong(path, error) from None
    for index, row in enumerate(file.requirements):
        yield path, index, _requirement(path, index, file, row)


def _requirement(path: Path, index: int, file: _File, row: _Row) -> Requirement:
    shared = dict(_MAY_BE_EMPTY)
    for name in _DEFAULTED:
        value = getattr(row, name)
        value = getattr(file.defaults, name) if value is None else value
        if value is not None:
            shared[name] = value
        elif name not in _MAY_BE_EMPTY:
            raise PlanError(
                f"{path}:{line_of(path, ('requirements', index))}: {row.id} has no {name!r}, "
                "and the file has no default for it"
            )
    written = Requirement(
        id=row.id, specification=file.specification, version=file.version, clause=row.clause,
        text=row.text.strip(), untestable=row.untestable, use_cases=row.use_cases,
        related=row.related, **shared,  # type: ignore[arg-type]  # checked by _Row
    )
    return replace(written, fingerprint=fingerprint_of(written))


def _unique(entries: Sequence[_Entry]) -> dict[str, Requirement]:
    by_id: dict[str, _Entry] = {}
    by_key: dict[tuple[str, str, str], _Entry] = {}
    for path, index, row in entries:
        key = (row.specification, row.version, row.clause)
        for earlier, what in (
            (by_id.get(row.id), f"id {row.id!r}"),
            (by_key.get(key), f"key (specification, version, clause) {key!r}"),
        ):
            if earlier is not None:
                first = f"{earlier[0]}:{line_of(earlier[0], ('requirements', earlier[1]))}"
                raise PlanError(
                    f"{path}:{line_of(path, ('requirements', index))}: {what} stands already "
                    f"in {first}"
                )
        by_id[row.id] = by_key[key] = (path, index, row)
    for path, index, row in entries:
        for place, other in enumerate(row.related):
            if other not in by_id:
                where = line_of(path, ("requirements", index, "related", place))
                raise PlanError(f"{path}:{where}: {row.id} is related to {other!r}, "
                                "which is not in the catalogue")
    return {id_: entry[2] for id_, entry in by_id.items()}


def _confirmed(
    rows: dict[str, Requirement], confirmations: Sequence[Confirmation], path: Path
) -> Catalogue:
    """The last confirmation of a requirement decides, if it was made against today's wording."""
    lapsed: dict[str, str] = {}
    for place, entry in enumerate(confirmations):
        row = rows.get(entry.id)
        if row is None:
            raise PlanError(f"{path}:{line_of(path, (place,))}: confirms {entry.id!r}, "
                            "which is not in the catalogue")
        if entry.fingerprint == row.fingerprint:
            rows[entry.id] = replace(row, confirmed=entry.reference)
            lapsed.pop(entry.id, None)
        else:
            rows[entry.id] = replace(row, confirmed="")
            lapsed[entry.id] = (
                f"confirmed against fingerprint {entry.fingerprint} ({entry.reference}), but the "
                f"requirement has changed to {row.fingerprint}: confirm it again"
            )
    return Catalogue(rows.values(), lapsed)
