"""A run asks the device once what it has, keeps the answer, and makes its cases of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from bench_folder import Bench
from dlms_line import write_meter

from bench.errors import BenchError, LinkError
from bench.ledger import read_ledger
from bench.plan.tables import DISCLOSED
from bench.records.disclosure import Disclosure
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner import disclosure, identities
from bench.runner.installed import installed_fingerprint
from bench.runner.rejudge import rejudge
from bench.steps.context import Context
from bench.steps.disclosure import Disclosed
from bench.steps.identity import Identity
from bench.steps.vocabulary import Frame
from devices import binding, rig

PLAN = """\
group: LISTED
title: What a device lists
device: dlms-meter
cases:
  - id: LISTED-000
    purpose: The reference can be read
    verifies: [DLMS/COSEM_LIST]
    ports: [time]
    steps:
      - read_reference:
        expect: reference > 0
  - id: LISTED-${row.id}
    purpose: ${row.reference} is of index 1 or 2
    verifies: [DLMS/COSEM_ATTRIBUTE]
    ports: [time]
    for_each: {table: disclosed_attributes}
    steps:
      - read_reference:
        expect: row.index in [1, 2] && row.declared
"""
FIRMWARE = b"1.0.0".hex().upper()
IDS = ("LISTED-000", "LISTED-public.8.0-0.1.0.0.255.a1", "LISTED-public.8.0-0.1.0.0.255.a2",
       "LISTED-public.8.0-0.1.0.0.255.a3")


def attribute(index: int) -> dict[str, object]:
    row = {name: value for name, value in DISCLOSED["disclosed_attributes"].items()
           if name not in ("id", "declared", "declared_mode")}
    return row | {"association": "public", "index": index,
                  "reference": f"8/0-0:1.0.0.255/a{index}"}


@dataclass
class Meter:
    """What the device on the line says, and how often it was asked."""

    folder: Path
    rows: list[dict[str, object]] = field(default_factory=lambda: [
        attribute(index) for index in (1, 2, 3)])
    failures: tuple[str, ...] = ()
    raises: Exception | None = None
    asked: int = 0

    def disclose(self, context: Context) -> Disclosed:
        del context
        self.asked += 1
        if self.raises is not None:
            raise self.raises
        return Disclosed(Disclosure({"disclosed_attributes": tuple(self.rows)}, self.failures),
                         (Frame("sent", b"\x7e\xa0"), Frame("received", b"\x7e\xa1")))

    def run(self, *options: str) -> tuple[int, str]:
        return self.call(
            "run", str(self.folder / "plan.yaml"), "--dut", str(self.folder / "meter.yaml"),
            "--rig", str(self.folder / "rig.yaml"), "--out", str(self.folder / "out"), *options)

    def call(self, *arguments: str) -> tuple[int, str]:
        done = Bench(self.folder, {}).call(*arguments)
        return done.returncode, done.stdout + done.stderr

    @property
    def results(self) -> dict[str, CaseResult]:
        return {result.case: result for result in rejudge(self.folder / "out")}


@pytest.fixture
def meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Meter:
    found = {**binding.adapters(), "dlms.silent": EntryPoint(
        "dlms.silent", "dlms_line:Line", binding.GROUP)}
    monkeypatch.setattr(binding, "adapters", lambda: found)
    monkeypatch.setattr(rig, "adapters", lambda: found)
    monkeypatch.setattr(identities, "IDENTITIES", {
        **identities.IDENTITIES, identities.DLMS: replace(
            identities.IDENTITIES[identities.DLMS],
            read=lambda _: Identity(FIRMWARE, "answered", ()))})
    write_meter(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    made = Meter(tmp_path)
    monkeypatch.setattr(disclosure, "DISCLOSING", {identities.DLMS: made.disclose})
    return made


def test_each_row_of_the_device_is_a_case_of_its_own_in_the_run(meter: Meter) -> None:
    status, output = meter.run()
    assert (status, meter.asked) == (1, 1), output
    assert {name: result.verdict for name, result in meter.results.items()} == {
        IDS[0]: Verdict.PASS, IDS[1]: Verdict.PASS, IDS[2]: Verdict.PASS, IDS[3]: Verdict.FAIL}


def test_what_the_device_said_is_kept_before_the_first_case(meter: Meter) -> None:
    meter.run()
    contents = read_ledger(meter.folder / "out")
    kinds = [event.kind for event in contents.events]
    assert kinds[:4] == ["run-started", "identity", "disclosure", "case-started"]
    assert kinds.count("identity") == kinds.count("disclosure") == 1
    kept = contents.events[2].data
    assert [frame["octets"] for frame in kept["frames"]] == ["7EA0", "7EA1"]
    assert kept["tables"]["disclosed_attributes"][0]["id"] == "public.8.0-0.1.0.0.255.a1"
    assert [one.case.row for one in contents.plan.selected][1:] == \
        kept["tables"]["disclosed_attributes"]
    capture = (meter.folder / "out" / "capture.pcapng").read_bytes()
    assert b"\x7e\xa0" in capture


def test_the_columns_that_the_bench_adds_are_those_of_the_declaration(meter: Meter) -> None:
    strange = attribute(2) | {"object": "8/0-0:1.0.1.255", "reference": "8/0-0:1.0.1.255/a2"}
    meter.rows = [attribute(2), strange, attribute(2)]
    meter.run()
    rows = [one.case.row for one in read_ledger(meter.folder / "out").plan.selected[1:]]
    assert [(row["id"], row["declared"], row["declared_mode"]) for row in rows] == [
        ("public.8.0-0.1.0.0.255.a2", True, "read"),
        ("public.8.0-0.1.0.1.255.a2", False, ""),
        ("public.8.0-0.1.0.0.255.a2-2", True, "read")]  # a list with a repetition is no mistake


def test_a_resumed_run_has_the_cases_that_were_frozen(meter: Meter) -> None:
    meter.run("-k", "000")
    lines = (meter.folder / "out" / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    ended = next(number for number, line in enumerate(lines) if b'"kind":"run-ended"' in line)
    (meter.folder / "out" / "ledger.jsonl").write_bytes(b"".join(lines[:ended]))
    meter.rows = []
    status, output = meter.run("--resume", "-k", "000")
    assert (status, meter.asked) == (0, 1), output
    assert list(meter.results) == list(IDS)


def test_what_could_not_be_had_is_inconclusive_and_says_why(meter: Meter) -> None:
    meter.failures = ("hls: the association was rejected",)
    meter.rows = meter.rows[:2]
    status, output = meter.run()
    assert status == 1, output
    result = meter.results["LISTED-EACH"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "hls: the association was rejected"
    assert [one.verdict for one in meter.results.values()].count(Verdict.PASS) == 3


def test_a_failure_of_asking_is_a_reason_too(meter: Meter) -> None:
    meter.raises = BenchError("the object list is no array")
    status, _ = meter.run()
    assert status == 1
    assert meter.results["LISTED-EACH"].reason == "the object list is no array"
    assert meter.results["LISTED-000"].verdict is Verdict.PASS


@pytest.mark.parametrize(("raised", "told"), [
    (LinkError("the line is gone"), "the rig broke in the disclosure: the line is gone"),
    (ValueError("no such thing"), "the disclosure: ValueError: no such thing"),
])
def test_what_breaks_the_rig_blocks_every_case(
    meter: Meter, raised: Exception, told: str
) -> None:
    meter.raises = raised
    status, output = meter.run()
    assert status == 3, output
    assert told in output
    assert {(one.disposition, one.reason) for one in meter.results.values()} == {
        (Disposition.BLOCKED, told)}


def test_another_device_is_refused_before_it_is_asked(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "IDENTITIES", {
        **identities.IDENTITIES, identities.DLMS: replace(
            identities.IDENTITIES[identities.DLMS],
            read=lambda _: Identity("FF", "answered", ()))})
    status, output = meter.run()
    assert (status, meter.asked) == (2, 0), output
    assert "the device says FF" in output


def test_a_plan_that_generates_nothing_asks_nothing(meter: Meter) -> None:
    (meter.folder / "plan.yaml").write_text(PLAN.split("  - id: LISTED-${", maxsplit=1)[0], "utf-8")
    status, _ = meter.run()
    assert (status, meter.asked) == (0, 0)
    assert "disclosure" not in {event.kind for event in read_ledger(meter.folder / "out").events}


def test_the_installed_plan_is_known_to_generate_the_case(meter: Meter) -> None:
    meter.run()
    case = read_ledger(meter.folder / "out").plan.selected[1].case
    assert installed_fingerprint(case) == (case.fingerprint, "")
    text = (meter.folder / "plan.yaml").read_text("utf-8")
    (meter.folder / "plan.yaml").write_text(text.replace("[1, 2]", "[1]"), "utf-8")
    assert installed_fingerprint(case) == (
        "", f"{meter.folder / 'plan.yaml'} generates other cases")


def test_a_row_without_a_column_is_a_fault_of_the_bench(meter: Meter) -> None:
    del meter.rows[1]["mode"]
    meter.run()
    assert meter.results["LISTED-EACH"].reason == \
        "a row of disclosed_attributes has no column 'mode'"


def test_commands_without_a_device_say_that_cases_come_at_run_time(meter: Meter) -> None:
    plan, folder = str(meter.folder / "plan.yaml"), meter.folder
    checked = meter.call("plan", "check", plan)[1]
    told = ("generated at run time, a case for each row of disclosed_attributes that the device "
            "gives")
    assert f"plan.yaml:12: LISTED-EACH: {told}" in checked
    assert "1 case of 2 written, 1 of them generated at run time, in 1 group" in checked
    selection = ["plan", "select", plan, "--dut", str(folder / "meter.yaml"), "--rig",
                 str(folder / "rig.yaml")]
    assert told in meter.call(*selection)[1]
    (_, item) = json.loads(meter.call(*selection, "--json")[1])
    assert (item["id"], item["reason"]) == ("LISTED-EACH", told)
    assert meter.asked == 0


def test_workers_are_told_the_rows_and_ask_for_none(tmp_path: Path) -> None:
    write_meter(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    (tmp_path / "rows.json").write_text(json.dumps([attribute(index) for index in (1, 2, 3)]))
    info = tmp_path / "site" / "dlms_line-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dlms-line\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[smip_bench.devices]\ndlms.silent = dlms_line_answering:Line\n")
    bench = Bench(tmp_path, {
        **os.environ, "SMIP_TEST_ROWS": str(tmp_path / "rows.json"),
        "PYTHONPATH": os.pathsep.join([str(info.parent), str(Path(__file__).parent)])})
    (tmp_path / "meter.yaml").rename(bench.profile)
    ended = bench.run_apart("-n", "2")
    assert ended.returncode == 1, ended.stderr
    assert {result.case: result.verdict for result in rejudge(bench.out)} == {
        IDS[0]: Verdict.PASS, IDS[1]: Verdict.PASS, IDS[2]: Verdict.PASS, IDS[3]: Verdict.FAIL}
    assert (tmp_path / "asked").read_text("utf-8") == "x"
    kinds = [event.kind for event in read_ledger(bench.out).events]
    assert kinds[:4] == ["run-started", "identity", "disclosure", "case-started"]
    assert kinds.count("disclosure") == 1
