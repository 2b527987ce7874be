"""An emulated meter at the end of a line that tests hold in their hands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from emulated_line import Line

from bench.records.answers import Answers
from bench.steps.context import Context
from bench.steps.parties import RemoteParties
from devices import pki
from devices.pki import DEVICE, read_parties

START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    pki.init(folder, seed="exchange")
    return folder


@pytest.fixture
def line(keys: Path) -> Line:
    return Line(keys)


@pytest.fixture
def context(keys: Path, line: Line) -> Context:
    named = read_parties(keys)
    return Context(
        ports={"gbcs": line},
        answers=Answers(ixit={"response_timeout_s": 50, "alert_timeout_s": 20, "quiet_s": 3}),
        parties=RemoteParties.load(keys, named[DEVICE], named, lambda: START), clock=lambda: START)
