"""The order in which cases run: within a group the sanity case first and last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.records.plan import TestCase

LAST = "-LAST"


def in_order(cases: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """Return ``cases`` group by group; a group's sanity case opens it and, as ``<id>-LAST``,
    closes it, so that a device that died half-way does not look well."""
    groups: dict[str, list[TestCase]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return tuple(case for group in groups.values() for case in _group(group))


def _group(cases: Sequence[TestCase]) -> list[TestCase]:
    sanity = [case for case in cases if case.sanity]
    others = [case for case in cases if not case.sanity]
    if not others:
        return sanity
    return sanity + others + [replace(case, id=case.id + LAST) for case in sanity]
