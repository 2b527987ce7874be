"""The rigs of the emulated DLMS meter: each of its links, and time that passes on them."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from bench.protocols.dlms import wrapper
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_frame import Deframer, Frame, FrameType
from devices.ports import Arrival, Dlms
from devices.profile import load_profile
from devices.rig import load_rig, open_rig

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")
CLIENT, SERVER = Address(16), Address(1, 17, 4)
WAIT = 10.0

HDLC = [pytest.param("emulated-dlms-hdlc-tcp")] + [
    pytest.param(name, marks=pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals"))
    for name in ("emulated-dlms-hdlc", "emulated-dlms-mode-e")]


def answer(port: Dlms, frame: Frame) -> Frame:
    port.send(frame.encode())
    deframer, end = Deframer(), time.monotonic() + WAIT
    while time.monotonic() < end:
        arrived = port.receive(end - time.monotonic())
        assert arrived.state is Arrival.ARRIVED
        for arrival in deframer.feed(arrived.octets):
            if arrival.frame is not None:
                return arrival.frame
    raise AssertionError("no answer")


def opened(name: str) -> Any:
    profile = load_profile("devices/profiles/emulated-dlms-meter.yaml")
    return open_rig(load_rig(f"devices/rigs/{name}.yaml"), profile)


@pytest.mark.parametrize("name", HDLC)
def test_the_meter_of_the_rig_answers_hdlc_and_closes_when_nothing_comes(name: str) -> None:
    with opened(name) as rig:
        port = rig.ports["dlms"]
        port.connect()
        assert answer(port, Frame(FrameType.SNRM, SERVER, CLIENT)).type is FrameType.UA
        associated = answer(port, Frame(FrameType.I, SERVER, CLIENT, True,
                                        b"\xe6\xe6\x00" + AARQ))
        assert associated.information[:4] == b"\xe6\xe7\x00\x61"
        before = rig.ports["time"].now()
        rig.ports["time"].advance(121)
        assert (rig.ports["time"].now() - before).total_seconds() == 121
        if name == "emulated-dlms-mode-e":  # it waits for a sign-on again
            port.send(Frame(FrameType.DISC, SERVER, CLIENT).encode())
            assert port.receive(0.2).state is Arrival.SILENCE
            port.connect()
        assert answer(port, Frame(FrameType.DISC, SERVER, CLIENT)).type is FrameType.DM


def test_the_meter_of_the_rig_answers_behind_the_wrapper() -> None:
    with opened("emulated-dlms-wrapper") as rig:
        port = rig.ports["dlms"]
        port.connect()
        port.send(wrapper.encode(16, 1, AARQ))
        stream = wrapper.WrapperStream()
        while not (found := stream.feed(port.receive(WAIT).octets)):
            pass
        assert found[0].apdu[0] == 0x61
