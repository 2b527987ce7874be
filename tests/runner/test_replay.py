"""A disputed case, replayed: on a meter, from its recording, and what is refused or told."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from bench_folder import EMULATED_RIG, PROFILE, Bench
from emulated_runs import emulated_run

from bench.errors import LedgerError
from bench.ledger import Ledger, read_ledger
from bench.records.event import Event
from bench.records.replay import Replay
from bench.records.run import FrozenPlan
from bench.records.serial import from_json, to_json
from bench.records.verdict import Verdict
from bench.runner.clock import utc_now
from bench.runner.replay import MODE, disputed, judge_again, replay_on_device, replay_recording
from bench.runner.station import Station
from devices.profile import load_profile
from devices.rig import load_rig
from reports.replay_page import replay_html
from reports.replay_record import read_replay, replay_json

CASE, DEFECT = "ESME-IDY-002", "wrong-manufacturer-id"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a meter that states another maker's id."""
    return emulated_run(tmp_path_factory.mktemp("failed") / "run", DEFECT, "00000001")


def again(evidence: Path, out: Path, defect: str | None = None, case: str = CASE) -> Replay:
    return replay_on_device(disputed(read_ledger(evidence), case), load_profile(PROFILE),
                            load_rig(EMULATED_RIG), out, defect=defect)


def test_a_sound_device_parts_from_a_wrong_one_at_the_octet_that_is_wrong(
    failed: Path, tmp_path: Path
) -> None:
    found = again(failed, tmp_path)
    assert found.verdicts == ("fail", "pass")
    assert not found.same_verdict
    assert found.beside is not None
    place = found.beside.first_unexplained
    assert place is not None
    assert (place.phase, place.step, place.frame, place.direction) == ("body", 0, 2, "received")
    assert (place.stored, place.replayed, place.field) == ("58", "30", "payload: data[2]")
    stored = bytes.fromhex(found.beside.steps[0].frames[1].stored)
    assert stored[place.offset - 3:place.offset + 1] == b"000X"
    first = found.beside.first
    assert first is not None
    assert (first.frame, first.field) == (1, "originator counter")


def test_the_same_defect_gives_the_same_verdict_and_nothing_unexplained(
    failed: Path, tmp_path: Path
) -> None:
    found = again(failed, tmp_path, DEFECT)
    assert found.verdicts == ("fail", "fail")
    assert found.beside is not None
    assert found.beside.first is not None
    assert found.beside.first_unexplained is None
    assert ("rig", "defect", None, DEFECT) in [
        (one.kind, one.item, one.stored, one.replayed) for one in found.settings]


def test_the_second_run_is_evidence_of_its_own_and_of_one_case(
    failed: Path, tmp_path: Path
) -> None:
    found = again(failed, tmp_path)
    held = read_ledger(tmp_path)
    assert held.complete
    assert (held.plan.mode, held.plan.demonstration) == (MODE, True)
    assert [selected.case.id for selected in held.plan.selected] == [CASE]
    assert held.plan.selected[0].case == disputed(read_ledger(failed), CASE).case
    assert (tmp_path / "capture.pcapng").exists()
    assert found.replayed is not None
    assert found.replayed.ledger_hash == held.hash
    assert held.hash != found.stored.ledger_hash == read_ledger(failed).hash


def test_what_was_declared_on_that_day_is_used_and_each_difference_is_told(
    failed: Path, tmp_path: Path
) -> None:
    profile = load_profile(PROFILE)
    today = replace(
        profile, subject=replace(profile.subject, firmware_version="00000001", variant="B"),
        ics={**profile.ics, "voltage_quality": False}, ixit={**profile.ixit, "quiet_s": 0.01})
    found = replay_on_device(disputed(read_ledger(failed), CASE), today, load_rig(EMULATED_RIG),
                             tmp_path)
    told = {(one.kind, one.item): one for one in found.settings}
    assert (told["ICS", "voltage_quality"].stored, told["ICS", "voltage_quality"].used) == (
        True, "stored")
    assert told["IXIT", "quiet_s"].used == "stored"
    assert told["subject", "variant"].replayed == "B"
    plan = read_ledger(tmp_path).plan
    assert plan.answers.ics["voltage_quality"] is True
    assert plan.answers.ixit["quiet_s"] == profile.ixit["quiet_s"]
    assert plan.answers.subject["variant"] == "B"


def test_a_recording_of_the_run_is_read_again_without_the_device(
    failed: Path, tmp_path: Path
) -> None:
    about = disputed(read_ledger(failed), CASE)
    found = replay_recording(about, tmp_path / "one")
    assert found.verdicts == ("fail", "fail")
    assert found.beside is not None
    assert (found.beside.first, found.beside.first_unexplained) == (None, None)
    assert not any(step.variables for step in found.beside.steps)
    assert [step.how for step in found.beside.steps] == ["read again from the stored octets"]
    assert replay_json(replay_recording(about, tmp_path / "two")) == replay_json(found)


def test_a_bench_of_today_that_reads_otherwise_is_told(
    failed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.steps.exchange._mismatches", lambda *_: ["counter: not ours"])
    case = "ESME-IDY-000"
    found = replay_recording(disputed(read_ledger(failed), case), tmp_path)
    assert found.verdicts == ("pass", "fail")
    assert found.beside is not None
    assert found.beside.first is None
    assert ("result", "success", "none") in [
        (one.name, one.stored, one.replayed) for one in found.beside.steps[0].variables]


MIXED = """\
group: MIX
title: Steps of all sorts
device: esme
cases:
  - id: MIX-001
    purpose: "A <script>alert(1)</script> in a purpose"
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs, controls]
    preamble:
      - press: {control: supply_on}
    steps:
      - send: {use_case: ECS52}
        expect: result == 'success'
        name: asked
        repeat: 3
      - replay: {of: asked, wait: quiet}
        expect: outcome != 'response' || outcome == 'response'
      - send: {use_case: ECS52, mutation: mac-wrong-key, wait: quiet}
        expect: result != 'failure'
      - await_alert: {code: 8F0C}
        expect: "!arrived"
      - read_settings:
        expect: result == 'success' || deviations.size() == 0
      - read_log: {log: security}
        expect: result == 'success'
      - send: {use_case: ECS17b}
        expect: result == 'success'
"""


def mixed(bench: Bench) -> Path:
    bench.plan.write_text(MIXED, encoding="utf-8")
    bench.edit(bench.profile, "alert_timeout_s: 2", "alert_timeout_s: 0.02")
    ran = bench.run("--seed", "7")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return bench.out


def test_steps_that_cannot_be_read_again_are_taken_over_and_say_so(
    bench: Bench, tmp_path: Path
) -> None:
    found = replay_recording(disputed(read_ledger(mixed(bench)), "MIX-001"), tmp_path / "replay")
    assert found.beside is not None
    assert found.verdicts == ("pass", "pass")
    assert found.beside.first is None
    assert not any(step.variables for step in found.beside.steps)
    how = [step.how for step in found.beside.steps]
    assert how[0] == "as stored: what press observes is not in its frames alone"
    assert {how[number] for number in (1, 2, 4, 5, 6)} == {"read again from the stored octets"}
    assert how[7] == "as stored: values were encrypted, and the keys are not here"
    assert how[3].startswith("as stored: the command was made wrong")
    assert [len(step.frames) for step in found.beside.steps[1:2]] == [6]


def test_the_seed_of_the_run_is_kept_and_an_older_ledger_has_none(bench: Bench) -> None:
    plan = read_ledger(mixed(bench)).plan
    assert plan.seed == 7
    older = {name: value for name, value in to_json(plan).items() if name != "seed"}
    assert from_json(FrozenPlan, older).seed == 0
    assert judge_again(disputed(read_ledger(bench.out), "MIX-001")).seed == 7


def test_the_page_runs_nothing_and_shows_what_is_foreign_as_text(
    bench: Bench, tmp_path: Path
) -> None:
    found = replay_recording(disputed(read_ledger(mixed(bench)), "MIX-001"), tmp_path / "replay")
    page = replay_html(found)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "script-src" not in page
    assert "default-src &#39;none&#39;" in page
    assert page == replay_html(found)


def test_the_document_is_read_back_as_it_was_written_or_not_at_all(
    failed: Path, tmp_path: Path
) -> None:
    found = replay_recording(disputed(read_ledger(failed), CASE), tmp_path / "run")
    file = tmp_path / "replay.json"
    file.write_bytes(replay_json(found))
    assert read_replay(file)[0] == from_json(Replay, json.loads(file.read_bytes()))
    for wrong in (b"{}", b"[", file.read_bytes().replace(b'"fail"', b'"lost"'),
                  json.dumps(json.loads(file.read_bytes()), indent=1).encode()):
        file.write_bytes(wrong)
        with pytest.raises(Exception, match="it is no replay of the format"):
            read_replay(file)


def test_an_installed_plan_with_another_case_of_that_id_is_told(bench: Bench) -> None:
    about = disputed(read_ledger(mixed(bench)), "MIX-001")
    assert judge_again(about).notes == ()
    bench.edit(bench.plan, "repeat: 3", "repeat: 4")
    changed = judge_again(about)
    assert changed.fingerprints.installed not in ("", changed.fingerprints.stored)
    assert "the ledger's is used" in changed.notes[0]
    bench.edit(bench.plan, "MIX-001", "MIX-002")
    assert "has no such case" in judge_again(about).notes[0]
    bench.plan.write_text("group: [", encoding="utf-8")
    assert "the plan file cannot be read" in judge_again(about).notes[0]
    bench.plan.unlink()
    assert "there is no plan file" in judge_again(about).notes[0]


def test_every_attempt_of_that_day_is_judged_and_shown(bench: Bench, tmp_path: Path) -> None:
    bench.write_rig()
    bench.run("-k", "000 and not LAST")
    run = read_ledger(bench.out)
    selected = replace(run.plan.selected[0], case=replace(run.plan.selected[0].case,
                                                          idempotent=True))
    station = Station(load_profile(bench.profile), load_rig(bench.rig), utc_now)
    with Ledger.create(tmp_path / "run", replace(run.plan, selected=(selected,)), utc_now) as made:
        made.append(Event("case-started", "RUN-000", 1, "t", {"attempt": 1}))
        made.append(Event("bench-error", "RUN-000", 1, "t", {
            "phase": "body", "step": 0, "reason": "unplugged", "octets": "", "cause": "link"}))
        made.append(Event("case-ended", "RUN-000", 1, "t"))
        for event in station.run(selected.case, 2):
            made.append(event)
        made.end(complete=True)
    station.close()
    about = disputed(read_ledger(tmp_path / "run"), "RUN-000")
    found = replay_recording(about, tmp_path / "replay")
    assert [(one.number, one.verdict) for one in found.attempts] == [
        (1, Verdict.ERROR), (2, Verdict.PASS)]
    assert found.verdicts == ("pass", "pass")
    assert "Attempts of the stored run" in replay_html(found)


def test_a_recording_without_times_or_events_is_refused(failed: Path, tmp_path: Path) -> None:
    about = disputed(read_ledger(failed), CASE)
    undated = replace(about, events=tuple(replace(one, time="noon") for one in about.events))
    with pytest.raises(LedgerError, match="an event at 'noon', which is no time"):
        replay_recording(undated, tmp_path / "out")
    with pytest.raises(LedgerError, match="there is nothing to play"):
        replay_recording(replace(about, events=()), tmp_path / "out")
    odd = replace(about, events=tuple(
        replace(one, data={**one.data, "frames": [{"direction": "sent", "octets": "zz"}]})
        for one in about.events))
    assert replay_recording(odd, tmp_path / "out").verdicts == ("fail", "error")


def test_another_device_is_refused_and_the_rig_must_have_what_the_case_needs(
    bench: Bench, tmp_path: Path
) -> None:
    about = disputed(read_ledger(mixed(bench)), "MIX-001")
    profile, rig = load_profile(bench.profile), load_rig(bench.rig)
    other = replace(profile, subject=replace(profile.subject, model="ANOTHER"))
    with pytest.raises(Exception, match=r"subject.model: expected 'EMULATED-ESME-A'.*'ANOTHER'"):
        replay_on_device(about, other, rig, tmp_path / "out")
    lacking = replace(rig, ports={"gbcs": rig.ports["gbcs"]})
    with pytest.raises(Exception, match=r"MIX-001 is not testable here: .*controls"):
        replay_on_device(about, profile, lacking, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_device_that_is_not_what_its_profile_says_is_not_judged(
    bench: Bench, tmp_path: Path
) -> None:
    about = disputed(read_ledger(mixed(bench)), "MIX-001")
    profile = load_profile(bench.profile)
    other = replace(profile, subject=replace(profile.subject, firmware_version="0BADF00D"))
    with pytest.raises(Exception, match="declares 0BADF00D, the device says 00000001"):
        replay_on_device(about, other, load_rig(bench.rig), tmp_path / "out")


def test_the_emulator_is_given_the_seed_of_that_day(
    failed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    real = subprocess.Popen

    def popen(command: list[str], **given: object) -> subprocess.Popen[str]:
        commands.append(command)
        return real(command, **given)

    monkeypatch.setattr("devices.launch.subprocess.Popen", popen)
    contents = read_ledger(failed)
    seeded = replace(contents, plan=replace(contents.plan, seed=9))
    replay_on_device(disputed(seeded, CASE), load_profile(PROFILE), load_rig(EMULATED_RIG),
                     tmp_path)
    (command,) = commands
    assert command[command.index("--seed") + 1] == "10"  # the rig's own is 1
    assert read_ledger(tmp_path).plan.seed == 9
