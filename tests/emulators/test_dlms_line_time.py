"""The emulated line: what octets cost, what noise does, and a meter that is served on it."""

from __future__ import annotations

import pytest

from bench.errors import RigError
from devices.emulators.dlms.line_time import LineSettings, LineTime


def arrivals(line: LineTime, until: float = 100.0) -> list[tuple[float, bytes]]:
    """Return what the other end hears, each piece with its time."""
    heard = []
    while (due := line.deadline) is not None and due <= until:
        octets = line.outgoing(due)
        if octets:
            heard.append((due, octets))
    return heard


@pytest.mark.parametrize("baud", [300, 2400, 9600, 115_200])
def test_octets_take_ten_bits_each_and_come_in_pieces(baud: int) -> None:
    line = LineTime(LineSettings(baud))
    line.send(bytes(1000), 5.0)
    heard = arrivals(line, 1000.0)
    assert b"".join(octets for _, octets in heard) == bytes(1000)
    assert heard[-1][0] == pytest.approx(5.0 + 10_000 / baud)
    assert max(len(octets) for _, octets in heard) <= max(1, baud // 1000)


def test_what_the_meter_hears_takes_its_time_too() -> None:
    line = LineTime(LineSettings(300))
    line.heard(b"\x7e" * 30, 2.0)
    line.heard(b"\x7e" * 3, 2.5)
    assert len(list(line.arrived(2.999))) == 29
    assert [moment for moment, _ in line.arrived(3.1)] == pytest.approx(
        [3.0, 3 + 1 / 30, 3 + 2 / 30, 3.1])


def test_a_meter_waits_before_it_answers_and_between_frames() -> None:
    line = LineTime(LineSettings(9600, turn_round=0.2, gap=0.05))
    line.send(bytes(96), 0.0)
    line.send(bytes(96), 0.0)
    heard = arrivals(line)
    assert heard[-1][0] == pytest.approx(0.2 + 0.1 + 0.05 + 0.1)


def test_a_line_without_a_speed_takes_no_time() -> None:
    line = LineTime(LineSettings())
    line.send(bytes(5000), 7.0)
    assert line.outgoing(7.0) == bytes(5000)
    line.heard(b"\x01", 7.0)
    assert list(line.arrived(7.0)) == [(7.0, b"\x01")]


def test_a_change_of_speed_counts_from_the_next_octets_on() -> None:
    line = LineTime(LineSettings(300))
    line.send(bytes(30), 0.0)
    line.switch(9600, 0.0)
    line.send(bytes(960), 0.0)
    heard = arrivals(line)
    assert heard[-1][0] == pytest.approx(1.0 + 0.2 + 1.0)


def test_a_sign_on_takes_its_time_on_a_line_without_a_speed_too() -> None:
    line = LineTime(LineSettings())
    line.switch(300, 0.0, signing_on=True)
    line.heard(bytes(30), 1.0)
    assert len(list(line.arrived(1.99))) == 29
    assert [moment for moment, _ in line.arrived(9.0)] == pytest.approx([2.0])
    line.pause(0.3, 10.0)
    line.send(bytes(30), 10.0)
    line.switch(9600, 10.0)
    line.send(bytes(5000), 10.0)
    heard = arrivals(line)
    assert heard[0] == (pytest.approx(10.3 + 1 / 30), bytes(1))
    assert heard[-1] == (pytest.approx(11.3), bytes(5001))


def test_noise_spoils_its_share_of_octets_both_ways_and_equal_seeds_equal_ones() -> None:
    def spoilt(seed: int) -> tuple[bytes, bytes]:
        line = LineTime(LineSettings(noise=0.1, seed=seed))
        line.send(bytes(2000), 0.0)
        line.heard(bytes(2000), 0.0)
        return line.outgoing(0.0), next(line.arrived(0.0))[1]

    out, heard = spoilt(1)
    for octets in (out, heard):
        wrong = [octet for octet in octets if octet]
        assert 130 < len(wrong) < 270
        assert {octet.bit_count() for octet in wrong} == {1}
    assert spoilt(1) == (out, heard)
    assert spoilt(2) != (out, heard)


@pytest.mark.parametrize("wrong", [{"baud": 1000}, {"noise": 1.0}, {"noise": -0.1}])
def test_a_line_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RigError, match="expected"):
        LineSettings(**wrong)  # type: ignore[arg-type]
