"""What a later baseline changes for a device that was judged against an earlier one (SEED/S-01).

A device is judged against the baseline in force when it is installed. The change-impact list says,
requirement by requirement, what a later one asks beyond that, which cases ask something else, what
the device is already known to fail, and whether firmware could cure it or the hardware is bound.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.records.assurance import Ruling
from bench.scheme.baseline import Baseline
from bench.scheme.cures import FIRMWARE, Cure


class Effect(enum.StrEnum):
    """What a later baseline does to one requirement."""

    ADDED = "added"  # mandatory now, not demanded before
    RAISED = "raised"  # optional before, mandatory now
    OTHER_CASES = "other cases"  # mandatory in both; what verifies it changed
    LOWERED = "lowered"  # mandatory before, optional now
    DROPPED = "dropped"  # mandatory before, not demanded now


@dataclass(frozen=True, slots=True)
class Impact:
    """One requirement: what changes, what the device is known for, and what a failure would take.

    ``cases`` are the cases of the later baseline that are new or ask something else; ``known`` is
    the requirement's standing in the ruling, "" without one.
    """

    requirement: str
    effect: Effect
    cases: tuple[str, ...]
    known: str
    cure: Cure


def impact(
    old: Baseline, new: Baseline, *, verifying: Mapping[str, tuple[str, ...]],
    cures: Mapping[str, Cure], ruling: Ruling | None = None,
) -> tuple[Impact, ...]:
    """Return the change-impact list from ``old`` to ``new``, sorted by requirement id.

    ``verifying`` gives the ids of the requirements that each case of the new plan verifies.
    """
    changed = {case for case, print_ in new.cases.items() if old.cases.get(case) != print_}
    cases: dict[str, list[str]] = {}
    for case in sorted(changed):
        for id_ in verifying.get(case, ()):
            cases.setdefault(id_, []).append(case)
    known = {line.id: line.standing.value for line in ruling.requirements} if ruling else {}
    return tuple(
        Impact(id_, effect, tuple(cases.get(id_, ())), known.get(id_, ""),
               cures.get(id_, FIRMWARE))
        for id_, effect in _effects(old, new, frozenset(cases)))


def _effects(
    old: Baseline, new: Baseline, touched: frozenset[str]
) -> Iterator[tuple[str, Effect]]:
    before, after = frozenset(old.mandatory), frozenset(new.mandatory)
    for id_ in sorted(before | after):
        if id_ in before and id_ in after:
            if id_ in touched:
                yield id_, Effect.OTHER_CASES
        elif id_ in after:
            yield id_, Effect.RAISED if id_ in old.optional else Effect.ADDED
        else:
            yield id_, Effect.LOWERED if id_ in new.optional else Effect.DROPPED


def specification_changes(old: Baseline, new: Baseline) -> Iterator[str]:
    """Yield a line for each specification whose version differs."""
    before, after = dict(old.specifications), dict(new.specifications)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{name}: {before.get(name, 'none')} -> {after.get(name, 'none')}"

