"""What one side protects the other opens, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dlms_parties import CLIENT_TITLE, GET_CLOCK, SERVER_TITLE, made_up, random, sides
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.security import hls, transfer
from bench.protocols.dlms.security.counters import HIGHEST, Counters, Key, ReplayPolicy
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    NONE,
    SIGNED,
    Envelope,
    Flaw,
    Header,
    Opened,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.tags import DEDICATED, FORMS, GLOBAL
from bench.protocols.dlms.security.transfer import KeyId

SYMMETRIC = (Key.UNICAST, Key.BROADCAST, Key.DEDICATED)
WAYS = [(True, True), (True, False), (False, True)]


def every_protection(number: int) -> list[Protection]:
    """Return all that suite ``number`` allows."""
    forms = [(key, envelope) for key in SYMMETRIC
             for envelope in (Envelope.SERVICE, Envelope.GENERAL)]
    general = [Key.UNICAST, Key.BROADCAST, Key.WRAPPED]
    agreed = [Key.ONE_PASS, Key.STATIC] if number else []
    forms += [(key, Envelope.CIPHERING) for key in general + agreed]
    return [Protection(*way, *form) for way, form in itertools.product(WAYS, forms)] + (
        [SIGNED] if number else [])


def pair(number: int = 0, **options: object) -> tuple[Security, Security]:
    client, server = sides(number)
    return (Security(client, random=random("client")),
            Security(server, random=random("server"), **options))  # type: ignore[arg-type]


CASES = [pytest.param(number, protection, id=f"suite {number}, {protection.text}")
         for number in (0, 1, 2) for protection in every_protection(number)]


@pytest.mark.parametrize(("number", "protection"), CASES)
def test_what_one_side_protects_the_other_opens(number: int, protection: Protection) -> None:
    client, server = pair(number)
    for apdu in (GET_CLOCK, GET_CLOCK + bytes(200)):
        there = server.unprotect(client.protect(apdu, protection))
        assert (there.apdu, there.protection) == (apdu, protection)
        back = client.unprotect(server.protect(apdu, protection))
        assert (back.apdu, back.protection, back.title) == (apdu, protection, SERVER_TITLE)


@pytest.mark.parametrize(("number", "protection"), CASES)
def test_the_text_of_an_apdu_shows_only_where_it_is_not_encrypted(
    number: int, protection: Protection
) -> None:
    octets = pair(number)[0].protect(GET_CLOCK, protection)
    assert (GET_CLOCK in octets) is not protection.encrypted


@pytest.mark.parametrize("plain", sorted(GLOBAL))
def test_each_service_has_its_own_tag_under_each_kind_of_key(plain: int) -> None:
    client, server = pair()
    apdu = bytes((plain,)) + b"rest"
    for key, tags in ((Key.UNICAST, GLOBAL), (Key.DEDICATED, DEDICATED)):
        octets = client.protect(apdu, BOTH._replace(key=key))
        assert octets[:1] == tags[plain]
        assert server.unprotect(octets).apdu == apdu


def test_tags_are_those_of_the_standard() -> None:
    assert [GLOBAL[tag].hex() for tag in (0x01, 0x08, 0xC0, 0xC4, 0xC7)] == [
        "21", "28", "c8", "cc", "cf"]
    assert [DEDICATED[tag].hex() for tag in (0x01, 0x08, 0xC0, 0xC4, 0xC7)] == [
        "41", "48", "d0", "d4", "d7"]
    assert len(FORMS) == 2 * len(GLOBAL) + 4


def test_a_service_without_a_ciphered_form_goes_in_a_general_one() -> None:
    client, server = pair()
    notification = bytes.fromhex("0F00000001000A00")
    with pytest.raises(LocalProtocolError, match="tag 0F has no global unicast form"):
        client.protect(notification, BOTH)
    octets = client.protect(notification, BOTH._replace(envelope=Envelope.GENERAL))
    assert octets[0] == 0xDB
    assert server.unprotect(octets).apdu == notification


def test_what_is_not_protected_goes_and_comes_as_it_is() -> None:
    client, server = pair()
    assert client.protect(GET_CLOCK, NONE) == GET_CLOCK
    assert server.unprotect(GET_CLOCK) == Opened(GET_CLOCK)
    assert server.unprotect(b"") == Opened(b"")


def test_a_signed_apdu_may_be_ciphered_inside() -> None:
    client, server = pair(1)
    octets = client.protect(client.protect(GET_CLOCK, BOTH), SIGNED)
    outer = server.unprotect(octets)
    assert outer.protection == SIGNED
    assert server.unprotect(outer.apdu).apdu == GET_CLOCK


def test_an_answer_carries_the_header_it_is_given() -> None:
    client, server = pair(1)
    request = server.unprotect(client.protect(
        GET_CLOCK, BOTH._replace(envelope=Envelope.CIPHERING)))
    assert request.header is not None
    assert request.header[1:3] == (CLIENT_TITLE, SERVER_TITLE)
    header = Header(request.header.transaction_id, SERVER_TITLE, CLIENT_TITLE, bytes(12), b"more")
    answer = server.protect(GET_CLOCK, BOTH._replace(envelope=Envelope.CIPHERING), header=header)
    assert client.unprotect(answer).header == header


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_message_with_a_wrapped_key_brings_another_key_each_time(number: int) -> None:
    client, _ = pair(number)
    protection = BOTH._replace(envelope=Envelope.CIPHERING, key=Key.WRAPPED)
    header = Header(b"1", CLIENT_TITLE, SERVER_TITLE)
    first, second = (client.protect(GET_CLOCK, protection, counter=1, header=header)
                     for _ in range(2))
    assert first[:25] == second[:25]
    assert first[25:] != second[25:]


def test_a_signature_over_octets_without_the_length_of_the_content_is_taken_as_well() -> None:
    from bench.protocols import plain_ecdsa
    from bench.protocols.dlms.security.general import header_octets, octet_string

    client, server = sides(1)
    header = Header(b"1", CLIENT_TITLE, SERVER_TITLE)
    assert client.signing is not None
    signature = plain_ecdsa.sign(header_octets(header) + GET_CLOCK, client.signing)
    octets = b"\xdf" + header_octets(header) + octet_string(GET_CLOCK) + octet_string(signature)
    assert Security(server).unprotect(octets).apdu == GET_CLOCK


def test_general_glo_without_a_title_is_opened_where_the_title_is_known() -> None:
    client, server = pair()
    octets = client.protect(GET_CLOCK, BOTH._replace(envelope=Envelope.GENERAL))
    short = octets[:1] + b"\0" + octets[10:]
    assert server.unprotect(short).title == CLIENT_TITLE
    server.keys = replace(server.keys, peer_title=b"")
    with pytest.raises(SecurityError, match="a system title of 8 octets, found none"):
        server.unprotect(short)


def test_an_unknown_sender_of_a_general_form_is_named_by_its_title() -> None:
    client, server = pair()
    server.keys = replace(server.keys, peer_title=b"")
    octets = client.protect(GET_CLOCK, BOTH._replace(envelope=Envelope.GENERAL))
    assert server.unprotect(octets).title == CLIENT_TITLE
    with pytest.raises(SecurityError) as refused:
        server.unprotect(client.protect(GET_CLOCK, BOTH))
    assert refused.value.flaw is Flaw.TITLE
    server.learn(peer_title=CLIENT_TITLE)
    assert server.unprotect(client.protect(GET_CLOCK, BOTH)).apdu == GET_CLOCK


def test_a_new_dedicated_key_starts_with_counter_0() -> None:
    client, server = pair()
    dedicated = BOTH._replace(key=Key.DEDICATED)
    for _ in range(3):
        last = server.unprotect(client.protect(GET_CLOCK, dedicated))
    assert last.counter == 2
    for side in (client, server):
        side.learn(dedicated=bytes(range(16)))
    assert server.unprotect(client.protect(GET_CLOCK, dedicated)).counter == 0


def test_each_key_has_a_counter_of_its_own() -> None:
    client, server = pair()
    for key in SYMMETRIC:
        for expected in range(3):
            octets = client.protect(GET_CLOCK, BOTH._replace(key=key))
            assert server.unprotect(octets).counter == expected
    assert server.counters.seen == dict.fromkeys(SYMMETRIC, 2)


def test_a_counter_outlives_the_association() -> None:
    counters = Counters({Key.UNICAST: 41})
    client, _ = sides(0)
    assert Security(client, counters).protect(GET_CLOCK, BOTH)[3:7] == bytes((0, 0, 0, 41))
    assert Security(client, counters).protect(GET_CLOCK, BOTH)[3:7] == bytes((0, 0, 0, 42))


@pytest.mark.parametrize("protection", [BOTH, AUTHENTICATED])
def test_a_counter_is_used_up_rather_than_used_again(protection: Protection) -> None:
    client, _ = sides(0)
    security = Security(client, Counters({Key.UNICAST: HIGHEST}))
    security.protect(GET_CLOCK, protection)
    with pytest.raises(LocalProtocolError, match="does not fit 4 octets"):
        security.protect(GET_CLOCK, protection)


@pytest.mark.parametrize(("policy", "taken"), [
    (ReplayPolicy(), {6, 1_000_000}),
    (ReplayPolicy(repeated=True), {5, 6, 1_000_000}),
    (ReplayPolicy(lower=True), {4, 6, 1_000_000}),
    (ReplayPolicy(furthest=10), {6}),
])
def test_counters_are_taken_as_the_policy_says(policy: ReplayPolicy, taken: set[int]) -> None:
    for counter in (4, 5, 6, 1_000_000):
        client, server = pair(0, replay=policy)
        server.unprotect(client.protect(GET_CLOCK, BOTH, counter=5))
        octets = client.protect(GET_CLOCK, BOTH, counter=counter)
        if counter in taken:
            assert server.unprotect(octets).counter == counter
            assert server.counters.seen[Key.UNICAST] == max(5, counter)
            continue
        with pytest.raises(SecurityError, match=r"octet 3: expected a counter .*, found \d+"):
            server.unprotect(octets)
        assert server.counters.seen[Key.UNICAST] == 5


def test_a_refused_message_does_not_move_the_counter() -> None:
    client, server = pair()
    octets = client.protect(GET_CLOCK, BOTH, counter=99)
    with pytest.raises(SecurityError):
        server.unprotect(octets[:-1] + bytes((octets[-1] ^ 1,)))
    assert not server.counters.seen


def test_no_key_shows_in_any_text() -> None:
    for number in (0, 1, 2):
        client, _ = sides(number)
        security = Security(client)
        held = [client.global_unicast, client.global_broadcast, client.authentication,
                client.dedicated, client.master, client.secret]
        texts = f"{client!r} {client} {security!r} {vars(security.counters)!r}".lower()
        for key in held:
            assert key is not None
            assert key.hex() not in texts
            assert repr(key).lower() not in texts
        assert "global_unicast" in repr(client)


@pytest.mark.parametrize(("fields", "message"), [
    ({"suite": 3}, "security suite 3 is none of 0, 1, 2"),
    ({"own_title": b"short"}, "own_title: a system title has 8 octets"),
    ({"global_unicast": bytes(15)}, "a key of suite 0 has 16 octets, this has 15"),
    ({"suite": 2, "master": bytes(16)}, "a key of suite 2 has 32 octets, this has 16"),
    ({"signing": ec.derive_private_key(5, ec.SECP256R1())}, "suite 0 has no key on secp256r1"),
    ({"suite": 1, "signing": ec.derive_private_key(5, ec.SECP384R1())},
     "suite 1 has no key on secp384r1"),
])
def test_keys_that_do_not_go_with_the_suite_are_refused(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        Keys(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("protection", "message"), [
    (BOTH, "no global unicast key is held"),
    (BOTH._replace(key=Key.DEDICATED, envelope=Envelope.GENERAL), "no dedicated key is held"),
    (BOTH._replace(key=Key.WRAPPED), "has no wrapped key"),
    (BOTH._replace(envelope=Envelope.CIPHERING), "no global unicast key is held"),
    (BOTH._replace(key=Key.WRAPPED, envelope=Envelope.CIPHERING), "no master key is held"),
    (BOTH._replace(key=Key.DEDICATED, envelope=Envelope.CIPHERING), "has no dedicated key"),
    (BOTH._replace(key=Key.STATIC, envelope=Envelope.CIPHERING), "both key agreement keys"),
    (BOTH._replace(key=Key.ONE_PASS, envelope=Envelope.CIPHERING), "no key agreement"),
    (SIGNED, "no private key to sign with"),
])
def test_a_key_that_is_not_held_is_named(protection: Protection, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        Security(Keys(0, CLIENT_TITLE, SERVER_TITLE)).protect(GET_CLOCK, protection)


@pytest.mark.parametrize(("number", "protection"), CASES)
def test_a_receiver_without_keys_refuses_rather_than_fails(
    number: int, protection: Protection
) -> None:
    client, _ = pair(number)
    bare = Security(Keys(number, SERVER_TITLE, CLIENT_TITLE))
    with pytest.raises(SecurityError) as refused:
        bare.unprotect(client.protect(GET_CLOCK, protection))
    assert refused.value.flaw is Flaw.KEY


@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=120))
def test_any_octets_are_opened_or_refused(tag: int, octets: bytes) -> None:
    for number in (0, 1):
        _, server = sides(number)
        with pytest.raises(SecurityError) as refused:
            Security(server).unprotect(bytes((tag,)) + octets)
        assert 0 <= refused.value.offset <= len(octets) + 2


@given(st.data())
def test_any_cut_of_a_protected_apdu_is_refused(data: st.DataObject) -> None:
    number = data.draw(st.sampled_from((0, 1, 2)))
    protection = data.draw(st.sampled_from(every_protection(number)))
    client, server = pair(number)
    octets = client.protect(GET_CLOCK, protection)
    end = data.draw(st.integers(1, len(octets) - 1))
    with pytest.raises(SecurityError) as refused:
        server.unprotect(octets[:end])
    assert refused.value.flaw is Flaw.FORM


# challenges


ALL_ANSWERS = [(number, mechanism) for number in (0, 1, 2) for mechanism in (
    Mechanism.MD5, Mechanism.SHA1, Mechanism.GMAC, Mechanism.SHA256, Mechanism.ECDSA)
    if number or mechanism is not Mechanism.ECDSA]


@pytest.mark.parametrize(("number", "mechanism"), ALL_ANSWERS)
@pytest.mark.parametrize("length", [8, 16, 63, 64])
def test_both_sides_answer_and_check_challenges(
    number: int, mechanism: Mechanism, length: int
) -> None:
    client, server = sides(number)
    to_server, to_client = made_up("to server", length), made_up("to client", length)
    third = hls.answer(mechanism, client, theirs=to_client, ours=to_server, counters=Counters())
    hls.check_answer(mechanism, server, third, theirs=to_server, ours=to_client,
                     counters=Counters())
    fourth = hls.answer(mechanism, server, theirs=to_server, ours=to_client, counters=Counters())
    hls.check_answer(mechanism, client, fourth, theirs=to_client, ours=to_server,
                     counters=Counters())
    for wrong in (fourth, third[:-1] + bytes((third[-1] ^ 1,)), third[:-1], third + b"\0", b""):
        with pytest.raises(SecurityError):
            hls.check_answer(mechanism, server, wrong, theirs=to_server, ours=to_client)


@pytest.mark.parametrize("control", [0x00, 0x30, 0x11, 0x50, 0x90])
def test_an_answer_by_gmac_claims_authentication_and_nothing_else(control: int) -> None:
    client, server = sides(0)
    octets = hls.answer(Mechanism.GMAC, client, theirs=bytes(8), ours=bytes(8), counter=1)
    with pytest.raises(SecurityError) as refused:
        hls.check_answer(Mechanism.GMAC, server, bytes((control,)) + octets[1:],
                         theirs=bytes(8), ours=bytes(8))
    assert refused.value.flaw in (Flaw.CONTROL, Flaw.SUITE, Flaw.KEY_SET, Flaw.COMPRESSION)


def test_an_answer_by_gmac_is_not_taken_twice() -> None:
    client, server = sides(0)
    counters = Counters()
    octets = hls.answer(Mechanism.GMAC, client, theirs=bytes(8), ours=bytes(8), counter=1)
    hls.check_answer(Mechanism.GMAC, server, octets, theirs=bytes(8), ours=bytes(8),
                     counters=counters)
    with pytest.raises(SecurityError) as refused:
        hls.check_answer(Mechanism.GMAC, server, octets, theirs=bytes(8), ours=bytes(8),
                         counters=counters)
    assert refused.value.flaw is Flaw.COUNTER


@pytest.mark.parametrize("length", [0, 7, 65])
def test_a_challenge_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(SecurityError, match=f"8 to 64 octets, found {length} octets"):
        hls.check_challenge(bytes(length))
    with pytest.raises(LocalProtocolError):
        hls.challenge(random(), length)


def test_a_challenge_for_a_signature_is_longer() -> None:
    hls.check_challenge(bytes(8))
    hls.check_challenge(bytes(32), Mechanism.ECDSA)
    with pytest.raises(SecurityError, match="32 to 64"):
        hls.check_challenge(bytes(31), Mechanism.ECDSA)
    assert len({hls.challenge(random(f"{seed}"), 64) for seed in range(9)}) == 9


def test_a_password_is_compared() -> None:
    client, _ = sides(0)
    hls.check_password(client, b"a secret of both")
    with pytest.raises(SecurityError) as refused:
        hls.check_password(client, b"a secret of none")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("mechanism", [Mechanism.NONE, Mechanism.LOW, Mechanism.HIGH])
def test_a_mechanism_without_laid_down_answers_is_refused(mechanism: Mechanism) -> None:
    with pytest.raises(LocalProtocolError, match=mechanism.name):
        hls.answer(mechanism, sides(0)[0], theirs=bytes(8), ours=bytes(8))


# transfer of keys


@pytest.mark.parametrize("octets", [16, 32])
def test_keys_are_transferred_under_the_master_key(octets: int) -> None:
    master = made_up("master", octets)
    keys = {KeyId.GLOBAL_UNICAST: made_up("one", octets), KeyId.MASTER: made_up("two", octets)}
    assert transfer.read_transfer(
        transfer.transfer(master, keys), master, key_octets=octets) == keys


@pytest.mark.parametrize(("data", "flaw"), [
    (transfer.transfer(bytes(16), {7: bytes(16)}), Flaw.KEY),
    (transfer.transfer(bytes(16), {0: bytes(32)}), Flaw.KEY),
    (transfer.transfer(bytes(15) + b"\1", {0: bytes(16)}), Flaw.KEY),
    (transfer.wrapped_transfer({0: bytes(24)}), Flaw.KEY),
    (transfer.wrapped_transfer({0: b""}), Flaw.KEY),
    (Data(Tag.STRUCTURE, ()), Flaw.FORM),
    (Data(Tag.ARRAY, (Data(Tag.ENUM, 0),)), Flaw.FORM),
    (Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (Data(Tag.ENUM, 0),)),)), Flaw.FORM),
])
def test_a_wrong_transfer_is_refused(data: Data, flaw: Flaw) -> None:
    with pytest.raises(SecurityError) as refused:
        transfer.read_transfer(data, bytes(16), key_octets=16)
    assert refused.value.flaw is flaw
