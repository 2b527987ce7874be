"""What a DLMS meter disclosed of itself in a run, and how that differs from what is declared of it.

The object lists are those that it gave before the first case, where a plan asked for them; the
firmware versions those that it gave whenever a rig was opened. A right that is not declared and
that the device lists as no access is no difference, as in the case that judges the lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.records.event import Event

Plain = Mapping[str, Any]
Objects = Mapping[str, Plain]
"""``class/obis`` -> version and rights of attributes and methods."""
Lists = Mapping[str, Objects]
"""Association -> what it lists."""

NOT_ASKED = "no plan of this run asks the device for its object lists"
NO_ACCESS = "no access"
_MEMBERS = (("attributes", "a"), ("methods", "m"))


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What the device said: ``firmware`` as ``{declared, found, outcome}``, once for each answer
    that differs; ``objects`` is None where it was not asked, ``failures`` what it did not say.
    The associations ``without_rights`` list objects only: their rights are the declared ones."""

    firmware: Sequence[Plain]
    objects: Lists | None
    failures: Sequence[str]
    without_rights: Sequence[str] = ()


def disclosed(events: Iterable[Event]) -> Disclosed:
    """Return what the device disclosed; ``events`` are in ledger order."""
    firmware: list[Plain] = []
    said: Plain | None = None
    for event in events:
        if event.kind == "disclosure":
            said = event.data
        elif event.kind == "identity":
            one = {name: str(event.data.get(name, "")) for name in ("declared", "found", "outcome")}
            if one not in firmware:
                firmware.append(one)
    if said is None:
        return Disclosed(firmware, None, ())
    return Disclosed(firmware, _lists(said["tables"]), list(said["failures"]), sorted(
        {row["association"] for row in said["tables"]["disclosed_objects"]
         if row.get("rights") == "declared"}))


def differences(dlms: Plain, found: Disclosed) -> dict[str, Any]:
    """Return where ``found`` is not what the declaration ``dlms`` says, in words."""
    firmware = [f"declared {one['declared']}; found {one['found'] or 'none'} ({one['outcome']})"
                for one in found.firmware if one["found"] != one["declared"]]
    if found.objects is None:
        return {"firmware": firmware, "objects": NOT_ASKED}
    declared = {name: {one["object"]: one for one in association["objects"]}
                for name, association in dlms["associations"].items()}
    return {
        "firmware": firmware,
        "associations_without_a_list": sorted(set(declared) - set(found.objects)),
        "objects": {name: _differences(declared.get(name, {}), objects)
                    for name, objects in found.objects.items()}}


def rights(said: Plain) -> dict[int, str]:
    """Return rights by index as a number, in order."""
    return {int(index): str(said[index]) for index in sorted(said, key=int)}


def _lists(tables: Plain) -> Lists:
    """Return the objects of each association that gave its list; ``times`` they are in it."""
    lists: dict[str, dict[str, dict[str, Any]]] = {
        row["association"]: {} for row in tables["disclosed_associations"]}
    for row in tables["disclosed_objects"]:
        listed = lists[row["association"]]
        before = listed.get(row["object"], {}).get("times", 0)
        listed[row["object"]] = {"version": row["version"], "attributes": {}, "methods": {},
                                 "times": before + 1}
    for members, _ in _MEMBERS:
        for row in tables[f"disclosed_{members}"]:
            lists[row["association"]][row["object"]][members][row["index"]] = row["mode"]
    return lists


def _differences(declared: Objects, found: Objects) -> dict[str, list[str]]:
    return {
        "not_declared": sorted(set(found) - set(declared)),
        "not_disclosed": sorted(set(declared) - set(found)),
        "others": [*(f"{name}: disclosed {one['times']} times"
                     for name, one in sorted(found.items()) if one["times"] > 1),
                   *(text for name in sorted(set(declared) & set(found))
                     for text in _of_one(name, declared[name], found[name]))],
    }


def _of_one(name: str, declared: Plain, found: Plain) -> Iterator[str]:
    if declared["version"] != found["version"]:
        yield f"{name}: version: declared {declared['version']}; disclosed {found['version']}"
    for members, letter in _MEMBERS:
        wanted, here = rights(declared[members]), rights(found[members])
        for index in sorted({*wanted, *here}):
            said, given = wanted.get(index), here.get(index)
            if said != given and (said, given) != (None, NO_ACCESS):
                yield (f"{name}/{letter}{index}: {_told('declared', said)}; "
                       f"{_told('disclosed', given)}")


def _told(verb: str, right: str | None) -> str:
    return f"not {verb}" if right is None else f"{verb} {right}"
