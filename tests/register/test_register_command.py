"""``smip-bench register``, on a recorded run: what it answers, and with which exit status."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bench.bundle import read_signer
from bench.bundle.ruling import sign_ruling
from bench.cli.register import command
from bench.errors import LedgerError
from bench.records.assurance import Attached, ChangeDeclaration, RuledRun, Ruling, Tolerance
from bench.records.decision import Decision, Status
from bench.records.register import CertifiedBaseline
from bench.records.serial import canonical
from bench.records.subject import Subject

SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000",
                  "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", "A")
BASELINE = CertifiedBaseline("Identity only", "2026-01-01", "b" * 64,
                             (("SMETS2", "5"), ("GBCS", "4.0")))
RUN = RuledRun("North Lab", "1" * 64, "c" * 64, "a" * 64, "2026-02-27T09:00:00+00:00",
               "2026-02-27T10:00:00+00:00", "certify", (), 1)
SIGNED = datetime(2026, 3, 1, 12, tzinfo=UTC)
Ruled = Callable[..., Path]
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certification body's private key; its public half is ``body.pem``."""
    file, key = tmp_path_factory.mktemp("body") / "body.key", Ed25519PrivateKey.generate()
    file.touch(0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.with_suffix(".pem").write_bytes(key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


@pytest.fixture
def ruled(tmp_path: Path, body: Path) -> Ruled:
    """Sign a ruling of the certification body; returns its file."""

    def make(name: str = "ruling", status: Status = Status.COMPLIANT, *, subject: Subject = SUBJECT,
             **changes: Any) -> Path:
        made = Ruling(
            subject, BASELINE, "certify", False, "2026-03-01",
            Decision(status, "" if status is Status.NONE else "identity", ("it failed",)), (), (),
            (RUN,), certification_body="Certs plc")
        path = tmp_path / f"{name}.json"
        path.write_bytes(sign_ruling(replace(made, **changes), read_signer(body, str), SIGNED))
        return path

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
def grant_from(call: Call, body: Path) -> Call:
    def run(ruling: Path, *more: object, exits: int = 0) -> Result:
        return call("grant", ruling, "--trust", body.with_suffix(".pem"), "--at", "2026-03-02",
                    *more, exits=exits)

    return run


@pytest.fixture
def opened(call: Call) -> None:
    call("init", "--keeper", "Certs plc", "--at", "2026-03-01")


def test_a_certificate_lives_from_grant_to_withdrawal(
    opened: None, call: Call, grant_from: Call, ruled: Ruled
) -> None:
    said = grant_from(ruled(), "--condition", "credit only", "--upgradable-from", "0000FFFF",
                      "--expires", "2028-03-01").stdout
    assert said == ("SMIP-000002: granted since 2026-03-02: decided SMIP Compliant by the ruling "
                    "of 2026-03-01\n")
    at = ("--at", "2026-03-03")
    assert "SMIP-000002: suspended" in call(
        "suspend", "SMIP-000002", "--reason", "in doubt", *at).stdout
    assert "SMIP-000002: granted" in call(
        "reinstate", "SMIP-000002", "--reason", "cleared", *at).stdout
    grant_from(ruled("next", subject=replace(SUBJECT, firmware_version="00010001")), *at)
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
    assert shown["grant"]["bundle_sha256"] == RUN.bundle_sha256
    assert shown["grant"]["ruling_sha256"] == hashlib.sha256(ruled().read_bytes()).hexdigest()
    assert shown["grant"]["baseline"]["specifications"] == [["SMETS2", "5"], ["GBCS", "4.0"]]
    text = call("show", "SMIP-000002", "--at", "2026-03-04").stdout
    assert "2026-03-03  reinstated  (entry 4)" in text
    assert call("verify").stdout.startswith("intact: 7 entries, last hash ")


def test_partial_certificates_and_tolerated_issues(
    opened: None, call: Call, grant_from: Call, ruled: Ruled
) -> None:
    said = grant_from(ruled(status=Status.PARTIAL)).stdout
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
    ({"status": Status.NONE}, (), "its decision is none: it failed"),
    ({"mode": "ci"}, (), "the run was a ci, not a certification"),
    ({"at": "2026-03-03"}, (), "it is of 2026-03-03, after the grant"),
    ({"demonstration": True}, (), "a demonstration is no certificate"),
    ({"subject": replace(SUBJECT, image_hash="0" * 64)}, (), "image_hash: that is a placeholder"),
    ({}, ("--supersedes", "SMIP-000009"), "there is no certificate 'SMIP-000009'"),
    ({"change": ChangeDeclaration("SMIP-000009", ("clock",), "Maker", "2026-02-01",
                                  Attached("notes.pdf", "d" * 64))}, (),
     "there is no certificate 'SMIP-000009'"),
])
def test_no_certificate_rests_on_a_ruling_that_does_not_fit(
    opened: None, call: Call, grant_from: Call, ruled: Ruled, made: dict[str, Any],
    more: tuple[str, ...], said: str
) -> None:
    done = grant_from(ruled(**made), *more, exits=1)
    assert done.stderr.startswith("smip-bench: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "intact: 1 entries" in call("verify").stdout


def test_results_are_carried_over_from_a_certificate_in_force_and_its_own_ruling(
    opened: None, call: Call, grant_from: Call, ruled: Ruled
) -> None:
    base = ruled()
    grant_from(base)
    newer = replace(SUBJECT, firmware_version="00010001")
    change = ChangeDeclaration("SMIP-000002", ("clock",), "Maker", "2026-02-01",
                               Attached("notes.pdf", "d" * 64))
    other = ruled("other", subject=newer, change=change, earlier_sha256="e" * 64)
    assert "from another ruling than that of SMIP-000002" in grant_from(other, exits=1).stderr
    own = ruled("own", subject=newer, change=change,
                earlier_sha256=hashlib.sha256(base.read_bytes()).hexdigest())
    call("suspend", "SMIP-000002", "--reason", "in doubt", "--at", "2026-03-02")
    assert "SMIP-000002, which it builds on, is suspended" in grant_from(own, exits=1).stderr
    call("reinstate", "SMIP-000002", "--reason", "cleared", "--at", "2026-03-02")
    assert "SMIP-000005: granted" in grant_from(own).stdout


def test_nothing_is_entered_on_a_ruling_that_the_body_did_not_sign_as_it_is(
    opened: None, call: Call, grant_from: Call, ruled: Ruled, tmp_path: Path, body: Path
) -> None:
    path = ruled(status=Status.NONE)
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    forged = payload.replace(b'"status":"none"', b'"status":"partial"').replace(
        b'"scope":""', b'"scope":"identity"')
    assert forged != payload
    envelope["payload"] = base64.b64encode(forged).decode()
    path.write_bytes(canonical(envelope) + b"\n")
    assert "did not make the signature" in grant_from(path, exits=1).stderr
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Ed25519PrivateKey.generate().public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    said = call("grant", ruled(), "--trust", stranger, "--at", "2026-03-02", exits=1).stderr
    assert "which is not among the 1 trusted" in said
    expired = tmp_path / "expired.pem"
    expired.write_bytes(body.with_suffix(".pem").read_bytes())
    expired.with_suffix(".yaml").write_text("{name: Certs plc, not_after: 2026-02-01}")
    said = call("grant", ruled(), "--trust", expired, "--at", "2026-03-02", exits=1).stderr
    assert "the key of Certs plc expired" in said


@pytest.mark.parametrize("run", [
    replace(RUN, laboratory="Certs  PLC"), replace(RUN, keyid=""), replace(RUN, bundle_sha256="")])
def test_a_laboratory_does_not_decide_on_its_own_tests(
    ruled: Ruled, body: Path, run: RuledRun
) -> None:
    own = read_signer(body, str).public_key.keyid
    with pytest.raises(LedgerError, match=r"its own tests|no laboratory signed"):
        ruled(runs=(replace(run, keyid=run.keyid or own),))


def test_a_certificate_names_each_run_of_its_ruling(
    opened: None, call: Call, grant_from: Call, ruled: Ruled, place: Path
) -> None:
    south = replace(RUN, laboratory="South Lab", ledger_hash="0" * 64, bundle_sha256="d" * 64)
    grant_from(ruled(runs=(RUN, south)))
    shown = json.loads(call("show", "SMIP-000002", "--json", "--at", "2026-03-02").stdout)
    granted = shown["grant"]
    assert (granted["ledger_hash"], granted["bundle_sha256"]) == ("a" * 64, "c" * 64)
    assert granted["further_runs"] == [{"ledger_hash": "0" * 64, "bundle_sha256": "d" * 64}]
    assert call("verify").stdout.startswith("intact")
    with closing(sqlite3.connect(place)) as database, database:
        database.executescript(
            "DROP TRIGGER register_entry_stays_update; UPDATE register_entry SET content = "
            f"replace(content, '{'0' * 64}', '{'1' * 64}') WHERE sequence = 2")
    assert call("verify", exits=1).stdout.startswith("altered: entry 2")


def test_a_partial_grant_enters_the_issues_that_the_ruling_tolerates(
    opened: None, call: Call, grant_from: Call, ruled: Ruled
) -> None:
    issue = Tolerance("EM-17", ("R-MET-16", "R-MET-15"), "late", "Maker", "2026-06-01")
    grant_from(ruled(status=Status.PARTIAL, tolerated=(issue, replace(
        issue, issue="COMMON-1", common=True))))
    shown = json.loads(call("show", "SMIP-000002", "--json", "--at", "2026-03-02").stdout)
    assert [(one["issue"], one["requirement"]) for one in shown["issues"]] == [
        ("EM-17", "R-MET-16, R-MET-15")]


def test_a_certified_subject_is_assessed_under_an_emergency_baseline(
    opened: None, call: Call, grant_from: Call, ruled: Ruled, body: Path
) -> None:
    grant_from(ruled())
    urgent = replace(BASELINE, name="Emergency 1", date="2026-02-20", digest="e" * 64)
    found = ruled("urgent", Status.NONE, baseline=urgent)
    more = ("--trust", body.with_suffix(".pem"), "--at", "2026-03-03")
    said = call("assess", "SMIP-000002", found, *more).stdout
    assert "under Emergency 1 (2026-02-20): none" in said
    shown = json.loads(call("show", "SMIP-000002", "--json", "--at", "2026-03-03").stdout)
    assert (shown["assessments"][0]["decision"], shown["in_force"]) == ("none", True)
    other = ruled("other", baseline=urgent, subject=replace(SUBJECT, firmware_version="00010001"))
    assert "is on another subject" in call("assess", "SMIP-000002", other, *more, exits=1).stderr
    assert "granted under Identity only itself" in call(
        "assess", "SMIP-000002", ruled(), *more, exits=1).stderr


def test_wrong_usage_exits_with_two(
    opened: None, call: Call, grant_from: Call, tmp_path: Path, place: Path
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    assert "is in the future" in call(
        "suspend", "SMIP-000002", "--reason", "x", "--at", tomorrow, exits=2).stderr
    assert "expected a date YYYY-MM-DD, found '1 March'" in call(
        "list", "--at", "1 March", exits=2).stderr
    grant_from(tmp_path / "absent.json", exits=2)
    for text in ("{", "[]", '{"payload": 1}'):
        (tmp_path / "wrong.json").write_text(text)
        assert "is no signed ruling" in grant_from(tmp_path / "wrong.json", exits=1).stderr
    call("export", exits=2)
    done = CliRunner().invoke(command, ["list", "--register", str(tmp_path / "none")])
    assert (done.exit_code, "there is no register" in done.stderr) == (2, True)
    assert not (tmp_path / "none").exists()


def test_the_register_is_exported_in_three_forms_and_not_when_it_was_altered(
    opened: None, call: Call, grant_from: Call, ruled: Ruled, tmp_path: Path, place: Path
) -> None:
    grant_from(ruled())
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
