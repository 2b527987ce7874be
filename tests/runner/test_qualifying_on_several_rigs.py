"""A kind of device with several links is qualified on each, with the defects that exist there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.cli import qualify
from bench.plan import load_plans
from bench.plan.tables import DISCLOSED
from bench.records.disclosure import Disclosure
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.resources import ROOT
from bench.runner import qualification
from bench.runner.qualification import Task, _hold, run_task, tasks_for
from devices import binding, rig
from devices.defects.record import Defect, defect
from devices.device_types import DEVICE_TYPES

PLAN = """\
group: LINKS
title: A meter with several links
device: dlms-meter
cases:
  - id: LINKS-001
    purpose: On any link
    verifies: [DLMS/COSEM_LIST]
    ports: [dlms, time]
    bite: [deaf, mute]
    steps:
      - read_reference:
        expect: reference > 0
  - id: LINKS-002
    purpose: On HDLC
    verifies: [DLMS/HDLC_FRAME_N8]
    ports: [dlms, time]
    links: [hdlc]
    bite: [fcs-not-checked]
    steps:
      - read_reference:
        expect: reference > 0
  - id: LINKS-${row.id}
    purpose: ${row.reference}
    verifies: [DLMS/COSEM_ATTRIBUTE]
    ports: [dlms, time]
    bite: [deaf]
    for_each: {table: disclosed_attributes}
    steps:
      - read_reference:
        expect: reference > 0
"""
PROFILE = ROOT / "devices/profiles/emulated-dlms-meter.yaml"
FOUND: dict[str, Defect] = {one.name: one for one in (
    defect("deaf", "DLMS/COSEM_LIST", "", "dlms-meter", anew="public-keys"),
    defect("mute", "DLMS/COSEM_LIST", "", "dlms-meter", by_short_names=True),
    defect("fcs-not-checked", "DLMS/HDLC_FRAME_N8", "", "dlms-meter", "hdlc"))}


class Line:
    """A line of the links that it is asked for."""

    provides = ("dlms",)
    emulated = True

    def __init__(self, *, url: str, framing: str = "hdlc") -> None: ...


@pytest.fixture(autouse=True)
def devices(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {**binding.adapters(), **{
        name: EntryPoint(name, f"{__name__}:Line", binding.GROUP)
        for name in ("dlms.serial", "dlms.optical", "dlms.tcp")}}
    monkeypatch.setattr(binding, "adapters", lambda: found)
    monkeypatch.setattr(rig, "adapters", lambda: found)
    monkeypatch.setattr(qualify, "of_device", lambda _: FOUND)
    monkeypatch.setattr(qualify, "DEFECTS", FOUND)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rigs on which the device without a defect was asked what it has."""
    names: list[str] = []

    def disclosed_by(_: object, declaration: Any) -> Disclosure:
        names.append(declaration.name)
        row = DISCLOSED["disclosed_attributes"]
        return Disclosure({"disclosed_attributes": (row, {**row, "id": f"{row['id']}-2"})})

    monkeypatch.setattr(qualify, "disclosed_by", disclosed_by)
    return names


def on(tmp_path: Path, name: str, *, whole: bool = True) -> Any:
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    planned = load_plans([tmp_path / "plan.yaml"], defects=FOUND)
    return qualify._device(planned, PROFILE, ROOT / f"devices/rigs/emulated-{name}.yaml", (),
                            whole=whole)


def test_each_rig_has_its_cases_and_defects(tmp_path: Path, asked: list[str]) -> None:
    found = {name: on(tmp_path, name) for name in DEVICE_TYPES["dlms-meter"].rigs}
    assert [device.name for device in found.values()] == [
        f"DLMS-METER on emulated-{name}" for name in found]
    rows = ("LINKS-hls.8.0-0.1.0.0.255.a2", "LINKS-hls.8.0-0.1.0.0.255.a2-2")
    for name, device in found.items():
        framed = "hdlc" in name or "mode-e" in name
        assert tuple(case.id for case in device.cases) == (
            ("LINKS-001", *(["LINKS-002"] if framed else []), *rows))
        application = () if name == "dlms-sn" else ("deaf",)
        assert device.defects == (
            *application, *(("fcs-not-checked",) if framed else ()), "mute")
    assert asked == [f"emulated-{name}" for name in found]  # once each


def test_a_rig_that_is_not_the_first_has_the_defects_of_its_link_and_what_notices_them(
    tmp_path: Path, asked: list[str],
) -> None:
    device = on(tmp_path, "dlms-hdlc", whole=False)
    assert (tuple(case.id for case in device.cases), device.defects) == (
        ("LINKS-002",), ("fcs-not-checked",))
    assert asked == []  # no row of the device can notice a defect of a link


def test_a_rig_with_other_keys_has_the_defects_that_are_looked_for_there_and_no_row_of_the_device(
    tmp_path: Path, asked: list[str],
) -> None:
    device = on(tmp_path, "dlms-suite-1", whole=False)
    assert (tuple(case.id for case in device.cases), device.defects) == (("LINKS-001",), ("deaf",))
    assert asked == []


def test_the_first_rig_and_that_of_short_names_have_every_defect(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: dict[str, set[str]] = {}

    def run_tasks(tasks: Sequence[Task], *_: object) -> Mapping[Path, Any]:
        for task in tasks:
            ran.setdefault(task.rig.stem, set()).add(task.defect)
        return {task.rig: {} for task in tasks}

    monkeypatch.setattr(qualify, "run_tasks", run_tasks)
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    CliRunner().invoke(qualify.command, [str(tmp_path / "plan.yaml")])
    link = {"", "fcs-not-checked"}
    assert ran == {
        "emulated-dlms-wrapper": {"", "deaf", "mute"}, "emulated-dlms-sn": {"", "mute"},
        "emulated-dlms-hdlc": link, "emulated-dlms-mode-e": link, "emulated-dlms-hdlc-tcp": link,
        "emulated-dlms-suite-1": {"", "deaf"}, "emulated-dlms-suite-2": {"", "deaf"}}
    assert asked == ["emulated-dlms-wrapper", "emulated-dlms-sn"]


class Deaf:
    """A station whose device fails its second case, whatever that is."""

    ran: list[str]

    def __init__(self, *_: object, **__: object) -> None:
        self.answers = None

    def run(self, case: Any, attempt: int) -> tuple[str]:
        Deaf.ran.append(case.id)
        return (case.id,)

    def close(self) -> None: ...


@pytest.mark.parametrize(("everything", "defect", "last"), [
    (False, "deaf", 2), (True, "deaf", 4), (False, "", 4)])
def test_rows_behind_the_one_that_noticed_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, everything: bool, defect: str, last: int
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    row = DISCLOSED["disclosed_attributes"]
    rows = tuple({**row, "id": f"hls.{number}"} for number in range(1, 5))
    cases = [case for case in load_plans(
        [tmp_path / "plan.yaml"],
        disclosed=Disclosure({"disclosed_attributes": rows})) if case.generated]
    place = Path("rig.yaml")
    monkeypatch.setattr(qualification, "_device", lambda *_: (None, None))
    monkeypatch.setattr(qualification, "Station", Deaf)
    monkeypatch.setattr(qualification, "judge_case", lambda case, *_: CaseResult(
        case.id, Verdict.FAIL if case.id.endswith("2") else Verdict.PASS,
        Disposition.SELECTED, ""))
    monkeypatch.setattr(qualification, "_plan", {})
    Deaf.ran = []
    _hold({place: cases})
    tasks = tasks_for(cases, ["deaf"], everything=everything, profile=Path("p"), rig=place)
    (task,) = (task for task in tasks if task.defect == defect)
    assert isinstance(task, Task)
    assert [result.case for result in run_task(task)] == Deaf.ran == [
        f"LINKS-hls.{number}" for number in range(1, last + 1)]
