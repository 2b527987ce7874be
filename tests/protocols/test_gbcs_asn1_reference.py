"""The ASN.1 payloads of the DCC reference test data set, which others made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from protocol_parties import Vector

from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.asn1.credentials import MODES, SEEN, Cell
from bench.protocols.gbcs.message import Cra

# Members whose value says how it went.
RESULTS = ("statusCode", "activateImageResponseCode", "readFirmwareResponseCode", "responseCode")


@pytest.fixture(scope="module")
def payloads(vectors: list[Vector]) -> list[tuple[Vector, Any]]:
    """Every ASN.1 message with its plain value."""
    return [(v, asn1.decode(v.code, v.message.cra, v.message.payload))
            for v in vectors if v.payload == "ASN.1"]


def test_every_payload_is_read_and_written_back(payloads: list[tuple[Vector, Any]]) -> None:
    wide: Counter[Cra] = Counter()
    for vector, value in payloads:
        key = (vector.code, vector.message.cra)
        three_octets = asn1.has_wide_lengths(*key, vector.message.payload)
        wide[vector.message.cra] += three_octets
        assert asn1.encode(*key, value, wide_lengths=three_octets) == vector.message.payload, (
            vector.name)
        if not three_octets:
            assert asn1.decode(*key, vector.message.payload, strict=True) == value
    assert len(payloads) == 91
    assert wide == {Cra.COMMAND: 0, Cra.RESPONSE: 5, Cra.ALERT: 3}


def test_no_other_message_has_a_code_with_an_asn1_payload(vectors: list[Vector]) -> None:
    for vector in vectors:
        known = (vector.code, vector.message.cra) in asn1.PAYLOADS
        assert known == (vector.payload == "ASN.1"), vector.name


def test_results_are_as_the_file_names_say(payloads: list[tuple[Vector, Any]]) -> None:
    seen: Counter[str] = Counter()
    for vector, value in payloads:
        results = list(results_of(value)) if vector.message.cra != Cra.COMMAND else []
        if not results:
            continue
        success = "_SUCCESS_" in vector.name
        assert success != ("_ERROR_" in vector.name)
        assert all(result == "success" for result in results) == success, vector.name
        seen["success" if success else "error"] += 1
    assert seen == {"success": 18, "error": 12}


def results_of(value: Any) -> Iterator[Any]:
    """The results that a plain value holds; a bare name or number is one itself."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name in RESULTS:
                yield one
            elif isinstance(one, dict | list):
                yield from results_of(one)
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield from results_of(one)
    elif isinstance(value, str | int):
        yield value


@pytest.mark.parametrize(("name", "path", "expected"), [
    ("CS06_11.3_FUTURE_DATED_ERROR_RESPONSE", "commandAccepted", None),
    ("CS06_11.3_IMMEDIATE_ERROR_RESPONSE", "executionOutcome.activateImageResponseCode",
     "noImageHeld"),
    ("CS06_11.3_8F67_FUTURE_DATED_ERROR_ALERT", "executionOutcome.activateImageResponseCode",
     "hashMismatch"),
    ("CS06_11.3_8F67_FUTURE_DATED_ERROR_ALERT", "alertCode", 0x8F67),
    ("CS06_11.3_CANCELLATION_SUCCESS_COMMAND", "executionDateTime", "9999-12-31T23:59:59Z"),
    ("CS03A1_8.7.1_ERROR_RESPONSE", "", "incompatibleWithExistingEntry"),
    ("CS03CNonCritical_8.7.2_ERROR_RESPONSE", "", "invalidOrMissingCertificate"),
    ("CS04B_8.8.2_ERROR_RESPONSE", "", "notInDeviceLog"),
    ("CS02c_6.17_ERROR_RESPONSE", "responseCode", "cRProductionFailed"),
    ("CS08_11.2_ERROR_RESPONSE", "readFirmwareResponseCode", "readFailure"),
    ("CS02fMAC_6.24.1_ERROR_RESPONSE", "0.statusCode", "other"),
    ("CS02fMAC_6.24.1_SUCCESS_RESPONSE", "1.remotePartyRole", "loadController"),
    ("CS02aSignature_NA_ERROR_RESPONSE", "1.statusCode", "trustAnchorNotFound"),
    ("CS03A2Critical_8.7.1_SUCCESS_COMMAND", "joinMethodAndRole", "methodAResponder"),
    ("CS03A2Critical_8.7.1_SUCCESS_COMMAND", "otherDeviceType", "eSME"),
    ("GCS62_NA_8071_ALERT", "deviceLogEntries.1.deviceType", "type1PrepaymentInterfaceDevice"),
])
def test_names_are_right(
    payloads: list[tuple[Vector, Any]], name: str, path: str, expected: Any
) -> None:
    value = next(value for vector, value in payloads if vector.name.startswith(f"{name}_GBCS"))
    for step in filter(None, path.split(".")):
        value = value[int(step) if step.isdigit() else step]
    assert value == expected


def test_a_change_of_credentials_keeps_to_its_mode(payloads: list[tuple[Vector, Any]]) -> None:
    seen = set()
    for vector, value in payloads:
        if not (isinstance(value, dict) and "replacements" in value):
            continue
        control = value["authorisingRemotePartyControl"]
        mode = MODES[control["credentialsReplacementMode"]]
        seen.add(control["credentialsReplacementMode"])
        assert (vector.code, mode.source) == (mode.message_code, SEEN)
        assert control["authorisingRemotePartySeqNumber"] == vector.message.originator_counter
        cell = control.get("authorisingRemotePartyTACellIdentifier")
        assert (Cell.of(cell) if cell else None) == mode.authorising
        assert {Cell.of(one["targetTrustAnchorCell"]) for one in value["replacements"]} <= set(
            mode.cells)
        if not vector.message.pre_command:
            assert (bool(vector.message.signature), vector.message.mac_header) == (
                mode.signature, mode.mac), vector.name
    assert len(seen) == 5


def test_an_outcome_tells_what_its_command_asked_for(payloads: list[tuple[Vector, Any]]) -> None:
    commands = {(vector.code, vector.message.originator_counter): value
                for vector, value in payloads if vector.message.cra == Cra.COMMAND}
    told = 0
    for _, value in payloads:
        outcome = value.get("executionOutcome", {}) if isinstance(value, dict) else {}
        mode = MODES.get(outcome.get("credentialsReplacementMode", ""))
        command = mode and commands.get(
            (mode.message_code, outcome["authorisingRemotePartySeqNumber"]))
        if mode is None or command is None:
            continue
        control = command["authorisingRemotePartyControl"]
        changes = outcome["remotePartySeqNumberChanges"]
        if "newRemotePartyFloorSeqNumber" in control:
            own, *changes = changes
            assert own["otherRemotePartyRole"] == mode.counter
            assert own["otherRemotePartyFloorSeqNumber"] == control["newRemotePartyFloorSeqNumber"]
            assert own.get("newRemotePartySpecialistFloorSeqNumber") == control.get(
                "newRemotePartySpecialistFloorSeqNumber")
        assert changes == control.get("otherRemotePartySeqNumberChanges", [])
        assert len(outcome["replacementOutcomes"]) == len(command["replacements"])
        for replaced, asked in zip(outcome["replacementOutcomes"], command["replacements"],
                                   strict=True):
            assert replaced["affectedTrustAnchorCell"] == asked["targetTrustAnchorCell"]
            if replaced["statusCode"] == "success":
                for member in ("replacingSubjectUniqueID", "replacingSubjectKeyIdentifier"):
                    assert replaced[member] in asked["replacementCertificate"]
            else:
                assert replaced["replacingSubjectKeyIdentifier"] == (
                    replaced["existingSubjectKeyIdentifier"])
        told += 1
    assert told == 9
