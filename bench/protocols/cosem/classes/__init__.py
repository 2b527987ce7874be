"""COSEM interface classes as declarations (IEC 62056-6-2, the "Blue Book"), and object lists.

Public: :func:`interface_class`, :func:`every_class`, the records of :mod:`.declarations`,
:func:`check` of :mod:`.checking`, the types of :mod:`.types`, and the object lists of
:mod:`.object_list`. Declarations that no second source confirmed are marked provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bench.protocols.cosem.classes import (
    associations,
    gbcs,
    local_ports,
    networks,
    payment,
    protection,
    storage,
    time_control,
)
from bench.protocols.cosem.classes.checking import Misfit, check, text
from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    MethodDeclaration,
)
from bench.protocols.cosem.classes.object_list import (
    AttributeAccess,
    AttributeMode,
    ListedObject,
    MethodMode,
    ObjectList,
    mode_text,
    read_access_rights,
    read_object_list,
    read_short_name_list,
    write_access_rights,
    write_object_list,
    write_short_name_list,
)
from bench.protocols.cosem.classes.types import Type

__all__ = [
    "AttributeAccess", "AttributeDeclaration", "AttributeMode", "InterfaceClass", "ListedObject",
    "MethodDeclaration", "MethodMode", "Misfit", "ObjectList", "Type", "check", "every_class",
    "interface_class", "mode_text", "read_access_rights", "read_object_list",
    "read_short_name_list", "text", "write_access_rights", "write_object_list",
    "write_short_name_list",
]

_FAMILIES = (storage, associations, protection, time_control, payment, local_ports, networks,
             gbcs)
_CLASSES: Mapping[tuple[int, int], InterfaceClass] = MappingProxyType({
    (declared.class_id, declared.version): declared
    for family in _FAMILIES for declared in family.CLASSES})
_NEWEST: Mapping[int, InterfaceClass] = MappingProxyType({
    class_id: _CLASSES[class_id, version] for class_id, version in sorted(_CLASSES)})


def interface_class(class_id: int, version: int | None = None) -> InterfaceClass | None:
    """Return the class in that version; without one, its newest; None where none is declared."""
    return _NEWEST.get(class_id) if version is None else _CLASSES.get((class_id, version))


def every_class() -> tuple[InterfaceClass, ...]:
    """Return all declarations, by class and version."""
    return tuple(_CLASSES[key] for key in sorted(_CLASSES))
