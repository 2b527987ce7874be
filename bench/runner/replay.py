"""A disputed case, replayed: judged again from its evidence, and run again beside it.

The case is the one in the ledger, not that of a plan file; so are ICS, IXIT and seed. What can only
be the device's that is on the rig now (:data:`SPECIMEN`, and the subject) is that of its profile,
and every difference between the two runs is listed. The second run keeps a ledger of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import LedgerError, LinkError, ProfileError, RigError
from bench.judge import judge_case
from bench.ledger import Ledger, LedgerContents, read_ledger, write_capture
from bench.plan import fingerprint_of, select
from bench.records.event import Event
from bench.records.plan import Selected, TestCase
from bench.records.replay import (
    Fingerprints,
    JudgedAttempt,
    Replay,
    RunFacts,
    Setting,
    SideBySide,
)
from bench.records.run import FrozenPlan
from bench.records.serial import to_json
from bench.records.verdict import CaseResult, Disposition
from bench.runner.clock import utc_now
from bench.runner.engine import DECLARATION
from bench.runner.installed import installed_fingerprint
from bench.runner.playback import Place, moment_of, play
from bench.runner.record import CAPTURE, tool_versions
from bench.runner.rejudge import judge_planned, judge_run
from bench.runner.station import Station
from bench.scheme.side_by_side import Side, side_by_side
from devices.profile import Profile
from devices.rig import RigDeclaration, software_answers

MODE = "replay"
SAME = ("device_type", "manufacturer_id", "model")
"""Fields of a subject without which it is another device."""
SPECIMEN = ("entity_id", "keys", "recordings")
"""IXIT items of the very device that is on the rig, not of its kind."""
DLMS_SPECIMEN = ("logical_device", "serial_number")
"""The same in the declaration of a DLMS meter, as beginnings of names."""
_PATHS = ("keys", "recordings")
JUDGED, DEVICE, RECORDING = "judged", "device", "recording"


@dataclass(frozen=True, slots=True)
class Disputed:
    """A planned case of some evidence, and what was said of it.

    ``reported`` is the verdict of the report, "" without one; ``bundle_sha256`` that of the bundle
    that held the evidence, "" for a run folder.
    """

    contents: LedgerContents
    selected: Selected
    events: tuple[Event, ...]  # of the case, all attempts
    result: CaseResult  # what the judge of today says of them
    reported: str = ""
    bundle_sha256: str = ""

    @property
    def case(self) -> TestCase:
        """The case as it was frozen."""
        return self.selected.case

    @property
    def last_attempt(self) -> tuple[Event, ...]:
        """The events of the attempt that decided."""
        last = max((event.attempt for event in self.events), default=0)
        return tuple(event for event in self.events if event.attempt == last)


def disputed(contents: LedgerContents, case: str, *, reported: str = "",
             bundle_sha256: str = "") -> Disputed:
    """Return the case ``case`` of some evidence.

    Raises :class:`~bench.errors.LedgerError` where it was not planned.
    """
    for selected in contents.plan.selected:
        if selected.case.id == case:
            events = contents.by_case().get(case, ())
            result = judge_planned(selected, events, contents.plan)
            return Disputed(contents, selected, events, result, reported, bundle_sha256)
    raise LedgerError(f"the evidence holds no case {case!r}; it plans "
                      f"{len(contents.plan.selected)}, as `smip-bench rejudge --json` lists them")


def judge_again(about: Disputed) -> Replay:
    """Judge the stored events again; no second run."""
    return _document(about, JUDGED)


def replay_on_device(
    about: Disputed, profile: Profile, declaration: RigDeclaration, folder: Path, *,
    defect: str | None = None, ask: Callable[[str], str] | None = None,
) -> Replay:
    """Judge the stored events again and run the case on a rig, with a ledger in ``folder``.

    Raises :class:`~bench.errors.ProfileError` for another device type or model, or where the
    device is not what ``profile`` says; :class:`~bench.errors.RigError` where the rig lacks what
    the case needs; :class:`~bench.errors.LinkError` where the device could not be reached.
    """
    stored = about.contents.plan
    _refuse_another_device(about, profile)
    settings = _settings(about, profile, declaration, defect)
    given = {name: profile.ixit[name] for name in SPECIMEN if name in profile.ixit}
    ixit: Mapping[str, Any] = {**profile.ixit, **stored.answers.ixit, **given,
                               **_dlms(stored.answers.ixit, profile)}
    ics: Mapping[str, Any] = stored.answers.ics
    today = replace(profile, ics=ics, ixit=ixit)
    (selected,) = select((about.case,), today.ics, declaration.ports,
                         traits=declaration.traits, left_out=profile.left_out)
    if selected.disposition is not Disposition.SELECTED:
        raise RigError(f"{declaration.path}: {about.case.id} is {selected.disposition}: "
                       f"{selected.reason}")
    station = Station(today, declaration, utc_now, defect=defect, seed=stored.seed, ask=ask)
    rig = {**declaration.describe(), **({"defect": defect} if defect else {})}
    plan = replace(stored, subject=profile.subject, answers=station.answers, mode=MODE,
                   demonstration=software_answers(declaration), selected=(selected,), rig=rig,
                   tools=tool_versions())
    try:
        ran = _stored(folder, plan, station.run(about.case, 1), utc_now)
    finally:
        station.close()
    if station.refusal is not None and station.refusal.cause == DECLARATION:
        raise ProfileError(station.refusal.reason)
    if _result(ran).disposition is Disposition.BLOCKED:
        raise LinkError(_result(ran).reason)
    specimens = (str(stored.answers.ixit.get("entity_id", "")),
                 str(station.answers.ixit.get("entity_id", "")))
    return _document(about, DEVICE, ran, settings, specimens=specimens)


def replay_recording(about: Disputed, folder: Path) -> Replay:
    """Judge the stored events again and play them as the device, with a ledger in ``folder``."""
    stored = about.contents.plan
    played = play(about.case, about.last_attempt, stored.answers)
    plan = replace(stored, mode=MODE, tools=tool_versions(),
                   selected=(Selected(about.case, Disposition.SELECTED, ""),),
                   rig={"rig": "recording", "ledger": about.contents.hash})
    moment = moment_of(about.last_attempt[0].time)
    ran = _stored(folder, plan, played.events, lambda: moment)
    return _document(about, RECORDING, ran, tuple(_tools(stored)), how=played.how)


def _dlms(stored: Mapping[str, Any], profile: Profile) -> Mapping[str, Any]:
    """Return the stored declaration of a DLMS meter, as that of the one that is on the rig now."""
    if "dlms" not in stored or "dlms" not in profile.ixit:
        return {}
    now: Mapping[str, Any] = profile.ixit["dlms"]
    return {"dlms": {**stored["dlms"], **{name: now[name] for name in now if name.startswith(
        DLMS_SPECIMEN)}}}


def _stored(folder: Path, plan: FrozenPlan, events: Iterable[Event],
            clock: Callable[[], datetime]) -> LedgerContents:
    """Store a run of one case as any run is, and read it back."""
    with Ledger.create(folder, plan, clock) as ledger:
        kept = [ledger.append(event) for event in events]
        capture = write_capture(kept, folder / CAPTURE)
        ledger.end(complete=True, captures=(capture,))
    return read_ledger(folder)


def _result(contents: LedgerContents) -> CaseResult:
    (result,) = judge_run(contents)
    return result


def _document(
    about: Disputed, way: str, ran: LedgerContents | None = None,
    settings: tuple[Setting, ...] = (), *, specimens: tuple[str, str] = ("", ""),
    how: Mapping[Place, str] | None = None,
) -> Replay:
    plan, case = about.contents.plan, about.case
    installed, why_none = installed_fingerprint(case)
    fingerprints = Fingerprints(case.fingerprint, fingerprint_of(case), installed)
    beside: SideBySide | None = None
    emulated = plan.demonstration or plan.rig.get("emulated") is True
    if ran is not None:
        emulated = emulated or (way == DEVICE and ran.plan.demonstration)
        events = ran.by_case().get(case.id, ())
        beside = side_by_side(
            case, Side(about.last_attempt, about.result.findings),
            Side(events, _result(ran).findings), specimens=specimens, how=how)
    return Replay(
        case=case.id, purpose=case.purpose, requirements=case.requirements,
        fingerprints=fingerprints, way=way, demonstration=emulated, seed=plan.seed,
        bundle_sha256=about.bundle_sha256, reported=about.reported,
        stored=_facts(about.contents, about.result), attempts=tuple(_attempts(about)),
        replayed=_facts(ran, _result(ran)) if ran else None, settings=settings,
        notes=tuple(_notes(about, fingerprints, why_none)), beside=beside, tools=tool_versions())


def _facts(contents: LedgerContents, result: CaseResult) -> RunFacts:
    plan = contents.plan
    return RunFacts(contents.hash, contents.started, plan.mode, plan.subject, plan.baseline,
                    result.verdict, result.disposition, result.reason)


def _attempts(about: Disputed) -> Iterator[JudgedAttempt]:
    for number in sorted({event.attempt for event in about.events}):
        events = [event for event in about.events if event.attempt == number]
        found = judge_case(about.case, events, about.contents.plan.answers)
        yield JudgedAttempt(number, found.verdict, found.disposition, found.reason)


def _notes(about: Disputed, fingerprints: Fingerprints, why_none: str) -> Iterator[str]:
    stored = fingerprints.stored
    if fingerprints.computed != stored:
        yield (f"the case in the ledger says fingerprint {stored or 'none'} and has "
               f"{fingerprints.computed}: another version of the bench made it")
    if why_none:
        yield f"the installed plan has no such case: {why_none}"
    elif fingerprints.installed != stored:
        yield (f"the installed plan has another case of this id: fingerprint "
               f"{fingerprints.installed}, in the ledger {stored}; the ledger's is used")
    if not about.contents.complete:
        yield "the run that the evidence is of ended early: it is not complete"
    if not about.events:
        yield f"the case was not run on that day: {about.result.reason}"


def _refuse_another_device(about: Disputed, profile: Profile) -> None:
    stored, now = asdict(about.contents.plan.subject), asdict(profile.subject)
    for field in SAME:
        if stored[field] != now[field]:
            raise ProfileError(f"{profile.path}: subject.{field}: expected {stored[field]!r}, the "
                               f"device of the evidence, found {now[field]!r}")


def _settings(about: Disputed, profile: Profile, declaration: RigDeclaration,
              defect: str | None) -> tuple[Setting, ...]:
    """Return in what the runs differ beside the case itself."""
    stored = about.contents.plan
    found = [*_differing("subject", asdict(stored.subject), asdict(profile.subject), "replayed"),
             *_differing("ICS", stored.answers.ics, profile.ics, "stored")]
    found += [replace(one, used="replayed")
              if one.item in SPECIMEN or one.item.removeprefix("dlms.").startswith(DLMS_SPECIMEN)
              else one
              for one in _differing("IXIT", _flat(stored.answers.ixit), _flat(profile.ixit),
                                    "stored")
              if one.item not in _PATHS]
    rig = {**declaration.describe(), **({"defect": defect} if defect else {})}
    found += _differing("rig", _flat(stored.rig), _flat(rig), "replayed")
    return (*found, *_tools(stored))


def _tools(stored: FrozenPlan) -> Iterator[Setting]:
    yield from _differing("tool", dict(stored.tools), dict(tool_versions()), "replayed")


def _differing(kind: str, stored: Mapping[str, object], replayed: Mapping[str, object],
               used: str) -> Iterator[Setting]:
    for item in sorted({*stored, *replayed}):
        before, after = stored.get(item), replayed.get(item)
        if before != after:
            yield Setting(kind, item, to_json(before), to_json(after), used)


def _flat(described: Mapping[str, object]) -> dict[str, object]:
    """Return a description with a name for each item of its mappings: ``ports.gbcs``."""
    flat: dict[str, object] = {}
    for name, value in described.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": item for inner, item in value.items()}
        else:
            flat[name] = value
    return flat
