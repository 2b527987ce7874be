"""Commands of the DLMS use cases, built from their mapping rows, and their responses read.

The rows of a use case stand in the order of the specifications that its command must have; a run
of rows with one class, OBIS code and index is one specification. That holds for every command of
the reference test data set. What the rows do not say, or say for the response only, is in the
tables below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from itertools import groupby
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.cosem import date_time, obis
from bench.protocols.cosem.access import (
    NULL,
    AccessRequest,
    AccessResponse,
    AccessSpecification,
    Choice,
)
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.gbcs import limits, sensitive
from bench.protocols.gbcs.building import build
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.templates import OPTIONAL, Shape, shape_of
from bench.protocols.gbcs.use_cases import Row, UseCase, use_case

INVOKE_FLAGS = 0x20000000  # service class confirmed, in the top octet of the long-invoke-id

_GET, _GET_WITH_SELECTION = Choice.GET, Choice.GET_WITH_SELECTION  # in Python 3.11 a call each
_BY_RANGE = 1  # selector of a profile buffer: by range descriptor
_CAPTURED_TIME = bytes.fromhex("00005E2C64FF")  # GBCS's name of the seconds since 2000 in UTC
LOG_EPOCH = 946_684_800  # 2000-01-01, where the stamps of logs begin, in seconds since 1970

# Reads within a use case that otherwise writes.
_READ = {"ECS70": ("8/0-0:1.0.0.255/a2", "8/0-0:1.0.0.255/a4")}

# Values that are right for one use case only, where its row allows several.
_OWN: Mapping[str, Mapping[str, Any]] = {
    "ECS03": {"111/0-1:19.0.0.255/a2": {"payment_mode": 2}},
}

# Friendlier names of values, by use case. ``from`` and ``to`` work for every read of a log.
ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ECS70": {"from": ("8/0-0:1.0.0.255/m5", "validity_interval_start"),
              "to": ("8/0-0:1.0.0.255/m5", "validity_interval_end")},
    "ECS10": {"message": ("1/0-2:96.13.1.255/a2",)},
    "ECS12": {"from": ("1/0-0:94.44.3.2/a2",)},
    "ECS38": {"limit": ("1/0-0:94.44.0.1/a2",)},
    "ECS39a": {"mpans": ("1/0-0:94.44.34.11/a2",)},
    "ECS39b": {"mpan": ("1/1-0:0.0.2.255/a2",)},
    "ECS50": {"number": ("1/0-3:96.13.1.255/a2",)},
    "ECS81": {"locked": ("1/0-0:94.44.0.4/a2",)},
    "CS01a": {"utrn": ("115/0-0:19.40.0.255/m1",)},
    "ECS04a": {"amount": ("112/0-0:19.10.0.255/m1",)},
}
_NO_ALIASES: Mapping[str, tuple[str, ...]] = {}
# Aliases whose values are text, written as ASCII octets.
_TEXT = ("message", "mpan", "mpans", "number", "utrn")

_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """One specification of a command: what it does to which object, and its rows."""

    choice: Choice
    key: str
    rows: tuple[Row, ...]
    protected: tuple[str, ...] = ()  # keys of the attributes that a class 30 read asks for

    @cached_property
    def optional(self) -> bool:
        """True if a command may leave it out."""
        return any(OPTIONAL in row.type for row in self.rows)

    @cached_property
    def shape(self) -> Shape | None:
        """The shape of its value; ``None`` for null data. One for all: not to be changed."""
        return shape_of(self.rows)

    @cached_property
    def limited(self) -> bool:
        """True if a service request limits any of its values."""
        return self.choice in (Choice.SET, Choice.ACTION) and limits.applies(self.shape)

    @cached_property
    def address(self) -> tuple[int, bytes, int]:
        """Class, OBIS code and index of the attribute or method."""
        return _address(self.key)

    @cached_property
    def specification(self) -> AccessSpecification:
        """What it addresses, without a selection."""
        return AccessSpecification(self.choice, *self.address)


@cache
def steps(use_case_id: str) -> tuple[Step, ...]:
    """Return the specifications of a use case's command, in order.

    LocalProtocolError for an unknown use case, or one whose payload is not DLMS.
    """
    known = use_case(use_case_id)
    if known.category.startswith("SME.A") or not known.rows or not known.rows[0].key:
        raise LocalProtocolError(f"{use_case_id} is not a command with a DLMS payload")
    runs = [(key, tuple(run)) for key, run in groupby(known.rows, key=lambda row: row.key)]
    reads = [(key, run) for key, run in runs if key.startswith(f"{sensitive.CLASS_ID}/")]
    if reads:  # one read protects every other object of these use cases
        protected = tuple(key for key, _ in runs if not key.startswith(f"{sensitive.CLASS_ID}/"))
        return tuple(Step(Choice.ACTION, key, run, protected) for key, run in reads)
    return tuple(Step(_choice(known, key, run), key, run) for key, run in runs)


def answered(use_case_id: str, request: AccessRequest | None = None) -> tuple[Step, ...]:
    """Return the specifications that a response answers: those of ``request``, else all."""
    order = steps(use_case_id)
    if request is None:
        return order
    asked = {specification.key for specification in request.specifications}
    return tuple(step for step in order if step.key in asked)


def build_command(
    use_case_id: str, values: Mapping[str, Any] | None = None, *, counter: int = 0,
    originator: bytes = bytes(8), recipient: bytes = bytes(8), beyond_limits: bool = True,
) -> AccessRequest:
    """Return the request of a DLMS use case, every value lawful unless ``values`` says otherwise.

    ``values`` are named by ``class/obis/aN`` or ``mN``, or by an alias of ``ALIASES``; ``None``
    for an optional specification leaves it out. ``from`` and ``to`` of a log are datetimes or
    seconds since 1970. ``counter`` (the originator counter) gives the long-invoke-id; together
    with ``originator`` (who reads the answer) and ``recipient`` (the device) it goes into a read
    of sensitive attributes. ``beyond_limits`` lets values pass that no service request would set
    (:mod:`.limits`). LocalProtocolError for an unknown name or a value that does not fit.
    """
    given = dict(values or {})
    named = {**_OWN.get(use_case_id, {}), **_resolve(use_case_id, given)}
    specifications, data = [], []
    for step in steps(use_case_id):
        if step.optional and step.key in named and named[step.key] is None:
            continue
        specification, datum = _access(step, named, given, (counter, originator, recipient))
        specifications.append(specification)
        data.append(datum)
        if not beyond_limits and step.key in named and step.limited:
            limits.check(step.shape, datum)
    return AccessRequest(INVOKE_FLAGS | counter & 0xFFFFFF, b"", tuple(specifications),
                         tuple(data))


def read_response(
    use_case_id: str, response: AccessResponse, *, request: AccessRequest | None = None,
    message: Message | None = None, keys: KeyStore | None = None,
) -> list[tuple[str, Any]]:
    """Return the keys of a use case with the plain values that a response gives, in order.

    ``request`` is needed only if optional specifications were left out. With ``message`` and
    ``keys`` sensitive attributes are decrypted and come under their own keys. A value whose
    access failed is the name of its result, as ``{"error": name}``; a response with another
    number of results than the use case has is read as far as both go.
    """
    order = answered(use_case_id, request)
    found: list[tuple[str, Any]] = []
    for step, data, result in zip(order, response.data, response.results, strict=False):
        if result.code:
            found.append((step.key, {"error": result.name}))
            continue
        opened = None
        if step.protected and message is not None and keys is not None:
            opened = sensitive.unseal(data, message, keys)
        if opened is None:
            found.append((step.key, plain(data)))
        else:
            found += [(key, plain(value))
                      for key, value in zip(step.protected, opened, strict=False)]
    return found


def _choice(known: UseCase, key: str, run: tuple[Row, ...]) -> Choice:
    if "/m" in key:
        return Choice.ACTION
    if any("range_descriptor" in row.path for row in run):
        return Choice.GET_WITH_SELECTION
    if known.access == "read" or key in _READ.get(known.id, ()):
        return Choice.GET
    return Choice.SET


def _resolve(use_case_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return ``given`` with the aliases replaced by keys."""
    keys, logs = _names(use_case_id)
    aliases = ALIASES.get(use_case_id, _NO_ALIASES)
    named: dict[str, Any] = {}
    for name, value in given.items():
        path = aliases.get(name)
        if path is not None:
            octets = name in _TEXT and isinstance(value, str)
            named[path[0]] = (
                named.get(path[0], {}) | {path[1]: value} if len(path) > 1
                else value.encode() if octets else value)
        elif name in keys:
            named[name] = value
        elif not (logs and name in ("from", "to")):
            known = sorted(keys) + sorted(aliases)
            raise LocalProtocolError(f"{use_case_id} has no value {name!r}; it has "
                                     f"{', '.join(known)}")
    return named


@cache
def _names(use_case_id: str) -> tuple[frozenset[str], bool]:
    """Return the keys of a command's values, and whether it reads a log."""
    order = steps(use_case_id)
    return frozenset(step.key for step in order), any(
        step.protected or step.choice == _GET_WITH_SELECTION for step in order)


def _access(
    step: Step, named: Mapping[str, Any], given: Mapping[str, Any],
    parties: tuple[int, bytes, bytes],
) -> tuple[AccessSpecification, Data]:
    specification, choice = step.specification, step.choice
    if step.protected:
        wanted = list(_wanted(step, given))
        return specification, named.get(step.key) or sensitive.request(wanted, *parties)
    if choice == _GET:
        return specification, NULL
    if choice == _GET_WITH_SELECTION:
        return specification._replace(
            selector=_BY_RANGE, parameters=named.get(step.key) or _range(given)), NULL
    return specification, build(step.shape, named.get(step.key))


def _address(key: str) -> tuple[int, bytes, int]:
    class_id, instance, member = key.split("/")
    return int(class_id), obis.parse(instance), int(member[1:])


def _wanted(step: Step, given: Mapping[str, Any]) -> Iterator[sensitive.Wanted]:
    between = (date_time.encode(_instant("from", given.get("from", _EARLIEST))),
               date_time.encode(_instant("to", given.get("to", _LATEST))))
    for key in step.protected:
        address = _address(key)
        yield sensitive.Wanted(*address, between if address[0] == 7 else None)


def _range(given: Mapping[str, Any]) -> Data:
    """Return the range descriptor: restricted by captured time, all columns selected."""
    restricting = Data(Tag.STRUCTURE, (
        Data(Tag.LONG_UNSIGNED, 1), Data(Tag.OCTET_STRING, _CAPTURED_TIME),
        Data(Tag.INTEGER, 2), Data(Tag.LONG_UNSIGNED, 0)))
    start, end = (
        Data(Tag.DOUBLE_LONG_UNSIGNED, _log_seconds(_instant(name, given.get(name, default))))
        for name, default in (("from", _EARLIEST), ("to", _LATEST)))
    return Data(Tag.STRUCTURE, (restricting, start, end, Data(Tag.ARRAY, ())))


def _log_seconds(instant: datetime) -> int:
    return min(max(int(instant.timestamp()) - LOG_EPOCH, 0), 0xFFFFFFFF)


def _instant(name: str, value: Any) -> datetime:
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    raise LocalProtocolError(
        f"{name}: a time is wanted: datetime, ISO 8601 or seconds, not {value!r}")
