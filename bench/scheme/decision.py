"""The decision on a subject: full, partial with its scope, or none, always with the reasons.

"SMIP Compliant" is granted for one baseline, in the mode ``certify``, when every requirement that
counts has a strict pass. A requirement counts when the baseline makes it mandatory, its wording
is confirmed and it applies to the subject.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.errors import RigError
from bench.records.decision import Decision, RequirementStanding, Standing, Status
from bench.records.plan import Selected
from bench.records.requirement import Requirement
from bench.records.verdict import CaseResult
from bench.scheme.baseline import Baseline
from bench.scheme.standing import Trial, name_cases, standings, trials

MODES = ("precheck", "ci", "certify")
"""``precheck``: a maker looks around. ``ci``: a gate on firmware. ``certify``: a baseline."""


def admit(mode: str, demonstration: bool, emulated: bool) -> None:
    """Refuse, before anything is run, what could never lead to an honest certificate.

    Raises :class:`~bench.errors.RigError` for an unknown mode, and for an emulated device in the
    mode ``certify`` unless the run is marked as a demonstration.
    """
    if mode not in MODES:
        raise RigError(f"mode: expected one of {', '.join(MODES)}, found {mode!r}")
    if mode == "certify" and emulated and not demonstration:
        raise RigError("the rig binds an emulated device, which cannot be certified; "
                       "--demonstration runs it and marks every page")


def decide(
    *,
    results: Sequence[CaseResult],
    selected: Sequence[Selected],
    catalogue: Mapping[str, Requirement],
    baseline: Baseline,
    mode: str,
    demonstration: bool,
    suspects: Mapping[str, tuple[str, ...]],
    variant: str = "",
) -> tuple[Decision, tuple[RequirementStanding, ...]]:
    """Decide on a subject from its results; pure.

    ``selected`` is the whole plan, with the cases that are out of it; ``suspects`` gives for a
    case id the requirements whose text changed since its links were reviewed; ``variant`` is the
    subject's, the baseline's when "". The standings come sorted by requirement id, one for each
    requirement of the catalogue that concerns the device. Raises
    :class:`~bench.errors.LedgerError` when the results are not those of the plan.
    """
    variant = variant or baseline.variant
    tried = trials(selected, results, suspects)
    lines = standings(tried=tried, catalogue=catalogue, baseline=baseline, variant=variant)
    tally = _tally(lines, catalogue)
    obstacles = (*_formal(baseline, mode, variant), *_of_the_run(tried))
    failed = [line for line in tally.counting if line.standing is Standing.FAILED]
    passed = [line for line in tally.counting if line.standing is Standing.PASSED]

    if failed or not passed or baseline.draft:
        status, scope = Status.NONE, ""
    elif len(passed) < len(tally.counting) or obstacles:
        status = Status.PARTIAL
        scope = _scope(baseline, tally.counting, passed, tried, catalogue)
    else:
        status = Status.COMPLIANT
        scope = f"{baseline.title}: all {len(passed)} mandatory requirements that apply"
    if scope and demonstration:
        scope += "; demonstration, no certificate"
    reasons = (
        *(_line("failed", line) for line in failed),
        *obstacles,
        *(_line(line.standing, line) for line in tally.counting
          if line.standing not in (Standing.PASSED, Standing.FAILED)),
        *_nothing(tally.counting, passed),
        *_notes(tally, tried),
    )
    return Decision(status, scope, reasons), lines


@dataclass(frozen=True, slots=True)
class _Tally:
    """The lines of the matrix by how they bear on the decision."""

    counting: tuple[RequirementStanding, ...]  # mandatory, confirmed, applicable
    unconfirmed: tuple[RequirementStanding, ...]  # mandatory, provisional
    inapplicable: tuple[RequirementStanding, ...]  # mandatory, confirmed
    others: tuple[RequirementStanding, ...]  # not mandatory


def _tally(
    lines: Sequence[RequirementStanding], catalogue: Mapping[str, Requirement]
) -> _Tally:
    sorted_: dict[str, list[RequirementStanding]] = defaultdict(list)
    for line in lines:
        requirement = catalogue.get(line.id)
        if not line.mandatory:
            sorted_["others"].append(line)
        elif requirement is not None and requirement.provisional:
            sorted_["unconfirmed"].append(line)
        elif line.standing is Standing.INAPPLICABLE:
            sorted_["inapplicable"].append(line)
        else:
            sorted_["counting"].append(line)
    return _Tally(*(tuple(sorted_[name]) for name in (
        "counting", "unconfirmed", "inapplicable", "others")))


def _formal(baseline: Baseline, mode: str, variant: str) -> Iterator[str]:
    if baseline.draft:
        yield f"the baseline {baseline.title} is a draft and certifies nothing"
    if mode != "certify":
        yield f"the mode {mode} gives no certificate"
    if baseline.variant and variant != baseline.variant:
        yield f"the baseline is for variant {baseline.variant}, the subject is {variant}"


def _of_the_run(tried: Sequence[Trial]) -> Iterator[str]:
    unfinished = [trial for trial in tried if trial.standing is Standing.NOT_TESTED]
    if unfinished:
        yield f"{len(unfinished)} planned without a final attempt: {name_cases(unfinished)}"
    errors = [trial for trial in tried if trial.standing is Standing.ERROR]
    if errors:
        yield f"{len(errors)} broken by the bench or the rig: {name_cases(errors)}"


def _line(word: str, line: RequirementStanding) -> str:
    return f"{line.id} {word}: {line.reason}"


def _nothing(
    counting: Sequence[RequirementStanding], passed: Sequence[RequirementStanding]
) -> Iterator[str]:
    if not counting:
        yield "no requirement counts: each mandatory one is provisional or does not apply"
    elif not passed:
        yield f"none of the {len(counting)} requirements that count has a strict pass"


def _notes(tally: _Tally, tried: Sequence[Trial]) -> Iterator[str]:
    """Yield what does not decide, but must not be overlooked."""
    contradicted = frozenset(id_ for trial in tried for id_ in trial.contradicts)
    for line in tally.unconfirmed:
        if line.id in contradicted:
            yield f"{line.id} is provisional and does not decide: {line.reason}"
    for line in tally.others:
        if line.id in contradicted:
            yield f"{line.id} is not mandatory and does not decide: {line.reason}"
    if tally.unconfirmed:
        yield (f"{len(tally.unconfirmed)} mandatory but provisional, not counted until confirmed: "
               + _ids(tally.unconfirmed))
    if tally.inapplicable:
        yield f"{len(tally.inapplicable)} mandatory, not applicable: {_ids(tally.inapplicable)}"


def _ids(lines: Sequence[RequirementStanding]) -> str:
    return ", ".join(line.id for line in lines)


def _scope(
    baseline: Baseline,
    counting: Sequence[RequirementStanding],
    passed: Sequence[RequirementStanding],
    tried: Sequence[Trial],
    catalogue: Mapping[str, Requirement],
) -> str:
    """Name what was passed in full: domains of requirements, groups of cases."""
    good = frozenset(line.id for line in passed)
    counted = frozenset(line.id for line in counting)
    domains: dict[str, set[str]] = defaultdict(set)
    for id_ in counted:
        requirement = catalogue.get(id_)
        domains[requirement.domain if requirement else "unknown"].add(id_)
    groups: dict[str, set[str]] = defaultdict(set)
    for trial in tried:
        groups[trial.group].update(counted.intersection(trial.requirements))
    return (f"{baseline.title}: {len(good)} of {len(counted)} mandatory requirements; "
            f"whole domains: {_whole(domains, good)}; whole groups: {_whole(groups, good)}")


def _whole(families: Mapping[str, set[str]], good: frozenset[str]) -> str:
    whole = sorted(name for name, ids in families.items() if ids and ids <= good)
    return ", ".join(whole) or "none"
