"""How an emulated DLMS meter opens, guards and ends associations (IEC 62056-5-3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from dlms_conversation import CONTEXT, MANAGER, PUBLIC, READER, Client, attribute, fresh, method

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.apdu import (
    ActionRequestNormal,
    ConfirmedServiceError,
    Conformance,
    ExceptionResponse,
    GetRequestNormal,
    GetResponseNormal,
    Refused,
    Rlrq,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    ENCRYPTED,
    NONE,
    Envelope,
    Protection,
)
from devices.emulators.dlms.interface import parse
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.profile import MANAGEMENT, Association, Rights
from devices.emulators.dlms.profile import READER as LOW

CLOCK, OBJECTS = "8/0-0:1.0.0.255/a2", "15/0-0:40.0.0.255/a2"
SETUP = "64/0-0:43.0.0.255"
REJECTED = 1
NOT_ALLOWED = ExceptionResponse(1, 1)


def _managed(policy: int = 3, **changes: Any) -> Client:
    settings = changes.pop("settings", {})
    offer = MANAGEMENT.model_copy(update={"policy": policy, **changes})
    return Client(fresh(associations=(offer, LOW), **settings), MANAGER)


# -- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", [PUBLIC, READER, MANAGER])
def test_the_declared_parameters_open(client: int) -> None:
    talking = Client(fresh(), client).open()
    assert talking.initiate is not None
    assert (talking.initiate.dlms_version, talking.initiate.max_pdu) == (6, 1024)
    assert talking.initiate.vaa_name == 7
    assert talking.value("15/0-0:40.0.0.255/a8") == 2


@pytest.mark.parametrize(("client", "changes", "diagnostic"), [
    (PUBLIC, {"protocol_version": "01"}, (2, 2)),
    (PUBLIC, {"context": f"{CONTEXT}2"}, (1, 2)),
    (PUBLIC, {"context": f"{CONTEXT}3"}, (1, 2)),
    (PUBLIC, {"acse_requirements": "1", "mechanism": mechanism_name(1),
              "authentication_value": b"x"}, (1, 11)),
    (READER, {"mechanism": None}, (1, 12)),
    (READER, {"mechanism": mechanism_name(0)}, (1, 11)),
    (READER, {"mechanism": mechanism_name(5)}, (1, 11)),
    (READER, {"acse_requirements": None}, (1, 14)),
    (READER, {"acse_requirements": "0"}, (1, 14)),
    (READER, {"acse_requirements": None, "mechanism": None, "authentication_value": None},
     (1, 14)),
    (READER, {"authentication_value": None}, (1, 13)),
    (READER, {"authentication_value": b"wrong"}, (1, 13)),
    (MANAGER, {"context": f"{CONTEXT}1"}, (1, 2)),
    (MANAGER, {"calling_ap_title": None}, (1, 3)),
    (MANAGER, {"calling_ap_title": b"short"}, (1, 3)),
    (MANAGER, {"authentication_value": bytes(7)}, (1, 13)),
    (MANAGER, {"authentication_value": bytes(65)}, (1, 13)),
])
def test_what_is_not_as_declared_is_rejected_with_its_diagnostic(
    client: int, changes: dict[str, Any], diagnostic: tuple[int, int],
) -> None:
    talking = Client(fresh(), client)
    aare = talking.associate(**changes)
    assert (aare.result, tuple(aare.diagnostic)) == (REJECTED, diagnostic)
    talking.protection = NONE
    assert talking.get(CLOCK) == NOT_ALLOWED
    talking = Client(talking.meter, client)
    talking.security.counters.sending[Key.UNICAST] = 99
    talking.open()


@pytest.mark.parametrize("changes", [
    {"protocol_version": "1"}, {"protocol_version": "11"}, {"called_ap_title": b"anything"},
    {"called_ae_qualifier": b"x", "called_ap_invocation_id": 1, "called_ae_invocation_id": 2},
    {"calling_ap_title": b"anything", "calling_ap_invocation_id": 1},
    {"calling_ae_qualifier": b"x", "calling_ae_invocation_id": 7},
    {"implementation_information": b"x"}, {"acse_requirements": "0"},
    {"acse_requirements": "1", "mechanism": mechanism_name(0), "authentication_value": b""},
])
def test_what_the_association_does_not_need_is_tolerated(changes: dict[str, Any]) -> None:
    assert Client(fresh(), PUBLIC).associate(**changes).result == 0


@pytest.mark.parametrize(("changes", "error"), [
    ({"dlms_version": 5}, 1), ({"conformance": Conformance(0)}, 2),
    ({"conformance": Conformance.READ | Conformance.WRITE}, 2), ({"max_pdu": 11}, 3),
])
def test_an_initiate_request_that_cannot_be_met_is_told_why(
    changes: dict[str, Any], error: int,
) -> None:
    talking = Client(fresh(), PUBLIC)
    aare = talking.associate(initiate=talking.request(**changes))
    assert (aare.result, tuple(aare.diagnostic)) == (REJECTED, (1, 1))
    assert decode(aare.user_information) == ConfirmedServiceError(1, 6, error)


@pytest.mark.parametrize(("max_pdu", "result"), [(32, 1), (33, 0)])
def test_protection_adds_to_the_smallest_maximum(max_pdu: int, result: int) -> None:
    talking = _managed()
    aare = talking.associate(initiate=talking.request(max_pdu=max_pdu))
    assert aare.result == result


@pytest.mark.parametrize("changes", [{"dlms_version": 7}, {"quality_of_service": 3},
                                     {"max_pdu": 0}, {"max_pdu": 12},
                                     {"dedicated_key": bytes(16)}])
def test_an_initiate_request_may_propose_more(changes: dict[str, Any]) -> None:
    talking = Client(fresh(), PUBLIC)
    assert talking.associate(initiate=talking.request(**changes)).result == 0
    assert talking.initiate is not None
    assert talking.initiate.dlms_version == 6


def test_conformance_is_what_both_have() -> None:
    talking = Client(fresh(), READER)
    talking.open(initiate=talking.request(conformance=Conformance.GET | Conformance.ACCESS))
    assert talking.initiate is not None
    assert talking.initiate.conformance == Conformance.GET
    assert talking.act("15/0-0:40.0.0.255/m1") == ExceptionResponse(1, 2)
    assert talking.read("15/0-0:40.0.0.255/a5").value[0].value == f"{Conformance.GET:024b}"


def test_an_association_without_an_answer_is_open_all_the_same() -> None:
    talking = Client(fresh(), PUBLIC)
    assert talking.associate(initiate=talking.request(response_allowed=False)) is None
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


def test_an_aarq_that_cannot_be_read_is_rejected() -> None:
    talking = Client(fresh(), PUBLIC)
    octets = talking.aarq().encode()
    for broken in (octets[:-1], octets + b"\0", b"\x60\x00", b"\x60"):
        answer = talking.raw(broken)
        assert answer is not None
        assert decode(answer).result == REJECTED  # type: ignore[attr-defined]
    talking.open()


@pytest.mark.parametrize(("user", "result"), [(5, 0), (6, 1), (None, 1)])
def test_users_that_are_listed_are_asked_for(user: int | None, result: int) -> None:
    offer = LOW.model_copy(update={"users": {5: "field force"}})
    talking = Client(fresh(associations=(offer,)), READER)
    assert talking.associate(calling_ae_invocation_id=user).result == result
    if not result:
        assert talking.read("15/0-0:40.0.0.255/a11") == parse("{u8,vs(0..20)}").build(
            (5, "field force"))


# -- what goes with a connection -------------------------------------------------------------------


def test_nothing_is_served_without_an_association() -> None:
    talking = Client(fresh(), PUBLIC)
    assert talking.get(CLOCK) == NOT_ALLOWED
    assert talking.release() is None


def test_a_release_ends_the_association_and_another_may_follow() -> None:
    talking = Client(fresh(), READER).open()
    assert talking.release().reason == 0
    assert talking.get(CLOCK) == NOT_ALLOWED
    assert isinstance(talking.open().get(CLOCK), GetResponseNormal)


def test_an_association_ends_with_its_connection() -> None:
    talking = Client(fresh(), PUBLIC).open()
    assert talking.reconnect().get(CLOCK) == NOT_ALLOWED


def test_a_new_request_takes_the_place_of_an_open_association() -> None:
    talking = Client(fresh(), READER).open()
    talking.associate(authentication_value=b"wrong")
    assert talking.get(CLOCK) == NOT_ALLOWED


def test_clients_do_not_disturb_each_other() -> None:
    meter = fresh()
    public, reader = Client(meter, PUBLIC).open(), Client(meter, READER).open()
    public.release()
    assert isinstance(reader.get(CLOCK), GetResponseNormal)


def test_each_logical_device_has_its_own_name_and_objects() -> None:
    meter = fresh()
    first, second = (Client(meter, PUBLIC, server=server).open() for server in meter.servers)
    names = [talking.value("1/0-0:42.0.0.255/a2") for talking in (first, second)]
    assert names == [b"SMB0000000000001", b"SMB0000000000-02"]
    assert [tuple(part.value for part in one.value)
            for one in first.value("17/0-0:41.0.0.255/a2")] == list(enumerate(names, 1))
    assert second.read("3/1-1:1.8.0.255/a2") == Data(Tag.DOUBLE_LONG_UNSIGNED, 0)
    assert [talking.read(place) for talking, place in (
        (first, "3/1-1:1.8.0.255/a2"), (second, "3/1-0:1.8.0.255/a2"),
        (second, "17/0-0:41.0.0.255/a2"))] == [Refused(4)] * 3


@pytest.mark.parametrize(("client", "server"), [(99, 1), (16, 3), (48, 2), (0, 0)])
def test_unknown_saps_are_ignored(client: int, server: int) -> None:
    meter = fresh()
    aarq = Client(meter, PUBLIC).aarq().encode()
    meter.connect(client, server)
    assert meter.take(client, server, aarq) == ()
    meter.disconnect(client, server)


def test_without_mains_it_is_silent_and_forgets_associations() -> None:
    talking = Client(fresh(), PUBLIC).open()
    talking.meter.calls()["mains", "off"]()
    assert talking.get(CLOCK) is None
    talking.meter.calls()["mains", "on"]()
    assert talking.get(CLOCK) == NOT_ALLOWED


# -- passes 3 and 4 --------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(8, 65))
def test_challenges_of_8_to_64_octets_are_answered(length: int) -> None:
    talking = _managed(settings={"challenge_octets": 72 - length})
    talking.open(authentication_value=bytes(range(length)))


def test_before_pass_3_nothing_else_is_served() -> None:
    talking = _managed()
    talking.associate()
    assert talking.get(CLOCK) == NOT_ALLOWED
    assert talking.act("70/0-0:96.3.10.255/m1") == NOT_ALLOWED
    assert talking.answer().code == 0


def test_a_wrong_answer_is_refused_and_ends_the_association() -> None:
    talking = _managed()
    talking.associate()
    right = talking.right_answer()
    outcome = talking.answer(right[:-1] + bytes((right[-1] ^ 1,)))
    assert (outcome.code, outcome.returned) == (250, None)
    assert talking.get(CLOCK) == NOT_ALLOWED
    assert talking.answer(right) == NOT_ALLOWED


def test_an_answer_is_taken_once() -> None:
    talking = _managed().open()
    assert talking.answer().code == 250


def test_each_association_has_a_challenge_of_its_own() -> None:
    talking = _managed()
    assert len({talking.associate().authentication_value for _ in range(5)}) == 5


@pytest.mark.parametrize("mechanism", ["md5", "sha1", "sha256"])
def test_other_mechanisms_work_in_a_plain_context(mechanism: str) -> None:
    offer = Association(name="other", client=3, mechanism=mechanism, rights=Rights.READER,
                        conformance=LOW.conformance)
    talking = Client(fresh(associations=(offer,)), 3).open()
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


@pytest.mark.parametrize("suite", [1, 2])
def test_ecdsa_authenticates_in_suites_1_and_2(suite: int) -> None:
    offer = MANAGEMENT.model_copy(update={"mechanism": "ecdsa"})
    talking = Client(fresh(suite=suite, associations=(offer,)), MANAGER).open()
    assert len(talking.theirs) == 32
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


# -- protection ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [0, 1, 2, 3])
@pytest.mark.parametrize("protection", [NONE, AUTHENTICATED, ENCRYPTED, BOTH])
def test_the_policy_decides_what_is_served_and_how(policy: int, protection: Protection) -> None:
    talking = _managed(policy).open()
    talking.protection = protection
    response = talking.get(CLOCK)
    asked = (bool(policy & 1), bool(policy & 2))
    given = (protection.authenticated, protection.encrypted)
    if any(want and not have for want, have in zip(asked, given, strict=True)):
        assert response == NOT_ALLOWED
    else:
        assert isinstance(response, GetResponseNormal)
        assert talking.opened.protection[:2] == given


@pytest.mark.parametrize("suite", [1, 2])
def test_the_policy_of_version_1_binds_both_ways(suite: int) -> None:
    talking = _managed(settings={"suite": suite}).open()
    assert talking.value(f"{SETUP}/a2") == 0x6C
    talking.protection = AUTHENTICATED
    assert talking.get(CLOCK) == NOT_ALLOWED


def test_an_initiate_request_is_protected_as_the_policy_asks() -> None:
    talking = _managed()
    aare = talking.associate(protection=AUTHENTICATED)
    assert aare.result == REJECTED
    assert decode(aare.user_information) == ConfirmedServiceError(1, 6, 4)


def test_an_initiate_request_under_another_key_is_not_deciphered() -> None:
    talking = _managed()
    talking.security.keys = Keys(own_title=talking.security.keys.own_title,
                                 global_unicast=bytes(16), authentication=bytes(16))
    aare = talking.associate()
    assert (aare.result, decode(aare.user_information)) == (
        REJECTED, ConfirmedServiceError(1, 0, 6))


def test_a_counter_that_was_used_is_refused_with_the_one_expected() -> None:
    talking = _managed().open()
    talking.get(CLOCK)
    last = talking.security.counters.sending[Key.UNICAST] - 1
    request = GetRequestNormal(0xC1, attribute(CLOCK))
    for counter in (last, last - 3):
        assert talking.ask(request, counter=counter) == ExceptionResponse(1, 6, last + 1)
    assert isinstance(talking.ask(request, counter=last + 1_000), GetResponseNormal)


def test_counters_outlive_the_association() -> None:
    talking = _managed().open()
    again = Client(talking.meter, MANAGER)
    aare = again.associate()
    assert decode(aare.user_information) == ConfirmedServiceError(1, 0, 6)


def test_own_counters_rise() -> None:
    talking, seen = _managed().open(), []
    for _ in range(3):
        talking.get(CLOCK)
        seen.append(talking.opened.counter)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("place", [0, 1, 2, 3, 7, 8, -13, -1])
def test_an_apdu_that_does_not_verify_is_not_served(place: int) -> None:
    talking = _managed().open()
    octets = bytearray(talking.security.protect(bytes.fromhex("C001C100080000010000FF0200"), BOTH))
    octets[place] ^= 1
    answer = talking.raw(bytes(octets))
    assert answer is not None
    assert answer[0] == 0xD8
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


def test_a_general_envelope_is_answered_in_kind() -> None:
    talking = _managed().open()
    talking.protection = Protection(True, True, envelope=Envelope.GENERAL)
    assert isinstance(talking.get(CLOCK), GetResponseNormal)
    assert talking.opened.protection.envelope is Envelope.GENERAL


def test_a_general_envelope_has_to_be_negotiated() -> None:
    talking = _managed()
    talking.open(initiate=talking.request(conformance=Conformance.GET | Conformance.ACTION))
    talking.protection = Protection(True, True, envelope=Envelope.GENERAL)
    assert talking.get(CLOCK) == ExceptionResponse(1, 2)


def test_general_ciphering_with_a_wrapped_key_is_answered_in_kind() -> None:
    talking = _managed().open()
    talking.protection = Protection(True, True, Key.WRAPPED, Envelope.CIPHERING)
    assert isinstance(talking.get(CLOCK), GetResponseNormal)
    assert talking.opened.protection[:4] == talking.protection


@pytest.mark.parametrize("key", [Key.ONE_PASS, Key.STATIC])
@pytest.mark.parametrize("whole", [True, False])
def test_general_ciphering_with_an_agreed_key_is_answered(key: Key, whole: bool) -> None:
    ours, theirs, signing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    keys = replace(derived(0, suite_number=1), agreement=theirs, signing=signing,
                   client_signing=signing.public_key(),
                   client_agreement=ours.public_key() if whole else None)
    offer = MANAGEMENT.model_copy(update={"policy": 0})
    talking = Client(fresh(keys=keys, suite=1, associations=(offer,)), MANAGER)
    talking.security.keys = replace(
        talking.keys(), agreement=ours, signing=signing, peer_signing=signing.public_key(),
        peer_agreement=theirs.public_key())
    talking.open()
    talking.protection = Protection(True, True, key, Envelope.CIPHERING)
    answer = talking.get(CLOCK)
    if whole:
        assert isinstance(answer, GetResponseNormal)
        assert talking.opened.protection.envelope is Envelope.CIPHERING
    else:  # the meter cannot agree on a key for its answer, or not open the request at all
        assert isinstance(answer, GetResponseNormal | ExceptionResponse)


def test_a_dedicated_key_is_used_beside_the_global_one() -> None:
    talking = _managed()
    talking.open(initiate=talking.request(dedicated_key=bytes(range(16))))
    talking.security.learn(dedicated=bytes(range(16)))
    dedicated = Protection(True, True, Key.DEDICATED)
    for protection in (dedicated, BOTH, dedicated):
        talking.protection = protection
        assert isinstance(talking.get(CLOCK), GetResponseNormal)
        assert talking.opened.protection.key is protection.key


def test_a_dedicated_key_does_not_outlive_its_association() -> None:
    talking = _managed()
    talking.open(initiate=talking.request(dedicated_key=bytes(range(16))))
    talking.release()
    talking.open()
    talking.security.learn(dedicated=bytes(range(16)))
    talking.protection = Protection(True, True, Key.DEDICATED)
    assert talking.get(CLOCK) == ExceptionResponse(1, 5)


def test_a_dedicated_key_is_not_taken_from_a_plain_request() -> None:
    talking = _managed(policy=0)
    aare = talking.associate(initiate=talking.request(dedicated_key=bytes(16)), protection=NONE)
    assert aare.result == REJECTED


def test_a_release_with_too_little_protection_ends_nothing() -> None:
    talking = _managed().open()
    assert talking.release(protection=AUTHENTICATED) == NOT_ALLOWED
    answer = talking.raw(Rlrq().encode())
    assert answer is not None
    assert decode(answer) == NOT_ALLOWED
    assert isinstance(talking.get(CLOCK), GetResponseNormal)
    assert talking.release().reason == 0


def test_a_password_that_is_changed_counts_from_the_next_association_on() -> None:
    meter = fresh()
    manager = Client(meter, MANAGER).open()
    assert manager.set("15/0-0:40.0.2.255/a7", Data(Tag.OCTET_STRING, b"new secret")) == 0
    assert manager.read("15/0-0:40.0.2.255/a7") == Refused(3)
    reader = Client(meter, READER)
    assert reader.associate().result == REJECTED
    assert reader.associate(authentication_value=b"new secret").result == 0


# -- keys ----------------------------------------------------------------------------------------


def _transfer(talking: Client, **keys: bytes) -> int:
    numbers = {"global_unicast": 0, "global_broadcast": 1, "authentication": 2, "master": 3}
    wrapped = [(numbers[name], keywrap.aes_key_wrap(talking.meter_keys.master, key))
               for name, key in keys.items()]
    return int(talking.code(f"{SETUP}/m2", parse("[1..4]{enum,os(0..64)}").build(wrapped)))


@pytest.mark.parametrize("names", [("global_unicast",), ("authentication",),
                                   ("global_unicast", "authentication"), ("master",)])
def test_keys_are_transferred_and_count_from_the_next_request_on(names: tuple[str, ...]) -> None:
    talking = _managed().open()
    new = {name: bytes((place + 1,)) * 16 for place, name in enumerate(names)}
    assert _transfer(talking, **new) == 0
    for name, key in new.items():
        talking.meter_keys = talking.meter_keys.with_key(name, key)
    talking.security.keys = talking.keys()
    assert isinstance(talking.get(CLOCK), GetResponseNormal)
    again = Client(talking.meter, MANAGER, keys=talking.meter_keys,
                   counters=talking.security.counters)
    again.open()
    assert talking.meter.calls()["identity", "read"]()["defects"] == []


@pytest.mark.parametrize(("number", "wrapped"), [
    (9, None), (0, b""), (0, bytes(24)), (0, bytes(7)), (2, bytes(40))])
def test_a_key_that_cannot_be_taken_leaves_the_former(number: int, wrapped: bytes | None) -> None:
    talking = _managed().open()
    octets = keywrap.aes_key_wrap(talking.meter_keys.master, bytes(16)) \
        if wrapped is None else wrapped
    parameter = parse("[1..4]{enum,os(0..64)}").build([(number, octets)])
    assert talking.code(f"{SETUP}/m2", parameter) == 250
    assert isinstance(talking.get(CLOCK), GetResponseNormal)


def test_a_policy_is_only_made_stricter() -> None:
    talking = _managed(policy=1).open()
    assert talking.code(f"{SETUP}/m1", Data(Tag.ENUM, 0)) == 250
    assert talking.code(f"{SETUP}/m1", Data(Tag.ENUM, 4)) == 250
    assert talking.code(f"{SETUP}/m1", Data(Tag.ENUM, 3)) == 0
    talking.protection = AUTHENTICATED
    assert talking.get(CLOCK) == NOT_ALLOWED


def test_the_security_setup_tells_what_is_used() -> None:
    talking = _managed().open()
    titles = [talking.value(f"{SETUP}/a{index}") for index in (4, 5)]
    assert titles == [talking.security.keys.own_title, talking.meter_keys.title]
    assert [talking.value(f"{SETUP}/a{index}") for index in (2, 3)] == [3, 0]


def test_unconfirmed_actions_are_carried_out_and_not_answered() -> None:
    talking = Client(fresh(), MANAGER).open()
    request = ActionRequestNormal(0x01, method("70/0-0:96.3.10.255/m1"), Data(Tag.INTEGER, 0))
    assert talking.ask(request) is None
    assert talking.value("70/0-0:96.3.10.255/a2") is False
