"""What the shipped profile declares of the emulated DLMS meter is what the meter discloses."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_conversation import Client

from bench.protocols.cosem import obis
from bench.protocols.cosem.classes import read_object_list
from bench.protocols.dlms.apdu.initiate import conformance_names
from bench.resources import resolve
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import load_settings
from devices.profile import load_profile

PROFILE = "devices/profiles/emulated-dlms-meter.yaml"
NAMES = ("public", "lls", "hls", "authenticated", "encrypted", "second-public",
         "second-lls")
ATTRIBUTES = {0: "no access", 1: "read", 2: "write", 3: "read, write"}
METHODS = {0: "no access", 1: "access"}


@pytest.fixture(scope="module")
def declared() -> Any:
    return load_profile(PROFILE).ixit["dlms"]


@pytest.fixture
def meter() -> Meter:
    return Meter(load_settings(resolve(PROFILE)), derived(0))


@pytest.mark.parametrize("name", NAMES)
def test_associations_are_as_declared(declared: Any, meter: Meter, name: str) -> None:
    association = declared["associations"][name]
    talking = Client(meter, association["client"], server=association["server"]).open()
    assert talking.initiate is not None
    assert talking.initiate.max_pdu == association["max_pdu"]
    found, expected = (
        {one for one in names if not one.startswith("priority")} for names in
        (conformance_names(talking.initiate.conformance), association["conformance"]))
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_as_declared(declared: Any, meter: Meter, name: str) -> None:
    association = declared["associations"][name]
    talking = Client(meter, association["client"], server=association["server"]).open()
    listed = read_object_list(talking.read("15/0-0:40.0.0.255/a2"), 2).objects
    found = [(one.class_id, one.version, obis.text(one.instance),
              {str(index): ATTRIBUTES[access.mode]
               for index, access in one.attribute_access.items()},
              {str(index): METHODS[mode] for index, mode in one.method_access.items()})
             for one in listed]
    expected = [(one["class"], one["version"], one["obis"], one["attributes"], one["methods"])
                for one in association["objects"]]
    assert found == expected


def test_names_and_numbers_are_as_declared(declared: Any, meter: Meter) -> None:
    talking = Client(meter, 16).open()
    assert talking.value("1/0-0:42.0.0.255/a2") == declared["logical_device_name"].encode()
    assert talking.value("1/0-0:96.1.0.255/a2") == declared["serial_number"].encode()
    firmware = declared["firmware"]
    assert talking.value(firmware["object"]).hex().upper() == firmware["octets"]
    reader = Client(meter, 32).open()
    assert reader.value("1/0-0:96.1.1.255/a2") == declared["type"].encode()
