"""The capture: every frame of the ledger, readable by a protocol analyser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket, InterfaceDescription
from recorded_runs import TIME, clock

from bench.errors import LedgerError
from bench.ledger import Ledger, read_events, write_capture
from bench.records.event import Event
from bench.records.run import FrozenPlan


def test_each_frame_is_there_in_order_with_direction_time_and_comment(
    make_run: Callable[[], Path], tmp_path: Path
) -> None:
    events = tuple(read_events(make_run()))
    capture = write_capture(events, tmp_path / "frames.pcapng")
    with (tmp_path / "frames.pcapng").open("rb") as stored:
        blocks = list(FileScanner(stored))
    interface = next(block for block in blocks if isinstance(block, InterfaceDescription))
    packets = [block for block in blocks if isinstance(block, EnhancedPacket)]
    assert interface.link_type == 147
    assert capture.frames == len(packets) == 4
    assert [bytes(packet.packet_data) for packet in packets[:2]] == [b"\xdf\x09", b"\xdd\x01\xff"]
    assert [packet.options["epb_flags"].inout for packet in packets[:2]] == ["outbound", "inbound"]
    micros = [(packet.timestamp_high << 32) + packet.timestamp_low for packet in packets]
    assert micros == [1767323045678901] * 4
    assert packets[2].options["opt_comment"] == (
        'case ESME-2, attempt 1, body step 1 (send), sent, ledger entry 6: {"counter": 1}'
    )


def test_the_same_ledger_gives_the_same_capture(
    make_run: Callable[[], Path], tmp_path: Path
) -> None:
    events = tuple(read_events(make_run()))
    first = write_capture(events, tmp_path / "a.pcapng")
    second = write_capture(events, tmp_path / "b.pcapng")
    assert first.sha256 == second.sha256
    assert (tmp_path / "a.pcapng").read_bytes() == (tmp_path / "b.pcapng").read_bytes()


def test_a_reading_of_any_length_fits(tmp_path: Path, plan: FrozenPlan) -> None:
    frame = {"direction": "received", "octets": "00" * 70_000, "time": TIME,
             "decoded": {"value": "é" * 100_000}}
    with Ledger.create(tmp_path, plan, clock) as ledger:
        ledger.append(Event("observation", "ESME-1", 1, TIME, {"step": 0, "frames": [frame]}))
    write_capture(read_events(tmp_path), tmp_path / "frames.pcapng")
    with (tmp_path / "frames.pcapng").open("rb") as stored:
        packet = list(FileScanner(stored))[-1]
    assert len(packet.packet_data) == 70_000


@pytest.mark.parametrize("frame", [{"octets": "XY"}, {"octets": "00", "time": "noon"}])
def test_a_frame_that_is_none_is_told(
    tmp_path: Path, plan: FrozenPlan, frame: dict[str, str]
) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        ledger.append(Event("observation", "ESME-1", 1, TIME, {"frames": [frame]}))
    with pytest.raises(LedgerError, match="entry 2"):
        write_capture(read_events(tmp_path), tmp_path / "frames.pcapng")
    assert not (tmp_path / "frames.pcapng").exists()


def test_a_capture_that_cannot_be_stored_leaves_nothing(
    make_run: Callable[[], Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be stored"):
        write_capture(read_events(make_run()), tmp_path / "file" / "frames.pcapng")


def test_the_frames_of_the_identity_check_are_there(tmp_path: Path) -> None:
    frame = {"direction": "sent", "octets": "DF", "time": TIME, "decoded": {}}
    event = Event("identity", "", 0, TIME, {"frames": [frame]}, sequence=2)
    assert write_capture([event], tmp_path / "frames.pcapng").frames == 1
    with (tmp_path / "frames.pcapng").open("rb") as stored:
        packet = list(FileScanner(stored))[-1]
    assert packet.options["opt_comment"] == "identity, sent, ledger entry 2: {}"


def test_an_empty_message_is_left_to_the_ledger(tmp_path: Path) -> None:
    frames = [{"direction": "sent", "octets": octets, "time": TIME} for octets in ("", "DF")]
    event = Event("identity", "", 0, TIME, {"frames": frames}, sequence=2)
    assert write_capture([event], tmp_path / "frames.pcapng").frames == 1
