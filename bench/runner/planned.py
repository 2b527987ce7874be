"""The plan files of one pytest session, each read once and shared by its items and its record."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.catalogue import load_catalogue
from bench.plan import PlanReader
from bench.records.disclosure import Disclosure

READER = pytest.StashKey[PlanReader]()
DISCLOSED = pytest.StashKey[Disclosure]()
"""What the device of the run says that it has; set before the plans are read."""


def reader(config: pytest.Config) -> PlanReader:
    """Return the session's reader; in a worker it leaves the requirements to the controller."""
    if READER not in config.stash:
        catalogue = None if hasattr(config, "workerinput") else load_catalogue()
        config.stash[READER] = PlanReader(
            catalogue, disclosed=config.stash.get(DISCLOSED, None))
    return config.stash[READER]


def named_files(config: pytest.Config) -> list[Path]:
    """Return the files and folders that the command line names."""
    return [Path(argument.partition("::")[0]) for argument in config.args]


def as_named(config: pytest.Config, path: Path) -> Path:
    """Return ``path`` as the command line spells it: the ledger tells a case's source so."""
    for named in named_files(config):
        whole = config.invocation_params.dir / named
        if path.is_relative_to(whole):
            return named / path.relative_to(whole)
    return path
