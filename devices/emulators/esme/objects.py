"""The objects of the meter: ``objects.tsv``, whose head names the columns and the sources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from devices.emulators.cosem.store import Element, read_elements


@cache
def elements() -> Mapping[str, Element]:
    """Return the table, by key."""
    return read_elements(Path(__file__).with_name("objects.tsv"))
