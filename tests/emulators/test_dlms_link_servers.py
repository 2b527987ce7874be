"""The emulated meter's links without a line: what each answers, and how each can be wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms import hdlc_mutation, wrapper
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_frame import Deframer, Frame, FrameType
from bench.protocols.dlms.hdlc_parameters import Parameters, decode_parameters
from bench.protocols.iec62056_21.characters import with_odd_parity, with_parity
from bench.protocols.iec62056_21.messages import Acknowledgement, Request
from bench.protocols.iec62056_21.sign_on import LEAST_REACTION_S, MOST_REACTION_S, NO_ANSWER_S
from devices.defects.dlms_link import DLMS_LINK
from devices.emulators.dlms.hdlc_server import DEFAULT, HdlcServer
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.meter import Meter, Push
from devices.emulators.dlms.mode_e_server import ModeEServer, Pause
from devices.emulators.dlms.profile import READER, Settings
from devices.emulators.dlms.wrapper_server import WrapperServer

CLIENT, SERVER = Address(16), Address(1, 17)
AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")
GET_CLOCK = bytes.fromhex("C001C100080000010000FF0200")
GET_LIST = bytes.fromhex("C001C1000F0000280000FF0200")  # some 500 octets
LLC = bytes.fromhex("E6E600")

SNRM = Frame(FrameType.SNRM, SERVER, CLIENT).encode()
DISC = Frame(FrameType.DISC, SERVER, CLIENT).encode()
OPEN = Frame(FrameType.I, SERVER, CLIENT, True, LLC + AARQ).encode()
CLOCK = Frame(FrameType.I, SERVER, CLIENT, True, LLC + GET_CLOCK,
              send_number=1, receive_number=1).encode()
LIST = Frame(FrameType.I, SERVER, CLIENT, True, LLC + GET_LIST,
             send_number=1, receive_number=1).encode()

Script = list[bytes | float]


def ready(number: int) -> bytes:
    return Frame(FrameType.RR, SERVER, CLIENT, True, receive_number=number).encode()


def meter(*faults: str) -> Meter:
    return Meter(Settings(profile_rows=1), derived(1), faults=frozenset(faults))


class Talk:
    """Plays a script to a link: octets are handed over, numbers are seconds that pass."""

    def __init__(self, link: HdlcServer | WrapperServer | ModeEServer) -> None:
        self.link = link
        self.now = 0.0

    def play(self, script: Script) -> list[bytes]:
        """Return what came back after each octets or time of ``script``, joined."""
        back = []
        for step in script:
            if isinstance(step, bytes):
                self.link.receive(step, self.now)
            else:
                self.now += step
                while self.link.deadline is not None and self.link.deadline <= self.now:
                    self.link.time_passed(max(self.link.deadline, 0.0))
            back.append(b"".join(one if isinstance(one, bytes) else b"@%d" % one.baud
                                 for one in self.link.outgoing()
                                 if not isinstance(one, Pause)))
        return back


def hdlc(script: Script, *faults: str) -> list[bytes]:
    return Talk(HdlcServer(meter(*faults))).play(script)


def frames(octets: bytes) -> list[Frame]:
    return [arrival.frame for arrival in Deframer().feed(octets) if arrival.frame]


def types(octets: bytes) -> list[str]:
    return [frame.type.value for frame in frames(octets)]


def test_a_client_reads_the_clock_over_hdlc() -> None:
    connected, opened, clock, disconnected, again = hdlc([SNRM, OPEN, CLOCK, DISC, DISC])
    assert types(connected) == ["UA"]
    assert frames(opened)[0].information[:4] == bytes.fromhex("E6E70061")
    assert frames(clock)[0].information[3:7] == bytes.fromhex("C401C100")
    assert (types(disconnected), types(again)) == (["UA"], ["DM"])


def test_an_association_ends_with_its_link() -> None:
    refused = hdlc([SNRM, OPEN, CLOCK, DISC, SNRM, Frame(
        FrameType.I, SERVER, CLIENT, True, LLC + GET_CLOCK).encode()])[-1]
    assert frames(refused)[0].information[3] not in (0xC4,)


def test_a_client_that_the_meter_does_not_know_is_answered_by_dm() -> None:
    (answer,) = hdlc([Frame(FrameType.SNRM, SERVER, Address(99)).encode()])
    assert types(answer) == ["DM"]
    assert frames(answer)[0].destination == Address(99)


def test_two_clients_have_a_link_each() -> None:
    talk = Talk(HdlcServer(meter()))
    other = Frame(FrameType.SNRM, SERVER, Address(READER.client)).encode()
    assert [types(one) for one in talk.play([SNRM, other, OPEN])] == [["UA"], ["UA"], ["I"]]
    again = talk.play([Frame(FrameType.DISC, SERVER, Address(READER.client)).encode(), CLOCK])
    assert types(again[1]) == ["I"]


def test_a_long_answer_comes_in_the_segments_that_were_agreed() -> None:
    client = ClientLink(CLIENT, SERVER, Parameters(128, 64, 1, 3))
    link = HdlcServer(meter())
    told: list[events.Event] = []
    sizes: list[int] = []

    def until(kind: type) -> events.Event:
        for _ in range(100):
            for octets in client.outgoing(0.0):
                link.receive(octets, 0.0)
            for octets in link.outgoing():
                sizes.extend(len(frame.information) for frame in frames(octets))
                told.extend(client.receive(octets, 0.0))
            if told and isinstance(told[-1], kind):
                return told[-1]
        raise AssertionError(told)

    client.connect()
    until(events.Connected)
    client.send(AARQ)
    until(events.Received)
    client.send(GET_LIST)
    answer = until(events.Received)
    while not isinstance(answer, events.Received) or answer.pdu[0] != 0xC4:
        answer = until(events.Received)
    assert max(sizes) == 64
    assert len(answer.pdu) > 400


def test_a_meter_without_supply_is_silent() -> None:
    dead = meter()
    dead.calls()["mains", "off"]()
    assert Talk(HdlcServer(dead)).play([SNRM]) == [b""]


class Pushing(Meter):
    """A meter that pushes after each APDU and when it is looked at."""

    def drain(self) -> tuple[Push, ...]:
        return (Push(16, 1, b"\x0f\x01"), Push(2, 1, b"\x0f\x02"))


def test_what_a_meter_pushes_follows_its_answer_and_comes_without_one_too() -> None:
    pushing = Pushing(Settings(profile_rows=1), derived(1))
    talk = Talk(HdlcServer(pushing))
    opened, later = talk.play([SNRM, OPEN, CLOCK])[1:]
    for answer in (opened, later):
        assert types(answer) == ["I", "UI"]
        assert frames(answer)[1].information == bytes.fromhex("E6E7000F01")
    talk.link.time_passed(0.0)
    assert [types(octets) for octets in talk.link.outgoing() if isinstance(octets, bytes)] == [
        ["UI"]]
    wrapped_talk = Talk(WrapperServer(pushing))
    answers = wrapper.WrapperStream().feed(wrapped_talk.play([W_OPEN])[0])
    assert [one.apdu[:2] for one in answers][1:] == [b"\x0f\x01"]


# -- each defect of HDLC: a script whose answers it changes, and what a right meter answers --------

I0 = Frame(FrameType.I, SERVER, CLIENT, True, LLC + AARQ)
WRONG = hdlc_mutation.mutate


def address(upper: int, lower: int | None = None, size: int = 0) -> bytes:
    return Frame(FrameType.SNRM, Address(upper, lower, size), CLIENT).encode()


LONG = Frame(FrameType.I, SERVER, CLIENT, True, LLC + AARQ + bytes(110)).encode()
LARGE = Frame(FrameType.SNRM, SERVER, CLIENT, True,
              Parameters(2030, 2030, 7, 7).encode()).encode()
SMALL = Frame(FrameType.SNRM, SERVER, CLIENT, True, Parameters(64, 64, 1, 1).encode()).encode()
PIECES = (Frame(FrameType.I, SERVER, CLIENT, True, (LLC + AARQ)[:20], True).encode(),
          Frame(FrameType.I, SERVER, CLIENT, True, (LLC + AARQ)[20:], send_number=1).encode())
ODD_ADDRESS = WRONG(SNRM, "destination-of-three-octets")
SILENT = b""

HDLC: dict[str, tuple[Script, Callable[[list[bytes]], bool]]] = {
    "hdlc-fcs-not-checked": ([WRONG(SNRM, "fcs-flip")], lambda back: back[-1] == SILENT),
    "hdlc-hcs-not-checked": ([SNRM, WRONG(OPEN, "hcs-flip")], lambda back: back[-1] == SILENT),
    "hdlc-format-type-not-checked": ([WRONG(SNRM, "format-type-1")],
                                     lambda back: back[-1] == SILENT),
    "hdlc-length-not-checked": ([WRONG(SNRM, "length-too-small")],
                                lambda back: back[-1] == SILENT),
    "hdlc-opening-flag-not-needed": ([WRONG(SNRM, "opening-flag-missing"), 1.0],
                                     lambda back: back == [SILENT, SILENT]),
    "hdlc-closing-flag-not-needed": ([WRONG(SNRM, "closing-flag-missing"), 1.0],
                                     lambda back: back == [SILENT, SILENT]),
    "hdlc-short-frame-answered": ([WRONG(SNRM, "frame-too-short")],
                                  lambda back: back[-1] == SILENT),
    "hdlc-control-not-checked": ([SNRM, WRONG(OPEN, "control-undefined")],
                                 lambda back: types(back[-1]) == ["FRMR"]),
    "hdlc-fcs-wrong": ([SNRM], lambda back: types(back[-1]) == ["UA"]),
    "hdlc-silent-after-odd-frame": ([WRONG(SNRM, "fcs-flip"), SNRM],
                                    lambda back: types(back[-1]) == ["UA"]),
    "hdlc-silent-after-unknown-control": ([SNRM, WRONG(OPEN, "control-undefined"), SNRM],
                                          lambda back: types(back[-1]) == ["UA"]),
    "hdlc-inter-octet-time-out-missing": ([SNRM[:5], 1.0, SNRM[5:]],
                                          lambda back: back[-1] == SILENT),
    "hdlc-inactivity-time-out-missing": ([SNRM, 121.0, OPEN], lambda back: types(
        back[-1]) == ["DM"]),
    "hdlc-inactivity-time-out-early": ([SNRM, 119.0, OPEN], lambda back: types(back[-1]) == ["I"]),
    "hdlc-unknown-destination-served": ([WRONG(SNRM, "destination-unknown")],
                                        lambda back: back[-1] == SILENT),
    "hdlc-address-size-not-checked": ([address(1)], lambda back: back[-1] == SILENT),
    "hdlc-two-octet-source-served": ([WRONG(SNRM, "source-of-two-octets")],
                                     lambda back: back[-1] == SILENT),
    "hdlc-odd-address-served": ([ODD_ADDRESS], lambda back: back[-1] == SILENT),
    "hdlc-lower-address-lost": ([SNRM], lambda back: frames(back[-1])[0].source == SERVER),
    "hdlc-snrm-parameters-ignored": ([SMALL], lambda back: decode_parameters(
        frames(back[-1])[0].information).max_information_transmit == 64),
    "hdlc-ua-promises-more": ([LARGE], lambda back: decode_parameters(
        frames(back[-1])[0].information) == Parameters()),
    "hdlc-max-information-exceeded": ([SNRM, OPEN, LIST], lambda back: len(
        frames(back[-1])[0].information) == 128),
    "hdlc-window-exceeded": ([SNRM, OPEN, LIST], lambda back: types(back[-1]) == ["I"]),
    "hdlc-disc-answered-by-dm": ([SNRM, DISC], lambda back: types(back[-1]) == ["UA"]),
    "hdlc-disc-in-ndm-confirmed": ([DISC], lambda back: types(back[-1]) == ["DM"]),
    "hdlc-disc-leaves-the-link-up": ([SNRM, DISC, OPEN], lambda back: types(back[-1]) == ["DM"]),
    "hdlc-disc-unanswered": ([SNRM, DISC], lambda back: types(back[-1]) == ["UA"]),
    "hdlc-i-frame-served-in-ndm": ([OPEN], lambda back: types(back[-1]) == ["DM"]),
    "hdlc-information-too-long-accepted": ([SNRM, LONG], lambda back: types(
        back[-1]) == ["FRMR"]),
    "hdlc-receive-number-not-checked": ([SNRM, WRONG(OPEN, "receive-number-far")],
                                        lambda back: types(back[-1]) == ["FRMR"]),
    "hdlc-send-number-not-checked": ([SNRM, WRONG(OPEN, "send-number-far")],
                                     lambda back: types(back[-1]) == ["RR"]),
    "hdlc-stuck-after-frmr": ([SNRM, WRONG(OPEN, "receive-number-far"), SNRM],
                              lambda back: types(back[-1]) == ["UA"]),
    "hdlc-lost-segment-not-repeated": ([SNRM, OPEN, LIST, ready(1)], lambda back:
                                       back[-1] == back[-2]),
    "hdlc-segmentation-bit-missing": ([SNRM, OPEN, LIST], lambda back:
                                      frames(back[-1])[0].segmented),
    "hdlc-first-segments-lost": ([SNRM, *PIECES], lambda back: frames(
        back[-1])[0].information[3:4] == b"\x61"),
    "hdlc-send-number-not-advanced": ([SNRM, OPEN, CLOCK], lambda back:
                                      frames(back[-1])[0].send_number == 1),
}


@pytest.mark.parametrize("name", [one.name for one in DLMS_LINK if one.links == ("hdlc",)])
def test_each_defect_of_hdlc_changes_the_answer_of_a_right_meter(name: str) -> None:
    script, is_right = HDLC[name]
    assert is_right(hdlc(script)), [one.hex() for one in hdlc(script)]
    assert not is_right(hdlc(script, name)), [one.hex() for one in hdlc(script, name)]


@pytest.mark.parametrize(("name", "mutations"), [
    ("hdlc-length-not-checked", "length-too-small length-too-large length-zero length-largest"),
    ("hdlc-odd-address-served", "destination-of-three-octets destination-of-five-octets"),
    ("hdlc-address-size-not-checked", "destination-of-one-octet destination-of-two-octets"),
    ("hdlc-format-type-not-checked", "format-type-0 format-type-1 format-type-f"),
])
def test_a_defect_is_there_for_each_way_in_which_a_meter_of_four_octets_is_tried(
    name: str, mutations: str,
) -> None:
    declared = DEFAULT.model_copy(update={"address_octets": 4})
    snrm = Frame(FrameType.SNRM, Address(1, 17, 4), CLIENT).encode()
    for mutation in mutations.split():
        script: Script = [WRONG(snrm, mutation), 1.0, 1.0]
        right, wrong = (b"".join(Talk(HdlcServer(meter(*faults), declared)).play(script))
                        for faults in ((), (name,)))
        assert (types(right), types(wrong)) == ([], ["UA"]), mutation


@pytest.mark.parametrize("name", [one.name for one in DLMS_LINK if one.links == ("hdlc",)])
def test_a_meter_with_a_defect_still_answers_something(name: str) -> None:
    """What nobody can connect to at all shows nothing that a plan could tell apart."""
    if name == "hdlc-fcs-wrong":
        return
    assert hdlc([SNRM], name)[0], name


# -- the wrapper -------------------------------------------------------------------------------

W_OPEN = wrapper.encode(16, 1, AARQ)
W_CLOCK = wrapper.encode(16, 1, GET_CLOCK)


def wrapped(script: Script, *faults: str) -> list[bytes]:
    return Talk(WrapperServer(meter(*faults))).play(script)


def test_a_client_reads_the_clock_behind_the_wrapper() -> None:
    opened, clock = wrapped([W_OPEN, W_CLOCK])
    assert wrapper.WrapperStream().feed(opened)[0][:2] == (1, 16)
    assert wrapper.WrapperStream().feed(clock)[0].apdu[:4] == bytes.fromhex("C401C100")


def test_a_wrong_header_ends_its_connection_and_no_other() -> None:
    link = WrapperServer(meter())
    talk = Talk(link)
    assert talk.play([wrapper.mutate(W_OPEN, "version-2"), W_OPEN]) == [b"", b""]
    link.closed()
    assert talk.play([W_OPEN])[0]


WRAPPER: dict[str, tuple[Script, Callable[[list[bytes]], bool]]] = {
    "wrapper-version-not-checked": ([wrapper.mutate(W_OPEN, "version-2")],
                                    lambda back: back[-1] == SILENT),
    "wrapper-ports-not-swapped": ([W_OPEN], lambda back: back[-1][:6] == bytes.fromhex(
        "000100010010")),
    "wrapper-unknown-port-served": ([wrapper.mutate(W_OPEN, "destination-unknown")],
                                    lambda back: back[-1] == SILENT),
    "wrapper-length-wrong": ([W_OPEN], lambda back: int.from_bytes(
        back[-1][6:8], "big") == len(back[-1]) - 8),
    "wrapper-cut-apdu-served": ([wrapper.mutate(W_OPEN, "length-too-large")],
                                lambda back: back[-1] == SILENT),
}


@pytest.mark.parametrize("name", WRAPPER)
def test_each_defect_of_the_wrapper_changes_the_answer_of_a_right_meter(name: str) -> None:
    script, is_right = WRAPPER[name]
    assert is_right(wrapped(script))
    assert not is_right(wrapped(script, name))


def test_a_meter_can_fall_silent_for_all_after_a_wrong_header() -> None:
    link = WrapperServer(meter("wrapper-silent-after-odd-header"))
    talk = Talk(link)
    assert talk.play([W_OPEN])[0]
    talk.play([wrapper.mutate(W_OPEN, "version-2")])
    link.closed()
    assert talk.play([W_OPEN]) == [b""]


# -- mode E ------------------------------------------------------------------------------------

ASK = with_parity(Request().encode())
AGREE = with_parity(Acknowledgement("5").encode())


def mode_e(script: Script, *faults: str) -> list[bytes]:
    return Talk(ModeEServer(meter(*faults))).play(script)


def test_a_meter_signs_on_goes_to_the_new_speed_and_speaks_hdlc() -> None:
    talk = Talk(ModeEServer(meter()))
    named, agreed, connected, opened = talk.play([ASK, AGREE, SNRM, OPEN])
    assert named == b"@300" + with_parity(b"/SMB5\\20000000000001\r\n")
    assert agreed == b"@9600" + with_parity(b"\x06252\r\n") + b"@9600"
    assert (types(connected), types(opened)) == (["UA"], ["I"])


def test_hdlc_is_not_heard_before_the_sign_on() -> None:
    assert mode_e([SNRM, SNRM])[-1] == SILENT


def test_a_meter_goes_back_to_its_sign_on_when_nothing_comes() -> None:
    back = mode_e([ASK, AGREE, SNRM, 121.0, ASK])
    assert back[3].endswith(b"@300")
    assert back[-1] == with_parity(b"/SMB5\\20000000000001\r\n")


def test_a_link_that_was_disconnected_can_be_connected_without_a_new_sign_on() -> None:
    back = mode_e([ASK, AGREE, SNRM, DISC, SNRM])
    assert [types(one) for one in back[2:]] == [["UA"], ["UA"], ["UA"]]


def test_a_meter_that_does_not_close_does_not_sign_on_anew_either() -> None:
    back = mode_e([ASK, AGREE, SNRM, 121.0, OPEN], "hdlc-inactivity-time-out-missing")
    assert types(back[-1]) == ["I"]


def test_a_meter_signs_on_again_after_anything_odd() -> None:
    odd: list[Script] = [
        [with_parity(b"/?#!\r\n")], [with_parity(b"/?!\r"), 1.6], [with_odd_parity(b"/?!\r\n")],
        [with_parity(b"/?9!\r\n")], [ASK], [ASK, AGREE[:3], 1.6], [ASK, ODD_RATE], [SNRM]]
    for script in odd:
        back = mode_e([*script, ASK, AGREE, SNRM])
        assert types(back[-1]) == ["UA"], script


def test_a_sign_on_that_is_not_acknowledged_in_time_is_over() -> None:
    assert b"252" in mode_e([ASK, 3.9, AGREE])[-1].translate(BARE)
    assert mode_e([ASK, 4.1, AGREE])[-1].translate(BARE) == b"@300"


def test_a_meter_at_300_bit_s_takes_the_next_request_once_its_link_has_ended() -> None:
    agree = with_parity(Acknowledgement("0").encode())
    assert mode_e([ASK, agree, SNRM, ASK])[-1] == SILENT
    assert b"/SMB" in mode_e([ASK, agree, SNRM, DISC, ASK])[-1].translate(BARE)


def test_how_long_a_meter_waits_before_it_names_itself_can_be_wrong() -> None:
    found = []
    for faults in ((), ("mode-e-identification-late",)):
        link = ModeEServer(meter(*faults))
        link.receive(ASK, 0.0)
        found += [one.seconds for one in link.outgoing() if isinstance(one, Pause)]
    assert LEAST_REACTION_S < found[0] < MOST_REACTION_S < found[1] < NO_ANSWER_S


@pytest.mark.parametrize("fault", ["mode-e-rate-kept-after-disc",
                                   "mode-e-rate-kept-after-time-out"])
def test_a_meter_can_stay_at_its_speed(fault: str) -> None:
    for faults, left in (((), False), ((fault,), True)):
        link = ModeEServer(meter(*faults))
        talk = Talk(link)
        talk.play([ASK, AGREE, SNRM])
        talk.play([DISC] if fault.endswith("disc") else [121.0])
        link.other_speed()
        assert link.signed_on is left
    right = ModeEServer(meter(fault))
    Talk(right).play([ASK, AGREE, SNRM])
    right.other_speed()
    assert not right.signed_on


BARE = bytes(octet & 0x7F for octet in range(256))
ODD_RATE = with_parity(Acknowledgement("9").encode())


def named(back: list[bytes]) -> bool:
    return b"/SMB5\\2" in back[-1].translate(BARE)


def unnamed(back: list[bytes]) -> bool:
    return b"/" not in back[-1].translate(BARE)


def unconfirmed(back: list[bytes]) -> bool:
    return b"\x06" not in back[-1]


MODE_E: dict[str, tuple[Script, Callable[[list[bytes]], bool]]] = {
    "mode-e-parity-missing": ([ASK], lambda back: back[-1].endswith(with_parity(b"1\r\n"))
                              and b"/SMB" not in back[-1]),
    "mode-e-rate-ignored": ([ASK, AGREE], lambda back: with_parity(b"252") in back[-1]),
    "mode-e-flag-id-wrong": ([ASK], named),
    "mode-e-mark-missing": ([ASK], named),
    "mode-e-own-address-unknown": ([with_parity(Request("1").encode())], named),
    "mode-e-identification-early": ([ASK[:-2]], unnamed),
    "mode-e-highest-rate-always": ([ASK, with_parity(Acknowledgement("3").encode())],
                                   lambda back: back[-1].endswith(b"@2400")),
    "mode-e-request-not-checked": ([with_parity(b"/!\r\n")], unnamed),
    "mode-e-terminator-not-checked": ([with_parity(b"/?!\n")], unnamed),
    "mode-e-address-not-checked": ([with_parity(Request("2").encode())], unnamed),
    "mode-e-other-address-told": ([with_parity(Request("2").encode())],
                                  lambda back: b"ERROR" not in back[-1].translate(BARE)),
    "mode-e-parity-not-checked": ([with_odd_parity(b"/?!\r\n")], unnamed),
    "mode-e-rate-not-checked": ([ASK, ODD_RATE], unconfirmed),
    "mode-e-protocol-not-checked": ([ASK, with_parity(Acknowledgement("5", "3").encode())],
                                    unconfirmed),
    "mode-e-cut-acknowledgement-accepted": ([ASK, AGREE[:-2], 1.6], unconfirmed),
    "mode-e-sign-on-not-needed": ([SNRM], lambda back: types(back[-1]) == []),
    "mode-e-silent-after-odd-request": ([with_parity(b"/?#!\r\n"), ASK], named),
    "mode-e-silent-after-odd-acknowledgement": ([ASK, ODD_RATE, ASK], named),
    "mode-e-waits-for-acknowledgement": ([ASK, 10.0, ASK], named),
}


@pytest.mark.parametrize("name", MODE_E)
def test_each_defect_of_mode_e_changes_the_answer_of_a_right_meter(name: str) -> None:
    script, is_right = MODE_E[name]
    assert is_right(mode_e(script)), mode_e(script)
    assert not is_right(mode_e(script, name))


def test_each_defect_of_a_link_is_shown_above() -> None:
    shown = {*HDLC, *WRAPPER, *MODE_E, "wrapper-silent-after-odd-header",
             "mode-e-identification-late", "mode-e-rate-kept-after-disc",
             "mode-e-rate-kept-after-time-out"}
    assert shown == {one.name for one in DLMS_LINK}
