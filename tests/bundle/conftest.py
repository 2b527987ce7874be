"""A laboratory with a finished run and its bundle."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "ledger"))  # for recorded_runs

from bundled_runs import Laboratory, laboratory


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """The bundle of one run, not to be changed."""
    lab = laboratory(tmp_path_factory.mktemp("laboratory"))
    assert lab.create().sound
    return lab


@pytest.fixture
def lab(made: Laboratory, tmp_path: Path) -> Laboratory:
    """The same in a folder of one's own."""
    folder = tmp_path / "laboratory"
    shutil.copytree(made.folder, folder)
    return replace(made, folder=folder)
