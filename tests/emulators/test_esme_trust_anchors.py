"""Trust anchors of the emulated meter: reading, replacing, who may, what follows (R-SEC-06)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from credential_parties import ALL_CELLS, ROOT_CELL, CredentialParties, cell
from cryptography.hazmat.primitives.serialization import Encoding
from remote_parties import START

from bench.protocols.gbcs.keys import Usage
from bench.protocols.gbcs.protection import Rule, protect_by
from devices import pki
from devices.pki_certificates import SIGNING, Draft, Issuer, Keys, authority_name, load_issuer

FORMAT, AUTHENTICATION, AUTHORITY, OTHER = 0x8F1E, 0x8F3D, 0x8F30, 0x8F53
GAINING = "second_supplier"


def hand_over(parties: CredentialParties, **control: object) -> None:
    """Have the supplier hand its cells to the gaining supplier, which then uses its new keys."""
    answer = parties.update(0x0102, "supplier", parties.replacements("supplier", GAINING),
                            newRemotePartyFloorSeqNumber=0, **control)
    assert parties.statuses(answer) == ["success"] * 3
    parties.adopt()


def test_the_details_name_party_and_key_of_each_cell(holder: CredentialParties) -> None:
    supplier, wan, root = holder.details("supplier", "wan_provider", "root")
    assert supplier["statusCode"] == "success"
    assert supplier["currentSeqNumber"] == 0
    assert [(one["trustAnchorCellKeyUsage"], one["trustAnchorCellUsage"],
             one["existingSubjectUniqueID"])
            for one in supplier["trustAnchorCellsDetails"]] == [
        (["digitalSignature"], "management", "0200000000000002"),
        (["keyAgreement"], "management", "0200000000000002"),
        (["keyAgreement"], "prePaymentTopUp", "0200000000000002")]
    assert wan == {"remotePartyRole": "wanProvider", "statusCode": "trustAnchorNotFound"}
    assert root["trustAnchorCellsDetails"][0]["existingSubjectUniqueID"] == "00" * 8


@pytest.mark.parametrize("role", ["supplier", "network_operator", "access_control_broker",
                                  "transitional_change_of_supplier"])
def test_those_who_may_read_the_details_get_them_protected(
    holder: CredentialParties, role: str,
) -> None:
    value = {"authorisingRemotePartyTACellIdentifier": cell(role),
             "remotePartyRolesCredentialsRequired": ["supplier"]}
    answer = holder.ask(0x0008, role, value)
    assert answer.accepted
    assert answer.response is not None
    signed = role == "transitional_change_of_supplier"
    assert bool(answer.response.signature) == signed
    assert (answer.response.mac is None) == signed


@pytest.mark.parametrize(("role", "signed", "answered"), [
    ("access_control_broker", True, False), ("access_control_broker", False, True),
    ("transitional_change_of_supplier", True, True),
    ("transitional_change_of_supplier", False, False),
    ("supplier", True, True), ("supplier", False, True)])
def test_who_makes_a_mac_for_the_details_and_who_signs(
    holder: CredentialParties, role: str, signed: bool, answered: bool,
) -> None:
    message = holder.credential(0x0008, role, {
        "authorisingRemotePartyTACellIdentifier": cell(role),
        "remotePartyRolesCredentialsRequired": ["supplier"]})
    sent = protect_by(message, holder.keys, Rule(signature=signed, mac=not signed))
    answer = holder.exchange(sent.encode())
    assert (answer.response is not None) == answered
    assert answer.accepted
    assert answer.alert_codes == ([] if answered else [AUTHENTICATION])


def test_a_supplier_hands_over_to_another(holder: CredentialParties) -> None:
    answer = holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING),
                           newRemotePartyFloorSeqNumber=500)
    assert answer.accepted
    outcome = answer.content["executionOutcome"]
    assert outcome["remotePartySeqNumberChanges"] == [
        {"otherRemotePartyRole": "supplier", "otherRemotePartyFloorSeqNumber": 500}]
    assert [(one["existingSubjectUniqueID"], one["replacingSubjectUniqueID"])
            for one in outcome["replacementOutcomes"]] == [("0200000000000002",
                                                            "0200000000000102")] * 3
    assert holder.holder("supplier") == GAINING
    assert holder.codes_by(GAINING) == [0x8F70]


def test_the_old_party_is_a_stranger_then_and_the_new_one_is_served(
    holder: CredentialParties,
) -> None:
    hand_over(holder)
    assert holder.send("ECS43").alert_codes == [AUTHENTICATION]
    assert holder.send("ECS43", GAINING).codes == (0,)
    assert holder.send("ECS17b", GAINING).accepted


def test_alerts_go_to_the_new_party(holder: CredentialParties) -> None:
    hand_over(holder)
    holder.meter.interfere("terminal_cover")
    holder.meter.end_interference("terminal_cover")
    alerts = holder.drained()
    assert GAINING in {alert.to for alert in alerts}
    assert "supplier" not in {alert.to for alert in alerts}
    assert all(alert.accepted for alert in alerts)


def test_a_renewed_key_replaces_the_old_one_of_the_same_party(holder: CredentialParties) -> None:
    before = holder.key_identifiers("supplier")
    holder.update(0x0102, "supplier", holder.replacements("supplier"))
    assert holder.key_identifiers("supplier") != before
    assert holder.send("ECS43").alert_codes == [AUTHENTICATION]
    holder.adopt()
    assert holder.send("ECS43").codes == (0,)


def test_the_floor_holds_for_the_new_party(holder: CredentialParties) -> None:
    holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING),
                  newRemotePartyFloorSeqNumber=5000)
    holder.adopt()
    assert holder.send("ECS43", GAINING, counter=5000).response is None
    assert holder.send("ECS43", GAINING, counter=5001).codes == (0,)
    assert holder.details("supplier", of="access_control_broker")[0]["currentSeqNumber"] == 5000


def test_a_party_that_renews_its_keys_cannot_lower_its_counters(holder: CredentialParties) -> None:
    holder.send("ECS43", counter=9000)
    holder.update(0x0102, "supplier", holder.replacements("supplier"),
                  newRemotePartyFloorSeqNumber=0)
    holder.adopt()
    assert holder.send("ECS43", counter=8000).response is None
    assert holder.send("ECS43", counter=9001).codes == (0,)


def test_a_floor_outlasts_a_renewal_that_brings_none(holder: CredentialParties) -> None:
    holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING),
                  newRemotePartyFloorSeqNumber=5000)
    holder.adopt()
    value = holder.update_value(0x0102, "supplier", holder.replacements("supplier", GAINING),
                                counter=6000)
    assert holder.ask(0x0102, GAINING, value, counter=6000).response is not None
    assert holder.details("supplier", of="access_control_broker")[0]["currentSeqNumber"] == 5000


def test_a_new_party_begins_at_the_floor_whatever_its_forerunner_reached(
    holder: CredentialParties,
) -> None:
    holder.send("ECS43", counter=9000)
    hand_over(holder)
    assert holder.send("ECS43", GAINING, counter=5).codes == (0,)


AUTHORITIES = {
    0x0102: ("supplier", "supplier"), 0x0103: ("network_operator", "network_operator"),
    0x0104: ("access_control_broker", "access_control_broker"),
    0x0106: ("transitional_change_of_supplier", "transitional_change_of_supplier"),
    0x0107: ("transitional_change_of_supplier", "supplier"), 0x0108: ("recovery", "supplier"),
    0x0125: ("load_controller", "load_controller"), 0x0126: ("supplier", "load_controller")}


@pytest.mark.parametrize("code", AUTHORITIES)
def test_each_mode_is_for_its_authority_only(holder: CredentialParties, code: int) -> None:
    right, target = AUTHORITIES[code]
    before = holder.key_identifiers(target)
    for role in ALL_CELLS:
        if role == right or (role == "access_control_broker" and code == 0x0104):
            continue
        answer = holder.update(code, role, holder.replacements(target))
        assert answer.response is None
        assert answer.alert_codes == [AUTHORITY]
    assert holder.key_identifiers(target) == before
    holder.pending.clear()
    answer = holder.update(code, right, holder.replacements(target))
    assert set(holder.statuses(answer)) == {"success"}
    assert answer.accepted
    holder.adopt()
    assert holder.key_identifiers(target) != before


def test_replacements_for_the_hub_or_by_contingency_are_refused(holder: CredentialParties) -> None:
    for code, alert in ((0x0101, FORMAT), (0x0105, FORMAT), (0x0109, AUTHORITY)):
        answer = holder.update(code, "supplier", holder.replacements("supplier"))
        assert (answer.response, answer.alert_codes) == (None, [alert])


def test_a_change_of_supplier_sets_the_suppliers_counter(holder: CredentialParties) -> None:
    answer = holder.update(
        0x0107, "transitional_change_of_supplier", holder.replacements("supplier", GAINING),
        otherRemotePartySeqNumberChanges=[
            {"otherRemotePartyRole": "supplier", "otherRemotePartyFloorSeqNumber": 70,
             "newRemotePartySpecialistFloorSeqNumber": [
                 {"seqNumberUsage": "prepaymentTopUp", "seqNumber": 3}]},
            {"otherRemotePartyRole": "networkOperator", "otherRemotePartyFloorSeqNumber": 1 << 40}])
    assert answer.accepted
    assert [change["otherRemotePartyRole"] for change
            in answer.content["executionOutcome"]["remotePartySeqNumberChanges"]] == ["supplier"]
    assert holder.holder("supplier") == GAINING
    assert holder.details("network_operator", of="access_control_broker")[0][
        "currentSeqNumber"] == 0
    holder.adopt()
    assert holder.send("ECS43", GAINING, counter=70).response is None
    assert holder.send("ECS43", GAINING, counter=71).codes == (0,)


@pytest.mark.parametrize(("flaw", "status"), [
    ("expired", "badCertificate"), ("not-yet-valid", "badCertificate"),
    ("wrong-usage", "badCertificate"), ("several-usages", "badCertificate"),
    ("wrong-role", "badCertificate"), ("no-role", "badCertificate"),
    ("unknown-issuer", "noTrustAnchor"), ("forged", "badCertificate"),
    ("altered", "badCertificate"), ("wrong-curve", "badCertificate"),
    ("no-policy", "badCertificate"), ("uncritical-usage", "badCertificate")])
def test_a_wrong_certificate_is_refused_for_its_cell(
    holder: CredentialParties, flaw: str, status: str,
) -> None:
    before = holder.key_identifiers("supplier")
    replacements = [*holder.replacements("supplier", kinds=("ds", "pp")),
                    *holder.replacements("supplier", flaw=flaw, kinds=("ka",))]
    answer = holder.update(0x0102, "supplier", replacements)
    assert holder.statuses(answer) == ["success", "success", status]
    failed = answer.content["executionOutcome"]["replacementOutcomes"][2]
    assert failed["existingSubjectKeyIdentifier"] == failed["replacingSubjectKeyIdentifier"]
    after = holder.key_identifiers("supplier")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, False]
    assert 0x8F70 in [code for _, code in holder.meter.logs["security"].read(0, 1e12)]


def test_times_are_not_looked_at_where_the_command_says_so(holder: CredentialParties) -> None:
    answer = holder.update(0x0102, "supplier", holder.replacements("supplier", flaw="expired"),
                           applyTimeBasedCPVChecks="disapply")
    assert holder.statuses(answer) == ["success"] * 3


def test_without_the_path_no_certificate_leads_to_the_root(holder: CredentialParties) -> None:
    holder.path = []
    answer = holder.update(0x0102, "supplier", holder.replacements("supplier"))
    assert holder.statuses(answer) == ["noTrustAnchor"] * 3
    assert 0x8F70 not in holder.codes("security")


@pytest.mark.parametrize(("kinds", "status"), [(("ds", "ka"), "other"), (("ds",), "other")])
def test_cells_of_one_role_never_name_two_parties(
    holder: CredentialParties, kinds: tuple[str, ...], status: str,
) -> None:
    answer = holder.update(0x0102, "supplier",
                           holder.replacements("supplier", GAINING, kinds=kinds))
    assert holder.statuses(answer) == [status] * len(kinds)
    assert holder.holder("supplier") == "supplier"


def test_a_set_that_names_two_parties_is_refused(holder: CredentialParties) -> None:
    replacements = [*holder.replacements("supplier", GAINING, kinds=("ds", "pp")),
                    *holder.replacements("supplier", kinds=("ka",))]
    answer = holder.update(0x0102, "supplier", replacements)
    assert holder.statuses(answer) == ["badCertificate"] * 3
    assert holder.holder("supplier") == "supplier"


def test_a_cell_outside_the_mode_or_the_meter_is_refused(holder: CredentialParties) -> None:
    strange = holder.replacements("supplier", kinds=("ds",))[0]
    nowhere = strange | {"targetTrustAnchorCell": cell("wan_provider")}
    others = holder.replacements("network_operator")
    answer = holder.update(0x0102, "supplier", [*others, nowhere, strange, strange])
    assert holder.statuses(answer) == [
        "other", "other", "trustAnchorNotFound", "success", "other"]


def test_a_command_that_contradicts_itself_is_refused(holder: CredentialParties) -> None:
    replacements = holder.replacements("supplier")
    for control, alerts in (
        ({"credentialsReplacementMode": "anyExceptAbnormalRootByRecovery"}, [FORMAT]),
        ({"authorisingRemotePartyTACellIdentifier": cell("recovery")}, [AUTHORITY]),
        ({"authorisingRemotePartySeqNumber": 1}, []),
    ):
        answer = holder.update(0x0102, "supplier", replacements, **control)
        assert (answer.response, answer.alert_codes) == (None, alerts)
    assert [code for code in holder.codes("security") if code != FORMAT] == [OTHER]
    assert holder.holder("supplier") == "supplier"


def test_a_replayed_replacement_is_refused(holder: CredentialParties) -> None:
    value = holder.update_value(0x0103, "network_operator",
                                holder.replacements("network_operator"), counter=50)
    octets = holder.credential(0x0103, "network_operator", value, counter=50).encode()
    assert holder.exchange(octets).response is not None
    holder.adopt()
    assert holder.update(0x0103, "network_operator", holder.replacements("network_operator"),
                         counter=50).response is None


def later(hours: int) -> str:
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def test_a_replacement_waits_for_its_time_and_tells_then(holder: CredentialParties) -> None:
    answer = holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING),
                           at=later(5), newRemotePartyFloorSeqNumber=0)
    assert answer.content == {"commandAccepted": None}
    holder.meter.advance(5 * 3600 - 1)
    assert holder.holder("supplier") == "supplier"
    holder.meter.advance(2)
    (alert,) = holder.drained()
    assert (alert.code, alert.message_code, alert.to, alert.accepted) == (
        0x8F66, 0x00CB, "supplier", True)
    assert alert.content[0]["executionDateTime"] == later(5)
    assert holder.holder("supplier") == GAINING


def test_a_replacement_that_fails_at_its_time_tells_so(holder: CredentialParties) -> None:
    holder.update(0x0102, "supplier", holder.replacements("supplier", flaw="expired"),
                  at=later(1))
    holder.meter.mains_off()
    holder.meter.advance(7200)
    assert holder.meter.drain() == []
    holder.meter.mains_on()
    codes = [alert.code for alert in holder.drained() if alert.message_code == 0x00CB]
    assert codes == [0x8F67]


def test_a_pending_replacement_can_be_taken_back(holder: CredentialParties) -> None:
    holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING), at=later(1))
    holder.update(0x0102, "supplier", holder.replacements("supplier", GAINING),
                  at="9999-12-31T23:59:59Z")
    assert holder.meter.credential_commands.updates.due() == float("inf")
    holder.meter.advance(7200)
    assert holder.drained() == []
    assert holder.holder("supplier") == "supplier"


def test_a_time_in_the_past_means_at_once(holder: CredentialParties) -> None:
    answer = holder.update(0x0102, "supplier", holder.replacements("supplier"), at=later(-1))
    assert holder.statuses(answer) == ["success"] * 3


def test_credentials_last_over_a_loss_of_mains(holder: CredentialParties) -> None:
    hand_over(holder)
    holder.send("ECS43", GAINING, counter=9000)
    holder.meter.mains_off()
    holder.meter.advance(60)
    holder.meter.mains_on()
    holder.drained()
    assert holder.holder("supplier") == GAINING
    assert holder.send("ECS43", GAINING, counter=9000).response is None
    assert holder.send("ECS43", GAINING, counter=9001).codes == (0,)


def new_root(holder: CredentialParties, *, linked: bool) -> bytes:
    """Return a new root, and put the old root's link to it into the path."""
    old = load_issuer(holder.folder / pki.AUTHORITIES / "root")
    keys = Keys("new root")
    new = Issuer(authority_name("00", "Next Root"), keys.new("root"))
    draft = Draft(subject=new.name, public_key=new.key.public_key(), usages=(SIGNING,),
                  issuer=new, serial=keys.serial("root"))
    if linked:
        link = replace(draft, issuer=old, serial=keys.serial("link"))
        holder.path.append(link.sign().public_bytes(Encoding.DER))
    return draft.sign().public_bytes(Encoding.DER)


@pytest.mark.parametrize(("code", "role"), [(0x0100, "supplier"), (0x0108, "recovery")])
@pytest.mark.parametrize("linked", [True, False])
def test_a_new_root_must_be_linked_to_the_old_one(
    holder: CredentialParties, code: int, role: str, linked: bool,
) -> None:
    replacement = {"replacementCertificate": new_root(holder, linked=linked),
                   "targetTrustAnchorCell": ROOT_CELL}
    answer = holder.update(code, role, [replacement])
    assert holder.statuses(answer) == ["success" if linked else "noTrustAnchor"]
    answer = holder.update(0x0103, "network_operator", holder.replacements("network_operator"))
    assert set(holder.statuses(answer)) == {"noTrustAnchor" if linked else "success"}


def test_a_gaining_supplier_with_renewed_broker_still_has_its_macs(
    parties: Callable[..., CredentialParties],
) -> None:
    holder = parties()
    answer = holder.update(0x0104, "access_control_broker",
                           holder.replacements("access_control_broker", kinds=("ka",)))
    assert holder.statuses(answer) == ["success"]
    assert answer.response is not None
    assert answer.response.mac is None
    assert holder.send("ECS45").alert_codes == [AUTHENTICATION]
    holder.adopt()
    assert holder.send("ECS45").codes == (0,)
    assert holder.keys.public_key(holder.parties["access_control_broker"], Usage.KEY_AGREEMENT)


def test_replacements_are_logged_as_other_commands_are(holder: CredentialParties) -> None:
    holder.update(0x0103, "network_operator", holder.replacements("network_operator"))
    holder.update(0x0102, "supplier", holder.replacements("supplier", flaw="expired"))
    holder.ask(0x000A, "supplier", {"keyUsage": ["keyAgreement"]})
    holder.details("supplier")
    assert [(code, message_code) for _, code, message_code in holder.log("event")] == [
        (0x8154, "0103"), (0x8155, "0102"), (0x8154, "000A")]
    assert holder.codes("security") == [0x8F70]


def test_a_load_controllers_credentials_have_message_codes_of_their_own(
    holder: CredentialParties,
) -> None:
    details = holder.details("load_controller", of="access_control_broker", code=0x011B)
    assert len(details[0]["trustAnchorCellsDetails"]) == 2
    holder.update(0x0125, "load_controller",
                  holder.replacements("load_controller", GAINING, of_role=2), at=later(1),
                  newRemotePartyFloorSeqNumber=0)
    holder.meter.advance(3700)
    (alert,) = holder.drained()
    assert (alert.code, alert.message_code, alert.to) == (0x8F66, 0x0124, "load_controller")
    assert holder.holder("load_controller") == GAINING
