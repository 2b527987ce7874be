"""Port ``dlms``: reading and writing by short names, found in the association's object list."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem import classes
from bench.protocols.cosem.data import plain
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.apdu import Variable
from bench.protocols.dlms.apdu.initiate import VAA_NAME_SN
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue, Ran, dialogue_of
from bench.steps.dlms.references import AttributeName, attribute, data
from bench.steps.dlms.services import (
    CARRIED,
    READ,
    ask,
    carried,
    observed,
    read_values,
    result_name,
)
from bench.steps.vocabulary import Arguments, Observation, action

_OBJECT_LIST = 8
"""Offset of attribute 2 of the association object (class 12)."""


class ReadName(Arguments):
    """An attribute by its ``object`` or by an ``address``."""

    object: AttributeName | None = None
    address: int | None = Field(None, ge=0, le=65_535)


class WriteName(ReadName):
    """The same, and what it is to be, ``{type: value}``."""

    value: dict[str, Any]


@action("read_name", port="dlms", arguments=ReadName, observes=READ | {
    "address": "the short name that was read"})
def read_name(context: Context, wanted: ReadName) -> Observation:
    """Read one attribute by its short name."""
    dialogue = dialogue_of(context)
    address = _address(dialogue, wanted)
    ran = ask(dialogue, lambda client: client.read((Variable(address),)))
    result = _first(ran)
    values = carried(dialogue, ran, ran.kind if result is None else result_name(result))
    if wanted.object:
        values |= read_values(attribute(wanted.object), result, None)
    elif result is not None and result.data is not None:
        values |= {"value": plain(result.data)}
    return observed(dialogue, {**values, "address": address})


@action("write_name", port="dlms", arguments=WriteName, observes=CARRIED | {
    "address": "the short name that was written"})
def write_name(context: Context, wanted: WriteName) -> Observation:
    """Write one attribute by its short name."""
    dialogue = dialogue_of(context)
    address = _address(dialogue, wanted)
    ran = ask(dialogue, lambda client: client.write((Variable(address),), (data(wanted.value),)))
    result = _first(ran)
    return observed(dialogue, {
        **carried(dialogue, ran, ran.kind if result is None else result_name(result)),
        "address": address})


def read_by_name(dialogue: Dialogue, reference: Attribute) -> Ran[Result]:
    """Read one attribute by the short name that the object list gives it."""
    wanted = ReadName(object=reference.text, address=None)
    ran = ask(dialogue, lambda client: client.read((Variable(_address(dialogue, wanted)),)))
    return Ran(ran.kind, _first(ran), ran.text)


def _first(ran: Ran[tuple[Result, ...]]) -> Result | None:
    return ran.value[0] if ran.value else None


def _address(dialogue: Dialogue, wanted: ReadName) -> int:
    if wanted.address is not None or wanted.object is None:
        return wanted.address or 0
    reference = attribute(wanted.object)
    if not dialogue.base_names:
        base = VAA_NAME_SN if dialogue.client is None else dialogue.client.base_name
        found = _first(ask(dialogue, lambda client: client.read((Variable(base + _OBJECT_LIST),))))
        if found is None or found.data is None:
            raise Inconclusive("the object list cannot be read, so no short name is known")
        dialogue.base_names = {(one.class_id, one.instance): one.base_name or 0
                               for one in classes.read_short_name_list(found.data).objects}
    known = dialogue.base_names.get(reference[:2])
    if known is None:
        raise Inconclusive(f"{wanted.object} is not in the object list")
    return known + 8 * (reference.index - 1)
