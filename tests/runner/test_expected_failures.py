"""``smip-bench run --mode ci``: what it leaves for a job page, and failures that are known."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench_folder import Bench

KNOWN = """\
expected_failures:
  - {{case: {case}, reason: not done yet, owner: firmware team, review: {review}}}
"""


def known(bench: Bench, case: str = "RUN-003", review: str = "2099-12-31") -> str:
    (bench.folder / "known.yaml").write_text(KNOWN.format(case=case, review=review))
    return "known.yaml"


def test_a_run_in_the_mode_ci_leaves_its_pages(bench: Bench) -> None:
    ended = bench.run("--mode", "ci")
    assert ended.returncode == 1
    summary = (bench.out / "summary.md").read_text()
    assert summary.startswith("# 1 of 5 planned cases not good\n")
    assert "- **FAIL** `RUN-003`" in summary
    assert "`result == 'failure'`" in summary
    suite = ET.parse(bench.out / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    assert bench.call("summary", "out").stdout == summary


def test_another_mode_leaves_none(bench: Bench) -> None:
    assert bench.run().returncode == 1
    assert not (bench.out / "summary.md").exists()


def test_a_failure_that_is_expected_does_not_break_the_run(bench: Bench) -> None:
    ended = bench.run("--mode", "ci", "--expected", known(bench))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ("EXPECTED      RUN-003: not done yet (firmware team, review by 2099-12-31)"
            in ended.stdout)
    assert "FAIL          RUN-003" not in ended.stdout
    assert "5 cases: 4 pass, 1 fail" in ended.stdout
    suite = ET.parse(bench.out / "junit.xml").getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert (bench.out / "summary.md").read_text() == bench.call(
        "summary", "out", "--expected", "known.yaml").stdout
    assert bench.call("rejudge", "out").stdout.startswith("fail 1")  # the evidence says so still


def test_a_failure_that_no_longer_happens_is_told(bench: Bench) -> None:
    bench.edit(bench.plan, "result == 'failure'", "result == 'success'")
    ended = bench.run("--mode", "ci", "--expected", known(bench))
    assert ended.returncode == 1
    assert "CURED         RUN-003: not done yet" in ended.stdout
    assert "no longer happen" in (bench.out / "summary.md").read_text()
    bench.out.rename(bench.folder / "first")
    assert bench.run("--mode", "ci", "--expected", known(bench),
                     "--allow-cured").returncode == 0


def test_another_failure_still_breaks_the_run(bench: Bench) -> None:
    bench.edit(bench.plan, "The device answers once more", "Another")
    text = bench.plan.read_text().replace("result == 'success'", "result == 'refused'")
    bench.plan.write_text(text)
    ended = bench.run("--mode", "ci", "--expected", known(bench))
    assert ended.returncode == 1
    assert "EXPECTED      RUN-003" in ended.stdout
    assert "FAIL          RUN-002" in ended.stdout


def test_a_bench_that_fails_is_never_expected(bench: Bench) -> None:
    bench.write_rig(trouble="unplugged", at=3)
    ended = bench.run("--mode", "ci", "--expected", known(bench))
    assert ended.returncode == 3, ended.stdout + ended.stderr


@pytest.mark.parametrize(("case", "review", "told"), [
    ("RUN-004", "2099-12-31", "known.yaml:2: no case 'RUN-004' in the plan; did you mean"),
    ("RUN-003", "2026-01-01", "known.yaml:2: RUN-003: its review was due on 2026-01-01"),
])
def test_a_mistake_in_the_file_is_told_before_anything_runs(
    bench: Bench, case: str, review: str, told: str
) -> None:
    ended = bench.run("--mode", "ci", "--expected", known(bench, case, review))
    assert ended.returncode == 2
    assert told in ended.stderr
    assert not bench.out.exists()
    assert not bench.notes.exists()


def test_the_last_run_of_a_sanity_case_can_be_expected_too(bench: Bench) -> None:
    ended = bench.run("--mode", "ci", "--expected", known(bench, "RUN-000-LAST"))
    assert ended.returncode == 1
    assert "CURED         RUN-000-LAST" in ended.stdout


def test_failures_are_expected_in_the_mode_ci_only(bench: Bench) -> None:
    ended = bench.run("--expected", known(bench))
    assert ended.returncode == 2
    assert "expected failures are for the mode ci; this is precheck" in ended.stderr
    assert not bench.out.exists()
    ended = bench.call("certify", "--dut", str(bench.profile), "--rig", str(bench.rig),
                       "--baseline", "testplans/baselines/smets2-esme.yaml", "--out", "out",
                       "--expected", "known.yaml")
    assert ended.returncode == 2
    assert "No such option" in ended.stderr


def test_a_run_of_another_mode_is_not_excused_by_resuming_it(bench: Bench) -> None:
    bench.write_rig(trouble="unplugged", at=3)
    assert bench.run().returncode == 3
    bench.write_rig()
    ended = bench.run("--mode", "ci", "--resume", "--expected", known(bench))
    assert ended.returncode == 2
    assert "this is precheck" in ended.stderr


def test_a_page_that_cannot_be_written_is_told(bench: Bench, tmp_path: Path) -> None:
    bench.out.mkdir()
    (bench.out / "summary.md").mkdir()
    ended = bench.run("--mode", "ci")
    assert ended.returncode == 3
    assert "summary.md: cannot be written" in ended.stderr
