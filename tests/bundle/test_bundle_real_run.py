"""From a run on the emulated meter to a bundle that another organisation can judge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bundled_runs import BASELINE, part_of, take_apart, write_key

MORE = """\
outside:
  - requirements: ["*"]
    reason: this test is about something else
"""


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bench.cli", *arguments], cwd=folder, text=True,
                          capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the evidence of a certifying run, its baseline, and a laboratory's key."""
    made = tmp_path_factory.mktemp("real")
    (made / "small.yaml").write_text(BASELINE.replace("R-CLK-01", "SMETS2/5.7.5.17") + MORE)
    write_key(made / "lab.key")
    assert call(made, "baseline", "freeze", "small.yaml").returncode == 0
    ended = call(made, "certify", "--demonstration", "--dut", "devices/profiles/emulated-esme.yaml",
                 "--rig", "devices/rigs/emulated-esme.yaml", "--baseline", "small.yaml",
                 "--out", "run")
    assert ended.returncode == 0, ended.stderr
    return made


def test_a_run_is_bundled_verified_judged_again_and_redacted(folder: Path) -> None:
    made = call(folder, "bundle", "create", "run", "--key", "lab.key", "--baseline", "small.yaml",
                "-o", "evidence.zip")
    assert made.returncode == 0, made.stderr
    found = call(folder, "verify", "evidence.zip", "--trust", "lab.pem")
    assert (found.returncode, found.stdout.splitlines()[-1]) == (0, "sound")
    judged = call(folder, "rejudge", "evidence.zip", "--trust", "lab.pem")
    assert (judged.returncode, judged.stdout) == (0, "pass 9\n")
    call(folder, "bundle", "redact", "evidence.zip", "--part", "captures/capture.pcapng",
         "-o", "redacted.zip")
    found = call(folder, "verify", "redacted.zip", "--trust", "lab.pem")
    assert "redacted: captures/capture.pcapng, SHA-256 " in found.stdout
    assert (found.returncode, "sound" in found.stdout) == (0, True)
    assert part_of(folder / "redacted.zip", "ledger.jsonl") == \
        (folder / "run" / "ledger.jsonl").read_bytes()
    assert len(take_apart(folder / "evidence.zip")) == 14
