"""Which cases verify which requirement, and why none does. Pure: no files, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.catalogue.catalogue import concerns
from bench.records.plan import TestCase
from bench.records.requirement import Requirement

NO_CASE = "no case yet"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One requirement's line: the cases that verify it, or the ``reason`` why none does.

    ``suspect`` names those of ``cases`` whose link was made against another wording, or was never
    reviewed: they cannot count until someone looks.
    """

    id: str
    cases: tuple[str, ...]
    suspect: tuple[str, ...]
    reason: str  # "" where there are cases


def coverage(
    catalogue: Mapping[str, Requirement], cases: Iterable[TestCase], device: str = ""
) -> tuple[Coverage, ...]:
    """Return one line per requirement, in the catalogue's order.

    With ``device`` (``ESME``, ``ESME:AD``) requirements of other devices say so as their reason;
    cases that verify them all the same are still listed.
    """
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for case in cases:
        for link in case.verifies:
            links[link.requirement][case.id] = link.fingerprint
    return tuple(_line(row, links.get(row.id, {}), device) for row in catalogue.values())


def _line(row: Requirement, links: Mapping[str, str], device: str) -> Coverage:
    suspect = tuple(case for case, print_ in links.items() if print_ != row.fingerprint)
    return Coverage(row.id, tuple(links), suspect, "" if links else _reason(row, device))


def _reason(row: Requirement, device: str) -> str:
    if not row.untestable and device and not concerns(row, device):
        return f"other device: {', '.join(row.devices)}"
    return row.untestable or NO_CASE
