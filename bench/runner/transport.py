"""Events on a pytest report: plain text survives every way from a worker to the controller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from bench.records.event import Event
from bench.records.serial import from_json, to_json


def attach(report: pytest.TestReport, events: Sequence[Event]) -> None:
    """Put ``events`` on ``report``."""
    report.smip_events = json.dumps(to_json(events))  # type: ignore[attr-defined]


def events_of(report: pytest.TestReport) -> Iterator[Event]:
    """Return the events that ``report`` carries, none for another item's."""
    if stored := getattr(report, "smip_events", ""):
        yield from (from_json(Event, event) for event in json.loads(stored))
