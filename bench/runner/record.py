"""The controller's side of a run: it alone writes the ledger.

The plan is frozen when pytest has collected, before any case touches a device: every case of the
named plan files with the reason why it is in or out. Only what cases are generated from was asked
before that (:mod:`bench.runner.disclosure`). A case's ``case-started`` entry is written when a
worker takes it, its other events when its report arrives; a worker that died leaves an ERROR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, LedgerError, PlanError, ProfileError, RigError
from bench.judge import judge_case
from bench.ledger import Ledger, read_events, read_ledger, write_capture
from bench.plan import for_device, select
from bench.records.disclosure import Disclosure
from bench.records.event import Event
from bench.records.plan import Selected, TestCase
from bench.records.run import FrozenPlan
from bench.records.serial import digest
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.carried import read_carried
from bench.runner.clock import utc_now
from bench.runner.disclosure import disclosure_of
from bench.runner.engine import BENCH, DECLARATION
from bench.runner.order import in_order
from bench.runner.planned import named_files, reader
from bench.runner.station import Refusal, answers_of
from bench.runner.transport import events_of
from devices.profile import Profile
from devices.rig import RigDeclaration

CAPTURE = "capture.pcapng"
RECORD_NAME = "smip-record"
TOOLS = ("smip-bench", "pytest", "cryptography", "common-expression-language", "pyserial",
         "asn1crypto", "hypothesis")
"""Packages whose versions a run names, those of extras where they are installed."""
WRONG, BENCH_FAILED = 2, 3  # exit status
ASK = pytest.StashKey[Callable[[str], str]]()
"""How to ask an operator, where the terminal is not free to be written on."""
CRASHED = "???"  # pytest-xdist's name of the phase in which a worker died


class Record:
    """A pytest plugin of the controller; ``results`` holds what has been judged so far."""

    def __init__(
        self, config: pytest.Config, profile: Profile, declaration: RigDeclaration
    ) -> None:
        self.config, self.profile, self.declaration = config, profile, declaration
        self.answers = answers_of(profile)
        self.folder = Path(config.option.evidence or _default_folder(config.option.mode))
        self.listeners: list[Callable[[CaseResult], None]] = []
        self.refusals: dict[Refusal, None] = {}  # why the rig or the device cannot be used
        self.failure: BenchError | None = None  # why the run could not begin or be stored
        self.results: dict[str, CaseResult] = {}
        self.planned: Mapping[str, Selected] = {}
        self.attempts: dict[str, int] = {}
        self.done: frozenset[str] = frozenset()
        self.disclosure: Disclosure | None = None  # of the device, where its plans need one
        self.before: tuple[Event, ...] = ()  # what happened before the plan could be frozen
        self._ledger: Ledger | None = None
        self._events: dict[str, list[Event]] = {}
        if config.option.resume:
            self._look_back()

    # What pytest tells the controller

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Freeze the plan of a run in one process; a controller collects nothing itself."""
        if session.items and not self.config.option.collectonly:
            self._begin({item.name for item in session.items})

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Freeze the plan of a distributed run when the first worker has collected."""
        del node
        if self._ledger is None:
            self._begin({nodeid.rpartition("::")[2] for nodeid in ids})

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Write down that a case starts, so that a break cannot hide it."""
        case = self._to_run(nodeid)
        if case is not None:
            attempt = self.attempts.get(case.id, 0) + 1
            self._store(Event("case-started", case.id, attempt, utc_now().isoformat(),
                              {"attempt": attempt}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Store what a case's report carries, and have it judged for the progress."""
        case = self._to_run(report.nodeid)
        if case is None or report.when not in ("call", CRASHED):
            return
        if report.when == CRASHED:
            self._store_crash(case, str(report.longrepr))
        else:
            for event in events_of(report):
                self.take(event)
        result = self.results.get(case.id) or self.judge(case)
        self._events.pop(case.id, None)  # the ledger holds them; a run may be long
        for listener in self.listeners:
            listener(result)

    def take(self, event: Event) -> None:
        """Store an event of a running case; ``case-started`` is stored when the case is taken.

        A device or rig that is not as declared ends the run: no other case would fare better.
        """
        if event.kind != "case-started":
            self._store(event)
        if event.kind == "blocked":
            refusal = Refusal(str(event.data["reason"]), str(event.data["cause"]))
            self.refusals.setdefault(refusal)
            if refusal.cause == DECLARATION:
                running = self.config.pluginmanager.getplugin("dsession")
                (running or self.config.pluginmanager.getplugin("session")).shouldstop = \
                    refusal.reason

    def judge(self, case: TestCase) -> CaseResult:
        """Judge ``case`` by what is stored of it and keep the result, until more is stored."""
        result = judge_case(case, self._events.get(case.id, ()), self.answers)
        self.results[case.id] = result
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the capture and the ledger's last entry."""
        if self._ledger is None:
            return
        missing = sum(self._is_missing(selected) for selected in self.planned.values())
        try:
            capture = write_capture(read_events(self.folder), self.folder / CAPTURE)
            self._ledger.end(
                complete=not missing, captures=(capture,),
                reason=f"{missing} cases did not come to their end" if missing else "")
        except LedgerError as failure:
            self.failure = self.failure or failure
        finally:
            self._ledger.close()

    # What the ledger is told

    def _begin(self, collected: set[str]) -> None:
        try:
            self.planned = self._plan(collected)
            plan = FrozenPlan(
                subject=self.profile.subject, answers=self.answers,
                mode=self.config.option.mode,
                demonstration=self.config.option.demonstration,
                selected=tuple(self.planned.values()), rig=self.declaration.describe(),
                baseline=self.config.option.baseline,
                baseline_digest=self.config.option.baseline_digest,
                tools=tool_versions(), seed=self.config.option.seed)
            if self.config.option.resume:
                self._compare(plan)
                self._ledger = Ledger.resume(self.folder, utc_now)
            else:
                self._ledger = Ledger.create(self.folder, plan, utc_now)
            for event in self.before:
                self._store(event)
        except BenchError as failure:
            self._fail(failure)

    def _plan(self, collected: set[str]) -> dict[str, Selected]:
        kind = self.profile.subject.device_type
        cases = for_device(in_order(reader(self.config).load(named_files(self.config))), kind)
        if not cases:
            raise PlanError(f"no case of these plans is for a device of type {kind}")
        chosen = select(cases, self.profile.ics, self.declaration.ports,
                        traits=self.declaration.traits, left_out=self.profile.left_out)
        delta = self.config.option.delta
        carried = read_carried(Path(delta)) if delta else {}
        return {
            selected.case.id: selected if selected.case.id in collected else replace(
                selected, disposition=Disposition.NOT_RUN,
                reason=carried.get(selected.case.id, "left out on the command line"))
            for selected in chosen
        }

    def _look_back(self) -> None:
        """Learn from the ledger which cases are done and which attempt is next."""
        contents = read_ledger(self.folder)
        self.disclosure = disclosure_of(contents.events)
        cases = {selected.case.id: selected.case for selected in contents.plan.selected}
        done = set()
        for name, events in contents.by_case().items():
            self._events[name] = list(events)
            self.attempts[name] = max(event.attempt for event in events)
            result = judge_case(cases[name], events, contents.plan.answers)
            if name in contents.ended_cases() and not _may_repeat(cases[name], result):
                done.add(name)
                self.results[name] = result
        self.done = frozenset(done)

    def _compare(self, plan: FrozenPlan) -> None:
        frozen = read_ledger(self.folder).plan
        parts = ((run.selected, run.subject, run.answers, run.seed) for run in (frozen, plan))
        if len({digest(part) for part in parts}) > 1:
            raise LedgerError(
                f"{self.folder}: the plan, the profile or the seed changed since this run began; "
                "start a new one")

    def _to_run(self, nodeid: str) -> TestCase | None:
        selected = self.planned.get(nodeid.rpartition("::")[2])
        if (selected is None or selected.disposition is not Disposition.SELECTED
                or selected.case.id in self.done):
            return None
        return selected.case

    def _store(self, event: Event) -> None:
        if self._ledger is None:
            return
        self.results.pop(event.case, None)
        try:
            self._events.setdefault(event.case, []).append(self._ledger.append(event))
        except LedgerError as failure:
            self._fail(failure)

    def _is_missing(self, selected: Selected) -> bool:
        """Return whether a case is left for ``--resume``: not run to its end, or blocked."""
        name = selected.case.id
        if selected.disposition is not Disposition.SELECTED or name in self.done:
            return False
        result = self.results.get(name)
        return result is None or result.disposition is Disposition.BLOCKED

    def _store_crash(self, case: TestCase, reason: str) -> None:
        attempt = self.attempts.get(case.id, 0) + 1
        now = utc_now().isoformat()
        self._store(Event("bench-error", case.id, attempt, now,
                          {"reason": reason, "octets": "", "cause": BENCH}))
        self._store(Event("case-ended", case.id, attempt, now, {}))

    def _fail(self, failure: BenchError) -> None:
        self.failure = self.failure or failure
        wrong = isinstance(failure, PlanError | ProfileError | RigError)
        pytest.exit(str(failure), returncode=WRONG if wrong else BENCH_FAILED)


def _may_repeat(case: TestCase, result: CaseResult) -> bool:
    """Return whether an ended case may have another attempt: it never reached the device, or it
    is declared idempotent and the rig failed."""
    if result.disposition is Disposition.BLOCKED:
        return True
    return case.idempotent and result.verdict is Verdict.ERROR


def _default_folder(mode: str) -> Path:
    return Path("out") / f"{mode}-{utc_now():%Y%m%dT%H%M%SZ}"


def tool_versions() -> tuple[tuple[str, str], ...]:
    """Return name and version of what a run names as its tools."""
    found = []
    for tool in TOOLS:
        with suppress(PackageNotFoundError):
            found.append((tool, version(tool)))
    return tuple(found)
