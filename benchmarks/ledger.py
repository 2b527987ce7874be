"""Storing and verifying evidence against the bare calls that it cannot do without."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bench.ledger import Ledger, verify_ledger
from bench.records.answers import Answers
from bench.records.event import Event
from bench.records.run import FrozenPlan
from benchmarks.made_up_run import made_up_run
from benchmarks.measure import Result, alternate, stopwatch

STORE = ("Ledger.append() of every event of a made-up run against json.dumps(), SHA-256 and "
         "os.write() of the same data, one line an event, unchained and unchecked; processor time, "
         "which leaves the sync to disk out on both sides; speed of ours divided by speed of the "
         "bare calls")
VERIFY = ("verify_ledger() of that ledger, whole chain, against SHA-256 of each of its lines; "
          "processor time; speed of ours divided by speed of the bare calls")


def run(quick: bool) -> Iterator[Result]:
    """Yield the ratios of storing and of verifying; neither has a target."""
    made = made_up_run(20 if quick else 1000)
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as folder:
        out = Path(folder)
        plan = FrozenPlan(made.outcome.subject, Answers(), "ci", True, ())
        numbers = count()
        rounds = alternate({
            "ours": stopwatch(lambda: _append(out / f"{next(numbers)}", plan, made.events)),
            "peer": stopwatch(lambda: _write(out / "bare", made.events)),
        }, 1 if quick else 9)
        each = 1e6 / len(made.events)
        yield Result("ledger: store", rounds.ratio("peer", "ours"), None, STORE,
                     f"{rounds.median('ours') * each:.1f} us an event, bare "
                     f"{rounds.median('peer') * each:.1f} us")
        stored = out / "0"
        rounds = alternate({
            "ours": stopwatch(lambda: _verify(stored)),
            "peer": stopwatch(lambda: _hash(stored)),
        }, 1 if quick else 15)
        yield Result("ledger: verify", rounds.ratio("peer", "ours"), None, VERIFY,
                     f"{rounds.median('ours') * each:.1f} us an event, bare "
                     f"{rounds.median('peer') * each:.1f} us")


def _append(folder: Path, plan: FrozenPlan, events: Sequence[Event]) -> None:
    with Ledger.create(folder, plan, lambda: datetime.now(UTC)) as ledger:
        for event in events:
            ledger.append(event)
        ledger.end(complete=True)


def _write(path: Path, events: Sequence[Event]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for event in events:
            line = json.dumps(event.data, default=dict, sort_keys=True,
                              separators=(",", ":")).encode()
            os.write(descriptor, line + hashlib.sha256(line).hexdigest().encode() + b"\n")
    finally:
        os.close(descriptor)


def _verify(folder: Path) -> None:
    if verify_ledger(folder):
        raise AssertionError("a sound ledger does not verify")


def _hash(folder: Path) -> None:
    with (folder / "ledger.jsonl").open("rb") as lines:
        for line in lines:
            hashlib.sha256(line).hexdigest()
