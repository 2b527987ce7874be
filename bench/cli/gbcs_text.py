"""The text forms of ``smip-bench gbcs``: a message, what it says, and what a use case takes.

Times are shown in ISO 8601 and long octets are shortened; the JSON form has all as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.cli import layout
from bench.cli.layout import Node
from bench.errors import ProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Tag
from bench.protocols.gbcs import units, use_cases
from bench.protocols.gbcs.explain import Parameter
from bench.protocols.gbcs.payloads import ASN_1
from bench.protocols.gbcs.readings import SUCCESS, Reading, Value

_LONGEST = 200  # characters of a list or mapping of a record
_STEPS = re.compile(r"^\d+/[^/]+/[am]\d+|^.*/(?=[^/]+$)|[./]?[^./\[]+|\[\d+\]")
_READ = re.compile(r"\d+/[^/]+/a\d+")  # an attribute named alone is asked for
_ELEMENT = re.compile(r"\[\d+\]")
_TIME_OCTETS = 12
_SPECIAL_TIMES = (0, 0xFFFFFFFE, 0xFFFFFFFF)  # now and never: numbers that are no times
_WORDS = {None: "nothing", True: "true", False: "false", "": "empty"}
_DETAILS = ("payload", "decrypted")  # of a record, said value by value where it is explained


def record_lines(record: Mapping[str, Any], *, explained: bool) -> Iterator[str]:
    """Yield the lines of a record of :func:`bench.protocols.gbcs.inspection.describe`."""
    wide = layout.width()
    for name, value in record.items():
        if (value == "" and name != "problem") or (explained and name in _DETAILS):
            continue
        text = layout.printable(value) if isinstance(value, str) else json.dumps(value)
        if name == "use_case":
            text = ", ".join(filter(None, (text, _title(record))))
        elif name == "date_time":
            text = _time(value)
        elif len(text) > _LONGEST and not isinstance(value, str):
            text = f"{text[:_LONGEST]} ... ({len(text)} characters; --json has all)"
        yield from layout.fact(name.replace("_", " "), text, wide)


def reading_lines(reading: Reading) -> Iterator[str]:
    """Yield what ``reading`` says: its result, then every value with unit and clauses."""
    wide = layout.width()
    if reading.alert_time:
        yield from layout.fact("alert time", reading.alert_time, wide)
    if reading.codes or reading.result != "none":
        good = [code for _, code in reading.codes if code == SUCCESS]
        several = f", {len(good)} of {len(reading.codes)} elements" if reading.codes else ""
        yield from layout.fact("result", f"{reading.result}{several}", wide)
        yield from layout.tree([Node(f"  {key}", code) for key, code in reading.codes
                                if code != SUCCESS], wide)
    if reading.encrypted:
        yield from layout.fact("encrypted", "opened" if reading.decrypted else
                               "not opened: no keys for it", wide)
    parts = [part for value in reading.values for part in value.parts()]
    if reading.kind == "AccessRequest":
        parts = [replace(part, value="read") if part.value is None and _READ.fullmatch(part.key)
                 else part for part in parts]
    if parts:
        yield "values:"
    # the item of an ASN.1 value is the title of its use case: said already
    yield from layout.tree(_tree(parts, items=reading.kind != ASN_1), wide)
    for text in reading.misfits:
        yield from layout.fact("does not fit", text, wide)


def parameter_lines(parameters: Sequence[Parameter]) -> Iterator[str]:
    """Yield what values a command takes, the members of each below it."""
    yield from layout.tree(list(_parameters(parameters)), layout.width())


def _title(record: Mapping[str, Any]) -> str:
    code = int(record["message_code"], 16)
    known = use_cases.by_code(code) or use_cases.other_code(code)
    return known.title if known and known.title != record["use_case"] else ""


def _parameters(parameters: Iterable[Parameter]) -> Iterator[Node]:
    for parameter in parameters:
        names = " or ".join((parameter.name, *parameter.aliases))
        yield Node(names, parameter.form, parameter.note,
                   list(_parameters(parameter.members)))


def _tree(parts: Sequence[Value], *, items: bool) -> list[Node]:
    """Return the values as a tree by the steps of their names.

    A step with one value below it stands in its line; a source that all below a step share stands
    at the step.
    """
    root: dict[str, Any] = {}
    for part in parts:
        at = root
        *way, last = _STEPS.findall(part.key) or [part.key]
        for step in way:
            at = at.setdefault(step, {})
            if isinstance(at, Value):  # a value that has values below: by its whole name
                at, last = root, part.key
                break
        at[last if last not in at else part.key] = part
    return [_node(name, below, items=items) for name, below in root.items()]


def _node(name: str, below: Any, *, items: bool) -> Node:
    while isinstance(below, dict) and len(below) == 1:
        (step, below), = below.items()
        name += step
    name = name.strip("./")
    if isinstance(below, Value):
        source = " ".join(filter(None, (below.item if items else "", below.clauses)))
        return Node(name, _value(below), source)
    node = Node(name, below=[_node(step, item, items=items)
                             for step, item in below.items()])
    sources = {found.source for found in node.below}
    if len(sources) == 1:
        node.source = sources.pop()
        for found in node.below:
            found.source = ""
    _once(node.below)
    return node


def _once(nodes: Sequence[Node]) -> None:
    """Leave to the first of a list's elements the sources that all of them have."""
    first = next((node for node in nodes if node.name == "[0]"), None)
    for node in nodes:
        if first and node is not first and _ELEMENT.fullmatch(node.name):
            _cite_as(first, node)


def _cite_as(first: Node, node: Node) -> None:
    if node.source == first.source:
        node.source = ""
    named = {below.name: below for below in first.below}
    for below in node.below:
        if below.name in named:
            _cite_as(named[below.name], below)


def _value(part: Value) -> str:
    value = part.value
    if isinstance(value, str):
        is_time = (part.shape is not None and part.shape.tag is Tag.OCTET_STRING
                   and len(value) == 2 * _TIME_OCTETS)
        return _time(value) if is_time else layout.printable(value) or _WORDS[""]
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if not isinstance(value, int):
        return json.dumps(value) if value else _WORDS[""]
    if part.unit == units.SECONDS_SINCE_2000 and value not in _SPECIAL_TIMES:
        return units.since_2000(value)
    if part.item.endswith("unit") and value in units.COSEM_UNITS:
        return f"{value} ({units.COSEM_UNITS[value] or 'no unit'})"
    return f"{value} {part.unit}".rstrip()


def _time(text: str) -> str:
    """Return a date and time of 12 octets in ISO 8601, and its clock status where it has one."""
    try:
        moment = date_time.decode(bytes.fromhex(text))
    except (ProtocolError, ValueError):
        return layout.octets(text)
    if moment.is_now or moment.is_never or moment.status == date_time.UNSPECIFIED:
        return moment.text()
    return f"{moment.text()}, clock status {moment.status:02X}"
