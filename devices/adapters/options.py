"""The check of an option's value that several adapters share."""

from __future__ import annotations

from bench.errors import RigError


def positive(option: str, value: object) -> float:
    """Return ``value`` as a number above 0, else raise :class:`RigError` that names ``option``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise RigError(f"{option}: expected a number above 0, found {value!r}")
    return value
