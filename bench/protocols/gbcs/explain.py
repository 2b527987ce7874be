"""For people: what values a use case takes, what is known of it, and what a reading says.

Everything is plain (text, numbers, lists, mappings by name); how it is laid out is the matter of
who shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.protocols.cosem.access import Choice
from bench.protocols.cosem.data import Tag
from bench.protocols.gbcs import asn1, asn1_reading, commands, gbz_commands, units, use_cases
from bench.protocols.gbcs.message import Cra
from bench.protocols.gbcs.payloads import ASN_1, DLMS
from bench.protocols.gbcs.readings import Reading
from bench.protocols.gbcs.templates import RANGES, TWIN_ONLY, Shape, shape_of
from bench.protocols.gbcs.use_cases import UseCase
from bench.protocols.zigbee import clusters
from bench.protocols.zigbee.clusters import Field

_COUNTED = {Tag.OCTET_STRING: "octets", Tag.VISIBLE_STRING: "characters",
            Tag.UTF8_STRING: "characters", Tag.BIT_STRING: "bits"}
_LOG_BOUNDS = "a time: ISO 8601, or seconds since 1970; all entries without it"
_ONCE = (1, 1)
_MAPPING, _MAPPINGS = "mapping", "mappings"
_TIME_OCTETS = 12
_TIME = f"a time: ISO 8601, now or never; or its {_TIME_OCTETS} octets"
_FIELD_FORMS = {  # of the ZigBee types whose name does not say how their values are written
    "utc_time": "a time: ISO 8601, or seconds since 2000; 0 is now",
    "octet_string": "octets: hexadecimal text", "character_string": "text",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a command takes; ``form`` says in words which it may be.

    What has ``members`` is a mapping of them by name, or a list of such mappings; its form says
    which, and how many.
    """

    name: str
    form: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    clauses: str = ""
    item: str = ""
    optional: bool = False  # ``null`` leaves it out
    members: tuple[Parameter, ...] = ()

    @property
    def note(self) -> str:
        """Unit, source and whether it may be left out; empty where there is nothing to say."""
        return "; ".join(filter(None, (
            f"in {self.unit}" if self.unit else "", "null leaves it out" if self.optional else "",
            f"{self.item} {self.clauses}".strip())))


def parameters(use_case_id: str) -> tuple[Parameter, ...]:
    """Return what values :func:`.payloads.build` takes for a use case, in order.

    LocalProtocolError for an unknown use case; one that is no command has none.
    """
    use_case = use_cases.use_case(use_case_id)
    if not use_case.is_command:
        return ()
    of_kind = {DLMS: _of_dlms, ASN_1: _of_asn1}.get(use_case.protocol or "", _of_gbz)
    return tuple(of_kind(use_case))


def facts(use_case: UseCase) -> Iterator[str]:
    """Yield what is known of a use case, one line for each fact, with its source if it has one."""
    known: dict[str, Any] = {
        "message code": f"{use_case.code:04X}", "title": use_case.title,
        "status": use_case.status, "payload": use_case.protocol,
        "target": ", ".join(use_case.target), "category": ", ".join(use_case.categories),
        "roles": ", ".join(use_case.roles), "access": use_case.access,
        "service reference": use_case.service_reference,
        "replay protected": use_case.replay_protected,
        "future dateable": use_case.future_dateable}
    names = {"payload": "protocol", "category": "categories", "message code": "code",
             "title": "code"}
    for name, value in known.items():
        source = use_case.sources.get(names.get(name, name.replace(" ", "_")), "")
        text = "unknown" if value in (None, "") else \
            ("yes" if value else "no") if isinstance(value, bool) else value
        yield f"{name:<19}{text}" + (f"  [{source}]" if source and text != "unknown" else "")


def record(reading: Reading) -> dict[str, Any]:
    """Return what ``reading`` says as plain JSON values, each single value by its name.

    ``alert`` is ``None`` for what is none; ``codes`` are the results of the elements by name;
    ``encrypted`` and ``decrypted`` as in :class:`.Reading`.
    """
    alert = None if reading.alert_code is None else {
        "code": f"{reading.alert_code:04X}", "name": reading.alert, "time": reading.alert_time}
    return {
        "result": reading.result, "codes": dict(reading.codes), "alert": alert,
        "encrypted": reading.encrypted, "decrypted": reading.decrypted,
        "values": [{"name": part.key, "value": part.value, "unit": part.unit, "item": part.item,
                    "clauses": part.clauses}
                   for value in reading.values for part in value.parts()],
        "misfits": list(reading.misfits),
    }


def _of_dlms(use_case: UseCase) -> Iterator[Parameter]:
    aliases = commands.ALIASES.get(use_case.id, {})
    bounds = False
    for step in commands.steps(use_case.id):
        bounds = (bounds or step.choice is Choice.GET_WITH_SELECTION
                  or any(key.startswith("7/") for key in step.protected))
        if step.protected or step.choice is Choice.GET_WITH_SELECTION:
            continue
        row = next((row for row in step.rows if row.clauses != "(DLMS)"), step.rows[0])
        if step.choice is Choice.GET:
            if step.optional:
                yield Parameter(step.key, "nothing: it is read", (), "", row.clauses, row.item,
                                optional=True)
            continue
        shape = shape_of(step.rows)
        if shape is None:
            continue
        item = row.item if len(step.rows) == 1 else row.item.partition(":")[0]
        names = tuple(name if len(path) == 1 else f"{name} ({path[1]})"
                      for name, path in aliases.items() if path[0] == step.key)
        yield Parameter(step.key, _kind_of(shape), names,
                        units.unit_of(row) if len(step.rows) == 1 else "", row.clauses, item,
                        step.optional, tuple(_members_of(shape)))
    if bounds:
        yield Parameter("from", _LOG_BOUNDS)
        yield Parameter("to", _LOG_BOUNDS)


def _kind_of(shape: Shape) -> str:
    """Return in words what a value of ``shape`` may be, beside its members."""
    if shape.bounds is not None:
        low, high = shape.bounds
        return f"list of {low}..{high} " + (_MAPPINGS if shape.element.tag is None else
                                            f"of {_kind_of(shape.element)}")
    if shape.tag is None:
        return _MAPPING
    kind = shape.tag.name.lower().replace("_", "-")
    if shape.only:
        only = " or ".join(value.hex().upper() if isinstance(value, bytes) else str(value)
                           for value in shape.only)
        return f"{kind} {only}" if len(shape.only) > 1 else f"{kind}, only {only}"
    if shape.tag in RANGES:
        low, high = RANGES[shape.tag]
        return f"{kind} {low}..{high}"
    return _counted(shape, kind) if shape.tag in _COUNTED else kind


def _counted(shape: Shape, kind: str) -> str:
    if shape.tag is Tag.OCTET_STRING and shape.size == _TIME_OCTETS:
        return _TIME
    most = "at most " if shape.shorter else ""
    return f"{kind} of {most}{shape.size} {_COUNTED[shape.tag or Tag.OCTET_STRING]}"


def _members_of(shape: Shape) -> Iterator[Parameter]:
    inner = shape.element if shape.bounds is not None else shape
    if inner.tag is None:
        for member in inner.members.values():
            yield Parameter(member.name, _kind_of(member) + (TWIN_ONLY if member.twin else ""),
                            members=tuple(_members_of(member)))


def _of_asn1(use_case: UseCase) -> Iterator[Parameter]:
    described = asn1.fields(use_case.code, Cra.COMMAND)
    if "members" in described:
        for member in described["members"]:
            yield _asn1(member["member"], member, described["name"])
    elif described.get("type") != "NULL":
        yield _asn1(asn1_reading.WHOLE, described, use_case.title)


def _asn1(name: str, described: Mapping[str, Any], item: str = "") -> Parameter:
    inner = described.get("of", described)
    members = tuple(_asn1(member["member"], member) for member in inner.get("members", ()))
    return Parameter(name, _asn1_kind(described), item=item,
                     optional=bool(described.get("optional")), members=members)


def _asn1_kind(described: Mapping[str, Any]) -> str:
    """Return in words what a value of an ASN.1 type may be, beside its members."""
    kind = str(described.get("type", ""))
    if "members" in described:
        return _MAPPING
    if "of" in described:
        return "list of " + (_MAPPINGS if "members" in described["of"]
                             else _asn1_kind(described["of"]))
    if "names" in described:
        chosen = " or ".join(described["names"])
        return f"list of {chosen}" if kind == "BIT STRING" else chosen
    if "limits" in described:
        low, high = described["limits"]
        return f"{kind} {low}..{high}"
    octets = described.get("octets")
    return f"{kind} of {octets} octets" if octets else kind


def _of_gbz(use_case: UseCase) -> Iterator[Parameter]:
    for step in gbz_commands.commands_of(use_case.id):
        low, high = step.times
        form = _MAPPING if step.times == _ONCE else f"list of {low}..{high} {_MAPPINGS}"
        row = step.rules[0].row if step.rules else None
        members = tuple(_field(field, step) for field in step.fields)
        if step.attributes:
            members = (Parameter("attributes", f"list of {', '.join(step.attributes)}"),)
        elif step.with_from_date_time:
            members = (*members, Parameter(gbz_commands.FROM_DATE_TIME, _field_form("utc_time")))
        yield Parameter(step.key, form, clauses=row.clauses if row and not step.attributes else "",
                        item=row.item.partition(":")[0] if row and not step.attributes else "",
                        optional=low == 0, members=members)


def _field(field: Field, step: gbz_commands.Step | None = None) -> Parameter:
    rules = step.rules_of(field.name) if step else ()
    fields = clusters.structure(field.type) or ()
    members = tuple(map(_field, fields))
    if field.layouts:
        form = f"{_MAPPING}, as {field.case} is"
        members = tuple(_layout(field.case_type, number, layout)
                        for number, layout in field.layouts.items())
    elif fields:
        form = f"list of {_MAPPINGS}" if field.repeat else _MAPPING
    else:
        form = ("list of " if field.repeat else "") + _field_form(field.type, rules)
    return Parameter(field.name, form, optional=field.optional, members=members)


def _layout(kind: str, number: int, fields: Sequence[Field]) -> Parameter:
    name = (clusters.enumeration(kind) or {}).get(number)
    return Parameter(f"{name} ({number})" if name else str(number), _MAPPING,
                     members=tuple(map(_field, fields)))


def _field_form(kind: str, rules: Sequence[gbz_commands.Rule] = ()) -> str:
    """Return a ZigBee type, or the names and numbers of an enumeration, as far as allowed."""
    allowed = " or ".join(dict.fromkeys(rule.allowed for rule in rules if rule.allowed))
    names = clusters.enumeration(kind)
    if not names:
        return _FIELD_FORMS.get(kind, kind) + (f": {allowed}" if allowed else "")
    only = {choice for rule in rules for choice in rule.choices}
    named = [f"{name} ({number})" for number, name in names.items()
             if number in only or not allowed]
    return " or ".join(named) or allowed  # a number that the type has no name for
