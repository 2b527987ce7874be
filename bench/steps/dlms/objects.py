"""Port ``dlms``: what an association lists, and what the maker declares of it.

``compare_objects`` holds the two against each other, both ways; ``rewrite`` is the write test of
one attribute: its own value is written back, then another lawful one, and the first restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem import classes, obis
from bench.protocols.cosem.classes import ListedObject, ObjectList
from bench.protocols.cosem.classes.checking import tag_text, tags
from bench.protocols.cosem.classes.types import Simple, Type
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue, Ran, dialogue_of
from bench.steps.dlms.references import AttributeName, attribute
from bench.steps.dlms.services import CARRIED, ask, carried, misfits, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

CURRENT_ASSOCIATION = obis.parse("0-0:40.0.0.255")
ASSOCIATION_LN, PROFILE_GENERIC = 15, 7
DEFAULT_VERSION = 2
"""Of class 15, where the list does not name the association itself."""

KEPT = frozenset((15, 17, 19, 20, 23, 27, 28, 29, 40, 41, 42, 43, 44, 64))
"""Classes whose attributes are only written back as they are: another value could end the
association or the line that it would be written over."""
WRITTEN_BACK_ONLY = frozenset(((8, 2), (8, 3), (70, 4), (18, 5)))
"""Attributes by class and index that are only written back: the clock, its zone, the control mode
of the supply, and whether images are taken."""


class CompareObjects(Arguments):
    """The open association's list against what is declared of the association ``of``."""

    of: str


class Rewrite(Arguments):
    """An attribute that can be read and written."""

    object: AttributeName
    version: int | None = Field(None, ge=0, le=255)


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


@action("rewrite", port="dlms", arguments=Rewrite, observes=CARRIED | {
    "written_back": "result of writing the value that was read",
    "varied": "result of writing another lawful value; `none` where there was none to write",
    "shown": "whether the other value was read afterwards; absent where none was written",
    "restored": "result of writing the first value again, likewise",
    "misfits": "where a value that was read does not fit its type",
})
def rewrite(context: Context, wanted: Rewrite) -> Observation:
    """Write an attribute's own value back, then another one, and restore the first."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    ran = ask(dialogue, lambda client: client.get(reference))
    if ran.value is None or ran.value.data is None:
        result = ran.kind if ran.value is None else result_name(ran.value)
        raise Inconclusive(f"{wanted.object} cannot be read ({result}), so it cannot be restored "
                           "after a write")
    first: Data = ran.value.data
    values = {**carried(dialogue, ran, "success"),
              "misfits": misfits(reference, first, wanted.version)}
    values["written_back"] = _write(dialogue, reference, first)
    other = variation(reference, first, wanted.version)
    values["varied"] = "none" if other is None else _write(dialogue, reference, other)
    if values["varied"] == "success" and other is not None:
        again = ask(dialogue, lambda client: client.get(reference)).value
        values["shown"] = again is not None and again.data == other
        values["restored"] = _write(dialogue, reference, first)
    return observed(dialogue, values)


class WriteBack(Arguments):
    """An attribute that can be read."""

    object: AttributeName


@action("write_back", port="dlms", arguments=WriteBack, observes=CARRIED)
def write_back(context: Context, wanted: WriteBack) -> Observation:
    """Write an attribute's own value."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    ran = ask(dialogue, lambda client: client.get(reference))
    if ran.value is None or ran.value.data is None:
        raise Inconclusive(f"{wanted.object} cannot be read, so nothing lawful can be written")
    value = ran.value.data
    ran = ask(dialogue, lambda client: client.set(reference, value))
    return observed(dialogue, carried(
        dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)))


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


def variation(reference: Attribute, value: Data, version: int | None) -> Data | None:
    """Return another lawful value of an attribute; None where there is none that is harmless."""
    if (reference.class_id in KEPT or reference.index == 1
            or reference[::2] in WRITTEN_BACK_ONLY):
        return None
    declared = classes.interface_class(reference.class_id, version)
    attribute_type = declared.attribute(reference.index) if declared else None
    kind = attribute_type.type if attribute_type else None
    if value.tag in _COUNTED:
        least, most = kind.bounds if isinstance(kind, Simple) and kind.bounds \
            else _COUNTED[value.tag]
        other = value.value + 1 if value.value < most else value.value - 1
        return Data(value.tag, other) if other >= least else None
    if value.tag is Tag.BOOLEAN:
        return Data(value.tag, not value.value)
    if value.tag is Tag.OCTET_STRING and value.value and not (
            isinstance(kind, Simple) and (kind.form or kind.size)):
        return Data(value.tag, value.value[:-1] + bytes((value.value[-1] ^ 1,)))
    return None


def type_name(kind: Type) -> str:
    """Return the one type that values of ``kind`` have, by the standard's name; empty where there
    is a choice. A date-time in an octet string is ``date-time``."""
    if isinstance(kind, Simple) and kind.form == "date-time":
        return "date-time"
    found = tags(kind)
    return tag_text(next(iter(found))) if len(found) == 1 else ""


def is_varied(class_id: int, index: int, kind: Type | None) -> bool:
    """Return whether :func:`variation` has another value for every value of an attribute."""
    kept = class_id in KEPT or index == 1 or (class_id, index) in WRITTEN_BACK_ONLY
    return not kept and isinstance(kind, Simple) and kind.tag in (*_COUNTED, Tag.BOOLEAN)


def untried(class_id: int, *, readable: bool) -> str:
    """Return why an attribute that may be written is not, or an empty text."""
    if not readable:
        return "it cannot be read, so it could not be restored"
    return "a write empties the buffer of the profile" if class_id == PROFILE_GENERIC else ""


_COUNTED: Mapping[Tag, tuple[int, int]] = {
    Tag.UNSIGNED: (0, 0xFF), Tag.LONG_UNSIGNED: (0, 0xFFFF),
    Tag.DOUBLE_LONG_UNSIGNED: (0, 0xFFFFFFFF), Tag.INTEGER: (-0x80, 0x7F),
    Tag.LONG: (-0x8000, 0x7FFF), Tag.DOUBLE_LONG: (-0x80000000, 0x7FFFFFFF),
}


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
            here, there = found.get(index, "not listed"), wanted.get(index, "not declared")
            if here != there and {here, there} != {"no access", "not declared"}:
                yield f"{name}/{kind}{index}: {there} declared, {here} listed"


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


def _write(dialogue: Dialogue, reference: Attribute, value: Data) -> str:
    ran = ask(dialogue, lambda client: client.set(reference, value))
    return ran.kind if ran.value is None else result_name(ran.value)


