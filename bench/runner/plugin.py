"""The pytest plugin: ``pytest testplans/esme --dut PROFILE --rig RIG`` runs a plan.

Each case is an item, so ``-k``, ``-m``, ``--collect-only``, ``-n``, JUnit and Allure work as ever.
Workers run cases and hand their events over with the report; only the controller writes the
ledger (:mod:`bench.runner.record`). The outcome that pytest shows is the judge's verdict on the
events; the certificate is made from the ledger alone, not from pytest's report.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, RigError
from bench.judge import judge_case
from bench.plan import for_device, select
from bench.records.disclosure import Disclosure
from bench.records.event import Event
from bench.records.plan import Selected
from bench.records.serial import from_json, to_json
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.resources import resolve
from bench.runner.carried import read_carried
from bench.runner.clock import utc_now
from bench.runner.disclosure import needs_disclosure
from bench.runner.order import in_order
from bench.runner.planned import DISCLOSED, as_named, named_files, reader
from bench.runner.record import ASK, RECORD_NAME, Record
from bench.runner.station import Station
from bench.runner.transport import attach
from devices.profile import Profile, load_profile
from devices.rig import RigDeclaration, load_rig

PLAN_KEY = b"group:"


class Setting:
    """What one pytest session runs on; kept in ``config.stash``."""

    def __init__(self, config: pytest.Config) -> None:
        self.profile: Profile = load_profile(resolve(config.option.dut))
        self.declaration: RigDeclaration = load_rig(resolve(config.option.rig))
        worker = getattr(config, "workerinput", None)
        self.attempts: dict[str, int] = json.loads(worker["smip_attempts"]) if worker else {}
        self.done: frozenset[str] = frozenset(json.loads(worker["smip_done"])) if worker \
            else frozenset()
        self.station = Station(
            self.profile, self.declaration, utc_now, defect=config.option.defect,
            seed=config.option.seed, ask=config.stash.get(ASK, None))


SETTING = pytest.StashKey[Setting]()
RECORD = pytest.StashKey[Record]()
MARKS = pytest.StashKey[dict[str, pytest.MarkDecorator]]()  # by tag


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run."""
    group = parser.getgroup("smip-bench")
    group.addoption("--dut", metavar="PROFILE", help="device profile (ICS, IXIT, subject)")
    group.addoption("--rig", metavar="RIG", help="rig file that binds ports to adapters")
    group.addoption("--evidence", metavar="DIR", default=None,
                    help="folder of the ledger (default: out/<mode>-<time>)")
    group.addoption("--mode", choices=("precheck", "ci", "certify"), default="precheck")
    group.addoption("--resume", action="store_true", help="go on with the run in --evidence")
    group.addoption("--defect", default=None, help="have the emulator misbehave by name")
    group.addoption("--seed", type=int, default=0, help="seed of the emulator")
    group.addoption("--demonstration", action="store_true", help="recorded in the ledger")
    group.addoption("--delta", metavar="FILE", default=None,
                    help="delta selection: the cases that it carries over are not run")
    group.addoption("--baseline", default="", help="recorded in the ledger")
    group.addoption("--baseline-digest", default="", help="recorded in the ledger")


def pytest_configure(config: pytest.Config) -> None:
    """Load profile and rig; refuse to drive one physical device from several processes."""
    if not config.option.dut:
        return
    if not config.option.rig:
        raise pytest.UsageError("--dut needs --rig: which rig is the device on?")
    try:
        setting = Setting(config)
        _refuse_sharing(config, setting.declaration)
        config.stash[SETTING] = setting
        if not hasattr(config, "workerinput"):
            record = Record(config, setting.profile, setting.declaration)
            config.stash[RECORD] = record
            setting.attempts, setting.done = record.attempts, record.done
            config.pluginmanager.register(record, RECORD_NAME)
            _disclose(config, setting, record)
        elif stored := config.workerinput.get("smip_disclosed"):
            config.stash[DISCLOSED] = from_json(Disclosure, json.loads(stored))
    except BenchError as mistake:
        raise pytest.UsageError(str(mistake)) from mistake


def _disclose(config: pytest.Config, setting: Setting, record: Record) -> None:
    """Ask the device what it has, where the plans generate cases from that; once for a run."""
    if config.option.collectonly or not needs_disclosure(named_files(config), setting.profile):
        return
    if record.disclosure is None:
        record.disclosure, record.before = setting.station.disclose()
        if _several(config):
            setting.station.close()  # each worker has a device of its own
    config.stash[DISCLOSED] = record.disclosure


def _several(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None))


def _refuse_sharing(config: pytest.Config, declaration: RigDeclaration) -> None:
    """Raise :class:`RigError` where several processes would drive one device."""
    if _several(config) and not declaration.launch and not config.option.collectonly:
        raise RigError(f"{declaration.path}: one physical device is never driven by several "
                       "processes; run without -n")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which cases are done, which attempt is next, and what the device disclosed."""
    setting = node.config.stash.get(SETTING, None)
    if setting is not None:
        node.workerinput["smip_attempts"] = json.dumps(setting.attempts)
        node.workerinput["smip_done"] = json.dumps(sorted(setting.done))
        disclosed = node.config.stash.get(DISCLOSED, None)
        node.workerinput["smip_disclosed"] = json.dumps(to_json(disclosed)) if disclosed else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out whole groups; leave sessions that run no plan to pytest-xdist."""
    if SETTING not in config.stash:
        return None
    from bench.runner.distribution import GroupScheduling  # noqa: PLC0415  only where xdist is

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a delta selection carries over."""
    if not config.option.delta:
        return
    try:
        carried = read_carried(Path(config.option.delta))
    except BenchError as mistake:
        raise pytest.UsageError(str(mistake)) from mistake
    left_out = [item for item in items if item.name in carried]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item.name not in carried]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect plan files: YAML whose top level names a group."""
    if file_path.suffix != ".yaml" or not _is_plan(file_path):
        return None
    return PlanFile.from_parent(parent, path=file_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give the rig back."""
    setting = session.config.stash.get(SETTING, None)
    if setting is not None:
        setting.station.close()


class PlanFile(pytest.File):
    """One plan file, one group."""

    def collect(self) -> Iterable[pytest.Item]:
        """Yield an item for each case, in the order of the run."""
        try:
            cases = in_order(reader(self.config).load([as_named(self.config, self.path)]))
            setting = self.config.stash.get(SETTING, None)
            if setting is None:
                chosen = tuple(Selected(case, Disposition.SELECTED, "") for case in cases)
            else:
                profile = setting.profile
                chosen = select(for_device(cases, profile.subject.device_type), profile.ics,
                                setting.declaration.ports, traits=setting.declaration.traits,
                                left_out=profile.left_out)
        except BenchError as mistake:
            raise self.CollectError(str(mistake)) from mistake
        for selected in chosen:
            yield CaseItem.from_parent(self, name=selected.case.id, selected=selected)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, selected: Selected, **given: Any) -> None:
        super().__init__(**given)
        self.selected = selected
        self.events: list[Event] = []
        marks = self.config.stash.setdefault(MARKS, {})
        for tag in (selected.case.device, *selected.case.tags, *selected.case.ports):
            if tag not in marks:
                self.config.addinivalue_line("markers", f"{tag}: from the test plan")
                marks[tag] = getattr(pytest.mark, tag)
            self.add_marker(marks[tag])

    def runtest(self) -> None:
        """Run the case and have it judged."""
        setting = self.config.stash.get(SETTING, None)
        if setting is None:
            raise NotPassed("which device? give --dut PROFILE and --rig RIG")
        case = self.selected.case
        if self.selected.disposition is not Disposition.SELECTED:
            pytest.skip(f"{self.selected.disposition}: {self.selected.reason}")
        if case.id in setting.done:
            pytest.skip("done before the break")
        attempt = setting.attempts.get(case.id, 0) + 1
        record = self.config.stash.get(RECORD, None)
        self.events = []
        keep = self.events.append if record is None else record.take
        for event in setting.station.run(case, attempt):
            keep(event)  # by the record, in one process: an interrupt costs nothing seen so far
        result = judge_case(case, self.events, setting.station.answers) if record is None \
            else record.judge(case)
        if result.disposition is not Disposition.SELECTED:
            pytest.skip(f"{result.disposition}: {result.reason}")
        if result.verdict is not Verdict.PASS:
            raise NotPassed(_account(self.selected, result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was expected and seen, not a traceback."""
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return file, line and name for the report."""
        line = self.selected.case.source.rpartition(":")[2]
        return self.path, int(line) - 1 if line.isdigit() else None, self.name


class NotPassed(Exception):  # noqa: N818  a verdict, not an error of the program
    """The verdict is inconclusive, fail or error."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the case's events along with its report; text survives every transport."""
    report = yield
    if isinstance(item, CaseItem) and item.events and call.when == "call":
        attach(report, item.events)
    return report


def _is_plan(path: Path) -> bool:
    with path.open("rb") as file:
        return any(line.startswith(PLAN_KEY) for line in file)


def _account(selected: Selected, result: CaseResult) -> str:
    case = selected.case
    lines = [f"{result.verdict.upper()} {case.id}: {case.purpose}", f"  {result.reason}",
             f"  verifies {', '.join(case.requirements)}; {case.source}"]
    return "\n".join(lines)
