"""A recording is a device that a plan runs on, and a certificate is not given for."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_folder import Bench

from bench.records.verdict import Disposition, Verdict
from bench.runner.clock import utc_now
from bench.steps.parties import RemoteParties
from devices.adapters.recording import Recording
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.pki import DEVICE, read_parties

PLAN = """\
group: TAPE
title: What was recorded
device: esme
cases:
  - id: TAPE-001
    purpose: The recorded read succeeds
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send_recorded: {file: read_COMMAND.hex}
        expect: result == 'success' && signature == 'absent' && mac == 'valid'
        name: asked
      - replay: {of: asked}
        expect: result == 'success'
  - id: TAPE-002
    purpose: What was not recorded is not answered
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send: {use_case: ECS52}
        expect: result == 'success'
  - id: TAPE-003
    purpose: A file from elsewhere
    verifies: [SMETS2/5.7.5.17]
    ports: [gbcs]
    steps:
      - send_recorded: {file: ../profile.yaml}
        expect: result == 'success'
"""

RIG = """\
rig: tape
serves: esme
ports:
  gbcs: {adapter: recording, messages: tape}
"""


@pytest.fixture
def taped(bench: Bench) -> Bench:
    """The bench with a recording of its emulated meter, and a plan and rig for it."""
    tape = bench.folder / "tape"
    tape.mkdir()
    folder = bench.folder / "keys"
    device, parties, keys = keyring.load(folder)
    named = read_parties(folder)
    speaker = RemoteParties.load(folder, named[DEVICE], named, utc_now)
    asked = speaker.command("ECS52", "supplier", {}, 1000).encode()
    (answer,) = Esme(Settings(), keys, device, parties).handle(asked)
    (tape / "read_COMMAND.hex").write_text(asked.hex())
    (tape / "read_RESPONSE.hex").write_text(answer.hex())
    bench.edit(bench.profile, "  keys: keys\n", "  keys: keys\n  recordings: tape\n")
    bench.plan.write_text(PLAN)
    bench.rig.write_text(RIG)
    return bench


def test_a_plan_runs_on_a_recording(taped: Bench) -> None:
    ran = taped.run("-n", "0")
    assert ran.returncode == 3, ran.stdout + ran.stderr  # of TAPE-003
    assert {name: result.verdict for name, result in taped.results.items()} == {
        "TAPE-001": Verdict.PASS, "TAPE-002": Verdict.FAIL, "TAPE-003": Verdict.ERROR}
    assert {result.disposition for result in taped.results.values()} == {Disposition.SELECTED}


def test_what_is_not_declared_to_be_software_is_asked_what_it_is(
    taped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recording, "emulated", False)
    ran = taped.run("-n", "0")
    assert "does not state its firmware version" in ran.stderr
    assert {result.disposition for result in taped.results.values()} == {Disposition.BLOCKED}


def test_a_recording_needs_a_folder_that_is_there(taped: Bench) -> None:
    taped.edit(taped.rig, "messages: tape", "messages: nowhere")
    ran = taped.run("-n", "0")
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "rig.yaml:4: ports.gbcs: adapter recording: nowhere: expected a folder" in ran.stderr


def test_a_recording_is_not_certified(taped: Bench) -> None:
    baseline = Path("testplans") / "baselines" / "smets2-esme.yaml"
    ran = taped.call("certify", "--dut", str(taped.profile), "--rig", str(taped.rig),
                     "--baseline", str(baseline), "--out", str(taped.out))
    assert ran.returncode == 2
    assert "--demonstration" in ran.stderr
