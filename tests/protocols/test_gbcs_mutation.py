"""Wrong messages made on purpose: each is caught, and by the right line of defence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message, parse
from bench.protocols.gbcs.mutation import (
    APPLICATION,
    AUTHENTICITY,
    FORMAT,
    MUTATIONS,
    RULE,
    applicable,
    flip,
    mutate,
    spans,
)
from bench.protocols.gbcs.protection import protect

LINES = (FORMAT, AUTHENTICITY, RULE, APPLICATION)


def caught_by(octets: bytes, keys: KeyStore) -> str:
    from bench.protocols.gbcs.protection import check

    try:
        found = check(parse(octets), keys)
    except RemoteProtocolError:
        return FORMAT
    if not {found.signature, found.mac} <= {"valid", "absent"}:
        return AUTHENTICITY
    return APPLICATION if found.rule_kept else RULE


@pytest.mark.parametrize("code", [0x004F, 0x0048], ids=["critical", "non-critical"])
@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_is_caught_no_later_than_it_says(
    name: str, code: int, keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = protect(command(message_code=code), keys)
    assert caught_by(message.encode(), keys) == APPLICATION  # there is nothing to catch
    if not applicable(message, name):
        assert code == 0x0048
        assert MUTATIONS[name].field == "signature"
        return
    spoilt = mutate(message, name, keys=keys)
    assert spoilt != message.encode()
    said = MUTATIONS[name].caught_by
    assert LINES.index(caught_by(spoilt, keys)) <= LINES.index(said)
    if said in (FORMAT, AUTHENTICITY):
        assert caught_by(spoilt, keys) == said


def test_there_is_a_mutation_of_every_field() -> None:
    assert len(MUTATIONS) == 90
    assert {mutation.field for mutation in MUTATIONS.values()} >= {
        "mac_header", "mac_header_length", "security_header", "cra", "counter", "originator",
        "recipient", "date_time", "other_information", "message_code", "payload",
        "payload_length", "signature_length", "signature", "mac", "message"}


@pytest.mark.parametrize("name", [m.name for m in MUTATIONS.values() if m.resealed])
def test_a_resealed_mutation_is_well_formed(
    name: str, keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = protect(command(), keys)
    assert parse(mutate(message.encode(), name, keys=keys))


def test_the_fields_cover_the_message(keys: KeyStore, command: Callable[..., Message]) -> None:
    octets = protect(command(), keys).encode()
    found = spans(octets)
    assert octets[found["counter"]] == (1000).to_bytes(8, "big")
    assert octets[found["message_code"]] == b"\0\x4f"
    assert len(octets[found["signature"]]) == 64
    covered = {offset for name, span in found.items() if name != "message"
               for offset in range(span.start, span.stop)}
    # what is left are the lengths of the three ids and of other information
    assert len(octets) - len(covered) == 4


def test_a_mutation_that_changes_nothing_is_refused(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = protect(command(originator_counter=0), keys)
    with pytest.raises(LocalProtocolError, match="does not change"):
        mutate(message, "counter-zero")
    with pytest.raises(LocalProtocolError, match="no mutation 'nonsense'"):
        mutate(message, "nonsense")
    with pytest.raises(LocalProtocolError, match="needs keys"):
        mutate(message, "payload-flip-resealed")
    with pytest.raises(LocalProtocolError, match="no private key"):
        mutate(message, "payload-flip-resealed", keys=KeyStore())


def test_bits_count_from_the_last_octet() -> None:
    assert flip(b"\0\0", 0) == b"\0\1"
    assert flip(b"\0\0", 15) == b"\x80\0"


@pytest.mark.parametrize("name", [
    m.name for m in MUTATIONS.values()
    if m.resealed and m.field in ("counter", "date_time", "other_information", "payload")])
def test_only_the_device_itself_can_refuse_what_an_insider_sealed(
    name: str, keys: KeyStore, command: Callable[..., Message]
) -> None:
    spoilt = mutate(protect(command(), keys), name, keys=keys)
    assert caught_by(spoilt, keys) == APPLICATION
