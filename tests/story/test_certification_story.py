"""From a refused firmware to a certificate, a dispute and a withdrawal: all of it by the commands
that the laboratory, the maker and the certification body give."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from scheme_office import Office

CONDITIONAL = """\
tolerated:
  - issue: EM-17
    requirements: [SMETS2/5.5.12.6, R-VOL-05]
    cases: [ESME-PWR-002]
    text: the restore alert has its times in the wrong order
    owner: SMIP Bench
    review: {review}
imports: {imports}
"""
DELTA = """\
change:
  base: {base}
  changes: [power]
  declared_by: SMIP Bench, engineering
  date: 2026-02-01
  release_notes: notes.txt
imports: {imports}
"""
IMPORTS = """
  - kind: safety
    issuer: Safety House
    number: S-1
    document: safety.pdf
    product: {manufacturer: SMIP Bench, model: EMULATED-ESME-A, hardware_version: "1"}
    tested: 2026-01-10
  - kind: metrology
    issuer: Metrology House
    number: M-1
    document: metrology.pdf
    product: {manufacturer: SMIP Bench, model: EMULATED-ESME-A, firmware_version: "00010000"}
    tool: Meter bench
    tool_version: "2"
    tested: 2026-01-11
    mapping: {reason: measuring is not touched since, by: SMIP Bench, evidence: notes.txt}
"""


EARLIER = ("--earlier", "ruling-v101/ruling.dsse.json", "--register", "register.sqlite",
           "--trust-body", "body.pem")
GATE = ("--register", "register.sqlite", "--demonstration")


def test_a_model_on_its_way_through_the_scheme(tmp_path: Path) -> None:
    office = Office.opened(tmp_path)
    for name in ("safety.pdf", "metrology.pdf", "notes.txt"):
        (tmp_path / name).write_text(name)
    office.register("init", "--keeper", "Certs plc", "--demonstration")
    refused(office)
    partial(office, datetime.now(UTC).date())
    attacked(office)
    full = full_by_delta(office)
    gated_out(office)
    disputed(office, full)
    office.register("withdraw", "SMIP-000002", "--reason", "the issue was found in the field")
    published(office, full)
    edited(office)


def refused(office: Office) -> None:
    """1.0.0 has a defect and is refused."""
    office.firmware("v100", "00010000")
    said = office.tested("v100", "--defect", "tamper-state-ignored", exits=1)
    assert "SMETS2/5.7.4.44 failed: ESME-TAM-002" in said
    said = office.decided("v100", exits=1)
    assert "DEMONSTRATION: none" in said
    assert "its decision is none" in office.granted("v100", exits=1)


def partial(office: Office, today: date) -> None:
    """1.0.1 is partial: an issue that may stand for now, with a plan to cure it."""
    office.firmware("v101", "00010001")
    office.tested("v101", "--defect", "restore-times-swapped", exits=1)
    (office.folder / "v101-dossier.yaml").write_text(CONDITIONAL.format(
        review=today + timedelta(days=90), imports=IMPORTS))
    assert "none" in office.decided("v101", exits=1)
    said = office.decided("v101", "--dossier", "v101-dossier.yaml", exits=1)
    assert "imported metrology M-1: mapped, stands for SEED/S-88" in said
    assert "DEMONSTRATION: partial" in said
    assert "tolerated for this device: EM-17" in said
    said = office.granted("v101")
    assert "SMIP-000002: granted" in said
    assert "rectification plan due by" in said
    office.register("plan", "SMIP-000002", "--summary", "give the times in order", "--owner",
                    "SMIP Bench", "--target", f"{today + timedelta(days=60)}")
    shown = json.loads(office.register("show", "SMIP-000002", "--json"))
    assert [issue["issue"] for issue in shown["issues"]] == ["EM-17"]
    late = json.loads(office.register("show", "SMIP-000002", "--json", "--at",
                                      f"{today + timedelta(days=200)}"))
    assert late["status"] == "suspended"  # no review of the plan was entered


def attacked(office: Office) -> None:
    """What does not hold is refused with the right words, and nothing is entered."""
    folder = office.folder
    before = office.register("verify")
    evidence = (folder / "v101.zip").read_bytes()

    place = evidence.index(b"restore")
    (folder / "v101.zip").write_bytes(
        evidence[:place] + bytes([evidence[place] ^ 1]) + evidence[place + 1:])
    by = ("v101.zip", "--baseline", "baseline.yaml", "-o", "attack")
    assert "altered: " in office.call("decide", *by, "--trust", "lab.pem", exits=3)
    (folder / "v101.zip").write_bytes(evidence)

    assert "unknown key" in office.call("decide", *by, "--trust", "stranger.pem", exits=3)
    (folder / "lab.yaml").write_text("name: North Lab\nnot_after: 2026-01-01\n")
    assert "key not valid" in office.call("decide", *by, "--trust", "lab.pem", exits=3)
    (folder / "lab.yaml").write_text("name: North Lab\n")
    for body, key in (("Certs plc", "lab.key"), ("north  lab", "body.key")):
        assert "does not decide on its own tests" in office.call(
            "decide", *by, "--trust", "lab.pem", "--body", body, "--key", key, exits=3)

    text = (folder / "baseline.yaml").read_text()
    (folder / "baseline.yaml").write_text(text.replace("a story", "an easier story"))
    assert "begun under another baseline" in office.call(
        "decide", *by, "--trust", "lab.pem", exits=1)
    (folder / "baseline.yaml").write_text(text)

    assert "in force for this subject" in office.granted("v101", exits=1)
    office.call("gate", "--profile", "v101.yaml", "--accept-partial", *GATE)
    profile = (folder / "v101.yaml").read_text()
    (folder / "other.yaml").write_text(profile.replace(
        sha256(b"00010001").hexdigest().upper(), "AB" * 32))
    assert "no certificate for firmware 00010001 with image hash ABAB" in office.call(
        "gate", "--profile", "other.yaml", "--accept-partial", *GATE, exits=1)
    assert office.register("verify") == before


def edited(office: Office) -> None:
    """A row that was edited in the database is found before anything rests on it."""
    with closing(sqlite3.connect(office.folder / "register.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER register_entry_stays_update")
        connection.execute("UPDATE register_entry SET content = replace(content, 'withdrawn', "
                           "'granted'), kind = 'granted' WHERE kind = 'withdrawn'")
    assert "altered: entry" in office.register("verify", exits=1)
    assert "the register was altered" in office.call(
        "gate", "--profile", "v110.yaml", *GATE, exits=3)


def full_by_delta(office: Office) -> str:
    """1.1.0 is full, by delta certification and with two imported certificates."""
    office.firmware("v110", "00010100")
    (office.folder / "v110-dossier.yaml").write_text(DELTA.format(
        base="SMIP-000002", imports=IMPORTS))
    said = office.call("delta", "v110-dossier.yaml", *EARLIER, "--baseline", "baseline.yaml",
                       "--dut", "v110.yaml", "--rig", "devices/rigs/emulated-esme.yaml",
                       "-o", "delta.json")
    assert "6 carried over from SMIP-000002" in said
    office.tested("v110", "--delta", "delta.json", exits=1)  # the run alone is not the whole
    said = office.decided("v110", "--dossier", "v110-dossier.yaml", *EARLIER)
    assert "DEMONSTRATION: SMIP Compliant" in said
    assert "6 of 28 cases are carried over on the ground of SMIP-000002" in said
    said = office.granted("v110", "--supersedes", "SMIP-000002", "--upgradable-from", "00010001")
    full = said.split(":")[0]
    assert full in office.call("gate", "--profile", "v110.yaml", *GATE)
    return full


def gated_out(office: Office) -> None:
    """1.1.1 is a regression, and no certificate lets it out."""
    office.firmware("v111", "00010101")
    office.tested("v111", "--defect", "wrong-variant", exits=1)
    said = office.call("compare", "v110.zip", "v111.zip", "--trust", "lab.pem", "--anyway", exits=1)
    assert "ESME-IDY-003" in said
    said = office.call("gate", "--profile", "v111.yaml", *GATE, exits=1)
    assert "no certificate for firmware 00010101" in said


def disputed(office: Office, certificate: str) -> None:
    """A supplier doubts a PASS of the certificate; the device shows it again: upheld."""
    case = ("--case", "ESME-PWR-002")
    said = office.call(
        "dispute", "open", "v110.zip", *case, "--certificate", certificate, "--trust", "lab.pem",
        "--register", "register.sqlite", "--by", "A supplier", "--reason", "the times seem swapped")
    number = next(word for word in said.split() if word.rstrip(":,").isdigit()).rstrip(":,")
    replay = ("dispute", "replay", "v110.zip", *case, "--trust", "lab.pem")
    office.call(*replay, "--recording", "--out", "played")
    office.call(*replay, "--dut", "v110.yaml", "--rig", "devices/rigs/emulated-esme.yaml",
                "--out", "replay")
    assert "fail" in office.call(
        *replay, "--dut", "v110.yaml", "--rig", "devices/rigs/emulated-esme.yaml",
        "--defect", "restore-times-swapped", "--out", "other", exits=1)
    page = (office.folder / "other" / "replay.html").read_text(encoding="utf-8")
    assert "ESME-PWR-002" in page
    office.call("dispute", "resolve", number, "--outcome", "upheld", "--reason", "seen again",
                "--replay", "replay/replay.json", "--register", "register.sqlite")
    shown = json.loads(office.register("show", certificate, "--json"))
    assert [one["resolution"]["outcome"] for one in shown["disputes"]] == ["upheld"]


def published(office: Office, full: str) -> None:
    """The register and its site show it all."""
    assert office.register("verify").startswith("intact: ")
    office.register("export", "--site", "site", "--json", "register.json")
    page = (office.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert full in page
    held = {one["id"]: one["status"]
            for one in json.loads((office.folder / "register.json").read_text())["certificates"]}
    assert held == {"SMIP-000002": "withdrawn", full: "granted"}
    own = next((office.folder / "site").rglob(f"{full}.html")).read_text(encoding="utf-8")
    assert "upheld" in own
