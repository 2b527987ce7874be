"""Whatever arrives, the meter neither breaks nor changes, and serves the next good command."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from credential_parties import CredentialParties, cell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.protocols.gbcs import protection
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.use_cases import category_of

DEEP = 5_000


def settings_of(parties: CredentialParties) -> Any:
    """Return all that a malformed message must leave alone."""
    meter = parties.meter
    return (dict(meter.store._values), meter.supply.state, meter.credentials.anchors.certificates,
            meter.credentials.anchors.floors, meter.clock.status, meter.account.amounts())


def sound(parties: CredentialParties, before: Any) -> None:
    """Require that nothing has changed and that good commands work."""
    assert settings_of(parties) == before
    assert parties.send("ECS43").codes == (0,)
    assert parties.send("ECS42").codes == (0,)
    assert parties.details("supplier")[0]["statusCode"] == "success"


def sealed(parties: CredentialParties, code: int, payload: bytes, role: str = "supplier",
           **fields: Any) -> bytes:
    """Return an authentic command of any payload, as an insider could send."""
    parties.counter += 1
    message = Message(Cra.COMMAND, parties.counter, parties.parties[role], parties.device, code,
                      payload, **fields)
    return protection.protect(message, parties.keys, category_of(code)).encode()


def nested(head: Callable[[int], bytes], depth: int = DEEP) -> bytes:
    payload = b""
    for _ in range(depth):
        payload = head(len(payload)) + payload
    return payload


def der_head(tag: int) -> Callable[[int], bytes]:
    def head(length: int) -> bytes:
        if length < 0x80:
            return bytes((tag, length))
        return bytes((tag, 0x83)) + length.to_bytes(3, "big")
    return head


HOSTILE_PAYLOADS = {
    "empty": b"", "zeros": bytes(60_000), "ones": b"\xff" * 60_000,
    "indefinite": b"\x30\x80" * 500, "indefinite with ends": b"\x30\x80\x02\x01\x00\x00\x00",
    "nested sequences": nested(der_head(0x30)), "nested contexts": nested(der_head(0xA2)),
    "nested structures": b"\xd9\x20\0\0\1\0\1\0" + b"\x02\x01" * DEEP,
    "nested arrays": b"\xd9\x20\0\0\1\0\1\0" + b"\x01\x01" * DEEP,
    "count beyond": b"\xd9\x20\0\0\1\0\x84\xff\xff\xff\xff",
    "data count beyond": b"\xd9\x20\0\0\1\0\1\1\0\x08\0\0\1\0\0\xff\2\1\x01\x84\x7f\xff\xff\xff",
    "length beyond": b"\x30\x84\xff\xff\xff\xff", "long tag": b"\x3f\xff\xff\xff\x7f\x00",
    "length of lengths": b"\x30\xff" + b"\xff" * 127,
    "big integer": b"\x30\x82\xea\x60\x02\x82\xea\x5c" + b"\x7f" * 60_000,
}
CODES = (0x0008, 0x000A, 0x000B, 0x000C, 0x0102, 0x0107, 0x0108, 0x011B, 0x0050, 0x0027, 0x0062)


@pytest.mark.parametrize("name", HOSTILE_PAYLOADS)
def test_hostile_payloads_of_authentic_commands_are_refused(
    holder: CredentialParties, name: str,
) -> None:
    before = settings_of(holder)
    for code in CODES:
        role = {0x0107: "transitional_change_of_supplier", 0x0108: "recovery"}.get(code, "supplier")
        answer = holder.meter.handle(sealed(holder, code, HOSTILE_PAYLOADS[name], role))
        assert len(answer) <= 2
    sound(holder, before)


@pytest.mark.parametrize("octets", [
    b"", b"\xdd", b"\xdf", b"\xdd" * 65_536, b"\xdf" + b"\x09" * 65_535, bytes(65_536),
    b"\xdd\0\0\0\0\0\0\x84\xff\xff\xff\xff", b"\xdd\0\0\0\0\0\0\x80", b"\x30\x80" * 30_000],
    ids=["empty", "mac tag", "group tag", "mac tags", "group", "zeros", "length", "indefinite",
         "der"])
def test_hostile_messages_are_refused(holder: CredentialParties, octets: bytes) -> None:
    before = settings_of(holder)
    assert holder.exchange(octets).response is None
    sound(holder, before)


@cache
def genuine(folder: Path) -> tuple[tuple[int, bytes], ...]:
    """Return message codes with right payloads of many kinds."""
    parties = CredentialParties(folder)
    update = parties.update_value(0x0102, "supplier", parties.replacements("supplier"), counter=1)
    messages = [
        parties.credential(0x0008, "supplier", {
            "authorisingRemotePartyTACellIdentifier": cell("supplier"),
            "remotePartyRolesCredentialsRequired": ["supplier", "root"]}),
        parties.credential(0x000A, "supplier", {"keyUsage": ["digitalSignature"]}),
        parties.credential(0x000B, "supplier", parties.certificate("supplier", "ds")),
        parties.credential(0x0102, "supplier", update),
        *(parties.command(use_case) for use_case in ("ECS43", "ECS17b", "ECS35a", "ECS70",
                                                     "ECS25a", "ECS10"))]
    return tuple((message.message_code, message.payload) for message in messages)


MUTATION = st.tuples(st.integers(0, 9), st.lists(
    st.tuples(st.sampled_from(["set", "cut", "double", "insert", "drop"]),
              st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))


def mutated(payload: bytes, changes: list[tuple[str, float, int]]) -> bytes:
    for kind, place, value in changes:
        at = int(place * len(payload))
        head, tail = payload[:at], payload[at:]
        payload = {"set": head + bytes((value,)) + tail[1:], "cut": head, "drop": head + tail[1:],
                   "insert": head + bytes((value,)) + tail, "double": head + tail + tail}[kind]
    return payload[:60_000]


# What a mutated authentic command may lawfully change: it is then another right command.
HARMLESS = {0x0008, 0x000A, 0x000B, 0x0102, 0x0027, 0x0048}


@settings(max_examples=150, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutation=MUTATION)
def test_mutated_authentic_commands_never_break_the_meter(
    keys_folder: Path, mutation: tuple[int, list[tuple[str, float, int]]],
) -> None:
    parties = _meter(keys_folder)
    index, changes = mutation
    code, payload = genuine(keys_folder)[index]
    before = settings_of(parties)
    parties.meter.handle(sealed(parties, code, mutated(payload, changes)))
    if code in HARMLESS:
        sound(parties, before)
    else:
        assert parties.send("ECS42").codes == (0,)


@settings(max_examples=100, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, 9), changes=st.lists(
    st.tuples(st.sampled_from(["set", "cut", "double", "insert", "drop"]),
              st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_mutated_messages_never_break_or_change_the_meter(
    keys_folder: Path, index: int, changes: list[tuple[str, float, int]],
) -> None:
    parties = _meter(keys_folder)
    code, payload = genuine(keys_folder)[index]
    octets = sealed(parties, code, payload)
    wrong = mutated(octets, changes)
    if wrong == octets:
        return
    before = settings_of(parties)
    parties.meter.handle(wrong)
    sound(parties, before)


@settings(max_examples=60, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=MUTATION.map(lambda pair: pair[1]), of_certificate=st.booleans())
def test_mutated_replacements_end_in_one_party_for_each_role(
    keys_folder: Path, changes: list[tuple[str, float, int]], of_certificate: bool,
) -> None:
    parties = CredentialParties(keys_folder)
    replacements = parties.replacements("supplier", "second_supplier")
    if of_certificate:
        wrong = mutated(replacements[1]["replacementCertificate"], changes)
        replacements[1]["replacementCertificate"] = b"\x30\x82" + len(
            wrong).to_bytes(2, "big") + wrong if len(wrong) > 0xFF else b"\x30\x00"
    counter = 1 << 30
    value = parties.update_value(0x0102, "supplier", replacements, counter=counter)
    payload = parties.credential(0x0102, "supplier", value, counter=counter).payload
    message = Message(Cra.COMMAND, counter, parties.parties["supplier"], parties.device, 0x0102,
                      payload if of_certificate else mutated(payload, changes))
    parties.meter.handle(protection.protect(message, parties.keys, "SME.C.C").encode())
    assert parties.holder("supplier") in ("supplier", "second_supplier")


@cache
def _meter(folder: Path) -> CredentialParties:
    """Return one meter for all examples: what one leaves behind the next would find."""
    return CredentialParties(folder)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:58Z"])
def test_times_at_the_ends_of_the_calendar_are_taken(holder: CredentialParties, at: str) -> None:
    answer = holder.update(0x0103, "network_operator", holder.replacements("network_operator"),
                           at=at)
    assert answer.response is not None
    holder.meter.advance(86_400)
    holder.drained()
    assert holder.send("ECS43").codes == (0,)
