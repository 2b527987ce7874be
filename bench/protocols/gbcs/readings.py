"""What a payload says, whatever its kind: named values, results, an alert's code.

The records that :mod:`.payloads` gives; the readers of the three kinds make them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.protocols.gbcs import units
from bench.protocols.gbcs.templates import Shape

SUCCESS, FAILURE, NONE = "success", "failure", "none"


@dataclass(frozen=True, slots=True)
class Value:
    """One value by name, plain: octets as upper-case hex, enumerations by name.

    ``key`` is ``class/obis/aN`` (DLMS), ``Cluster/name`` (GBZ), or names joined by dots (ASN.1).
    ``unit`` is empty where neither the table nor the standard of the type has one. ``clauses``
    and ``item`` are those of the mapping row, empty where there is none.
    """

    key: str
    value: Any
    unit: str = ""
    clauses: str = ""
    item: str = ""
    shape: Shape | None = field(default=None, repr=False, compare=False)

    def parts(self) -> Iterator[Value]:
        """Yield the values that this one is made of, each with its own name, unit and clauses;
        itself if it is a single one."""
        yield from _parts(self, self.shape)


@dataclass(frozen=True, slots=True)
class Reading:
    """One payload, read.

    ``kind`` is AccessRequest, AccessResponse, DataNotification, GBZ, ASN.1 or empty; ``use_case``
    an id, or the message code in hex where no table has it. ``result`` is ``success``,
    ``failure``, or ``none`` for what has no result (a command, most alerts). ``codes`` are the
    results of the elements, by their names. ``alert_time`` is ISO 8601. ``content`` is what an
    alert has behind code and time, plain. ``misfits`` says which values do not fit the use
    case's table. ``encrypted``: the sensitive parts came so (DLMS: all that the use case reads
    protected; GBZ: any); ``decrypted``: the keys opened all that came so.
    """

    kind: str
    use_case: str
    result: str = NONE
    codes: tuple[tuple[str, str], ...] = ()
    values: tuple[Value, ...] = ()
    alert_code: int | None = None
    alert: str = ""
    alert_time: str = ""
    content: Any = None
    misfits: tuple[str, ...] = ()
    encrypted: bool = False
    decrypted: bool = False

    def plain_values(self) -> dict[str, Any]:
        """Return the values by key."""
        return {value.key: value.value for value in self.values}


def result_of(codes: Sequence[tuple[str, str]]) -> str:
    """Return ``success`` if all ``codes`` are, ``none`` without any, else ``failure``."""
    if not codes:
        return NONE
    return SUCCESS if all(code == SUCCESS for _, code in codes) else FAILURE


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the single values in ``value`` with their names, joined by dots; an empty list or
    mapping is one of them."""
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    if not items:
        yield name, value
    for key, item in items:
        yield from flat(item, f"{name}.{key}" if name else str(key))


def _parts(value: Value, shape: Shape | None) -> Iterator[Value]:
    if not isinstance(value.value, list) or shape is None:
        if shape is None:
            for name, single in flat(value.value, value.key):
                below = name != value.key  # a value as a whole has its unit already
                unit = value.unit or (units.unit_of_field(name, single) if below else "")
                yield Value(name, single, unit, value.clauses, value.item)
        else:
            yield _named(value.key, value.value, shape, value)
        return
    members = [shape.element] * len(value.value) if shape.bounds is not None \
        else shape.fields(len(value.value))
    if len(members) != len(value.value):  # not of this shape: by number
        yield from _parts(value, None)
        return
    for index, (member, item) in enumerate(zip(members, value.value, strict=True)):
        step = f"[{index}]" if shape.bounds is not None else f".{member.name}"
        yield from _parts(_named(value.key + step, item, member, value), member)


def _named(key: str, item: Any, shape: Shape, parent: Value) -> Value:
    row = shape.first_row
    if row is None:
        return Value(key, item, parent.unit, parent.clauses, parent.item, shape)
    unit = units.unit_of(row) if shape.row is not None else ""
    return Value(key, item, unit or (parent.unit if shape.row is None else ""), row.clauses,
                 row.item, shape)
