"""``smip-bench report html``: the page on a stored run, whatever its mode."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from packaged_runs import write_reports, write_run

from bench.cli import cli
from bench.errors import LedgerError


def page_on(run: Path, output: Path) -> Result:
    return CliRunner().invoke(cli, ["report", "html", str(run), "-o", str(output)])


def test_a_run_that_certifies_nothing_tells_what_failed_and_does_not_speak_of_compliance(
    tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run")
    before = sorted(path.name for path in run.iterdir())
    done = page_on(run, tmp_path / "page.html")
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'page.html'}\n")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert '<header class="decision bad">' in page
    assert "<h1>1 failed, 1 with errors, 1 inconclusive</h1>" in page
    assert "Test report, no certificate: " in page
    assert "SMIP Compliant" not in page
    assert "Security policy" not in page
    assert sorted(path.name for path in run.iterdir()) == before


def test_the_requirements_of_its_cases_stand_as_the_cases_say(tmp_path: Path) -> None:
    page_on(write_run(tmp_path / "run"), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    (row,) = re.findall(r"<tr data-standing=.*?</tr>", page, re.DOTALL)
    assert "<code>DLMS/COSEM_ATTRIBUTE</code>" in row
    assert 'data-mandatory="no"' in row
    assert "failed, does not count until confirmed: DLMS-2" in row


def test_a_certification_has_the_decision_of_the_report_beside_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mode="certify")
    write_reports(run)
    assert page_on(run, tmp_path / "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page == (run / "report.html").read_text("utf-8")
    report = json.loads((run / "report.json").read_bytes())
    (run / "report.json").write_text(json.dumps(report | {"ledger_hash": "00"}), "utf-8")
    refused = page_on(run, tmp_path / "other.html").exception
    assert isinstance(refused, LedgerError)
    assert "it tells of another ledger" in str(refused)
    assert not (tmp_path / "other.html").exists()


def test_evidence_that_does_not_hold_gives_no_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    ledger = run / "ledger.jsonl"
    ledger.write_text(ledger.read_text("utf-8").replace("would empty", "would fill"), "utf-8")
    with pytest.raises(LedgerError, match="does not hold"):
        raise page_on(run, tmp_path / "page.html").exception or AssertionError
    assert not (tmp_path / "page.html").exists()
