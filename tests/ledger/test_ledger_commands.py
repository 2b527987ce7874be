"""The commands that judge and verify a stored run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from recorded_runs import clock, events

from bench.cli import main
from bench.cli.rejudge import command as rejudge_command
from bench.cli.verify import command as verify_command
from bench.errors import LedgerError
from bench.ledger import Ledger, read_ledger
from bench.records.run import FrozenPlan
from bench.records.serial import to_json
from bench.records.verdict import Disposition, Verdict
from bench.runner.rejudge import rejudge

Make = Callable[[], Path]


def run(command: Any, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def report(folder: Path, **changed: str) -> None:
    cases = to_json(rejudge(folder))
    for case in cases:
        case["id"] = case.pop("case")
        case["verdict"] = changed.get(case["id"].replace("-", "_"), case["verdict"])
    text = json.dumps({"cases": cases, "ledger_hash": read_ledger(folder).hash})
    (folder / "report.json").write_text(text)


def test_every_planned_case_is_judged_again_in_plan_order(make_run: Make) -> None:
    results = rejudge(make_run())
    assert [(result.case, result.verdict, result.disposition) for result in results] == [
        ("ESME-1", Verdict.PASS, Disposition.SELECTED),
        ("ESME-2", Verdict.FAIL, Disposition.SELECTED),
        ("ESME-OUT", Verdict.NONE, Disposition.INAPPLICABLE),
    ]
    assert results[0].evidence == (2, 3, 4)
    assert results[2].reason == "ics.alcs is false"


def test_rejudge_agrees_with_its_report(make_run: Make) -> None:
    folder = make_run()
    report(folder)
    ended = run(rejudge_command, folder)
    assert (ended.exit_code, ended.output) == (0, "fail 1, none 1, pass 1\n")


def test_rejudge_tells_each_difference(make_run: Make) -> None:
    folder = make_run()
    report(folder, ESME_2="pass")
    ended = run(rejudge_command, folder)
    assert ended.exit_code == 1
    assert "ESME-2: verdict: reported pass, judged again fail" in ended.output
    found = json.loads(run(rejudge_command, folder, "--json").output)
    assert found["counts"] == {"fail": 1, "none": 1, "pass": 1}
    assert [difference["case"] for difference in found["differences"]] == ["ESME-2"]
    assert len(found["cases"]) == 3


def test_a_case_that_a_report_lacks_or_adds_is_a_difference(make_run: Make) -> None:
    folder = make_run()
    report(folder)
    told = json.loads((folder / "report.json").read_text())
    told["cases"][0]["id"] = "ESME-NEW"
    (folder / "report.json").write_text(json.dumps(told))
    ended = run(rejudge_command, folder)
    assert ended.exit_code == 1
    assert "ESME-1: verdict: reported not reported" in ended.output
    assert "ESME-NEW: verdict: reported pass, judged again not planned" in ended.output


def test_rejudge_needs_no_report(make_run: Make) -> None:
    assert run(rejudge_command, make_run()).exit_code == 0


@pytest.mark.parametrize("text", ["", "[]", '{"cases": [1]}'])
def test_rejudge_refuses_what_is_no_report(make_run: Make, text: str) -> None:
    folder = make_run()
    (folder / "report.json").write_text(text)
    assert isinstance(run(rejudge_command, folder).exception, LedgerError)


def test_rejudge_refuses_altered_evidence(make_run: Make) -> None:
    folder = make_run()
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"refused"', b'"success"'))
    assert isinstance(run(rejudge_command, folder).exception, LedgerError)


def test_a_run_cut_short_is_judged_by_what_is_there(tmp_path: Path, plan: FrozenPlan) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        for event in events("ESME-1")[:2]:
            ledger.append(event)
    verdicts = {result.case: (result.verdict, result.disposition) for result in rejudge(tmp_path)}
    assert verdicts["ESME-1"] == (Verdict.ERROR, Disposition.SELECTED)
    assert verdicts["ESME-2"] == (Verdict.NONE, Disposition.NOT_RUN)
    assert "ended early" in run(rejudge_command, tmp_path).stderr


def test_verify_says_intact(make_run: Make) -> None:
    folder = make_run()
    ended = run(verify_command, folder)
    assert ended.exit_code == 0
    assert ended.output == f"intact: 9 entries, last hash {read_ledger(folder).hash}\n"


def test_verify_names_the_first_altered_entry(make_run: Make) -> None:
    folder = make_run()
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"refused"', b'"success"'))
    ended = run(verify_command, folder)
    assert ended.exit_code == 1
    assert ended.output.startswith("altered: entry 6 (line 7, observation of case")


def test_verify_tells_a_run_that_ended_early(tmp_path: Path, plan: FrozenPlan) -> None:
    Ledger.create(tmp_path, plan, clock).close()
    ended = run(verify_command, tmp_path)
    assert ended.exit_code == 1
    assert "ended early: not complete" in ended.output
    assert "altered" not in ended.output


def test_verify_finds_no_ledger(tmp_path: Path) -> None:
    assert run(verify_command, tmp_path).exit_code == 2


def test_verify_finds_a_report_of_another_ledger(make_run: Make) -> None:
    folder = make_run()
    report(folder)
    assert run(verify_command, folder).exit_code == 0
    told = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(told | {"ledger_hash": "0" * 64}))
    ended = run(verify_command, folder)
    assert ended.exit_code == 1
    assert "another ledger" in ended.output


def test_verify_shows_the_first_of_many_problems(tmp_path: Path, plan: FrozenPlan) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        for event in [*events("ESME-1"), *events("ESME-2")] * 5:
            ledger.append(event)
        ledger.end(complete=True)
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"attempt":1', b'"attempt":2'))
    shown = run(verify_command, tmp_path).output.splitlines()
    assert len(shown) == 21
    assert shown[0].startswith("altered: entry 2 (line 3, case-started")
    assert shown[-1] == "and 10 more"


def test_the_exit_status_reaches_the_shell(
    make_run: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run()
    report(folder, ESME_2="pass")
    for words, status in (
        (("verify", tmp_path / "nowhere"), 2),
        (("rejudge", tmp_path / "nowhere"), 3),
        (("rejudge", folder), 1),
    ):
        monkeypatch.setattr("sys.argv", ["smip-bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == status
