"""Port ``dlms``: reading and writing by short names, found in the association's object list."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem.data import plain
from bench.steps.context import Context
from bench.steps.dlms.addressing import read_address, short_name, write_address
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.dlms.references import AttributeName, attribute, data
from bench.steps.dlms.services import CARRIED, READ, carried, name_of_result, observed, read_values
from bench.steps.vocabulary import Arguments, Observation, action


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
    ran = read_address(dialogue, address)
    values = carried(dialogue, ran, name_of_result(ran))
    if wanted.object:
        values |= read_values(attribute(wanted.object), ran.value, None)
    elif ran.value is not None and ran.value.data is not None:
        values |= {"value": plain(ran.value.data)}
    return observed(dialogue, {**values, "address": address})


@action("write_name", port="dlms", arguments=WriteName, observes=CARRIED | {
    "address": "the short name that was written"})
def write_name(context: Context, wanted: WriteName) -> Observation:
    """Write one attribute by its short name."""
    dialogue = dialogue_of(context)
    address = _address(dialogue, wanted)
    ran = write_address(dialogue, address, data(wanted.value))
    return observed(dialogue, {**carried(dialogue, ran, name_of_result(ran)), "address": address})


def _address(dialogue: Dialogue, wanted: ReadName) -> int:
    if wanted.address is not None or wanted.object is None:
        return wanted.address or 0
    known = short_name(dialogue, attribute(wanted.object))
    if known is None:
        raise Inconclusive(f"{wanted.object} is not in the object list")
    return known
