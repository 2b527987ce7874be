"""Object lists: what an association lets its client see and do (classes 15 and 12, attribute 2).

Records are the same for every version. The access modes of versions 0 to 2 are enumerations
(read only, authenticated read only, ...), those of version 3 are bits; here all are the bits of
version 3, so ``AttributeMode.READ in mode`` holds for each. A list by short names (class 12) has
base names; its rights are in another attribute, read by :func:`read_access_rights`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.classes.association_types import (
    access_rights_list,
    object_list,
    short_name_object_list,
)
from bench.protocols.cosem.classes.checking import Misfit, check
from bench.protocols.cosem.classes.types import Array
from bench.protocols.cosem.values import Data, Tag


class AttributeMode(enum.IntFlag):
    """What a client may do with an attribute, and how requests and responses are protected."""

    NO_ACCESS = 0
    READ = 1
    WRITE = 2
    AUTHENTICATED_REQUEST = 4
    ENCRYPTED_REQUEST = 8
    SIGNED_REQUEST = 16
    AUTHENTICATED_RESPONSE = 32
    ENCRYPTED_RESPONSE = 64
    SIGNED_RESPONSE = 128


class MethodMode(enum.IntFlag):
    """What a client may do with a method; the protections have the bits of attributes."""

    NO_ACCESS = 0
    ACCESS = 1
    AUTHENTICATED_REQUEST = 4
    ENCRYPTED_REQUEST = 8
    SIGNED_REQUEST = 16
    AUTHENTICATED_RESPONSE = 32
    ENCRYPTED_RESPONSE = 64
    SIGNED_RESPONSE = 128


class AttributeAccess(NamedTuple):
    """The rights on one attribute; ``selectors`` is None where the list says null."""

    mode: AttributeMode
    selectors: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a list, with the rights on its attributes and methods by number."""

    class_id: int
    version: int
    instance: bytes
    attribute_access: Mapping[int, AttributeAccess] = field(default_factory=dict, hash=False)
    method_access: Mapping[int, MethodMode] = field(default_factory=dict, hash=False)
    base_name: int | None = None  # of short-name referencing

    @property
    def text(self) -> str:
        """Return ``class/obis`` with the version, such as ``3/1-0:1.8.0.255 v0``."""
        return f"{self.class_id}/{obis.text(self.instance)} v{self.version}"


class ObjectList(NamedTuple):
    """The objects that could be read of a list, and what did not fit; such objects are left out."""

    objects: tuple[ListedObject, ...]
    misfits: tuple[Misfit, ...]


def read_object_list(data: Data, version: int) -> ObjectList:
    """Return the objects of attribute 2 of a class 15 of ``version`` (0 to 3)."""
    elements, misfits = _elements(object_list(version), data)
    objects = []
    for number, element in elements:
        class_id, class_version, instance, rights = (item.value for item in element.value)
        attributes, methods, repeated = _rights(rights[0], rights[1], version, f"[{number}]")
        misfits.extend(repeated)
        objects.append(ListedObject(class_id, class_version, instance, attributes, methods))
    return ObjectList(tuple(objects), tuple(misfits))


def read_short_name_list(data: Data) -> ObjectList:
    """Return the objects of attribute 2 of a class 12; base names count as unsigned."""
    elements, misfits = _elements(short_name_object_list(), data)
    by_name: dict[int, ListedObject] = {}
    for number, element in elements:
        base_name, class_id, version, instance = (item.value for item in element.value)
        name = base_name & 0xFFFF
        if name in by_name:
            misfits.append(Misfit(f"[{number}].base_name", "each base name once",
                                  f"{name:04X} twice"))
            continue
        by_name[name] = ListedObject(class_id, version, instance, base_name=name)
    return ObjectList(tuple(by_name.values()), tuple(misfits))


def read_access_rights(data: Data, objects: Iterable[ListedObject]) -> ObjectList:
    """Return ``objects`` with the rights of attribute 3 of a class 12 (version 1 on)."""
    elements, misfits = _elements(access_rights_list(), data)
    by_name = {item.base_name: item for item in objects}
    for number, element in elements:
        base_name, attribute_access, method_access = element.value
        name = base_name.value & 0xFFFF
        if name not in by_name:
            misfits.append(Misfit(f"[{number}].base_name", "a base name of the object list",
                                  f"{name:04X}"))
            continue
        attributes, methods, repeated = _rights(attribute_access, method_access, 1, f"[{number}]")
        misfits.extend(repeated)
        by_name[name] = replace(by_name[name], attribute_access=attributes, method_access=methods)
    return ObjectList(tuple(by_name.values()), tuple(misfits))


def write_object_list(objects: Iterable[ListedObject], version: int) -> Data:
    """Return attribute 2 of a class 15; a mode that ``version`` cannot say: LocalProtocolError."""
    return Data(Tag.ARRAY, tuple(
        _structure(_long_unsigned(item.class_id), Data(Tag.UNSIGNED, item.version),
                   Data(Tag.OCTET_STRING, item.instance),
                   _structure(*_written_rights(item, version)))
        for item in objects))


def write_short_name_list(objects: Iterable[ListedObject]) -> Data:
    """Return attribute 2 of a class 12; every object needs its base name."""
    return Data(Tag.ARRAY, tuple(
        _structure(_base_name(item), _long_unsigned(item.class_id),
                   Data(Tag.UNSIGNED, item.version), Data(Tag.OCTET_STRING, item.instance))
        for item in objects))


def write_access_rights(objects: Iterable[ListedObject]) -> Data:
    """Return attribute 3 of a class 12 (version 1 on)."""
    return Data(Tag.ARRAY, tuple(
        _structure(_base_name(item), *_written_rights(item, 1)) for item in objects))


def mode_text(mode: AttributeMode | MethodMode) -> str:
    """Return a mode in words: ``read, write; authenticated request``."""
    names = [(flag.name or "").lower().replace("_", " ") for flag in type(mode) if flag & mode]
    doing = [name for name in names if name in ("read", "write", "access")]
    protections = [name for name in names if name not in doing]
    return "; ".join(filter(None, (", ".join(doing), ", ".join(protections)))) or "no access"


_READ, _WRITE = AttributeMode.READ, AttributeMode.WRITE
_AUTHENTICATED = AttributeMode.AUTHENTICATED_REQUEST
# IEC 62056-6-2, Association LN versions 0 to 2: the enumerations, as the bits of version 3.
_ATTRIBUTE_MODES: Mapping[int, AttributeMode] = MappingProxyType({
    0: AttributeMode.NO_ACCESS, 1: _READ, 2: _WRITE, 3: _READ | _WRITE,
    4: _READ | _AUTHENTICATED, 5: _WRITE | _AUTHENTICATED, 6: _READ | _WRITE | _AUTHENTICATED})
_METHOD_MODES: Mapping[int, MethodMode] = MappingProxyType({
    0: MethodMode.NO_ACCESS, 1: MethodMode.ACCESS,
    2: MethodMode.ACCESS | MethodMode.AUTHENTICATED_REQUEST})
_BITS = 3  # the version from which on modes are bits


def _elements(kind: Array, data: Data) -> tuple[list[tuple[int, Data]], list[Misfit]]:
    """Return the elements that fit, with their numbers, and the misfits of the others."""
    if data.tag is not Tag.ARRAY:
        return [], list(check(kind, data))
    good = []
    misfits: list[Misfit] = []
    for number, element in enumerate(data.value):
        wrong = check(kind.element, element)
        misfits.extend(misfit._replace(path=f"[{number}]" + (misfit.path and f".{misfit.path}"))
                       for misfit in wrong)
        if not wrong:
            good.append((number, element))
    return good, misfits


def _rights(attribute_access: Data, method_access: Data, version: int, path: str,
            ) -> tuple[dict[int, AttributeAccess], dict[int, MethodMode], list[Misfit]]:
    attributes: dict[int, AttributeAccess] = {}
    methods: dict[int, MethodMode] = {}
    repeated = []
    for item in attribute_access.value:
        index, mode, selectors = (member.value for member in item.value)
        if index in attributes:
            repeated.append(_twice(path, "attribute", index))
        chosen = None if selectors is None else tuple(selector.value for selector in selectors)
        attributes[index] = AttributeAccess(
            AttributeMode(mode) if version >= _BITS else _ATTRIBUTE_MODES[mode], chosen)
    for item in method_access.value:
        index, mode = (member.value for member in item.value)
        if index in methods:
            repeated.append(_twice(path, "method", index))
        methods[index] = (MethodMode(mode) if version >= _BITS
                          else _METHOD_MODES[int(mode)])
    return attributes, methods, repeated


def _twice(path: str, what: str, index: int) -> Misfit:
    return Misfit(path, f"each {what} once", f"{what} {index} twice")


def _written_rights(item: ListedObject, version: int) -> tuple[Data, Data]:
    attributes = [
        _structure(Data(Tag.INTEGER, index), _attribute_mode(access.mode, version),
                   Data(Tag.NULL_DATA, None) if access.selectors is None else Data(
                       Tag.ARRAY, tuple(Data(Tag.INTEGER, number) for number in access.selectors)))
        for index, access in item.attribute_access.items()]
    methods = [_structure(Data(Tag.INTEGER, index), _method_mode(mode, version))
               for index, mode in item.method_access.items()]
    return Data(Tag.ARRAY, tuple(attributes)), Data(Tag.ARRAY, tuple(methods))


def _attribute_mode(mode: AttributeMode, version: int) -> Data:
    if version >= _BITS:
        return Data(Tag.ENUM, int(mode))
    values = [value for value, known in _ATTRIBUTE_MODES.items()
              if known == mode and (version or value <= 3)]
    return Data(Tag.ENUM, _only(values, mode, version))


def _method_mode(mode: MethodMode, version: int) -> Data:
    if version >= _BITS:
        return Data(Tag.ENUM, int(mode))
    values = [value for value, known in _METHOD_MODES.items()
              if known == mode and (version or value <= 1)]
    value = _only(values, mode, version)
    return Data(Tag.ENUM, value) if version else Data(Tag.BOOLEAN, bool(value))


def _only(values: Sequence[int], mode: AttributeMode | MethodMode, version: int) -> int:
    if not values:
        raise LocalProtocolError(
            f"an association of version {version} has no access mode {mode_text(mode)!r}")
    return values[0]


def _base_name(item: ListedObject) -> Data:
    if item.base_name is None:
        raise LocalProtocolError(f"{item.text} has no base name")
    signed = item.base_name - 0x10000 if item.base_name > 0x7FFF else item.base_name
    return Data(Tag.LONG, signed)


def _long_unsigned(value: int) -> Data:
    return Data(Tag.LONG_UNSIGNED, value)


def _structure(*members: Data) -> Data:
    return Data(Tag.STRUCTURE, members)


