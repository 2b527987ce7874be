"""``smip-bench register``, on a recorded run: what it answers, and with which exit status."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.catalogue import load_catalogue
from bench.cli.register import command
from bench.ledger import Ledger, read_ledger
from bench.records.answers import Answers
from bench.records.decision import Decision, Outcome, Status
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Selected, Step, TestCase
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from bench.records.verdict import Disposition
from bench.runner.rejudge import judge_run
from bench.scheme import load_baseline
from reports import render

BASELINE = """\
name: Identity only
date: 2026-01-01
draft: false
device: esme
variant: A
specifications:
  - {name: SMETS2, version: "5"}
  - {name: GBCS, version: "4.0"}
plans:
  - esme/identity.yaml
mandatory: [SMETS2/5.7.5.17, SMETS2/5.7.1.2, R-MET-16]
optional: [R-MET-15]
outside:
  - requirements: ["*"]
    reason: a baseline for a test
"""
SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000",
                  "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", "A")
TIME = "2026-03-01T10:00:00+00:00"
Evidence = Callable[..., Path]
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("baseline") / "baseline.yaml"
    path.write_text(BASELINE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def baseline_digest(baseline: Path) -> str:
    return load_baseline(baseline, load_catalogue()).digest


@pytest.fixture
def evidence(tmp_path: Path, baseline_digest: str) -> Evidence:
    """Store a run of one case and its reports; returns report.json."""

    def make(name: str = "run", status: Status = Status.COMPLIANT, mode: str = "certify",
             demonstration: bool = False, digest: str = baseline_digest,
             **subject: str) -> Path:
        folder, tested = tmp_path / name, replace(SUBJECT, **subject)
        step = Step("send", "gbcs", {}, (Expectation("result == 'success'", ("R-MET-16",)),))
        case = TestCase("ESME-1", "identity", "a purpose", "esme", ("gbcs",),
                        (Link("R-MET-16", "00"),), (), (step,), (), ("defect",))
        plan = FrozenPlan(tested, Answers({}, {}), mode, demonstration,
                          (Selected(case, Disposition.SELECTED, ""),), {}, "Identity only", digest)
        with Ledger.create(folder, plan, lambda: datetime(2026, 3, 1, tzinfo=UTC)) as ledger:
            ledger.append(Event("case-started", case.id, 1, TIME, {"attempt": 1}))
            ledger.append(Event("observation", case.id, 1, TIME, {
                "phase": "body", "step": 0, "action": "send", "port": "gbcs", "arguments": {},
                "observation": {"result": "success"}, "frames": []}))
            ledger.append(Event("case-ended", case.id, 1, TIME))
            ledger.end(complete=True)
        contents = read_ledger(folder)
        outcome = Outcome(
            tested, mode, demonstration, "Identity only (2026-01-01)",
            Decision(status, "" if status is Status.NONE else "identity", ()), (),
            judge_run(contents), contents.hash, TIME, TIME, ())
        render(outcome, requirements={}, cases={case.id: case}, events=contents.events,
               folder=folder)
        return folder / "report.json"

    return make


@pytest.fixture
def call(place: Path) -> Call:
    def run(name: str, *arguments: object, exits: int = 0) -> Result:
        done = CliRunner().invoke(
            command, [name, "--register", str(place), *map(str, arguments)])
        assert done.exit_code == exits, done.output
        return done

    return run


@pytest.fixture
def grant_from(call: Call, baseline: Path) -> Call:
    def run(report: Path, *more: object, exits: int = 0) -> Result:
        return call("grant", "--report", report, "--baseline", baseline, "--laboratory",
                    "North Lab", "--body", "Certs plc", "--at", "2026-03-02", *more, exits=exits)

    return run


@pytest.fixture
def opened(call: Call) -> None:
    call("init", "--keeper", "Certs plc", "--at", "2026-03-01")


def test_a_certificate_lives_from_grant_to_withdrawal(
    opened: None, call: Call, grant_from: Call, evidence: Evidence, tmp_path: Path
) -> None:
    (tmp_path / "bundle").write_bytes(b"evidence")
    said = grant_from(evidence(), "--bundle", tmp_path / "bundle", "--condition", "credit only",
                      "--upgradable-from", "0000FFFF", "--expires", "2028-03-01").stdout
    assert said == ("SMIP-000002: granted since 2026-03-02: decided SMIP Compliant on the "
                    "laboratory's report\n")
    at = ("--at", "2026-03-03")
    assert "SMIP-000002: suspended" in call(
        "suspend", "SMIP-000002", "--reason", "in doubt", *at).stdout
    assert "SMIP-000002: granted" in call(
        "reinstate", "SMIP-000002", "--reason", "cleared", *at).stdout
    grant_from(evidence("next", firmware_version="00010001"), *at)
    assert "SMIP-000002: superseded" in call(
        "supersede", "SMIP-000002", "--by", "SMIP-000005", "--reason", "newer", *at).stdout
    assert "SMIP-000005: withdrawn" in call(
        "withdraw", "SMIP-000005", "--reason", "wrong image", *at).stdout
    listed = call("list", "--at", "2026-03-04")
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["SMIP-000002", "superseded"], ["SMIP-000005", "withdrawn"]]
    assert call("list", "--status", "granted", "--at", "2026-03-04").stdout == ""
    shown = json.loads(call("show", "SMIP-000002", "--json", "--at", "2026-03-02").stdout)
    assert shown["in_force"]
    assert shown["grant"]["bundle_sha256"] == hashlib.sha256(b"evidence").hexdigest()
    assert shown["grant"]["baseline"]["specifications"] == [["SMETS2", "5"], ["GBCS", "4.0"]]
    text = call("show", "SMIP-000002", "--at", "2026-03-04").stdout
    assert "2026-03-03  reinstated  (entry 4)" in text
    assert call("verify").stdout.startswith("intact: 7 entries, last hash ")


def test_partial_certificates_and_tolerated_issues(
    opened: None, call: Call, grant_from: Call, evidence: Evidence
) -> None:
    said = grant_from(evidence(status=Status.PARTIAL)).stdout
    assert "rectification plan due by 2026-04-02" in said
    name = "SMIP-000002"
    assert "overdue" in call("show", name, "--at", "2026-04-03").stdout
    call("plan", name, "--summary", "cure it", "--owner", "Maker", "--target", "2026-09-01",
         "--at", "2026-03-03")
    assert "due by 2026-09-04" in call(
        "review", name, "--finding", "on its way", "--reviewer", "Certs plc",
        "--at", "2026-03-04").stdout
    issue = ("--requirement", "R-MET-16", "--text", "late", "--owner", "Maker",
             "--review", "2026-06-01", "--at", "2026-03-05")
    call("tolerate", "EM-17", "--for", name, *issue)
    assert "tolerated: EM-17" in call("show", name, "--at", "2026-03-05").stdout
    assert "tolerated already" in call("tolerate", "EM-17", "--for", name, *issue, exits=1).stderr
    call("close", "EM-17", "--for", name, "--reason", "cured", "--at", "2026-03-06")
    assert call("expire", "--at", "2026-03-07").stdout == "0 expired\n"


@pytest.mark.parametrize(("made", "more", "said"), [
    ({"status": Status.NONE}, (), "its decision is none"),
    ({"mode": "ci"}, (), "the run was a ci, not a certification"),
    ({"digest": "0" * 64}, (), "begun under another baseline"),
    ({"demonstration": True}, (), "a demonstration is no certificate"),
    ({"image_hash": "0" * 64}, (), "image_hash: that is a placeholder"),
    ({}, ("--body", "North Lab"), "is the laboratory too"),
    ({}, ("--supersedes", "SMIP-000009"), "there is no certificate 'SMIP-000009'"),
])
def test_no_certificate_rests_on_what_does_not_fit(
    opened: None, call: Call, grant_from: Call, evidence: Evidence, made: dict[str, object],
    more: tuple[str, ...], said: str
) -> None:
    done = grant_from(evidence(**made), *more, exits=1)
    assert done.stderr.startswith("smip-bench: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "intact: 1 entries" in call("verify").stdout


@pytest.mark.parametrize(("changes", "said"), [
    ({"ledger_hash": "0" * 64}, "it tells of another ledger"),
    ({"decision": {"status": "SMIP Compliant", "scope": "", "reasons": []}}, "scope"),
    ({"mode": "precheck"}, "its mode is not that of the run"),
    ({"subject": {**asdict(SUBJECT), "firmware_version": "00010001"}},
     "its subject is not the one that was tested"),
    ({"cases": []}, "1 verdicts are not those that its evidence gives, the first of case ESME-1"),
])
def test_an_edited_report_is_found_by_its_evidence(
    opened: None, grant_from: Call, evidence: Evidence, changes: dict[str, object], said: str
) -> None:
    report = evidence()
    report.write_text(json.dumps({**json.loads(report.read_text()), **changes}))
    done = grant_from(report, exits=1)
    assert said in done.stderr


def test_altered_absent_or_unfinished_evidence_is_refused(
    opened: None, grant_from: Call, evidence: Evidence
) -> None:
    report = evidence()
    ledger = report.with_name("ledger.jsonl")
    whole = ledger.read_bytes()
    ledger.write_bytes(whole.replace(b"success", b"refused", 1))
    assert "does not hold: entry" in grant_from(report, exits=1).stderr
    ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert "ended early" in grant_from(report, exits=1).stderr
    ledger.unlink()
    assert "no evidence beside the report" in grant_from(report, exits=1).stderr


def test_wrong_usage_exits_with_two(
    opened: None, call: Call, grant_from: Call, tmp_path: Path, place: Path
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    assert "is in the future" in call(
        "suspend", "SMIP-000002", "--reason", "x", "--at", tomorrow, exits=2).stderr
    assert "expected a date YYYY-MM-DD, found '1 March'" in call(
        "list", "--at", "1 March", exits=2).stderr
    assert "cannot be read" in grant_from(tmp_path / "absent.json", exits=2).stderr
    for text, said in (("{", "it is no JSON"), ("[]", "it is no report"),
                       ('{"format": "smip-bench-report/1"}', "are not as a report has them")):
        (tmp_path / "wrong.json").write_text(text)
        assert said in grant_from(tmp_path / "wrong.json", exits=2).stderr
    call("export", exits=2)
    done = CliRunner().invoke(command, ["list", "--register", str(tmp_path / "none")])
    assert (done.exit_code, "there is no register" in done.stderr) == (2, True)
    assert not (tmp_path / "none").exists()


def test_the_register_is_exported_in_three_forms_and_not_when_it_was_altered(
    opened: None, call: Call, grant_from: Call, evidence: Evidence, tmp_path: Path, place: Path
) -> None:
    grant_from(evidence())
    out = tmp_path / "out"
    out.mkdir()
    forms = ("--json", out / "register.json", "--csv", out / "register.csv", "--site", out / "site")
    call("export", *forms)
    assert json.loads((out / "register.json").read_text())["certificates"][0]["in_force"]
    with (out / "register.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["certificate"] == "SMIP-000002"
    assert (out / "site" / "index.html").exists()
    noted = json.loads((out / "site" / "site.json").read_text())["head"]
    call("verify", "--head", noted.upper())
    assert "no entry has the noted hash" in call("verify", "--head", "0" * 64, exits=1).stdout
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("DROP TRIGGER register_entry_stays_update")
        connection.execute("UPDATE register_entry SET at = '2026-02-02' WHERE sequence = 2")
    assert call("verify", exits=1).stdout.startswith("altered: entry 2 (granted of SMIP-000002")
    assert "the register was altered: entry 2" in call("export", *forms, exits=1).stderr


def test_the_command_is_one_of_the_bench(place: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "bench.cli", "register", "verify", "--register",
                           str(place)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no register" in done.stderr
    assert "Traceback" not in done.stderr
