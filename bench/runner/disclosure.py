"""Asking a device what it has, so that cases can be generated from it (``for_each: {table: ...}``).

It is done once for a run, by the controller alone and before the plan is frozen, where the plans
have such a case. The answer is an event of no case, ``disclosure``; a resumed run takes it from
there. What could not be had is in it as a failure, and the run goes on: a case stands for each
written one, and is inconclusive.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import BenchError, LedgerError, PlanError
from bench.plan import PlanReader, for_device
from bench.plan.tables import ADDED, DISCLOSED
from bench.records.disclosure import Disclosure
from bench.records.event import Event
from bench.records.serial import from_json, to_json
from bench.runner.engine import frame_data
from bench.runner.identities import DLMS, port_of
from bench.steps.context import Context
from bench.steps.disclosure import Disclosed
from bench.steps.dlms.disclosing import disclose
from devices.profile import Profile

DISCLOSURE = "disclosure"
"""Kind of the event; it belongs to no case."""

DISCLOSING: Mapping[str, Callable[[Context], Disclosed]] = {DLMS: disclose}
"""How a device is asked, by the port that it is asked over; other devices are never asked."""

_LAWFUL = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")


def needs_disclosure(paths: Sequence[Path], profile: Profile) -> bool:
    """Return whether the plans generate cases from what a device of ``profile`` discloses.

    Plans with mistakes need none: whoever reads them next tells the mistakes.
    """
    if port_of(profile) not in DISCLOSING:
        return False
    try:
        cases = PlanReader().load(paths)
    except PlanError:
        return False
    return any(case.generated for case in for_device(cases, profile.subject.device_type))


def ask(profile: Profile, context: Context) -> Disclosed:
    """Return what the device of ``profile`` discloses, with the columns that we add.

    A failure of the bench's own is one of the disclosure; LinkError and whatever a third party's
    adapter raises come through.
    """
    seen = DISCLOSING[port_of(profile)](context)
    tables = {name: tuple(_with_columns(name, rows, profile.ixit["dlms"]))
              for name, rows in seen.said.tables.items()}
    return Disclosed(Disclosure(tables, seen.said.failures), seen.frames)


def event_of(seen: Disclosed, time: str) -> Event:
    """Return the event that keeps a disclosure."""
    return Event(DISCLOSURE, "", 0, time, {
        "tables": to_json(seen.said.tables), "failures": list(seen.said.failures),
        "frames": [frame_data(frame) for frame in seen.frames]})


def disclosure_of(events: Iterable[Event]) -> Disclosure | None:
    """Return what the device of a stored run disclosed, None where it was not asked."""
    stored = [event for event in events if event.kind == DISCLOSURE]
    if not stored:
        return None
    data = stored[-1].data
    try:
        return from_json(Disclosure, {"tables": _tuples(data["tables"]),
                                      "failures": data["failures"]})
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise LedgerError(f"the disclosure in the ledger has another form: {wrong}") from wrong


def _tuples(tables: Any) -> Mapping[str, Any]:
    return {name: tuple(rows) for name, rows in tables.items()}


def _with_columns(table: str, rows: Sequence[Mapping[str, Any]],
                  dlms: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield ``rows`` with the columns of :data:`~bench.plan.tables.ADDED`."""
    if table not in DISCLOSED:
        raise BenchError(f"a device disclosed the table {table!r}, which no plan knows")
    seen: Counter[str] = Counter()
    for row in rows:
        if missing := sorted(set(DISCLOSED[table]) - set(row) - set(ADDED)):
            raise BenchError(f"a row of {table} has no column {missing[0]!r}")
        name = row_id(row)
        seen[name] += 1
        known = _declared(row, dlms)
        yield {
            **to_json(row),
            # a device that lists a thing twice is for a case to find, not for the ids of cases
            "id": name if seen[name] == 1 else f"{name}-{seen[name]}",
            "declared": known is not None,
            "declared_mode": _declared_mode(row, known),
        }


def row_id(row: Mapping[str, Any]) -> str:
    """Return what tells a row from all others of its table, fit for the id of a case.

    That is its association and, where it has one, its reference or object: ``hls``,
    ``hls.3.1-0.1.8.0.255``, ``hls.3.1-0.1.8.0.255.a2``.
    """
    named = row.get("reference") or row.get("object")
    text = f"{row['association']}.{named}" if named else str(row["association"])
    found = re.sub(r"[/:]", ".", text)
    if not _LAWFUL.fullmatch(found):
        raise BenchError(f"a disclosed row is named {text!r}, which makes no id of a case")
    return found


def _declared(row: Mapping[str, Any], dlms: Mapping[str, Any]) -> Mapping[str, Any] | None:
    association = dlms["associations"].get(row["association"])
    if association is None or "object" not in row:
        return association  # type: ignore[no-any-return]  # plain values of a declaration
    return next((one for one in association["objects"]
                 if one["object"] == row["object"] and one["version"] == row["version"]), None)


def _declared_mode(row: Mapping[str, Any], declared: Mapping[str, Any] | None) -> str:
    if declared is None or "index" not in row:
        return ""
    rights = declared["methods" if "/m" in str(row["reference"]) else "attributes"]
    return str(rights.get(str(row["index"]), ""))
