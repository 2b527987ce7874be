"""Protection against figures that were published, and against ``cryptography`` by another way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from dlms_parties import CLIENT_TITLE, GET_CLOCK, SERVER_TITLE, made_up, sides
from hypothesis import given
from hypothesis import strategies as st

from bench.protocols.dlms.security import agreement, hls, transfer
from bench.protocols.dlms.security.counters import Counters, Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    ENCRYPTED,
    Protection,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.suites import SUITES
from bench.protocols.gbcs.protection import derive_key
from bench.protocols.short_tag import encryption, open_sealed, seal

# The example keys of the Green Book, as stacks in the field carry them in their tests.
GREEN_BOOK = Keys(
    0, SERVER_TITLE, CLIENT_TITLE,
    global_unicast=bytes(range(16)), authentication=bytes(range(0xD0, 0xE0)))


@pytest.mark.parametrize(("protection", "octets"), [
    (AUTHENTICATED, "C81E1001234567C0010000080000010000FF020006725D910F9221D263877516"),
    (ENCRYPTED, "C8122001234567411312FF935A47566827C467BC"),
    (BOTH, "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"),
])
def test_a_get_request_is_protected_as_the_green_book_shows(
    protection: Protection, octets: str
) -> None:
    protected = Security(GREEN_BOOK).protect(GET_CLOCK, protection, counter=0x01234567)
    assert protected.hex().upper() == octets
    peer = replace(GREEN_BOOK, own_title=CLIENT_TITLE, peer_title=SERVER_TITLE)
    opened = Security(peer).unprotect(protected)
    assert (opened.apdu, opened.counter) == (GET_CLOCK, 0x01234567)


def test_an_initiate_request_is_protected_as_the_green_book_shows() -> None:
    request = bytes.fromhex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0")
    protected = Security(GREEN_BOOK).protect(request, BOTH, counter=0x01234567)
    assert protected == bytes.fromhex(
        "21303001234567801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE6841DB204D39EE"
        "6FDB8E356855")


def test_hls_by_gmac_answers_as_the_green_book_shows() -> None:
    to_server, to_client = b"K56iVagY", b"P6wRJ21F"
    server = GREEN_BOOK
    client = replace(GREEN_BOOK, own_title=CLIENT_TITLE, peer_title=SERVER_TITLE)
    third = hls.answer(Mechanism.GMAC, client, theirs=to_client, ours=to_server, counter=1)
    assert third.hex().upper() == "10000000011A52FE7DD3E72748973C1E28"
    fourth = hls.answer(Mechanism.GMAC, server, theirs=to_server, ours=to_client,
                        counters=Counters({Key.UNICAST: 0x01234567}))
    assert fourth.hex().upper() == "1001234567FE1466AFB3DBCD4F9389E2B7"
    hls.check_answer(Mechanism.GMAC, server, third, theirs=to_server, ours=to_client)
    hls.check_answer(Mechanism.GMAC, client, fourth, theirs=to_client, ours=to_server)


@pytest.mark.parametrize(("master", "key", "wrapped"), [  # RFC 3394, 4.1, 4.3 and 4.6
    ("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF",
     "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
    ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
     "00112233445566778899AABBCCDDEEFF",
     "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
    ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
     "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
     "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"),
])
def test_keys_are_wrapped_as_the_rfc_shows(master: str, key: str, wrapped: str) -> None:
    assert transfer.wrap(bytes.fromhex(master), bytes.fromhex(key)).hex().upper() == wrapped
    for unwrap in (transfer.unwrap, transfer.unwrap_unchecked):
        assert unwrap(bytes.fromhex(master), bytes.fromhex(wrapped)) == bytes.fromhex(key)


@pytest.mark.parametrize(("number", "algorithm", "length"), [
    (1, hashes.SHA256(), 16), (2, hashes.SHA384(), 32)])
def test_keys_are_derived_by_the_concatenation_of_the_nist(
    number: int, algorithm: hashes.HashAlgorithm, length: int
) -> None:
    secret, transaction = made_up("secret", 48), b"\x01\x02\x03"
    other = bytes((0x60, 0x85, 0x74, 0x05, 0x08, 0x03, number - 1))
    static = ConcatKDFHash(algorithm, length, other + CLIENT_TITLE + b"\x03" + transaction
                           + SERVER_TITLE).derive(secret)
    assert agreement.static_key(
        SUITES[number], secret, CLIENT_TITLE, transaction, SERVER_TITLE) == static
    one_pass = ConcatKDFHash(algorithm, length, other + CLIENT_TITLE + SERVER_TITLE).derive(secret)
    assert agreement.one_pass_key(SUITES[number], secret, CLIENT_TITLE, SERVER_TITLE) == one_pass


def test_gbcs_derives_its_keys_by_the_same_scheme() -> None:
    secret, mode, counter = made_up("secret", 32), 1, 7
    named_by_gbcs = replace(SUITES[1], gcm_id=bytes.fromhex("60857406080300"))
    transaction = bytes((mode,)) + counter.to_bytes(8, "big")
    assert agreement.static_key(named_by_gbcs, secret, CLIENT_TITLE, transaction, SERVER_TITLE) \
        == derive_key(secret, CLIENT_TITLE, mode, counter, SERVER_TITLE)


def test_a_public_key_goes_as_x_and_y() -> None:  # NIST ECDH, P-256, count 0 (CAVS 14.1)
    private = ec.derive_private_key(
        0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534, ec.SECP256R1())
    own = bytes.fromhex("EAD218590119E8876B29146FF89CA61770C4EDBBF97D38CE385ED281D8A6B230"
                        "28AF61281FD35E2FA7002523ACC85A429CB06EE6648325389F59EDFCE1405141")
    peer = bytes.fromhex("700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287"
                         "DB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC")
    assert agreement.public_octets(private.public_key()) == own
    assert agreement.shared_secret(
        private, agreement.public_key(ec.SECP256R1(), peer)) == bytes.fromhex(
            "46FC62106420FF012E54A434FBDD2D25CCC5852060561E68040DD7778997BD7B")


@given(st.binary(max_size=300), st.binary(max_size=40), st.integers(0, 1))
def test_a_short_tag_is_that_of_the_other_interface(
    text: bytes, additional: bytes, number: int
) -> None:
    key, nonce = made_up("key", 16 + 16 * number), made_up("nonce", 12)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(additional)
    expected = encryptor.update(text) + encryptor.finalize() + encryptor.tag[:12]
    sealed = seal(encryption(key), nonce, text, additional)
    assert sealed == expected
    assert open_sealed(encryption(key), nonce, sealed, additional) == text


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(("mechanism", "name"), [
    (Mechanism.MD5, "MD5"), (Mechanism.SHA1, "SHA1"), (Mechanism.SHA256, "SHA256")])
def test_hashes_of_challenges_are_made_as_the_standard_orders_their_parts(
    number: int, mechanism: Mechanism, name: str
) -> None:
    client, _ = sides(number)
    digest = hashes.Hash(getattr(hashes, name)())
    digest.update(
        client.secret + CLIENT_TITLE + SERVER_TITLE + b"from the server" + b"from the client"
        if mechanism is Mechanism.SHA256 else b"from the server" + client.secret)
    assert hls.answer(mechanism, client, theirs=b"from the server", ours=b"from the client"
                      ) == digest.finalize()
