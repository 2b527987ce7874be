"""Port ``dlms``: what an association lists, and what the maker declares of it.

``compare_objects`` holds the two against each other, both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.protocols.cosem import classes, obis
from bench.protocols.cosem.classes import ListedObject, ObjectList
from bench.protocols.cosem.classes.checking import tag_text, tags
from bench.protocols.cosem.classes.types import Simple, Type
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue, Ran, dialogue_of
from bench.steps.dlms.references import attribute
from bench.steps.dlms.services import CARRIED, ask, carried, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

CURRENT_ASSOCIATION = obis.parse("0-0:40.0.0.255")
ASSOCIATION_LN = 15
DEFAULT_VERSION = 2
"""Of class 15, where the list does not name the association itself."""


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
    "served": "objects that are declared for another association only and served in this one",
})
def compare_objects(context: Context, wanted: CompareObjects) -> Observation:
    """Read the object list and hold it against the declaration."""
    dialogue = dialogue_of(context)
    ran, found = read_list(dialogue)
    values = carried(dialogue, ran, ran.kind if ran.value is None else result_name(ran.value))
    declared = {one["object"]: one for one in dialogue.of(wanted.of)["objects"]}
    listed = {name_of(one): one for one in found.objects}
    return observed(dialogue, {
        **values, "listed": len(found.objects),
        "misfits": [misfit.text for misfit in found.misfits],
        "not_declared": sorted(set(listed) - set(declared)),
        "not_listed": sorted(set(declared) - set(listed)),
        "differences": [text for name in sorted(set(listed) & set(declared))
                        for text in _differences(listed[name], declared[name])],
        "absent": [name for name, one in sorted(listed.items())
                   if _readable(one) and not _gives_its_name(dialogue, one)],
        "served": sorted(_served(dialogue, set(listed))),
    })


def read_list(dialogue: Dialogue) -> tuple[Ran[Result], ObjectList]:
    """Return what came of reading the object list of the open association, and what is in it."""
    reference = Attribute(ASSOCIATION_LN, CURRENT_ASSOCIATION, 2)
    ran = ask(dialogue, lambda client: client.get(reference))
    if ran.value is None or ran.value.data is None:
        return ran, ObjectList((), ())
    return ran, classes.read_object_list(ran.value.data, _version(ran.value.data))


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


def _gives_its_name(dialogue: Dialogue, listed: ListedObject) -> bool:
    reference = Attribute(listed.class_id, listed.instance, 1)
    ran = ask(dialogue, lambda client: client.get(reference))
    return ran.value is not None and ran.value.data is not None


def _served(dialogue: Dialogue, listed: set[str]) -> Iterator[str]:
    """Yield the objects of other associations that this one serves without listing them."""
    others = {one["object"]: one for association in dialogue.declared["associations"].values()
              for one in association["objects"]}
    for name in sorted(set(others) - listed):
        reference = attribute(f"{name}/a1")
        ran = ask(dialogue, lambda client, what=reference: client.get(what))
        if ran.value is not None and ran.value.data is not None:
            yield name
