"""Qualifying a plan: every case must FAIL under each of its defects, and pass without one.

Each defect gets an emulator of its own, told to be wrong in that way, and the cases that claim to
notice (with ``everything``, all cases). The result is the kill matrix of a kind of device on one
rig: the proof that a PASS of these cases means something. Defects of all kinds are shared out over
processes; one process, one device. The plan is read once and handed to them; what it generates
from a device is generated once, from the device without a defect. A defect sits in one place, so of
the cases that were generated of one written case only one must notice it, and the rest are not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from bench.judge import judge_case
from bench.records.disclosure import Disclosure
from bench.records.plan import TestCase
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.clock import utc_now
from bench.runner.station import Station
from devices.launch import fork_from_now_on
from devices.profile import Profile, load_profile
from devices.rig import RigDeclaration, load_rig

NO_DEFECT = ""
BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)

_plan: dict[tuple[Path, str], TestCase] = {}  # rig and id -> case, of the process


@dataclass(frozen=True, slots=True)
class Task:
    """What one process is told: a device, a defect (none: ""), and the ids of the cases to run.

    ``every_row`` says to go on with a generated case after one of its rows noticed the defect.
    """

    profile: Path
    rig: Path
    defect: str
    cases: tuple[str, ...]
    seed: int = 0
    every_row: bool = False


@dataclass(frozen=True, slots=True)
class Qualification:
    """The kill matrix of a kind of device on a rig, and what it lacks to prove the plan."""

    results: Mapping[str, Mapping[str, CaseResult]]  # defect -> case id -> result
    unclean: tuple[CaseResult, ...]  # not passed without a defect
    toothless: tuple[tuple[str, str], ...]  # (case, defect): the case must FAIL and did not
    survivors: tuple[str, ...]  # defects that no case verifying what they break has caught
    unproven: tuple[str, ...]  # cases without a bite

    @property
    def holds(self) -> bool:
        """True if the plan is proven."""
        return not (self.unclean or self.toothless or self.survivors or self.unproven)


def disclosed_by(profile: Profile, declaration: RigDeclaration) -> Disclosure:
    """Return what the device without a defect says that it has."""
    station = Station(profile, declaration, utc_now)
    try:
        return station.disclose()[0]
    finally:
        station.close()


def run_tasks(
    tasks: Sequence[Task], cases: Mapping[Path, Sequence[TestCase]], workers: int,
    progress: Callable[[Task], None],
) -> Mapping[Path, Mapping[str, Mapping[str, CaseResult]]]:
    """Run ``tasks`` in ``workers`` processes; return the results by rig, defect and case.

    ``cases`` are all that tasks name, by rig; the longest tasks are begun first.
    """
    results: dict[Path, dict[str, Mapping[str, CaseResult]]] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin,
                             initargs=({rig: tuple(some) for rig, some in cases.items()},)) as pool:
        begun = sorted(tasks, key=lambda task: -len(task.cases))
        running = {pool.submit(run_task, task): task for task in begun}
        for done in as_completed(running):
            task = running[done]
            results.setdefault(task.rig, {})[task.defect] = {
                result.case: result for result in done.result()}
            progress(task)
    return results


def assess(
    results: Mapping[str, Mapping[str, CaseResult]], cases: Sequence[TestCase],
    breaks: Mapping[str, Sequence[str]],
) -> Qualification:
    """Return what a kill matrix proves; ``breaks`` names what each defect breaks. Pure."""
    known = {case.id: case for case in cases}
    clean = results.get(NO_DEFECT, {})
    toothless = tuple((name, defect) for defect, row in sorted(results.items()) if defect
                      for name in _toothless(defect, row, known))
    survivors = tuple(
        defect for defect in sorted(breaks)
        if not any(result.verdict is Verdict.FAIL
                   and set(known[name].requirements) & set(breaks[defect])
                   for name, result in results.get(defect, {}).items()))
    return Qualification(
        results={defect: results[defect] for defect in sorted(results)},
        unclean=tuple(result for result in clean.values() if _is_unclean(result, known)),
        toothless=toothless,
        survivors=survivors,
        unproven=tuple(dict.fromkeys(
            _written(case) for case in cases if not case.bite and not case.remarks_only)))


def _is_unclean(result: CaseResult, known: Mapping[str, TestCase]) -> bool:
    """Return whether a case did not do on the good device what it must: a case that only remarks
    is rightly inconclusive."""
    if result.verdict is Verdict.INCONCLUSIVE and known[result.case].remarks_only:
        return False
    return result.verdict in BAD or result.disposition is Disposition.BLOCKED


def _toothless(defect: str, row: Mapping[str, CaseResult],
               known: Mapping[str, TestCase]) -> Iterator[str]:
    """Yield the cases that must FAIL under ``defect`` and did not, one of each written case."""
    bitten = {_written(known[name]) for name, result in row.items()
              if result.verdict is Verdict.FAIL}
    told: set[str] = set()
    for name, result in row.items():
        case = known[name]
        if (defect in case.bite and result.disposition is Disposition.SELECTED
                and _written(case) not in bitten | told):
            told.add(_written(case))
            yield name


def _written(case: TestCase) -> str:
    """Return what stands for all cases that were generated of one written case, else the id."""
    return case.generated.id if case.generated else case.id


def tasks_for(
    cases: Sequence[TestCase], defects: Sequence[str], *, everything: bool, profile: Path, rig: Path
) -> list[Task]:
    """Return one task for the device without a defect and one for each defect.

    A defect's task holds the cases that claim to notice it, or all; without any there is none.
    """
    everyone = tuple(case.id for case in cases)
    tasks = [Task(profile, rig, NO_DEFECT, everyone)]
    for defect in defects:
        chosen = everyone if everything else tuple(
            case.id for case in cases if defect in case.bite)
        if chosen:
            tasks.append(Task(profile, rig, defect, chosen, every_row=everything))
    return tasks


def run_task(task: Task) -> tuple[CaseResult, ...]:
    """Run one task in this process and return the judged cases in its order."""
    profile, declaration = _device(task.profile, task.rig)
    station = Station(profile, declaration, utc_now, defect=task.defect or None, seed=task.seed,
                      explained=False)
    results: list[CaseResult] = []
    bitten: set[str] = set()
    try:
        for case in (_plan[task.rig, name] for name in task.cases):
            if case.generated and case.generated.id in bitten:
                continue
            result = judge_case(case, tuple(station.run(case, 1)), station.answers)
            results.append(result)
            if (case.generated and task.defect and not task.every_row
                    and result.verdict is Verdict.FAIL):
                bitten.add(case.generated.id)
    finally:
        station.close()
    return tuple(results)


def _begin(cases: Mapping[Path, Sequence[TestCase]]) -> None:
    """Begin a fresh process: hold the plan, and start emulators without delay."""
    fork_from_now_on()
    _hold(cases)


def _hold(cases: Mapping[Path, Sequence[TestCase]]) -> None:
    """Hold the plan in this process."""
    _plan.update(((rig, case.id), case) for rig, some in cases.items() for case in some)


@cache  # one process runs many tasks, all of a few devices
def _device(profile: Path, rig: Path) -> tuple[Profile, RigDeclaration]:
    return load_profile(profile), load_rig(rig)
