"""Plans run by pytest itself, with the options that its users know."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from bench_folder import EMULATED_RIG, LAUNCHED_RIG, PROFILE, Bench

from bench.ledger import read_ledger, verify_ledger
from bench.records.verdict import Disposition
from bench.resources import ROOT

COLLECTION_ERRORS, USAGE_ERROR = 2, 4


@pytest.fixture
def call(bench: Bench, pytester: pytest.Pytester):
    """Call pytest in this process on the plan, the puppet and the ledger folder of ``bench``."""

    def run(*more: str, device: bool = True) -> pytest.RunResult:
        given = ["--dut", str(bench.profile), "--rig", str(bench.rig),
                 "--evidence", str(bench.out)] if device else []
        return pytester.runpytest_inprocess(
            str(bench.plan), *given, "-W", "error", "--strict-markers", "-p", "no:xdist", *more)

    return run


def test_each_case_is_an_item_with_the_judges_verdict(call, bench: Bench) -> None:
    ran = call("-rA", "--junitxml", str(bench.folder / "junit.xml"))
    ran.assert_outcomes(passed=4, failed=1)
    ran.stdout.fnmatch_lines(["*FAIL RUN-003: An expectation that does not hold",
                              "*expected result == 'failure'; seen result = \"success\"*",
                              "*verifies SMETS2/5.7.5.17; *plan.yaml:29"])
    assert "Traceback" not in ran.stdout.str()
    suite = ET.parse(bench.folder / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    assert not verify_ledger(bench.out)


@pytest.mark.parametrize(("chosen", "names"), [
    (("-k", "001 or 002"), ["RUN-001", "RUN-002"]),
    (("-m", "slow"), ["RUN-001"]),
    (("-m", "controls"), ["RUN-001"]),
    (("-m", "esme and not slow", "-k", "LAST"), ["RUN-000-LAST"]),
])
def test_cases_are_chosen_by_name_and_by_tag(
    call, bench: Bench, chosen: tuple[str, ...], names: list[str]
) -> None:
    call(*chosen).assert_outcomes(passed=len(names), deselected=5 - len(names))
    left_out = {name for name, result in bench.results.items()
                if result.disposition is Disposition.NOT_RUN}
    assert set(bench.results) - left_out == set(names)


@pytest.mark.parametrize("device", [True, False])
def test_collecting_touches_nothing(
    call, bench: Bench, device: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.rig.launched", lambda *_, **__: pytest.fail("it launches"))
    bench.write_rig(LAUNCHED_RIG.replace("emulator: esme", "emulator: esme, line: tcp"))
    ran = call("--collect-only", "-q", device=device)
    assert ran.ret == 0
    ran.stdout.fnmatch_lines(["*::RUN-000", "*::RUN-001", "*::RUN-002", "*::RUN-003",
                              "*::RUN-000-LAST"])
    assert not bench.out.exists()


def test_without_a_device_nothing_passes(call) -> None:
    ran = call(device=False)
    ran.assert_outcomes(failed=5)
    ran.stdout.fnmatch_lines(["*which device? give --dut PROFILE and --rig RIG*"])


def test_a_mistake_of_a_plan_is_shown_and_not_as_a_traceback(call, bench: Bench) -> None:
    bench.edit(bench.plan, "result == 'failure'", "result ==")
    ran = call()
    assert ran.ret == COLLECTION_ERRORS
    ran.stdout.fnmatch_lines([f"*{bench.plan}:35: *"])
    assert "Traceback" not in ran.stdout.str()


def test_a_case_id_in_two_files_is_a_collection_error(call, bench: Bench) -> None:
    other = bench.write_plan("TWO", "two")
    bench.edit(other, "TWO-002", "RUN-002")
    for option in ("--collect-only", "-q"):
        ran = call(str(other), option)
        assert ran.ret == COLLECTION_ERRORS
        ran.stdout.fnmatch_lines(["*two.yaml:22: id 'RUN-002' is also that of *plan.yaml:22"])


def test_the_ledger_names_a_plan_file_as_the_command_line_does(
    pytester: pytest.Pytester, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bench.folder)
    pytester.runpytest_inprocess(
        bench.plan.name, "--dut", str(bench.profile), "--rig", str(bench.rig),
        "--evidence", str(bench.out), "-p", "no:xdist")
    sources = {selected.case.source for selected in read_ledger(bench.out).plan.selected}
    assert {source.rpartition(":")[0] for source in sources} == {bench.plan.name}


def test_a_requirement_that_does_not_exist_stops_the_run(call, bench: Bench) -> None:
    bench.edit(bench.plan, "[R-CLK-01]", "[R-CLK-99]")
    ran = call()
    assert ran.ret == COLLECTION_ERRORS
    ran.stdout.fnmatch_lines(["*plan.yaml:15: no requirement 'R-CLK-99'*"])
    assert not bench.out.exists()


@pytest.mark.parametrize(("given", "text"), [
    (("--dut", "nowhere.yaml"), "nowhere.yaml"),
    (("--rig", "nowhere.yaml"), "nowhere.yaml"),
    (("--resume", "--evidence", "nowhere"), "there is no ledger here"),
])
def test_wrong_usage_is_told_in_a_line(call, given: tuple[str, ...], text: str) -> None:
    ran = call(*given)
    assert ran.ret == USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: *{text}*"])


def test_a_device_needs_a_rig(pytester: pytest.Pytester, bench: Bench) -> None:
    ran = pytester.runpytest_inprocess(str(bench.plan), "--dut", str(bench.profile))
    assert ran.ret == USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: --dut needs --rig*"])


def test_a_device_of_another_firmware_version_stops_the_session(call, bench: Bench) -> None:
    bench.edit(bench.profile, 'firmware_version: "00000001"', 'firmware_version: "00000002"')
    ran = call()
    assert ran.ret == 2
    ran.stdout.fnmatch_lines(["*declares 00000002, the device says 00000001*"])


def test_a_plan_runs_on_two_workers_from_the_repository(tmp_path: Path) -> None:
    """With the repository's own settings: warnings are errors, markers are strict."""
    pytest.importorskip("allure")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "testplans/esme/identity.yaml",
         "testplans/esme/tamper.yaml", "--dut", str(PROFILE), "--rig", str(EMULATED_RIG), "-n", "2",
         "--evidence", str(tmp_path / "run"), "--alluredir", str(tmp_path / "allure"),
         "-p", "no:cacheprovider"],
        cwd=ROOT, text=True, capture_output=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "warning" not in ran.stdout
    assert list((tmp_path / "allure").glob("*-result.json"))
    assert not verify_ledger(tmp_path / "run")
