"""Signatures with a flaw are what they say, and none of them is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from dlms_parties import CLIENT_TITLE, SERVER_TITLE, made_up, sides

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security import hls, signature_mutation
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import SecurityError
from bench.protocols.dlms.security.suites import SUITES

OURS, THEIRS = made_up("ours", 32), made_up("theirs", 48)
OCTETS = {1: 64, 2: 96}
BOTH_SUITES = pytest.mark.parametrize("number", [1, 2])


def is_signed(number: int, signature: bytes, text: bytes) -> bool:
    """Return whether the client's key made a signature over a text, by ``cryptography`` alone."""
    key = sides(number)[0].signing
    assert key is not None
    half = len(signature) // 2
    algorithm = ec.ECDSA(hashes.SHA256() if number == 1 else hashes.SHA384())
    try:
        key.public_key().verify(encode_dss_signature(
            int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")),
            text, algorithm)
    except InvalidSignature:
        return False
    return True


@BOTH_SUITES
def test_the_right_answer_signs_titles_and_challenges_in_the_order_of_who_answers(
        number: int) -> None:
    client, server = sides(number)
    answer = hls.answer(Mechanism.ECDSA, client, theirs=THEIRS, ours=OURS)
    assert len(answer) == OCTETS[number] == 2 * SUITES[number].number_octets
    assert is_signed(number, answer, CLIENT_TITLE + SERVER_TITLE + THEIRS + OURS)
    hls.check_answer(Mechanism.ECDSA, server, answer, theirs=OURS, ours=THEIRS)


@BOTH_SUITES
@pytest.mark.parametrize("name", signature_mutation.MUTATIONS)
def test_no_signature_with_a_flaw_is_taken(number: int, name: str) -> None:
    client, server = sides(number)
    answer = signature_mutation.mutate(client, name, theirs=THEIRS, ours=OURS)
    with pytest.raises(SecurityError, match="answer to the challenge by ECDSA"):
        hls.check_answer(Mechanism.ECDSA, server, answer, theirs=OURS, ours=THEIRS)


@BOTH_SUITES
@pytest.mark.parametrize(("name", "text"), [
    ("challenges-swapped", CLIENT_TITLE + SERVER_TITLE + OURS + THEIRS),
    ("titles-absent", THEIRS + OURS)])
def test_a_signature_over_something_else_is_a_right_one_of_that(
        number: int, name: str, text: bytes) -> None:
    answer = signature_mutation.mutate(sides(number)[0], name, theirs=THEIRS, ours=OURS)
    assert is_signed(number, answer, text)


@BOTH_SUITES
@pytest.mark.parametrize(("name", "longer"), [
    ("altered", 0), ("other-key", 0), ("zeros", 0), ("cut", -1), ("extended", 1)])
def test_lengths_are_those_of_the_suite_but_where_the_length_is_the_flaw(
        number: int, name: str, longer: int) -> None:
    answer = signature_mutation.mutate(sides(number)[0], name, theirs=THEIRS, ours=OURS)
    assert len(answer) == OCTETS[number] + longer


@BOTH_SUITES
def test_a_stranger_has_a_key_of_the_suite_and_a_certificate_in_the_client_s_name(
        number: int) -> None:
    client = sides(number)[0]
    found = signature_mutation.stranger(client)
    assert found.certificate is not None
    certificate = x509.load_der_x509_certificate(found.certificate)
    assert found.signing is not None
    assert found.signing is not client.signing
    assert certificate.public_key() == found.signing.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == f"CN={CLIENT_TITLE.hex().upper()}"


def test_a_flaw_needs_a_name_and_a_key() -> None:
    client = sides(1)[0]
    with pytest.raises(LocalProtocolError, match="no mutation 'odd'"):
        signature_mutation.mutate(client, "odd", theirs=THEIRS, ours=OURS)
    with pytest.raises(LocalProtocolError, match="no private key to sign with"):
        signature_mutation.stranger(replace(client, signing=None))
    with pytest.raises(LocalProtocolError, match="no private key to sign with"):
        signature_mutation.mutate(replace(client, signing=None), "zeros", theirs=THEIRS, ours=OURS)
