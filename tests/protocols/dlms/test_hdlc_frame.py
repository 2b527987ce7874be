"""HDLC frames: what we write and read, against frames and code of others."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms import hdlc_mutation
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_checksum import check_sequence
from bench.protocols.dlms.hdlc_frame import Deframer, Frame, FrameType, decode
from bench.protocols.dlms.hdlc_parameters import Parameters, decode_parameters

# Frames that dlms-cosem 21.3.2 (MIT) tests itself against, of real meters.
UA = bytes.fromhex("7EA01F21022373E6C781801205019A06019A070400000001080400000001CCA27E")
AARQ = bytes.fromhex("7EA02C02232110AF9FE6E600601DA109060760857405080101BE10040E01000000065F1F04"
                     "00001E1DFFFFC5E47E")
AARE = bytes.fromhex("7EA0382102233034E7E6E7006129A109060760857405080101A203020100A305A103020100"
                     "BE10040E0800065F1F0400001E1D04C80007B86A7E")

CLIENT, SERVER = Address(16), Address(1, 17)
PUBLISHED = (
    (UA, Frame(FrameType.UA, CLIENT, SERVER, True,
               Parameters(154, 154, 1, 1).encode(), control=0x73)),
    (AARQ, Frame(FrameType.I, SERVER, CLIENT, True, AARQ[9:-3], control=0x10)),
    (AARE, Frame(FrameType.I, CLIENT, SERVER, True, AARE[9:-3], receive_number=1,
                 control=0x30)),
)

sizes = st.sampled_from((1, 2, 4))


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    size = draw(sizes)
    part = st.integers(0, 0x7F if size < 4 else 0x3FFF)
    return Address(draw(part), None if size == 1 else draw(part), size)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    kind = draw(st.sampled_from([kind for kind in FrameType if kind is not FrameType.UNKNOWN]))
    numbers = st.integers(0, 7)
    frame = Frame(
        kind, draw(addresses()), draw(addresses()), draw(st.booleans()),
        draw(st.binary(max_size=200)), draw(st.booleans()),
        draw(numbers) if kind is FrameType.I else 0,
        draw(numbers) if kind in (FrameType.I, FrameType.RR, FrameType.RNR, FrameType.REJ) else 0)
    return frame._replace(control=frame.control_octet)


def x25(octets: bytes) -> bytes:
    """CRC-16/X-25 bit by bit, as ISO/IEC 13239 describes it."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


def test_the_check_value_of_the_catalogue_of_checksums_comes_out() -> None:
    assert check_sequence(b"123456789") == bytes.fromhex("6E90")


@given(st.binary(max_size=300))
def test_check_sequences_are_those_of_the_bitwise_definition(octets: bytes) -> None:
    assert check_sequence(octets) == x25(octets)


@pytest.mark.parametrize(("octets", "frame"), PUBLISHED)
def test_published_frames_are_read_and_written_again(octets: bytes, frame: Frame) -> None:
    assert decode(octets[1:-1]) == frame
    assert frame.encode() == octets


def test_published_parameters_are_read() -> None:
    assert decode_parameters(decode(UA[1:-1]).information) == Parameters(154, 154, 1, 1)


@given(frames())
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    assert decode(frame.encode()[1:-1]) == frame


@given(addresses())
def test_an_address_comes_back_with_its_size(address: Address) -> None:
    frame = Frame(FrameType.RR, address, CLIENT)
    assert decode(frame.encode()[1:-1]).destination == address
    assert len(address.octets) == address.size


@pytest.mark.parametrize(("upper", "lower", "size"), [
    (128, None, 1), (1, 1, 1), (1, 128, 2), (16384, None, 0), (1, 1, 3), (-1, None, 0)])
def test_an_address_that_does_not_fit_is_refused(upper: int, lower: int | None,
                                                 size: int) -> None:
    with pytest.raises(LocalProtocolError):
        Address(upper, lower, size)


def test_a_control_octet_that_is_not_known_is_kept() -> None:
    frame = Frame(FrameType.UNKNOWN, SERVER, CLIENT, control=0xFF)
    assert decode(frame.encode()[1:-1]) == frame
    with pytest.raises(LocalProtocolError, match="needs its control octet"):
        Frame(FrameType.UNKNOWN, SERVER, CLIENT).encode()


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused_with_an_offset(octets: bytes) -> None:
    refused = None
    try:
        decode(octets)
    except RemoteProtocolError as wrong:
        refused = wrong
    assert refused is None or 0 <= refused.offset <= len(octets)


@given(frames(), st.integers(0, 2000), st.integers(0, 7))
def test_any_changed_bit_is_noticed(frame: Frame, place: int, bit: int) -> None:
    octets = bytearray(frame.encode()[1:-1])
    octets[place % len(octets)] ^= 1 << bit
    with pytest.raises(RemoteProtocolError):
        decode(bytes(octets))


@given(st.lists(frames(), max_size=6), st.lists(st.integers(1, 40), min_size=1), st.booleans())
def test_frames_come_out_of_a_stream_however_it_is_cut(
    sent: list[Frame], cuts: list[int], shares_flags: bool,
) -> None:
    if shares_flags:
        stream = b"".join(frame.encode()[:-1] for frame in sent) + b"\x7e"
    else:
        stream = b"".join(frame.encode() for frame in sent)
    deframer = Deframer()
    arrivals, start, turn = [], 0, 0
    while start < len(stream):
        end = start + cuts[turn % len(cuts)]
        arrivals += deframer.feed(stream[start:end])
        start, turn = end, turn + 1
    assert [arrival.frame for arrival in arrivals] == sent


def test_junk_between_frames_is_kept_and_costs_no_frame() -> None:
    deframer = Deframer()
    arrivals = deframer.feed(b"\x00\xff" + UA + b"\x00\x13" + AARQ)
    assert [arrival.frame and arrival.frame.type for arrival in arrivals] == [
        None, FrameType.UA, None, FrameType.I]
    assert arrivals[0].octets == b"\x00\xff"
    assert arrivals[2].error is not None


def test_a_flag_octet_inside_a_frame_does_not_end_it() -> None:
    frame = Frame(FrameType.I, SERVER, CLIENT, information=b"\x7e" * 20, control=0x10)
    assert [arrival.frame for arrival in Deframer().feed(frame.encode() * 2)] == [frame, frame]


def test_a_frame_that_is_never_ended_can_be_given_up() -> None:
    deframer = Deframer()
    assert deframer.feed(UA[:-4]) == []
    (given_up,) = deframer.give_up()
    assert given_up.octets == UA[1:-4]
    assert [arrival.frame for arrival in deframer.feed(AARQ)] == [PUBLISHED[1][1]]


def test_a_wrong_length_does_not_swallow_the_next_frame() -> None:
    wrong = hdlc_mutation.mutate(UA, "length-too-small")
    arrivals = Deframer().feed(wrong + AARQ)
    assert arrivals[0].error is not None
    assert arrivals[-1].frame == PUBLISHED[1][1]


@given(st.integers(0, 1 << 32), st.integers(1, 200))
def test_every_octet_of_noise_comes_out_once(seed: int, octets: int) -> None:
    noise = random.Random(seed).randbytes(octets)
    deframer = Deframer()
    arrivals = deframer.feed(noise) + deframer.give_up()
    kept = b"".join(arrival.octets for arrival in arrivals)
    assert kept.replace(b"\x7e", b"") == noise.replace(b"\x7e", b"")


@given(st.builds(Parameters, st.integers(1, 2030), st.integers(1, 2030), st.integers(1, 7),
                 st.integers(1, 7)))
def test_parameters_come_back_as_they_were(parameters: Parameters) -> None:
    assert decode_parameters(parameters.encode()) == parameters


@pytest.mark.parametrize("octets", [
    "80", "818002", "8180030501", "81800405020000", "818006080400000008", "8180020500",
    "818006080400000000", "8180080701010801080505"])
def test_wrong_parameters_are_refused(octets: str) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_parameters(bytes.fromhex(octets))


def test_parameters_of_others_are_passed_over_and_those_left_out_are_default() -> None:
    found = decode_parameters(bytes.fromhex("81800705020200090100"))
    assert found == Parameters(max_information_transmit=512)


# -- wrong on purpose ---------------------------------------------------------------------------

I_FRAME = Frame(FrameType.I, SERVER, CLIENT, True, bytes.fromhex("E6E600C001C1"),
                send_number=2, receive_number=3).encode()
RR_FRAME = Frame(FrameType.RR, Address(1, 17, 4), CLIENT, True, receive_number=3).encode()


@pytest.mark.parametrize("name", hdlc_mutation.MUTATIONS)
def test_each_mutation_changes_a_frame_and_is_refused_where_it_says(name: str) -> None:
    right = I_FRAME if hdlc_mutation.applicable(I_FRAME, name) else RR_FRAME
    wrong = hdlc_mutation.mutate(right, name)
    caught = hdlc_mutation.MUTATIONS[name].caught_by
    if hdlc_mutation.MUTATIONS[name].field == "flags":
        assert [one for one in Deframer().feed(wrong) if one.frame] == []
        return
    body = wrong[1:-1]
    if caught in (hdlc_mutation.CHECK, hdlc_mutation.FORMAT):
        with pytest.raises(RemoteProtocolError) as refused:
            decode(body)
        assert ("FCS" in str(refused.value) or "HCS" in str(refused.value)) or (
            caught == hdlc_mutation.FORMAT)
    else:
        assert decode(body) != decode(right[1:-1])


@pytest.mark.parametrize("name", [name for name, one in hdlc_mutation.MUTATIONS.items()
                                  if one.caught_by == hdlc_mutation.CHECK])
def test_a_mutation_of_a_check_passes_once_the_check_is_made_again(name: str) -> None:
    wrong = hdlc_mutation.mutate(I_FRAME, name)
    decode(hdlc_mutation.take_apart(wrong).resealed().join()[1:-1])


def test_a_mutation_that_would_change_nothing_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="does not change"):
        hdlc_mutation.mutate(RR_FRAME, "send-number-ahead")
    with pytest.raises(LocalProtocolError, match="no mutation"):
        hdlc_mutation.mutate(RR_FRAME, "unheard-of")
