"""Each flaw changes a protected APDU, and the receiver refuses it by that flaw."""

from __future__ import annotations

import pytest
from dlms_parties import GET_CLOCK, random, sides
from test_dlms_security import every_protection

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security.mutation import MUTATIONS, applicable, mutate, parts_of
from bench.protocols.dlms.security.protection import BOTH, NONE, Protection, SecurityError
from bench.protocols.dlms.security.securing import Security

CASES = [pytest.param(number, protection, id=f"suite {number}, {protection.text}")
         for number in (0, 1, 2) for protection in every_protection(number)]


def pair(number: int, protection: Protection) -> tuple[Security, Security]:
    """Return two sides, of which the first has sent three APDUs to the second."""
    client, server = sides(number)
    first, second = Security(client, random=random("client")), Security(server)
    for _ in range(3):
        second.unprotect(first.protect(GET_CLOCK, protection))
    return first, second


@pytest.mark.parametrize(("number", "protection"), CASES)
def test_each_flaw_is_found_and_named(number: int, protection: Protection) -> None:
    for name, mutation in MUTATIONS.items():
        client, server = pair(number, protection)
        if not applicable(client.keys, protection, name):
            with pytest.raises(LocalProtocolError, match=f"{name} does not change"):
                mutate(client, GET_CLOCK, protection, name)
            continue
        octets = mutate(client, GET_CLOCK, protection, name)
        if not mutation.flaws:
            opened = server.unprotect(octets)
            assert opened.apdu == GET_CLOCK, name
            assert opened.protection != protection or mutation.field == "invocation", name
            continue
        with pytest.raises(SecurityError) as refused:
            server.unprotect(octets)
        assert refused.value.flaw in mutation.flaws, f"{name}: {refused.value}"
        assert server.unprotect(client.protect(GET_CLOCK, protection)).apdu == GET_CLOCK


def test_each_flaw_has_a_message_that_can_have_it() -> None:
    for name in MUTATIONS:
        assert any(applicable(sides(number)[0], protection, name)
                   for number in (0, 1) for protection in every_protection(number)), name


@pytest.mark.parametrize(("number", "protection"), CASES)
def test_a_protected_apdu_is_put_together_as_it_was(number: int, protection: Protection) -> None:
    client, _ = pair(number, protection)
    for length in (0, 90, 200):
        octets = client.protect(GET_CLOCK + bytes(length), protection)
        assert parts_of(octets).encode() == octets


def test_an_unknown_flaw_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="no mutation 'tag-polished'"):
        mutate(Security(sides(0)[0]), GET_CLOCK, BOTH, "tag-polished")


def test_an_unprotected_apdu_has_no_flaw_of_protection() -> None:
    assert not any(applicable(sides(0)[0], NONE, name) for name in MUTATIONS)
