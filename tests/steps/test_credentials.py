"""The steps on credentials: what is sent and seen, and that bench and device agree after."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from emulated_line import Line
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import NotTestableHere, PlanError
from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.asn1.credentials import MODES
from bench.protocols.gbcs.keys import Usage
from bench.protocols.gbcs.message import Cra, parse
from bench.steps import credential_keys, device_keys
from bench.steps.context import Context
from bench.steps.credential_restoring import Nothing, restore_credentials
from bench.steps.credentials import (
    ProvideCredentials,
    SendWithCertificate,
    UpdateCredentials,
    provide_credentials,
    send_with_certificate,
    update_credentials,
)
from bench.steps.gbcs import Send, send
from bench.steps.parties import RemoteParties
from bench.steps.vocabulary import Observation
from devices import pki
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring

SUPPLIER = ("supplier/ds", "supplier/ka", "supplier/top-up")
HANDOVER = {"mode": "supplierBySupplier",
            "replace": [{"cell": cell, "party": "second_supplier"} for cell in SUPPLIER]}


def update(context: Context, **arguments: Any) -> Observation:
    return update_credentials(context, UpdateCredentials.model_validate(arguments))


def held(context: Context) -> Any:
    return provide_credentials(context, ProvideCredentials.model_validate({})).values


def restored(context: Context) -> bool:
    return bool(restore_credentials(context, Nothing()).values["restored"])


def served(context: Context, party: str, use_case: str = "ECS05") -> str:
    return str(send(context, Send.model_validate(
        {"use_case": use_case, "as": party, "wait": "alert"})).values["outcome"])


def defective(line: Line, keys: Path, *faults: str) -> None:
    device, parties, store = keyring.load(keys)
    line.meter = Esme(Settings(), store, device, parties, faults=frozenset(faults))


def commands(seen: Observation) -> list[Any]:
    messages = [parse(frame.octets) for frame in seen.frames if frame.direction == "sent"]
    return [asn1.decode(one.message_code, Cra.COMMAND, one.payload) for one in messages]


# Trust anchors

def test_a_fresh_device_holds_what_the_bench_speaks_with(context: Context) -> None:
    seen = held(context)
    assert set(seen["statuses"].values()) == {"success"}
    assert all(seen["known"].values())
    assert seen["holders"]["root"] == "0" * 16


def test_a_handover_changes_who_is_served_until_it_is_put_back(context: Context) -> None:
    seen = update(context, **HANDOVER, floor="next").values
    assert seen["cells"] == dict.fromkeys(SUPPLIER, "success")
    assert seen["after"] == seen["offered"]
    assert seen["floors"]["supplier"] > 0
    assert (served(context, "second_supplier"), served(context, "supplier")) \
        == ("response", "silence")
    assert restored(context)
    assert (served(context, "second_supplier"), served(context, "supplier")) \
        == ("silence", "response")


@pytest.mark.parametrize("mode", [
    name for name, mode in MODES.items()
    if "anProvider" not in name and name not in ("anyByContingency", "rootBySupplier")])
def test_the_bench_speaks_with_what_was_renewed_and_with_the_first_again(
    mode: str, context: Context
) -> None:
    cells = [credential_keys.cell_name(cell.plain) for cell in MODES[mode].cells]
    known = held(context)["keys"]
    cells = [cell for cell in cells if cell != "root" and cell in known
             and not cell.startswith("load_controller")]
    cells = cells or ["load_controller/ds", "load_controller/ka"]
    seen = update(context, mode=mode, replace=[{"cell": cell, "renew": True} for cell in cells])
    assert set(seen.values["cells"].values()) == {"success"}, seen.values
    now = held(context)
    assert all(now["known"][cell] for cell in cells if cell in now["known"])
    assert restored(context)
    assert held(context)["keys"] == known
    assert served(context, "supplier") == "response"


def test_a_failed_cell_leaves_the_bench_with_its_key(context: Context) -> None:
    seen = update(context, mode="supplierBySupplier", replace=[
        {"cell": "supplier/ds", "flaw": "expired"}, {"cell": "supplier/ka", "renew": True}]).values
    assert seen["cells"] == {"supplier/ds": "badCertificate", "supplier/ka": "success"}
    assert seen["after"]["supplier/ds"] == seen["before"]["supplier/ds"]
    assert served(context, "supplier") == "response"


def test_a_replacement_for_later_is_not_taken_up(context: Context) -> None:
    start = context.clock().timestamp()
    seen = update(context, mode="supplierBySupplier", at=start + 60,
                  replace=[{"cell": "supplier/ds", "renew": True}])
    assert (seen.values["deferred"], seen.values["cells"]) == (True, {})
    assert commands(seen)[0]["executionDateTime"] == "2026-11-01T00:01:00Z"
    assert served(context, "supplier") == "response"


def test_a_floor_goes_with_the_mode_s_own_role_or_among_those_of_others(context: Context) -> None:
    own = commands(update(context, **HANDOVER, floor="zero"))[0]["authorisingRemotePartyControl"]
    assert own["newRemotePartyFloorSeqNumber"] == 0
    assert "otherRemotePartySeqNumberChanges" not in own
    other = commands(update(context, mode="supplierByTransCoS", floor="zero", replace=[
        {"cell": cell, "party": "supplier"} for cell in SUPPLIER]))[0][
            "authorisingRemotePartyControl"]
    assert "newRemotePartyFloorSeqNumber" not in other
    assert other["otherRemotePartySeqNumberChanges"] == [
        {"otherRemotePartyRole": "supplier", "otherRemotePartyFloorSeqNumber": 0}]


def test_a_command_says_of_itself_what_the_plan_wants(context: Context) -> None:
    seen = update(context, mode="supplierBySupplier", stated_mode="rootBySupplier",
                  stated_counter="other", authority="recovery/ds", check_time=False, path="none",
                  at="never", replace=[{"cell": "supplier/ds"}], wait="alert")
    said = commands(seen)[0]
    control = said["authorisingRemotePartyControl"]
    counter = parse(seen.frames[0].octets).originator_counter
    assert (control["credentialsReplacementMode"], control["applyTimeBasedCPVChecks"],
            control["authorisingRemotePartySeqNumber"]) == (
                "rootBySupplier", "disapply", counter + 1)
    assert said["certificationPathCertificates"] == []
    assert said["executionDateTime"] == "9999-12-31T23:59:59Z"
    assert seen.values["outcome"] == "silence"


def test_a_new_root_has_its_way_from_the_old_one(context: Context) -> None:
    assert update(context, mode="rootBySupplier", replace=[{"cell": "root", "renew": True}]
                  ).values["cells"] == {"root": "success"}
    renewed = {"mode": "transCoSByTransCoS"}
    cell = "transitional_change_of_supplier/ds"
    assert update(context, **renewed, replace=[{"cell": cell, "renew": True}]
                  ).values["cells"][cell] == "noTrustAnchor"
    assert update(context, **renewed, replace=[{"cell": cell, "by_renewed": True}]
                  ).values["cells"][cell] == "success"
    assert restored(context)
    assert update(context, **renewed, replace=[{"cell": cell, "renew": True}]
                  ).values["cells"][cell] == "success"


@pytest.mark.parametrize("fault", [
    "credentials-update-without-effect", "old-party-still-accepted", "new-party-not-accepted",
    "cell-result-success-always", "credential-details-wrong", "recovery-by-anybody"])
def test_after_a_faulty_device_bench_and_device_agree_again(
    fault: str, context: Context, line: Line, keys: Path
) -> None:
    defective(line, keys, fault)
    update(context, **HANDOVER)
    update(context, mode="transCoSByTransCoS",
           replace=[{"cell": "transitional_change_of_supplier/ds", "renew": True}])
    restore_credentials(context, Nothing())
    assert served(context, "supplier") == "response"


def test_a_device_that_expects_the_first_keys_is_spoken_to_with_them(
    context: Context, line: Line, keys: Path
) -> None:
    defective(line, keys, "new-party-not-accepted")
    cell = "recovery/ds"
    seen = update(context, mode="anyExceptAbnormalRootByRecovery",
                  replace=[{"cell": cell, "renew": True}])
    assert held(context)["keys"][cell] == seen.values["offered"][cell]
    assert restored(context)


def test_a_key_that_cannot_be_used_is_not_taken_up(
    context: Context, line: Line, keys: Path
) -> None:
    defective(line, keys, "cell-result-success-always")
    seen = update(context, mode="supplierBySupplier",
                  replace=[{"cell": "supplier/ds", "flaw": "wrong-curve"}])
    assert (seen.values["cells"], seen.values["offered"]) == ({"supplier/ds": "success"}, {})
    assert served(context, "supplier") == "response"


def test_certificates_are_the_same_for_the_same_arguments(
    context: Context, keys: Path
) -> None:
    again = Context(
        ports=context.ports, answers=context.answers, clock=context.clock,
        parties=RemoteParties.load(keys, context.parties.device, pki.read_parties(keys),
                                   context.clock))
    for flaw in ("", "expired"):
        first, second = (credential_keys.issue(one, "supplier", "supplier/ka", flaw)
                         for one in (context, again))
        assert first.certificate == second.certificate
    one, other = (credential_keys.issue(context, "supplier", cell).key
                  for cell in ("supplier/ka", "supplier/top-up"))
    assert one != other


def test_without_the_authorities_no_certificate_can_be_issued(
    context: Context, keys: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    shutil.copytree(keys, folder)
    (folder / "authorities" / "issuing-authority.key").unlink()
    context.parties.folder = folder
    with pytest.raises(NotTestableHere, match="no certificate can be issued"):
        update(context, mode="supplierBySupplier",
               replace=[{"cell": "supplier/ds", "renew": True}])


@pytest.mark.parametrize(("arguments", "outcome"), [
    ({"party": "second_supplier"}, "response"), ({"party": "network_operator"}, "response"),
    ({"party": "second_supplier", "flaw": "unknown-issuer"}, "silence"),
    ({"party": "second_supplier", "named": "supplier"}, "silence"),
])
def test_a_further_party_comes_with_its_certificate(
    arguments: dict[str, str], outcome: str, context: Context
) -> None:
    seen = send_with_certificate(context, SendWithCertificate.model_validate(
        {"use_case": "ECS21b", "wait": "alert", **arguments}))
    assert seen.values["outcome"] == outcome
    assert seen.values["encrypted"] == (outcome == "response")
    sent = parse(seen.frames[0].octets)
    assert sent.certificate
    assert sent.supplementary_remote_party == context.parties.entity(
        arguments.get("named", arguments["party"]))


@given(st.integers(0, 200), st.lists(st.sampled_from(["digitalSignature", "cRLSign"]), max_size=2))
@settings(deadline=None)
def test_any_cell_that_a_device_names_has_a_name(role: int, usages: list[str]) -> None:
    assert credential_keys.cell_name({
        "trustAnchorCellRemotePartyRole": role, "trustAnchorCellKeyUsage": usages,
        "trustAnchorCellUsage": "management"})


# The device's own keys

def asked(context: Context, usage: str) -> Any:
    return device_keys.issue_credentials(
        context, device_keys.IssueCredentials.model_validate({"usage": usage})).values


def given_certificate(context: Context, **arguments: Any) -> Any:
    return device_keys.update_device_certificate(
        context, device_keys.UpdateDeviceCertificate.model_validate(arguments)).values


def shown(context: Context, usage: str) -> Any:
    return device_keys.provide_device_certificate(
        context, device_keys.ProvideDeviceCertificate.model_validate({"usage": usage})).values


def followed(context: Context) -> bool:
    return bool(device_keys.follow_device_keys(
        context, device_keys.FollowDeviceKeys()).values["followed"])


@pytest.mark.parametrize("usage", ["ds", "ka"])
def test_a_roll_over_is_followed(usage: str, context: Context) -> None:
    before = shown(context, usage)
    request = asked(context, usage)
    assert (request["sound"], request["fresh"], request["usages"], request["party"]) == (
        True, True, [usage], context.parties.device.hex().upper())
    done = given_certificate(context, request=request["request"])
    assert (done["code"], done["deviations"]) == ("success", [])
    now = shown(context, usage)
    assert (now["key"], now["present"]) == (request["key"], True)
    assert now["key"] != before["key"]
    assert served(context, "supplier", "ECS52") == "response"
    assert asked(context, usage)["key"] != request["key"]


def test_the_first_key_is_not_fresh_after_two_roll_overs(context: Context) -> None:
    first = shown(context, "ds")["key"]
    for _ in range(2):
        given_certificate(context, request=asked(context, "ds")["request"])
    ever = device_keys._ever(context, Usage.DIGITAL_SIGNATURE)
    assert first in [credential_keys.identifier_of(key) for key in ever]


def test_either_key_may_sign_the_response_to_the_certificate(
    context: Context, line: Line, keys: Path
) -> None:
    assert given_certificate(context, request=asked(context, "ds")["request"])["signed_with"] \
        == "new"
    defective(line, keys, "old-device-key-still-used")
    assert followed(context)
    done = given_certificate(context, request=asked(context, "ds")["request"])
    assert (done["code"], done["signed_with"]) == ("success", "former")


def test_a_device_that_goes_on_with_its_old_keys_is_seen_and_followed(
    context: Context, line: Line, keys: Path
) -> None:
    defective(line, keys, "old-device-key-still-used")
    for usage in ("ds", "ka"):
        assert given_certificate(context, request=asked(context, usage)["request"])["code"] \
            == "success"
        assert served(context, "supplier") != "response"
        assert followed(context)
        assert served(context, "supplier") == "response"


def test_a_request_for_a_key_in_use_is_not_fresh(
    context: Context, line: Line, keys: Path
) -> None:
    defective(line, keys, "request-for-the-old-key")
    request = asked(context, "ds")
    assert (request["sound"], request["fresh"]) == (True, False)


def test_a_wrong_certificate_changes_nothing(context: Context) -> None:
    request, before = asked(context, "ds"), shown(context, "ds")["key"]
    codes = {flaw: given_certificate(context, request=request["request"], flaw=flaw)["code"]
             for flaw in ("wrong-key", "wrong-eui64", "altered")}
    assert codes == {"wrong-key": "wrongPublicKey", "wrong-eui64": "wrongDeviceIdentity",
                     "altered": "invalidCertificate"}
    assert given_certificate(context, usage="ka")["code"] == "noCorrespondingKeyPairGenerated"
    assert shown(context, "ds")["key"] == before
    assert shown(context, "none")["result"] == "failure"
    assert asked(context, "several")["sound"] is False


def test_former_and_present_keys_change_places(context: Context) -> None:
    def use(which: str) -> str:
        return str(device_keys.use_keys(context, device_keys.UseKeys.model_validate(
            {"of": "device", "usage": "ka", "which": which})).values["key"])

    with pytest.raises(PlanError, match="no ka key of device was replaced"):
        use("former")
    before, request = shown(context, "ka")["key"], asked(context, "ka")
    given_certificate(context, request=request["request"])
    assert (use("former"), use("former")) == (before, before)
    assert served(context, "supplier", "ECS52") == "silence"
    assert (use("present"), use("present")) == (request["key"], request["key"])
    assert served(context, "supplier", "ECS52") == "response"


@pytest.mark.parametrize("own_keys", [True, False])
def test_a_real_device_s_new_certificate_is_kept_for_the_next_run(
    own_keys: bool, context: Context, keys: Path, tmp_path: Path
) -> None:
    folder, device = tmp_path / "keys", context.parties.device
    shutil.copytree(keys, folder)
    if not own_keys:  # nobody has those of a real device
        for usage in ("ds", "ka"):
            (folder / f"{device.hex()}-{usage}.key").unlink()
    context.parties = RemoteParties.load(
        folder, device, pki.read_parties(folder), context.clock)
    request = asked(context, "ds")
    assert given_certificate(context, request=request["request"])["code"] == "success"
    kept = RemoteParties.load(folder, device, pki.read_parties(folder), context.clock)
    public = kept.keys.public_key(device, Usage.DIGITAL_SIGNATURE)
    assert public is not None
    assert (credential_keys.identifier_of(public) == request["key"]) is not own_keys


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_octets_are_a_request_or_not_a_sound_one(octets: bytes) -> None:
    context = Context(ports={}, answers=None, parties=None, clock=None)  # type: ignore[arg-type]
    seen = device_keys._read_request(context, octets.hex().upper())
    assert seen["sound"] is False
    assert not credential_keys.readable(octets)
