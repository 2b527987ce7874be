"""A small frozen plan and a run of it, stored in a ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_runs import clock, events, frozen_plan

from bench.ledger import Ledger
from bench.records.run import FrozenPlan


@pytest.fixture
def plan() -> FrozenPlan:
    return frozen_plan("ESME-1", "ESME-2")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that stores a complete run of two cases and gives its folder."""

    def make() -> Path:
        folder = tmp_path / "run"
        with Ledger.create(folder, frozen_plan("ESME-1", "ESME-2"), clock) as ledger:
            for event in (*events("ESME-1"), *events("ESME-2", "refused")):
                ledger.append(event)
            ledger.end(complete=True)
        return folder

    return make
