"""Port ``dlms``: the write test of one attribute.

``rewrite`` writes an attribute's own value back, then another lawful one where there is one
(:mod:`bench.steps.dlms.variations`), and the first again; ``write_back`` its own value alone.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute
from bench.steps.context import Context
from bench.steps.dlms.addressing import read_attribute, write_attribute
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.dlms.identity import reach
from bench.steps.dlms.references import AttributeName, attribute
from bench.steps.dlms.services import CARRIED, carried, misfits, name_of_result, observed
from bench.steps.dlms.variations import Variation, variation
from bench.steps.vocabulary import Arguments, Observation, action

PROFILE_GENERIC = 7
SUCCESS, NONE, NOT_NEEDED = "success", "none", "not-needed"


class Rewrite(Arguments):
    """An attribute that can be read and written."""

    object: AttributeName
    version: int | None = Field(None, ge=0, le=255)


class WriteBack(Arguments):
    """An attribute that can be read."""

    object: AttributeName


@action("rewrite", port="dlms", arguments=Rewrite, observes=CARRIED | {
    "written_back": "result of writing the value that was read",
    "varied": "result of writing another lawful value; `none` where there was none to write, then "
              "all below but `misfits` is absent",
    "changed": "what of the value was another: such as `[1].specialday_date`, empty for all of it",
    "shown": "whether the other value was read afterwards",
    "refused": "whether the service gave a result that is no success, and the first value was read "
               "afterwards",
    "restored": "result of writing the first value again; `not-needed` where it was still there",
    "as_before": "whether the first value was read at the end",
    "misfits": "where a value that was read does not fit its type",
})
def rewrite(context: Context, wanted: Rewrite) -> Observation:
    """Write an attribute's own value back, then another one, and restore the first."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    ran = read_attribute(dialogue, reference)
    if ran.value is None or ran.value.data is None:
        raise Inconclusive(f"{wanted.object} cannot be read ({name_of_result(ran)}), so it cannot "
                           "be restored after a write")
    first: Data = ran.value.data
    values = {**carried(dialogue, ran, SUCCESS), "varied": NONE,
              "misfits": misfits(reference, first, wanted.version),
              "written_back": name_of_result(write_attribute(dialogue, reference, first))}
    other = variation(reference, wanted.version, first)
    if other is not None and values["written_back"] == SUCCESS:
        values |= _varied(context, dialogue, reference, first, other)
    return observed(dialogue, values)


@action("write_back", port="dlms", arguments=WriteBack, observes=CARRIED)
def write_back(context: Context, wanted: WriteBack) -> Observation:
    """Write an attribute's own value."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    value = _read(dialogue, reference)
    if value is None:
        raise Inconclusive(f"{wanted.object} cannot be read, so nothing lawful can be written")
    ran = write_attribute(dialogue, reference, value)
    return observed(dialogue, carried(dialogue, ran, name_of_result(ran)))


def untried(class_id: int, *, readable: bool) -> str:
    """Return why an attribute that may be written is not, or an empty text."""
    if not readable:
        return "it cannot be read, so it could not be restored"
    return "a write empties the buffer of the profile" if class_id == PROFILE_GENERIC else ""


def _varied(context: Context, dialogue: Dialogue, reference: Attribute, first: Data,
            other: Variation) -> dict[str, Any]:
    """Write another value and the first again, on a fresh association if this one is gone."""
    ran = write_attribute(dialogue, reference, other.value)
    found = _read(dialogue, reference)
    values = {"varied": name_of_result(ran), "changed": other.place, "shown": found == other.value,
              "refused": found == first and ran.value is not None
              and ran.value.refusal is None and not ran.value.succeeded}
    restored, association = NOT_NEEDED, dialogue.association
    if found != first:
        restored = name_of_result(write_attribute(dialogue, reference, first))
        if restored != SUCCESS:
            names = dict(dialogue.base_names)
            reach(context, dialogue, association)
            dialogue.base_names = names | dialogue.base_names  # it may not list them again
            restored = name_of_result(write_attribute(dialogue, reference, first))
        found = _read(dialogue, reference)
    return {**values, "restored": restored, "as_before": found == first}


def _read(dialogue: Dialogue, reference: Attribute) -> Data | None:
    ran = read_attribute(dialogue, reference)
    return None if ran.value is None else ran.value.data
