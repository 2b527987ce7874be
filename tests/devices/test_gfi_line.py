"""The text line of GB test equipment: written one way, read strictly, cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError
from devices.adapters.gfi_line import MAX_MESSAGE, Line, LineReader, encode_line

# The one published example of the format (public domain, HenryGiraldo/gbcs, c/gfi.h).
PUBLISHED = (
    b"GBCS:DATA#0:72:DD000000000000401100000000DF090200000000000003EB0800DB1234567890A00890B3D51F"
    b"30010000000200210CDA200003EB0000010001020000F4E3A029790221B3B6549478\r\n"
)


def read(*pieces: bytes) -> list[Line]:
    reader = LineReader()
    return [line for piece in pieces for line in reader.feed(piece)]


def test_the_published_example_reads_and_writes_back() -> None:
    (line,) = read(PUBLISHED)
    assert line.number == 0
    assert line.message is not None
    assert len(line.message) == 72
    assert encode_line(0, line.message) == PUBLISHED


@given(st.lists(st.tuples(st.integers(0, 999_999_999), st.binary(max_size=80)), max_size=5),
       st.integers(1, 40))
def test_lines_survive_being_cut_anywhere(messages: list[tuple[int, bytes]], cut: int) -> None:
    stream = b"".join(encode_line(*message) for message in messages)
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
    assert [(line.number, line.message) for line in read(*pieces)] == messages


@given(st.lists(st.binary(max_size=30)))
def test_every_octet_comes_out_exactly_once(pieces: list[bytes]) -> None:
    reader = LineReader()
    out = b"".join(line.octets for piece in pieces for line in reader.feed(piece))
    assert out + reader.drop() == b"".join(pieces)
    assert reader.pending == b""


@given(st.binary(max_size=40), st.integers(0, 120), st.integers(0, 255))
def test_a_changed_octet_is_garbage_or_another_message(
    message: bytes, place: int, octet: int
) -> None:
    line = bytearray(encode_line(0, message))
    place %= len(line)
    before, line[place] = line[place], octet
    for received in read(bytes(line)):
        unchanged = chr(octet).upper() == chr(before).upper()
        assert received.message != message or unchanged or place == len(b"GBCS:DATA#")


@pytest.mark.parametrize("octets", [
    b"\n", b"\r\n", b"hello\r\n",
    b"GBCS:DATA#0:1:AA\n",        # no CR
    b"GBCS:DATA#0:2:AA\r\n",      # fewer octets than said
    b"GBCS:DATA#0:1:AABB\r\n",    # more octets than said
    b"GBCS:DATA#0:1:A\r\n",
    b"GBCS:DATA#0:1:AG\r\n",
    b"GBCS:DATA#0:1:A A\r\n",
    b"GBCS:DATA#0:01:AA\r\n",
    b"GBCS:DATA#00:1:AA\r\n",
    b"GBCS:DATA#-1:1:AA\r\n",
    b"GBCS:DATA#:1:AA\r\n",
    b"GBCS:DATA#0:1: AA\r\n",
    b"gbcs:data#0:1:AA\r\n",
    b" GBCS:DATA#0:1:AA\r\n",
    b"GBCS:DATA#0:72:DD00GBCS:DATA#0:1:AA\r\n",
    b"GBCS:DATA#0:65536:" + b"00" * 65_536 + b"\r\n",
    b"GBCS:DATA#0:70000:" + b"00" * 70_000 + b"\r\n",
])
def test_what_is_no_line_is_kept_as_garbage(octets: bytes) -> None:
    lines = read(octets)
    assert all(line.message is None for line in lines)
    reader = LineReader()
    assert b"".join(line.octets for line in reader.feed(octets)) + reader.drop() == octets


def test_lower_case_digits_are_read() -> None:
    assert read(b"GBCS:DATA#7:2:abCd\r\n") == [
        Line(b"GBCS:DATA#7:2:abCd\r\n", 7, b"\xab\xcd")]


def test_noise_without_an_end_is_bounded() -> None:
    reader = LineReader()
    for _ in range(8):
        reader.feed(b"\x55" * 65_536)
    assert len(reader.pending) < 2 * MAX_MESSAGE + 64


@pytest.mark.parametrize("place", range(len(PUBLISHED)))
def test_every_start_of_a_line_is_well_formed(place: int) -> None:
    reader = LineReader()
    reader.feed(PUBLISHED[:place])
    assert reader.well_formed


@pytest.mark.parametrize("octets", [
    b"X", b"GBCS:DATB", b"GBCS:DATA#x", b"GBCS:DATA#0:1:AX", b"GBCS:DATA#0:1:AAB",
    b"GBCS:DATA#0:1:AA\rX", b"GBCS:DATA#0:70000:",
])
def test_a_wrong_start_is_not_well_formed(octets: bytes) -> None:
    reader = LineReader()
    reader.feed(octets)
    assert not reader.well_formed


def test_what_fits_no_line_cannot_be_written() -> None:
    with pytest.raises(LocalProtocolError, match="65536 octets"):
        encode_line(0, bytes(65_536))
    with pytest.raises(LocalProtocolError, match="-1"):
        encode_line(-1, b"")
