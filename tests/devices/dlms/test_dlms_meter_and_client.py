"""The client and the emulated meter, made apart from each other, in every association."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.protocols.cosem import obis
from bench.protocols.cosem.access import AccessResponse, AccessSpecification, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.cosem.selective_access import CLOCK, by_entry
from bench.protocols.dlms.apdu import Context
from bench.protocols.dlms.association import Parameters
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange, carry
from bench.protocols.dlms.image_transfer import ImageTransfer, Status, only, plan, without
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import BOTH, Envelope, Protection
from bench.protocols.dlms.security.securing import Security
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.meter import FRESH, Meter

KEYS = derived(1)
OBJECTS = Attribute(15, obis.parse("0-0:40.0.0.255"), 2)
PROFILE = Attribute(7, obis.parse("1-0:99.1.0.255"), 2)
ABSENT = Attribute(9, bytes(6), 2)
NULL = Data(Tag.NULL_DATA, None)
PUBLIC, READER, MANAGEMENT = 16, 32, 48


class Line:
    """A meter and one client of it, with nothing between them."""

    def __init__(self, sap: int, parameters: Parameters) -> None:
        self.meter = Meter(FRESH, KEYS, seed=1)
        self.meter.connect(sap, 1)
        self.sap = sap
        self.arrived: list[bytes] = []
        self.client = Client(parameters, Security(Keys(
            own_title=b"SMBCLNT1", global_unicast=KEYS.global_unicast,
            authentication=KEYS.authentication, secret=KEYS.low_secret)),
            random=lambda octets: bytes(range(octets)))

    def run(self, exchange: Exchange[Any]) -> Any:
        """Return what an exchange with the meter gives."""
        return carry(exchange, lambda octets: self.arrived.extend(
            self.meter.take(self.sap, 1, octets)), lambda: self.arrived.pop(0))


def managing(protection: Protection = BOTH, max_pdu: int = 0xFFFF) -> Line:
    return Line(MANAGEMENT, Parameters(
        context=Context.LN_CIPHERED, mechanism=Mechanism.GMAC, protection=protection,
        max_pdu=max_pdu,
        dedicated_key=bytes(range(16)) if protection.key is Key.DEDICATED else None))


LINES: dict[str, Callable[[], Line]] = {
    "public": lambda: Line(PUBLIC, Parameters()),
    "reader": lambda: Line(READER, Parameters(mechanism=Mechanism.LOW)),
    "management": managing,
    "dedicated": lambda: managing(BOTH._replace(key=Key.DEDICATED)),
    "general": lambda: managing(BOTH._replace(envelope=Envelope.GENERAL)),
    "small": lambda: managing(max_pdu=128),
}


@pytest.mark.parametrize("name", LINES)
def test_a_meter_is_read_in_each_association(name: str) -> None:
    line = LINES[name]()
    client = line.client
    assert line.run(client.associate()).accepted
    clock = line.run(client.get(CLOCK))
    assert (clock.name, len(clock.data.value)) == ("success", 12)
    objects = line.run(client.get(OBJECTS))
    assert len(objects.data.value) >= 8
    if name != "public":
        found = line.run(client.get_list([CLOCK, OBJECTS, ABSENT]))
        assert [each.succeeded for each in found] == [True, True, False]
        assert len(line.run(client.get(PROFILE, by_entry(1, 5))).data.value) == 5
    assert line.run(client.release()).reason == 0
    assert not client.associated
    assert not line.run(client.get(CLOCK)).succeeded


def test_several_accesses_are_answered_under_protection() -> None:
    line = managing()
    line.run(line.client.associate())
    found = line.run(line.client.access([AccessSpecification(Choice.GET, *CLOCK)], [NULL]))
    assert isinstance(found, AccessResponse)
    assert found.results[0].name == "success"


def test_an_image_with_a_block_missing_is_made_whole() -> None:
    line = managing(max_pdu=300)
    assert line.run(line.client.associate()).accepted
    image = ImageTransfer(line.client)
    octets = bytes(range(250)) * 4
    blocks = plan(octets, line.run(image.block_octets()))
    assert line.run(image.initiate(b"image", len(octets))).succeeded
    line.run(image.send_all(without(blocks, 2)))
    assert line.run(image.first_missing()) == 2
    assert line.run(image.transferred())[:4] == "1101"
    line.run(image.send_all(only(blocks, 2)))
    assert set(line.run(image.transferred())) == {"1"}
    assert line.run(image.status()) == Status.INITIATED
