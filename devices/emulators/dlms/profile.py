"""What makes one emulated meter differ from another: section ``emulator`` of a profile file.

Everything has a default, so that a meter needs no file. An association is what the meter offers to
one client SAP in one logical device; the first three of the default are those of a SMETS1 meter,
two have one of the security policies that those do not have, and the others are of a second logical
device.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from bench.errors import ProfileError
from bench.protocols.dlms.apdu.initiate import CONFORMANCE_NAMES
from devices.declaration import Declaration, Schema
from devices.emulators.gbcs.profile import DEFAULT_START

MECHANISMS = {"none": 0, "low": 1, "md5": 3, "sha1": 4, "gmac": 5, "sha256": 6, "ecdsa": 7}
"""Names of authentication mechanisms -> the last number of the mechanism name (IEC 62056-5-3)."""

MANAGING_DEVICE = 1
"""SAP of the management logical device; any other one is a small sub-meter (IEC 62056-6-2)."""

BASIC = ("get", "block-transfer-with-get-or-read", "selective-access")
READING = (*BASIC, "multiple-references", "set", "action")
MANAGING = (
    *READING, "general-protection", "general-block-transfer", "block-transfer-with-set-or-write",
    "block-transfer-with-action", "data-notification", "access", "priority-mgmt-supported")
BY_SHORT_NAME = ("read", "write", "unconfirmed-write", "block-transfer-with-get-or-read",
                 "block-transfer-with-set-or-write", "multiple-references",
                 "parameterized-access")


Place = tuple[int, int]
"""SAPs of a client and a logical device."""


class Rights(StrEnum):
    """Which of the access rights an association has."""

    PUBLIC = "public"
    READER = "reader"
    MANAGEMENT = "management"
    LIMITED = "limited"


class Association(Schema):
    """What the meter offers to one client.

    ``policy`` is that of suite 0: 1 authentication, 2 encryption, 3 both; 0 asks for neither.
    ``users`` lists client user ids; an empty list takes any client and any user.
    """

    name: str = Field(min_length=1, description="a name")
    client: int = Field(ge=1, le=127, description="a client SAP, 1 to 127")
    server: int = Field(default=MANAGING_DEVICE, ge=1, le=99,
                        description="the SAP of a logical device, 1 to 99")
    mechanism: str = Field(default="none", pattern=f"^({'|'.join(MECHANISMS)})$",
                           description=f"one of {', '.join(MECHANISMS)}")
    ciphered: bool = Field(default=False, description="whether the context is ciphered")
    rights: Rights = Field(default=Rights.PUBLIC, strict=False,
                           description="public, reader, management or limited")
    conformance: tuple[str, ...] = Field(default=BASIC,
                                         description="names of services", strict=False)
    max_pdu: int = Field(default=1024, ge=64, le=65_535, description="octets, 64 to 65,535")
    policy: int = Field(default=0, ge=0, le=3, description="a security policy, 0 to 3")
    users: dict[int, str] = Field(default={}, description="user ids (0 to 255) and names")

    @property
    def place(self) -> Place:
        """Return the SAPs of client and logical device."""
        return self.client, self.server

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.policy and not self.ciphered:
            raise ValueError(f"{self.name}: a policy needs a ciphered context")
        if self.mechanism == "gmac" and not self.ciphered:
            raise ValueError(f"{self.name}: GMAC needs a ciphered context")
        unknown = [name for name in self.conformance if name not in CONFORMANCE_NAMES]
        if unknown:
            raise ValueError(f"{self.name}: no service {unknown[0]}")
        return self


PUBLIC = Association(name="public", client=16)
READER = Association(name="reader", client=32, mechanism="low", rights=Rights.READER,
                     conformance=READING)
MANAGEMENT = Association(name="management", client=48, mechanism="gmac", ciphered=True,
                         rights=Rights.MANAGEMENT, conformance=MANAGING, policy=3)
AUTHENTICATED, ENCRYPTED = (
    Association(name=name, client=client, mechanism="gmac", ciphered=True, rights=Rights.LIMITED,
                conformance=READING, policy=policy)
    for name, client, policy in (("authenticated", 49, 1), ("encrypted", 50, 2)))
SECOND_PUBLIC, SECOND_READER = (
    one.model_copy(update={"name": f"second-{one.name}", "server": 2}) for one in (PUBLIC, READER))


class Settings(Schema):
    """One emulated meter."""

    flag_id: str = Field(default="SMB", pattern="^[A-Z]{3}$", description="three capital letters")
    serial: str = Field(default="0000000000001", pattern="^[0-9A-Za-z]{1,13}$",
                        description="1 to 13 letters and digits")
    firmware: str = Field(default="1.0.0", min_length=1, max_length=32,
                          description="1 to 32 characters")
    start: int = Field(default=DEFAULT_START, ge=0, le=3_000_000_000,
                       description="seconds since 2000-01-01")
    suite: int = Field(default=0, ge=0, le=2, description="a security suite, 0 to 2")
    short_names: bool = Field(default=False,
                              description="whether objects have short names, not logical")
    association_version: int = Field(default=2, ge=0, le=3,
                                     description="a version of class 15, 0 to 3, or of class 12, "
                                                 "0 to 2")
    profile_rows: int = Field(default=19_056, ge=1, le=65_535,
                              description="half-hours, 1 to 65,535")
    past_rows: int | None = Field(default=None, ge=0, le=65_535,
                                  description="half-hours before the start, all by default")
    further_registers: int = Field(default=0, ge=0, le=500, description="more registers, 0 to 500")
    challenge_octets: int = Field(default=16, ge=8, le=64,
                                  description="octets of a challenge, 8 to 64")
    image_block_size: int = Field(default=128, ge=16, le=4096, description="octets, 16 to 4,096")
    largest_image: int = Field(default=262_144, ge=64, le=8_388_608, description="octets")
    image_s: float = Field(default=0, ge=0, le=3600,
                           description="seconds that verification and activation take")
    system_title_client: str = Field(default="", pattern="^([0-9A-F]{16})?$",
                                     description="16 hexadecimal digits; empty takes any")
    associations: tuple[Association, ...] = Field(
        default=(PUBLIC, READER, MANAGEMENT, AUTHENTICATED, ENCRYPTED, SECOND_PUBLIC,
                 SECOND_READER),
        description="the associations", strict=False)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.associations:
            raise ValueError("a meter has an association at least")
        places = [one.place for one in self.associations]
        if len(set(places)) < len(places):
            raise ValueError("two associations for one client")
        if not self.suite and any(one.mechanism == "ecdsa" for one in self.associations):
            raise ValueError("ECDSA needs suite 1 or 2")
        return self

    @property
    def logical_device_name(self) -> str:
        """Return FLAG id and serial number, at most 16 characters."""
        return f"{self.flag_id}{self.serial}"

    @property
    def devices(self) -> dict[int, str]:
        """Return the names of the logical devices by SAP."""
        servers = sorted({MANAGING_DEVICE, *(one.server for one in self.associations)})
        return {server: self.logical_device_name if server == MANAGING_DEVICE
                else f"{self.logical_device_name[:13]}-{server:02}" for server in servers}


class _File(Schema):
    """A profile file, of which only one section is the emulator's business."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    emulator: Settings = Field(default=Settings(), description="a mapping of emulator settings")


def load_settings(path: Path) -> Settings:
    """Return the settings in a profile file; ProfileError, ``file:line: ...`` for each mistake."""
    return Declaration(path, ProfileError).validate(_File).emulator
