"""Ciphered services, transfer of keys, and what of secrets is seen: nothing."""

from __future__ import annotations

import itertools
import json

import pytest
from served import do, observe, opened, served, served_with_suite

from bench.errors import Inconclusive
from bench.protocols.dlms.security import transfer
from bench.steps.context import Context
from bench.steps.dlms.dialogue import dialogue_of
from devices.emulators.dlms import security_setup
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.security_setup import SecuritySetup

CLOCK = "8/0-0:1.0.0.255/a1"
NAME = "1/0-0:42.0.0.255/a1"


@pytest.mark.parametrize(("mutation", "fault"), [
    ("counter-repeated", "replayed-counter-accepted"),
    ("counter-lower", "lower-invocation-counter-accepted"),
    ("tag-flipped", "tag-not-checked"),
    ("control-suite-other", "control-octet-suite-not-checked"),
    ("protection-absent", "plain-request-served"),
    ("authentication-absent", "unauthenticated-request-served"),
    ("encryption-absent", "unencrypted-request-served"),
])
def test_a_request_that_is_protected_wrongly_is_not_served(mutation: str, fault: str) -> None:
    for faults, carried_out in (((), False), ((fault,), True)):
        context = opened("hls", "wrapper", *faults)
        do(context, "read_protected", object=CLOCK)
        seen = do(context, "send_protected", mutation=mutation)
        assert seen["served"] is carried_out, seen


@pytest.mark.parametrize("flaw", ["other", "absent"])
@pytest.mark.parametrize(("name", "other", "fault"), [
    ("authenticated", "authentication-absent", "unauthenticated-request-served"),
    ("encrypted", "encryption-absent", "unencrypted-request-served")])
def test_a_request_without_what_the_policy_asks_for_is_not_served(
        name: str, other: str, fault: str, flaw: str) -> None:
    mutation, fault = (other, fault) if flaw == "other" \
        else ("protection-absent", "plain-request-served")
    for faults, carried_out in (((), False), ((fault,), True)):
        context = served("wrapper", *faults)
        assert do(context, "associate", as_=name, protection=name)["outcome"] == "accepted"
        seen = do(context, "send_protected", mutation=mutation)
        assert seen["served"] is carried_out, seen


@pytest.mark.parametrize(("name", "word", "fault"), [
    ("authenticated", "authentication", "response-unauthenticated"),
    ("encrypted", "encryption", "response-unencrypted")])
def test_answers_have_what_the_policy_asks_for(name: str, word: str, fault: str) -> None:
    context = served()
    do(context, "associate", as_=name, protection=name)
    assert [one.partition(",")[0] for one in
            do(context, "read_protected", object=NAME)["protections"]] == [word]
    wrong = served("wrapper", fault)
    if do(wrong, "associate", as_=name, protection=name)["outcome"] == "accepted":
        seen = do(wrong, "read_protected", object=NAME)
        assert not [one for one in seen["protections"] if one.startswith(word)]


def test_associations_with_one_set_of_keys_count_together() -> None:
    context = opened("hls")
    ours = dialogue_of(context)
    counted = ours.counters_of("hls", context.clock())
    assert ours.counters_of("authenticated", context.clock()) is not counted
    context.ixit["dlms"]["associations"]["authenticated"]["keys"] = "hls"
    assert ours.counters_of("authenticated", context.clock()) is counted


def test_a_mutation_needs_a_ciphered_association() -> None:
    with pytest.raises(Inconclusive, match="no ciphered association is open"):
        do(opened("lls"), "send_protected", mutation="tag-flipped")


def test_the_counters_and_protections_of_answers_are_told() -> None:
    seen = do(opened("hls"), "read_protected", object=CLOCK, times=4)
    assert seen["result"] == "success"
    assert len(seen["counters"]) == 4
    assert seen["rising"]
    (protection,) = seen["protections"]
    assert protection.startswith("authentication and encryption")
    repeats = do(opened("hls", "wrapper", "own-counter-repeats"), "read_protected", object=CLOCK)
    assert not repeats["rising"] or repeats["deviation"]
    assert do(served(), "read_protected", object=CLOCK)["outcome"] == "not-associated"


@pytest.mark.parametrize("fault", ["response-plain", "response-unauthenticated",
                                   "response-unencrypted"])
def test_an_answer_that_is_protected_less_is_seen(fault: str) -> None:
    context = served("wrapper", fault)
    if do(context, "associate", as_="hls")["outcome"] == "accepted":
        seen = do(context, "read_protected", object=CLOCK)
        assert seen["deviation"] or not all(
            one.startswith("authentication and encryption") for one in seen["protections"])


@pytest.mark.parametrize("keys", [["global_unicast"], ["authentication"],
                                  ["global_unicast", "authentication"]])
def test_transferred_keys_hold_until_they_are_restored(keys: list[str]) -> None:
    context = opened("hls")
    former = dialogue_of(context).keys["hls"]
    assert do(context, "transfer_keys", keys=keys)["result"] == "success"
    assert do(context, "associate", as_="hls")["outcome"] != "accepted"
    do(context, "speak_with", as_="hls", keys="new")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert do(context, "get", object=CLOCK)["result"] == "success"
    assert do(context, "transfer_keys", keys=keys, restore=True)["result"] == "success"
    do(context, "speak_with", as_="hls", keys="former")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert dialogue_of(context).keys["hls"] == former


@pytest.mark.parametrize("fault", ["", "only-first-key-changed", "key-not-changed"])
def test_former_keys_are_brought_back_whatever_the_device_has_and_whatever_is_open(
        fault: str) -> None:
    keys = ["global_unicast", "authentication"]
    context = opened("hls", "wrapper", *filter(None, [fault]))
    do(context, "transfer_keys", keys=keys)
    accepted = do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert accepted is (fault == "key-not-changed")
    assert do(context, "transfer_keys", keys=keys, restore=True)["result"] == "success"
    do(context, "speak_with", as_="hls", keys="former")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"


@pytest.mark.parametrize("suite", [1, 2])
def test_keys_of_any_suite_are_transferred_and_restored(suite: int) -> None:
    context, keys = served_with_suite(suite), ["global_unicast"]
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert do(context, "transfer_keys", keys=keys)["result"] == "success"
    assert do(context, "associate", as_="hls")["outcome"] != "accepted"
    assert do(context, "transfer_keys", keys=keys, restore=True)["result"] == "success"
    do(context, "speak_with", as_="hls", keys="former")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"


@pytest.mark.parametrize(("keys", "fault"), [
    (["global_unicast"], "key-not-changed"),
    (["authentication"], "authentication-key-not-changed"),
    (["global_unicast", "authentication"], "only-first-key-changed")])
def test_a_key_that_is_not_changed_is_seen(keys: list[str], fault: str) -> None:
    context = opened("hls", "wrapper", fault)
    do(context, "transfer_keys", keys=keys)
    do(context, "speak_with", as_="hls", keys="new")
    assert do(context, "associate", as_="hls")["outcome"] != "accepted"


@pytest.mark.parametrize(("flaw", "fault"), [
    ({"key_id": "unknown"}, "wrong-key-id-accepted"),
    ({"wrap": "altered"}, "wrong-wrap-accepted"),
    ({"wrap": "other-master"}, "wrong-wrap-accepted"),
    ({"wrap": "short"}, "")])
def test_a_transfer_that_is_wrong_is_refused(flaw: dict[str, str], fault: str) -> None:
    context = opened("hls")
    seen = do(context, "transfer_keys", keys=["global_unicast"], **flaw)
    assert seen["outcome"] == "apdu"
    assert seen["result"] != "success"
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    if fault:
        careless = opened("hls", "wrapper", fault)
        assert do(careless, "transfer_keys", keys=["global_unicast"],
                  **flaw)["result"] == "success"


def test_where_no_keys_were_transferred_none_are_tried() -> None:
    """A wrong key at each restoring could lock the client out."""
    context = opened("hls")
    do(context, "transfer_keys", keys=["global_unicast"], wrap="altered")
    seen = observe(context, "transfer_keys", keys=["global_unicast"], restore=True)
    assert (seen.values["result"], seen.frames) == ("none", ())
    do(context, "speak_with", as_="hls", keys="former")
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"


def _unchecked(_: SecuritySetup, octets: bytes, master: bytes) -> bytes:
    return transfer.unwrap_unchecked(master, octets)[:16]


@pytest.mark.parametrize("has_client", [True, False])
@pytest.mark.parametrize(("flaw", "place", "wrong"), [
    ({"wrap": "altered"}, SecuritySetup, {}),  # the octets as they came
    ({"wrap": "altered"}, SecuritySetup, {"_unwrap": _unchecked}),
    ({"wrap": "other-master"}, SecuritySetup, {"_unwrap": _unchecked}),
    ({"wrap": "short"}, SecuritySetup, {"_unwrap": _unchecked}),
    ({"key_id": "unknown"}, SecuritySetup, {}),  # for the global unicast key
    ({"key_id": "unknown"}, security_setup, {"_KEY_IDS": {
        0: "global_unicast", 2: "authentication", 9: "authentication"}})])
def test_a_key_that_was_taken_against_the_rules_is_replaced_by_the_former_one(
        flaw: dict[str, str], place: object, wrong: dict[str, object], has_client: bool,
        monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in wrong.items():
        monkeypatch.setattr(place, name, value)
    context = opened("hls", "wrapper", "wrong-wrap-accepted", "wrong-key-id-accepted")
    former = dialogue_of(context).keys["hls"]
    assert do(context, "transfer_keys", keys=["global_unicast"], **flaw)["result"] == "success"
    if not has_client:
        dialogue_of(context).client = None  # as after a call that was not taken
    assert do(context, "transfer_keys", keys=["global_unicast", "authentication"],
              restore=True)["result"] == "success"
    assert dialogue_of(context).keys["hls"] == former
    assert do(context, "associate", as_="hls")["outcome"] == "accepted"
    assert do(context, "get", object=CLOCK)["result"] == "success"
    assert do(context, "transfer_keys", keys=["global_unicast"], restore=True)["result"] == "none"


def test_a_device_that_has_none_of_the_keys_it_may_have_is_spoken_to_with_the_former_ones(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SecuritySetup, "_unwrap", lambda *_: bytes(16))
    context = opened("hls")
    former = dialogue_of(context).keys["hls"]
    do(context, "transfer_keys", keys=["global_unicast"], wrap="altered")
    assert do(context, "transfer_keys", keys=["global_unicast"],
              restore=True)["result"] != "success"
    assert dialogue_of(context).keys["hls"] == former


def test_keys_that_were_never_transferred_cannot_be_spoken_with() -> None:
    with pytest.raises(Exception, match="no keys of hls were transferred"):
        do(opened("hls"), "speak_with", as_="hls", keys="new")


# evidence


def _everything(context: Context) -> str:
    """Return all that steps of an association with low and one with high level security show."""
    seen = [observe(context, "associate", **{"as": "lls"}),
            observe(context, "get", object=CLOCK),
            observe(context, "associate", **{"as": "hls"}, dedicated_key=True),
            observe(context, "read_protected", object=CLOCK),
            observe(context, "transfer_keys", keys=["global_unicast", "authentication"]),
            observe(context, "get", object="15/0-0:40.0.0.255/a7")]
    frames = itertools.chain.from_iterable(one.frames for one in seen)
    return repr([(one.values, [(frame.octets.hex().upper(), frame.decoded) for frame in one.frames])
                 for one in seen]) + "".join(frame.octets.hex().upper() for frame in frames)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_no_secret_and_no_key_is_in_what_is_observed(framing: str) -> None:
    context = served(framing)
    keys = derived(1)
    text = _everything(context).upper()
    ours = dialogue_of(context)
    held = [keys.master, keys.global_unicast, keys.authentication, keys.low_secret,
            keys.high_secret, *(key for one, *_ in ours.may_hold.values()
                                for key in (one.global_unicast, one.authentication) if key)]
    assert len(held) == 7
    for key in held:
        assert key.hex().upper() not in text
        assert repr(key).upper() not in text
    assert keys.low_secret.decode().upper() not in text
    assert keys.low_secret.hex().upper() not in text


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_the_low_level_secret_is_masked_where_it_was_sent_and_the_reading_says_so(
        framing: str) -> None:
    frames = observe(served(framing), "associate", **{"as": "lls"}).frames
    masked = [frame for frame in frames if "masked" in frame.decoded]
    (frame,) = masked
    assert frame.direction == "sent"
    assert b"\x2A" * 16 in frame.octets
    assert "errors" not in frame.decoded


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_frames_have_direction_octets_time_and_a_reading(framing: str) -> None:
    context = opened("hls", framing)
    frames = observe(context, "get", object="1/0-0:42.0.0.255/a2").frames
    assert [frame.direction for frame in frames] == ["sent", "received"]
    for frame in frames:
        assert frame.octets
        assert frame.time.startswith(("2026-11-28T23:59:59", "2026-11-29T"))
        assert "errors" not in frame.decoded
        assert frame.decoded["fields"]
    assert "get-request-normal" in frames[0].decoded["summary"]
    assert "get-response-normal" in frames[1].decoded["summary"]
    assert observe(context, "demand", **{"as": "hls"}).frames == ()


@pytest.mark.parametrize("octets", [32, 40, 48])
def test_no_piece_of_the_secret_is_kept_where_segments_cut_it(octets: int) -> None:
    context = served("hdlc")
    seen = [frame for word, given in (
        ("connect", {"as": "lls", "max_information_transmit": octets}),
        ("associate", {"as": "lls", "keep": True}))
        for frame in observe(context, word, **given).frames]
    secret = dialogue_of(context).keys["lls"].secret or b""
    told = json.dumps([dict(frame.decoded) for frame in seen]).upper()
    pieces = [secret[start : start + 4] for start in range(len(secret) - 3)]
    assert len([frame for frame in seen if "masked" in frame.decoded]) >= 2
    assert not [piece for piece in pieces for frame in seen if piece in frame.octets]
    assert not [piece for piece in pieces if piece.hex().upper() in told]
