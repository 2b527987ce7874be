"""The DCC reference test data set, which others made: 601 messages and what they verify to."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from protocol_parties import Vector

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import decode_payload
from bench.protocols.gbcs import use_cases
from bench.protocols.gbcs.inspection import PRE_COMMAND, describe, payload_kind
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import parse
from bench.protocols.gbcs.mutation import flip, spans
from bench.protocols.gbcs.protection import State, check

# The manifest's words: "ok"; "empty" and "absent" without, "None" without a MAC header.
WORDS = {"ok": State.VALID, "empty": State.ABSENT, "absent": State.ABSENT, "None": State.ABSENT,
         "unverified": State.NOT_VERIFIABLE}


def test_all_601_messages_are_read_and_written_back(vectors: list[Vector]) -> None:
    assert len(vectors) == 601
    for vector in vectors:
        assert vector.message.encode() == vector.octets, vector.name
        assert vector.message.message_code == vector.code, vector.name
        assert vector.message.cra.name.lower() == vector.cra, vector.name
        assert payload_kind(vector.message.payload) == vector.payload, vector.name


def test_signatures_and_macs_come_out_as_the_manifest_says(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    for vector in vectors:
        found = check(vector.message, reference_keys)
        assert found.signature == WORDS[vector.signature], vector.name
        assert found.mac == WORDS[vector.mac], vector.name
        assert found.rule_kept != vector.message.pre_command, vector.name
        assert found.category in {*use_cases.USE_CASES["ECS42"].category.split("/"), "SME.C.NC",
                                  "SME.A.C", "SME.A.NC", "SME.C.PPMID-GSME", "signature only",
                                  "SME.C.C by ACB"}, vector.name


def test_pre_commands_are_recognised(vectors: list[Vector], reference_keys: KeyStore) -> None:
    pre_commands = [vector for vector in vectors if vector.message.pre_command]
    assert [v.name for v in pre_commands] == [v.name for v in vectors if "PRECOMMAND" in v.name]
    assert len(pre_commands) == 79
    for vector in pre_commands:
        record = describe(vector.octets, reference_keys)
        assert (record["rule"], record["problem"]) == (PRE_COMMAND, ""), vector.name


def test_the_four_messages_without_keys_are_not_verifiable(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    states = {v.name: check(v.message, reference_keys) for v in vectors}
    found = {name for name, state in states.items() if state.mac == State.NOT_VERIFIABLE}
    assert {name.partition("_")[0] for name in found} == {"PCS01", "PCS02"}
    assert len(found) == 4
    assert not any(states[name].accepted or states[name].invalid for name in found)


def test_dlms_payloads_are_read_whole_and_written_back(vectors: list[Vector]) -> None:
    seen = Counter[str]()
    for vector in vectors:
        if vector.payload in ("AccessRequest", "AccessResponse", "DataNotification"):
            payload = decode_payload(vector.message.payload)
            assert payload.encode() == vector.message.payload, vector.name
            seen[type(payload).__name__] += 1
    assert seen == {"AccessRequest": 175, "AccessResponse": 135, "DataNotification": 25}


def test_sensitive_attributes_are_decrypted(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    records = [describe(vector.octets, reference_keys) for vector in vectors]
    assert not [record for record in records if record["problem"]]
    decrypted = [record["use_case"] for record in records if "decrypted" in record]
    assert Counter(decrypted) == {
        "ECS17b": 2, "ECS17d": 2, "ECS19": 1, "ECS20b": 2, "ECS20c": 2, "ECS21b": 2, "ECS68": 2,
        "GCS13a": 4, "GCS13b": 4, "GCS16b": 3, "GCS17": 1}


FIELDS = ("payload", "signature", "mac", "counter", "originator", "recipient")


@pytest.mark.parametrize("field", FIELDS)
def test_one_flipped_bit_is_rejected_for_the_right_reason(
    field: str, vectors: list[Vector], reference_keys: KeyStore
) -> None:
    chance = random.Random(field)
    able = [v for v in vectors if check(v.message, reference_keys).accepted
            and field in spans(v.octets)]
    for vector in chance.sample(able, 80):
        span = spans(vector.octets)[field]
        bit = chance.randrange(8 * (span.stop - span.start))
        spoilt = (vector.octets[: span.start] + flip(vector.octets[span], bit)
                  + vector.octets[span.stop :])
        found = check(parse(spoilt), reference_keys)
        assert not found.accepted, (vector.name, bit)
        stranger = (State.INVALID, State.NOT_VERIFIABLE) if field in (
            "originator", "recipient") else (State.INVALID,)
        if field == "mac":
            assert found.mac == State.INVALID
            assert found.signature in (State.VALID, State.ABSENT)
        else:
            assert found.signature in (*stranger, State.ABSENT)
            assert found.mac in (*stranger, State.ABSENT)
        assert found.reason


def test_every_octet_that_is_cut_off_is_missed(vectors: list[Vector]) -> None:
    message = next(v for v in vectors if v.signature == "ok" and v.mac == "ok")
    for end in range(len(message.octets)):
        with pytest.raises(RemoteProtocolError):
            parse(message.octets[:end])
