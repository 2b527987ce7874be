"""What the maker of a DLMS/COSEM server declares: section ``dlms`` of a profile.

Its questions are those of the declaration file of the DLMS UA's conformance test (CTI): who made
it, how it is reached, which associations it has and what each lets its client see and do. Points
that the standard leaves open are declared in ``accepts``. The whole section, defaults filled in, is
``ixit.dlms`` as plain values, so that a run freezes it and expressions name it. Keys are named
here, and are in a file of their own (:mod:`devices.dlms_keys`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bench.errors import ProfileError
from devices import dlms_images
from devices.declaration import Declaration, Location, Schema, show, unknown
from devices.dlms_names import (
    ALTERNATIVES,
    BY_LOGICAL_NAME,
    BY_SHORT_NAME,
    CONFORMANCE,
    CONTEXTS,
    MECHANISMS,
    ROLES,
)
from devices.dlms_objects import DeclaredObject, read_objects, repeated

REFERENCE = r"[0-9]{1,5}/[0-9]{1,3}-[0-9]{1,3}:[0-9]{1,3}(\.[0-9]{1,3}){3}"
"""An object as cases name it: ``class/obis``."""

_SECONDS = "a number of seconds"
_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"


class Firmware(Schema):
    """Where the firmware identifier is read, and what it must be: ``text`` or ``octets``."""

    object: str = Field("1/1-0:0.2.0.255/a2", pattern=f"^{REFERENCE}/a[0-9]{{1,3}}$",
                        description="an attribute such as 1/1-0:0.2.0.255/a2")
    association: str = Field(description="the name of an association that may read it")
    text: str | None = Field(None, min_length=1, max_length=64,
                             description="ASCII text of 1 to 64 characters, in quotes")
    octets: str | None = Field(None, pattern="^([0-9A-F]{2}){1,64}$",
                               description="hexadecimal digits in upper case, in quotes")


class Hdlc(Schema):
    """The data link of IEC 62056-46, as the server has it; ``transmit`` is what it sends.

    The upper part of its address is the ``server`` of an association, the client's is ``client``.
    """

    lower: int = Field(0, ge=0, le=16_383,
                       description="the lower (physical) address, 0 to 16,383; 0 for none")
    address_octets: Literal[1, 2, 4] = Field(description="1, 2 or 4")
    max_information_transmit: int = Field(128, ge=32, le=2_030, description="octets, 32 to 2,030")
    max_information_receive: int = Field(128, ge=32, le=2_030, description="octets, 32 to 2,030")
    window_transmit: int = Field(1, ge=1, le=7, description="frames, 1 to 7")
    window_receive: int = Field(1, ge=1, le=7, description="frames, 1 to 7")
    inter_octet_s: float = Field(0.025, gt=0, le=6, description=f"{_SECONDS} up to 6")
    response_s: float = Field(gt=0, le=600, description=f"{_SECONDS} up to 600")
    inactivity_s: float = Field(120, ge=0, le=3_600,
                                description=f"{_SECONDS} up to 3,600, 0 for never")


class Wrapper(Schema):
    """The wrapper of IEC 62056-47; wPorts are the ``client`` and ``server`` of an association."""

    response_s: float = Field(gt=0, le=600, description=f"{_SECONDS} up to 600")
    inactivity_s: float = Field(0, ge=0, le=86_400,
                                description=f"{_SECONDS} up to 86,400, 0 for never")


class SignOn(Schema):
    """The sign-on of IEC 62056-21, mode E, that goes before HDLC at an optical port."""

    address: str = Field("", pattern="^[0-9A-Za-z ]{0,32}$",
                         description="the device address, up to 32 digits, letters and spaces, in "
                                     "quotes; empty where it has none")


class Links(Schema):
    """How the server is reached; which of them is used is the rig's."""

    hdlc: Hdlc | None = Field(None, description="a mapping of the data link's parameters")
    wrapper: Wrapper | None = Field(None, description="a mapping of the wrapper's parameters")
    sign_on: SignOn | None = Field(None, description="a mapping of the sign-on's parameters")


class Association(Schema):
    """One application association that the server offers."""

    client: int = Field(ge=0, le=16_383, description="the client's address, 0 to 16,383")
    server: int = Field(1, ge=1, le=16_383, description="the logical device, 1 to 16,383")
    context: str = Field("ln", pattern=f"^({'|'.join(CONTEXTS)})$",
                         description=f"one of {', '.join(CONTEXTS)}")
    mechanism: str = Field("none", pattern=f"^({'|'.join(MECHANISMS)})$",
                           description=f"one of {', '.join(MECHANISMS)}")
    conformance: list[str] = Field(min_length=1, description="a list of services")
    max_pdu: int = Field(ge=64, le=65_535,
                         description="the longest APDU it takes, 64 to 65,535 octets")
    suite: int | None = Field(None, ge=0, le=2, description="a security suite, 0 to 2")
    policy: int = Field(0, ge=0, le=255,
                        description="a security policy as its security setup has it, 0 to 255")
    keys: str | None = Field(None, pattern=_NAME,
                             description="the name of a set in the file of keys")
    objects: list[DeclaredObject] | str = Field(
        description="a list of objects, or the name of a file with one")


class DlmsDeclaration(Schema):
    """The section as it is written."""

    flag_id: str = Field(pattern="^[A-Z]{3}$", description="three capital letters")
    logical_device_name: str = Field(
        pattern="^[A-Z]{3}[ -~]{1,13}$",
        description="the FLAG id and up to 13 more ASCII characters")
    logical_devices: dict[int, str] = Field(
        default_factory=dict, description="a mapping of servers to names of logical devices")
    type: str = Field(min_length=1, max_length=64, description="text of 1 to 64 characters")
    serial_number: str = Field(min_length=1, max_length=64,
                               description="text of 1 to 64 characters, in quotes")
    firmware: Firmware = Field(description="a mapping that says where the firmware id is read")
    link: Links = Field(description="a mapping of hdlc, wrapper or both")
    associations: dict[str, Association] = Field(
        min_length=1, description="a mapping of names to associations")
    roles: dict[str, str] = Field(
        default_factory=dict,
        description=f"a mapping of {', '.join(ROLES)} to the names of associations")
    accepts: dict[str, str] = Field(default_factory=dict,
                                    description="a mapping of open points to what it does")
    images: dlms_images.Images | None = Field(
        None, description="a mapping of the images test and first")
    do_not_test: list[str] = Field(default_factory=list,
                                   description="a list of objects, attributes and methods")


def mistakes(written: DlmsDeclaration, ics: Mapping[str, Any], folder: Path
             ) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong with a section beyond its form, against the answers of the ICS, and with
    the images that it names in ``folder``."""
    if not written.logical_device_name.startswith(written.flag_id):
        yield ("logical_device_name",), (
            f"dlms.logical_device_name: expected {written.flag_id} at its beginning, found "
            f"{show(written.logical_device_name)}")
    for server, name in written.logical_devices.items():
        if not re.fullmatch("[A-Z]{3}[ -~]{1,13}", name) or not name.startswith(written.flag_id):
            yield ("logical_devices", server), (
                f"dlms.logical_devices.{server}: expected {written.flag_id} and up to 13 more "
                f"ASCII characters, found {show(name)}")
    if (written.firmware.text is None) == (written.firmware.octets is None):
        yield ("firmware",), "dlms.firmware: expected one of text and octets"
    if (written.firmware.text or "").isascii() is False:
        yield ("firmware", "text"), "dlms.firmware.text: expected ASCII text"
    if written.firmware.association not in written.associations:
        yield ("firmware", "association"), "dlms.firmware.association: " + unknown(
            "an association", written.firmware.association, written.associations)
    yield from _link_mistakes(written.link, ics)
    yield from _association_mistakes(written.associations, ics)
    yield from _role_mistakes(written)
    yield from _server_mistakes(written)
    yield from dlms_images.mistakes(written.images, ics, folder)
    for point, choice in written.accepts.items():
        if point not in ALTERNATIVES:
            yield ("accepts", point), f"dlms.accepts: {unknown('one', point, ALTERNATIVES)}"
        elif choice not in ALTERNATIVES[point].choices:
            yield ("accepts", point), (
                f"dlms.accepts.{point}: {unknown('one', choice, ALTERNATIVES[point].choices)}")
    for index, name in enumerate(written.do_not_test):
        if not re.fullmatch(f"{REFERENCE}(/[am][0-9]{{1,3}})?", name) or not _is_canonical(name):
            yield ("do_not_test", index), (
                f"dlms.do_not_test: expected class/obis, or that with /a and /m and an index, "
                f"found {show(name)}")


def _is_canonical(name: str) -> bool:
    """Return whether a reference is written as everybody writes it: no zeros before a number, none
    over what it may be."""
    numbers = [int(number) for number in re.findall("[0-9]+", name)]
    return (not re.search(r"(?<![0-9])0[0-9]", name) and numbers[0] <= 0xFFFF
            and max(numbers[1:]) <= 0xFF)


def plain(written: DlmsDeclaration, folder: Path) -> dict[str, Any]:
    """Return a section without mistakes as plain values, as ``ixit.dlms`` has it.

    Files are looked for in ``folder``; :class:`ProfileError` where one of objects is wrong.
    """
    firmware = written.firmware
    octets = firmware.octets or (firmware.text or "").encode("ascii").hex().upper()
    links = {name: link.model_dump() for name, link in
             (("hdlc", written.link.hdlc), ("wrapper", written.link.wrapper),
              ("sign_on", written.link.sign_on)) if link is not None}
    return {
        "flag_id": written.flag_id, "logical_device_name": written.logical_device_name,
        "logical_device_name_octets": written.logical_device_name.encode("ascii").hex().upper(),
        "logical_devices": [{"server": server, "name": name,
                             "octets": name.encode("ascii").hex().upper()}
                            for server, name in _logical_devices(written)],
        "type": written.type, "serial_number": written.serial_number,
        "firmware": {"object": firmware.object, "association": firmware.association,
                     "octets": octets},
        "link": links,
        "associations": {name: _association(name, one, folder)
                         for name, one in written.associations.items()},
        "roles": dict(_roles(written)),
        "accepts": {name: [written.accepts[name]] if name in written.accepts
                    else list(point.choices) for name, point in ALTERNATIVES.items()},
        "images": dlms_images.plain(written.images, folder),
        "do_not_test": list(written.do_not_test),
    }


def _roles(written: DlmsDeclaration) -> Iterator[tuple[str, str]]:
    """Yield which association plays each role: the one of its name, the one declared for it, or the
    first that fits best; none where there is none of these.

    Best is the likeliest mechanism, then logical names, then the lowest logical device.
    """
    for role, mechanisms in ROLES.items():
        fitting = sorted(
            (mechanisms.index(one.mechanism), one.context.startswith("sn"), one.server, place, name)
            for place, (name, one) in enumerate(written.associations.items())
            if one.mechanism in mechanisms)
        found = role if role in written.associations else written.roles.get(role)
        if found or fitting:
            yield role, found or fitting[0][-1]


def _logical_devices(written: DlmsDeclaration) -> list[tuple[int, str]]:
    """Return server and name of each; the lowest has ``logical_device_name``."""
    lowest = min(one.server for one in written.associations.values())
    return sorted(({lowest: written.logical_device_name} | written.logical_devices).items())


def refuse_omissions(path: Path, dlms: Mapping[str, Any] | None) -> None:
    """Raise :class:`ProfileError` where the profile at ``path`` leaves something out of the test.

    That is its maker's right in a pre-check; a certificate stands for everything.
    """
    left_out = list((dlms or {}).get("do_not_test", ()))
    if left_out:
        file = Declaration(path, ProfileError)
        file.fail([(("dlms", "do_not_test"), "dlms.do_not_test: expected an empty list, because "
                    f"a certificate leaves nothing out; found {', '.join(left_out)}")])


def _association(name: str, written: Association, folder: Path) -> dict[str, Any]:
    return {
        "name": name, "client": written.client, "server": written.server,
        "context": written.context, "short_names": written.context.startswith("sn"),
        "ciphered": written.context.endswith("ciphered"), "mechanism": written.mechanism,
        "conformance": list(written.conformance), "max_pdu": written.max_pdu,
        "suite": written.suite, "policy": written.policy, "keys": written.keys,
        "objects": [one.plain() for one in read_objects(written.objects, folder)],
    }


def _link_mistakes(links: Links, ics: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    if links.hdlc is None and links.wrapper is None:
        yield ("link",), "dlms.link: expected hdlc, wrapper or both, found neither"
    for name, link in (("hdlc", links.hdlc), ("wrapper", links.wrapper)):
        if isinstance(ics.get(name), bool) and ics[name] != (link is not None):
            yield ("link",), (f"dlms.link.{name}: expected {'it' if ics[name] else 'none'}, "
                              f"because ics.{name} is {str(ics[name]).lower()}")
    if links.hdlc is not None and links.hdlc.lower and links.hdlc.address_octets == 1:
        yield ("link", "hdlc", "lower"), (
            "dlms.link.hdlc.lower: expected none, because an address of one octet has no lower "
            f"part; found {links.hdlc.lower}")


def _association_mistakes(
    associations: Mapping[str, Association], ics: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    partners: dict[tuple[int, int], str] = {}
    for name, one in associations.items():
        def at(field: str, *rest: int, name: str = name) -> tuple[Location, str]:
            return ("associations", name, field, *rest), f"dlms.associations.{name}.{field}"

        if not re.fullmatch(_NAME, name):
            place, _ = at("client")
            yield place[:2], (f"dlms.associations: expected a name in lower case, words joined by "
                              f"hyphens, found {show(name)}")
        other = partners.setdefault((one.client, one.server), name)
        if other != name:
            place, told = at("client")
            yield place, f"{told}: {one.client} and its server are those of {other} too"
        yield from ((place, f"{told}: {text}") for (place, told), text in _of_one(one, ics, at))


def _server_mistakes(written: DlmsDeclaration) -> Iterator[tuple[Location, str]]:
    named = dict(_logical_devices(written))
    lowest = min(one.server for one in written.associations.values())
    if named[lowest] != written.logical_device_name:
        yield ("logical_devices", lowest), (
            f"dlms.logical_devices.{lowest}: expected the logical_device_name, which is that of "
            f"the lowest server, found {show(named[lowest])}")
    for name, one in written.associations.items():
        if one.server not in named:
            yield ("associations", name, "server"), (
                f"dlms.associations.{name}.server: expected a logical device that has its name in "
                f"dlms.logical_devices, found {one.server}")


def _role_mistakes(written: DlmsDeclaration) -> Iterator[tuple[Location, str]]:
    for role, name in written.roles.items():
        place, told = ("roles", role), f"dlms.roles.{role}"
        if role not in ROLES:
            yield place, f"dlms.roles: {unknown('one', role, ROLES)}"
        elif name not in written.associations:
            yield place, f"{told}: {unknown('an association', name, written.associations)}"
        elif role in written.associations and name != role:
            yield place, f"{told}: expected the association of that name, found {show(name)}"


def _of_one(one: Association, ics: Mapping[str, Any], at: Any) -> Iterator[tuple[Any, str]]:
    by_short_name = one.context.startswith("sn")
    strange = BY_LOGICAL_NAME if by_short_name else BY_SHORT_NAME
    for index, service in enumerate(one.conformance):
        if service not in CONFORMANCE:
            yield at("conformance", index), unknown("a service", service, CONFORMANCE)
        elif service in strange:
            yield at("conformance", index), (
                f"expected a service of the context {one.context}, found {service!r}")
    if by_short_name and ics.get("short_names") is False:
        yield at("context"), "expected ln, because ics.short_names is false; found " + one.context
    protected = one.context.endswith("ciphered") or one.mechanism == "hls-gmac"
    if protected and one.suite is None:
        yield at("suite"), f"expected a suite for {one.context} and {one.mechanism}, found none"
    if one.mechanism == "hls-ecdsa" and not one.suite:
        yield at("suite"), ("expected 1 or 2, which have signatures, for hls-ecdsa, found "
                            f"{'none' if one.suite is None else one.suite}")
    if one.policy and not one.context.endswith("ciphered"):
        yield at("policy"), f"expected 0 in a context without ciphering, found {one.policy}"
    if (protected or one.mechanism != "none") and one.keys is None:
        yield at("keys"), "expected the name of a set of keys, found none"
    if not isinstance(one.objects, str):
        yield from ((at("objects", *where), text) for where, text in _repeated(one.objects))


def _repeated(objects: Iterable[DeclaredObject]) -> Iterator[tuple[tuple[int, ...], str]]:
    for where, text in repeated(list(objects)):
        yield tuple(int(part) for part in where), text
