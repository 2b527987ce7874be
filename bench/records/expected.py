"""Failures that a maker expects of a firmware under development, and what a run made of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExpectedFailure:
    """One case that is known to fail: why, whose it is, until when (ISO 8601 date) it may."""

    case: str
    reason: str
    owner: str
    review: str


@dataclass(frozen=True, slots=True)
class ExpectedFailures:
    """What became of the expected failures of one run, each list in the order of the file.

    ``failed`` failed as expected; ``cured`` passed, so the file is out of date; ``unseen`` gave
    neither FAIL nor PASS, so they say nothing either way.
    """

    failed: tuple[ExpectedFailure, ...] = ()
    cured: tuple[ExpectedFailure, ...] = ()
    unseen: tuple[ExpectedFailure, ...] = ()
