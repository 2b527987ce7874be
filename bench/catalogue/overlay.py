"""The operator's overlay: who confirmed which requirement against the text of its clause.

A provisional requirement counts once an operator has compared our wording with the specification
and said so here. The file is a list, read from the top: a later entry for the same id decides.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from bench.catalogue.positions import parse, wrong
from bench.errors import PlanError
from bench.records.requirement import Requirement

OVERLAY_NAME = "smip-requirements.yaml"
"""The overlay that is read from the current folder when none is named."""


class Confirmation(BaseModel):
    """One entry: ``reference`` says where the clause text was read, e.g. document and page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    fingerprint: str = Field(pattern=r"^[0-9A-F]{8}$")
    confirmed_by: str = ""
    date: str = ""  # ISO 8601


_ENTRIES = TypeAdapter(tuple[Confirmation, ...])


def overlay_path(overlay: Path | None) -> Path | None:
    """Return the overlay to read: the one named, else the default one if it is there."""
    if overlay is not None:
        return overlay
    default = Path(OVERLAY_NAME)
    return default if default.is_file() else None


def read_overlay(path: Path) -> tuple[Confirmation, ...]:
    """Return the entries of ``path`` in file order; raises :class:`PlanError`."""
    values = parse(path)
    try:
        return _ENTRIES.validate_python([] if values is None else values)
    except ValidationError as error:
        raise wrong(path, error) from None


def confirm(
    path: Path, requirement: Requirement, reference: str, by: str = "", date: str = ""
) -> Confirmation:
    """Add a confirmation of ``requirement`` as it reads today to the overlay at ``path``.

    The file is replaced in one step; entries and comments that stand in it are kept. A second
    writer at the same time is refused, not merged. Raises :class:`PlanError`.
    """
    entry = Confirmation(
        id=requirement.id, reference=reference, fingerprint=requirement.fingerprint,
        confirmed_by=by, date=date,
    )
    coming = path.with_name(path.name + ".new")
    try:
        handle = coming.open("x", encoding="utf-8")
    except FileExistsError:
        raise PlanError(f"{path}: {coming.name} is in the way: another confirmation is being "
                        "written, or one was interrupted; delete it if so") from None
    except OSError as error:
        raise PlanError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with handle:
            entries = _standing(path)
            entries.append(entry.model_dump(exclude_defaults=True))
            writer = YAML()
            writer.width = 100
            writer.dump(entries, handle)
            handle.flush()
            os.fsync(handle.fileno())
        coming.replace(path)
    except BaseException as error:
        coming.unlink(missing_ok=True)  # only here: once replaced, the name is the next writer's
        if isinstance(error, OSError):
            raise PlanError(f"{path}: cannot be written: {error.strerror}") from None
        raise
    return entry


def _standing(path: Path) -> CommentedSeq:
    """The entries of ``path`` with their comments, checked; empty where there is no file."""
    if not path.exists():
        return CommentedSeq()
    read_overlay(path)
    loaded = YAML().load(path.read_text(encoding="utf-8"))
    return CommentedSeq() if loaded is None else loaded
