"""A meter that takes no calls for a while, as it starts anew: what is told of it, and judged."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from served import ServedMeter, declaration, do, opened, served

from bench.judge import judge_case
from bench.plan import load_plans
from bench.records.verdict import Verdict
from bench.resources import ROOT
from bench.runner.engine import run_case
from bench.steps.context import Context
from devices.adapters.tcp import Tcp
from devices.dlms_declaration import Hdlc
from devices.emulators.dlms.hdlc_server import HdlcServer
from devices.emulators.dlms.line_time import LineSettings
from devices.emulators.dlms.process import Server
from devices.emulators.dlms.profile import Settings
from devices.emulators.dlms.wrapper_server import WrapperServer
from devices.ports import Arrival, Arrived

WAIT = 10.0
CASES = {case.id: case for case in load_plans(
    [ROOT / "testplans/dlms" / name for name in ("application.yaml", "wrapper.yaml", "link.yaml")])}


class Away(ServedMeter):
    """Has gone while ``calls`` are left; the last of them is taken."""

    calls = 0

    def call(self, patience: float) -> str:
        self.calls -= 1
        if self.is_away:
            return f"nobody there for {patience:g} s"
        self.connect()
        return ""

    @property
    def is_away(self) -> bool:
        return self.calls > 0

    def receive(self, timeout: float) -> Arrived:
        return Arrived(b"", 0.0, Arrival.CLOSED) if self.is_away else super().receive(timeout)


TOLD = ["no connection within 0.05 s: nobody there for 0.05 s"]


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize(("word", "given"), [
    ("connect", {"as_": "public"}), ("connect", {"as_": "public", "line_only": True}),
    ("associate", {"as_": "public"}), ("reach", {"as_": "public"})])
def test_that_a_meter_takes_no_connection_is_told_and_the_next_step_calls_again(
        framing: str, word: str, given: dict[str, Any]) -> None:
    context = served(framing, kind=Away)
    context.ports["dlms"].calls = 2
    seen = do(context, word, **given)
    assert (seen["outcome"], seen["deviations"]) == ("no-connection", TOLD)
    assert do(context, "send_apdu", apdu="get")["answer"] != "get-response"
    assert do(context, "associate", as_="public")["outcome"] == "accepted"


def test_a_meter_that_takes_no_fresh_connection_does_not_answer_any_more() -> None:
    context = opened("public", kind=Away)
    context.ports["dlms"].calls = 2
    seen = do(context, "still_answers")
    assert (seen["fresh"], seen["outcomes"][1]) == (False, "no-connection")


@pytest.mark.parametrize("calls", [2, 4])
def test_a_meter_that_starts_anew_in_an_activation_is_called_until_it_must_be_back(
        calls: int) -> None:
    context = opened("hls", kind=Away)
    context.ixit["dlms"]["images"]["activation_s"] = 1
    do(context, "transfer_image")
    do(context, "verify_image")
    port = context.ports["dlms"]
    send = port.send

    def gone(octets: bytes) -> None:
        send(octets)
        port.calls, port.send = calls, send

    port.send = gone
    seen = do(context, "activate_image")
    assert (seen["result"], seen["status"]) == ("closed", "activation-successful")
    port.calls = calls
    assert do(context, "read_firmware", image="test")["outcome"] == "success"


def test_in_an_activation_no_call_outlasts_what_is_left_of_its_time() -> None:
    context = opened("hls", kind=Away)
    context.ixit["dlms"]["images"]["activation_s"] = 0.2
    for link in ("hdlc", "wrapper"):
        context.ixit["dlms"]["link"][link]["response_s"] = 60
    do(context, "transfer_image")
    do(context, "verify_image")
    port = context.ports["dlms"]
    send, call = port.send, port.call
    patience: list[float] = []

    def gone(octets: bytes) -> None:
        send(octets)
        port.calls, port.send = 1_000, send

    def called(seconds: float) -> str:
        patience.append(seconds)
        return call(seconds)

    port.send, port.call = gone, called
    assert do(context, "activate_image")["status"] == "unread"
    assert patience
    assert max(patience) <= 0.2


class Reached:
    """An emulated meter in a thread of this process, on a port of its own, which it may leave."""

    def __init__(self, context: Context, framing: str) -> None:
        self.meter, self.framing = context.ports["dlms"].meter, framing
        self.port = 0
        self._serving: tuple[Server, threading.Thread] | None = None

    def listen(self) -> str:
        hdlc = Hdlc.model_validate(declaration(Settings())["link"]["hdlc"])
        link = WrapperServer(self.meter) if self.framing == "wrapper" \
            else HdlcServer(self.meter, hdlc)
        server = Server(self.meter, link, LineSettings())
        url = server.listen("127.0.0.1", self.port)
        self.port = int(url.rpartition(":")[2])
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        self._serving = server, thread
        return url

    def leave(self) -> None:
        if self._serving is not None:
            server, thread = self._serving
            server.stop()
            thread.join(WAIT)
            server.__exit__(None, None, None)
            self._serving = None


def verdict(context: Context, name: str) -> tuple[Verdict, str]:
    case = CASES[name]
    events = tuple(run_case(case, context, 1))
    assert not [event for event in events if event.kind == "bench-error"]
    result = judge_case(case, events, context.answers)
    return result.verdict, result.reason


@pytest.mark.parametrize("framing", ["wrapper", "hdlc"])
@pytest.mark.parametrize("case", ["DLMS-APPL-000", "DLMS-APPL-011", "DLMS-APPL-016"])
def test_a_case_fails_while_the_meter_is_away_and_passes_once_it_is_back(
        framing: str, case: str) -> None:
    context = served(framing)
    context.ixit["dlms"]["link"][framing]["response_s"] = 2
    meter = Reached(context, framing)
    slept: list[float] = []
    back_after = 0
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)
        if len(slept) == back_after:
            meter.listen()

    port = Tcp(url=meter.listen(), framing=framing, clock=lambda: now, sleep=sleep)
    context.lasting["dlms"].port = context.ports["dlms"] = port
    try:
        assert verdict(context, case)[0] is Verdict.PASS
        meter.leave()
        gone = verdict(context, case)
        assert gone[0] is (Verdict.INCONCLUSIVE if CASES[case].preamble else Verdict.FAIL), gone
        assert "no-connection" in gone[1]
        assert now >= 2
        slept.clear()
        back_after = 3
        assert verdict(context, case)[0] is Verdict.PASS
        assert len(slept) == 3
    finally:
        port.deactivate()
        meter.leave()
