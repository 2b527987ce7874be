"""Every benchmark runs to its end; how fast anything is, no test asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = {"verify": 3, "reference": 11, "access": 2, "dlms": 16, "planned-case": 1, "report": 3,
           "ledger": 2, "bundle": 3, "register": 2}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, text=True,
                          capture_output=True, check=False)


@pytest.mark.parametrize("name", RESULTS)
def test_a_benchmark_says_what_it_found_and_how_and_exits_with_zero(name: str) -> None:
    done = run("--quick", name)
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("ratio", "target", "how"):
        assert done.stdout.count(f"\n  {said} ") == RESULTS[name]


def test_without_the_reference_data_nothing_is_measured_and_the_reason_is_said() -> None:
    without = ("from pathlib import Path; from benchmarks import __main__, reference; "
               "reference.FOLDER = Path('absent'); raise SystemExit(__main__.main())")
    done = subprocess.run([sys.executable, "-c", without, "--quick", "reference"], cwd=ROOT,
                          text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said.count("  ratio   not measured") == RESULTS["reference"]
    assert sum("the reference test data set is not" in line for line in said) \
        == RESULTS["reference"]


def test_an_unknown_benchmark_is_refused_with_the_names_that_there_are() -> None:
    done = run("fastest")
    assert done.returncode == 2
    assert all(name in done.stderr for name in RESULTS)


def test_only_peers_that_run_as_their_own_process_import_gurux() -> None:
    sources = [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("bench/**/*.py"),
               *ROOT.glob("devices/**/*.py"), *ROOT.glob("reports/**/*.py")]
    importing = {file.name for file in sources
                 if "import gurux" in (text := file.read_text("utf-8")) or "from gurux" in text}
    assert importing == {"gurux_peer.py", "dlms_gurux_peer.py"}
    assert not any("gurux_peer import" in file.read_text("utf-8") for file in sources)
