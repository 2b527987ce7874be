"""Services by logical name, and APDUs as they are: what they observe of right and wrong meters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from served import do, opened, served, served_with_suite

from bench.errors import Inapplicable, Inconclusive, RigError
from bench.steps.dlms.dialogue import dialogue_of
from bench.steps.dlms.policies import Asked, Policy, policy_of

NAME = "1/0-0:42.0.0.255/a2"
CLOCK = "8/0-0:1.0.0.255/a2"
MESSAGE = "1/0-0:96.13.0.255/a2"
LIST = "15/0-0:40.0.0.255/a2"
NOWHERE = "3/1-0:99.99.99.255/a2"


def test_a_get_tells_value_type_and_misfits() -> None:
    seen = do(opened("public"), "get", object=NAME)
    assert (seen["outcome"], seen["result"], seen["apdus"]) == ("apdu", "success", 1)
    assert bytes.fromhex(seen["value"]) == b"SMB0000000000001"
    assert (seen["type"], seen["misfits"]) == ("octet-string", [])


@pytest.mark.parametrize(("fault", "association", "reference"), [
    ("octet-string-as-text", "hls", "64/0-0:43.0.0.255/a5"),
    ("number-as-signed", "lls", "7/1-0:99.1.0.255/a4"),
    ("date-time-too-short", "public", CLOCK),
    ("array-as-structure", "lls", "7/1-0:99.1.0.255/a3"),
    ("logical-name-wrong", "public", "8/0-0:1.0.0.255/a1"),
])
def test_a_value_that_does_not_fit_its_class_is_told(
        fault: str, association: str, reference: str) -> None:
    assert do(opened(association), "get", object=reference)["misfits"] == []
    assert do(opened(association, "wrapper", fault), "get", object=reference)["misfits"] != []


@pytest.mark.parametrize(("reference", "result", "fault"), [
    (NOWHERE, "object-undefined", "unlisted-object-served-as-null"),
    ("3/0-0:42.0.0.255/a2", "object-class-inconsistent", "class-not-checked"),
    ("1/0-0:42.0.0.255/a99", "object-undefined", "unknown-attribute-answered"),
])
def test_an_error_has_the_standard_s_name(reference: str, result: str, fault: str) -> None:
    seen = do(opened("public"), "get", object=reference)
    assert seen["outcome"] == "apdu"
    assert seen["result"] != "success"
    assert "value" not in seen
    if result != "object-undefined":
        assert seen["result"] in (result, "object-undefined")
    assert do(opened("public", "wrapper", fault), "get", object=reference)["result"] == "success"


def test_an_answer_with_another_invoke_id_is_a_deviation() -> None:
    assert do(opened("public"), "get", object=NAME)["deviation"] == ""
    seen = do(opened("public", "wrapper", "invoke-id-wrong"), "get", object=NAME)
    assert seen["outcome"] == seen["result"] == "deviation"
    assert "invoke" in seen["deviation"]


def test_a_long_answer_tells_how_many_apdus_came_and_the_longest() -> None:
    context = served()
    do(context, "associate", as_="public", fields={"max_pdu": 64})
    seen = do(context, "get", object=LIST)
    assert seen["result"] == "success"
    assert seen["apdus"] > 3
    assert seen["longest"] <= 64
    context = served("wrapper", "max-pdu-exceeded")
    do(context, "associate", as_="public", fields={"max_pdu": 64})
    assert do(context, "get", object=LIST)["longest"] > 64


@pytest.mark.parametrize("fault", ["blocks-never-end", "block-number-repeats", "block-lost"])
def test_blocks_that_are_wrong_do_not_pass(fault: str) -> None:
    context = opened("lls", "wrapper", fault, rows=120)
    dialogue_of(context).evidence.conversation = None  # thousands of frames need no reading
    seen = do(context, "get", object="7/1-0:99.1.0.255/a2")
    assert seen["result"] != "success" or seen["deviation"]


def test_a_service_without_an_association_is_told() -> None:
    assert do(served(), "get", object=NAME)["outcome"] == "not-associated"


def test_a_write_has_its_effect_and_a_denied_one_its_error() -> None:
    context = opened("hls")
    before = do(context, "get", object=MESSAGE)["value"]
    assert do(context, "set", object=MESSAGE, value={"octet-string": "AABB"})["result"] == "success"
    assert do(context, "get", object=MESSAGE)["value"] == "AABB" != before
    assert do(context, "set", object=NAME, value={"octet-string": "AA"})["result"] != "success"
    lying = opened("hls", "wrapper", "denied-write-answered-as-success")
    assert do(lying, "set", object=NAME, value={"octet-string": "AA"})["result"] == "success"


def test_a_write_goes_in_blocks_where_it_is_asked_to() -> None:
    context = opened("hls")
    seen = do(context, "set", object=MESSAGE, value={"octet-string": "AB" * 60}, blocks=20)
    assert seen["result"] == "success"
    assert seen["apdus"] >= 3
    assert do(context, "get", object=MESSAGE)["value"] == "AB" * 60


def test_a_method_has_its_result_and_its_effect() -> None:
    for faults, effect in (((), False), (("method-without-effect",), True)):
        context = opened("hls", "wrapper", *faults)
        assert do(context, "invoke", method="70/0-0:96.3.10.255/m1",
                  parameter={"integer": 0})["result"] == "success"
        assert do(context, "get", object="70/0-0:96.3.10.255/a2")["value"] is effect
    seen = do(opened("hls"), "invoke", method="8/0-0:1.0.0.255/m99", parameter={"integer": 0})
    assert seen["outcome"] == "apdu"
    assert seen["result"] != "success"
    assert "value" not in seen


def test_a_list_is_answered_in_its_order_each_with_its_result() -> None:
    wanted = ["1/0-0:42.0.0.255/a1", NOWHERE, "8/0-0:1.0.0.255/a1"]
    seen = do(opened("lls"), "get_list", objects=wanted)
    assert seen["results"] == ["success", "object-undefined", "success"]
    assert seen["values"] == ["00002A0000FF", None, "0000010000FF"]


@pytest.mark.parametrize("fault", [
    "list-out-of-order", "list-result-missing", "list-ends-at-error"])
def test_a_list_that_is_answered_wrongly_is_seen(fault: str) -> None:
    wanted = ["1/0-0:42.0.0.255/a1", NOWHERE, "8/0-0:1.0.0.255/a1"]
    right, seen = (do(opened("lls", "wrapper", *faults), "get_list", objects=wanted)
                   for faults in ((), (fault,)))
    assert (seen["results"], seen["values"]) != (right["results"], right["values"])


def test_a_list_is_written_each_with_its_result() -> None:
    context = opened("hls")
    seen = do(context, "set_list", objects=[MESSAGE, NAME],
              values=[{"octet-string": "AA"}, {"octet-string": "BB"}])
    assert seen["result"] == "success"
    assert seen["results"][0] == "success" != seen["results"][1]
    assert do(context, "get", object=MESSAGE)["value"] == "AA"


def test_attributes_are_read_by_access() -> None:
    seen = do(opened("hls"), "access", objects=[NAME, NOWHERE])
    assert seen["result"] == "success"
    assert seen["results"][0] == "success" != seen["results"][1]
    assert bytes.fromhex(seen["values"][0]) == b"SMB0000000000001"
    refused = do(opened("lls"), "access", objects=[NAME])
    assert refused["result"] != "success"
    assert refused["results"] == []


# APDUs as they are


@pytest.mark.parametrize(("apdu", "answer"), [
    ("get", "get-response"), ("C001C1000100002A0000FF0200", "get-response"),
    ("50010203", "exception-response")])
def test_an_apdu_is_sent_as_it_is_and_what_came_is_named(apdu: str, answer: str) -> None:
    seen = do(opened("public"), "send_apdu", apdu=apdu)
    assert seen["answer"] == answer
    assert seen["deviation"] == ""
    assert bytes.fromhex(seen["apdu"])[0] in (0xC4, 0xD8)


def test_without_an_association_an_apdu_goes_to_the_public_client() -> None:
    for faults, carried_out in (((), False), (("served-without-association",), True)):
        context = served("wrapper", *faults)
        do(context, "connect", as_="public")
        answer = do(context, "send_apdu", apdu="get")["answer"]
        assert (answer == "get-response") is carried_out


def test_an_apdu_is_protected_where_it_says_so_and_its_answer_opened() -> None:
    seen = do(opened("hls"), "send_apdu", apdu="get", protection="both")
    assert seen["answer"] == "get-response"
    assert do(opened("hls"), "send_apdu", apdu="get")["answer"] != "get-response"
    assert do(opened("hls", "wrapper", "plain-request-served"), "send_apdu",
              apdu="get")["answer"] == "get-response"


def test_an_apdu_that_is_neither_a_name_nor_hexadecimal_is_told() -> None:
    with pytest.raises(Exception, match="expected hexadecimal octets or one of get"):
        do(opened("public"), "send_apdu", apdu="xyz")


@pytest.mark.parametrize(("word", "arguments", "message"), [
    ("get", {"object": "8/clock/a2"}, "clock"),
    ("get", {"object": "8/0-0:1.0.0.255/m2"}, "expected class/obis/aN"),
    ("invoke", {"method": "8/0-0:1.0.0.255/a2"}, "expected class/obis/mN"),
    ("get_list", {"objects": []}, "at least 1 item"),
])
def test_a_name_that_is_none_is_a_mistake_of_the_plan(
        word: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        do(served(), word, **arguments)


def test_an_association_that_is_not_declared_is_told_with_those_that_are() -> None:
    with pytest.raises(RigError, match=r"no association 'sales' is declared .*: expected one of "
                                       "authenticated, encrypted, hls, lls, public, second-lls, "
                                       "second-public"):
        do(served(), "associate", as_="sales")


def test_an_association_is_found_by_its_role_whatever_it_is_called() -> None:
    context = served()
    declared, dialogue = context.ixit["dlms"], context.lasting["dlms"]
    declared["associations"]["manager"] = declared["associations"].pop("hls") | {"name": "manager"}
    declared["roles"]["hls"] = "manager"
    dialogue.keys["manager"] = dialogue.keys.pop("hls")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert dialogue.association == "manager"
    assert do(context, "demand", as_="hls", ciphered=True) == {"association": "manager"}
    assert do(context, "reach", as_="hls")["outcome"] == "accepted"


def test_a_role_that_no_association_plays_makes_a_case_inapplicable() -> None:
    context = served()
    declared = context.ixit["dlms"]
    del declared["associations"]["lls"], declared["roles"]["lls"]
    for word in ("associate", "demand", "reach", "connect"):
        with pytest.raises(Inapplicable, match="could take for lls: none with lls"):
            do(context, word, as_="lls")


# what must be declared, and what is left alone


@pytest.mark.parametrize(("wanted", "reason"), [
    ({"policy": "encryption"}, "the policy of hls asks for authentication and encryption, the case "
                               "is about encryption"),
    ({"apart_from": "public"}, "hls is of the logical device of public"),
    ({"mechanism": "lls"}, "hls is declared with mechanism hls-gmac, the case is about lls"),
    ({"ciphered": False}, "hls is declared with ciphered True"),
    ({"short_names": True}, "short names False"),
    ({"services": ["get", "read"]}, "hls is declared without the service read"),
    ({"objects": ["64/0-0:43.0.9.255"]}, "hls is declared without the object 64/0-0:43.0.9.255"),
])
def test_what_is_not_declared_makes_a_case_inapplicable(
        wanted: dict[str, Any], reason: str) -> None:
    with pytest.raises(Exception, match=reason) as raised:
        do(served(), "demand", as_="hls", **wanted)
    assert type(raised.value).__name__ == "Inapplicable"


def test_a_length_that_the_mechanism_does_not_take_makes_a_case_inapplicable() -> None:
    signing = served_with_suite(2)
    with pytest.raises(Inapplicable, match="hls is declared with mechanism hls-ecdsa, whose "
                                           "challenges have 32 to 64 octets, the case is about 31"):
        do(signing, "demand", as_="hls", challenge_octets=31)
    assert do(signing, "demand", as_="hls", challenge_octets=32) == {"association": "hls"}
    assert do(served(), "demand", as_="hls", challenge_octets=8) == {"association": "hls"}


def test_what_is_declared_lets_a_case_go_on() -> None:
    assert do(served(), "demand", as_="hls", policy="both", mechanism="hls-gmac", ciphered=True,
              services=["access"], objects=["64/0-0:43.0.0.255"]) == {"association": "hls"}


@pytest.mark.parametrize(("wanted", "found"), [
    ({}, "public"), ({"policy": "authentication"}, "authenticated"),
    ({"policy": "encryption", "services": ["set"]}, "encrypted"), ({"policy": "both"}, "hls"),
    ({"ciphered": True, "objects": ["64/0-0:43.0.2.255"]}, "hls"), ({"mechanism": "lls"}, "lls"),
    ({"apart_from": "public"}, "second-public"),
    ({"apart_from": "public", "services": ["set"]}, "second-lls")])
def test_the_first_association_that_fits_is_taken(wanted: dict[str, Any], found: str) -> None:
    assert do(served(), "demand", **wanted) == {"association": found}


def test_an_only_ciphered_association_is_taken_whatever_it_is_called() -> None:
    context = served()
    declared = context.ixit["dlms"]["associations"]
    declared["hls"]["policy"] = 1
    del declared["authenticated"], declared["encrypted"]
    assert do(context, "demand", policy="authentication") == {"association": "hls"}


def test_where_no_association_fits_it_is_told_of_each_why() -> None:
    with pytest.raises(Exception, match=r"the policy of public asks for nothing, .*; encrypted is "
                                        r"declared without the service access") as raised:
        do(served(), "demand", policy="encryption", services=["access"])
    assert type(raised.value).__name__ == "Inapplicable"


def _policy(number: int, suite: int | None = 0, setups: Sequence[int] = (),
            elsewhere: Sequence[int] = ()) -> Policy:
    """Return the policy of an association that lists security setups of these versions."""
    one, other = ({"policy": number, "suite": suite, "objects": [
        {"class": 64, "version": version} for version in versions]}
        for versions in (setups, elsewhere))
    return policy_of(one, {"associations": {"one": one, "other": other}})


@pytest.mark.parametrize(("policy", "asked"), [
    (_policy(0), ""), (_policy(1), "authentication"), (_policy(2), "encryption"),
    (_policy(3), "both"), (_policy(3, 1), ""), (_policy(0x24, 1), "authentication"),
    (_policy(0x48, 2), "encryption"), (_policy(0x6C, 2), "both"),
    (_policy(0x64, 1), "authentication"),  # of responses more than of requests
    (_policy(0x2C, 1), ""),  # and less
    (_policy(0x34, 1), ""),  # requests are signed too
    (_policy(0x24, 0, (1,)), "authentication"), (_policy(0x24, 0, (), (1,)), "authentication"),
    (_policy(1, 1, (0,)), "authentication"), (_policy(1, None), "authentication")])
def test_what_a_policy_asks_for_follows_from_its_version(policy: Policy, asked: str) -> None:
    names: tuple[Asked, ...] = ("authentication", "encryption", "both")
    assert "".join(one for one in names if policy.asks_for(one)) == asked


def test_what_is_left_untried_is_inconclusive_with_its_reason() -> None:
    with pytest.raises(Inconclusive, match="it would end the supply"):
        do(served(), "leave_untried", reason="it would end the supply")
