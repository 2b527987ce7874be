"""A planned case against a bare parametrised pytest test, beyond the case's I/O.

Both run under the same pytest with the same options, in processes of their own: sessions of two
sizes, of which the difference, divided by the difference of the sizes, is the cost of one more
case; what a session costs once (start, collection of the file, opening of the rig) falls out.
Measured is processor time, so waiting for the disk or a line is not in it; what the adapter itself
uses is subtracted. All else that the bench does for a case stays in: reading its row, freezing the
plan, resolving, the step, judging, hashing and writing the ledger, the capture.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.resources import resolve
from benchmarks.measure import Result, Target, alternate
from devices import pki

REPOSITORY = Path(__file__).resolve().parents[1]
OPTIONS = ("-qq", "-p", "no:cacheprovider", "-c", "pytest.ini", "--rootdir", ".")

BARE = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test(number):
    assert number >= 0
"""
PLAN = """
group: ESME-CLK
title: Clock
device: esme
cases:
  - id: ESME-CLK-001-${{row.number}}
    purpose: The bench can do case ${{row.number}}
    for_each: {{rows: [{rows}]}}
    verifies: [R-CLK-01]
    ports: [{port}]
    steps:
      - {step}
    bite: [clock-never-corrected]
"""
RIG = """
rig: instant
serves: esme
ports:
  gbcs: {{adapter: instant, keys: {keys}}}
  time: {{adapter: instant, keys: {keys}}}
"""
STEPS = {
    "time": "{read_reference: {}, expect: reference > 0}",
    "gbcs": "{send: {use_case: ECS52}, expect: result == 'success'}",
}
HOW = ("processor time of one more case in a pytest session (difference of two session sizes), "
       "less what the adapter used, against one more parametrised test under the same options; "
       "sessions in processes of their own, in turn; {what}; cost of ours divided by cost of the "
       "bare test")


def run(quick: bool) -> Iterator[Result]:
    """Yield the result for a step without cryptography, which has the target, and one with."""
    for name, port, what, target in (
        ("planned case", "time", "a step, its observation and one expectation",
         Target("at most", 2)),
        ("planned case with a message exchange", "gbcs",
         "a command built and protected, its response checked and decoded", None),
    )[:1 if quick else 2]:
        with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as made:
            yield _compare(Result(name, None, target, HOW.format(what=what)), Path(made), port,
                           quick)


def _compare(result: Result, folder: Path, port: str, quick: bool) -> Result:
    small, large = (0, 2) if quick else (200, 2000)  # 0: no session of that size is run
    _prepare(folder)
    for count in filter(None, (small, large)):
        rows = ", ".join(f"{{number: {number}}}" for number in range(count))
        (folder / f"test_{count}.py").write_text(BARE.format(count=count))
        (folder / f"plan_{count}.yaml").write_text(
            PLAN.format(rows=rows, port=port, step=STEPS[port]))
    sides = {f"{kind} {count}": partial(_session, folder, kind, count)
             for count in filter(None, (small, large)) for kind in ("ours", "bare")}
    rounds = alternate(sides, 1 if quick else 5, warm=False)
    once = {kind: rounds.median(f"{kind} {small}") if small else 0 for kind in ("ours", "bare")}
    costs = {kind: (rounds.median(f"{kind} {large}") - start) / (large - small)
             for kind, start in once.items()}
    return Result(
        result.name, costs["ours"] / costs["bare"], result.target, result.how,
        f"{costs['ours'] * 1e6:.0f} us a case, bare test {costs['bare'] * 1e6:.0f} us; sessions of "
        f"{small} and {large}")


def _prepare(folder: Path) -> None:
    """Write what every session needs: settings, keys, profile, rig, the adapter's entry point."""
    keys = folder / "keys"
    pki.init(keys)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "rig.yaml").write_text(RIG.format(keys=keys))
    profile = resolve("devices/profiles/emulated-esme.yaml").read_text("utf-8")
    (folder / "profile.yaml").write_text(profile.replace("\nixit:", "\nixit:\n  keys: keys"))
    named = folder / "instant-0.dist-info"
    named.mkdir()
    (named / "METADATA").write_text("Metadata-Version: 2.1\nName: instant\nVersion: 0\n")
    (named / "entry_points.txt").write_text(
        "[smip_bench.devices]\ninstant = benchmarks.instant:Instant\n")


def _session(folder: Path, kind: str, count: int) -> float:
    """Return the processor time of one session, less the adapter's."""
    with tempfile.TemporaryDirectory(dir=folder) as evidence:
        arguments = [f"test_{count}.py"] if kind == "bare" else [
            f"plan_{count}.yaml", "--dut", "profile.yaml", "--rig", "rig.yaml",
            "--evidence", evidence]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join((str(folder), str(REPOSITORY))))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.session", *arguments, *OPTIONS], cwd=folder,
            env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a session of {kind} failed:\n{done.stdout}{done.stderr}")
    took = json.loads(done.stdout.splitlines()[-1])
    return float(took["session"] - took["adapter"])
