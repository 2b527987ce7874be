"""A register in a file of its own, and grants to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.records.decision import Status
from bench.records.register import CertifiedBaseline, Grant
from bench.records.subject import Subject
from bench.register import Register

IMAGE = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"
DAY = "2026-03-02"


def make_grant(firmware: str = "00010000", **changes: object) -> Grant:
    """A full certificate of one electricity meter; ``changes`` go to the grant or its subject."""
    subject = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", firmware, IMAGE, "A")
    of_subject = {name: changes.pop(name) for name in list(changes)
                  if name in Subject.__dataclass_fields__}
    grant = Grant(
        subject=replace(subject, **of_subject),
        baseline=CertifiedBaseline("SMETS2 ESME", "2026-01-15", "b" * 64,
                                   (("SMETS2", "5"), ("GBCS", "4.0"))),
        decision=Status.COMPLIANT, scope="all mandatory requirements", ledger_hash="1e" * 32,
        laboratory="North Lab", certification_body="Certs plc", reason="decided on the report")
    return replace(grant, **changes)


@pytest.fixture
def grant() -> Callable[..., Grant]:
    return make_grant


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite"


@pytest.fixture
def register(place: Path) -> Iterator[Register]:
    with Register.create(place, keeper="Certs plc", at="2026-03-01") as made:
        yield made
