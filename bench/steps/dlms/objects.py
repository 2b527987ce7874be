"""Port ``dlms``: what an association lists, and what the maker declares of it.

``compare_objects`` holds the two against each other, both ways. A list by short names has its
rights in an attribute of its own, which old versions of the class do not have: where it is not
served, the rights are those that are declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import IntFlag
from typing import Any, NamedTuple, TypeVar

from bench.protocols.cosem import classes, obis
from bench.protocols.cosem.classes import (
    AttributeAccess,
    AttributeMode,
    ListedObject,
    MethodMode,
    ObjectList,
)
from bench.protocols.cosem.classes.checking import tag_text, tags
from bench.protocols.cosem.classes.types import Simple, Type
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.addressing import (
    association_name,
    by_short_names,
    read_access_rights,
    read_attribute,
    read_short_name_list,
)
from bench.steps.dlms.dialogue import Dialogue, Ran, dialogue_of
from bench.steps.dlms.references import attribute
from bench.steps.dlms.services import CARRIED, carried, name_of_result, observed
from bench.steps.vocabulary import Arguments, Observation, action

CURRENT_ASSOCIATION = obis.parse("0-0:40.0.0.255")
ASSOCIATION_SN, ASSOCIATION_LN = 12, 15
DEFAULT_VERSION = 2
"""Of class 15, where the list does not name the association itself."""

LISTED, DECLARED = "listed", "declared"
"""Where the rights on the objects of a list come from: the device, or the declaration."""

_Mode = TypeVar("_Mode", bound=IntFlag)


class Listing(NamedTuple):
    """What came of reading the object list of the open association, and what is in it.

    ``version`` is that of the association's class (``class_id``).
    """

    ran: Ran[Result]
    found: ObjectList
    class_id: int
    version: int
    rights: str = LISTED


class CompareObjects(Arguments):
    """The open association's list against what is declared of the association ``of``."""

    of: str


@action("compare_objects", port="dlms", arguments=CompareObjects, observes=CARRIED | {
    "listed": "how many objects are listed",
    "misfits": "where the list does not fit its type",
    "not_declared": "objects that are listed and not declared",
    "not_listed": "objects that are declared and not listed",
    "differences": "versions and rights that differ from what is declared",
    "absent": "objects that are listed and do not give their logical name",
    "served": "objects that are declared for another association only and served in this one; none "
              "by short names, which only the list gives",
    "rights": "`listed`, or `declared` where the device does not list any: then none differs",
})
def compare_objects(context: Context, wanted: CompareObjects) -> Observation:
    """Read the object list and hold it against the declaration."""
    dialogue = dialogue_of(context)
    listing = read_list(dialogue)
    found = listing.found
    values = carried(dialogue, listing.ran, name_of_result(listing.ran))
    declared = {one["object"]: one for one in dialogue.of(wanted.of)["objects"]}
    listed = {name_of(one): one for one in found.objects}
    return observed(dialogue, {
        **values, "listed": len(found.objects), "rights": listing.rights,
        "misfits": [misfit.text for misfit in found.misfits],
        "not_declared": sorted(set(listed) - set(declared)),
        "not_listed": sorted(set(declared) - set(listed)),
        "differences": [text for name in sorted(set(listed) & set(declared))
                        for text in _differences(listed[name], declared[name])],
        "absent": [name for name, one in sorted(listed.items())
                   if _readable(one) and not _is_left_out(dialogue, name)
                   and not _gives_its_name(dialogue, one)],
        "served": sorted(_served(dialogue, set(listed))),
    })


def read_list(dialogue: Dialogue) -> Listing:
    """Read the object list of the open association."""
    if by_short_names(dialogue):
        return _read_short_names(dialogue)
    ran = read_attribute(dialogue, Attribute(ASSOCIATION_LN, CURRENT_ASSOCIATION, 2))
    if ran.value is None or ran.value.data is None:
        return Listing(ran, ObjectList((), ()), ASSOCIATION_LN, DEFAULT_VERSION)
    version = _version(ran.value.data)
    return Listing(ran, classes.read_object_list(ran.value.data, version), ASSOCIATION_LN, version)


def _read_short_names(dialogue: Dialogue) -> Listing:
    ran, found = read_short_name_list(dialogue)
    version = next((one.version for one in found.objects if one.class_id == ASSOCIATION_SN
                    and one.base_name == association_name(dialogue)), 0)
    given = read_access_rights(dialogue) if version else None
    if given is None:
        declared = dialogue.of(dialogue.association)["objects"]
        return Listing(ran, found._replace(objects=tuple(_as_declared(found.objects, declared))),
                       ASSOCIATION_SN, version, DECLARED)
    entitled = classes.read_access_rights(given, found.objects)
    return Listing(ran, ObjectList(entitled.objects, (*found.misfits, *entitled.misfits)),
                   ASSOCIATION_SN, version)


def _as_declared(objects: Iterable[ListedObject],
                 declared: Iterable[Mapping[str, Any]]) -> Iterator[ListedObject]:
    """Yield ``objects`` with the rights that are declared of them; without any where none are."""
    known = {(one["object"], one["version"]): one for one in declared}
    for one in objects:
        said = known.get((name_of(one), one.version), {"attributes": {}, "methods": {}})
        yield replace(
            one,
            attribute_access={int(index): AttributeAccess(_mode(text, AttributeMode))
                              for index, text in said["attributes"].items()},
            method_access={int(index): _mode(text, MethodMode)
                           for index, text in said["methods"].items()})


def _mode(text: str, kind: type[_Mode]) -> _Mode:
    """Return a mode that is written in words, as :func:`~bench.protocols.cosem.classes.mode_text`
    has it."""
    found = kind(0)
    for word in text.replace(";", ",").split(", "):
        found |= kind[word.upper().replace(" ", "_")]
    return found


def name_of(listed: ListedObject) -> str:
    """Return ``class/obis``."""
    return f"{listed.class_id}/{obis.text(listed.instance)}"


def rights(listed: ListedObject) -> tuple[dict[str, str], dict[str, str]]:
    """Return the rights on attributes and methods in words, by index as text."""
    return ({str(index): classes.mode_text(access.mode)
             for index, access in listed.attribute_access.items()},
            {str(index): classes.mode_text(mode) for index, mode in listed.method_access.items()})


def type_name(kind: Type) -> str:
    """Return the one type that values of ``kind`` have, by the standard's name; empty where there
    is a choice. A date-time in an octet string is ``date-time``."""
    if isinstance(kind, Simple) and kind.form == "date-time":
        return "date-time"
    found = tags(kind)
    return tag_text(next(iter(found))) if len(found) == 1 else ""


def _version(data: Data) -> int:
    """Return the version of the association object, as its own entry in the list says."""
    for element in data.value if data.tag is Tag.ARRAY else ():
        if element.tag is Tag.STRUCTURE and len(element.value) == 4 \
                and element.value[0].value == ASSOCIATION_LN \
                and element.value[2].value == CURRENT_ASSOCIATION:
            return int(element.value[1].value)
    return DEFAULT_VERSION


def _differences(listed: ListedObject, declared: Mapping[str, Any]) -> Iterator[str]:
    name = declared["object"]
    if listed.version != declared["version"]:
        yield f"{name}: version {declared['version']} declared, {listed.version} listed"
    for kind, found, wanted in zip(("a", "m"), rights(listed),
                                   (declared["attributes"], declared["methods"]), strict=True):
        for index in sorted(set(found) | set(wanted), key=int):
            here, there = found.get(index), wanted.get(index)
            if here != there and (here, there) != ("no access", None):
                yield (f"{name}/{kind}{index}: {_told('declared', there)}, "
                       f"{_told('listed', here)}")


def _told(verb: str, right: str | None) -> str:
    return f"not {verb}" if right is None else f"{verb} as '{right}'"


def _readable(listed: ListedObject) -> bool:
    access = listed.attribute_access.get(1)
    return access is not None and bool(access.mode & classes.AttributeMode.READ)


def _is_left_out(dialogue: Dialogue, name: str) -> bool:
    """Return whether the profile wants attribute 1 of an object left alone."""
    return not {name, f"{name}/a1"}.isdisjoint(dialogue.declared["do_not_test"])


def _gives_its_name(dialogue: Dialogue, listed: ListedObject) -> bool:
    ran = read_attribute(dialogue, Attribute(listed.class_id, listed.instance, 1))
    return ran.value is not None and ran.value.data is not None \
        and ran.value.data.value == listed.instance


def _served(dialogue: Dialogue, listed: set[str]) -> Iterator[str]:
    """Yield the objects of other associations that this one serves without listing them."""
    if by_short_names(dialogue):
        return
    others = {one["object"]: one for association in dialogue.declared["associations"].values()
              for one in association["objects"]}
    for name in sorted(set(others) - listed):
        if _is_left_out(dialogue, name):
            continue
        ran = read_attribute(dialogue, attribute(f"{name}/a1"))
        if ran.value is not None and ran.value.data is not None:
            yield name
