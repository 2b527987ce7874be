"""The sign-on that a plan drives: what is told of a right meter, and of one that is wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest
from served import declaration, do, keys_of, observe, served

from bench.errors import Inconclusive, RigError
from bench.protocols.dlms.explain import Conversation
from bench.protocols.iec62056_21.characters import with_parity
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue
from bench.steps.dlms.evidence import Evidence
from devices.dlms_declaration import Hdlc
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.line_time import LineSettings
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.mode_e_server import ModeEServer
from devices.emulators.dlms.process import MeterLine
from devices.emulators.dlms.profile import Settings
from devices.ports import Arrival, Arrived, Crossed, OpticalHead


class Head:
    """An optical head on an emulated meter whose time passes as it is waited for."""

    framing = "hdlc"

    def __init__(self, *faults: str, confirmation: str = "new", baud: str = "5") -> None:
        meter = Meter(Settings(past_rows=1), derived(1), faults=frozenset(faults))
        hdlc = Hdlc.model_validate(declaration(Settings())["link"]["hdlc"])
        self.confirmation = confirmation
        self.crossed: list[Crossed] = []
        self.line = MeterLine(ModeEServer(meter, hdlc, baud=baud), LineSettings())
        self.speed, self.now, self.waiting = 300, time.monotonic(), b""
        self.line.opened(None, self.now)

    def dial(self) -> None:
        if self.speed != 300:
            self.line.closed(self.now)
            self.line.opened(None, self.now)
        self.speed, self.waiting = 300, b""

    connect = disconnect = dial

    def set_speed(self, baud: int) -> None:
        self.speed = baud

    def send(self, octets: bytes) -> None:
        self.line.take(octets, self.now)

    def transmit(self, octets: bytes) -> float:
        end = self.now + len(octets) * 10 / self.speed
        self.send(octets)
        self._pass(end)
        return end

    def receive(self, timeout: float) -> Arrived:
        end = self.now + timeout
        while not self.waiting:
            due = self.line.deadline
            if due is None or due > end:
                self._pass(end)
                break
            self._pass(due)
        octets, self.waiting = self.waiting, b""
        return Arrived(octets, self.now, Arrival.ARRIVED if octets else Arrival.SILENCE)

    def _pass(self, until: float) -> None:
        while (due := self.line.deadline) is not None and due <= until:
            self.line.time_passed(due)
            self.waiting += self.line.outgoing()
        self.now = until
        self.line.time_passed(until)
        self.waiting += self.line.outgoing()


class NoisyHead(Head):
    """A head that makes octets of its own whenever the light that it sends goes out."""

    noise = b"\x00"

    def transmit(self, octets: bytes) -> float:
        end = super().transmit(octets)
        self.waiting = self.noise + self.waiting
        return end


READOUT = with_parity(b"\x021.8.0(000001.0*kWh)\r\n!\r\n\x03/")


class ReadingOutHead(Head):
    """A head on a meter that reads out its data as in mode C, at 300 bit/s and deaf to requests,
    if its identification is not acknowledged within 1.5 s."""

    def __init__(self, *faults: str, **more: Any) -> None:
        super().__init__(*faults, **more)
        self.readout: list[tuple[float, bytes]] = []

    def transmit(self, octets: bytes) -> float:
        if octets.startswith(b"\x06"):
            self.readout.clear()
        if not self.readout:
            return super().transmit(octets)
        end = self.now + len(octets) * 10 / self.speed
        self._pass(end)
        return end

    def receive(self, timeout: float) -> Arrived:
        if self.readout and self.readout[0][0] <= self.now + timeout:
            at, octet = self.readout.pop(0)
            self._pass(max(self.now, at))
            return Arrived(octet, self.now)
        arrived = super().receive(timeout)
        if self.speed == 300 and arrived.octets.endswith(b"\n"):
            self.readout = [(self.now + 1.5 + place * 10 / 300, bytes((octet,)))
                            for place, octet in enumerate(READOUT, 1)]
        return arrived


def headed(*faults: str, address: str = "0000000000001", kind: type[Head] = Head,
           **more: Any) -> Context:
    """Return a context whose rig has an optical head."""
    context = served("hdlc")
    declared = declaration(Settings())
    declared["link"]["sign_on"] = {"address": address}
    declared["link"]["hdlc"]["response_s"] = 0.5  # of the clock: the head's own time flies
    head = kind(*faults, **more)
    assert isinstance(head, OpticalHead)
    context.lasting["dlms"] = Dialogue(
        head, declared, keys_of(derived(1), {}), Evidence(context.clock, Conversation("hdlc")),
        bytes)
    return context


RIGHT = {"answer": "identification", "maker": "SMB", "highest_baud": 9600, "mode_e": True,
         "parity": True, "confirmation": "acknowledgement", "link": "ua"}


def test_a_right_meter_signs_on_as_often_as_it_is_asked() -> None:
    context = headed()
    for arguments in ({}, {"address": "declared"}, {"baud": 1200}, {"baud": 9600}):
        seen = do(context, "sign_on", **arguments)
        assert 0.2 <= seen.pop("reaction") <= 0.5
        assert len(seen.pop("heard")) == 2
        assert seen == RIGHT, arguments
        assert do(context, "disconnect") == {"outcome": "ua"}


def test_every_octet_of_a_sign_on_is_evidence_with_its_meaning() -> None:
    frames = observe(headed(), "sign_on").frames
    assert [(one.direction, one.octets) for one in frames[:4]] == [
        ("sent", with_parity(b"/?!\r\n")),
        ("received", with_parity(b"/SMB5\\20000000000001\r\n")),
        ("sent", with_parity(b"\x06252\r\n")), ("received", with_parity(b"\x06252\r\n"))]
    told = [one.decoded["summary"].split(" /")[0].split(" <")[0] for one in frames]
    assert told[:4] == ["IEC 62056-21 request", "IEC 62056-21 identification",
                        "IEC 62056-21 acknowledgement", "IEC 62056-21 acknowledgement"]
    assert [one.decoded["summary"][:4] for one in frames[4:]] == ["SNRM", "UA, "]
    assert not any("errors" in one.decoded for one in frames)


def test_what_the_adapter_sends_to_sign_on_is_evidence_too() -> None:
    context = headed()
    port = context.lasting["dlms"].port
    port.crossed = [Crossed(sent=True, octets=with_parity(b"/?!\r\n"), time=time.monotonic()),
                    Crossed(sent=False, octets=with_parity(b"\x15"), time=time.monotonic())]
    frames = observe(context, "connect", as_="public", line_only=True).frames
    assert [(one.direction, one.decoded["summary"]) for one in frames] == [
        ("sent", "IEC 62056-21 request /?!<0D><0A>"), ("received", "IEC 62056-21 NAK <15>")]


ODD: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "characters": ({"request": "/?#!\r\n"}, "answer", ["mode-e-request-not-checked"]),
    "terminator": ({"request": "/?!\r"}, "answer", ["mode-e-terminator-not-checked"]),
    "address": ({"address": "another"}, "answer", ["mode-e-address-not-checked"]),
    "parity": ({"parity": "odd"}, "answer", ["mode-e-parity-not-checked"]),
    "no parity": ({"parity": "none"}, "answer", ["mode-e-parity-not-checked"]),
    "rate": ({"rate": "9"}, "confirmation", ["mode-e-rate-not-checked"]),
    "higher rate": ({"baud": 19_200}, "confirmation", ["mode-e-rate-not-checked"]),
    "protocol": ({"protocol": "3"}, "confirmation", ["mode-e-protocol-not-checked"]),
    "mode": ({"mode": "4"}, "confirmation", ["mode-e-protocol-not-checked"]),
    "cut": ({"cut": 2}, "confirmation", ["mode-e-cut-acknowledgement-accepted"]),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_wrong_is_met_by_silence_and_the_meter_signs_on_afterwards(kind: str) -> None:
    arguments, watched, faults = ODD[kind]
    context = headed()
    seen = do(context, "sign_on", **arguments)
    assert (seen[watched], seen["link"]) == ("silence", ""), seen
    assert do(context, "sign_on")["link"] == "ua"
    assert do(headed(*faults), "sign_on", **arguments)[watched] != "silence"


@pytest.mark.parametrize(("fault", "odd"), [
    ("mode-e-silent-after-odd-request", {"request": "/?#!\r\n"}),
    ("mode-e-silent-after-odd-acknowledgement", {"rate": "9"}),
    ("mode-e-waits-for-acknowledgement", {"acknowledge": False})])
def test_a_meter_that_falls_silent_is_seen_by_the_next_sign_on(
        fault: str, odd: dict[str, Any]) -> None:
    context = headed(fault)
    do(context, "sign_on", **odd)
    seen = do(context, "sign_on")
    assert (seen["answer"], seen["reaction"], seen["link"]) == ("silence", 99, "")


def test_what_a_meter_reads_out_without_an_acknowledgement_is_heard_to_its_end() -> None:
    context = headed(kind=ReadingOutHead)
    seen = observe(context, "sign_on", acknowledge=False)
    assert seen.values["answer"] == "identification"
    assert [one.octets for one in seen.frames] == [
        with_parity(b"/?!\r\n"), with_parity(b"/SMB5\\20000000000001\r\n"), READOUT]
    again = do(context, "sign_on")
    assert (again["answer"], again["link"]) == ("identification", "ua")


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\x80\x00"])
def test_noise_before_a_message_is_evidence_and_no_part_of_it(noise: bytes) -> None:
    seen = observe(noisy(noise), "sign_on")
    values = dict(seen.values)
    assert 0.2 <= values.pop("reaction") <= 0.5
    assert values.pop("heard") == [(noise + text).hex().upper() for text in (
        with_parity(b"/SMB5\\20000000000001\r\n"), with_parity(b"\x06252\r\n"))]
    assert values == RIGHT
    assert [one.octets for one in seen.frames[:4]] == [
        with_parity(b"/?!\r\n"), noise + with_parity(b"/SMB5\\20000000000001\r\n"),
        with_parity(b"\x06252\r\n"), noise + with_parity(b"\x06252\r\n")]


def test_noise_does_not_end_the_time_that_an_answer_has() -> None:
    seen = do(headed("mode-e-identification-late", kind=NoisyHead), "sign_on", acknowledge=False)
    assert seen["answer"] == "identification"
    assert 1.8 <= seen["reaction"] <= 2.0


def noisy(noise: bytes, *faults: str) -> Context:
    return headed(*faults, kind=type("Noisy", (NoisyHead,), {"noise": noise}))


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\x80\x00", b"\xf0" * 5])
@pytest.mark.parametrize("kind", ODD)
def test_noise_alone_is_silence_and_is_shown(kind: str, noise: bytes) -> None:
    arguments, watched, faults = ODD[kind]
    seen = do(noisy(noise), "sign_on", **arguments)
    assert seen[watched] == "silence"
    assert seen["heard"][-1] == noise.hex().upper()
    assert do(noisy(noise, *faults), "sign_on", **arguments)[watched] != "silence"


@pytest.mark.parametrize("babble", [
    with_parity(b"ERROR1"), b"\x7e\xa0\x07\x03\x21\x93", b"\x00" * 6, with_parity(b"\x06"),
    with_parity(b"/")])
def test_what_may_be_a_reply_is_garbage(babble: bytes) -> None:
    seen = do(noisy(babble), "sign_on", address="another")
    assert (seen["answer"], seen["heard"]) == ("garbage", [babble.hex().upper()])


class LateHead(Head):
    """A head on a meter of which a wrong character is heard a while after an acknowledgement."""

    def transmit(self, octets: bytes) -> float:
        end = super().transmit(octets)
        if octets.startswith(b"\x06"):
            self._pass(end + 0.2)
            self.waiting += b"\x80"
        return end


def test_a_wrong_character_may_be_a_confirmation_at_another_speed() -> None:
    seen = do(headed(kind=LateHead), "sign_on", rate="9")
    assert (seen["confirmation"], seen["heard"][1], seen["link"]) == ("garbage", "80", "")


def test_a_text_that_is_no_message_is_an_answer() -> None:
    seen = do(headed("mode-e-other-address-told"), "sign_on", address="another")
    assert seen["answer"] == "garbage"
    assert do(headed("mode-e-other-address-told"), "sign_on", address="declared")["link"] == "ua"


def test_a_sign_on_ends_what_was_open_before_it() -> None:
    context = headed()
    dialogue = context.lasting["dlms"]
    assert do(context, "sign_on")["link"] == "ua"
    assert do(context, "associate", as_="public", keep=True)["outcome"] == "accepted"
    dialogue.reached = time.monotonic()  # as `reach` leaves it
    dialogue.leave_open()
    do(context, "sign_on", acknowledge=False)
    assert (dialogue.carrier, dialogue.client, dialogue.left_open) == (None, None, {})
    seen = observe(context, "reach", as_="public")
    assert seen.values["outcome"] != "accepted"
    assert seen.frames


@pytest.mark.parametrize(("fault", "name", "told"), [
    ("mode-e-flag-id-wrong", "maker", "BMS"), ("mode-e-mark-missing", "mode_e", False),
    ("mode-e-parity-missing", "parity", False), ("mode-e-rate-ignored", "confirmation", "garbage")])
def test_what_is_wrong_in_an_answer_is_told(fault: str, name: str, told: object) -> None:
    assert do(headed(fault), "sign_on")[name] == told


@pytest.mark.parametrize(("fault", "low", "high"), [
    ("mode-e-identification-early", -0.1, 0.0), ("mode-e-identification-late", 1.8, 2.0)])
def test_when_an_answer_begins_is_told(fault: str, low: float, high: float) -> None:
    assert low <= do(headed(fault), "sign_on")["reaction"] <= high


def test_hdlc_is_asked_for_without_a_sign_on() -> None:
    assert do(headed(), "open_unsigned") == {"link": "silence"}
    assert do(headed("mode-e-sign-on-not-needed"), "open_unsigned") == {"link": "ua"}


def test_what_the_step_needs_is_told() -> None:
    with pytest.raises(RigError, match="a sign-on needs an optical head"):
        do(served("hdlc"), "sign_on")
    with pytest.raises(Inconclusive, match="no device address is declared"):
        do(headed(address=""), "sign_on", address="declared")
    assert do(headed(address=""), "sign_on", address="another")["answer"] == "silence"
