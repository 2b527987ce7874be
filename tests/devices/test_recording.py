"""A recording answers what it holds, says why it does not answer the rest, and is read strictly."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LinkError, RigError
from bench.plan import load_plans
from bench.protocols.cosem.access import DataNotification
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.message import Cra, Message
from bench.resources import ROOT
from devices.adapters.recording import Recording
from devices.adapters.recording_files import ENDINGS, Recorded
from devices.adapters.recording_index import Key, index
from devices.binding import adapters
from devices.ports import Gbcs, Received, Reception
from devices.rig import load_rig

GUIDE = ROOT / "docs" / "recording.md"

SUPPLIER, OPERATOR, DEVICE = bytes(7) + b"\x01", bytes(7) + b"\x02", bytes(7) + b"\x0D"
SILENCE = Received(Reception.SILENCE)


def command(code: int = 0x0027, counter: int = 1000, by: bytes = SUPPLIER,
            payload: bytes = b"?") -> Message:
    return Message(Cra.COMMAND, counter, by, DEVICE, code, payload, mac=bytes(12))


def response(code: int = 0x0027, counter: int = 1000, to: bytes = SUPPLIER,
             payload: bytes = b"!") -> Message:
    return Message(Cra.RESPONSE, counter, DEVICE, to, code, payload, mac=bytes(12))


def alert(payload: bytes, code: int = 0x00CC, counter: int = 9, to: bytes = SUPPLIER) -> Message:
    return Message(Cra.ALERT, counter, DEVICE, to, code, payload, signature=bytes(64))


def reference(code: int, counter: int) -> bytes:
    return code.to_bytes(2, "big") + counter.to_bytes(8, "big") + bytes(9)


def dlms_alert(content: Data, alert_code: int = 0x8F66) -> bytes:
    body = Data(Tag.STRUCTURE, (Data(Tag.LONG_UNSIGNED, alert_code),
                                Data(Tag.OCTET_STRING, bytes(12)), content))
    return DataNotification(0x20000000, b"", body).encode()


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write messages, hexadecimal text each, as ``name=message``; return their folder."""
    def put(**messages: Message) -> Path:
        for name, message in messages.items():
            file = tmp_path / "tape" / f"{name}.hex"
            file.parent.mkdir(exist_ok=True)
            file.write_text(message.encode().hex())
        return tmp_path / "tape"

    return put


def playing(place: Path, **options: Any) -> Recording:
    recording = Recording(messages=str(place), **options)
    recording.activate()
    return recording


def heard(recording: Recording) -> list[bytes]:
    """All that comes until silence."""
    found = []
    while (received := recording.receive(60)).reception is Reception.MESSAGE:
        found.append(received.octets)
    assert received == SILENCE
    return found


def ask(recording: Recording, message: Message) -> list[bytes]:
    recording.send(message.encode())
    return heard(recording)


def test_it_is_an_adapter_of_port_gbcs_that_says_it_is_no_device() -> None:
    assert adapters()["recording"].load() is Recording
    assert issubclass(Recording, Gbcs)
    assert Recording.provides == ("gbcs",)
    assert Recording.emulated is True


def test_a_recorded_command_is_answered_as_often_as_it_is_sent(write: Write) -> None:
    recording = playing(write(a=command(), b=response()))
    assert ask(recording, command()) == [response().encode()]
    assert ask(recording, command()) == [response().encode()]
    assert recording.unanswered == ""


@pytest.mark.parametrize("other", [
    {"code": 0x0028}, {"counter": 1001}, {"by": OPERATOR},
], ids=lambda other: next(iter(other)))
def test_a_command_with_another_code_counter_or_party_is_not_answered_and_it_says_why(
    other: dict[str, object], write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    recording = playing(write(a=command(), b=response()))
    asked = command(**other)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        assert ask(recording, asked) == []
    assert recording.unanswered.startswith(f"not recorded: {Key.of(asked).text}")
    assert recording.unanswered in caplog.text
    hint = "nothing with this code was" if "code" in other else f"nearest: {Key.of(command()).text}"
    assert recording.unanswered.endswith(hint)
    assert ask(recording, command())
    assert recording.unanswered == ""


def test_each_party_gets_its_own_response(write: Write) -> None:
    recording = playing(write(a=response(), b=response(to=OPERATOR, payload=b"no")))
    assert ask(recording, command(by=OPERATOR)) == [response(to=OPERATOR, payload=b"no").encode()]
    assert ask(recording, command()) == [response().encode()]


def test_a_command_recorded_without_a_response_is_silence_with_its_reason(write: Write) -> None:
    recording = playing(write(a=command()))
    assert ask(recording, command()) == []
    assert recording.unanswered.startswith("recorded without a response: code 0027, counter 1000")


@pytest.mark.parametrize(("octets", "why"), [
    (b"", "no GBCS message: octet 0"),
    (b"\xDD\x00", "no GBCS message: octet 2"),
    (response().encode(), "expected a command, found a response"),
    (alert(b"").encode(), "expected a command, found an alert"),
    (Message(Cra.COMMAND, 1000, SUPPLIER, DEVICE, 0x27, b"?", signature=None).encode(),
     "expected a command, found a pre-command"),
])
def test_what_is_no_command_is_silence_with_its_reason(
    octets: bytes, why: str, write: Write
) -> None:
    recording = playing(write(a=command(), b=response()))
    recording.send(octets)
    assert heard(recording) == []
    assert recording.unanswered.startswith(why)


OUTCOMES = {
    "dlms": (command(0x001B), alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x001B, 1000))))),
    "gbz": (command(0x006C), alert(
        bytes.fromhex("0109018F66388188900E") + reference(0x006C, 1000), 0x00CD)),
    "asn.1, plain": (command(0x0012), alert(bytes.fromhex(
        "301A 0203008F66 180F 32303330303131353039303030305A 020203E8"), 0x00CA)),
    "asn.1, nested": (command(0x0103), alert(bytes.fromhex(
        "3081 1F 0203008F67 180F 32303330303131353039303030305A 30820004 020203E8"), 0x00CB)),
}


@pytest.mark.parametrize("kind", OUTCOMES)
def test_the_alert_that_tells_a_commands_outcome_follows_its_response(
    kind: str, write: Write
) -> None:
    asked, outcome = OUTCOMES[kind]
    answer = response(asked.message_code)
    other = command(asked.message_code, 1001)
    recording = playing(write(a=outcome, b=answer, c=asked, d=other,
                              e=response(asked.message_code, 1001)), unprompted=True)
    assert heard(recording) == []
    assert ask(recording, other) == [response(asked.message_code, 1001).encode()]
    assert ask(recording, asked) == [answer.encode(), outcome.encode()]


@pytest.mark.parametrize("told", [
    alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x001C, 1000)))),
    alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x001B, 1001)))),
    alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x001B, 1000))), to=OPERATOR),
    alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x001B, 1000)[:9]))),
    alert(dlms_alert(Data(Tag.OCTET_STRING, bytes.fromhex("001B03E8")))),
    alert(dlms_alert(Data(Tag.UNSIGNED, 1))),
    alert(DataNotification(0, b"", Data(Tag.UNSIGNED, 1)).encode()),
    alert(DataNotification(0, b"", Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 1),))).encode()),
    alert(b"\x0F\x20"), alert(b""), alert(b"\x30\x03\x02", 0x00CA),
    alert(bytes.fromhex("3009 02018F 1800 0202 03E8"), 0x00CC),
], ids=range(12))
def test_any_other_alert_belongs_to_no_command_and_comes_first_if_asked_for(
    told: Message, write: Write
) -> None:
    place = write(a=told, b=command(0x001B), c=response(0x001B))
    assert ask(playing(place), command(0x001B)) == [response(0x001B).encode()]
    recording = playing(place, unprompted=True)
    assert heard(recording) == [told.encode()]
    recording.deactivate()
    recording.activate()
    assert heard(recording) == [told.encode()]


def test_a_counter_is_an_integer(write: Write) -> None:
    text = alert(bytes.fromhex("3009 02018F 1800 0C02 03E8"), 0x00CA)
    number = alert(bytes.fromhex("3009 02018F 1800 0202 03E8"), 0x00CA)
    recording = playing(write(a=command(0x0012), b=response(0x0012), c=text, d=number))
    assert ask(recording, command(0x0012)) == [response(0x0012).encode(), number.encode()]


def test_text_and_octets_in_either_case_with_any_white_space_are_read(tmp_path: Path) -> None:
    octets = response().encode()
    text = octets.hex().upper()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.HEX").write_bytes(f"\r\n{text[:7]}\t{text[7:9].lower()} \n{text[9:]}\n".encode())
    (tmp_path / "deep" / "er" / "b.bin").write_bytes(response(counter=1001).encode())
    (tmp_path / "README.txt").write_text("of no matter")
    recording = playing(tmp_path)
    assert ask(recording, command()) == [octets]
    assert ask(recording, command(counter=1001)) == [response(counter=1001).encode()]


@pytest.mark.parametrize(("content", "text"), [
    (b"", "offset 0: expected a message, found an empty file"),
    (b" \n", "offset 0: expected a message, found an empty file"),
    (b"DF0\n", "offset 4: expected another hexadecimal digit, found the end"),
    (b"DF 0x", "offset 4: expected a hexadecimal digit, found octet 78"),
    (b"DF0901", "octet 3: expected more octets, found the end"),
    (b"\xDF\x09\x05" + bytes(40), "octet 2: expected CRA flag 01, 02 or 03, found 05"),
])
def test_a_broken_file_is_named_with_its_offset(
    content: bytes, text: str, write: Write, tmp_path: Path
) -> None:
    place = write(a=command(), b=response())
    (place / "broken.hex").write_bytes(content)
    (place / "x.hex").write_bytes(b"-")
    with pytest.raises(RigError) as wrong:
        Recording(messages=str(place))
    assert str(wrong.value).splitlines() == [
        f"{place / 'broken.hex'}: {text}",
        f"{place / 'x.hex'}: offset 0: expected a hexadecimal digit, found octet 2D"]


@pytest.mark.parametrize("first", [command(), response()], ids=["command", "response"])
def test_two_messages_with_one_key_that_differ_are_refused_unless_one_is_selected(
    first: Message, write: Write
) -> None:
    error = Message(first.cra, 1000, first.originator, first.recipient, 0x27, b"E", mac=bytes(12))
    place = write(x_SUCCESS_=first, x_ERROR_=error)
    with pytest.raises(RigError, match=r"x_ERROR_\.hex and x_SUCCESS_\.hex, which differ") as wrong:
        Recording(messages=str(place))
    assert "counter 1000" in str(wrong.value)
    for chosen, octets in (("*_SUCCESS_*", first), (["*_ERROR_*"], error)):
        found = ask(playing(place, select=chosen), command())
        assert found == ([octets.encode()] if first.cra is Cra.RESPONSE else [])


def test_a_message_held_twice_is_played_once(write: Write) -> None:
    told = alert(dlms_alert(Data(Tag.OCTET_STRING, reference(0x0027, 1000))))
    recording = playing(write(a=response(), b=response(), c=told, d=told))
    assert ask(recording, command()) == [response().encode(), told.encode()]


def test_a_pre_command_beside_its_command_is_no_second_command(write: Write) -> None:
    unsigned = Message(Cra.COMMAND, 1000, SUPPLIER, DEVICE, 0x27, b"?", signature=None)
    assert ask(playing(write(a=unsigned, b=command(), c=response())), command())


def test_patterns_may_name_folders(write: Write) -> None:
    place = write(a=response())
    (place / "other").mkdir()
    (place / "other" / "a.hex").write_text(response(payload=b"other").encode().hex())
    found = ask(playing(place, select="other/*.hex"), command())
    assert found == [response(payload=b"other").encode()]


@pytest.mark.parametrize(("name", "text"), [
    ("tape.tsv", "dir\tfile\tnote\ntape\ta.hex\t\ntape\tb.hex\tx\n"),
    ("tape.tsv", "file\ntape/a.hex\ntape/b.hex\n"),
    ("tape.yaml", "messages: [tape/a.hex, tape/b.hex]\n"),
])
def test_a_manifest_names_the_files(name: str, text: str, write: Write, tmp_path: Path) -> None:
    write(a=command(), b=response(), c=response(payload=b"not named"))
    (tmp_path / name).write_text(text)
    assert ask(playing(tmp_path / name), command()) == [response().encode()]


@pytest.mark.parametrize(("name", "text", "complaint"), [
    ("tape.tsv", "", ":1: expected a column 'file', found nothing"),
    ("tape.tsv", "name\ta\n", ":1: expected a column 'file', found name, a"),
    ("tape.tsv", "file\tx\ntape/a.hex\t1\n\t2\n", ":3: expected a file, found none"),
    ("tape.tsv", "dir\tfile\n..\tb.hex\n", "expected the name of a file in "),
    ("tape.yaml", "messages: [/etc/hostname]\n", "expected the name of a file in "),
    ("tape.yaml", "messages: [tape/../../b.hex]\n", "expected the name of a file in "),
    ("tape.yaml", "messages: [absent.hex]\n", "absent.hex: expected a message, found No such"),
    ("tape.yaml", "messages: []\n", ":1: messages: expected a list of files, not empty"),
    ("tape.yaml", "messages: [\n", "tape.yaml:"),
    ("tape.yml", "mesages: [a]\n", ":1: expected a key of the file out of messages"),
    ("tape.json", "[]", "expected a folder, or a manifest that ends in .tsv, .yaml or .yml"),
])
def test_a_manifest_that_cannot_be_used_is_refused_where_it_is_wrong(
    name: str, text: str, complaint: str, write: Write, tmp_path: Path
) -> None:
    write(a=command())
    (tmp_path / name).write_text(text)
    with pytest.raises(RigError) as wrong:
        Recording(messages=str(tmp_path / name))
    assert complaint in str(wrong.value)


@pytest.mark.parametrize(("options", "complaint"), [
    ({"messages": ""}, "messages: expected a folder or a manifest"),
    ({"messages": 7}, "messages: expected a folder or a manifest"),
    ({"messages": "nowhere"}, "nowhere: expected a folder or a manifest of messages"),
    ({"select": 3}, "select: expected a pattern"),
    ({"select": [""]}, "select: expected a pattern"),
    ({"select": {"a": 1}}, "select: expected a pattern"),
    ({"select": "*.none"}, r"expected files of messages matching \*\.none, found none"),
    ({"unprompted": "yes"}, "unprompted: expected true or false"),
])
def test_an_option_that_cannot_be_used_is_refused(
    options: dict[str, object], complaint: str, write: Write
) -> None:
    with pytest.raises(RigError, match=complaint):
        Recording(**{"messages": str(write(a=command()))} | options)  # type: ignore[arg-type]


def test_used_while_not_active_is_a_broken_rig_that_stays_broken(write: Write) -> None:
    recording = Recording(messages=str(write(a=response())))
    with pytest.raises(LinkError, match="used while not active") as first:
        recording.receive(1)
    with pytest.raises(LinkError) as second:
        recording.activate()
    assert first.value is second.value is recording.failure
    recording.deactivate()


def test_what_was_not_received_is_gone_with_the_rig(write: Write) -> None:
    recording = playing(write(a=response()))
    recording.send(command().encode())
    recording.deactivate()
    recording.activate()
    assert heard(recording) == []


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    place = tmp_path_factory.mktemp("tape")
    (place / "a.bin").write_bytes(response().encode())
    return playing(place)


@given(octets=st.binary(max_size=120), at=st.integers(0, 90), change=st.integers(0, 255))
@settings(deadline=None)
def test_whatever_is_sent_is_no_exception(
    octets: bytes, at: int, change: int, tape: Recording
) -> None:
    altered = bytearray(command().encode())
    altered[at % len(altered)] ^= change
    for sent in (octets, bytes(altered)):
        tape.send(sent)
        assert bool(heard(tape)) != bool(tape.unanswered)


ALERT_PAYLOADS = [told.payload for _, told in OUTCOMES.values()]


@given(payload=st.one_of(st.binary(max_size=60), st.builds(
    lambda whole, at, change, end: (
        whole[: at % len(whole)] + change + whole[at % len(whole) + 1 :])[:end],
    st.sampled_from(ALERT_PAYLOADS), st.integers(0, 80), st.binary(max_size=2),
    st.integers(0, 80))), code=st.sampled_from([0xCA, 0xCB, 0xCC, 0xCD]))
@settings(deadline=None)
def test_whatever_an_alert_holds_it_is_kept(payload: bytes, code: int) -> None:
    asked = command(0x001B)
    told = alert(payload, code)
    held = index([Recorded("a", message.encode(), message) for message in (asked, told)])
    assert told.encode() in (*held.answers[Key.of(asked)], *held.unprompted)


def test_the_guides_rig_can_be_read(tmp_path: Path) -> None:
    (rig, *_) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "rig.yaml").write_text(rig)
    assert load_rig(tmp_path / "rig.yaml").ports["gbcs"].adapter == "recording"


def test_the_guide_explains_every_option_and_ending() -> None:
    text = GUIDE.read_text("utf-8")
    for name in inspect.signature(Recording).parameters:
        assert f"| `{name}` |" in text
    for ending in ENDINGS:
        assert f"`*{ending}`" in text


def test_the_guides_steps_are_those_of_a_plan(tmp_path: Path) -> None:
    (steps,) = [block for block in re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"),
                                              re.DOTALL) if block.startswith("steps:")]
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "group: GUIDE\ntitle: Recorded\ndevice: esme\ncases:\n  - id: GUIDE-1\n    purpose: P\n"
        "    verifies: [R-SUP-01]\n    ports: [gbcs]\n" + "".join(
            f"    {line}\n" for line in steps.splitlines()), encoding="utf-8")
    (case,) = load_plans([plan])
    assert [step.action for step in case.body] == ["send_recorded", "await_alert"]
