"""Types of what associations hold: object lists, access rights, contexts (IEC 62056-6-2, 4.4).

They differ by the version of the class: access modes are booleans and four values in version 0, an
enumeration of seven in versions 1 and 2, bits in version 3.
"""

from __future__ import annotations

from bench.protocols.cosem.classes.types import (
    BOOLEAN,
    INTEGER,
    LOGICAL_NAME,
    LONG,
    LONG_UNSIGNED,
    NULL,
    UNSIGNED,
    Array,
    Simple,
    Structure,
    Type,
    array,
    choice,
    enum,
    structure,
)
from bench.protocols.cosem.values import Tag

_PLAIN_MODES = enum(no_access=0, read_only=1, write_only=2, read_and_write=3)
_MODES = enum(no_access=0, read_only=1, write_only=2, read_and_write=3,
              authenticated_read_only=4, authenticated_write_only=5,
              authenticated_read_and_write=6)
_METHOD_MODES = enum(no_access=0, access=1, authenticated_access=2)
_MODE_BITS = Simple(Tag.ENUM)
_SELECTORS = choice(NULL, array(INTEGER))


def access_right(version: int) -> Structure:
    """Return the type ``access_right`` of a class 15 of ``version``."""
    return Structure(_rights(version))


def object_list(version: int) -> Array:
    """Return the type of attribute 2 of a class 15 of ``version``."""
    return array(object_list_element(version))


def object_list_element(version: int) -> Structure:
    """Return the type of one element of that list."""
    return structure(class_id=LONG_UNSIGNED, version=UNSIGNED, logical_name=LOGICAL_NAME,
                     access_rights=access_right(version))


def short_name_object_list() -> Array:
    """Return the type of attribute 2 of a class 12."""
    return array(structure(base_name=LONG, class_id=LONG_UNSIGNED, version=UNSIGNED,
                           logical_name=LOGICAL_NAME))


def access_rights_list() -> Array:
    """Return the type of attribute 3 of a class 12, from version 1 on."""
    return array(Structure((("base_name", LONG), *_rights(1))))


def _rights(version: int) -> tuple[tuple[str, Type], ...]:
    attribute_mode: Type = (_PLAIN_MODES, _MODES, _MODES, _MODE_BITS)[version]
    method_mode: Type = (BOOLEAN, _METHOD_MODES, _METHOD_MODES, _MODE_BITS)[version]
    return (
        ("attribute_access", array(structure(
            attribute_id=INTEGER, access_mode=attribute_mode, access_selectors=_SELECTORS))),
        ("method_access", array(structure(method_id=INTEGER, access_mode=method_mode))),
    )
