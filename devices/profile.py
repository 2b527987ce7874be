"""The declaration of a device under test: subject, ICS and IXIT (ISO/IEC 9646-1), from YAML.

::

    subject: {device_type: ESME, manufacturer: ..., manufacturer_id: "0123", ...}
    ics:     {supply_switch: true, ...}      # those of devices.declaration_items.ICS_ITEMS
    ixit:    {entity_id: "...", ...}         # of devices.declaration_items.IXIT_ITEMS
    dlms:    {flag_id: SMB, ...}             # of a DLMS meter: devices.dlms_declaration
    emulator: {start: ..., ...}              # optional; the emulator's own, no matter here

Field forms of the subject follow the Certified Products List. Leaves out whether the device really
is what its profile says: the runner reads that back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from bench.errors import ProfileError
from bench.records.subject import Subject
from bench.resources import resolve
from devices.declaration import Declaration, Location, Schema, show, unknown
from devices.declaration_items import (
    ESME_VARIANTS,
    ICS_ITEMS,
    IXIT_ITEMS,
    PROPORTIONAL_LETTERS,
    VARIANT_LETTERS,
    Item,
)
from devices.device_types import DEVICE_TYPES
from devices.dlms_declaration import DlmsDeclaration, plain
from devices.dlms_declaration import mistakes as dlms_mistakes


@dataclass(frozen=True, slots=True)
class Profile:
    """One device as its maker declares it; ``path`` is the file it was read from.

    ``ics`` and ``ixit`` hold every item of their table that a device of its type is asked, defaults
    filled in, as plain values. Of a DLMS meter ``ixit["dlms"]`` is its section ``dlms``.
    """

    path: Path
    subject: Subject
    ics: Mapping[str, bool | int | str]
    ixit: Mapping[str, Any]

    @property
    def keys(self) -> Path | None:
        """The folder of keys that the IXIT names, None where it names none."""
        named = self.ixit["keys"]
        return self.path.parent / str(named) if named else None

    @property
    def recordings(self) -> Path | None:
        """The folder of recorded commands that the IXIT names, None where it names none."""
        named = self.ixit.get("recordings")
        return self.path.parent / str(named) if named else None

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the maker of a DLMS meter wants left alone (``dlms.do_not_test``)."""
        return tuple(self.ixit.get("dlms", {}).get("do_not_test", ()))


def load_profile(path: str | Path) -> Profile:
    """Read and check the profile at ``path`` (or of that name among those that ship with us).

    Raises :class:`ProfileError` that lists every mistake as ``file:line: what, expected, found``.
    """
    file = Declaration(resolve(path), ProfileError)
    schema = file.validate(_Profile)
    subject = Subject(**schema.subject.model_dump())
    file.fail(_mistakes(schema, file.path.parent))
    device = _TYPES[subject.device_type]
    ixit = _answers(_asked(IXIT_ITEMS, device), schema.ixit)
    if schema.dlms is not None:
        ixit["dlms"] = plain(schema.dlms, file.path.parent)
    profile = Profile(file.path, subject, _answers(_asked(ICS_ITEMS, device), schema.ics), ixit)
    if profile.keys is not None and not profile.keys.is_dir():
        file.fail([(("ixit", "keys"),
                    f"ixit.keys: expected a folder, found none at {profile.keys}")])
    return profile


_TYPES = {kind.type: name for name, kind in DEVICE_TYPES.items()}


class _Subject(Schema):
    """The subject's form; CPL fields as in DUIS 5.4 (schemes of the GB programme)."""

    device_type: str = Field(pattern=f"^({'|'.join(_TYPES)})$",
                             description=f"a device type: {', '.join(_TYPES)}")
    manufacturer: str = Field(min_length=1, max_length=60,
                              description="the maker's name, 1 to 60 characters")
    manufacturer_id: str = Field(
        pattern=r"^[0-9A-F]{4}$",
        description="4 hexadecimal digits in upper case, in quotes")
    model: str = Field(min_length=1, max_length=30,
                       description="the model, text of 1 to 30 characters")
    hardware_version: str = Field(min_length=1, max_length=30,
                                  description="text of 1 to 30 characters, in quotes")
    firmware_version: str = Field(
        pattern=r"^[0-9A-F]{8}$",
        description="8 hexadecimal digits in upper case (CPL form), in quotes")
    image_hash: str = Field(
        pattern=r"^[0-9A-F]{64}$",
        description="a SHA-256 in 64 hexadecimal digits in upper case, in quotes")
    variant: str = Field(description="an ESME variant of DUIS, such as A or BDE; empty for others")


class _Profile(Schema):
    subject: _Subject = Field(description="the mapping of the subject")
    ics: dict[str, Any] = Field(min_length=1, description="the answers of the ICS, not empty")
    ixit: dict[str, Any] = Field(min_length=1, description="the answers of the IXIT, not empty")
    dlms: DlmsDeclaration | None = Field(
        None, description="a mapping of what a DLMS meter declares")
    # Settings of the bench's own emulator, which reads and checks them itself.
    emulator: dict[str, Any] | None = Field(None, description="a mapping of emulator settings")


def _mistakes(schema: _Profile, folder: Path) -> Iterator[tuple[Location, str]]:
    variant, device = schema.subject.variant, _TYPES[schema.subject.device_type]
    variants = ESME_VARIANTS if device == "esme" else ("",)
    if variant not in variants:
        yield ("subject", "variant"), f"subject.variant: {unknown('one', variant, variants)}"
    yield from _item_mistakes("ics", _asked(ICS_ITEMS, device), schema.ics)
    yield from _item_mistakes("ixit", _asked(IXIT_ITEMS, device), schema.ixit)
    if variant in ESME_VARIANTS:
        yield from _contradictions(variant, schema.ics)
    if (schema.dlms is not None) == DEVICE_TYPES[device].gbcs:
        yield ("dlms",), ("dlms: expected the declaration of a DLMS meter, found none"
                          if schema.dlms is None else
                          f"dlms: expected none of a {schema.subject.device_type}, found one")
    elif schema.dlms is not None:
        yield from ((("dlms", *location), text)
                    for location, text in dlms_mistakes(schema.dlms, schema.ics, folder))


def _asked(items: Mapping[str, Item], device: str) -> Mapping[str, Item]:
    return {name: item for name, item in items.items() if item.concerns(device)}


def _item_mistakes(
    name: str, items: Mapping[str, Item], answers: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    for item, answer in answers.items():
        if item not in items:
            yield (name, item), unknown(f"an item of {name}", item, items)
        elif mistake := items[item].mistake(answer):
            yield (name, item), f"{name}.{item}: {mistake}"
    for item, declared in items.items():
        if item not in answers and declared.default is None:
            yield (name,), f"{name}.{item}: expected {declared.expected}, found no answer"


def _contradictions(
    variant: str, ics: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    implied = {item: letter in variant for letter, item in VARIANT_LETTERS.items()}
    implied["proportional_control"] = bool(PROPORTIONAL_LETTERS & set(variant))
    for item, value in implied.items():
        if isinstance(ics.get(item), bool) and ics[item] != value:
            yield (("ics", item), f"ics.{item}: expected {str(value).lower()} for variant "
                   f"{variant}, found {show(ics[item])}")


def _answers(items: Mapping[str, Item], answers: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {name: item.default for name, item in items.items()}
    return {**merged, **answers}
