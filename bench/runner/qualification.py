"""Qualifying a plan: every case must FAIL under each of its defects, and pass without one.

Each defect gets an emulator of its own, told to be wrong in that way, and the cases that claim to
notice (with ``everything``, all cases). The result is the kill matrix: the proof that a PASS of
these cases means something. Defects are shared out over processes; one process, one device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from bench.judge import judge_case
from bench.plan import for_device, load_plans, select
from bench.records.plan import TestCase
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.clock import utc_now
from bench.runner.order import in_order
from bench.runner.station import Station
from devices.profile import load_profile
from devices.rig import load_rig

NO_DEFECT = ""
BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Task:
    """What one process is told: files, a defect (none: ""), and the ids of the cases to run."""

    plans: tuple[Path, ...]
    profile: Path
    rig: Path
    defect: str
    cases: frozenset[str]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Qualification:
    """The kill matrix, and what it lacks to prove the plan."""

    results: Mapping[str, Mapping[str, CaseResult]]  # defect -> case id -> result
    unclean: tuple[CaseResult, ...]  # not passed without a defect
    toothless: tuple[tuple[str, str], ...]  # (case, defect): the case must FAIL and did not
    survivors: tuple[str, ...]  # defects that no case verifying what they break has caught
    unproven: tuple[str, ...]  # cases without a bite

    @property
    def holds(self) -> bool:
        """True if the plan is proven."""
        return not (self.unclean or self.toothless or self.survivors or self.unproven)


def qualify(
    tasks: Sequence[Task], cases: Sequence[TestCase], breaks: Mapping[str, Sequence[str]],
    workers: int, progress: Callable[[str], None],
) -> Qualification:
    """Run ``tasks`` in ``workers`` processes; ``breaks`` names what each defect breaks."""
    results: dict[str, dict[str, CaseResult]] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(run_task, task): task.defect for task in tasks}
        for done in as_completed(running):
            results[running[done]] = {result.case: result for result in done.result()}
            progress(running[done])
    return assess(results, cases, breaks)


def assess(
    results: Mapping[str, Mapping[str, CaseResult]], cases: Sequence[TestCase],
    breaks: Mapping[str, Sequence[str]],
) -> Qualification:
    """Return what a kill matrix proves; pure."""
    known = {case.id: case for case in cases}
    clean = results.get(NO_DEFECT, {})
    toothless = tuple(
        (name, defect) for defect, row in sorted(results.items()) if defect
        for name, result in row.items()
        if defect in known[name].bite and result.disposition is Disposition.SELECTED
        and result.verdict is not Verdict.FAIL)
    survivors = tuple(
        defect for defect in sorted(breaks)
        if not any(result.verdict is Verdict.FAIL
                   and set(known[name].requirements) & set(breaks[defect])
                   for name, result in results.get(defect, {}).items()))
    return Qualification(
        results={defect: results[defect] for defect in sorted(results)},
        unclean=tuple(result for result in clean.values() if result.verdict in BAD),
        toothless=toothless,
        survivors=survivors,
        unproven=tuple(case.id for case in cases if not case.bite))


def tasks_for(
    cases: Sequence[TestCase], defects: Sequence[str], *, everything: bool, whole: Task
) -> list[Task]:
    """Return one task for the device without a defect and one for each defect.

    ``whole`` gives the files; a defect's task holds the cases that claim to notice it, or all.
    """
    everyone = frozenset(case.id for case in cases)
    tasks = [Task(whole.plans, whole.profile, whole.rig, NO_DEFECT, everyone, whole.seed)]
    for defect in defects:
        chosen = everyone if everything else frozenset(
            case.id for case in cases if defect in case.bite)
        tasks.append(Task(whole.plans, whole.profile, whole.rig, defect, chosen, whole.seed))
    return sorted(tasks, key=lambda task: -len(task.cases))


def run_task(task: Task) -> tuple[CaseResult, ...]:
    """Run one task in this process and return the judged cases in plan order."""
    profile, declaration = load_profile(task.profile), load_rig(task.rig)
    station = Station(profile, declaration, utc_now, defect=task.defect or None, seed=task.seed)
    cases = _planned(task.plans, profile.subject.device_type)
    chosen = select(cases, profile.ics, declaration.ports)
    try:
        return tuple(
            judge_case(selected.case, tuple(station.run(selected.case, 1)), station.answers)
            for selected in chosen
            if selected.case.id in task.cases and selected.disposition is Disposition.SELECTED)
    finally:
        station.close()


@cache  # one process runs many tasks, all of the same plans
def _planned(plans: tuple[Path, ...], device_type: str) -> tuple[TestCase, ...]:
    return for_device(in_order(load_plans(plans)), device_type)
