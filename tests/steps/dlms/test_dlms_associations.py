"""Opening, going on with and releasing associations, on a right meter and on wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from served import do, opened, served, served_with_suite

from bench.errors import Inapplicable, LocalProtocolError, PlanError
from bench.steps.dlms.dialogue import dialogue_of

NAME = "1/0-0:42.0.0.255/a2"

FRAMINGS = pytest.mark.parametrize("framing", ["hdlc", "wrapper"])


@FRAMINGS
@pytest.mark.parametrize("association", ["public", "lls", "hls", "encrypted", "second-lls"])
def test_each_association_opens_reads_and_is_released(framing: str, association: str) -> None:
    context = served(framing)
    seen = do(context, "associate", as_=association)
    assert (seen["outcome"], seen["result"], seen["dlms_version"]) == ("accepted", "accepted", 6)
    assert seen["deviations"] == []
    assert seen["deviation"] == ""
    read = do(context, "get", object=NAME)
    assert (read["result"], read["type"], read["misfits"]) == ("success", "octet-string", [])
    assert do(context, "release") == {"outcome": "released", "reason": 0}


@pytest.mark.parametrize(("suite", "association"), [
    (1, "hls"), (1, "ecdsa"), (2, "hls"), (2, "gmac"), (2, "encrypted")])
def test_associations_of_suites_1_and_2_open(suite: int, association: str) -> None:
    context = served_with_suite(suite)
    seen = do(context, "associate", as_=association)
    assert (seen["outcome"], seen["deviation"]) == ("accepted", "")
    signed = association == "ecdsa" or (suite, association) == (2, "hls")
    assert len(seen["server_challenge"]) == len(seen["challenge"]) == (64 if signed else 32)
    assert do(context, "get", object=NAME)["result"] == "success"


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize(("proof", "fault"), [
    ("altered", "signature-not-verified"), ("other-key", "signature-not-verified"),
    ("challenges-swapped", "signature-of-swapped-challenges-accepted"),
    ("titles-absent", "signature-without-titles-accepted"),
    ("zeros", "signature-of-zeros-accepted"), ("cut", "signature-too-short-accepted"),
    ("absent", "signature-too-short-accepted"), ("extended", "signature-too-long-accepted")])
def test_a_signature_with_a_flaw_opens_nothing(suite: int, proof: str, fault: str) -> None:
    for faults, outcome in (((), "authentication-failed"), ((fault,), "accepted")):
        context = served_with_suite(suite, *faults)
        assert do(context, "associate", as_="ecdsa", proof=proof)["outcome"] == outcome
        assert (do(context, "get", object=NAME)["result"] == "success") is bool(faults)


@pytest.mark.parametrize("fault", ["", "signature-of-former-challenge-accepted",
                                   "challenge-repeats"])
def test_a_challenge_of_an_earlier_association_is_answered_in_vain(fault: str) -> None:
    context = served_with_suite(1, *filter(None, [fault]))
    earlier = do(context, "associate", as_="ecdsa")["server_challenge"]
    seen = do(context, "associate", as_="ecdsa", answered=earlier)
    assert seen["outcome"] == ("accepted" if fault else "authentication-failed")


@pytest.mark.parametrize("suite", [1, 2])
def test_a_stranger_with_a_certificate_of_its_own_opens_nothing(suite: int) -> None:
    for faults, outcome in (((), "authentication-failed"),
                            (("certificate-of-client-trusted",), "accepted")):
        context = served_with_suite(suite, *faults)
        assert do(context, "associate", as_="ecdsa", stranger=True)["outcome"] == outcome
        assert do(context, "associate", as_="ecdsa")["outcome"] == "accepted"


@pytest.mark.parametrize("fault", ["own-signature-altered", "own-signature-of-swapped-challenges",
                                   "own-signature-without-titles", "own-signature-in-der",
                                   "own-challenge-too-short"])
def test_a_wrong_signature_of_the_server_is_seen(fault: str) -> None:
    seen = do(served_with_suite(2, fault), "associate", as_="ecdsa")
    assert seen["outcome"] == "deviation"
    assert "challenge" in seen["deviation"]


def test_a_signature_is_no_proof_of_another_mechanism() -> None:
    with pytest.raises(PlanError, match="proof 'zeros' is a signature, the mechanism GMAC"):
        do(served_with_suite(1), "associate", as_="hls", proof="zeros")
    with pytest.raises(ValueError, match="no proof 'zeroes'; did you mean zeros"):
        do(served_with_suite(1), "associate", as_="ecdsa", proof="zeroes")


def test_a_meter_without_signatures_has_no_association_for_their_cases() -> None:
    with pytest.raises(Inapplicable, match="could take for ecdsa: none with hls-ecdsa"):
        do(served(), "demand", as_="ecdsa", mechanism="hls-ecdsa")


@FRAMINGS
def test_an_association_is_opened_beside_one_with_another_logical_device(framing: str) -> None:
    for faults in ((), ("association-ends-others",)):
        context = opened("public", framing, *faults)
        first = do(context, "get", object=NAME)["value"]
        assert do(context, "associate", as_="second-lls", beside=True)["outcome"] == "accepted"
        second = do(context, "get", object=NAME)["value"]
        assert first != second
        do(context, "turn_to", as_="public")
        seen = do(context, "get", object=NAME)
        assert (seen["result"] == "success") is not bool(faults)
        if not faults:
            assert seen["value"] == first
            do(context, "turn_to", as_="second-lls")
            assert do(context, "get", object=NAME)["value"] == second


def test_nothing_is_turned_to_that_was_not_left_open() -> None:
    context = opened("public")
    do(context, "associate", as_="second-public", beside=True)
    do(context, "associate", as_="public")
    with pytest.raises(LocalProtocolError, match="'second-public' was not left open"):
        do(context, "turn_to", as_="second-public")


@pytest.mark.parametrize(("fault", "association", "name", "wrong"), [
    ("dlms-version-wrong", "public", "dlms_version", 5),
    ("context-name-wrong", "public", "context", "sn"),
    ("conformance-not-negotiated", "lls", "conformance", ["get", "set"]),
])
def test_what_the_server_grants_wrongly_is_told(
        fault: str, association: str, name: str, wrong: Any) -> None:
    asked = {"fields": {"conformance": ["get"]}} if name == "conformance" else {}
    right = do(served(), "associate", as_=association, **asked)
    seen = do(served("wrapper", fault), "associate", as_=association, **asked)
    assert right[name] != seen[name]
    if name == "conformance":
        assert right[name] == ["get"]
        assert set(wrong) <= set(seen[name])
    else:
        assert seen[name] == wrong


@pytest.mark.parametrize(("association", "fields", "diagnostic", "fault"), [
    ("public", {"protocol_version": "01"}, "no-common-acse-version",
     "protocol-version-not-checked"),
    ("public", {"context": "sn"}, "application-context-name-not-supported",
     "context-not-checked"),
    ("lls", {"acse_requirements": "absent"}, "authentication-required",
     "authentication-unit-not-asked"),
    ("lls", {"mechanism": "hls-md5"}, "authentication-mechanism-name-not-recognised",
     "mechanism-not-checked"),
])
def test_a_field_that_is_wrong_is_refused_with_its_diagnostic(
        association: str, fields: dict[str, Any], diagnostic: str, fault: str) -> None:
    seen = do(served(), "associate", as_=association, fields=fields)
    assert (seen["outcome"], seen["diagnostic"]) == ("rejected", diagnostic)
    assert do(served("wrapper", fault), "associate", as_=association,
              fields=fields)["outcome"] == "accepted"


@pytest.mark.parametrize(("fields", "error", "fault"), [
    ({"dlms_version": 5}, "initiate: initiate, dlms-version-too-low",
     "dlms-version-not-checked"),
    ({"conformance": []}, "initiate: initiate, incompatible-conformance",
     "empty-conformance-accepted"),
    ({"max_pdu": 11}, "initiate: initiate, pdu-size-too-short", "max-pdu-too-small-accepted"),
])
def test_an_initiate_request_that_is_wrong_is_refused_with_its_service_error(
        fields: dict[str, Any], error: str, fault: str) -> None:
    seen = do(served(), "associate", as_="public", fields=fields)
    assert (seen["outcome"], seen["service_error"]) == ("rejected", error)
    assert do(served("wrapper", fault), "associate", as_="public",
              fields=fields)["outcome"] == "accepted"


def test_a_field_that_no_association_request_has_is_a_mistake_of_the_plan() -> None:
    with pytest.raises(ValueError, match="no field colour; known are"):
        do(served(), "associate", as_="public", fields={"colour": 1})


def test_a_wrong_password_is_refused_and_nothing_is_served() -> None:
    context = served()
    seen = do(context, "associate", as_="lls", proof="wrong")
    assert (seen["outcome"], seen["diagnostic"]) == ("rejected", "authentication-failure")
    assert do(context, "send_apdu", apdu="get")["answer"] in (
        "exception-response", "confirmed-service-error")
    careless = served("wrapper", "served-after-rejection")
    assert do(careless, "associate", as_="lls", proof="wrong")["outcome"] == "rejected"
    assert do(careless, "send_apdu", apdu="get")["answer"] == "get-response"
    assert do(served("wrapper", "password-not-checked"), "associate", as_="lls",
              proof="wrong")["outcome"] == "accepted"


def test_a_wrong_answer_to_the_challenge_is_refused() -> None:
    assert do(served(), "associate", as_="hls", proof="wrong")[
        "outcome"] == "authentication-failed"
    assert do(served("wrapper", "wrong-answer-accepted"), "associate", as_="hls",
              proof="wrong")["outcome"] == "accepted"


def test_without_pass_3_an_association_is_half_open_and_serves_nothing() -> None:
    for faults, served_all_the_same in (((), False), (("served-before-authentication",), True)):
        context = served("wrapper", *faults)
        assert do(context, "associate", as_="hls", proof="none")["outcome"] == "half-open"
        read = do(context, "get", object="8/0-0:1.0.0.255/a2")
        assert (read["result"] == "success") is served_all_the_same


@pytest.mark.parametrize(("octets", "fault"), [
    (8, "challenge-answer-wrong-for-short"), (17, "challenge-answer-wrong-for-odd"),
    (64, "challenge-answer-wrong-for-long"), (32, "challenge-cut")])
def test_the_length_of_the_challenge_is_as_wanted(octets: int, fault: str) -> None:
    seen = do(served(), "associate", as_="hls", challenge_octets=octets)
    assert seen["outcome"] == "accepted"
    assert len(seen["challenge"]) == 2 * octets
    assert do(served("wrapper", fault), "associate", as_="hls",
              challenge_octets=octets)["outcome"] != "accepted"


def test_a_challenge_that_repeats_is_seen() -> None:
    for faults, same in (((), False), (("challenge-repeats",), True)):
        context = served("wrapper", *faults)
        first, second = (do(context, "associate", as_="hls")["server_challenge"]
                         for _ in range(2))
        assert (first == second) is same


def test_a_dedicated_key_is_agreed_on_and_used() -> None:
    context = served()
    assert do(context, "associate", as_="hls", dedicated_key=True)["outcome"] == "accepted"
    assert do(context, "read_protected", object=NAME)["result"] == "success"
    refusing = served("wrapper", "dedicated-key-refused")
    assert do(refusing, "associate", as_="hls", dedicated_key=True)["outcome"] == "rejected"


def test_keep_opens_over_the_connection_that_there_is() -> None:
    context = served("hdlc")
    assert do(context, "connect", as_="lls")["outcome"] == "ua"
    carrier = dialogue_of(context).carrier
    assert do(context, "associate", as_="lls", keep=True)["outcome"] == "accepted"
    assert dialogue_of(context).carrier is carrier
    do(context, "associate", as_="lls")
    assert dialogue_of(context).carrier is not carrier


@FRAMINGS
def test_an_association_that_survives_its_connection_is_seen(framing: str) -> None:
    for faults, answer in (((), None), (("association-survives-connection",), "get-response")):
        context = opened("lls", framing, *faults)
        do(context, "connect", as_="lls")
        seen = do(context, "send_apdu", apdu="get")["answer"]
        assert seen == answer if answer else seen != "get-response"


@FRAMINGS
def test_a_release_has_its_effect(framing: str) -> None:
    context = opened("lls", framing)
    assert do(context, "release")["outcome"] == "released"
    assert do(context, "send_apdu", apdu="get")["answer"] != "get-response"
    context = opened("lls", framing, "release-without-effect")
    assert do(context, "release")["outcome"] == "released"
    assert do(context, "send_apdu", apdu="get")["answer"] == "get-response"


def test_a_release_that_is_not_answered_is_silence() -> None:
    context = opened("public", "wrapper", "release-unanswered")
    assert do(context, "release") == {"outcome": "silence", "reason": -1}


def test_a_release_without_protection_does_not_end_a_ciphered_association() -> None:
    assert do(opened("hls"), "release", protected=False)["outcome"] != "released"
    context = opened("hls", "wrapper", "release-unprotected-accepted")
    assert do(context, "release", protected=False)["outcome"] == "released"


# going on with an association


def test_reach_goes_on_with_what_it_opened() -> None:
    context = served()
    first = do(context, "reach", as_="lls")
    client = dialogue_of(context).client
    assert first["outcome"] == "accepted"
    assert "dlms_version" in first
    assert do(context, "reach", as_="lls") == {"outcome": "accepted", "deviations": []}
    assert dialogue_of(context).client is client


@pytest.mark.parametrize("between", [
    ("associate", {"as_": "lls"}), ("reach", {"as_": "public"}), ("connect", {"as_": "lls"}),
    ("associate", {"as_": "lls", "keep": True}), ("release", {}), ("disconnect", {}),
    ("still_answers", {})])
def test_reach_opens_anew_after_anything_else(between: tuple[str, dict[str, Any]]) -> None:
    context = served()
    do(context, "reach", as_="lls")
    word, arguments = between
    do(context, word, **arguments)
    assert "dlms_version" in do(context, "reach", as_="lls")


def test_reach_opens_anew_when_its_time_is_over() -> None:
    context = served()
    do(context, "reach", as_="lls")
    dialogue_of(context).reached -= 6
    assert "dlms_version" in do(context, "reach", as_="lls")


def test_reach_opens_anew_after_hanging_up() -> None:
    context = served()
    do(context, "reach", as_="lls")
    dialogue_of(context).hang_up()
    assert "dlms_version" in do(context, "reach", as_="lls")


def test_reach_opens_anew_after_a_deviation() -> None:
    context = served("wrapper", "invoke-id-wrong")
    do(context, "reach", as_="lls")
    assert do(context, "get", object=NAME)["outcome"] == "deviation"
    assert "dlms_version" in do(context, "reach", as_="lls")
