"""``smip-bench certify`` from the plan to the report, on the emulated meter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_folder import EMULATED_RIG, PROFILE, Bench

BASELINE = """\
name: Identity only
date: 2026-01-01
draft: false
device: esme
variant: A
specifications:
  - {name: SMETS2, version: "5"}
plans:
  - esme/identity.yaml
mandatory: [SMETS2/5.7.5.17, SMETS2/5.7.1.2, R-MET-16]
optional: [R-MET-15]
outside:
  - requirements: ["*"]
    reason: a baseline for a test
"""


@pytest.fixture
def baseline(bench: Bench) -> Path:
    path = bench.folder / "baseline.yaml"
    path.write_text(BASELINE, encoding="utf-8")
    assert bench.call("baseline", "freeze", str(path)).returncode == 0
    return path


def certify(bench: Bench, baseline: Path, profile: Path, *more: str) -> Any:
    return bench.call(
        "certify", "--dut", str(profile), "--rig", str(EMULATED_RIG), "--baseline", str(baseline),
        "--out", str(bench.folder / "out"), "-n", "0", *more)


def report(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bench.folder / "out" / "report.json").read_text())
    return found


def test_a_good_device_is_compliant_and_all_files_are_there(
    bench: Bench, baseline: Path
) -> None:
    ran = certify(bench, baseline, PROFILE, "--demonstration")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "DEMONSTRATION: SMIP Compliant" in ran.stdout + ran.stderr
    names = {path.name for path in (bench.folder / "out").iterdir()}
    assert names == {"report.html", "report.json", "junit.xml", "ledger.jsonl", "capture.pcapng"}
    assert report(bench)["decision"]["status"] == "SMIP Compliant"
    assert bench.call("rejudge", str(bench.folder / "out")).returncode == 0
    assert bench.call("verify", str(bench.folder / "out")).returncode == 0


def test_a_device_that_is_not_what_it_declares_is_not_compliant(
    bench: Bench, baseline: Path
) -> None:
    other = bench.folder / "other.yaml"
    other.write_text(
        PROFILE.read_text(encoding="utf-8") + 'emulator: {manufacturer_id: "ABCD"}\n',
        encoding="utf-8")
    ran = certify(bench, baseline, other, "--demonstration")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = report(bench)
    assert found["decision"]["status"] == "none"
    failed = {case["id"] for case in found["cases"] if case["verdict"] == "fail"}
    assert failed == {"ESME-IDY-002"}


def test_the_evidence_of_an_earlier_run_is_kept(bench: Bench, baseline: Path) -> None:
    assert certify(bench, baseline, PROFILE, "--demonstration").returncode == 0
    before = (bench.folder / "out" / "ledger.jsonl").read_bytes()
    assert certify(bench, baseline, PROFILE, "--demonstration").returncode == 2
    assert certify(bench, baseline, PROFILE, "--demonstration", "--again").returncode == 0
    assert (bench.folder / "out.1" / "ledger.jsonl").read_bytes() == before


def test_a_complete_run_is_not_resumed(bench: Bench, baseline: Path) -> None:
    assert certify(bench, baseline, PROFILE, "--demonstration").returncode == 0
    ran = certify(bench, baseline, PROFILE, "--demonstration", "--resume")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "complete" in ran.stdout + ran.stderr


def test_a_baseline_that_forgets_a_requirement_is_told(bench: Bench, baseline: Path) -> None:
    baseline.write_text(BASELINE.partition("outside:")[0], encoding="utf-8")
    ran = certify(bench, baseline, PROFILE, "--demonstration")
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "baseline.yaml" in ran.stdout + ran.stderr


