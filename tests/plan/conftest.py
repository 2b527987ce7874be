"""Loading a plan that a test writes, and the plans that ship with the bench."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from plan_examples import CATALOGUE, DEFECTS, VOCABULARY

from bench.catalogue import Catalogue, load_catalogue
from bench.errors import PlanError
from bench.plan import load_plans
from bench.records.plan import TestCase
from bench.resources import ROOT
from devices import defects

Load = Callable[..., tuple[TestCase, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write ``text`` as ``plan.yaml`` and load it; other files by keyword argument."""

    def write_and_load(text: str, **others: str) -> tuple[TestCase, ...]:
        (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
        for name, content in others.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".yaml").write_text(content, encoding="utf-8")
        return load_plans([tmp_path], CATALOGUE, DEFECTS, vocabulary=VOCABULARY)

    return write_and_load


@pytest.fixture
def mistakes(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """Return the mistakes that loading finds, without the folder that the test runs in."""

    def found(text: str, **others: str) -> list[str]:
        with pytest.raises(PlanError) as raised:
            load(text, **others)
        return str(raised.value).replace(f"{tmp_path}/", "").splitlines()

    return found


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Return the requirements that ship with the bench, without an overlay."""
    overlay = tmp_path_factory.mktemp("overlay") / "none.yaml"
    overlay.write_text("[]\n", encoding="utf-8")
    return load_catalogue(overlay=overlay)


@pytest.fixture(scope="session")
def cases(catalogue: Catalogue) -> tuple[TestCase, ...]:
    """Return every case that ships with the bench; read once, as it takes seconds."""
    return load_plans([ROOT / "testplans"], catalogue, defects.DEFECTS)
