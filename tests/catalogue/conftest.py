"""A small catalogue on disk, and the reference tables where they are at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import bench
from bench.catalogue import Catalogue, load_catalogue

REFERENCE = Path(bench.__file__).resolve().parent.parent.parent / "shared" / "reference"

SMALL = """\
specification: SPEC
version: "1"
defaults:
  devices: [ESME]
  domain: functional
  strength: mandatory
  introduced_in: SMETS2
  provenance: read
  source: somewhere
requirements:
  - id: SPEC/2
    clause: "2"
    text: Keep the time.
  - id: SPEC/10
    clause: "10"
    provenance: memory
    text: Keep the log.
    related: [SPEC/2]
"""


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The catalogue that ships with us, without any overlay of the folder tests run in."""
    nothing = tmp_path_factory.mktemp("overlay") / "none.yaml"
    nothing.write_text("[]\n")
    return load_catalogue(overlay=nothing)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue folder of one small file; the current folder holds no overlay."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "requirements"
    root.mkdir()
    (root / "spec.yaml").write_text(SMALL)
    return root


@pytest.fixture
def reference() -> Callable[[str], str]:
    """Read one of the reference tables, or skip."""

    def read(name: str) -> str:
        path = REFERENCE / name
        if not path.is_file():
            pytest.skip(f"the reference data is not at hand: no {name}")
        return path.read_text(encoding="utf-8")

    return read
