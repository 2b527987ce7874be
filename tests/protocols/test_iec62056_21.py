"""Sign-on to mode E: both sides joined, parity in software, echoes and noise."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.iec62056_21.characters import block_check, with_parity, without_parity
from bench.protocols.iec62056_21.messages import (
    Acknowledgement,
    Identification,
    Request,
    decode_acknowledgement,
    decode_identification,
    decode_request,
)
from bench.protocols.iec62056_21.sign_on import (
    START,
    ClientSignOn,
    Failed,
    Identified,
    Send,
    ServerSignOn,
    SignedOn,
    Step,
    Switch,
)

METER = Identification("SMB", "5", "SMIP1")


def join(client: ClientSignOn, server: ServerSignOn, cut: int = 80, *, echo: bool = False,
         noise: bytes = b"") -> tuple[list[Step], list[Step]]:
    """Run both until nothing is sent; return what each was told to do."""
    clients: list[Step] = client.start()
    servers: list[Step] = server.restart()
    out = list(clients)
    while out:
        back: list[Step] = []
        for step in out:
            if isinstance(step, Send):
                if echo:
                    clients += client.receive(step.octets)
                for start in range(0, len(step.octets), cut):
                    back += server.receive(step.octets[start : start + cut])
        servers += back
        out = []
        for step in back:
            if isinstance(step, Send):
                octets = noise + step.octets
                for start in range(0, len(octets), cut):
                    out += client.receive(octets[start : start + cut])
        clients += out
    return clients, servers


def sent(steps: list[Step]) -> list[bytes]:
    return [without_parity(step.octets)[0] for step in steps if isinstance(step, Send)]


def settings_of(steps: list[Step]) -> list[Switch]:
    return [step for step in steps if isinstance(step, Switch)]


@pytest.mark.parametrize("confirmation", ["new", "old", "none"])
def test_both_sides_go_to_the_same_rate_and_to_eight_bits(confirmation: str) -> None:
    clients, servers = join(ClientSignOn(confirmation=confirmation),
                            ServerSignOn(METER, confirmation=confirmation))
    assert sent(clients) == [b"/?!\r\n", b"\x06252\r\n"]
    assert sent(servers) == [b"/SMB5\\2SMIP1\r\n"] + [b"\x06252\r\n"] * (confirmation != "none")
    assert clients[-1] == servers[-1] == SignedOn(9600)
    assert settings_of(clients) == settings_of(servers)
    assert settings_of(clients)[0] == START
    assert settings_of(clients)[-1] == Switch(9600, seven_bits=False)


@pytest.mark.parametrize(("highest", "agreed"), [(19_200, 9600), (2400, 2400), (5000, 4800)])
def test_the_rate_is_the_highest_that_both_have(highest: int, agreed: int) -> None:
    clients, servers = join(ClientSignOn(highest_baud=highest), ServerSignOn(METER))
    assert clients[-1] == servers[-1] == SignedOn(agreed)


@pytest.mark.parametrize("cut", [1, 2, 7])
def test_the_pieces_in_which_text_arrives_make_no_difference(cut: int) -> None:
    clients, _ = join(ClientSignOn(), ServerSignOn(METER), cut)
    assert clients[-1] == SignedOn(9600)


def test_the_echo_of_an_optical_head_is_passed_over() -> None:
    clients, _ = join(ClientSignOn(), ServerSignOn(METER), echo=True)
    assert clients[-1] == SignedOn(9600)
    assert not [step for step in clients if isinstance(step, Failed)]


@given(st.binary(max_size=40))
def test_noise_before_a_message_is_passed_over_or_refused(noise: bytes) -> None:
    text, _ = without_parity(noise)
    clean = bytes(octet for octet, read in zip(noise, text, strict=True)
                  if read not in b"/\x06\n")
    clients, _ = join(ClientSignOn(), ServerSignOn(METER), noise=clean)
    assert clients[-1] == SignedOn(9600)


def test_a_meter_answers_its_own_address_and_nobody_elses() -> None:
    assert isinstance(join(ClientSignOn("0042"), ServerSignOn(METER, "42"))[0][-1], SignedOn)
    assert not isinstance(join(ClientSignOn("43"), ServerSignOn(METER, "42"))[0][-1], SignedOn)


def test_a_meter_without_mode_e_is_told_of() -> None:
    clients, _ = join(ClientSignOn(), ServerSignOn(Identification("SMB", "5", "X", mode_e=False)))
    assert isinstance(clients[-1], Failed)
    assert "mode E" in str(clients[-1].error)


def test_a_meter_that_confirms_another_rate_is_told_of() -> None:
    client = ClientSignOn()
    client.start()
    steps = client.receive(with_parity(METER.encode()))
    assert steps[0] == Identified(METER)
    (failed,) = client.receive(with_parity(Acknowledgement("3").encode()))
    assert isinstance(failed, Failed)


def test_a_wrong_parity_bit_is_told_of_and_the_client_may_begin_anew() -> None:
    client = ClientSignOn()
    client.start()
    spoilt = bytearray(with_parity(METER.encode()))
    spoilt[4] ^= 0x80
    (failed,) = client.receive(bytes(spoilt))
    assert isinstance(failed, Failed)
    assert failed.error.offset == 4
    clients, _ = join(client, ServerSignOn(METER))
    assert clients[-1] == SignedOn(9600)


def test_an_acknowledgement_for_another_mode_sends_the_meter_back_to_the_start() -> None:
    server = ServerSignOn(METER)
    server.receive(with_parity(Request().encode()))
    assert server.receive(with_parity(b"\x06050\r\n")) == [START]
    assert server.receive(with_parity(b"\x06252\r\n")) == [START]  # it has not named itself again


def test_octets_behind_the_confirmation_belong_to_hdlc() -> None:
    client = ClientSignOn()
    client.start()
    client.receive(with_parity(METER.encode()))
    steps = client.receive(with_parity(b"\x06252\r\n") + b"\x7e\xa0")
    assert steps[-1] == SignedOn(9600, b"\x7e\xa0")


@given(st.binary(max_size=200))
def test_parity_in_software_comes_back_and_every_single_error_is_found(octets: bytes) -> None:
    text = bytes(octet & 0x7F for octet in octets)
    line = with_parity(text)
    assert all(octet.bit_count() % 2 == 0 for octet in line)
    assert without_parity(line) == (text, ())
    for place in range(min(len(line), 8)):
        spoilt = bytearray(line)
        spoilt[place] ^= 1 << random.Random(place).randrange(8)
        assert without_parity(bytes(spoilt))[1] == (place,)


def test_the_block_check_is_that_of_a_published_readout() -> None:
    # SOH P 0 STX ( ) ETX, BCC 60h: the programming mode acknowledgement of IEC 62056-21, annex
    assert block_check(b"P0\x02()\x03") == 0x60


@given(st.text("ABCXYZabc", min_size=3, max_size=3), st.sampled_from("0123456"),
       st.text("ABC 0123", max_size=16), st.booleans())
def test_an_identification_comes_back_as_it_was(maker: str, baud: str, text: str,
                                                mode_e: bool) -> None:
    one = Identification(maker, baud, text, mode_e)
    assert decode_identification(one.encode()) == one


@pytest.mark.parametrize("read", [decode_request, decode_identification, decode_acknowledgement])
@pytest.mark.parametrize("octets", [b"", b"/", b"/?!", b"/??!\r\n", b"/AB5\r\n", b"\x0625\r\n",
                                    b"/ABC5" + b"x" * 17 + b"\r\n"])
def test_text_that_is_no_message_is_refused(read: object, octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(octets)  # type: ignore[operator]


def test_fields_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LocalProtocolError):
        Request("a" * 33).encode()
    with pytest.raises(LocalProtocolError):
        Identification("SMIP", "5").encode()


def test_rates_fall_with_their_characters() -> None:
    from bench.protocols.iec62056_21.messages import BAUD
    assert all(one < other for one, other in pairwise(BAUD.values()))
