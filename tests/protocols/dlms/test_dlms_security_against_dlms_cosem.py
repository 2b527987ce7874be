"""Protection against ``dlms-cosem`` 21.3.2 (MIT): both kinds together, GMAC, key wrap."""

from __future__ import annotations

import pytest
from dlms_parties import CLIENT_TITLE, SERVER_TITLE, made_up, sides
from hypothesis import given
from hypothesis import strategies as st

from bench.protocols.dlms.security import hls, transfer
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import BOTH, Envelope
from bench.protocols.dlms.security.securing import Security

peer = pytest.importorskip("dlms_cosem.security")


@given(st.integers(0, 2), st.binary(min_size=1, max_size=300), st.integers(0, 0xFFFFFFFF))
def test_general_glo_is_opened_and_made_by_the_peer(
    number: int, rest: bytes, counter: int
) -> None:
    client, server = sides(number)
    apdu = b"\xc0" + rest
    octets = Security(client).protect(
        apdu, BOTH._replace(envelope=Envelope.GENERAL), counter=counter)
    start = 11 if octets[10] < 0x80 else 11 + (octets[10] & 0x7F)
    control = peer.SecurityControlField.from_bytes(octets[start : start + 1])
    assert control == peer.SecurityControlField(number, authenticated=True, encrypted=True)
    assert octets[start + 1 : start + 5] == counter.to_bytes(4, "big")
    assert peer.decrypt(control, CLIENT_TITLE, counter, client.global_unicast,
                        octets[start + 5 :], client.authentication) == apdu
    theirs = peer.encrypt(control, CLIENT_TITLE, counter, client.global_unicast, apdu,
                          client.authentication)
    assert octets[start + 5 :] == theirs
    assert Security(server).unprotect(octets[: start + 5] + theirs).apdu == apdu


@given(st.integers(0, 2), st.binary(min_size=8, max_size=64), st.integers(0, 0xFFFFFFFF))
def test_an_answer_by_gmac_is_the_peers(number: int, challenge: bytes, counter: int) -> None:
    _, server = sides(number)
    control = peer.SecurityControlField(number, authenticated=True)
    theirs = peer.gmac(control, SERVER_TITLE, counter, server.global_unicast,
                       server.authentication, challenge)
    assert hls.answer(Mechanism.GMAC, server, theirs=challenge, ours=b"", counter=counter
                      ) == control.to_bytes() + counter.to_bytes(4, "big") + theirs


@pytest.mark.parametrize("number", [0, 1])
def test_a_wrapped_key_is_the_peers(number: int) -> None:
    control = peer.SecurityControlField(number)
    master, key = made_up("master", 16), made_up("key", 16)
    assert transfer.wrap(master, key) == peer.wrap_key(control, master, key)


