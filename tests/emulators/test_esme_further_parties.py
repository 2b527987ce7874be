"""Sensitive reads for a supplementary remote party that brings its own certificate (R-SEC-05)."""

from __future__ import annotations

import pytest
from credential_parties import CredentialParties
from cryptography import x509

from bench.protocols.gbcs.keys import Usage
from devices import pki

STRANGER = bytes.fromhex("0200000000000202")


def read(holder: CredentialParties, flaw: str = "", usage: str = "ka", role: int = 2,
         party: bytes = STRANGER, originator: str = "access_control_broker") -> object:
    """Read the daily log on behalf of a party that the meter does not know; return the answer."""
    der, key = pki.issue_organisation(holder.folder, STRANGER, usage, flaw, role=role,
                                      seed="further")
    if not flaw and usage == "ka":
        holder.keys.add(STRANGER, Usage.KEY_AGREEMENT, private_key=key,
                        certificate=x509.load_der_x509_certificate(der))
    return holder.send("ECS21b", originator, supplementary_remote_party=party,
                       supplementary_remote_party_counter=7, certificate=der)


def test_a_good_certificate_gets_the_answer_encrypted_for_its_party(
    holder: CredentialParties,
) -> None:
    answer = read(holder)
    assert answer.accepted
    assert answer.codes == (0,)
    assert answer.values
    assert answer.response.supplementary_originator_counter


@pytest.mark.parametrize("flaw", ["expired", "not-yet-valid", "wrong-usage", "unknown-issuer",
                                  "forged", "altered", "wrong-eui64", "no-role", "no-policy"])
def test_a_wrong_certificate_is_refused_and_logged(holder: CredentialParties, flaw: str) -> None:
    answer = read(holder, flaw)
    assert (answer.response, answer.alerts) == (None, ())
    assert holder.codes("security") == [0x8F53]


@pytest.mark.parametrize("role", [1, 4, 5, 6])
def test_no_party_of_the_infrastructure_reads_for_itself(
    holder: CredentialParties, role: int,
) -> None:
    assert read(holder, role=role).response is None


def test_the_certificate_is_that_of_the_party_named(holder: CredentialParties) -> None:
    assert read(holder, party=bytes(8)).response is None
