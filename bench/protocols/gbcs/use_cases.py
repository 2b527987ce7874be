"""The GBCS use cases and message codes, read from ``data/use_cases.json`` on first use.

176 use cases with their 1,244 mapping rows (GBCS 4.0, mapping tables), and the message codes that
those tables leave out: security, HAN and firmware use cases, alerts, codes of older versions, and
codes that the reference test data uses without a name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from bench.protocols.gbcs.message import Cra

PPMID_TO_GSME = "SME.C.PPMID-GSME"
SIGNATURE_ONLY = "signature only"
UNKNOWN = "unknown"


class Row(NamedTuple):
    """One mapping row; a DLMS row has ``class_id`` and ``obis``, a ZigBee row ``cluster``.

    ``member`` is ``a`` or ``m`` and the index of an attribute or method; ``path`` leads from
    there to the element, ``type`` is its DLMS or ZigBee type, ``constant`` a value that it must
    have, in the document's own notation (``||0x...`` for octets).
    """

    clauses: str
    item: str
    class_id: int | None
    obis: str
    member: str
    path: str
    type: str
    constant: str
    cluster: str = ""
    command: str = ""
    response: str = ""

    @property
    def key(self) -> str:
        """Return ``class/obis/aN`` or ``class/obis/mN``; empty for a ZigBee row."""
        return "" if self.class_id is None else f"{self.class_id}/{self.obis}/{self.member}"


@dataclass(frozen=True, slots=True)
class UseCase:
    """One use case; ``None`` stands for "not applicable", or for a fact that no source shows."""

    id: str
    code: int
    title: str
    target: tuple[str, ...]  # ESME, GSME, GPF, CHF
    protocol: str  # DLMS, GBZ or ASN.1
    category: str
    future_dateable: bool | None
    replay_protected: bool | None
    service_reference: str
    access: str  # read or update
    roles: tuple[str, ...]  # supplier, network_operator, access_control_broker, load_controller
    response_date_time: bool | None  # whether the response carries a date-time
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class OtherCode:
    """A message code without mapping rows.

    ``categories``: the usual one first, then one of a variant that is signed and has no MAC.
    ``status``: ``outside the use-case table``, ``older version`` or ``unnamed``.
    """

    code: int
    id: str
    title: str
    categories: tuple[str, ...]
    status: str


class _UseCases(Mapping[str, UseCase]):
    """The use cases by id, loaded when first looked at."""

    def __getitem__(self, key: str) -> UseCase:
        return _load().by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(_load().by_id)

    def __len__(self) -> int:
        return len(_load().by_id)


USE_CASES: Mapping[str, UseCase] = _UseCases()


def by_code(code: int) -> UseCase | None:
    """Return the use case of a message code; ``None`` if the tables have none."""
    return _load().by_code.get(code)


def other_code(code: int) -> OtherCode | None:
    """Return what is known of a message code without mapping rows."""
    return _load().others.get(code)


def other_codes() -> tuple[OtherCode, ...]:
    """Return all message codes without mapping rows."""
    return tuple(_load().others.values())


def name_of(code: int) -> str:
    """Return the use case id of a message code, else its title, else its number in hex."""
    use_case = by_code(code)
    if use_case is not None:
        return use_case.id
    other = other_code(code)
    return (other.id or other.title if other else "") or f"{code:04X}"


def category_of(code: int, cra: Cra = Cra.COMMAND, *, without_mac: bool = False) -> str:
    """Return the message category of a code; ``unknown`` where no table has it.

    A few security use cases have a variant that is signed and carries no MAC; ``without_mac``
    picks it.
    """
    use_case = by_code(code)
    if use_case is not None:
        return use_case.category
    other = other_code(code)
    if other is None or not other.categories:
        return UNKNOWN
    return other.categories[-1 if without_mac and cra != Cra.ALERT else 0]


class _Tables(NamedTuple):
    by_id: dict[str, UseCase]
    by_code: dict[int, UseCase]
    others: dict[int, OtherCode]


@cache
def _load() -> _Tables:
    read = json.loads(files(__package__).joinpath("data/use_cases.json").read_text("utf-8"))
    by_id = {entry["id"]: _use_case(entry) for entry in read["use_cases"]}
    others = (OtherCode(**(entry | {"categories": tuple(entry["categories"])}))
              for entry in read["other_codes"])
    return _Tables(by_id, {use_case.code: use_case for use_case in by_id.values()},
                   {other.code: other for other in others})


def _use_case(entry: dict[str, Any]) -> UseCase:
    lists = {name: tuple(entry[name]) for name in ("target", "roles")}
    rows = tuple(Row(*row) if len(row) == 8 else _zigbee_row(row) for row in entry["rows"])
    return UseCase(**(entry | lists | {"rows": rows}))


def _zigbee_row(row: list[str]) -> Row:
    clauses, item, cluster, command, response, field, kind = row
    return Row(clauses, item, None, "", "", field, kind, "", cluster, command, response)
