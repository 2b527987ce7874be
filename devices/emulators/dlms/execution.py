"""What one association sees, and may do, of the objects; each service comes down to one of these.

Rights come first, then what the object says. Results are those of IEC 62056-5-3: 4 for an unknown
name, 9 for a known name of another class, 4 for an unknown index, 3 where the right is missing, 13
for a selection that the attribute does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from devices.emulators.dlms.associations import CURRENT_INSTANCE, Listed
from devices.emulators.dlms.interface import (
    OBJECT_UNDEFINED,
    OTHER_REASON,
    READ_WRITE_DENIED,
    SCOPE_VIOLATED,
    Interface,
    Refused,
)
from devices.emulators.dlms.objects import Access, Objects
from devices.emulators.dlms.profile import Association, Rights
from devices.emulators.gbcs.faults import Faults

READ, WRITE = 1, 2

_SHORT_NAMES = 12  # the class of an association by short names

_UNLISTED = obis.parse("1-0:32.7.0.255")
_ABSENT, _ABSENT_BASE = obis.parse("1-0:33.7.0.255"), 0x0F00
_DEVICE_NAME = obis.parse("0-0:42.0.0.255")
_NO_NAME = Data(Tag.OCTET_STRING, bytes(6))


class View:
    """The objects as one association has them; ``current`` is the current association's object."""

    def __init__(self, objects: Objects, settings: Association, current: Interface,
                 faults: Faults) -> None:
        self._objects, self._faults, self._current = objects, faults, current
        self._rights, self._place = settings.rights, settings.place

    # -- what there is -------------------------------------------------------------------------

    def listing(self) -> Sequence[Listed]:
        """Return the rows of the object list."""
        rows = [self._row(self._current), *(
            self._row(found) for found in self._objects
            if self._sees(self._objects.access(found.key)))]
        if "object-listed-and-absent" in self._faults:
            spare = rows[-1].found
            rows.append(rows[-1]._replace(found=_Absent(spare), base_name=_ABSENT_BASE))
        if "object-present-and-not-listed" in self._faults:
            rows = [row for row in rows if row.found.instance != _UNLISTED]
        if "object-version-wrong" in self._faults:
            rows = [row._replace(found=_Absent(row.found, row.found.instance, version=9))
                    if row.found.CLASS_ID == 3 else row for row in rows]
        return rows

    def find(self, class_id: int, instance: bytes) -> Interface:
        """Return an object that this association sees."""
        if "class-not-checked" in self._faults:
            class_id = next((found.CLASS_ID for found in self._objects
                             if found.instance == instance), class_id)
        if instance == CURRENT_INSTANCE and class_id == self._current.CLASS_ID:
            return self._current
        found = self._objects.find(class_id, instance)
        access = self._objects.access(found.key)
        if self._sees(access) or "unlisted-object-served" in self._faults or access.elsewhere:
            return found
        raise Refused(OBJECT_UNDEFINED)

    # -- what may be done ----------------------------------------------------------------------

    def get(self, class_id: int, instance: bytes, index: int,
            selection: Selection | None = None) -> Data:
        """Return an attribute, or the part that is selected."""
        try:
            found = self.find(class_id, instance)
        except Refused:
            if "unlisted-object-served-as-null" in self._faults:
                return Data(Tag.NULL_DATA, None)
            raise
        if index not in tuple(found.indices()):
            if "unknown-attribute-answered" in self._faults:
                return Data(Tag.NULL_DATA, None)
            raise Refused(OBJECT_UNDEFINED)
        if not self._mode(found, index) & READ and "denied-attribute-served" not in self._faults:
            raise Refused(READ_WRITE_DENIED)
        if "listed-attribute-refused" in self._faults and index != 1 \
                and instance != _DEVICE_NAME and class_id != _SHORT_NAMES:
            raise Refused(READ_WRITE_DENIED)
        if selection is None:
            return self._wrong(index, found.get(index))
        if index not in found.SELECTORS or selection.selector not in found.SELECTORS[index]:
            if "unknown-selector-ignored" in self._faults:
                return found.get(index)
            raise Refused(SCOPE_VIOLATED)
        return found.select(index, selection)

    def set(self, class_id: int, instance: bytes, index: int, value: Data,
            selection: Selection | None = None) -> None:
        """Write an attribute."""
        found = self._written(class_id, instance, index)
        if found is None:
            return
        if selection is not None:
            raise Refused(SCOPE_VIOLATED)
        if "dummy-structure-refused" in self._faults and _holds(value, _NO_NAME):
            raise Refused(OTHER_REASON)
        if "write-without-effect" in self._faults:
            return
        if "first-element-written-only" in self._faults:
            value = _first_of(value, found.get(index))
        refused = "refused-write-stored" in self._faults and value != found.get(index)
        try:
            found.set(index, value)
        except Refused:
            if "wrong-value-written" in self._faults and index != 1:
                found.store(found.attributes[index].name, value)
            elif "wrong-value-answered-as-success" not in self._faults:
                raise
        if refused:
            raise Refused(OTHER_REASON)

    def _written(self, class_id: int, instance: bytes, index: int) -> Interface | None:
        """Return what is to be written; None where a defect only says that it was."""
        faults = self._faults
        try:
            found = self.find(class_id, instance)
        except Refused:
            if "write-to-nothing-answered-as-success" in faults:
                return None
            raise
        if index not in tuple(found.indices()):
            if "unknown-attribute-written" in faults:
                return None
            raise Refused(OBJECT_UNDEFINED)
        if self._mode(found, index) & WRITE:
            if "listed-write-refused" in faults:
                raise Refused(READ_WRITE_DENIED)
        elif "denied-write-answered-as-success" in faults:
            return None
        elif "denied-write-accepted" not in faults or index == 1:
            raise Refused(READ_WRITE_DENIED)
        return found

    def act(self, class_id: int, instance: bytes, index: int, parameter: Data) -> Data | None:
        """Invoke a method."""
        found = self.find(class_id, instance)
        if index not in found.methods:
            if "unknown-method-answered" in self._faults:
                return None
            raise Refused(OBJECT_UNDEFINED)
        if not self._may_act(found, index) and "denied-method-executed" not in self._faults:
            raise Refused(READ_WRITE_DENIED)
        if "method-without-effect" in self._faults and found.CLASS_ID in (4, 7, 70):
            return None
        return found.invoke(index, parameter)

    # -- inside --------------------------------------------------------------------------------

    def _access(self, key: tuple[int, bytes]) -> Access:
        if key == self._current.key:
            return Access(public=True, acts=frozenset((1, 8)), hidden=frozenset((7,)))
        return self._objects.access(key)

    def _sees(self, access: Access) -> bool:
        return self._place in access.places or {
            Rights.PUBLIC: access.public, Rights.READER: access.reader,
            Rights.LIMITED: access.limited, Rights.MANAGEMENT: True}[self._rights]

    def _row(self, found: Interface) -> Listed:
        return Listed(found, {index: self._mode(found, index) for index in found.indices()},
                      {index: self._may_act(found, index) for index in found.methods},
                      found.base_name)

    def _mode(self, found: Interface, index: int) -> int:
        access = self._access(found.key)
        mode = 0 if index in access.hidden else READ
        writes = {Rights.PUBLIC: frozenset[int](), Rights.MANAGEMENT: access.writes}.get(
            self._rights, access.reader_writes)
        return mode | (WRITE if index in writes else 0)

    def _may_act(self, found: Interface, index: int) -> bool:
        if found is self._current:  # the answer to a challenge
            return found.methods[index].name == "reply_to_hls_authentication"
        return self._rights == Rights.MANAGEMENT and index in self._access(found.key).acts

    def _wrong(self, index: int, value: Data) -> Data:
        """Return what a device with a defect of its values answers, ``value`` without one."""
        faults = self._faults
        if index == 1:
            wrong = value.value[:5] + bytes((value.value[5] ^ 1,))
            return Data(Tag.OCTET_STRING, wrong) if "logical-name-wrong" in faults \
                else value
        for name, (tag, other) in _WRONG_TYPES.items():
            if name in faults and value.tag == tag:
                return other(value)
        return value


def _first_of(value: Data, held: Data) -> Data:
    """Return ``held`` with the first element of ``value``, where both have elements."""
    if value.tag not in (Tag.ARRAY, Tag.STRUCTURE) or value.tag is not held.tag:
        return value
    return Data(value.tag, (*value.value[:1], *held.value[1:]))


def _holds(value: Data, part: Data) -> bool:
    if value == part:
        return True
    return value.tag in (Tag.ARRAY, Tag.STRUCTURE) and any(_holds(one, part) for one in value.value)


# Defects of values: the type that each is of -> what is served in its place.
_WRONG_TYPES: Mapping[str, tuple[Tag, Callable[[Data], Data]]] = {
    "number-as-signed": (Tag.DOUBLE_LONG_UNSIGNED,
                         lambda held: Data(Tag.DOUBLE_LONG, held.value & 0x7FFFFFFF)),
    "number-as-text": (Tag.LONG_UNSIGNED, lambda held: Data(Tag.VISIBLE_STRING, str(held.value))),
    "enumeration-as-unsigned": (Tag.ENUM, lambda held: Data(Tag.UNSIGNED, held.value)),
    "boolean-as-unsigned": (Tag.BOOLEAN, lambda held: Data(Tag.UNSIGNED, int(held.value))),
    "array-as-structure": (Tag.ARRAY, lambda held: Data(Tag.STRUCTURE, held.value)),
    "structure-element-missing": (Tag.STRUCTURE, lambda held: Data(Tag.STRUCTURE, held.value[:-1])),
    "date-time-too-short": (Tag.OCTET_STRING, lambda held: Data(
        Tag.OCTET_STRING, held.value[:11] if len(held.value) == 12 else held.value)),
    "octet-string-as-text": (Tag.OCTET_STRING, lambda held: Data(
        Tag.VISIBLE_STRING, held.value.hex())),
    "bit-string-as-octets": (Tag.BIT_STRING, lambda held: Data(
        Tag.OCTET_STRING, held.value.encode())),
}


class _Absent(Interface):
    """A row of the list that stands for another object than there is."""

    def __init__(self, like: Interface, instance: bytes = _ABSENT,
                 version: int | None = None) -> None:
        self.CLASS_ID, self.SELECTORS = like.CLASS_ID, like.SELECTORS
        self.VERSION = like.VERSION if version is None else version
        self.instance = instance
        self.attributes, self.methods = like.attributes, like.methods
