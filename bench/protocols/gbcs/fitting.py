"""Whether the values of a response are of the kind that the mapping rows of its use case give.

Checked for each element read, inside lists and decrypted attributes too: the DLMS type, the length
of octet strings (the greatest one in the entries of logs), the greatest number of elements,
constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from bench.protocols.cosem.access import AccessRequest, AccessResponse, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.commands import answered
from bench.protocols.gbcs.templates import Shape, shape_of
from bench.protocols.gbcs.use_cases import Row, use_case

_CONTAINERS = frozenset({Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY})
MOST = 100  # a profile has thousands of entries, which may all be wrong
_BUFFER = "buffer"
# Its octet strings are as long as their content (reference test data set).
_SHORTER = frozenset({"ECS61e"})
_READS = (Choice.GET, Choice.GET_WITH_SELECTION)


def misfits(
    use_case_id: str, response: AccessResponse, *, request: AccessRequest | None = None,
    opened: Mapping[str, Sequence[Data] | None] | None = None,
) -> list[str]:
    """Return a line for what of ``response`` does not fit its rows, at most ``MOST`` an element.

    ``request`` is needed to tell optional elements that were not asked for from missing ones;
    ``opened`` are the decrypted values of protected elements, by their keys.
    """
    order = answered(use_case_id, request)
    found: list[str] = []
    some = request is None and any(step.optional for step in order)
    if len(response.results) != len(order) and not some:
        found.append(f"{len(response.results)} results for {len(order)} elements")
    rows = use_case(use_case_id).rows
    for step, data, result in zip(order, response.data, response.results, strict=False):
        if result.code:
            continue
        if step.choice in _READS:
            found += _lines(step.key, step.rows, data, use_case_id)
        for key, value in zip(step.protected, (opened or {}).get(step.key) or (), strict=False):
            found += _lines(key, [row for row in rows if row.key == key], value, use_case_id)
    return found


def _lines(key: str, rows: Sequence[Row], data: Data, use_case_id: str) -> list[str]:
    # what stands in the request only, and what says that it is a read
    rows = [row for row in rows if row.path and "range_descriptor" not in row.path]
    found = misfits_of(shape_of(rows) if rows else None, data, use_case_id)
    return [f"{key}: {text}" for text in islice(found, MOST)]


def misfits_of(shape: Shape | None, data: Data, use_case_id: str = "") -> Iterator[str]:
    """Yield what of ``data`` does not fit ``shape``, with the way to it; nothing without one."""
    if shape is None:
        return
    if shape.bounds is not None or shape.tag is None:
        yield from _contents(shape, data, use_case_id)
    elif data.tag is not shape.tag:
        yield f"expected {shape.tag.name}, found {data.tag.name}"
    elif shape.tag is Tag.OCTET_STRING and shape.size and (
            len(data.value) > shape.size
            or (len(data.value) < shape.size and not _may_be_shorter(shape, use_case_id))):
        yield f"expected {shape.size} octets, found {len(data.value)}"
    elif shape.only and data.value not in shape.only:
        yield f"expected {shape.only}, found {data.value!r}"


def _contents(shape: Shape, data: Data, use_case_id: str) -> Iterator[str]:
    if data.tag not in _CONTAINERS:
        yield f"expected a list, found {data.tag.name}"
        return
    elements = data.value.elements if data.tag is Tag.COMPACT_ARRAY else data.value
    if shape.bounds is not None:
        # fewer may be set up, or have happened in the range asked for, than the row begins with
        high = shape.bounds[1]
        if len(elements) > high:
            yield f"{shape.name}: expected at most {high} elements, found {len(elements)}"
        members = [shape.element] * len(elements)
    else:
        members = shape.fields(len(elements))
        if len(members) != len(elements):
            yield f"{shape.name}: expected {len(members)} elements, found {len(elements)}"
    for index, (member, element) in enumerate(zip(members, elements, strict=False)):
        for text in misfits_of(member, element, use_case_id):
            yield f"{member.name}[{index}]: {text}"


def _may_be_shorter(shape: Shape, use_case_id: str) -> bool:
    return (use_case_id in _SHORTER
            or (shape.row is not None and shape.row.path.startswith(f"{_BUFFER}:")))
