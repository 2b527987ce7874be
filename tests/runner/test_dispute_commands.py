"""A dispute from its opening to its end, as a laboratory and a certification body go about it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bench_folder import EMULATED_RIG, PROFILE, Bench, Ended
from emulated_runs import emulated_run

sys.path.append(str(Path(__file__).parents[1] / "bundle"))  # for bundled_runs
sys.path.append(str(Path(__file__).parents[1] / "ledger"))  # for recorded_runs

from bundled_runs import write_key

from bench.ledger import read_ledger
from bench.records.decision import Status
from bench.records.register import CertifiedBaseline, EntryKind, Grant, RunEvidence
from bench.register import Register
from bench.scheme.baseline_file import file_digest
from devices.profile import load_profile

BASELINE = """\
name: {name}
date: 2026-01-01
draft: false
device: esme
specifications: [{{name: SMETS2, version: "5.1"}}]
plans: [{plan}]
mandatory: [SMETS2/5.7.5.17]
outside:
  - requirements: ["*"]
    reason: this test is about something else
"""
CASE, DEFECT, NAME = "ESME-IDY-002", "wrong-manufacturer-id", "SMIP-000002"
ON_DEVICE = ("--dut", str(PROFILE), "--rig", str(EMULATED_RIG))
WHO = ("--by", "Maker", "--reason", "not so")


@dataclass(frozen=True)
class House:
    """A test house: ``run`` is certified and bundled, ``failed`` a firmware that was refused."""

    folder: Path

    def call(self, *arguments: object, exits: int = 0) -> Ended:
        done = Bench(self.folder, {}).call(*map(str, arguments))
        assert done.returncode == exits, done.stdout + done.stderr
        return done

    def dispute(self, name: str, *arguments: object, exits: int = 0) -> Ended:
        place = () if name == "replay" else ("--register", "certs")
        return self.call("dispute", name, *place, *arguments, exits=exits)

    def open(self, evidence: str, *more: object, case: str = CASE, exits: int = 0) -> Ended:
        return self.dispute("open", evidence, "--case", case, *WHO, *more, exits=exits)

    @property
    def register(self) -> Register:
        return Register(self.folder / "certs")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = House(tmp_path_factory.mktemp("house"))
    (house.folder / "small.yaml").write_text(
        BASELINE.format(name="small", plan="esme/identity.yaml"))
    write_key(house.folder / "lab.key")
    house.call("baseline", "freeze", "small.yaml")
    house.call("certify", "--demonstration", *ON_DEVICE, "--baseline", "small.yaml",
               "--out", "run", "-n", "0")
    house.call("bundle", "create", "run", "--key", "lab.key", "--baseline", "small.yaml",
               "-o", "evidence.zip")
    emulated_run(house.folder / "failed", DEFECT, "00000001")
    house.call("register", "init", "--register", "certs", "--keeper", "Certs plc",
               "--demonstration")
    contents = read_ledger(house.folder / "run")
    with house.register as register:
        register.grant(Grant(
            contents.plan.subject, CertifiedBaseline(
                "small", "2026-01-01", contents.plan.baseline_digest, ()), Status.COMPLIANT,
            "identity", contents.hash, "North Lab", "Certs plc", "good", demonstration=True,
            bundle_sha256=hashlib.sha256((house.folder / "evidence.zip").read_bytes()).hexdigest()),
            at=register.head().at)
    return house.folder


@pytest.fixture
def house(made: Path, tmp_path: Path) -> House:
    return House(shutil.copytree(made, tmp_path / "house"))


def test_a_certificate_is_disputed_on_its_bundle_replayed_and_upheld(house: House) -> None:
    opened = house.open("evidence.zip", "--certificate", NAME, "--trust", "lab.pem")
    assert opened.stdout == f"dispute 3 over {CASE} (pass) of {NAME}\n"
    assert house.dispute("list", "--open").stdout.split() == [
        "3", house.register.disputed(3).opened, NAME, "open", f"{CASE},", "by", "Maker"]
    replayed = house.dispute("replay", "evidence.zip", "--case", CASE, "--trust", "lab.pem",
                             *ON_DEVICE, "--out", "replay")
    assert "reported pass, judged again pass" in replayed.stdout
    assert "replayed on the device: pass" in replayed.stdout
    assert "first unexplained difference: none" in replayed.stdout
    said = house.dispute("resolve", 3, "--outcome", "upheld", "--reason", "seen again",
                         "--replay", "replay/replay.json").stdout
    assert said.splitlines() == [f"dispute 3 over {CASE}: upheld", f"{NAME}: nothing changes"]
    document = json.loads((house.folder / "replay" / "replay.json").read_bytes())
    assert document["format"] == "smip-bench-replay/1"
    assert len(document["bundle_sha256"]) == 64
    with house.register as register:
        (one,) = register.certificate(NAME, at="2099-01-01").disputes
        assert one.dispute.ledger_hash == document["stored"]["ledger_hash"]
        assert one.dispute.fingerprint == document["fingerprints"]["stored"]
        assert len(one.resolution.replay_sha256) == 64
        assert not register.verify()
    assert house.dispute("list", "--open").stdout == ""
    assert json.loads(house.dispute("list", "--json").stdout)[0]["number"] == 3
    house.open("run", "--certificate", NAME)  # what has ended may be disputed anew


def test_a_refused_firmware_is_disputed_without_a_certificate_and_corrected(house: House) -> None:
    assert house.open("failed").stdout == \
        f"dispute 3 over {CASE} (fail) of a report without a certificate\n"
    assert "dispute 3 over case ESME-IDY-002 of the report on ledger" in \
        house.open("failed", exits=1).stderr
    house.dispute("replay", "failed", "--case", CASE, "--out", "judged")
    resolve = ("resolve", 3, "--outcome", "corrected", "--reason", "another meter was on the rig")
    assert "name it with --replay" in house.dispute(*resolve, exits=1).stderr
    assert "it gives no other verdict than the disputed one, fail" in house.dispute(
        *resolve, "--replay", "judged/replay.json", exits=1).stderr
    shown = house.dispute("replay", "failed", "--case", CASE, *ON_DEVICE, "--out", "again", exits=1)
    assert "first unexplained difference: body step 1, frame 2 (received), octet 73: 58 / 30, " \
           "payload: data[2]" in shown.stdout
    said = house.dispute(*resolve, "--replay", "again/replay.json").stdout
    assert "no certificate: the laboratory writes the report anew" in said
    house.call("register", "export", "--register", "certs", "--site", "site")
    page = (house.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert "Disputes over reports without a certificate" in page
    assert read_ledger(house.folder / "failed").hash in page


def test_a_dispute_over_any_run_of_a_certificate_names_it(house: House) -> None:
    first, second = (read_ledger(house.folder / name) for name in ("run", "failed"))
    with house.register as register:
        granted = register.certificate(NAME, at=register.head().at).grant
        register.withdraw(NAME, reason="granted anew", at=register.head().at)
        name = register.grant(replace(granted, further_runs=(RunEvidence(second.hash),)),
                              at=register.head().at).id
    assert f"{name} rests on it; name that with --certificate" in \
        house.open("failed", exits=1).stderr
    for evidence in ("failed", "evidence.zip"):
        assert f"of {name}\n" in house.open(evidence, "--certificate", name).stdout
    with house.register as register:
        disputes = register.certificate(name, at="2099-01-01").disputes
        assert [one.dispute.ledger_hash for one in disputes] == [second.hash, first.hash]
        assert not register.verify()
    house.dispute("replay", "run", "--case", CASE, "--out", "judged")
    resolve = ("--outcome", "upheld", "--reason", "x", "--replay", "judged/replay.json")
    assert "it is of other evidence" in house.dispute(
        "resolve", disputes[0].number, *resolve, exits=1).stderr
    house.dispute("resolve", disputes[1].number, *resolve)


def test_the_same_defect_again_exits_with_zero_and_an_earlier_replay_stays(house: House) -> None:
    again = ("replay", "failed", "--case", CASE, *ON_DEVICE, "--defect", DEFECT, "--out", "again")
    house.dispute(*again)
    assert "holds an earlier replay" in house.dispute(*again, exits=2).stderr
    house.dispute("replay", "failed", "--case", CASE, "--recording", "--out", "played")
    page = (house.folder / "played" / "replay.html").read_text(encoding="utf-8")
    assert "All octets are the same." in page


def test_a_report_that_says_otherwise_than_its_evidence_is_another_verdict(house: House) -> None:
    report = house.folder / "run" / "report.json"
    document = json.loads(report.read_bytes())
    (case,) = (one for one in document["cases"] if one["id"] == CASE)
    case["verdict"] = "fail"
    report.write_text(json.dumps(document))
    shown = house.dispute("replay", "run", "--case", CASE, "--out", "judged", exits=1)
    assert "reported fail, judged again pass" in shown.stdout


def altered(house: House) -> None:
    ledger = house.folder / "failed" / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"result":"success"', b'"result":"failure"'))


def unfinished(house: House) -> None:
    ledger = house.folder / "failed" / "ledger.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))


def real(house: House) -> None:
    (house.folder / "certs").unlink()
    house.call("register", "init", "--register", "certs", "--keeper", "Certs plc")


@pytest.mark.parametrize(("evidence", "more", "before", "exits", "said"), [
    ("failed", ("--case", "NOPE"), None, 2, "the evidence holds no case 'NOPE'; it plans 9"),
    ("failed", ("--certificate", NAME), None, 1, f"the evidence is not that of {NAME}"),
    ("run", (), None, 1, f"{NAME} rests on it; name that with --certificate"),
    ("failed", ("--certificate", "SMIP-000009"), None, 1, "there is no certificate 'SMIP-000009'"),
    ("failed", (), altered, 3, "its octets are not those that were written"),
    ("failed", (), unfinished, 1, "ended early: not complete"),
    ("failed", (), real, 1, "software stood for the device"),
    ("failed", ("--trust", "lab.pem"), None, 2, "--trust and --trust-tsa are for a bundle"),
    ("evidence.zip", ("--trust", "other.pem"), None, 3, "is not judged"),
    ("nowhere", (), None, 3, "there is no ledger here"),
])
def test_no_dispute_is_opened_on_what_does_not_fit(
    house: House, evidence: str, more: tuple[str, ...], before: Callable[[House], None] | None,
    exits: int, said: str
) -> None:
    write_key(house.folder / "other.key")
    if before:
        before(house)
    refused = house.open(evidence, *more, exits=exits)
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert house.dispute("list").stdout == ""


def test_a_resolution_rests_on_a_replay_of_its_own_dispute(house: House) -> None:
    house.open("failed")
    resolve = ("resolve", 3, "--outcome", "bench-fault", "--reason", "x", "--replay")
    house.dispute("replay", "failed", "--case", "ESME-IDY-003", "--out", "other")
    assert "it is of case ESME-IDY-003, the dispute over ESME-IDY-002" in house.dispute(
        *resolve, "other/replay.json", exits=1).stderr
    house.dispute("replay", "run", "--case", CASE, "--out", "elsewhere")
    assert "it is of other evidence" in house.dispute(
        *resolve, "elsewhere/replay.json", exits=1).stderr
    house.dispute("replay", "failed", "--case", CASE, "--out", "own")
    edited = house.folder / "own" / "edited.json"
    edited.write_bytes(
        (house.folder / "own" / "replay.json").read_bytes().replace(b'"fail"', b'"Fail"'))
    assert "it is no replay" in house.dispute(*resolve, "own/edited.json", exits=1).stderr
    assert "there is no dispute 2" in house.dispute(
        "resolve", 2, "--outcome", "upheld", "--reason", "x", exits=1).stderr
    house.dispute("resolve", 3, "--outcome", "upheld", "--reason", "x", "--baseline", "small.yaml",
                  exits=2)
    said = house.dispute(*resolve, "own/replay.json").stdout
    assert "no certificate: the bench was wrong: have the case run again" in said


@pytest.mark.parametrize("wrong", [
    ("--recording", *ON_DEVICE), ON_DEVICE[:2], ("--defect", DEFECT)])
def test_a_replay_is_of_a_device_or_of_a_recording(house: House, wrong: tuple[str, ...]) -> None:
    house.dispute("replay", "failed", "--case", CASE, *wrong, "--out", "again", exits=2)
    assert not (house.folder / "again").exists()


def test_a_plan_erratum_marks_every_certificate_that_the_case_touches(house: House) -> None:
    for name, plan in (("second", "esme/identity.yaml"), ("clock", "esme/clock.yaml"),
                       ("absent", "esme/identity.yaml")):
        (house.folder / f"{name}.yaml").write_text(BASELINE.format(name=name, plan=plan))
        house.call("baseline", "freeze", f"{name}.yaml")
    profile = load_profile(PROFILE)
    with house.register as register:
        day = register.head().at
        for number, name in enumerate(("small", "second", "clock", "absent"), 2):
            digest = file_digest(house.folder / f"{name}.yaml")
            subject = {**{field: getattr(profile.subject, field)
                          for field in profile.subject.__dataclass_fields__},
                       "firmware_version": f"0000000{number}"}
            register.grant(Grant(
                type(profile.subject)(**subject), CertifiedBaseline(name, "2026-01-01", digest, ()),
                Status.COMPLIANT, "identity", f"{number}f" * 32, "North Lab", "Certs plc", "good",
                demonstration=True), at=day)
    house.open("failed")
    house.dispute("replay", "failed", "--case", CASE, "--out", "judged")
    said = house.dispute(
        "resolve", 7, "--outcome", "plan-erratum", "--reason", "the id is not padded", "--replay",
        "judged/replay.json", "--baseline", "small.yaml", "--baseline", "second.yaml",
        "--baseline", "clock.yaml").stdout.splitlines()
    assert said[2:5] == [f"marked: {NAME}", "marked: SMIP-000003", "marked: SMIP-000004"]
    assert said[5].startswith("not known: SMIP-000006: its baseline is not among those given")
    assert len(said) == 6
    with house.register as register:
        marked = {one.id: [entry.content.reason for entry in one.history
                           if entry.kind is EntryKind.MARKED]
                  for one in register.certificates(at="2099-01-01")}
        assert not register.verify()
    reason = "plan erratum in the dispute over a report without a certificate: the id is not padded"
    assert marked == {NAME: [reason], "SMIP-000003": [reason], "SMIP-000004": [reason],
                      "SMIP-000005": [], "SMIP-000006": []}


def test_the_disputed_certificate_is_marked_whatever_baselines_are_given(house: House) -> None:
    house.open("run", "--certificate", NAME, case="ESME-IDY-000-LAST")
    house.dispute("replay", "run", "--case", "ESME-IDY-000-LAST", "--out", "judged")
    said = house.dispute("resolve", 3, "--outcome", "plan-erratum", "--reason", "x", "--replay",
                         "judged/replay.json").stdout
    assert f"marked: {NAME}" in said
    assert "not known" not in said


def test_a_disputed_replay_is_no_report(house: House) -> None:
    house.dispute("replay", "failed", "--case", CASE, "--recording", "--out", "played")
    assert "it is of a replay, not of a test" in house.open("played", exits=1).stderr
