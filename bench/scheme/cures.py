"""Could a failure be cured by a new firmware, or is it bound to the hardware? (SEED/S-02, S-42)

``testplans/cures.yaml`` names the requirements whose failure may lie in what no download changes;
for all others firmware can be the cure. A report and the change-impact list say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bench.catalogue.form import Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.requirement import Requirement


@dataclass(frozen=True, slots=True)
class Cure:
    """What may have to change where a requirement fails; ``reason`` is "" for firmware."""

    hardware: bool
    reason: str

    def __str__(self) -> str:
        return f"may be bound to hardware: {self.reason}" if self.hardware else "firmware"


FIRMWARE = Cure(False, "")


class _Row(Form):
    requirements: tuple[Text, ...]
    reason: Text


class _File(Form):
    hardware: tuple[_Row, ...]


def load_cures(path: Path, catalogue: Mapping[str, Requirement]) -> Mapping[str, Cure]:
    """Return the cure of each requirement of the catalogue by its id.

    Raises :class:`~bench.errors.PlanError` with file and line; a pattern must match something.
    """
    file = read_form(path, _File)
    cures = dict.fromkeys(catalogue, FIRMWARE)
    for number, row in enumerate(file.hardware):
        for index, pattern in enumerate(row.requirements):
            matched = [id_ for id_ in catalogue if fnmatchcase(id_, pattern)]
            if not matched:
                line = line_of(path, ("hardware", number, "requirements", index))
                raise PlanError(f"{path}:{line}: {pattern} is not in the catalogue")
            cures |= dict.fromkeys(matched, Cure(True, row.reason))
    return cures
