"""Each defect of the security domain shows as it is described, and only with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from credential_parties import MODE_NAMES, CredentialParties, cell
from test_esme_device_keys import install, provided, requested
from test_esme_further_parties import STRANGER, read
from test_esme_trust_anchors import GAINING, later

from bench.protocols import plain_ecdsa
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import Usage
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.mutation import mutate
from bench.protocols.gbcs.protection import Rule, protect_by

Probe = Callable[[CredentialParties], Any]

SUPPLIER, ACB = "supplier", "access_control_broker"


def executed(answer: Any) -> bool:
    return answer.response is not None


# -- who may replace ---------------------------------------------------------------------------


def by(code: int, target: str, role: str) -> Probe:
    """Replace the cells of ``target`` by a party that has no right to; tell whether it went."""
    def probe(parties: CredentialParties) -> Any:
        replacements = parties.replacements(target)
        signing = {0x0108: "recovery", 0x0109: "recovery"}.get(code)
        value = parties.update_value(code, role, replacements, counter=9000)
        message = parties.credential(code, role, value, counter=9000)
        if signing:
            message = protect_by(message, parties.keys, Rule(signature=True, mac=False))
        answer = parties.exchange(message.encode())
        return executed(answer)
    return probe


def wrong_root(parties: CredentialParties) -> Any:
    replacement = {"replacementCertificate": parties.path[0],
                   "targetTrustAnchorCell": cell("root") | {
                       "trustAnchorCellKeyUsage": ["keyCertSign"]}}
    return executed(parties.update(0x0100, "network_operator", [replacement]))


def other_mode(parties: CredentialParties) -> Any:
    answer = parties.update(0x0102, SUPPLIER, parties.replacements("network_operator"),
                            credentialsReplacementMode=MODE_NAMES[0x0108])
    return parties.statuses(answer) if executed(answer) else answer.alert_codes


def other_cell(parties: CredentialParties) -> Any:
    return parties.statuses(
        parties.update(0x0102, SUPPLIER, parties.replacements("network_operator")))


# -- what may replace --------------------------------------------------------------------------


def flawed(flaw: str) -> Probe:
    def probe(parties: CredentialParties) -> Any:
        replacements = [*parties.replacements(SUPPLIER, kinds=("ds", "pp")),
                        *parties.replacements(SUPPLIER, flaw=flaw, kinds=("ka",))]
        before = parties.key_identifiers(SUPPLIER)[1]
        status = parties.statuses(parties.update(0x0102, SUPPLIER, replacements))[2]
        return status, parties.key_identifiers(SUPPLIER)[1] != before
    return probe


def mixed(parties: CredentialParties) -> Any:
    replacements = [*parties.replacements(SUPPLIER, GAINING, kinds=("ds", "pp")),
                    *parties.replacements(SUPPLIER, kinds=("ka",))]
    return parties.statuses(parties.update(0x0102, SUPPLIER, replacements))


def failing(parties: CredentialParties) -> Any:
    before = parties.key_identifiers(SUPPLIER)
    answer = parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER, flaw="expired"))
    return parties.statuses(answer)[0], parties.key_identifiers(SUPPLIER) != before


def renewal(parties: CredentialParties) -> Any:
    before = parties.key_identifiers(SUPPLIER)
    answer = parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER))
    changed = parties.key_identifiers(SUPPLIER) != before
    return parties.statuses(answer)[0], changed


def logged(parties: CredentialParties) -> Any:
    parties.update(0x0103, "network_operator", parties.replacements("network_operator"))
    return parties.codes("security")


def shown(parties: CredentialParties) -> Any:
    held = parties.keys.certificate(parties.parties["recovery"], Usage.DIGITAL_SIGNATURE)
    from devices.emulators.gbcs.trust_anchors import key_identifier
    assert held
    return parties.key_identifiers("recovery") == [key_identifier(held).hex().upper()]


def handed_over(parties: CredentialParties, floor: int = 0) -> None:
    parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER, GAINING),
                   newRemotePartyFloorSeqNumber=floor)
    parties.adopt()


def outage(parties: CredentialParties) -> None:
    parties.meter.mains_off()
    parties.meter.mains_on()
    with suppress(KeyError):
        parties.drained()


def holder_after_outage(parties: CredentialParties) -> Any:
    handed_over(parties)
    outage(parties)
    return parties.holder(SUPPLIER)


def old_party(parties: CredentialParties) -> Any:
    handed_over(parties)
    return executed(parties.send("ECS43")), executed(parties.send("ECS45"))


def new_party(parties: CredentialParties) -> Any:
    handed_over(parties)
    return executed(parties.send("ECS43", GAINING))


def old_key(parties: CredentialParties) -> Any:
    parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER))
    return executed(parties.send("ECS43"))


def alerted(parties: CredentialParties) -> Any:
    handed_over(parties)
    parties.meter.interfere("terminal_cover")
    return sorted({alert.to for alert in parties.drained()} - {"network_operator"})


def dated(parties: CredentialParties) -> Any:
    parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER, GAINING), at=later(2))
    return parties.holder(SUPPLIER)


def taken_back(parties: CredentialParties) -> Any:
    replacements = parties.replacements(SUPPLIER, GAINING)
    parties.update(0x0102, SUPPLIER, replacements, at=later(2))
    parties.update(0x0102, SUPPLIER, replacements, at="9999-12-31T23:59:59Z")
    parties.meter.advance(3 * 3600)
    return parties.holder(SUPPLIER)


def outcome(flaw: str = "", *, interrupted: bool = False) -> Probe:
    def probe(parties: CredentialParties) -> Any:
        parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER, flaw=flaw), at=later(2))
        if interrupted:
            outage(parties)
        parties.meter.advance(3 * 3600)
        return [alert.code for alert in parties.drained() if alert.message_code == 0x00CB]
    return probe


# -- counters ----------------------------------------------------------------------------------


def floor(parties: CredentialParties) -> Any:
    handed_over(parties, floor=50_000)
    return executed(parties.send("ECS43", GAINING, counter=40_000))


def renewed_counter(parties: CredentialParties) -> Any:
    parties.send("ECS43", counter=9000)
    parties.update(0x0102, SUPPLIER, parties.replacements(SUPPLIER))
    parties.adopt()
    return executed(parties.send("ECS43", counter=8000))


def interleaved(parties: CredentialParties) -> Any:
    seen = []
    for step in range(2):
        seen.append(executed(parties.send("ECS43", counter=9000 + step)))
        seen.append(executed(parties.send("ECS37", "network_operator", counter=10 + step)))
    return seen


def far_ahead(parties: CredentialParties) -> Any:
    parties.send("ECS43", counter=9000)
    return executed(parties.send("ECS43", counter=1 << 62))


def counter_after_outage(parties: CredentialParties) -> Any:
    parties.send("ECS43", counter=9000)
    outage(parties)
    return executed(parties.send("ECS43", counter=9000))


# -- the device's own keys ---------------------------------------------------------------------


def fresh_request(parties: CredentialParties) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    key = x509.load_der_x509_csr(requested(parties)).public_key()
    old = parties.keys.public_key(parties.device, Usage.DIGITAL_SIGNATURE)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert old
    return key.public_numbers() == old.public_numbers()


def key_after_outage(parties: CredentialParties) -> Any:
    csr = requested(parties)
    outage(parties)
    return install(parties, csr)


def device_certificate(flaw: str, **issued: str) -> Probe:
    return lambda parties: install(parties, requested(parties), flaw, **issued)


def unasked(parties: CredentialParties) -> Any:
    csr = requested(parties)
    install(parties, csr)
    return install(parties, csr)


def installed_logged(parties: CredentialParties) -> Any:
    install(parties, requested(parties))
    return parties.codes("security")


def new_signature(parties: CredentialParties) -> Any:
    install(parties, requested(parties))
    return parties.send("ECS43").accepted


def shown_certificate(parties: CredentialParties) -> Any:
    before = provided(parties, "ds")
    install(parties, requested(parties))
    return provided(parties, "ds") != before


# -- supplementary parties ---------------------------------------------------------------------


def further(flaw: str = "", **more: Any) -> Probe:
    return lambda parties: executed(read(parties, flaw, **more))


# -- protection --------------------------------------------------------------------------------


def unsigned(parties: CredentialParties) -> Any:
    message = protect_by(parties.command("ECS43"), parties.keys, Rule(signature=False, mac=True))
    return executed(parties.exchange(message.encode()))


def without_mac(parties: CredentialParties) -> Any:
    message = protect_by(parties.command("ECS43"), parties.keys, Rule(signature=True, mac=False))
    return executed(parties.exchange(message.encode()))


def short_mac(parties: CredentialParties) -> Any:
    octets = parties.command("ECS45").encode()
    whole = mutate(octets, "mac-truncate")
    length = len(octets) - len(octets[:7]) - 1  # one octet of length, as in each short message
    assert octets[7] == length < 0x80
    mended = octets[:7] + bytes((length - 4,)) + octets[8:-4]
    return executed(parties.exchange(whole)), executed(parties.exchange(mended))


def resigned(parties: CredentialParties, message: Message, octets: bytes, role: str) -> Message:
    """Return ``message`` with the signature of ``role`` over ``octets``, and a right MAC."""
    key = parties.keys.private_key(parties.parties[role], Usage.DIGITAL_SIGNATURE)
    assert key
    signed = replace(message, signature=plain_ecdsa.sign(octets, key), mac=bytes(12))
    secret = parties.keys.shared_secret(parties.parties[ACB], parties.device)
    assert secret
    derived = protection.derive_key(secret, signed.originator, signed.cra,
                                    signed.originator_counter, signed.recipient)
    return replace(signed, mac=protection.mac_tag(derived, signed.originator, signed.mac_octets))


def over_payload(parties: CredentialParties) -> Any:
    message = parties.command("ECS43")
    octets = resigned(parties, message, message.payload, SUPPLIER).encode()
    return executed(parties.exchange(octets))


def by_another(parties: CredentialParties) -> Any:
    message = parties.command("ECS43")
    octets = resigned(parties, message, message.signed_octets, "network_operator").encode()
    return executed(parties.exchange(octets))


def altered_information(parties: CredentialParties) -> Any:
    message = parties.command("ECS10")
    return [executed(parties.exchange(replace(message, **change).encode())) for change in (
        {"message_code": 0x0022}, {"supplementary_remote_party": STRANGER})]


def response_as_command(parties: CredentialParties) -> Any:
    octets = mutate(parties.command("ECS43"), "cra-response-resealed", keys=parties.keys)
    return executed(parties.exchange(octets))


# -- structure ---------------------------------------------------------------------------------


def nested(parties: CredentialParties) -> Any:
    parties.send("ECS10", payload=b"\xd9\x20\0\0\1\0\1\0" + b"\x02\x01" * 100 + b"\0")
    return executed(parties.send("ECS45"))


def nested_der(parties: CredentialParties) -> Any:
    payload = b"\x30\x00"
    for _ in range(100):
        head = bytes((0x30, len(payload))) if len(payload) < 0x80 else (
            bytes((0x30, 0x82)) + len(payload).to_bytes(2, "big"))
        payload = head + payload
    known = parties.credential(0x000A, SUPPLIER, {"keyUsage": ["digitalSignature"]})
    message = protection.protect(replace(known, payload=payload), parties.keys, "SME.C.C")
    parties.exchange(message.encode())
    return executed(parties.send("ECS45"))


def after_malformed(parties: CredentialParties) -> Any:
    parties.exchange(b"\0")
    return executed(parties.send("ECS45"))


def setting(parties: CredentialParties) -> Any:
    before = parties.send("ECS26c").values
    parties.exchange(b"\0")
    return parties.send("ECS26c").values == before


def first_burst(parties: CredentialParties) -> Any:
    return parties.exchange(b"\0").alert_codes


def _cases() -> Iterator[tuple[str, Probe, Any, Any]]:
    """Yield defect, probe, and what it sees in a right meter and in one with the defect."""
    for code, target, role, name in (
        (0x0102, SUPPLIER, "network_operator", "supplier-replaced-by-anybody"),
        (0x0103, "network_operator", SUPPLIER, "network-operator-replaced-by-anybody"),
        (0x0104, ACB, SUPPLIER, "access-control-broker-replaced-by-anybody"),
        (0x0106, "transitional_change_of_supplier", SUPPLIER,
         "transitional-change-of-supplier-replaced-by-anybody"),
        (0x0107, SUPPLIER, "network_operator", "change-of-supplier-by-anybody"),
        (0x0108, SUPPLIER, "network_operator", "recovery-by-anybody"),
        (0x0109, SUPPLIER, SUPPLIER, "contingency-by-anybody"),
        (0x0125, "load_controller", "network_operator", "load-controller-replaced-by-anybody"),
        (0x0126, "load_controller", "network_operator", "load-controller-replaced-by-anybody"),
    ):
        yield name, by(code, target, role), False, True
    yield "root-replaced-by-anybody", wrong_root, False, True
    yield "replacement-mode-not-checked", other_mode, [0x8F1E], ["success"] * 2
    yield "cell-of-another-role-replaced", other_cell, ["other"] * 2, ["success"] * 2
    for flaw, status, name in (
        ("unknown-issuer", "noTrustAnchor", "certificate-of-unknown-issuer-accepted"),
        ("altered", "badCertificate", "altered-certificate-accepted"),
        ("forged", "badCertificate", "altered-certificate-accepted"),
        ("expired", "badCertificate", "expired-certificate-accepted"),
        ("not-yet-valid", "badCertificate", "not-yet-valid-certificate-accepted"),
        ("wrong-usage", "badCertificate", "certificate-of-wrong-usage-accepted"),
        ("wrong-role", "badCertificate", "certificate-of-wrong-role-accepted"),
        ("no-policy", "badCertificate", "certificate-profile-not-checked"),
    ):
        yield name, flawed(flaw), (status, False), ("success", True)
    yield "party-mismatch-accepted", mixed, ["badCertificate"] * 3, ["success"] * 3
    yield "failed-cell-replaced", failing, ("badCertificate", False), ("badCertificate", True)
    yield "cell-result-success-always", failing, ("badCertificate", False), ("success", False)
    yield "credentials-update-without-effect", renewal, ("success", True), ("success", False)
    yield "credentials-update-not-logged", logged, [0x8F70], []
    yield "credential-details-wrong", shown, True, False
    yield "credentials-lost-over-outage", holder_after_outage, GAINING, SUPPLIER
    yield "old-party-still-accepted", old_party, (False, False), (True, True)
    yield "old-party-still-accepted", old_key, False, True
    yield "new-party-not-accepted", new_party, True, False
    yield "alerts-to-the-old-party", alerted, [GAINING], [SUPPLIER]
    yield "execution-date-ignored", dated, SUPPLIER, GAINING
    yield "cancellation-ignored", taken_back, SUPPLIER, GAINING
    yield "outcome-alert-missing", outcome(), [0x8F66], []
    yield "outcome-alert-success-always", outcome("expired"), [0x8F67], [0x8F66]
    yield "pending-update-lost-over-outage", outcome(interrupted=True), [0x8F66], []
    yield "floor-counter-ignored", floor, False, True
    yield "counters-reset-by-replacement", renewed_counter, False, True
    yield "counters-shared-between-parties", interleaved, [True] * 4, [True, False] * 2
    yield "counter-far-ahead-refused", far_ahead, True, False
    yield "counter-lost-over-outage", counter_after_outage, False, True
    yield "request-for-the-old-key", fresh_request, False, True
    yield "pending-key-lost-over-outage", key_after_outage, "success", \
        "noCorrespondingKeyPairGenerated"
    for flaw, result, name in (
        ("altered", "invalidCertificate", "invalid-device-certificate-accepted"),
        ("unknown-issuer", "invalidCertificate", "invalid-device-certificate-accepted"),
        ("wrong-eui64", "wrongDeviceIdentity", "device-certificate-of-another-device-accepted"),
        ("several-usages", "invalidKeyUsage", "device-certificate-of-wrong-usage-accepted"),
        ("wrong-usage", "noCorrespondingKeyPairGenerated",
         "device-certificate-of-wrong-usage-accepted"),
        ("wrong-key", "wrongPublicKey", "device-certificate-of-another-key-accepted"),
        ("wrong-key", "wrongPublicKey", "device-certificate-result-success-always"),
    ):
        yield name, device_certificate(flaw), result, "success"
    yield "device-certificate-without-request-accepted", unasked, \
        "noCorrespondingKeyPairGenerated", "success"
    yield "device-certificate-update-not-logged", installed_logged, [0x8F70], []
    yield "old-device-key-still-used", new_signature, True, False
    yield "old-device-certificate-provided", shown_certificate, True, False
    for flaw, name in (
        ("unknown-issuer", "further-party-of-unknown-issuer-accepted"),
        ("altered", "further-party-certificate-altered-accepted"),
        ("expired", "further-party-certificate-expired-accepted"),
        ("not-yet-valid", "further-party-certificate-not-yet-valid-accepted"),
        ("wrong-usage", "further-party-certificate-of-wrong-usage-accepted"),
        ("wrong-eui64", "further-party-mismatch-accepted"),
    ):
        yield name, further(flaw), False, True
    yield "further-party-certificate-of-wrong-role-accepted", further(role=4), False, True
    yield "further-party-mismatch-accepted", further(party=bytes(8)), False, True
    yield "unsigned-critical-command-accepted", unsigned, False, True
    yield "missing-mac-accepted", without_mac, False, True
    yield "truncated-mac-accepted", short_mac, (False, False), (True, True)
    yield "signature-over-payload-accepted", over_payload, False, True
    yield "signature-of-another-party-accepted", by_another, False, True
    yield "other-information-not-authenticated", altered_information, [False] * 2, [True] * 2
    yield "response-accepted-as-command", response_as_command, False, True
    yield "silent-after-deep-nesting", nested, True, False
    yield "silent-after-deep-nesting", nested_der, True, False
    yield "silent-after-malformed-message", after_malformed, True, False
    yield "malformed-message-changes-setting", setting, True, False
    yield "burst-threshold-ignored", first_burst, [0x8F1E], [0x8F1E, 0x8F60]


CASES = list(_cases())


@pytest.mark.parametrize(("name", "probe", "right", "wrong"), CASES,
                         ids=[f"{name}-{number}" for number, (name, *_) in enumerate(CASES)])
def test_a_defect_shows_as_described_and_a_right_meter_does_not(
    parties: Callable[..., CredentialParties], name: str, probe: Probe, right: Any, wrong: Any,
) -> None:
    assert probe(parties()) == right
    assert probe(parties(faults=[name])) == wrong
