"""The catalogue as a frozen mapping from requirement id to :class:`Requirement`.

A fingerprint covers the fields that decide what a test must show (``COVERED``). What says how sure
we are, where the wording comes from, or how a report sorts it may change without making any test
case suspect.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from bench.errors import PlanError
from bench.records.requirement import Requirement
from bench.records.serial import digest

COVERED = (
    "id", "specification", "version", "clause", "text", "devices", "strength", "introduced_in",
    "untestable", "use_cases",
)
"""The fields of a requirement that its fingerprint covers; changing the list changes them all."""


class Catalogue(Mapping[str, Requirement]):
    """Requirements by id, in natural order (``R-CLK-2`` before ``R-CLK-10``); never changes.

    ``lapsed`` maps an id to the reason why a confirmation of it in the overlay no longer holds.
    """

    __slots__ = ("_rows", "lapsed")

    def __init__(
        self, requirements: Iterable[Requirement], lapsed: Mapping[str, str] | None = None
    ) -> None:
        ordered = sorted(requirements, key=lambda row: natural(row.id))
        self._rows: Mapping[str, Requirement] = MappingProxyType({row.id: row for row in ordered})
        self.lapsed: Mapping[str, str] = MappingProxyType(dict(lapsed or {}))

    def __getitem__(self, requirement: str) -> Requirement:
        return self._rows[requirement]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self)} requirements>"

    def fingerprint(self, requirement: str) -> str:
        """Return the 8 hexadecimal digits that a case stores in its link.

        Raises :class:`PlanError`, naming near ids, where there is no such requirement.
        """
        return self.require(requirement).fingerprint

    def require(self, requirement: str) -> Requirement:
        """Return the requirement, or raise :class:`PlanError` naming the nearest ids."""
        try:
            return self._rows[requirement]
        except KeyError:
            near = ", ".join(self.nearest(requirement))
            hint = f"; did you mean {near}?" if near else ""
            raise PlanError(f"no requirement {requirement!r}{hint}") from None

    def nearest(self, requirement: str) -> tuple[str, ...]:
        """Return up to three ids that look like ``requirement``, the nearest first."""
        upper = {id_.upper(): id_ for id_ in self._rows}
        found = difflib.get_close_matches(requirement.upper(), upper, n=3, cutoff=0.6)
        return tuple(upper[name] for name in found)


def fingerprint_of(requirement: Requirement) -> str:
    """Return 8 upper-case hexadecimal digits: SHA-256 over the fields that matter to a test."""
    covered = {name: getattr(requirement, name) for name in COVERED}
    return digest(covered)[:8].upper()


def concerns(requirement: Requirement, device: str) -> bool:
    """Say whether ``requirement`` is about ``device``.

    ``device`` is a type (``ESME``: whatever variant) or a type with its variant letters
    (``ESME:AD``: all that holds for every ESME, or for a part A or part D).
    """
    kind, _, letters = device.partition(":")
    for entry in requirement.devices:
        entry_kind, _, part = entry.partition(":")
        if entry_kind == kind and (not part or not letters or part in letters):
            return True
    return False


def natural(text: str) -> tuple[str | int, ...]:
    """Return a sort key in which runs of digits count as numbers."""
    return tuple(
        int(piece) if piece.isdigit() else piece for piece in re.split(r"([0-9]+)", text)
    )
