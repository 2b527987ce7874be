"""Commands of every payload kind are sent, and what a device answers to them is read alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench.protocols.gbcs import asn1, gbz
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import check, protect
from bench.protocols.gbcs.use_cases import every_use_case
from bench.records.answers import Answers
from bench.steps.context import Context
from bench.steps.gbcs import AwaitAlert, Send, await_alert, send
from bench.steps.parties import ROLES, RemoteParties
from devices import pki
from devices.emulators.gbcs import keyring
from devices.pki import DEVICE, read_parties
from devices.ports import Received, Reception

START = datetime(2026, 11, 1, tzinfo=UTC)
Answer = Callable[[Message], bytes]


class Device:
    """A device of which only the answer's payload matters; it protects what it sends."""

    def __init__(self, folder: Path) -> None:
        self.eui64, parties, self.keys = keyring.load(folder)
        self.supplier = parties["supplier"]
        self.payload: Answer = lambda _: b""
        self.commands: list[Message] = []
        self.arrived: deque[Received] = deque()

    def send(self, octets: bytes) -> None:
        command = parse(octets)
        self.commands.append(command)
        self.say(Message(Cra.RESPONSE, command.originator_counter, self.eui64,
                         command.originator, command.message_code, self.payload(command)))

    def say(self, message: Message) -> None:
        octets = protect(message, self.keys).encode()
        self.arrived.append(Received(Reception.MESSAGE, octets))

    def receive(self, timeout: float) -> Received:
        return self.arrived.popleft() if self.arrived else Received(Reception.SILENCE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("keys")
    pki.init(place, seed="kinds")
    return place


@pytest.fixture
def device(folder: Path) -> Device:
    return Device(folder)


@pytest.fixture
def context(folder: Path, device: Device) -> Context:
    named = read_parties(folder)
    return Context(
        ports={"gbcs": device},
        answers=Answers(ixit={"response_timeout_s": 1, "alert_timeout_s": 1, "quiet_s": 0}),
        parties=RemoteParties.load(folder, named[DEVICE], named, lambda: START),
        clock=lambda: START)


def sent(context: Context, use_case: str, **more: Any) -> dict[str, Any]:
    return dict(send(context, Send.model_validate({"use_case": use_case, **more})).values)


def gas(*records: dict[str, Any]) -> Answer:
    payload = gbz.from_plain(list(records)).encode()
    return lambda _: payload


def attribute(**entry: Any) -> dict[str, Any]:
    return {"cluster": "Prepayment", "command": "ReadAttributesResponse",
            "direction": "to_client", "fields": {"attributes": [entry]}}


def default(cluster: str, command: str, status: str) -> dict[str, Any]:
    return {"cluster": cluster, "command": "DefaultResponse", "direction": "to_client",
            "fields": {"command": command, "status": status}}


def test_attributes_of_a_gas_meter_are_values_by_cluster_and_name(
    context: Context, device: Device
) -> None:
    device.payload = gas(
        {"cluster": "Metering", "command": "ReadAttributesResponse", "direction": "to_client",
         "fields": {"attributes": [{"attribute": "bill_to_date_delivered", "status": "success",
                                    "type": "uint32", "value": 5}]}},
        attribute(attribute="credit_remaining", status="success", type="int32", value=-7))
    seen = sent(context, "GCS60")
    assert (seen["outcome"], seen["result"], seen["codes"]) == (
        "response", "success", ["success", "success"])
    assert seen["values"] == {"Metering/bill_to_date_delivered": 5,
                              "Prepayment/credit_remaining": -7}
    assert (seen["misfits"], seen["encrypted"], seen["deviations"]) == ([], False, [])


def test_a_status_a_wrong_type_and_a_missing_answer_of_a_gas_meter_are_seen(
    context: Context, device: Device
) -> None:
    device.payload = gas(
        attribute(attribute="credit_remaining", status="success", type="uint32", value=7))
    seen = sent(context, "GCS60")
    assert seen["misfits"] == [
        "Metering/bill_to_date_delivered: no answer",
        "Prepayment/credit_remaining: expected int32, found uint32"]
    device.payload = gas(default("Metering", "SetUncontrolledFlowThreshold", "success"),
                         default("Metering", "SetSupplyStatus", "hardware_failure"))
    seen = sent(context, "GCS24a")
    assert (seen["result"], seen["codes"]) == ("failure", ["success", "hardware_failure"])


def test_asn1_answers_are_values_by_dotted_name(context: Context, device: Device) -> None:
    device.payload = lambda _: asn1.encode(0x0012, Cra.RESPONSE, {"executionOutcome": {
        "activateImageResponseCode": "hashMismatch", "firmwareVersion": "01020304"}})
    seen = sent(context, "CS06", values={"manufacturerImageHash": "AB" * 32})
    assert (seen["outcome"], seen["result"], seen["codes"]) == (
        "response", "failure", ["hashMismatch"])
    assert seen["values"]["executionOutcome.firmwareVersion"] == "01020304"
    counter = device.commands[-1].originator_counter
    assert asn1.decode(0x0012, Cra.COMMAND, device.commands[-1].payload) == {
        "manufacturerImageHash": "AB" * 32, "originatorCounter": counter}
    device.payload = lambda _: asn1.encode(0x0012, Cra.RESPONSE, {"commandAccepted": None})
    assert sent(context, "CS06")["result"] == "success"


@pytest.mark.parametrize(("payload", "text"), [
    (b"\x30\x05", "payload: octet"), (bytes.fromhex("01090180"), "payload: octet")])
def test_an_answer_that_is_not_of_its_kind_is_a_deviation(
    payload: bytes, text: str, context: Context, device: Device
) -> None:
    device.payload = lambda _: payload
    seen = sent(context, "CS06" if payload[0] == 0x30 else "GCS60")
    assert (seen["outcome"], seen["result"]) == ("deviation", "none")
    assert seen["deviations"][0].startswith(text)


def test_an_answer_of_another_kind_is_a_deviation(context: Context, device: Device) -> None:
    device.payload = gas(default("Metering", "SetSupplyStatus", "success"))
    seen = sent(context, "ECS52")
    assert seen["outcome"] == "deviation"
    assert seen["deviations"] == ["expected AccessResponse, found GBZ"]


def test_alerts_of_gas_meters_and_of_asn1_are_heard(context: Context, device: Device) -> None:
    device.say(Message(Cra.ALERT, 5, device.eui64, device.supplier, 0x00CD, gbz.from_plain([{
        "alert_code": "8F66", "time": 5, "count": 1, "content": {
            "message_code": "006C", "originator_counter": 9, "cluster_id": 0x0705,
            "frame_control": 1, "command_id": 6}}]).encode()))
    seen = await_alert(context, AwaitAlert(code="8F66")).values
    assert (seen["arrived"], seen["deviations"]) == (True, [])
    assert seen["content"]["originator_counter"] == 9
    device.say(Message(Cra.ALERT, 6, device.eui64, device.supplier, 0x00CA, asn1.encode(
        0x00CA, Cra.ALERT, {
            "alertCode": 0x8F67, "executionDateTime": "2030-01-01T00:00:00Z",
            "originatorCounter": 9, "executionOutcome": {
                "activateImageResponseCode": "noImageHeld", "firmwareVersion": "01020304"}})))
    seen = await_alert(context, AwaitAlert(code="8F67")).values
    assert seen["content"]["executionOutcome"]["activateImageResponseCode"] == "noImageHeld"
    device.say(Message(Cra.ALERT, 7, device.eui64, device.supplier, 0x00CA, b"0\0"))
    seen = await_alert(context, AwaitAlert(code="8F67")).values
    assert not seen["arrived"]
    assert seen["deviations"]


@pytest.mark.parametrize(("use_case", "role", "signed", "mac"), [
    ("CS02a", "supplier", True, False), ("CS02a", "access_control_broker", False, True),
    ("CS02b-supplierBySupplier", "supplier", True, True),
    ("CS02b-accessControlBrokerByACB", "access_control_broker", False, True),
    ("CS02b-anyExceptAbnormalRootByRecovery", "supplier", True, False),
    ("GCS23", "supplier", True, True), ("GCS13a", "supplier", False, True)])
def test_a_command_has_the_protection_of_its_variant(
    use_case: str, role: str, signed: bool, mac: bool, context: Context
) -> None:
    command = context.parties.command(use_case, role, {}, 1 << 30)
    assert (bool(command.signature), command.mac is not None) == (signed, mac)
    assert check(command, context.parties.keys).accepted


def test_every_command_of_every_kind_can_be_sent(context: Context) -> None:
    for known in every_use_case():
        if not known.is_command or known.category == "SME.C.PPMID-GSME":
            continue
        role = next((role for role in known.roles if role in context.parties.parties), "supplier")
        command = context.parties.command(known.id, role, {}, 1 << 30)
        assert parse(command.encode()).message_code == known.code
    assert set(ROLES) >= {role for known in every_use_case() for role in known.roles}


def test_a_value_that_does_not_fit_is_a_mistake_of_the_plan(context: Context) -> None:
    with pytest.raises(ValidationError, match="no field"):
        sent(context, "GCS23", values={"PublishCalorificValue.calorific": 5})
    assert sent(context, "ECS38", values={"limit": 1800})["outcome"] == "deviation"  # sent anyway
