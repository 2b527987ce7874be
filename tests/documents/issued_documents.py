"""A laboratory, a certification body, a run, a ruling and a register's certificate to print."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from bench.records.assurance import (
    Attached,
    Attestation,
    Exemption,
    ImportedResult,
    ImportKind,
    Match,
    RuledCase,
    RuledImport,
    RuledRun,
    Ruling,
    Tolerance,
    VersionMapping,
)
from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.event import Event
from bench.records.issued import (
    Accreditation,
    BodyDeclaration,
    Organisation,
    ReportDeclaration,
    Sample,
    Signatory,
)
from bench.records.plan import Expectation, Link, Step, TestCase
from bench.records.register import Certificate, CertifiedBaseline, Grant, RegisterHead
from bench.records.requirement import Provenance, Requirement
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict
from bench.register import Register
from reports.documents.report import Method, report_pdf
from reports.evidence import gather

NOW = datetime.datetime(2026, 3, 6, 12, 0, tzinfo=datetime.UTC)
SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000",
                  "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", "A")
BASELINE = CertifiedBaseline("SMETS2 ESME", "2026-01-15", "b7" * 32,
                             (("SMETS2", "5"), ("GBCS", "4.0")))
LABORATORY = Organisation(
    "North Lab", ("1 Quay Street", "Leith EH6 6AA"), "reports@north.example",
    Accreditation("UKAS", "1234", "conformance of smart metering equipment"))
DECLARATION = ReportDeclaration(
    number="NML-2026-0042", issued="2026-03-05", laboratory=LABORATORY,
    customer=Organisation("Example Meters Ltd", ("2 Mill Lane", "Derby DE1 1AA")),
    signatory=Signatory("Dr A. Tester", "head of the laboratory"),
    place="permanent laboratory, room 3",
    samples=(Sample("00012345", "new, sealed", "2026-02-27"),),
    deviations=("case ESME-7 was run twice, by request",),
    environment=("23 °C ± 2 °C",), opinions=("the display could be larger",))
BODY = BodyDeclaration(
    Organisation("Certs plc", ("3 High Street", "London EC1A 1AA"), "",
                 Accreditation("UKAS", "0042", "product certification")),
    Signatory("B. Decider", "certification manager"))
METHOD = Method("b7" * 32, "c8" * 32, {"rig": "bench-serial", "ports": {
    "gbcs": {"adapter": "serial", "line": "/dev/ttyUSB0"}}}, {"prepayment": True})
ISSUE = Tolerance("TI-7", ("SMETS2/5.6.1",), "the log shows UTC", "Example Meters Ltd",
                  "2026-09-01")
DOCUMENT = Attached("x.pdf", "d9" * 32)
IMPORT = RuledImport(
    ImportedResult(ImportKind.DLMS_UA, "DLMS UA", "DLMS-1234", {"model": "EM-100"}, "2025-11-02",
                   DOCUMENT, mapping=VersionMapping("only the display", "Example Meters",
                                                    DOCUMENT)),
    Match.MAPPED, ("R-DLM-01",), "")
FATES = (*[(Verdict.PASS, Disposition.SELECTED)] * 7, (Verdict.FAIL, Disposition.SELECTED),
         (Verdict.NONE, Disposition.NOT_TESTABLE), (Verdict.ERROR, Disposition.SELECTED))


@dataclass(frozen=True)
class Printed:
    """The arguments of :func:`reports.documents.report.report_pdf`."""

    outcome: Outcome
    requirements: dict[str, Requirement]
    cases: dict[str, TestCase]
    events: list[Event]

    def pdf(self, declaration: ReportDeclaration = DECLARATION, **more: object) -> bytes:
        shown = gather(self.outcome, self.cases, self.events)
        return report_pdf(self.outcome, declaration, METHOD, requirements=self.requirements,
                          shown=shown, **more)


def made_up(count: int = 20, *, text: Callable[[str], str] = str,
            demonstration: bool = False) -> Printed:
    """A run of ``count`` cases on five requirements; ``text`` changes each text of it."""
    requirements = {f"SMETS2/5.6.{n}": Requirement(
        f"SMETS2/5.6.{n}", "SMETS2", "5.0", f"5.6.{n}", text(f"The meter keeps value {n}."),
        ("ESME",), "functional", "mandatory", "2", Provenance.READ, "source")
        for n in range(1, 6)}
    cases, results, events = {}, [], []
    for number in range(count):
        id_, requirement = f"ESME-{number:04d}", f"SMETS2/5.6.{number % 5 + 1}"
        verdict, disposition = FATES[number % len(FATES)]
        step = Step("send", "gbcs", {}, (Expectation(text("result == 'ok'"), (requirement,)),))
        cases[id_] = TestCase(
            id_, text(("clock", "supply")[number % 2]), "esme", "esme", ("gbcs",),
            (Link(requirement, ""),), (), (step,), (), ("defect",), policy="smwan")
        cases[id_] = replace(cases[id_], purpose=text(f"Purpose {number}"))
        reason = text(f"reason {number}")
        if verdict is Verdict.NONE:
            results.append(CaseResult(id_, verdict, disposition, reason))
            continue
        events.append(Event("observation", id_, 1, "2026-03-01T10:00:00Z", {
            "phase": "body", "step": 0, "observation": {"result": text("bad")}, "frames": [
                {"direction": "received", "octets": "DD" * 200, "time": "t"}]}, len(events)))
        finding = Finding("body", 0, text("result == 'ok'"), verdict, reason, (requirement,),
                          {"result": text("bad")})
        results.append(CaseResult(id_, verdict, disposition, reason, (finding,), 1,
                                  (events[-1].sequence,)))
    standings = tuple(
        RequirementStanding(id_, Standing.FAILED if id_.endswith("3") else Standing.PASSED, True,
                            text("because"), tuple(c for c in cases
                                                   if cases[c].requirements == (id_,)))
        for id_ in requirements)
    outcome = Outcome(
        SUBJECT, "certify", demonstration, "SMETS2 ESME (2026-01-15)",
        Decision(Status.NONE, "", (text("SMETS2/5.6.3 failed"),)), standings, tuple(results),
        "1E" * 32, "2026-03-01T10:00:00Z", "2026-03-02T11:00:00Z", (("smip-bench", "0.1.0"),))
    return Printed(outcome, requirements, cases, events)


def grant(**changes: object) -> Grant:
    """A full certificate with a condition and upgradable versions."""
    return replace(Grant(
        SUBJECT, BASELINE, Status.COMPLIANT, "all mandatory requirements", "1e" * 32, "North Lab",
        "Certs plc", "decided on the report", ("hubs of CHTS 1.4 or later",),
        ("0000FF00", "0000FF01"), "b2" * 32), **changes)


def ruling(granted: Grant, **changes: object) -> Ruling:
    """The ruling that a certificate was granted on."""
    return replace(Ruling(
        granted.subject, granted.baseline, "certify", granted.demonstration, "2026-03-02",
        Decision(granted.decision, granted.scope, ()), (),
        tuple(RuledCase(f"ESME-{n}", "f", ("SMETS2/5.6.1",), Standing.PASSED, "",
                        carried_from="SMIP-000001" if n < 3 else "") for n in range(9)),
        (RuledRun("North Lab", "a1" * 32, "b2" * 32, "1e" * 32, "2026-03-01T10:00:00Z",
                  "2026-03-01T12:00:00Z", "certify", (), 9),),
        (IMPORT,),
        (Attestation(("R-DOC-01",), "the manual is in English", "Example Meters Ltd",
                     "2026-02-02", DOCUMENT),),
        (Exemption(("SMETS2/5.9.1",), "no auxiliary load switch", "Certs plc", "2027-01-01"),),
        (ISSUE,), bench="0.1.0"), **changes)


def certified(
    place: Path, granted: Grant, change: Callable[[Register, str], object] | None = None,
    at: str = "2026-03-05",
) -> tuple[Certificate, RegisterHead]:
    """Enter a grant into a register of its own, change it, and look it up on the day ``at``."""
    with Register.create(place, keeper="Certs plc", at="2026-03-01",
                         demonstration=granted.demonstration) as register:
        name = register.grant(granted, at="2026-03-02").id
        if change:
            change(register, name)
        return register.certificate(name, at=at), register.head()


def key_pair(folder: Path, name: str, *, kind: str = "p256", password: bytes = b"",
             common_name: str = "B. Decider", days: int = 30) -> tuple[Path, Path]:
    """Write a self-signed certificate of ``name`` and its private key, mode 600."""
    key = (ed25519.Ed25519PrivateKey.generate() if kind == "ed25519"
           else ec.generate_private_key(ec.SECP384R1() if kind == "p384" else ec.SECP256R1()))
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                         x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(7)
            .not_valid_before(NOW - datetime.timedelta(days))
            .not_valid_after(NOW + datetime.timedelta(days))
            .sign(key, None if kind == "ed25519" else hashes.SHA256()))
    stem = "".join(filter(str.isalnum, name + kind))
    certificate, private = folder / f"{stem}.pem", folder / f"{stem}.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.touch(0o600)
    private.write_bytes(key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8,
        BestAvailableEncryption(password) if password else NoEncryption()))
    return certificate, private


def tool(name: str, *arguments: object) -> str:
    """Return what a program of Debian's says; skip where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH")
    done = subprocess.run([found, *map(str, arguments)], capture_output=True, check=False,
                          timeout=60)
    return done.stdout.decode("utf-8", "replace")


def pages(pdf: bytes, folder: Path) -> list[str]:
    """Return the text of each page, as poppler reads it, places to break left out."""
    file = folder / "pages.pdf"
    file.write_bytes(pdf)
    text = tool("pdftotext", "-layout", file, "-").replace("\u200b", "")
    return text.split("\f")[:-1]
