"""What the mapping rows of a GBZ use case say of its command: components, fields, limits.

The rows stand in the order of the components; a row that names a cluster and a command begins a
component, rows marked as response end it. A row's text opens with the field or the attribute it is
about; what follows may state one value, a choice, a range or a length. What rows do not say (how
often a component stands, the order of attributes, what their authors left out) is in tables of our
own below, read off the messages of the DCC reference test data set 4.5.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.use_cases import USE_CASES, Row, UseCase, use_case
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import CLUSTERS, Cluster, Command, Field, number_of
from bench.protocols.zigbee.general import GENERAL_COMMANDS

READ_ATTRIBUTES = "ReadAttributes"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one row says of one field.

    ``choices`` are the values allowed beside those from ``low`` to ``high``; neither: any value.
    ``mask`` are the bits that the choices are about. ``lengths`` in octets, of a string.
    """

    field: str
    row: Row
    choices: tuple[int, ...] = ()
    low: int | None = None
    high: int | None = None
    lengths: tuple[int, int] | None = None
    mask: int = -1

    @property
    def limited(self) -> bool:
        """Whether the row sets a limit."""
        return bool(self.choices or self.lengths) or self.low is not None

    @property
    def allowed(self) -> str:
        """What is allowed, in words; empty where the row sets no limit."""
        if self.lengths:
            low, high = self.lengths
            return f"{low} octets" if low == high else f"{low} to {high} octets"
        parts = [f"0x{choice:X}" if choice >= 0 else str(choice) for choice in self.choices]
        if self.low is not None:
            parts.insert(0, f"{self.low} to {self.high}")
        return " or ".join(parts)

    def allows(self, number: Any) -> bool:
        """Return whether a number, or the octets of a string, keep to the row."""
        if not self.limited:
            return True
        if self.lengths:
            return (isinstance(number, bytes)
                    and self.lengths[0] <= len(number) <= self.lengths[1])
        if not isinstance(number, int):
            return False
        if self.low is not None and self.high is not None and self.low <= number <= self.high:
            return True
        return number & self.mask in self.choices


@dataclass(frozen=True)
class Step:
    """One command of a use case, which may stand several times.

    ``key`` names it among the values: the command, with the cluster before it
    (``Price.ReadAttributes``) where two clusters of the use case have it. ``response`` is the
    command that answers; ``attributes`` what is read; ``times`` how often it may stand.
    """

    key: str
    cluster: Cluster
    command: str
    to_client: bool
    fields: tuple[Field, ...]
    response: str
    attributes: tuple[str, ...]
    rules: tuple[Rule, ...]
    times: tuple[int, int] = (1, 1)
    with_from_date_time: bool = False

    def rules_of(self, field: str) -> tuple[Rule, ...]:
        """Return the rules of one field; a value has to keep to one of them."""
        return self._rules.get(field, ())

    @cached_property
    def checked(self) -> bool:
        """Whether the rows limit what the command may carry."""
        return bool(self.limits or self.attributes)

    @cached_property
    def limits(self) -> dict[str, tuple[str, tuple[Rule, ...]]]:
        """The fields that rows limit: type and rules of each."""
        kinds = {field.name: field.type for field in self.fields}
        return {name: (kinds[name], rules) for name, rules in self._rules.items()
                if all(rule.limited for rule in rules)}

    @cached_property
    def frame(self) -> zcl.Frame:
        """The frame of the command, its payload empty."""
        general = self.command == READ_ATTRIBUTES
        command = None if general else self.cluster.command_named(self.command, self.to_client)
        control = zcl.frame_control(zcl.GENERAL if general else zcl.CLUSTER_SPECIFIC,
                                    to_client=self.to_client)
        return zcl.Frame(control, 0, command.id if command else 0)

    @cached_property
    def _rules(self) -> dict[str, tuple[Rule, ...]]:
        names = dict.fromkeys(rule.field for rule in self.rules)
        return {name: tuple(rule for rule in self.rules if rule.field == name) for name in names}


@cache
def commands_of(use_case_id: str) -> tuple[Step, ...]:
    """Return the components of a use case's command, in order.

    LocalProtocolError for an unknown use case, or one that has no command with GBZ rows.
    """
    case = use_case(use_case_id)
    runs = _runs(_rows(case))
    if not runs:
        raise LocalProtocolError(f"{use_case_id} has no command whose GBZ rows are known")
    order = _ORDER.get(use_case_id, range(len(runs)))
    steps = [_step(case, *runs[place]) for place in order]
    names = [step.command for step in steps]
    return tuple(
        replace(step, key=f"{step.cluster.name}.{step.command}")
        if names.count(step.command) > 1 else step for step in steps)


# Use cases without rows of their own, whose messages in the reference test data set have the
# components of another, and attributes that are read besides.
_ROWS_OF: Mapping[str, str] = {"GCS60a": "GCS60", "GCS21e": "GCS21m"}
_ANY = 255
_TIMES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("GCS01a", "PublishDayProfile"): (1, _ANY), ("GCS01a", "PublishWeekProfile"): (1, _ANY),
    ("GCS01a", "PublishBlockThresholds"): (0, 1), ("GCS04", "ChangeDebt"): (3, 3),
    ("GCS05", "PublishDayProfile"): (1, 5), ("GCS05", "PublishWeekProfile"): (1, 2),
    ("GCS15b", "GetPrepaySnapshot"): (1, 12), ("GCS15b", "GetSnapshot"): (1, 12),
    ("GCS15c", "GetPrepaySnapshot"): (1, 12), ("GCS15c", "GetSnapshot"): (1, 12),
    ("GCS16a", "GetSnapshot"): (1, 31), ("GCS16b", "GetPrepaySnapshot"): (1, 31),
    ("GCS20", "SetEventConfiguration"): (1, _ANY),
}
_FROM_DATE_TIME = frozenset({
    ("GCS05", "SetLowCreditWarningLevel"), ("GCS15d", "GetDebtRepaymentLog"),
    ("GCS15e", "GetTopUpLog")})
# Components that stand in another order than the rows.
_ORDER: Mapping[str, tuple[int, ...]] = {"GCS21b": (1, 0, 2, 3, 4, 5)}
_REGISTERS = (0x0302, 0x0301, 0x0300)
_ATTRIBUTES: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("GCS13a", "Metering"): (*_REGISTERS, 0x0000),
    ("GCS13b", "Metering"): (0x0700, 0x0701, 0x0702, 0x0703, *_REGISTERS),
    ("GCS13c", "Metering"): (*_REGISTERS, 0x0100, 0x0102, 0x0104, 0x0106),
    ("GCS14", "Price"): (0x0617, 0x0616),
    ("GCS14", "Prepayment"): (0x0005, 0x0002, 0x0001, 0x0231, 0x0211, 0x0221),
    ("GCS21a", "Price"): (0x0306, 0x0305, 0x0304, 0x0303, 0x0302),
    ("GCS21a", "Metering"): (0x0B13, 0x0B12, 0x0B11, 0x0B10, 0x0B14, 0x0B15),
    ("GCS21b", "Prepayment"): (0x0239, 0x0006, 0x0216, 0x0226, 0x0040, 0x0010, 0x0011, 0x0031,
                               0x0021, 0x0022, 0x0217, 0x0227),
    ("GCS21e", "Basic"): (0x0004, 0x0005, 0x0003),
    ("GCS21e", "Metering"): (0x0608, 0x0607),
    ("GCS21f", "Price"): (0x0203, 0x0202, 0x0100, 0x0101, 0x0102, 0x0615, 0x0400, 0x0401, 0x0402,
                          0x0403, 0x0410, 0x0420, 0x0430, 0x0440, 0x0616, 0x0617, 0x0301),
    ("GCS21m", "Metering"): (0x0608, 0x0607),
}
# Values that messages of the reference test data set have although the row has another.
_ALSO: Mapping[tuple[str, str], tuple[int, ...]] = {("GCS17", "sample_id"): (0,)}
# Fields whose rows state a value for part of the components only.
_UNLIMITED = frozenset({("ChangeDebt", "debt_recovery_balance_percentage")})

_NUMBER = r"[+-]?(?:0[xX][0-9A-Fa-f]+|0b[01]+|\d+)"
_LENGTH = re.compile(r"n = (\d+)(?: - (\d+))?")
_RANGE = re.compile(rf"({_NUMBER}) - ({_NUMBER})(?!\w)")
_SET_TO = re.compile(rf"Set to ({_NUMBER})")
_CHOICE = re.compile(rf"(?:^|[ |;])({_NUMBER})(?= ?(?:=|means|\(|\||-|$))")
_PART = "where Log ID is"  # a choice about the low four bits
_ID = re.compile(r"0x[0-9A-F]{4}")
_ID_RANGE = re.compile(r"0x([0-9A-F]{4})-0x([0-9A-F]{4})")


def _rows(case: UseCase) -> tuple[Row, ...]:
    borrowed = _ROWS_OF.get(case.id)
    return USE_CASES[borrowed].rows if borrowed else case.rows


def _runs(rows: Iterable[Row]) -> list[tuple[list[Row], str]]:
    """Return the rows of each command with the text of its response; responses' rows left out."""
    runs: list[tuple[list[Row], str]] = []
    in_command = False
    for row in rows:
        if row.command:
            in_command = not row.command.startswith("(Response")
            if in_command:
                runs.append(([], row.response))
            elif runs and not _names_command(runs[-1][1]):
                runs[-1] = (runs[-1][0], row.response)
        if in_command:
            runs[-1][0].append(row)
    return runs


def _names_command(text: str) -> bool:
    return "0x" in text


def _step(case: UseCase, rows: list[Row], response: str) -> Step:
    cluster = CLUSTERS[int(rows[0].cluster.rpartition("0x")[2], 16)]
    name, to_client, fields = _command(case, cluster, rows[0].command)
    attributes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    if name == READ_ATTRIBUTES:
        ids = _ATTRIBUTES.get((case.id, cluster.name)) or _attribute_ids(rows)
        attributes = tuple(cluster.attributes["server"][number].name for number in ids)
    else:
        rules = tuple(rule for row in rows if (rule := _rule(case, name, fields, row)))
    return Step(
        name, cluster, name, to_client, fields,
        _command(case, cluster, response)[0] if _names_command(response) else "", attributes,
        rules, _TIMES.get((case.id, name), (1, 1)), (case.id, name) in _FROM_DATE_TIME)


def _command(
    case: UseCase, cluster: Cluster, text: str
) -> tuple[str, bool, tuple[Field, ...]]:
    """Return name, direction and fields of ``Publish Price : 0x00``, which gives no direction."""
    words = _letters(text.rpartition(":")[0]).removeprefix("zcl")
    number = int(text.rpartition("0x")[2], 16)
    # by name alone: GBCS 4.0 has the number of RequestNewPasswordResponse (GCS11) wrong
    found: Command | None = next((command for command in cluster.commands.values()
                                  if _letters(command.name) == words), None)
    if found:
        return found.name, found.to_client, found.fields
    general = GENERAL_COMMANDS.get(number, "")
    if _letters(general) != words:
        raise LocalProtocolError(f"{case.id}: {cluster.name} has no command {text}")
    return general, False, ()


def _attribute_ids(rows: list[Row]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for row in rows:
        span = _ID_RANGE.search(row.path)
        if span:
            found |= dict.fromkeys(range(int(span[1], 16), int(span[2], 16) + 1))
        else:
            found |= dict.fromkeys(int(text, 16) for text in _ID.findall(row.path))
    return tuple(found)


def _rule(case: UseCase, command: str, fields: tuple[Field, ...], row: Row) -> Rule | None:
    """Return what a row says of a field; ``None`` where it names none of ``fields``."""
    letters = _letters(row.path)
    named = [field for field in fields if letters.startswith(_letters(field.name))]
    if not named:
        return None
    field = max(named, key=lambda field: len(field.name))
    rule = Rule(field.name, row)
    if (field.type == "utc_time" or field.repeat or field.layouts is not None
            or (command, field.name) in _UNLIMITED):
        return rule
    text = _behind(row.path, _letters(field.name)).lstrip(" :=")
    length = _LENGTH.match(text)
    if length:
        return replace(rule, lengths=(int(length[1]), int(length[2] or length[1])))
    span, also = _RANGE.match(text), _SET_TO.search(text)
    choices = [_as_number(also[1], field)] if also else []
    if span:
        return replace(rule, low=int(span[1], 0), high=int(span[2], 0), choices=tuple(choices))
    choices += [_as_number(number, field) for number in _CHOICE.findall(text)]
    choices += _ALSO.get((case.id, field.name), ())
    return replace(rule, choices=tuple(dict.fromkeys(choices)),
                   mask=0x0F if text.startswith(_PART) else -1)


def _as_number(text: str, field: Field) -> int:
    number = int(text, 0)
    bits = field.type.removeprefix("int")
    if field.type.startswith("int") and number >= 1 << int(bits) - 1:
        number -= 1 << int(bits)  # rows write -1 as 0xFFFFFFFF
    return number


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _behind(text: str, letters: str) -> str:
    """Return what stands in ``text`` behind its first words, whose letters are ``letters``."""
    for end in range(len(text) + 1):
        if _letters(text[:end]) == letters:
            return text[end:]
    return ""


def check(step: Step, fields: Mapping[str, Any], where: str) -> None:
    """Raise LocalProtocolError, naming row and field, for a value that the rows do not allow.

    ``fields`` are plain values as they are read.
    """
    if step.attributes:
        others = [name for name in fields.get("attributes", ()) if name not in step.attributes]
        if others:
            raise LocalProtocolError(f"{where}: attributes: {', '.join(others)} is not among "
                                     f"{', '.join(step.attributes)}")
    for name, (kind, rules) in step.limits.items():
        if name not in fields:
            continue
        value = fields[name]
        number = value if type(value) is int else number_of(kind, value)
        if isinstance(number, str):
            text = kind == "character_string"
            number = number.encode("latin-1") if text else bytes.fromhex(number)
        if not any(rule.allows(number) for rule in rules):
            row = rules[0].row
            allowed = " or ".join(dict.fromkeys(rule.allowed for rule in rules))
            raise LocalProtocolError(f"{where}: {name}: {value!r}, but {row.item!r} "
                                     f"({row.clauses}) allows {allowed}")
