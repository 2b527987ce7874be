"""Fixtures for the whole repository."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the checkout; a user's clone has none."""
    if not (SHARED / "reference").is_dir():
        pytest.skip(f"the reference data is not held here ({SHARED})")
    return SHARED
