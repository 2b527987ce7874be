"""A recorded command is sent as it is, read as any other, and comes from its folder alone."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench.errors import ProfileError, RigError
from bench.protocols.gbcs.message import Cra, Message
from bench.records.answers import Answers
from bench.steps.context import Context
from bench.steps.gbcs import Replay, Send, SendRecorded, replay, send, send_recorded
from bench.steps.parties import RemoteParties
from devices import pki
from devices.adapters.recording import Recording
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.pki import DEVICE, read_parties
from devices.ports import Received, Reception

START = datetime(2026, 11, 1, tzinfo=UTC)
LATER = START + timedelta(days=1)  # when the recording is played
Taped = tuple[Path, dict[str, dict[str, Any]]]
READS = ("ECS52", "ECS17b", "ECS42")  # no MAC in the response of the last, a signature


class Line:
    """A line with an emulated meter behind it."""

    def __init__(self, folder: Path) -> None:
        device, parties, keys = keyring.load(folder)
        self.meter = Esme(Settings(), keys, device, parties)
        self.arrived: deque[bytes] = deque()

    def send(self, message: bytes) -> None:
        self.arrived.extend(self.meter.handle(message))

    def receive(self, timeout: float) -> Received:
        if self.arrived:
            return Received(Reception.MESSAGE, self.arrived.popleft())
        return Received(Reception.SILENCE)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    pki.init(folder, seed="recorded")
    return folder


def context_of(port: object, keys: Path, recordings: Path | None = None) -> Context:
    now = LATER if recordings else START
    named = read_parties(keys)
    return Context(
        ports={"gbcs": port},
        answers=Answers(ixit={"response_timeout_s": 50, "alert_timeout_s": 20, "quiet_s": 3}),
        parties=RemoteParties.load(keys, named[DEVICE], named, lambda: now),
        clock=lambda: now, recordings=recordings)


@pytest.fixture(scope="module")
def taped(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Taped:
    """A folder of what an emulated meter was asked and said, and what that was read as."""
    folder = tmp_path_factory.mktemp("tape")
    context = context_of(Line(keys), keys)
    seen = {}
    for use_case in READS:
        observed = send(context, Send.model_validate({"use_case": use_case}))
        seen[use_case] = dict(observed.values)
        for frame in observed.frames:
            name = f"{use_case}_{frame.direction}.hex"
            (folder / name).write_text(frame.octets.hex().upper())
    return folder, seen


@pytest.fixture
def context(keys: Path, taped: Taped) -> Context:
    recording = Recording(messages=str(taped[0]))
    recording.activate()
    return context_of(recording, keys, taped[0])


@pytest.mark.parametrize("use_case", READS)
def test_a_recorded_exchange_is_read_as_it_was_when_it_happened(
    use_case: str, context: Context, taped: Taped
) -> None:
    folder, seen = taped
    observed = send_recorded(context, SendRecorded(file=f"{use_case}_sent.hex"))
    assert dict(observed.values) == seen[use_case]
    assert observed.values["result"] == "success"
    assert [frame.octets.hex().upper() for frame in observed.frames] == [
        (folder / f"{use_case}_{way}.hex").read_text() for way in ("sent", "received")]


def test_a_command_of_today_is_not_in_a_recording_and_a_replay_is(context: Context) -> None:
    assert send(context, Send.model_validate({"use_case": "ECS52"})).values["outcome"] == "silence"
    context.step_name = "first"
    assert "unanswered" not in send_recorded(context, SendRecorded(file="ECS52_sent.hex")).values
    context.step_name = ""
    assert replay(context, Replay(of="first")).values["result"] == "success"


def test_a_recorded_command_without_its_answer_says_why(keys: Path, tmp_path: Path,
                                                        taped: Taped) -> None:
    recording = Recording(messages=str(taped[0]), select="ECS17b*")
    recording.activate()
    seen = send_recorded(context_of(recording, keys, taped[0]),
                         SendRecorded(file="ECS52_sent.hex")).values
    assert (seen["outcome"], seen["result"]) == ("silence", "none")
    assert seen["unanswered"].startswith("not recorded: code ")


def test_a_recorded_command_can_be_sent_to_any_device(keys: Path,
                                                      taped: Taped) -> None:
    seen = send_recorded(context_of(Line(keys), keys, taped[0]),
                         SendRecorded(file="ECS52_sent.hex", use_case="ECS52")).values
    assert seen["result"] == "success"
    assert "unanswered" not in seen


@pytest.mark.parametrize(("content", "complaint"), [
    (None, "expected a message, found No such file"),
    (b"DF0", "offset 3: expected another hexadecimal digit"),
    (b"DF09", "octet 2: expected more octets"),
    (Message(Cra.RESPONSE, 1, bytes(8), bytes(8), 0x27, b"").encode(),
     "expected a command, found a response"),
    (Message(Cra.COMMAND, 1, bytes(8), bytes(8), 0x27, b"", signature=None).encode(),
     "expected a command, found a pre-command"),
])
def test_a_file_that_holds_no_command_is_an_error_of_the_bench(
    content: bytes | None, complaint: str, keys: Path, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "a.hex").write_bytes(content)
    with pytest.raises(RigError) as wrong:
        send_recorded(context_of(Line(keys), keys, tmp_path), SendRecorded(file="a.hex"))
    assert str(wrong.value).startswith(f"{tmp_path / 'a.hex'}: {complaint}")


def test_nothing_outside_the_folder_is_sent(keys: Path, tmp_path: Path,
                                            taped: Taped) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    outside = tmp_path / "a.hex"
    outside.write_text((taped[0] / "ECS52_sent.hex").read_text())
    line = Line(keys)
    for name in ("../a.hex", str(outside)):
        with pytest.raises(RigError, match="expected the name of a file in"):
            send_recorded(context_of(line, keys, folder), SendRecorded(file=name))
    assert not line.arrived


def test_a_profile_without_recordings_cannot_send_one(keys: Path) -> None:
    with pytest.raises(ProfileError, match=r"expected ixit\.recordings"):
        send_recorded(context_of(Line(keys), keys), SendRecorded(file="a.hex"))


@pytest.mark.parametrize("arguments", [
    {}, {"file": ""}, {"file": "a.hex", "use_case": "ECS5"}, {"file": "a.hex", "octets": "00"}])
def test_a_step_that_cannot_be_is_refused_when_the_plan_is_read(
    arguments: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        SendRecorded.model_validate(arguments)
