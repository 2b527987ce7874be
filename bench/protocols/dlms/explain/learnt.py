"""What values of some attributes tell of others: units, the columns of profiles, class versions."""

from __future__ import annotations

from collections.abc import Mapping

from bench.protocols.cosem import obis_names, units
from bench.protocols.cosem.classes import Type, check, interface_class, read_object_list
from bench.protocols.cosem.classes.types import ANYTHING, NULL, Array, Choice, Structure
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.explain.memory import Memory, Reference
from bench.protocols.dlms.explain.naming import type_of

# Where a class keeps scaler and unit, and which attributes they are of.
_SCALERS: Mapping[int, tuple[int, tuple[int, ...]]] = {
    3: (3, (2,)), 4: (3, (2,)), 5: (4, (2, 3))}
_PROFILE, _BUFFER, _CAPTURED = 7, 2, 3
_ASSOCIATION, _OBJECTS = 15, 2
_NEWEST_FIRST = range(3, -1, -1)


def learn(attribute: Attribute, data: Data, memory: Memory) -> None:
    """Keep what ``data``, the value of ``attribute``, tells of others."""
    place = (attribute.class_id, attribute.index)
    if place == (_ASSOCIATION, _OBJECTS):
        _objects(data, memory)
    elif place == (_PROFILE, _CAPTURED):
        _columns(attribute, data, memory)
    elif attribute.index == _SCALERS.get(attribute.class_id, (0, ()))[0]:
        _scaler(attribute, data, memory)


def scaled(attribute: Attribute, data: Data, memory: Memory) -> str:
    """Return the value with its unit, where scaler and unit of the object came before."""
    known = memory.scalers.get((attribute.class_id, attribute.instance))
    if known is None or type(data.value) is not int:
        return ""
    of = attribute.index in _SCALERS[attribute.class_id][1]
    return units.text(data.value, *known) if of else ""


def rows_of(reference: Reference | None, data: Data | None, memory: Memory) -> Type | None:
    """Return the type of a profile's buffer by its captured objects, if ``data`` fits it."""
    if reference is None or data is None or not isinstance(reference, Attribute) \
            or (reference.class_id, reference.index) != (_PROFILE, _BUFFER):
        return None
    row = memory.rows.get(reference.instance)
    kind = Array(row, compact=True) if row else None
    return kind if kind is not None and not check(kind, data) else None


def _scaler(attribute: Attribute, data: Data, memory: Memory) -> None:
    if data.tag is Tag.STRUCTURE and [each.tag for each in data.value] == [Tag.INTEGER, Tag.ENUM]:
        scaler, unit = (each.value for each in data.value)
        memory.scalers[attribute.class_id, attribute.instance] = (scaler, unit)


def _objects(data: Data, memory: Memory) -> None:
    for version in _NEWEST_FIRST:
        objects, misfits = read_object_list(data, version)
        if not misfits:
            memory.versions |= {(one.class_id, one.instance): one.version for one in objects}
            return


def _columns(attribute: Attribute, data: Data, memory: Memory) -> None:
    declared = interface_class(_PROFILE)
    assert declared is not None
    if check(declared.attributes[_CAPTURED - 1].type, data):
        return
    members: list[tuple[str, Type]] = []
    for captured in data.value:
        class_id, instance, index, part = (each.value for each in captured.value)
        column = Attribute(class_id, instance, index)
        kind = type_of(column, None, memory.version(column)) if not part else None
        # null stands for the value of the row above, or for the next by the capture period
        members.append((obis_names.name(instance) or column.text,
                        Choice((NULL, kind)) if kind is not None else ANYTHING))
    memory.rows[attribute.instance] = Structure(tuple(members))
