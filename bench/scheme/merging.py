"""What several runs say of one case: results of several laboratories, and of several days.

A verdict never gets better by merging: of several final ones the worst stands, and a PASS here with
a FAIL there is a contradiction, which blocks. ERROR, and every reason why a run has no verdict, is
no word about the device and yields to any verdict of another run. A case counts only with the
fingerprint that the baseline froze.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.records.decision import Standing
from bench.records.verdict import SEVERITY, Verdict
from bench.scheme.standing import Trial

LEAST = (
    Standing.ERROR, Standing.INCONCLUSIVE, Standing.NOT_TESTABLE, Standing.INAPPLICABLE,
    Standing.NOT_TESTED,
)
"""Of cases without a verdict: what tells most of why stands."""

Heard = tuple[str, Trial]  # the name of a run, what it says


def merge(
    runs: Sequence[tuple[str, Sequence[Trial]]], frozen: Mapping[str, str]
) -> tuple[Trial, ...]:
    """Return one trial for each case of the runs or of the baseline, sorted by case id.

    ``runs`` are names of runs with their trials; ``frozen`` gives the fingerprints of the
    baseline's cases, empty where it froze none.
    """
    heard: dict[str, list[Heard]] = defaultdict(list)
    for name, trials in runs:
        for trial in trials:
            heard[trial.case].append((name, _of_the_baseline(trial, frozen)))
    planned = {trial.planned or trial.case for said in heard.values() for _, trial in said}
    absent = (Trial(case, "", (), Standing.NOT_TESTED, "the baseline plans it, no run holds it")
              for case in frozen.keys() - planned)
    merged = (_merged(said) for said in heard.values())
    return tuple(sorted((*merged, *absent), key=lambda trial: trial.case))


def contradictions(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield a line for each case of which two runs say PASS and FAIL."""
    for trial in trials:
        if trial.standing is Standing.CONTRADICTED:
            yield f"{trial.case}: {trial.reason}"


def _of_the_baseline(trial: Trial, frozen: Mapping[str, str]) -> Trial:
    """Take from a case that is not the baseline's the power to pass."""
    wanted = frozen.get(trial.planned or trial.case)
    if not frozen or wanted == trial.fingerprint:
        return trial
    if trial.standing is not Standing.PASSED:
        return trial
    reason = (f"the run's case has the fingerprint {trial.fingerprint}, the baseline's {wanted}"
              if wanted else "no case of the baseline")
    return replace(trial, standing=Standing.NOT_TESTED, reason=reason, verdict=Verdict.NONE,
                   laboratories=())


def _merged(said: Sequence[Heard]) -> Trial:
    if len(said) == 1:
        return said[0][1]
    final = [one for one in said if one[1].verdict is not Verdict.NONE]
    if not final:
        return min((trial for _, trial in said), key=_telling)
    passed = [one for one in final if one[1].verdict is Verdict.PASS]
    failed = [one for one in final if one[1].verdict is Verdict.FAIL]
    worst = max((trial for _, trial in final), key=lambda trial: SEVERITY[trial.verdict])
    laboratories = tuple(sorted({name for _, trial in passed for name in trial.laboratories}))
    flaw = next((trial.flaw for _, trial in final if trial.flaw), None)
    if not (passed and failed):
        return replace(worst, laboratories=laboratories, flaw=flaw)
    contradicts = frozenset[str]().union(*(trial.contradicts for _, trial in failed))
    return replace(
        worst, standing=Standing.CONTRADICTED, contradicts=contradicts, flaw=flaw,
        laboratories=laboratories,
        reason=f"passed in {_names(passed)}, failed in {_names(failed)}: {worst.reason}")


def _telling(trial: Trial) -> int:
    return LEAST.index(trial.standing) if trial.standing in LEAST else len(LEAST)


def _names(said: Sequence[Heard]) -> str:
    return " and ".join(name for name, _ in said)
