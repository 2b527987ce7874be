"""The GBCS use cases and message codes, read from ``data/use_cases.json`` on first use.

176 use cases with their 1,244 mapping rows (GBCS 4.0, mapping tables), and the message codes that
those tables leave out: security, HAN and firmware use cases, alerts, codes of older versions, and
codes that the reference test data uses without a name. Those have an id as well: that of their
document (``CS02a``, ``CS02b-supplierBySupplier``), else their number in hex (``00CC``).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.message import Cra

PPMID_TO_GSME = "SME.C.PPMID-GSME"
SIGNATURE_ONLY = "signature only"
UNKNOWN = "unknown"

_CODE = re.compile("[0-9A-Fa-f]{4}")
_NEAR = 3  # names that an error offers instead of a wrong one


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


TABLED = "use-case table"
OUTSIDE, OLDER, UNNAMED = "outside the use-case table", "older version", "unnamed"


@dataclass(frozen=True, slots=True)
class UseCase:
    """One use case; ``None`` stands for "not applicable", or for a fact that no source shows.

    Empty ``target``, ``roles`` or ``service_reference`` mean the same. ``variants`` are further
    categories that the message may have: one that is signed and has no MAC. ``sources`` names,
    for a use case that is not ``TABLED``, where each fact is from; those of the tables are from
    GBCS 4.0. The rows of an older version are those that GBCS 4.0 has for the same objects.
    """

    id: str
    code: int
    title: str
    target: tuple[str, ...]  # ESME, GSME, GPF, CHF
    protocol: str | None  # DLMS, GBZ or ASN.1
    category: str
    future_dateable: bool | None
    replay_protected: bool | None
    service_reference: str
    access: str | None  # read or update
    roles: tuple[str, ...]  # supplier, network_operator, access_control_broker, load_controller
    response_date_time: bool | None  # whether the response carries a date-time
    rows: tuple[Row, ...]
    status: str = TABLED
    variants: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories, the usual one first; empty where no source shows one."""
        return () if self.category == UNKNOWN else (self.category, *self.variants)

    @property
    def is_command(self) -> bool:
        """True if a remote party can send it: not an alert, not one of the HAN only."""
        return self.category.startswith(("SME.C", SIGNATURE_ONLY))


class _UseCases(Mapping[str, UseCase]):
    """The use cases by id, loaded when first looked at."""

    def __getitem__(self, key: str) -> UseCase:
        return _load().by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(_load().by_id)

    def __len__(self) -> int:
        return len(_load().by_id)


USE_CASES: Mapping[str, UseCase] = _UseCases()


def use_case(name: str | int) -> UseCase:
    """Return what is known of an id or a message code, in the tables or not.

    An id that is all of a code's four hexadecimal digits works for every code. LocalProtocolError
    for one that no table holds, with the ids nearest to it.
    """
    tables = _load()
    if isinstance(name, str):
        found = tables.by_id.get(name) or tables.other_ids.get(name)
        if found is None and _CODE.fullmatch(name):
            found = tables.every_code.get(int(name, 16))
    else:
        found = tables.every_code.get(name)
    if found is not None:
        return found
    if isinstance(name, int):
        raise LocalProtocolError(f"no use case with message code {name:04X}")
    near = _near(name, [*tables.by_id, *tables.other_ids])
    raise LocalProtocolError(f"no use case {name!r}"
                             + (f"; near to it are {', '.join(near)}" if near else ""))


def _near(name: str, known: Sequence[str]) -> list[str]:
    """Return up to three of ``known`` that ``name`` begins, whatever its case, else is like."""
    lower = {item.lower(): item for item in known}
    begun = [item for item in known if name and item.lower().startswith(name.lower())]
    return begun[:_NEAR] or [lower[item] for item in
                             difflib.get_close_matches(name.lower(), lower, _NEAR)]


def every_use_case() -> tuple[UseCase, ...]:
    """Return the use cases of the tables and the other message codes, by message code."""
    tables = _load()
    return tuple(tables.every_code[code] for code in sorted(tables.every_code))


def by_code(code: int) -> UseCase | None:
    """Return the use case of a message code; ``None`` if the tables have none."""
    return _load().by_code.get(code)


def other_code(code: int) -> UseCase | None:
    """Return what is known of a message code that the tables leave out."""
    return _load().others.get(code)


def other_codes() -> tuple[UseCase, ...]:
    """Return all message codes that the tables leave out."""
    return tuple(_load().others.values())


def sources() -> Mapping[str, str]:
    """Return what the short names in ``UseCase.sources`` stand for."""
    return _load().sources


def name_of(code: int) -> str:
    """Return the id of a message code, else its title, else its number in hex."""
    known = _load().every_code.get(code)
    number = f"{code:04X}"
    if known is None:
        return number
    return known.id if known.id != number else known.title or number


def category_of(code: int, cra: Cra = Cra.COMMAND, *, without_mac: bool = False) -> str:
    """Return the message category of a code; ``unknown`` where no table has it.

    A few security use cases have a variant that is signed and carries no MAC; ``without_mac``
    picks it.
    """
    known = _load().every_code.get(code)
    if known is None or not known.categories:
        return UNKNOWN
    return known.categories[-1 if without_mac and cra != Cra.ALERT else 0]


class _Tables(NamedTuple):
    by_id: dict[str, UseCase]
    by_code: dict[int, UseCase]
    others: dict[int, UseCase]
    other_ids: dict[str, UseCase]
    every_code: dict[int, UseCase]
    sources: dict[str, str]


@cache
def _load() -> _Tables:
    read = json.loads(files(__package__).joinpath("data/use_cases.json").read_text("utf-8"))
    by_id = {entry["id"]: _use_case(entry) for entry in read["use_cases"]}
    others = {entry["code"]: _other(entry) for entry in read["other_codes"]}
    by_code = {known.code: known for known in by_id.values()}
    return _Tables(by_id, by_code, others, {other.id: other for other in others.values()},
                   by_code | others, read["sources"])


def _other(entry: dict[str, Any]) -> UseCase:
    category, *variants = entry.pop("categories") or [UNKNOWN]
    return _use_case(entry | {"category": category, "variants": tuple(variants)})


def _use_case(entry: dict[str, Any]) -> UseCase:
    lists = {name: tuple(entry[name]) for name in ("target", "roles")}
    rows = tuple(Row(*row) if len(row) == 8 else _zigbee_row(row) for row in entry["rows"])
    return UseCase(**(entry | lists | {"rows": rows}))


def _zigbee_row(row: list[str]) -> Row:
    clauses, item, cluster, command, response, field, kind = row
    return Row(clauses, item, None, "", "", field, kind, "", cluster, command, response)
