"""What the register takes and what it refuses, with the words of the refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import RegisterError
from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    CertificateStatus,
    Dispute,
    DisputeOutcome,
    EntryKind,
    Grant,
    PlanReview,
    RectificationPlan,
    RunEvidence,
    ToleratedIssue,
)
from bench.records.serial import canonical
from bench.records.subject import Subject
from bench.register import Register
from bench.register.standing import MOVES, months_after
from bench.register.touched import touched

Grants = Callable[..., Grant]
S = CertificateStatus
PLAN = RectificationPlan("cure the calendar", "Example Meters Ltd", "2026-09-01")


def test_a_grant_is_in_force_and_found_by_its_exact_subject(
    register: Register, grant: Grants
) -> None:
    made = register.grant(grant(), at="2026-03-02")
    assert (made.id, made.status, made.in_force) == ("SMIP-000002", S.GRANTED, True)
    assert register.of_subject(grant().subject, at="2026-03-02") == (made,)
    for other in ({"firmware": "00010001"}, {"image_hash": "A" * 64}, {"variant": "B"},
                  {"hardware_version": "03"}, {"model": "EM-101"}, {"manufacturer_id": "1A2C"},
                  {"manufacturer": "Example"}, {"device_type": "GSME", "variant": ""}):
        assert register.of_subject(grant(**other).subject, at="2026-03-02") == ()


def test_a_second_grant_for_one_subject_is_refused_and_the_first_is_named(
    register: Register, grant: Grants
) -> None:
    register.grant(grant(), at="2026-03-02")
    with pytest.raises(RegisterError, match="SMIP-000002 of 2026-03-02 is in force"):
        register.grant(grant(), at="2026-03-03")
    register.suspend("SMIP-000002", reason="in doubt", at="2026-03-03")
    with pytest.raises(RegisterError, match=r"in force for this subject \(suspended\)"):
        register.grant(grant(), at="2026-03-03")
    register.withdraw("SMIP-000002", reason="wrong", at="2026-03-03")
    again = register.grant(grant(), at="2026-03-03")
    assert [one.status for one in register.of_subject(grant().subject, at="2026-03-03")] \
        == [S.GRANTED, S.WITHDRAWN]
    assert again.in_force


@pytest.mark.parametrize(("changes", "said"), [
    ({"certification_body": "north  LAB"}, "is the laboratory too"),
    ({"decision": Status.NONE}, "none is no ground"),
    ({"scope": ""}, "scope"),
    ({"reason": ""}, "reason: expected 1 to"),
    ({"laboratory": "Lab\x07"}, "laboratory: expected characters that can be seen"),
    ({"conditions": ("a\ud800",)}, "conditions: expected characters that can be seen"),
    ({"ledger_hash": "AB"}, "ledger_hash: expected 64"),
    ({"bundle_sha256": "zz"}, "bundle_sha256: expected 64"),
    ({"further_runs": (RunEvidence("AB"),)}, "run 2: ledger_hash: expected 64"),
    ({"further_runs": (RunEvidence("2f" * 32, "zz"),)}, "run 2: bundle_sha256: expected 64"),
    ({"further_runs": (RunEvidence("1e" * 32),)}, "the same run is named twice"),
    ({"expires": "2026-03-02"}, "expires: 2026-03-02 is not after"),
    ({"expires": "2026-3-9"}, "expires: expected a date"),
    ({"expires": "2027-02-29"}, "expires: expected a date"),
    ({"upgradable_from": ("1.0.0.0",)}, "upgradable_from: .*is 01000000 meant"),
    ({"upgradable_from": ("00010000",)}, "is the certified version itself"),
    ({"firmware": "0001000a"}, "firmware_version: .*is 0001000A meant"),
    ({"firmware": "0001000A", "coding": "BCD"}, "firmware_version: expected BCD"),
    ({"coding": "octal"}, "coding: expected"),
    ({"demonstration": True}, "a demonstration is no certificate"),
])
def test_a_wrong_grant_is_refused_with_its_reason(
    register: Register, grant: Grants, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(RegisterError, match=said):
        register.grant(grant(**changes), at="2026-03-02")
    assert register.head().sequence == 1
    assert not register.verify()


def test_a_baseline_from_after_the_certificate_is_refused(
    register: Register, grant: Grants
) -> None:
    late = replace(grant(), baseline=replace(grant().baseline, date="2026-03-03"))
    with pytest.raises(RegisterError, match="the baseline is of 2026-03-03"):
        register.grant(late, at="2026-03-02")


def test_one_model_keeps_one_coding_of_its_firmware_versions(
    register: Register, grant: Grants
) -> None:
    register.grant(grant("00000009", coding="BCD"), at="2026-03-02")
    with pytest.raises(RegisterError, match="in BCD coding, not hexadecimal"):
        register.grant(grant("0000000A"), at="2026-03-02")
    register.grant(grant("0000000A", model="EM-200"), at="2026-03-02")


REACH = {  # the entries that bring a fresh certificate into each status
    S.GRANTED: (), S.SUSPENDED: ("suspend",), S.WITHDRAWN: ("withdraw",),
    S.SUPERSEDED: ("supersede",), S.EXPIRED: ("expire",),
}
ACTIONS = {"suspend": EntryKind.SUSPENDED, "reinstate": EntryKind.REINSTATED,
           "withdraw": EntryKind.WITHDRAWN, "supersede": EntryKind.SUPERSEDED}


def act(register: Register, action: str, day: str) -> None:
    if action == "expire":
        register.expire(at=day)
    elif action == "supersede":
        register.supersede("SMIP-000002", by="SMIP-000003", reason="newer", at=day)
    else:
        getattr(register, action)("SMIP-000002", reason="because", at=day)


@pytest.mark.parametrize("before", list(S))
@pytest.mark.parametrize("action", ACTIONS)
def test_each_change_needs_a_certificate_in_a_fitting_status(
    register: Register, grant: Grants, before: S, action: str
) -> None:
    register.grant(grant(expires="2026-04-01"), at="2026-03-02")
    register.grant(grant("00010001"), at="2026-03-02")
    day = "2026-04-02" if before is S.EXPIRED else "2026-03-03"
    for step in REACH[before]:
        act(register, step, day)
    assert register.certificate("SMIP-000002", at=day).entered is before
    move = MOVES[ACTIONS[action]]
    if before in move.before:
        act(register, action, day)
        assert register.certificate("SMIP-000002", at=day).entered is move.after
    else:
        with pytest.raises(RegisterError, match=f"SMIP-000002 is {before}"):
            act(register, action, day)
    assert not register.verify()


def test_a_change_needs_a_certificate_and_a_reason(register: Register, grant: Grants) -> None:
    with pytest.raises(RegisterError, match="there is no certificate 'SMIP-000009'"):
        register.suspend("SMIP-000009", reason="x", at="2026-03-02")
    with pytest.raises(RegisterError, match="there is no certificate ''"):
        register.withdraw("", reason="x", at="2026-03-02")
    register.grant(grant(), at="2026-03-02")
    with pytest.raises(RegisterError, match="reason: expected 1 to"):
        register.suspend("SMIP-000002", reason="", at="2026-03-02")


def test_dates_do_not_go_back_and_are_dates(register: Register, grant: Grants) -> None:
    register.grant(grant(), at="2026-03-05")
    with pytest.raises(RegisterError, match="dates in a register do not go back"):
        register.suspend("SMIP-000002", reason="x", at="2026-03-04")
    with pytest.raises(RegisterError, match="expected a date YYYY-MM-DD, found '20260306'"):
        register.suspend("SMIP-000002", reason="x", at="20260306")


def test_a_question_needs_a_date_too(register: Register, grant: Grants) -> None:
    register.grant(grant(), at="2026-03-02")
    for ask in (lambda at: register.certificate("SMIP-000002", at=at),
                lambda at: register.of_subject(grant().subject, at=at),
                lambda at: register.certificates(at=at), lambda at: register.published(at=at)):
        with pytest.raises(RegisterError, match="expected a date YYYY-MM-DD, found 'today'"):
            ask("today")


def test_a_new_certificate_supersedes_in_the_same_step(
    register: Register, grant: Grants
) -> None:
    old = register.grant(grant(decision=Status.PARTIAL), at="2026-03-02")
    new = register.grant(grant(), at="2026-03-09", supersedes=old.id)
    was = register.certificate(old.id, at="2026-03-09")
    assert (was.status, was.successor) == (S.SUPERSEDED, new.id)
    assert register.certificate(old.id, at="2026-03-08").in_force
    with pytest.raises(RegisterError, match="another model: 'EM-9'"):
        register.grant(grant("00020000", model="EM-9"), at="2026-03-10", supersedes=new.id)
    assert register.certificate(new.id, at="2026-03-10").in_force
    assert not register.verify()


def test_nothing_supersedes_but_a_certificate_in_force(
    register: Register, grant: Grants
) -> None:
    register.grant(grant(), at="2026-03-02")
    # the number that the next but one entry would have is no certificate yet
    for by in ("SMIP-000002", "SMIP-000004", "SMIP-000099"):
        with pytest.raises(RegisterError, match=r"there is no certificate|it is the same"):
            register.supersede("SMIP-000002", by=by, reason="x", at="2026-03-02")


def test_validity_ends_by_the_date_and_is_entered_by_expire(
    register: Register, grant: Grants
) -> None:
    register.grant(grant(expires="2026-04-01"), at="2026-03-02")
    assert register.certificate("SMIP-000002", at="2026-04-01").in_force
    ended = register.certificate("SMIP-000002", at="2026-04-02")
    assert (ended.status, ended.entered, ended.since) == (S.EXPIRED, S.GRANTED, "2026-04-02")
    assert register.expire(at="2026-04-01") == ()
    with pytest.raises(RegisterError, match="is expired: its validity ended on 2026-04-01"):
        register.suspend("SMIP-000002", reason="x", at="2026-04-02")
    register.grant(grant(), at="2026-04-02")
    assert [one.id for one in register.expire(at="2026-04-03")] == ["SMIP-000002"]
    assert register.certificate("SMIP-000002", at="2026-04-03").entered is S.EXPIRED
    assert register.expire(at="2026-04-03") == ()
    assert not register.verify()


def test_a_partial_certificate_without_plan_or_review_in_time_is_shown_suspended(
    register: Register, grant: Grants
) -> None:
    name = register.grant(grant(decision=Status.PARTIAL), at="2026-03-02").id
    shown = {day: register.certificate(name, at=day).status
             for day in ("2026-04-02", "2026-04-03")}
    assert list(shown.values()) == [S.GRANTED, S.SUSPENDED]
    late = register.certificate(name, at="2026-04-03")
    assert (late.overdue, late.since) == (True, "2026-04-03")
    assert "the rectification plan was due on 2026-04-02" in late.reason
    with pytest.raises(RegisterError, match="no rectification plan to review"):
        register.review(name, PlanReview("well", "Certs plc"), at="2026-04-05")
    assert register.plan(name, PLAN, at="2026-04-05").in_force
    with pytest.raises(RegisterError, match="has a rectification plan; enter a review"):
        register.plan(name, PLAN, at="2026-04-05")
    assert register.certificate(name, at="2026-10-05").in_force
    assert register.certificate(name, at="2026-10-06").due_for == "review of the rectification plan"
    assert not register.certificate(name, at="2026-10-06").in_force
    assert register.review(name, PlanReview("on its way", "Certs plc"), at="2026-10-07").in_force
    assert register.certificate(name, at="2027-04-07").in_force
    assert not register.certificate(name, at="2027-04-08").in_force


def test_a_full_certificate_owes_no_plan(register: Register, grant: Grants) -> None:
    register.grant(grant(), at="2026-03-02")
    with pytest.raises(RegisterError, match="is not partial"):
        register.plan("SMIP-000002", PLAN, at="2026-03-02")
    assert register.certificate("SMIP-000002", at="2036-03-02").in_force


@pytest.mark.parametrize(("day", "months", "after"), [
    ("2026-01-31", 1, "2026-02-28"), ("2028-01-31", 1, "2028-02-29"),
    ("2026-12-15", 1, "2027-01-15"), ("2026-08-31", 6, "2027-02-28"),
    ("2026-06-30", 6, "2026-12-30"),
])
def test_a_month_ends_on_the_same_day_or_the_last_one(day: str, months: int, after: str) -> None:
    assert months_after(day, months) == after


def test_issues_are_tolerated_for_one_or_all_until_closed(
    register: Register, grant: Grants
) -> None:
    issue = ToleratedIssue("EM-17", "SMETS2/5.7.4.24", "late", "Example Meters Ltd", "2026-06-01")
    name = register.grant(grant(), at="2026-03-02").id
    register.tolerate(issue, at="2026-03-02", certificate=name)
    register.tolerate(issue, at="2026-03-02")
    with pytest.raises(RegisterError, match="EM-17 is tolerated already for SMIP-000002"):
        register.tolerate(issue, at="2026-03-02", certificate=name)
    with pytest.raises(RegisterError, match="review: 2026-03-02 is not after"):
        register.tolerate(replace(issue, issue="N", review="2026-03-02"), at="2026-03-02")
    with pytest.raises(RegisterError, match="no issue EM-18 is tolerated for all"):
        register.close_issue("EM-18", reason="x", at="2026-03-02")
    assert register.certificate(name, at="2026-03-02").issues == (issue,)
    assert register.published(at="2026-03-02").issues == (issue,)
    register.close_issue("EM-17", reason="cured", at="2026-03-03", certificate=name)
    assert register.certificate(name, at="2026-03-03").issues == ()
    assert register.certificate(name, at="2026-03-02").issues == (issue,)
    assert register.published(at="2026-03-03").issues == (issue,)


def test_a_dispute_is_opened_once_resolved_once_and_marks_what_it_touches(
    register: Register, grant: Grants
) -> None:
    for firmware in ("00010000", "00010001"):
        register.grant(grant(firmware), at="2026-03-02")
    dispute = Dispute("ESME-CLO-01", "Example Meters Ltd", "the hub was late")
    number = register.dispute("SMIP-000002", dispute, at="2026-03-03")
    with pytest.raises(RegisterError, match=f"dispute {number} over case ESME-CLO-01"):
        register.dispute("SMIP-000002", dispute, at="2026-03-03")
    erratum = {"outcome": DisputeOutcome.PLAN_ERRATUM, "reason": "10 s", "at": "2026-03-04"}
    with pytest.raises(RegisterError, match="there is no certificate 'SMIP-000077'"):
        register.resolve(number, touches=("SMIP-000077",), **erratum)
    found = register.resolve(number, touches=("SMIP-000003", "SMIP-000002"), **erratum)
    assert (found.certificate, found.resolved) == ("SMIP-000002", "2026-03-04")
    assert found.resolution.outcome is DisputeOutcome.PLAN_ERRATUM
    assert register.certificate("SMIP-000002", at="2026-03-04").disputes == (found,)
    marked = register.certificate("SMIP-000003", at="2026-03-04").history[-1]
    assert marked.kind is EntryKind.MARKED
    assert "plan erratum in the dispute over SMIP-000002" in marked.content.reason
    with pytest.raises(RegisterError, match="no open dispute"):
        register.resolve(number, **erratum)
    with pytest.raises(RegisterError, match="there is no dispute 2"):
        register.resolve(2, **erratum)
    assert not register.verify()


def test_a_register_is_made_once_and_never_by_looking_for_it(
    register: Register, place: Path, tmp_path: Path, grant: Grants
) -> None:
    with pytest.raises(RegisterError, match="there is a register already"):
        Register.create(place, keeper="Other", at="2026-03-01")
    assert register.head().keeper == "Certs plc"
    with pytest.raises(RegisterError, match="there is no register"):
        Register(tmp_path / "absent.sqlite")
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 40)
    with pytest.raises(RegisterError, match="file is not a database"):
        Register(tmp_path / "text")
    with pytest.raises(RegisterError, match="SQLite or PostgreSQL, not in mysql"):
        Register("mysql://somebody:secret@host/db")
    assert sorted(tmp_path.iterdir()) == [place, tmp_path / "text"]


def test_a_demonstration_register_takes_demonstrations_only(
    tmp_path: Path, grant: Grants
) -> None:
    with Register.create(tmp_path / "demo", keeper="K", at="2026-03-01",
                         demonstration=True) as made:
        made.grant(grant(demonstration=True), at="2026-03-02")
        with pytest.raises(RegisterError, match="this register is for demonstrations"):
            made.grant(grant("00010001"), at="2026-03-02")


SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010009", "AB" * 32, "A")
REPORT = Dispute("ESME-CLO-01", "Example Meters Ltd", "the hub was late", ledger_hash="2f" * 32,
                 fingerprint="00112233aabbccdd", verdict="fail", subject=SUBJECT)


def test_a_dispute_over_a_report_needs_no_certificate_but_its_evidence(register: Register) -> None:
    number = register.dispute("", REPORT, at="2026-03-03")
    with pytest.raises(RegisterError, match=f"dispute {number} over case ESME-CLO-01 of the repo"):
        register.dispute("", REPORT, at="2026-03-03")
    register.dispute("", replace(REPORT, ledger_hash="3f" * 32), at="2026-03-03")
    for wrong, said in (({"ledger_hash": ""}, "names the evidence"),
                        ({"subject": None}, "names the evidence"),
                        ({"ledger_hash": "2F" * 32}, "ledger_hash: expected"),
                        ({"fingerprint": "0011"}, "fingerprint: expected"),
                        ({"verdict": "lost"}, "verdict: expected")):
        with pytest.raises(RegisterError, match=said):
            register.dispute("", replace(REPORT, **wrong), at="2026-03-03")
    ended = {"outcome": DisputeOutcome.UPHELD, "reason": "x", "at": "2026-03-04"}
    register.resolve(number, **ended)
    with pytest.raises(RegisterError, match=f"there is no open dispute {number}"):
        register.resolve(number, **ended)
    first, second = register.disputes(at="2026-03-04")
    assert (first.resolution.outcome, second.resolution) == (DisputeOutcome.UPHELD, None)
    assert register.disputes(at="2026-03-03")[0].resolution is None
    assert register.published(at="2026-03-04").disputes == (first, second)
    assert not register.verify()


def test_a_dispute_of_a_certificate_is_over_its_own_evidence(
    register: Register, grant: Grants
) -> None:
    name = register.grant(grant(), at="2026-03-02").id
    with pytest.raises(RegisterError, match=f"the evidence is not that of {name}: it ends in 2f2f"):
        register.dispute(name, REPORT, at="2026-03-03")
    own = replace(REPORT, ledger_hash=grant().ledger_hash)
    assert register.dispute(name, own, at="2026-03-03")


def test_a_dispute_is_over_any_run_of_a_certificate(register: Register, grant: Grants) -> None:
    name = register.grant(grant(further_runs=(RunEvidence(REPORT.ledger_hash),)),
                          at="2026-03-02").id
    second = register.dispute(name, REPORT, at="2026-03-03")
    with pytest.raises(RegisterError, match=f"dispute {second} over case .* is open already"):
        register.dispute(name, REPORT, at="2026-03-03")
    assert register.dispute(name, replace(REPORT, ledger_hash="1e" * 32), at="2026-03-03")
    with pytest.raises(RegisterError, match=r"that of the certificate in (1e){32} and (2f){32}"):
        register.dispute(name, replace(REPORT, ledger_hash="3f" * 32), at="2026-03-03")
    assert not register.verify()


@pytest.mark.parametrize("outcome", sorted(set(DisputeOutcome) - {DisputeOutcome.UPHELD}))
def test_what_overturns_a_verdict_rests_on_a_replay(
    register: Register, outcome: DisputeOutcome
) -> None:
    number = register.dispute("", REPORT, at="2026-03-03")
    with pytest.raises(RegisterError, match=f"{outcome}: what does not let the verdict stand"):
        register.resolve(number, outcome=outcome, reason="x", at="2026-03-04")
    with pytest.raises(RegisterError, match="replay_sha256: expected 64"):
        register.resolve(number, outcome=outcome, reason="x", at="2026-03-04", replay_sha256="AB")
    done = register.resolve(number, outcome=outcome, reason="x", at="2026-03-04",
                            replay_sha256="ab" * 32)
    assert done.resolution.replay_sha256 == "ab" * 32


def test_entries_of_disputes_from_before_evidence_was_named_still_hold(
    register: Register, grant: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = register.grant(grant(), at="2026-03-02").id

    def as_it_was(content: object) -> bytes:
        new = {"ledger_hash", "fingerprint", "verdict", "subject", "replay_sha256"}
        kept = {key: value for key, value in json.loads(canonical(content)).items()
                if key not in new}
        return canonical(kept)

    with monkeypatch.context() as then:
        then.setattr("bench.register.chain.canonical", as_it_was)
        number = register.dispute(name, Dispute("C-1", "Maker", "why"), at="2026-03-03")
        register.resolve(number, outcome=DisputeOutcome.CORRECTED, reason="y", at="2026-03-04")
    text = register.published(at="2026-03-05").entries[-2].text
    assert text == '{"case":"C-1","opened_by":"Maker","reason":"why"}'
    assert not register.verify()
    (found,) = register.certificate(name, at="2026-03-05").disputes
    assert (found.dispute.ledger_hash, found.dispute.subject) == ("", None)
    assert found.resolution.outcome is DisputeOutcome.CORRECTED


def test_a_case_touches_certificates_whose_baseline_plans_it_with_its_fingerprint(
    register: Register, grant: Grants
) -> None:
    for number, digest in enumerate(("b", "b", "c", "d", "e", "b")):
        baseline = replace(grant().baseline, digest=digest * 64)
        register.grant(grant(f"0001000{number}", baseline=baseline), at="2026-03-02")
    register.suspend("SMIP-000003", reason="in doubt", at="2026-03-03")
    register.withdraw("SMIP-000007", reason="no more", at="2026-03-03")
    known = {"b" * 64: {"C-1": "f1"}, "c" * 64: {"C-1": "f1"}, "d" * 64: {"C-1": "f2"}}
    at = "2026-03-04"
    assert touched(register.certificates(at=at), "C-1", "f1", known) == (
        ("SMIP-000002", "SMIP-000003", "SMIP-000004"), ("SMIP-000006",))
    assert touched(register.certificates(at=at), "C-2", "f1", known) == ((), ("SMIP-000006",))


def test_a_case_of_a_baseline_under_which_a_certificate_was_assessed_touches_it_too(
    register: Register, grant: Grants
) -> None:
    name = register.grant(grant(), at="2026-03-02").id
    further = replace(grant().baseline, digest="c" * 64, name="Emergency")
    register.assess(name, Assessment(further, Status.COMPLIANT, "held", "ab" * 32),
                    at="2026-03-03")
    known = {"b" * 64: {"C-1": "f1"}, "c" * 64: {"C-2": "f2"}}
    found = register.certificates(at="2026-03-04")
    assert touched(found, "C-2", "f2", known) == ((name,), ())
    assert touched(found, "C-1", "f1", {"b" * 64: {"C-1": "f1"}}) == ((name,), ())
    assert touched(found, "C-3", "f3", {"b" * 64: {}}) == ((), (name,))
