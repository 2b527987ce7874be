"""HDLC by a library that others wrote (dlms-cosem 21.3.2, MIT): frames, and its client."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_events import Connected, Disconnected, Event, Received
from bench.protocols.dlms.hdlc_frame import Frame, FrameType, decode
from bench.protocols.dlms.hdlc_server import ServerLink

frames = pytest.importorskip("dlms_cosem.hdlc.frames", reason="dlms-cosem is not installed")
address = pytest.importorskip("dlms_cosem.hdlc.address", reason="dlms-cosem is not installed")
NEED_DATA = pytest.importorskip("dlms_cosem.hdlc.state").NEED_DATA
connection = pytest.importorskip("dlms_cosem.hdlc.connection", reason="dlms-cosem is not there")

CLIENT, SERVER = Address(16), Address(1, 17)
THEIR_CLIENT = address.HdlcAddress(16, None, "client")
THEIR_SERVER = address.HdlcAddress(1, 17, "server")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=500), st.integers(0, 7), st.integers(0, 7), st.booleans(),
       st.booleans())
def test_their_information_frames_are_ours(payload: bytes, sent: int, received: int,
                                           final: bool, segmented: bool) -> None:
    theirs = frames.InformationFrame(THEIR_SERVER, THEIR_CLIENT, payload, send_sequence_number=sent,
                                     receive_sequence_number=received, segmented=segmented,
                                     final=final).to_bytes()
    ours = Frame(FrameType.I, SERVER, CLIENT, final, payload, segmented, sent, received)
    assert ours.encode() == theirs
    assert decode(theirs[1:-1]) == ours._replace(control=ours.control_octet)


@pytest.mark.parametrize(("theirs", "ours"), [
    (frames.SetNormalResponseModeFrame(THEIR_SERVER, THEIR_CLIENT), FrameType.SNRM),
    (frames.DisconnectFrame(THEIR_SERVER, THEIR_CLIENT), FrameType.DISC),
    (frames.ReceiveReadyFrame(THEIR_SERVER, THEIR_CLIENT,
                              receive_sequence_number=5), FrameType.RR),
], ids=["SNRM", "DISC", "RR"])
def test_their_other_frames_are_ours(theirs: Any, ours: FrameType) -> None:
    number = 5 if ours is FrameType.RR else 0
    assert Frame(ours, SERVER, CLIENT, receive_number=number).encode() == theirs.to_bytes()


def next_event(client: Any, server: ServerLink) -> Any:
    client.receive_data(b"".join(server.outgoing(0.0)))
    for _ in range(10):  # each 7E within a frame takes their search one call further
        event = client.next_event()
        if event is not NEED_DATA:
            return event
    raise AssertionError("no frame that they can read")


def test_their_client_exchanges_data_with_our_server() -> None:
    client = connection.HdlcConnection(THEIR_CLIENT, THEIR_SERVER)
    # their reader of UA wants information in each
    server = ServerLink(SERVER, CLIENT, repeats_parameters=True)
    told: list[Event] = []

    def exchange(frame: Any) -> Any:
        for event in server.receive(client.send(frame), 0.0):
            told.append(event)
            if isinstance(event, Received):
                server.send(event.pdu[::-1])
        return next_event(client, server)

    exchange(frames.SetNormalResponseModeFrame(THEIR_SERVER, THEIR_CLIENT))
    for turn in range(20):  # past the end of the numbers
        pdu = bytes((0xC0, turn))
        answer = exchange(frames.InformationFrame(
            THEIR_SERVER, THEIR_CLIENT, b"\xe6\xe6\x00" + pdu,
            send_sequence_number=client.server_ssn, receive_sequence_number=client.server_rsn))
        assert answer.payload == b"\xe6\xe7\x00" + pdu[::-1]
    exchange(frames.DisconnectFrame(THEIR_SERVER, THEIR_CLIENT))
    assert isinstance(told[0], Connected)
    assert told[1:-1] == [Received(bytes((0xC0, turn))) for turn in range(20)]
    assert told[-1] == Disconnected("DISC")
    assert client.state.current_state.__name__ == "NOT_CONNECTED"


def test_their_client_takes_a_long_answer_in_segments() -> None:
    client = connection.HdlcConnection(THEIR_CLIENT, THEIR_SERVER)
    server = ServerLink(SERVER, CLIENT)
    long = bytes(range(256)) * 2
    server.receive(client.send(frames.SetNormalResponseModeFrame(THEIR_SERVER, THEIR_CLIENT)), 0)
    next_event(client, server)
    server.send(long)
    frame = frames.InformationFrame(THEIR_SERVER, THEIR_CLIENT, b"\xe6\xe6\x00\xc0",
                                    send_sequence_number=0, receive_sequence_number=0)
    pieces = b""
    while True:
        server.receive(client.send(frame), 0.0)
        answer = next_event(client, server)
        pieces += answer.payload
        if not answer.segmented:
            break
        frame = frames.ReceiveReadyFrame(THEIR_SERVER, THEIR_CLIENT,
                                         receive_sequence_number=client.server_rsn)
    assert pieces == b"\xe6\xe7\x00" + long
