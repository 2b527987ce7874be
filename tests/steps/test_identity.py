"""Which firmware answers: asked for in the way of each kind of device."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from emulated_line import Line

from bench.errors import RigError
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.records.answers import Answers
from bench.steps.context import Context
from bench.steps.identity import read_identity
from devices.ports import Received, Reception

# one Read Attributes Response of Metering: CurrentMeterID 0206, an octet string of 4 octets
GAS = bytes.fromhex("0109 01 01 0702 000C 08 00 01 0602 00 41 04 0A0B0C0D")


class GasMeter:
    """A gas meter that knows its firmware version, and nothing else."""

    def __init__(self, keys: Path) -> None:
        self._keys = KeyStore.load(keys, strict=True)
        self._arrived: deque[bytes] = deque()
        self.codes: list[int] = []

    def send(self, message: bytes) -> None:
        command = parse(message)
        self.codes.append(command.message_code)
        response = Message(
            Cra.RESPONSE, command.originator_counter, command.recipient, command.originator,
            command.message_code, GAS)
        self._arrived.append(protection.protect(response, self._keys, "SME.C.NC").encode())

    def receive(self, timeout: float) -> Received:
        if self._arrived:
            return Received(Reception.MESSAGE, self._arrived.popleft())
        return Received(Reception.SILENCE)


def of_type(context: Context, device_type: str) -> Context:
    return replace(context, answers=Answers(
        ixit=context.ixit, subject={"device_type": device_type}))


@pytest.mark.parametrize("kind", ["ESME", "CHF"])
def test_a_dlms_device_is_asked_by_ecs52(context: Context, line: Line, kind: str) -> None:
    assert read_identity(of_type(context, kind)).firmware_version == "00000001"


@pytest.mark.parametrize("kind", ["GSME", "GPF"])
def test_a_gas_device_is_asked_by_gcs38(context: Context, keys: Path, kind: str) -> None:
    meter = GasMeter(keys)
    context.ports = {"gbcs": meter}
    found = read_identity(of_type(context, kind))
    assert (found.firmware_version, found.outcome) == ("0A0B0C0D", "response")
    assert meter.codes == [0x0084]


def test_a_kind_that_nobody_can_ask_is_told(context: Context) -> None:
    with pytest.raises(RigError, match="firmware version of a PPMID"):
        read_identity(of_type(context, "PPMID"))
