"""``report pdf``, ``register certificate`` and ``verify FILE.pdf``: answers and exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from issued_documents import ISSUE, NOW, SUBJECT, grant, key_pair, pages, ruling

from bench.bundle import read_signer
from bench.bundle.ruling import sign_ruling
from bench.cli import main
from bench.ledger import Ledger, read_ledger
from bench.records.answers import Answers
from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Selected, Step, TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.run import FrozenPlan
from bench.records.serial import to_json
from bench.records.verdict import Disposition
from bench.register import Register
from bench.runner.rejudge import judge_run
from reports import render

TIME = "2026-03-01T10:00:00+00:00"
LABORATORY = """\
laboratory: {name: North Lab, address: [1 Quay Street]}
customer: {name: Example Meters Ltd, address: [2 Mill Lane]}
number: NML-2026-0042
issued: 2026-03-05
place: room 3
samples: [{serial: "00012345", condition: new, received: 2026-02-27}]
deviations: []
signatory: {name: A. Tester, function: head}
"""
BODY = """\
body: {name: Certs plc, address: [3 High Street]}
signatory: {name: B. Decider, function: manager}
"""
Call = Callable[..., "Ended"]


@dataclass(frozen=True)
class Ended:
    """What a command wrote."""

    stdout: str
    stderr: str


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
         ) -> Call:
    def run(*arguments: object, exits: int = 0) -> Ended:
        monkeypatch.setattr(sys, "argv", ["smip-bench", *map(str, arguments)])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            main()
        said = Ended(*capsys.readouterr())
        assert ended.value.code == exits, said
        return said

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A certification run of one case that passes, with its reports."""
    made = tmp_path / "run"
    step = Step("send", "gbcs", {}, (Expectation("result == 'success'", ("R-MET-16",)),))
    case = TestCase("ESME-1", "identity", "The device answers", "esme", ("gbcs",),
                    (Link("R-MET-16", "00"),), (), (step,), (), ("defect",))
    plan = FrozenPlan(
        SUBJECT, Answers({"prepayment": True}, {}), "certify", False,
        (Selected(case, Disposition.SELECTED, ""),), {"rig": "bench"}, "small (2026-01-01)",
        "b7" * 32, (("smip-bench", "0.1.0"),))
    with Ledger.create(made, plan, lambda: datetime(2026, 3, 1, 10, tzinfo=UTC)) as ledger:
        ledger.append(Event("case-started", case.id, 1, TIME, {"attempt": 1}))
        ledger.append(Event("observation", case.id, 1, TIME, {
            "phase": "body", "step": 0, "action": "send", "port": "gbcs", "arguments": {},
            "observation": {"result": "success"}, "frames": []}))
        ledger.append(Event("case-ended", case.id, 1, TIME))
        ledger.end(complete=True)
    contents = read_ledger(made)
    requirement = Requirement("R-MET-16", "BEHAVIOUR", "v5", "MET-16", "The meter answers.",
                              ("ESME",), "functional", "mandatory", "2", Provenance.READ, "seed")
    render(Outcome(
        SUBJECT, "certify", False, plan.baseline,
        Decision(Status.COMPLIANT, "all of it", ()),
        (RequirementStanding("R-MET-16", Standing.PASSED, True, "1 case passed", ("ESME-1",)),),
        judge_run(contents), contents.hash, TIME, TIME, plan.tools),
        requirements={requirement.id: requirement}, cases={case.id: case},
        events=contents.events, folder=made)
    (tmp_path / "lab.yaml").write_text(LABORATORY)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A register with the certificate SMIP-000002."""
    made = tmp_path / "register.sqlite"
    with Register.create(made, keeper="Certs plc", at="2026-03-01") as register:
        register.grant(grant(), at="2026-03-02")
    (tmp_path / "body.yaml").write_text(BODY)
    (tmp_path / "ruling.json").write_text(json.dumps(to_json(ruling(grant()))))
    return made


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    def make(name: str) -> tuple[Path, Path]:
        # valid now, whenever that is, since the commands have the machine's clock
        return key_pair(tmp_path, name, days=(datetime.now(UTC) - NOW).days + 30)

    return make


def edit(path: Path, **changes: object) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


def test_a_laboratory_reports_signs_and_anyone_verifies(
    call: Call, folder: Path, keys: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    certificate, key = keys("North Lab")
    said = call("report", "pdf", folder, "--laboratory", "lab.yaml", "--sign", certificate,
                "--key", key, "-o", "report.pdf").stdout
    assert said.startswith("report.pdf: signed with key ")
    text = " ".join(" ".join(pages((tmp_path / "report.pdf").read_bytes(), tmp_path)).split())
    for shown in ("SMIP Compliant", "The meter answers.", "ESME-1", "1 case passed",
                  "small (2026-01-01)", read_ledger(folder).hash, "2026-03-01 10:00:00 UTC"):
        assert shown in text
    sound = call("verify", "report.pdf", "--trust", certificate).stdout
    assert "covers the whole file" in sound
    assert sound.endswith("sound\n")
    assert "unknown key" in call("verify", "report.pdf", exits=1).stdout
    octets = bytearray((tmp_path / "report.pdf").read_bytes())
    octets[4000] ^= 1
    (tmp_path / "report.pdf").write_bytes(octets)
    assert "altered" in call("verify", "report.pdf", "--trust", certificate, exits=1).stdout


def test_an_unsigned_report_says_so(call: Call, folder: Path) -> None:
    assert call("report", "pdf", folder, "--laboratory", "lab.yaml", "-o",
                "report.pdf").stdout == "report.pdf: not signed\n"
    assert call("verify", "report.pdf", exits=1).stdout == "nobody signed it\n"


def test_a_report_shows_the_tolerated_issues_of_its_ruling(
    call: Call, folder: Path, tmp_path: Path
) -> None:
    contents = read_ledger(folder)
    decided = ruling(grant())
    run = replace(decided.runs[0], ledger_hash=contents.hash)
    path = tmp_path / "ruling.json"
    path.write_text(json.dumps(to_json(replace(decided, runs=(run,)))))
    call("report", "pdf", folder, "--laboratory", "lab.yaml", "--ruling", path, "-o", "r.pdf")
    text = " ".join(" ".join(pages((tmp_path / "r.pdf").read_bytes(), tmp_path)).split())
    assert ISSUE.issue in text
    assert "DLMS-1234" in text
    path.write_text(json.dumps(to_json(decided)))
    refused = call("report", "pdf", folder, "--laboratory", "lab.yaml", "--ruling", path,
                   "-o", "r.pdf", exits=3)
    assert "the ruling is not on this run" in refused.stderr


@pytest.mark.parametrize(("changes", "text"), [
    ({"ledger_hash": "0" * 64}, "it tells of another ledger"),
    ({"baseline": "other"}, "its baseline is not that of the run"),
    ({"mode": "ci"}, "its mode is not that of the run"),
    ({"demonstration": True}, "its mode is not that of the run"),
    ({"subject": to_json(replace(SUBJECT, model="other"))}, "its subject is not the one"),
    ({"cases": []}, "2 verdicts or dispositions are not those that its evidence gives"),
    ({"decision": 5}, "not a report: decision"),
])
def test_a_report_that_its_evidence_does_not_bear_out_is_refused(
    call: Call, folder: Path, changes: dict[str, object], text: str, tmp_path: Path
) -> None:
    edit(folder / "report.json", **changes)
    refused = call("report", "pdf", folder, "--laboratory", "lab.yaml", "-o", "r.pdf", exits=3)
    assert text in refused.stderr
    assert not (tmp_path / "r.pdf").exists()


def test_an_altered_ledger_is_refused(call: Call, folder: Path) -> None:
    ledger = folder / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace("success", "refused"))
    refused = call("report", "pdf", folder, "--laboratory", "lab.yaml", "-o", "r.pdf", exits=3)
    assert "does not hold" in refused.stderr


def test_wrong_usage_is_told_before_anything_is_written(
    call: Call, folder: Path, keys: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    certificate, key = keys("North Lab")
    lab = ("report", "pdf", folder, "--laboratory", "lab.yaml", "-o", "r.pdf")
    assert "go together" in call(*lab, "--sign", certificate, exits=2).stderr
    key.chmod(0o644)
    assert "chmod 600" in call(*lab, "--sign", certificate, "--key", key, exits=2).stderr
    (tmp_path / "lab.yaml").write_text(LABORATORY.replace("place: room 3\n", ""))
    assert "lab.yaml:1: place: missing key" in call(*lab, exits=2).stderr
    assert not (tmp_path / "r.pdf").exists()


@pytest.mark.parametrize("form", ["plain", "signed"])
def test_a_body_writes_and_signs_a_certificate(
    call: Call, place: Path, keys: Callable[[str], tuple[Path, Path]], tmp_path: Path, form: str
) -> None:
    certificate, key = keys("Certs plc")
    file = tmp_path / "ruling.json"
    if form == "signed":
        decided = ruling(grant(), certification_body="Certs plc")
        file.write_bytes(sign_ruling(decided, read_signer(key, lambda: ""), NOW))
    call("register", "certificate", "SMIP-000002", "--register", place, "--ruling", file, "--body",
         "body.yaml", "--at", "2026-03-05", "--sign", certificate, "--key", key, "-o", "c.pdf")
    assert "✓ SMIP Compliant" in pages((tmp_path / "c.pdf").read_bytes(), tmp_path)[0]
    assert call("verify", "c.pdf", "--trust", certificate).stdout.endswith("sound\n")


def test_the_laboratory_cannot_sign_a_certificate(
    call: Call, place: Path, keys: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    certificate, key = keys("North Lab")
    refused = call(
        "register", "certificate", "SMIP-000002", "--register", place, "--ruling", "ruling.json",
        "--body", "body.yaml", "--sign", certificate, "--key", key, "-o", "c.pdf", exits=1)
    assert "the signing certificate is that of North Lab, who tested" in refused.stderr
    assert not (tmp_path / "c.pdf").exists()


@pytest.mark.parametrize(("text", "said"), [
    ("{", "no ruling: the file: Invalid JSON"),
    ('{"payload": "!"}', "is no signed ruling"),
    ("{}", "no ruling: subject: Field required"),
    ("[" * 100_000, "no ruling: the file: Invalid JSON"),
])
def test_what_is_no_ruling_is_refused(
    call: Call, place: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "ruling.json").write_text(text)
    assert said in call(
        "register", "certificate", "SMIP-000002", "--register", place, "--ruling", "ruling.json",
        "--body", "body.yaml", "-o", "c.pdf", exits=1).stderr


def test_a_certificate_that_is_not_there_or_a_day_that_is_none_is_told(
    call: Call, place: Path
) -> None:
    rest = ("--register", place, "--ruling", "ruling.json", "--body", "body.yaml", "-o", "c.pdf")
    assert "SMIP-000099" in call("register", "certificate", "SMIP-000099", *rest, exits=1).stderr
    assert "is no date such as" in call(
        "register", "certificate", "SMIP-000002", "--at", "soon", *rest, exits=2).stderr


@pytest.mark.parametrize("absent", ["typst", "fontTools"])
def test_without_the_extra_the_command_says_what_to_install(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    refused = call("report", "pdf", folder, "--laboratory", "lab.yaml", "-o", "r.pdf", exits=3)
    assert f"a PDF needs {absent}: pip install smip-bench[documents]" in refused.stderr
