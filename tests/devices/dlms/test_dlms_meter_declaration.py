"""What a shipped profile declares of the emulated DLMS meter is what the meter discloses."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from dlms_conversation import Client, keys_of

from bench.protocols.cosem import obis
from bench.protocols.cosem.classes import read_object_list
from bench.protocols.dlms.apdu.initiate import conformance_names
from bench.resources import resolve
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import load_settings
from devices.profile import load_profile

PROFILES = {
    "devices/profiles/emulated-dlms-meter.yaml": (
        "public", "lls", "hls", "authenticated", "encrypted", "second-public", "second-lls"),
    "devices/profiles/emulated-dlms-suite-1.yaml": (
        "public", "lls", "hls", "authenticated", "encrypted", "ecdsa"),
    "devices/profiles/emulated-dlms-suite-2.yaml": (
        "public", "lls", "hls", "authenticated", "encrypted", "gmac")}
NAMED = [(profile, name) for profile, names in PROFILES.items() for name in names]
ATTRIBUTES = {0: "no access", 1: "read", 2: "write", 3: "read, write"}
METHODS = {0: "no access", 1: "access"}


@cache
def declaration(profile: str) -> Any:
    return load_profile(profile).ixit["dlms"]


def served(profile: str) -> Meter:
    settings = load_settings(resolve(profile))
    return Meter(settings, keys_of(settings.suite))


@pytest.mark.parametrize(("profile", "name"), NAMED)
def test_associations_are_as_declared(profile: str, name: str) -> None:
    association = declaration(profile)["associations"][name]
    talking = Client(served(profile), association["client"], server=association["server"]).open()
    assert talking.initiate is not None
    assert talking.initiate.max_pdu == association["max_pdu"]
    found, expected = (
        {one for one in names if not one.startswith("priority")} for names in
        (conformance_names(talking.initiate.conformance), association["conformance"]))
    assert found == expected


@pytest.mark.parametrize(("profile", "name"), [
    (profile, name) for profile, name in NAMED
    if declaration(profile)["associations"][name]["suite"]])
def test_security_setups_are_as_declared(profile: str, name: str) -> None:
    association = declaration(profile)["associations"][name]
    talking = Client(served(profile), association["client"]).open()
    setup = next(one["object"] for one in association["objects"] if one["class"] == 64)
    assert talking.value(f"{setup}/a2") == association["policy"]
    assert talking.value(f"{setup}/a3") == association["suite"]


@pytest.mark.parametrize(("profile", "name"), NAMED)
def test_objects_are_as_declared(profile: str, name: str) -> None:
    association = declaration(profile)["associations"][name]
    talking = Client(served(profile), association["client"], server=association["server"]).open()
    listed = read_object_list(talking.read("15/0-0:40.0.0.255/a2"), 2).objects
    found = [(one.class_id, one.version, obis.text(one.instance),
              {str(index): ATTRIBUTES[access.mode]
               for index, access in one.attribute_access.items()},
              {str(index): METHODS[mode] for index, mode in one.method_access.items()})
             for one in listed]
    expected = [(one["class"], one["version"], one["obis"], one["attributes"], one["methods"])
                for one in association["objects"]]
    assert found == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_names_and_numbers_are_as_declared(profile: str) -> None:
    declared, meter = declaration(profile), served(profile)
    talking = Client(meter, 16).open()
    assert talking.value("1/0-0:42.0.0.255/a2") == declared["logical_device_name"].encode()
    assert talking.value("1/0-0:96.1.0.255/a2") == declared["serial_number"].encode()
    firmware = declared["firmware"]
    assert talking.value(firmware["object"]).hex().upper() == firmware["octets"]
    reader = Client(meter, 32).open()
    assert reader.value("1/0-0:96.1.1.255/a2") == declared["type"].encode()
