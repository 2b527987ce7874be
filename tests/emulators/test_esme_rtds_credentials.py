"""The emulated meter answers the reference test data's credential commands as its ESME does.

The commands are the data's own, signatures included; only their MACs are made again, for no
private key of the data's ESME is public. In place of the root, which is in no message, the meter
holds the issuing authority that the commands bring.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.gbcs import asn1, protection
from bench.protocols.gbcs.keys import KeyStore, Role, Usage
from bench.protocols.gbcs.message import Cra, Message, parse
from devices.emulators.catalogue import emulated
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.keyring import Keyring

PARTIES = {
    "recovery": "90b3d51f30000001", "supplier": "90b3d51f30010000",
    "network_operator": "90b3d51f30020000", "access_control_broker": "90b3d51f30000002",
    "transitional_change_of_supplier": "90b3d51f30000004", "load_controller": "90b3d51f30010008"}
START = instants.from_datetime(datetime(2020, 1, 1, tzinfo=UTC))


def message(shared: Path, name: str) -> Message:
    (path,) = (shared / "vectors" / "rtds" / "messages").glob(f"*/{name}_GBCS.HEX")
    return parse(bytes.fromhex(path.read_text(encoding="ascii")))


def key(label: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(label.encode()).digest(), "big") >> 8
    return ec.derive_private_key(number, ec.SECP256R1())


class Bench:
    """A device with the EUI-64 of the command's, and the keys of the data's parties."""

    def __init__(self, shared: Path, device: bytes, start: float = START, kind: str = "esme"
                 ) -> None:
        self.keys = KeyStore.load(shared / "vectors" / "rtds" / "keystore", strict=False)
        held = Keyring()
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            held.add(device, usage, private_key=key(usage))
            self.keys.add(device, usage, private_key=key(usage))
        parties = {name: bytes.fromhex(party) for name, party in PARTIES.items()}
        for party in parties.values():
            for usage in Usage:
                certificate = self.keys.certificate(party, usage)
                if certificate is not None:
                    held.add(party, usage, certificate=certificate)
        command = message(shared, "CS02bSupplierBySupplier_6.15.1_IMMEDIATE_SUCCESS_COMMAND")
        plain = asn1.decode(0x0102, Cra.COMMAND, command.payload)
        held.root = x509.load_der_x509_certificate(
            bytes.fromhex(plain["certificationPathCertificates"][0]))
        make, fresh = emulated(kind)
        self.meter = make(replace(fresh, start=int(start)), held, device, parties)

    def send(self, command: Message) -> list[Message]:
        """Send a command with its own signature and a MAC for this meter."""
        if command.mac is not None:
            broker = bytes.fromhex(PARTIES["access_control_broker"])
            secret = self.keys.shared_secret(broker, command.recipient)
            assert secret
            derived = protection.derive_key(secret, command.originator, command.cra,
                                            command.originator_counter, command.recipient)
            command = replace(command, mac=protection.mac_tag(derived, command.originator,
                                                              command.mac_octets))
        return [parse(octets) for octets in self.meter.handle(command.encode())]


@pytest.mark.parametrize("name", [
    "CS02bSupplierBySupplier_6.15.1_IMMEDIATE_SUCCESS",
    "CS02bSupplierBySupplier_6.15.1_IMMEDIATE_ERROR",
    "CS02bSupplierBySupplier_6.15.1_FUTURE_DATED_SUCCESS",
    "CS02bSupplierBySupplier_6.15.1_CANCELLATION_SUCCESS",
    "CS02bTransCoSByTransCoS_NA_SUCCESS", "CS02bACBByACB_8.5_SUCCESS",
    "CS02gLoadControllerByLoadController_NA_IMMEDIATE_SUCCESS",
    "CS02fMAC_6.24.1_SUCCESS", "CS02aSignature_NA_ERROR"])
def test_responses_have_the_payload_of_the_data(shared: Path, name: str) -> None:
    command = message(shared, f"{name}_COMMAND")
    expected = message(shared, f"{name}_RESPONSE")
    bench = Bench(shared, command.recipient)
    # where the load controller of the data's ESME begins, as the data say
    bench.meter.credentials.anchors.floor(Role.LOAD_CONTROLLER).messages = 1
    (response,) = bench.send(command)
    plain = asn1.decode(response.message_code, Cra.RESPONSE, response.payload, strict=True)
    assert plain == asn1.decode(expected.message_code, Cra.RESPONSE, expected.payload)
    assert (response.originator, response.recipient, response.originator_counter,
            bool(response.date_time), bool(response.signature), response.mac is None) == (
        expected.originator, expected.recipient, expected.originator_counter,
        bool(expected.date_time), bool(expected.signature), expected.mac is None)


@pytest.mark.parametrize("name", [
    "CS02bSupplierBySupplier_6.15.1_{}_SUCCESS_{}",
    "CS02gLoadControllerByLoadController_NA_{}_SUCCESS_{}"])
def test_outcome_alerts_have_the_payload_of_the_data(shared: Path, name: str) -> None:
    command = message(shared, name.format("FUTURE_DATED", "COMMAND"))
    expected = message(shared, name.format("8F66_FUTURE_DATED", "ALERT"))
    plain = asn1.decode(command.message_code, Cra.COMMAND, command.payload)
    at = instants.from_datetime(datetime.fromisoformat(plain["executionDateTime"]))
    bench = Bench(shared, command.recipient, at - 7200)
    bench.send(command)
    # by then the certificates of 2016 have expired: their times are left aside, as a command may
    pending = bench.meter.credential_commands.updates._pending[command.message_code]
    pending.content["authorisingRemotePartyControl"]["applyTimeBasedCPVChecks"] = "disapply"
    bench.meter.advance(7200)
    alerts = [parse(octets) for octets in bench.meter.drain()]
    (alert,) = [one for one in alerts if one.message_code == expected.message_code]
    assert asn1.decode(alert.message_code, Cra.ALERT, alert.payload, strict=True) == asn1.decode(
        expected.message_code, Cra.ALERT, expected.payload)
    assert alert.recipient == expected.recipient


def test_a_hub_tells_of_the_brokers_cells_what_the_data_tell(shared: Path) -> None:
    command = message(shared, "CS02aSignature_NA_SUCCESS_COMMAND")
    expected = message(shared, "CS02aSignature_NA_SUCCESS_RESPONSE")
    (response,) = Bench(shared, command.recipient, kind="chf").send(command)
    assert asn1.decode(0x0008, Cra.RESPONSE, response.payload, strict=True) == asn1.decode(
        0x0008, Cra.RESPONSE, expected.payload)
