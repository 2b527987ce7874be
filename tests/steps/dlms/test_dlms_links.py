"""The way to the meter: connecting, frames and headers past the link, whether it still lives."""

from __future__ import annotations

from typing import Any

import pytest
from served import SHORT, do, opened, served

from bench.errors import Inapplicable, RigError
from bench.protocols.dlms import wrapper
from bench.steps.dlms import carriers
from bench.steps.dlms.apdus import written
from devices.ports import Arrival, Arrived

PUBLIC_AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")

LIST = "15/0-0:40.0.0.255/a2"


def test_a_connection_tells_what_was_agreed() -> None:
    seen = do(served("hdlc"), "connect", as_="public", max_information_transmit=64,
              max_information_receive=100)
    assert seen["outcome"] == "ua"
    assert seen["deviations"] == []
    assert seen["parameters"]["max_information_transmit"] == 64
    assert seen["parameters"]["max_information_receive"] == 100
    assert do(served(), "connect", as_="public") == {
        "outcome": "connected", "parameters": {}, "deviations": []}


@pytest.mark.parametrize(("mutation", "fault"), [
    ("fcs-flip", "hdlc-fcs-not-checked"), ("hcs-flip", "hdlc-hcs-not-checked"),
    ("format-type-1", "hdlc-format-type-not-checked"),
    ("length-too-large", "hdlc-length-not-checked"),
    ("destination-unknown", "hdlc-unknown-destination-served"),
    ("source-of-two-octets", "hdlc-two-octet-source-served"),
    ("send-number-ahead", "hdlc-send-number-not-checked"),
])
def test_a_frame_that_is_wrong_is_not_executed(mutation: str, fault: str) -> None:
    for faults, executed in (((), False), ((fault,), True)):
        context = served("hdlc", *faults)
        do(context, "connect", as_="public")
        do(context, "associate", as_="public", keep=True)
        seen = do(context, "send_frame", frame="i", apdu="get", mutation=mutation)
        assert (seen["answer"] in ("i", "dm")) is executed, seen
        if not executed:
            alive = do(context, "still_answers")
            assert (alive["same"], alive["fresh"]) == (True, True), alive


def test_frames_past_the_link_tell_their_answers_and_addresses() -> None:
    context = served("hdlc")
    do(context, "connect", as_="public", line_only=True)
    seen = do(context, "send_frame", frame="snrm")
    assert (seen["answer"], seen["answers"], seen["addresses_turned"]) == ("ua", ["ua"], True)
    assert do(context, "send_frame", frame="disc")["answer"] == "ua"
    assert do(context, "send_frame", frame="disc")["answer"] == "dm"
    lost = served("hdlc", "hdlc-lower-address-lost")
    do(lost, "connect", as_="public", line_only=True)
    assert not do(lost, "send_frame", frame="snrm")["addresses_turned"]


def test_a_link_is_disconnected_after_the_inactivity_time_out_alone() -> None:
    for faults, answers in (((), ["rr", "dm"]), (("hdlc-inactivity-time-out-missing",),
                                                 ["rr", "rr"])):
        context = served("hdlc", *faults)
        do(context, "connect", as_="public")
        found = []
        for times in (0.7, 1.5):
            assert do(context, "idle", times=times) == {}
            found.append(do(context, "send_frame", frame="rr")["answer"])
        assert found == answers


@pytest.mark.parametrize(("faults", "again"), [((), True), (("hdlc-lost-segment-not-repeated",),
                                                            False)])
def test_a_segment_that_is_lost_is_asked_for_again(faults: tuple[str, ...], again: bool) -> None:
    context = served("hdlc", *faults)
    do(context, "connect", as_="public", max_information_receive=64)
    do(context, "associate", as_="public", keep=True)
    seen = do(context, "read_segments", object=LIST, lose=2)
    assert (seen["result"] == "success" and seen["again"] >= 1) is again


def test_segments_tell_their_window_and_their_length() -> None:
    context = served("hdlc")
    do(context, "connect", as_="public", max_information_receive=64)
    do(context, "associate", as_="public", keep=True)
    seen = do(context, "read_segments", object=LIST)
    assert seen["segments"] > 5
    assert seen["again"] == 0
    assert seen["longest_window"] == 1
    assert seen["longest_information"] <= 64


@pytest.mark.parametrize(("mutation", "fault"), [
    ("version-2", "wrapper-version-not-checked"),
    ("destination-unknown", "wrapper-unknown-port-served"),
    ("length-too-large", "wrapper-cut-apdu-served")])
def test_an_apdu_behind_a_wrong_header_is_not_served(mutation: str, fault: str) -> None:
    for faults, answer in (((), "silence"), ((fault,), "apdu")):
        context = opened("public", "wrapper", *faults)
        assert do(context, "send_header", mutation=mutation)["answer"] == answer
        if not faults:
            assert do(context, "still_answers")["fresh"]
    assert do(opened("public"), "send_header")["apdu"].startswith("C401")


@pytest.mark.parametrize(("framing", "fault", "word", "arguments", "same"), [
    ("wrapper", "silent-after-odd-apdu", "send_apdu", {"apdu": "C001C1000100002A0000"}, False),
    ("wrapper", "wrapper-silent-after-odd-header", "send_header", {"mutation": "version-2"},
     False),
    ("hdlc", "hdlc-silent-after-odd-frame", "send_frame",
     {"frame": "i", "apdu": "get", "mutation": "fcs-flip"}, False)])
def test_a_meter_that_falls_silent_is_seen_on_a_fresh_connection_too(
        framing: str, fault: str, word: str, arguments: dict[str, str], same: bool) -> None:
    context = opened("public", framing, fault)
    do(context, word, **arguments)
    seen = do(context, "still_answers")
    assert (seen["same"], seen["fresh"]) == (same, False), seen


def test_what_another_link_would_need_is_told() -> None:
    with pytest.raises(RigError, match="send_frame needs a link of HDLC"):
        do(opened("public"), "send_frame", frame="rr")
    with pytest.raises(RigError, match="read_segments needs an open link of HDLC"):
        do(opened("public"), "read_segments", object=LIST)
    with pytest.raises(RigError, match="send_header needs an open connection with wrapper"):
        do(opened("public", "hdlc"), "send_header")


def test_a_link_ends_by_disc_and_a_connection_by_closing() -> None:
    assert do(opened("public", "hdlc"), "disconnect") == {"outcome": "ua"}
    assert do(opened("public"), "disconnect") == {"outcome": "closed"}


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_what_lies_on_the_line_when_the_time_is_over_has_come(framing: str) -> None:
    """The bench itself may be kept from reading: that is no silence of the device."""
    request = written("get")
    for listens in (True, False):
        context = opened("public", framing)
        carrier = context.lasting["dlms"].carrier
        if framing == "hdlc":
            carrier.link.send(request)
            (octets,) = carrier.link.outgoing(0.0)
        else:
            octets = wrapper.encode(carrier.client, carrier.server, request)
        carrier.send_raw(octets)
        assert (carrier.listen(0).kind if listens else len(carrier.gather(0, 0))) in ("apdu", 1)
        assert carrier.gather(0, 0) == []


class Babbling:
    """A meter that says ``octets`` once a second, for as long as an hour."""

    def __init__(self, framing: str, octets: bytes) -> None:
        self.framing, self.octets, self.now = framing, octets, 0.0

    def monotonic(self) -> float:
        return self.now

    def connect(self) -> None:
        self.now = 0.0

    disconnect = connect

    def send(self, octets: bytes) -> None:
        """Go on whatever is said."""

    def receive(self, timeout: float) -> Arrived:
        self.now += 1
        return Arrived(self.octets if self.now < 3600 else b"", self.now,
                       Arrival.ARRIVED if self.now < 3600 else Arrival.SILENCE)


class Slow:
    """A line on which an octet takes ``between`` seconds, and a meter that answers at its end."""

    framing = "hdlc"

    def __init__(self, meter: Any, between: float) -> None:
        self.meter, self.between, self.now = meter, between, 0.0
        self.waiting = b""
        self.sent_until = 0.0

    def monotonic(self) -> float:
        return self.now

    def connect(self) -> None:
        self.waiting = b""
        self.meter.connect()

    def disconnect(self) -> None:
        self.meter.disconnect()

    def send(self, octets: bytes) -> None:
        self.meter.send(octets)
        self.sent_until = max(self.now, self.sent_until) + len(octets) * self.between

    def receive(self, timeout: float) -> Arrived:
        while (arrived := self.meter.receive(0)).octets:
            self.waiting += arrived.octets
        comes = max(self.now, self.sent_until) + self.between
        if not self.waiting or self.now + timeout < comes:
            self.now += timeout
            return Arrived(b"", self.now, Arrival.SILENCE)
        octet, self.waiting, self.now = self.waiting[:1], self.waiting[1:], comes
        return Arrived(octet, self.now)


def test_what_crosses_a_slow_line_takes_nothing_of_the_time_of_an_answer(
        monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = served("hdlc").lasting["dlms"]
    dialogue.port = meter = Slow(dialogue.port, SHORT["response_s"] * 0.4)
    monkeypatch.setattr(carriers, "time", meter)
    carrier = dialogue.carry("public", retries=0)
    assert carrier.open().outcome == "ua"
    assert carrier.request(PUBLIC_AARQ).apdu[:1] == b"\x61"
    carrier.link.send(PUBLIC_AARQ)
    for frame in carrier.link.outgoing(meter.now):
        carrier.send_raw(frame)
    assert len(carrier.gather(SHORT["response_s"], 0)) == 1
    assert carrier.deviations == []


def test_what_is_longer_than_any_frame_is_none_that_is_arriving(
        monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = served("hdlc").lasting["dlms"]
    dialogue.port = meter = Babbling("hdlc", bytes(700))
    monkeypatch.setattr(carriers, "time", meter)
    assert dialogue.carry("public", retries=0).open().outcome == "silence"
    assert meter.now < 10


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("octets", [b"\x7e", b"\0", b"\xa0\x7e", b"\x7e\xa7\xff"])
def test_a_meter_that_never_ends_a_frame_does_not_keep_the_bench(
        framing: str, octets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = served(framing).lasting["dlms"]
    dialogue.port = meter = Babbling(framing, octets)
    meter.connect()
    monkeypatch.setattr(carriers, "time", meter)
    carrier = dialogue.carry("public", retries=0)
    assert carrier.open().outcome in ("silence", "connected")
    assert carrier.request(PUBLIC_AARQ).kind != "apdu"
    assert meter.now <= 2 * carriers.LONGEST_WAIT + 20


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize(("timeout", "frames"), [(10, 130), (300, 420)])
def test_a_meter_that_babbles_is_given_up(framing: str, timeout: float, frames: int,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    octets = wrapper.encode(1, 16, b"\xd8\x01\x01") if framing == "wrapper" else b"\x7e\x01\x02"
    meter = Babbling(framing, octets)
    monkeypatch.setattr(carriers, "time", meter)
    dialogue = served(framing).lasting["dlms"]
    dialogue.port = meter
    came = dialogue.carry("public").gather(timeout, 20)
    assert frames - 2 <= len(came) <= frames


def test_a_link_without_an_inactivity_time_out_cannot_be_idle() -> None:
    context = served("hdlc")
    context.ixit["dlms"]["link"]["hdlc"]["inactivity_s"] = 0
    with pytest.raises(Inapplicable, match="no inactivity time-out"):
        do(context, "idle", times=1.5)
