"""The emulated meter's own keys: request, certificate, change-over (R-SEC-07)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from credential_parties import CredentialParties
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.gbcs.keys import Usage
from bench.protocols.gbcs.protection import State, check
from devices import pki

USAGES = {"ds": "digitalSignature", "ka": "keyAgreement"}


def requested(holder: CredentialParties, kind: str = "ds") -> bytes:
    """Have the meter make a key pair; return its request for a certificate."""
    answer = holder.ask(0x000A, "supplier", {"keyUsage": [USAGES[kind]]})
    assert answer.accepted
    return bytes.fromhex(answer.content["certificationRequest"])


def install(holder: CredentialParties, csr: bytes, flaw: str = "", **issued: str) -> str:
    """Bring the certificate for a request; return the result."""
    der = pki.issue_device(holder.folder, csr, flaw=flaw, seed="tests", **issued)
    result: str = holder.ask(0x000B, "supplier", der).content
    if result == "success":
        certificate = x509.load_der_x509_certificate(der)
        usage = Usage.KEY_AGREEMENT if certificate.extensions.get_extension_for_class(
            x509.KeyUsage).value.key_agreement else Usage.DIGITAL_SIGNATURE
        renewed(holder, usage, certificate)
    return result


def renewed(holder: CredentialParties, usage: Usage, certificate: x509.Certificate) -> None:
    """Know the meter by its new certificate only: no private key of it is left with us."""
    from bench.protocols.gbcs.keys import KeyStore
    fresh = KeyStore()
    for party in holder.keys.parties():
        for one in Usage:
            held = holder.keys.certificate(party, one)
            private = holder.keys.private_key(party, one)
            if party == holder.device:
                private = None
                held = certificate if one is usage else held
            if held is not None:
                fresh.add(party, one, certificate=held, private_key=private)
    holder.keys = fresh


def provided(holder: CredentialParties, kind: str) -> bytes:
    answer = holder.ask(0x000C, "supplier", {"keyUsage": [USAGES[kind]]})
    return bytes.fromhex(answer.content["certificate"])


@pytest.mark.parametrize("kind", USAGES)
def test_a_request_is_signed_by_a_new_key_and_names_the_meter(
    holder: CredentialParties, kind: str,
) -> None:
    csr = x509.load_der_x509_csr(requested(holder, kind))
    assert csr.is_signature_valid
    key = csr.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    old = holder.keys.public_key(holder.device, Usage(kind))
    assert old is not None
    assert key.public_numbers() != old.public_numbers()
    usage = csr.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_agreement) == (kind == "ds", kind == "ka")


def test_requests_are_the_same_each_time_with_the_same_seed(
    parties: Callable[..., CredentialParties],
) -> None:
    one, again, other = parties(seed=3), parties(seed=3), parties(seed=4)
    first = requested(one)
    assert requested(again) == first
    assert requested(other) != first
    assert requested(one) != first


@pytest.mark.parametrize("kind", USAGES)
def test_a_new_key_takes_the_place_of_the_old_one(holder: CredentialParties, kind: str) -> None:
    before = provided(holder, kind)
    assert install(holder, requested(holder, kind)) == "success"
    assert provided(holder, kind) != before
    assert 0x8F70 in holder.codes("security")
    assert holder.send("ECS43").accepted
    assert holder.send("ECS17b").accepted


def test_the_old_signing_key_is_gone_from_the_answer_to_the_change_on(
    holder: CredentialParties,
) -> None:
    old = holder.keys
    csr = requested(holder)
    message = holder.credential(0x000B, "supplier",
                                pki.issue_device(holder.folder, csr, seed="tests"))
    answers = [holder.exchange(message.encode()).response]
    certificate = x509.load_der_x509_certificate(
        pki.issue_device(holder.folder, csr, seed="tests"))
    answers.append(holder.send("ECS43").response)
    for answer in answers:
        assert answer is not None
        assert check(answer, old).signature is State.INVALID
    renewed(holder, Usage.DIGITAL_SIGNATURE, certificate)
    for answer in answers:
        assert answer is not None
        assert check(answer, holder.keys).accepted


def test_a_mac_made_with_the_old_agreement_key_is_refused(holder: CredentialParties) -> None:
    stale = holder.command("ECS45", counter=1 << 20).encode()
    assert install(holder, requested(holder, "ka")) == "success"
    assert holder.exchange(stale).alert_codes == [0x8F3D]
    assert holder.send("ECS45").codes == (0,)


@pytest.mark.parametrize(("flaw", "result"), [
    ("altered", "invalidCertificate"), ("unknown-issuer", "invalidCertificate"),
    ("forged", "invalidCertificate"), ("not-yet-valid", "invalidCertificate"),
    ("no-policy", "invalidCertificate"), ("wrong-curve", "invalidCertificate"),
    ("finite", "invalidCertificate"),
    ("wrong-eui64", "wrongDeviceIdentity"), ("short-eui64", "wrongDeviceIdentity"),
    ("no-alternative-name", "wrongDeviceIdentity"),
    ("several-usages", "invalidKeyUsage"),
    ("wrong-usage", "noCorrespondingKeyPairGenerated"), ("wrong-key", "wrongPublicKey")])
def test_a_wrong_device_certificate_is_named_and_changes_nothing(
    holder: CredentialParties, flaw: str, result: str,
) -> None:
    before = provided(holder, "ds")
    csr = requested(holder)
    assert install(holder, csr, flaw) == result
    assert provided(holder, "ds") == before
    assert 0x8F70 not in holder.codes("security")
    assert install(holder, csr) == "success"


def test_a_certificate_that_nobody_asked_for_is_refused(holder: CredentialParties) -> None:
    csr = requested(holder)
    assert install(holder, csr) == "success"
    assert install(holder, csr) == "noCorrespondingKeyPairGenerated"
    assert install(holder, csr, usage="ka") == "noCorrespondingKeyPairGenerated"


def test_a_later_request_displaces_an_earlier_one(holder: CredentialParties) -> None:
    first, second = requested(holder), requested(holder)
    assert install(holder, first) == "wrongPublicKey"
    assert install(holder, second) == "success"


@pytest.mark.parametrize("usage", [[], ["keyCertSign"], ["digitalSignature", "keyAgreement"]])
def test_a_usage_that_a_meter_has_no_key_for_is_refused(
    holder: CredentialParties, usage: list[str],
) -> None:
    for code in (0x000A, 0x000C):
        assert holder.ask(code, "supplier", {"keyUsage": usage}).content == {
            "responseCode": "invalidKeyUsage"}


def test_only_the_supplier_renews_and_reads_the_meters_own_keys(holder: CredentialParties) -> None:
    csr = requested(holder)
    certificate = pki.issue_device(holder.folder, csr, seed="tests")
    for role in ("network_operator", "access_control_broker", "recovery",
                 "transitional_change_of_supplier", "load_controller"):
        for code, value in ((0x000A, {"keyUsage": ["digitalSignature"]}), (0x000B, certificate),
                            (0x000C, {"keyUsage": ["digitalSignature"]})):
            answer = holder.ask(code, role, value)
            assert (answer.response, answer.alert_codes[0]) == (None, 0x8F30)
    assert install(holder, csr) == "success"


def test_a_pending_key_lasts_over_a_loss_of_mains(holder: CredentialParties) -> None:
    csr = requested(holder)
    holder.meter.mains_off()
    holder.meter.mains_on()
    holder.drained()
    assert install(holder, csr) == "success"
    holder.meter.mains_off()
    holder.meter.mains_on()
    holder.drained()
    assert holder.send("ECS43").accepted
