"""The decision on a subject: full, partial with its scope, or none, always with the reasons.

"SMIP Compliant" is granted for one baseline, in the mode ``certify``, when every requirement that
counts is shown: by a strict pass, or in another way that the baseline takes. A requirement counts
when the baseline makes it mandatory, its wording is confirmed and it applies to the subject. A
tolerated issue makes a decision partial, unless it is on the common list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.errors import RigError
from bench.records.assurance import Tolerance
from bench.records.decision import Decision, RequirementStanding, Standing, Status
from bench.records.requirement import Requirement
from bench.scheme.baseline import Baseline
from bench.scheme.standing import Trial, name_cases

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
    lines: Sequence[RequirementStanding],
    tried: Sequence[Trial],
    catalogue: Mapping[str, Requirement],
    baseline: Baseline,
    tolerated: Sequence[Tolerance] = (),
    blocks: Sequence[str] = (),
    obstacles: Sequence[str] = (),
    demonstration: bool,
) -> Decision:
    """Decide from the lines of the matrix; pure.

    ``blocks`` are what allows no certificate at all, ``obstacles`` what allows no full one;
    ``tolerated`` are the issues in force that the lines make use of. The reasons start with what
    decided, then list what kept the status from being better, then what must not be overlooked.
    """
    tally = _tally(lines, catalogue)
    device_specific = frozenset(
        id_ for issue in tolerated if not issue.common for id_ in issue.requirements)
    obstacles = (*obstacles, *_of_the_run(tried, lines), *_tolerated(tolerated))
    bad = [line for line in tally.counting if line.standing in AGAINST]
    good = [line for line in tally.counting if line.standing in SHOWN
            or (line.standing is Standing.TOLERATED and line.id not in device_specific)]

    if bad or blocks or not good or baseline.draft:
        status, scope = Status.NONE, ""
    elif len(good) < len(tally.counting) or obstacles:
        status = Status.PARTIAL
        scope = _scope(baseline, tally.counting, good, tried, catalogue)
    else:
        status = Status.COMPLIANT
        scope = f"{baseline.title}: all {len(good)} mandatory requirements that apply"
    if scope and demonstration:
        scope += "; demonstration, no certificate"
    shown = frozenset(line.id for line in (*bad, *good))
    reasons = (
        *blocks,
        *(_line(line.standing, line) for line in bad),
        *obstacles,
        *(_line(line.standing, line) for line in tally.counting if line.id not in shown),
        *_nothing(tally.counting, good),
        *_stood_in(tally.counting),
        *_notes(tally, tried),
    )
    return Decision(status, scope, reasons)


AGAINST = (Standing.FAILED, Standing.CONTRADICTED)
SHOWN = (Standing.PASSED, Standing.CARRIED_OVER, Standing.IMPORTED, Standing.ATTESTED,
         Standing.EXEMPTED)
STOOD_IN = (Standing.CARRIED_OVER, Standing.IMPORTED, Standing.ATTESTED, Standing.EXEMPTED,
            Standing.TOLERATED)


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


def _of_the_run(
    tried: Sequence[Trial], lines: Sequence[RequirementStanding]
) -> Iterator[str]:
    """Yield what planned cases lack, unless all that they verify was shown in another way."""
    otherwise = frozenset(line.id for line in lines if line.standing in STOOD_IN)
    unfinished = [trial for trial in tried if trial.standing is Standing.NOT_TESTED
                  and not (trial.requirements and otherwise.issuperset(trial.requirements))]
    if unfinished:
        yield f"{len(unfinished)} planned without a final attempt: {name_cases(unfinished)}"
    errors = [trial for trial in tried if trial.standing is Standing.ERROR]
    if errors:
        yield f"{len(errors)} broken by the bench or the rig: {name_cases(errors)}"


def _tolerated(tolerated: Sequence[Tolerance]) -> Iterator[str]:
    for issue in tolerated:
        if not issue.common:
            yield (f"tolerated for this device: {issue.issue}: {issue.text}; owner {issue.owner}, "
                   f"review by {issue.review}")


def _stood_in(counting: Sequence[RequirementStanding]) -> Iterator[str]:
    for standing in STOOD_IN:
        found = [line for line in counting if line.standing is standing]
        if found:
            yield f"{len(found)} mandatory {standing}: {_ids(found)}"


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
