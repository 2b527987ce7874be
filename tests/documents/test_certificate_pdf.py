"""The certificate: what stands in it, and that no status can be taken for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from issued_documents import BODY, SUBJECT, certified, grant, pages, ruling

from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    CertifiedBaseline,
    Dispute,
    Grant,
    RectificationPlan,
    RunEvidence,
)
from bench.register import Register
from reports.documents.certificate import certificate_pdf

Change = Callable[[Register, str], object]


def make(folder: Path, granted: Grant, change: Change | None = None,
         at: str = "2026-03-05") -> list[str]:
    found, head = certified(folder / "register.sqlite", granted, change, at)
    pdf = certificate_pdf(found, ruling(granted), head, BODY)
    return [" ".join(page.split()) for page in pages(pdf, folder)]


def test_a_full_certificate_holds_all_that_it_rests_on(tmp_path: Path) -> None:
    granted = grant(expires="2028-03-01")
    found, head = certified(tmp_path / "other.sqlite", granted)
    front, rest = make(tmp_path, granted)
    for said in (
        "Certs plc", "UKAS 0042", "SMIP-000002", "✓ SMIP Compliant", "ESME, variant A",
        "Example Meters Ltd (1A2B)", "EM-100", "00010000", granted.subject.image_hash,
        "0000FF00, 0000FF01", "SMETS2 ESME (2026-01-15): SMETS2 5, GBCS 4.0", "b7" * 32,
        "all mandatory requirements", "hubs of CHTS 1.4 or later",
        "granted 2026-03-02, last day 2028-03-01", "Status on 2026-03-05 granted",
        "B. Decider", "certification manager", "Page 1 of 2",
    ):
        assert said in front, said
    for said in (
        "North Lab", "9 cases", "1e" * 32, "b2" * 32, "a1" * 32, "3 cases from SMIP-000001",
        "TI-7", "2026-09-01", "DLMS-1234", "mapped: only the display",
        "no auxiliary load switch", "the manual is in English", found.history[0].hash, head.first,
        "smip-bench verify FILE.pdf --trust BODY.pem", "smip-bench register verify",
        "smip-bench gate", "End of certificate SMIP-000002", "Page 2 of 2",
    ):
        assert said in rest, said


def test_a_certificate_of_several_runs_names_each(tmp_path: Path) -> None:
    granted = grant(further_runs=(RunEvidence("2e" * 32, "c2" * 32),))
    first = ruling(granted).runs[0]
    second = replace(first, laboratory="South Lab", ledger_hash="2e" * 32,
                     bundle_sha256="c2" * 32)
    found, head = certified(tmp_path / "register.sqlite", granted)
    text = " ".join(pages(certificate_pdf(found, ruling(granted, runs=(first, second)), head,
                                          BODY), tmp_path))
    for said in ("North Lab", "1e" * 32, "b2" * 32, "South Lab", "2e" * 32, "c2" * 32):
        assert said in text, said


STATES: dict[str, tuple[dict[str, object], Change | None, str]] = {
    "SMIP Compliant": ({}, None, "2026-03-05"),
    "Partial": ({"decision": Status.PARTIAL, "scope": "functional"}, None, "2026-03-05"),
    "SUSPENDED": ({}, lambda r, name: r.suspend(name, reason="in doubt", at="2026-03-03"),
                  "2026-03-05"),
    "WITHDRAWN": ({}, lambda r, name: r.withdraw(name, reason="in doubt", at="2026-03-03"),
                  "2026-03-05"),
    "SUPERSEDED": ({}, lambda r, name: r.grant(
        grant(subject=replace(SUBJECT, firmware_version="00010001")),
        at="2026-03-03", supersedes=name), "2026-03-05"),
    "EXPIRED": ({"expires": "2026-06-01"}, None, "2026-06-02"),
}


@pytest.mark.parametrize("state", STATES)
def test_each_status_says_what_it_is_in_words(state: str, tmp_path: Path) -> None:
    changes, change, at = STATES[state]
    front = make(tmp_path, grant(**changes), change, at)[0]
    in_force = state in ("SMIP Compliant", "Partial")
    assert ("not in force" in front) is not in_force
    assert (f"{state}: not in force" in front) is not in_force
    assert (f"✓ {state}" in front) is (state == "SMIP Compliant")
    assert ("not SMIP Compliant" in front) is (state == "Partial")
    assert ("Was granted as: SMIP Compliant" in front) is not in_force


def test_a_superseded_certificate_names_its_successor(tmp_path: Path) -> None:
    changes, change, at = STATES["SUPERSEDED"]
    found, _ = certified(tmp_path / "other.sqlite", grant(**changes), change, at)
    assert f"by {found.successor}" in make(tmp_path, grant(**changes), change, at)[0]


def test_a_partial_certificate_whose_plan_is_late_is_shown_as_suspended(tmp_path: Path) -> None:
    partial = grant(decision=Status.PARTIAL, scope="functional")
    front, rest = make(tmp_path, partial, at="2026-04-03")
    assert "SUSPENDED: not in force" in front
    assert "was due on 2026-04-02" in rest


def test_a_plan_and_a_dispute_are_shown(tmp_path: Path) -> None:
    def change(register: Register, name: str) -> None:
        register.plan(name, RectificationPlan("new firmware", "Example Meters Ltd", "2026-07-01"),
                      at="2026-03-03")
        register.dispute(name, Dispute("ESME-1", "Example Meters Ltd", "a rounding"),
                         at="2026-03-04")

    rest = make(tmp_path, grant(decision=Status.PARTIAL, scope="functional"), change)[1]
    assert "new firmware (Example Meters Ltd, by 2026-07-01)" in rest
    assert "over ESME-1 2026-03-04 open" in rest


def test_what_a_further_baseline_made_of_it_is_shown(tmp_path: Path) -> None:
    found, head = certified(tmp_path / "r.sqlite", grant(ruling_sha256="e5" * 32))
    later = Assessment(CertifiedBaseline("emergency", "2026-03-04", "f" * 64, ()), Status.NONE,
                       "keys", "0" * 64)
    pdf = certificate_pdf(replace(found, assessments=(later,)), ruling(grant()), head, BODY)
    rest = " ".join(pages(pdf, tmp_path)[1].split())
    assert "emergency (2026-03-04) none keys" in rest
    assert "e5" * 32 in rest


def test_a_demonstration_says_so_on_every_page(tmp_path: Path) -> None:
    found = make(tmp_path, grant(demonstration=True))
    assert all("DEMONSTRATION: emulated device, a certificate without worth" in page
               for page in found)
    assert "nothing is said of a real one" in found[0]


def test_the_same_entries_give_the_same_octets(tmp_path: Path) -> None:
    made = {certificate_pdf(found, ruling(grant()), head, BODY) for found, head in (
        certified(tmp_path / f"{number}.sqlite", grant()) for number in range(2))}
    assert len(made) == 1
