"""A finished run in a folder, laboratory keys, and archives taken apart and put together anew."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from recorded_runs import clock, events, frozen_plan
from securesystemslib.signer import Signer

from bench.bundle import TrustedKey, TrustStore, Verification, create_bundle, read_signer
from bench.bundle.archive import ArchiveWriter
from bench.bundle.verification import verify_bundle
from bench.ledger import Ledger, read_events, read_ledger, write_capture
from bench.records.answers import Answers
from bench.records.decision import Decision, Outcome, Status
from bench.runner.rejudge import judge_run
from bench.scheme.baseline_file import file_digest
from reports import render

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BASELINE = """\
name: small
date: 2026-01-01
draft: false
device: esme
specifications: [{name: SMETS2, version: "5.1"}]
plans: [esme/identity.yaml]
mandatory: [R-CLK-01]
"""
Split = tuple[str, bytes]


def write_run(folder: Path, *, leave_out: str = "",
              ixit: Mapping[str, object] | None = None) -> Path:
    """Write the ledger, capture and reports of a run in which ESME-2 fails; return its folder."""
    folder.mkdir(parents=True)
    baseline = folder.parent / "small.yaml"
    baseline.write_text(BASELINE)
    names = [name for name in ("ESME-1", "ESME-2") if name != leave_out]
    plan = replace(frozen_plan("ESME-1", "ESME-2"), baseline="small (2026-01-01)",
                   baseline_digest=file_digest(baseline),
                   answers=Answers({"alcs": False}, dict(ixit or {"timeout": 5})))
    with Ledger.create(folder, plan, clock) as ledger:
        for name in names:
            for event in events(name, "refused" if name == "ESME-2" else "success"):
                ledger.append(event)
        capture = write_capture(read_events(folder), folder / "capture.pcapng")
        ledger.end(complete=True, captures=(capture,))
    write_reports(folder)
    return folder


def write_reports(folder: Path) -> None:
    run = read_ledger(folder)
    outcome = Outcome(
        subject=run.plan.subject, mode=run.plan.mode, demonstration=True,
        baseline=run.plan.baseline, decision=Decision(Status.NONE, "", ("made up",)),
        requirements=(), results=judge_run(run), ledger_hash=run.hash, started=run.started,
        ended=run.events[-1].time, tools=run.plan.tools)
    render(outcome, requirements={}, cases={item.case.id: item.case for item in run.plan.selected},
           events=run.events, folder=folder)


def write_key(file: Path, key: ec.EllipticCurvePrivateKey | None = None,
              password: bytes = b"") -> Path:
    """Write a private key, owner only, and its public half beside it as ``.pem``."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    hidden: KeySerializationEncryption = \
        BestAvailableEncryption(password) if password else NoEncryption()
    file.touch(0o600)
    file.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    file.with_suffix(".pem").write_bytes(made.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


def no_password() -> str:
    raise AssertionError("no password was to be asked for")


@dataclass(frozen=True)
class Laboratory:
    """A folder with a run in ``run``, a signing key and the bundle made with them."""

    folder: Path
    signer: Signer
    trust: TrustStore

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def bundle(self) -> Path:
        return self.folder / "evidence.zip"

    @property
    def baseline(self) -> Path:
        return self.folder / "small.yaml"

    def create(self, name: str = "evidence.zip", signer: Signer | None = None,
               now: datetime = NOW) -> Verification:
        return create_bundle(self.run, self.folder / name, signer or self.signer,
                             judge=judge_run, now=now, baselines=(self.baseline,))

    def verify(self, path: Path | None = None, now: datetime = NOW) -> Verification:
        return verify_bundle(path or self.bundle, self.trust, now)

    def altered(self, change: Callable[[list[Split]], Sequence[Split]],
                name: str = "altered.zip") -> Path:
        """Write the bundle anew with its parts changed, in the form that a bundle has."""
        path = self.folder / name
        put_together(path, change(take_apart(self.bundle)))
        return path


def laboratory(folder: Path, **validity: datetime) -> Laboratory:
    write_run(folder / "run")
    signer = read_signer(write_key(folder / "lab.key"), no_password)
    return Laboratory(folder, signer, TrustStore([TrustedKey("Lab", signer.public_key,
                                                             **validity)]))


def take_apart(path: Path) -> list[Split]:
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def put_together(path: Path, parts: Sequence[Split]) -> None:
    with path.open("wb") as stream:
        writer = ArchiveWriter(stream)
        for name, octets in parts:
            writer.add(name, [octets])
        writer.end()


def replaced(name: str, octets: bytes) -> Callable[[list[Split]], list[Split]]:
    return lambda parts: [(part, octets if part == name else old) for part, old in parts]


def part_of(path: Path, name: str) -> bytes:
    return dict(take_apart(path))[name]


def said(found: Verification) -> list[str]:
    return [str(finding) for finding in found.findings]


def stored_verdict(path: Path, case: str) -> str:
    cases = json.loads(part_of(path, "verdicts.json"))["cases"]
    return str({entry["id"]: entry["verdict"] for entry in cases}[case])


def directory_start(octets: bytes) -> int:
    return int(struct.unpack("<I", octets[-6:-2])[0])
