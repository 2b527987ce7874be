"""Whether the values of a response are of the kind that the mapping rows of its use case give.

Checked for each element read: a single value has the row's DLMS type and, for octet strings of a
fixed length, that length; anything longer is an array, a structure or a compact array. What stands
inside those, and sensitive attributes, are left to the plans that know their layout.
"""

from __future__ import annotations

from bench.protocols.cosem.access import AccessResponse, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import sensitive
from bench.protocols.gbcs.commands import Step, steps
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.templates import shape_of

_CONTAINERS = frozenset({Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY})
# Its octet strings are as long as their content (reference test data set).
_SHORTER = frozenset({"ECS61e"})
_READS = (Choice.GET, Choice.GET_WITH_SELECTION)


def misfits(use_case_id: str, response: AccessResponse) -> list[str]:
    """Return a line for every element of ``response`` whose value does not fit its row."""
    found = []
    order = steps(use_case_id)
    optional = any(step.optional for step in order)
    if len(response.results) != len(order) and not optional:
        found.append(f"{len(response.results)} results for {len(order)} elements")
    for step, data, result in zip(order, response.data, response.results, strict=False):
        if result.code == 0 and step.choice in _READS:
            found += [f"{step.key}: {text}" for text in _misfit(use_case_id, step, data)]
    return found


def came_encrypted(
    use_case_id: str, response: AccessResponse, message: Message, keys: KeyStore
) -> bool:
    """Return whether every sensitive element came encrypted and ``keys`` open it."""
    protected = [
        data for step, data in zip(steps(use_case_id), response.data, strict=False)
        if step.protected]
    return bool(protected) and all(
        sensitive.is_sealed(data) and sensitive.unseal(data, message, keys) is not None
        for data in protected)


def _misfit(use_case_id: str, step: Step, data: Data) -> list[str]:
    if step.choice == Choice.GET_WITH_SELECTION:
        return [] if data.tag in _CONTAINERS else [f"expected a list, found {data.tag.name}"]
    shape = shape_of(step.rows)
    if shape is None:
        return []
    if shape.tag is None or shape.bounds is not None or len(step.rows) > 1:
        return [] if data.tag in _CONTAINERS else [f"expected a list, found {data.tag.name}"]
    if data.tag is not shape.tag:
        return [f"expected {shape.tag.name}, found {data.tag.name}"]
    if shape.tag is Tag.OCTET_STRING and shape.size \
            and len(data.value) != shape.size and use_case_id not in _SHORTER:
        return [f"expected {shape.size} octets, found {len(data.value)}"]
    return []
