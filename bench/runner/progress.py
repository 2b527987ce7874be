"""What a person sees while a plan runs: cases done, verdicts so far, time left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.record import ASK, RECORD_NAME, Record

SHOWN = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR)


class ProgressBar:
    """A pytest plugin that takes the place of pytest's own terminal output.

    ``ask`` puts a question to the operator; the bar makes room for it.
    """

    def __init__(self, console: Console, ask: Callable[[str], str] | None = None) -> None:
        self._ask = ask
        self.complaints: list[str] = []  # what kept pytest from collecting
        self._counts: Counter[str] = Counter()
        self._total: int | None = None  # known when the first case is done
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[verdicts]}"), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("starting", total=None, verdicts="")

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Have questions to an operator come this way."""
        if self._ask is not None:
            config.stash[ASK] = self.ask

    def ask(self, question: str) -> str:
        """Ask the operator, with the bar out of the way."""
        assert self._ask is not None
        self._bar.stop()
        try:
            return self._ask(question)
        finally:
            self._bar.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Silence the reporters of pytest and pytest-xdist and listen to the record."""
        plugins = session.config.pluginmanager
        for name in ("terminalreporter", "terminaldistreporter"):
            if plugins.hasplugin(name):
                plugins.unregister(name=name)
        if (distribution := plugins.getplugin("dsession")) is not None:
            distribution.terminal = None
        record = plugins.getplugin(RECORD_NAME)
        if isinstance(record, Record):
            record.listeners.append(lambda result: self._done(record, result))
        self._bar.start()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why something could not be collected, once if several workers say it."""
        if report.failed and (complaint := str(report.longrepr)) not in self.complaints:
            self.complaints.append(complaint)

    def pytest_unconfigure(self) -> None:
        """Leave the terminal clean."""
        self._bar.stop()

    def _done(self, record: Record, result: CaseResult) -> None:
        self._counts[result.verdict] += 1
        if self._total is None:
            self._total = sum(
                selected.disposition is Disposition.SELECTED and name not in record.done
                for name, selected in record.planned.items())
        self._bar.update(
            self._task, description=result.case.rpartition("-")[0], advance=1, total=self._total,
            verdicts="  ".join(f"{verdict} {self._counts[verdict]}" for verdict in SHOWN
                               if self._counts[verdict]))
