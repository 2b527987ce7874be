"""A test PKI made once, and meters that speak with its parties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from credential_parties import CredentialParties
from remote_parties import Correspondence

from devices import pki


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    pki.init(folder, seed="tests")
    return folder


@pytest.fixture
def correspond(keys_folder: Path) -> Callable[..., Correspondence]:
    """Return a maker of fresh meters; keyword arguments are settings and ``faults``."""
    return lambda **settings: Correspondence(keys_folder, **settings)


@pytest.fixture
def meter(correspond: Callable[..., Correspondence]) -> Correspondence:
    return correspond()


@pytest.fixture
def parties(keys_folder: Path) -> Callable[..., CredentialParties]:
    """Return a maker of fresh meters whose parties may change their keys."""
    return lambda **settings: CredentialParties(keys_folder, **settings)


@pytest.fixture
def holder(parties: Callable[..., CredentialParties]) -> CredentialParties:
    return parties()
