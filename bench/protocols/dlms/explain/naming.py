"""Objects, attributes and methods by name, and what must not be shown of them."""

from __future__ import annotations

from bench.protocols.cosem import obis, obis_names
from bench.protocols.cosem.classes import InterfaceClass, Type, check, interface_class
from bench.protocols.cosem.classes.declarations import AttributeDeclaration, MethodDeclaration
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute, Method

HIDDEN = "a secret, not shown"
# Attributes and methods whose value is a secret in clear: no report may have it, not even one of
# an exchange that was ciphered.
_SECRETS = frozenset({
    (12, "m", 5), (12, "m", 6), (15, "a", 7), (15, "m", 2), (19, "a", 7), (19, "a", 8),
    (19, "a", 9), (44, "a", 5), (45, "a", 3), (46, "a", 4), (72, "m", 7), (100, "a", 6),
    (100, "m", 2)})
_NEWEST_FIRST = range(4, -1, -1)


def is_secret(reference: Attribute | Method) -> bool:
    """Return whether the value of ``reference`` is a key or a password."""
    kind = "m" if isinstance(reference, Method) else "a"
    return (reference.class_id, kind, reference.index) in _SECRETS


def described(reference: Attribute | Method) -> str:
    """Return a reference with its names: ``8/0-0:1.0.0.255/a2 (Clock: clock, time)``."""
    declared = interface_class(reference.class_id)
    named = obis_names.name(reference.instance)
    member = _member(declared, reference)
    words = f"{declared.name if declared else 'class unknown'}: {named or 'object without a name'}"
    if reference.index == 0 and isinstance(reference, Attribute):
        return f"{reference.text} ({words}, all attributes)"
    what = member.name if member else (
        "no such method" if isinstance(reference, Method) else "no such attribute")
    return f"{reference.text} ({words}, {what})"


def instance_text(octets: bytes) -> str:
    """Return a logical name with the name of the object, if it has one."""
    named = obis_names.name(octets)
    return f"{obis.text(octets)} ({named})" if named else obis.text(octets)


def class_text(class_id: int) -> str:
    """Return a class by number and name."""
    declared = interface_class(class_id)
    return f"{class_id} {declared.name}" if declared else str(class_id)


def type_of(reference: Attribute | Method | None, data: Data | None = None,
            version: int | None = None) -> Type | None:
    """Return the type that the class gives the value; ``None`` where it claims none.

    Without a ``version``, the newest that ``data`` fits, else the newest.
    """
    if reference is None:
        return None
    versions = [version] if version is not None else _NEWEST_FIRST
    kinds = [kind for number in versions
             if (kind := _kind(interface_class(reference.class_id, number), reference)) is not None]
    if data is not None:
        fitting = next((kind for kind in kinds if not check(kind, data)), None)
        if fitting is not None:
            return fitting
    return kinds[0] if kinds else None


def selection_type(attribute: Attribute | Method | None, selector: int) -> Type | None:
    """Return the type of the parameters of a selective access."""
    if not isinstance(attribute, Attribute):
        return None
    declared = interface_class(attribute.class_id)
    found = declared.attribute(attribute.index) if declared else None
    return found.selectors.get(selector) if found else None


def returned_type(method: Attribute | Method | None) -> Type | None:
    """Return the type of what a method returns."""
    declared = interface_class(method.class_id) if isinstance(method, Method) else None
    found = declared.method(method.index) if declared and method else None
    return found.returns if found else None


def _member(declared: InterfaceClass | None, reference: Attribute | Method
            ) -> AttributeDeclaration | MethodDeclaration | None:
    if declared is None:
        return None
    if isinstance(reference, Method):
        return declared.method(reference.index)
    return declared.attribute(reference.index)


def _kind(declared: InterfaceClass | None, reference: Attribute | Method) -> Type | None:
    member = _member(declared, reference)
    if member is None:
        return None
    return member.type if isinstance(member, AttributeDeclaration) else member.parameter
