"""``smip-bench compare`` and ``summary`` on real runs of the emulated meter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bench_folder import EMULATED_RIG, PROFILE, Bench
from emulated_runs import emulated_run

from bench.ledger import Ledger, read_ledger
from bench.runner.clock import utc_now

DEFECT, CASE, REQUIREMENTS = (
    "wrong-manufacturer-id", "ESME-IDY-002", {"R-MET-15", "SMETS2/5.7.1.2"})


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "good": emulated_run(folder / "good", None, "00000001"),
        "bad": emulated_run(folder / "bad", DEFECT, "00000002"),
        "good again": emulated_run(folder / "again", None, "00000003"),
    }


Altered = Callable[[str, Callable[[dict], None]], Path]


@pytest.fixture
def altered(runs: dict[str, Path], tmp_path: Path) -> Altered:
    """Return a function that stores a run anew, its frozen plan changed."""

    def store(name: str, change: Callable[[dict], None]) -> Path:
        from bench.records.run import FrozenPlan
        from bench.records.serial import from_json, to_json

        contents = read_ledger(runs[name])
        plan = to_json(contents.plan)
        change(plan)
        with Ledger.create(tmp_path / "altered", from_json(FrozenPlan, plan), utc_now) as ledger:
            for event in contents.events:
                if event.case:
                    ledger.append(event)
            ledger.end(complete=True)
        return tmp_path / "altered"

    return store


def test_a_defect_switched_on_is_a_regression(bench: Bench, runs: dict[str, Path]) -> None:
    ended = bench.call("compare", str(runs["good"]), str(runs["bad"]))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"  {CASE}: pass -> fail: body step 1 (send): expected" in ended.stdout
    for requirement in REQUIREMENTS:
        assert f"  {requirement}: pass -> fail ({CASE})" in ended.stdout


def test_a_defect_switched_off_is_a_cure(bench: Bench, runs: dict[str, Path]) -> None:
    ended = bench.call("compare", str(runs["bad"]), str(runs["good again"]), "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout)
    assert found["answer"] == "same or better"
    assert [(one["id"], one["change"]) for one in found["cases"]] == [(CASE, "cure")]
    assert {one["id"] for one in found["requirements"]} == REQUIREMENTS
    assert {one["change"] for one in found["requirements"]} == {"cure"}
    assert (found["compared"], found["unchanged"]) == (9, 8)


def test_no_change_is_the_same(bench: Bench, runs: dict[str, Path]) -> None:
    ended = bench.call("compare", str(runs["good"]), str(runs["good again"]))
    assert ended.returncode == 0
    assert "same or better: 9 cases with a verdict in both, 9 pass in both" in ended.stdout
    assert bench.call("compare", str(runs["bad"]), str(runs["bad"])).returncode == 0


def test_the_page_of_a_comparison(bench: Bench, runs: dict[str, Path]) -> None:
    bench.call("compare", str(runs["good"]), str(runs["bad"]), "--markdown", "changes.md")
    text = (bench.folder / "changes.md").read_text()
    assert text.startswith("# Regression\n")
    assert f"- `{CASE}`: pass to fail" in text
    assert "| regression | 2 | 1 |" in text


def test_another_plan_is_not_comparable(
    bench: Bench, runs: dict[str, Path], altered: Altered
) -> None:
    def other(plan: dict) -> None:
        plan["selected"][1]["case"]["fingerprint"] = "0" * 16
        plan["answers"]["ics"]["boost"] = True

    folder = altered("bad", other)
    ended = bench.call("compare", str(runs["good"]), str(folder))
    assert ended.returncode == 2
    name = read_ledger(folder).plan.selected[1].case.id
    assert f"  case {name}: " in ended.stdout
    assert "  ICS boost: False -> True" in ended.stdout
    assert "regression" not in ended.stdout
    ended = bench.call("compare", str(runs["good"]), str(folder), "--anyway")
    assert ended.returncode == 1
    assert "regression: 8 cases with a verdict in both" in ended.stdout


def test_a_run_without_all_verdicts_is_incomplete(
    bench: Bench, runs: dict[str, Path], tmp_path: Path
) -> None:
    contents = read_ledger(runs["good again"])
    last = contents.plan.selected[-1].case.id
    with Ledger.create(tmp_path / "early", contents.plan, utc_now) as ledger:
        for event in contents.events:
            if event.case and event.case != last:
                ledger.append(event)
    ended = bench.call("compare", str(runs["good"]), str(tmp_path / "early"))
    assert ended.returncode == 3, ended.stdout
    assert f"  {last}: pass -> not run" in ended.stdout
    assert "note: the new run ended early" in ended.stdout


def test_altered_evidence_is_not_compared(
    bench: Bench, runs: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "forged"
    shutil.copytree(runs["bad"], folder)
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"41424344", b"30303030"))
    path.write_bytes(path.read_bytes().replace(b'"attempt":1', b'"attempt":2', 1))
    ended = bench.call("compare", str(runs["good"]), str(folder))
    assert ended.returncode == 3
    assert "its octets are not those that were written" in ended.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000])
def test_what_is_no_report_is_told(bench: Bench, runs: dict[str, Path], text: str) -> None:
    (bench.folder / "report.json").write_text(text)
    ended = bench.call("compare", "report.json", str(runs["good"]))
    assert ended.returncode == 3
    assert "report.json: it is no report that can be compared" in ended.stderr


def test_certified_runs_and_their_reports_compare(bench: Bench) -> None:
    from test_certify_command import BASELINE

    (bench.folder / "baseline.yaml").write_text(BASELINE)
    assert bench.call("baseline", "freeze", "baseline.yaml").returncode == 0
    newer = bench.folder / "newer.yaml"
    text = PROFILE.read_text(encoding="utf-8").replace('"00000001"', '"00000002"')
    newer.write_text(text + 'emulator: {manufacturer_id: "ABCD"}\n', encoding="utf-8")
    for name, profile, status in (("one", PROFILE, 0), ("two", newer, 1)):
        ended = bench.call(
            "certify", "--dut", str(profile), "--rig", str(EMULATED_RIG), "--baseline",
            "baseline.yaml", "--out", name, "-n", "0", "--demonstration")
        assert ended.returncode == status, ended.stderr
    assert bench.call("compare", "one", "two").returncode == 1
    assert bench.call("compare", "one/report.json", "two/report.json").returncode == 2
    ended = bench.call("compare", "one/report.json", "two/report.json", "--anyway")
    assert ended.returncode == 1
    assert f"  {CASE}: pass -> fail" in ended.stdout
    assert "--anyway" not in ended.stdout
    ended = bench.call("summary", "one")
    assert ended.returncode == 0
    assert ended.stdout.startswith("# DEMONSTRATION: SMIP Compliant\n")
    assert bench.call("summary", "two").stdout.startswith(
        "# DEMONSTRATION: Not SMIP Compliant\n")
    (bench.folder / "one" / "report.json").unlink()
    assert "nothing was decided" in bench.call("summary", "one").stdout
    (bench.folder / "known.yaml").write_text("expected_failures: []")
    ended = bench.call("summary", "two", "--expected", "known.yaml")
    assert ended.returncode == 2
    assert "expected failures are for the mode ci; this is certify" in ended.stderr


def test_a_signed_bundle_is_compared_like_its_run(
    bench: Bench, runs: dict[str, Path], tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    from bench.bundle import create_bundle, read_signer
    from bench.runner.rejudge import judge_run

    for name in ("laboratory", "other"):
        key = ec.generate_private_key(ec.SECP256R1())
        secret = tmp_path / f"{name}.key"
        secret.touch(mode=0o600)
        secret.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8,
                                             form.NoEncryption()))
        (tmp_path / f"{name}.pem").write_bytes(key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
    bundle = tmp_path / "good.bundle"
    create_bundle(runs["good"], bundle, read_signer(tmp_path / "laboratory.key", lambda: ""),
                  judge=judge_run, now=utc_now())
    ask = ("compare", str(bundle), str(runs["bad"]))
    ended = bench.call(*ask)
    assert ended.returncode == 1, ended.stderr
    assert f"  {CASE}: pass -> fail" in ended.stdout
    assert "whose it is was not asked" in ended.stderr
    ended = bench.call(*ask, "--trust", str(tmp_path / "laboratory.pem"))
    assert (ended.returncode, ended.stderr) == (1, "")
    assert bench.call(*ask, "--trust", str(tmp_path / "other.pem")).returncode == 3
    octets = bytearray(bundle.read_bytes())
    octets[len(octets) // 2] ^= 1
    bundle.write_bytes(octets)
    assert bench.call(*ask).returncode == 3


def test_what_both_runs_left_out_by_choice_is_counted(bench: Bench) -> None:
    for name in ("one", "two"):
        assert bench.run("-k", "RUN-002").returncode == 0
        bench.out.rename(bench.folder / name)
    ended = bench.call("compare", "one", "two")
    assert ended.returncode == 0, ended.stdout
    assert "same or better: 1 cases with a verdict in both, 1 pass in both, 4 left out of both" \
        in ended.stdout
    assert "note: both runs are of the same firmware" in ended.stdout
    assert bench.run().returncode == 1
    ended = bench.call("compare", "one", "out")
    assert ended.returncode == 3
    assert "  RUN-000: not run -> pass" in ended.stdout
