"""Which firmware passes the gate, by a real register on a given day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.records.decision import Status
from bench.records.register import CertifiedBaseline, Dispute, Grant, ToleratedIssue
from bench.records.subject import Subject
from bench.register import Register
from bench.scheme.gate import GateAnswer, admit_firmware

SUBJECT = Subject("ESME", "Maker", "1001", "Model", "1", "00010000", "A1" * 32, "A")
GRANT = Grant(
    SUBJECT, CertifiedBaseline("Baseline", "2026-01-01", "0" * 64, (("SMETS2", "5.1"),)),
    Status.COMPLIANT, "all 7 mandatory requirements", "1" * 64, "The Laboratory", "The Body",
    "all passed", conditions=("indoors only",), upgradable_from=("00000009",))
DAY = "2026-03-01"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with Register.create(tmp_path / "register.db", keeper="The Body", at="2026-01-01") as made:
        yield made


def ask(register: Register, subject: Subject = SUBJECT, at: str = DAY, *,
        accept_partial: bool = False) -> GateAnswer:
    return admit_firmware(subject, register.certificates(at=at), at=at,
                          accept_partial=accept_partial)


def test_a_certificate_in_force_passes_and_its_conditions_are_told(register: Register) -> None:
    name = register.grant(GRANT, at="2026-02-01").id
    register.tolerate(ToleratedIssue("I-1", "SMETS2/5.7.5.17", "slow", "Maker", "2026-09-01"),
                      at="2026-02-02", certificate=name)
    register.dispute(name, Dispute("ESME-A-001", "A supplier", "not so"), at="2026-02-03")
    found = ask(register)
    assert (found.passes, found.certificate, found.status) == (True, name, "granted")
    assert found.remedy == ""
    assert found.notes[0] == "condition: indoors only"
    assert any(note.startswith("tolerated issue I-1: slow") for note in found.notes)
    assert any("is open over case ESME-A-001" in note for note in found.notes)
    assert "upgradable from: 00000009" in found.notes


def test_no_certificate_passes_nothing_before_its_day(register: Register) -> None:
    register.grant(GRANT, at="2026-02-01")
    assert not ask(register, at="2026-01-31").passes


@pytest.mark.parametrize(("field", "value"), [
    ("firmware_version", "00010001"), ("image_hash", "B2" * 32), ("hardware_version", "2"),
    ("variant", "B"), ("model", "Other"), ("manufacturer_id", "1002"),
    ("manufacturer", "Other"), ("device_type", "GSME"),
])
def test_any_other_field_is_another_subject(register: Register, field: str, value: str) -> None:
    name = register.grant(GRANT, at="2026-02-01").id
    found = ask(register, replace(SUBJECT, **{field: value}))
    assert not found.passes
    assert found.reason.startswith("no certificate for firmware")
    assert "certify this exact firmware" in found.remedy
    same_model = field not in ("model", "manufacturer_id")
    told = f"{name} (granted) is for {field} {getattr(SUBJECT, field)}"
    assert found.near == ((told,) if same_model else ())


def test_a_change_of_status_closes_the_gate_and_says_why(register: Register) -> None:
    name = register.grant(replace(GRANT, expires="2026-12-31"), at="2026-02-01").id
    assert ask(register).passes
    register.suspend(name, reason="clock drifts", at="2026-03-01")
    found = ask(register)
    assert not found.passes
    assert "suspended since 2026-03-01: clock drifts" in found.reason
    assert "reinstate" in found.remedy
    register.reinstate(name, reason="explained", at="2026-03-02")
    assert ask(register, at="2026-03-02").passes
    assert ask(register, at="2026-12-31").passes
    expired = ask(register, at="2027-01-01")
    assert not expired.passes
    assert "is expired since" in expired.reason
    assert "its validity ended on 2026-12-31" in expired.reason
    register.withdraw(name, reason="key lost", at="2026-03-03")
    found = ask(register, at="2026-03-03")
    assert not found.passes
    assert "withdrawn since 2026-03-03: key lost" in found.reason
    assert "no way back" in found.remedy


def test_a_superseded_certificate_names_its_successor(register: Register) -> None:
    old = register.grant(GRANT, at="2026-02-01").id
    newer = replace(SUBJECT, firmware_version="00010001", image_hash="B2" * 32)
    new = register.grant(replace(GRANT, subject=newer), at="2026-02-02", supersedes=old).id
    found = ask(register)
    assert not found.passes
    assert f"is superseded since 2026-02-02, by {new}" in found.reason
    assert ask(register, newer).passes


def test_a_partial_certificate_passes_only_where_that_is_accepted(register: Register) -> None:
    partial = replace(GRANT, decision=Status.PARTIAL, scope="credit only")
    register.grant(partial, at="2026-02-15")
    found = ask(register)
    assert (found.passes, found.decision) == (False, "partial")
    assert "partial: credit only" in found.reason
    assert "--accept-partial" in found.remedy
    assert ask(register, accept_partial=True).passes
    late = ask(register, at="2026-04-01", accept_partial=True)
    assert not late.passes
    assert "suspended" in late.reason
    assert late.remedy == "have the rectification plan entered in the register"


def test_of_several_certificates_the_one_in_force_counts(register: Register) -> None:
    old = register.grant(GRANT, at="2026-02-01").id
    register.withdraw(old, reason="evidence incomplete", at="2026-02-02")
    assert not ask(register).passes
    new = register.grant(GRANT, at="2026-02-03").id
    assert ask(register).certificate == new
    register.withdraw(new, reason="again", at="2026-02-04")
    assert ask(register).certificate == new
