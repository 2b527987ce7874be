"""What a DLMS meter disclosed of itself in a run, and how that differs from what is declared of it.

The object lists are those that it gave before the first case, where a plan asked for them; the
firmware versions those that it gave whenever a rig was opened. A right that is not declared and that
the device lists as no access is no difference, as in the case that judges the lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.records.event import Event

Plain = Mapping[str, Any]
Objects = Mapping[str, dict[str, Any]]
"""``class/obis`` -> version and rights of attributes and methods."""

NOT_ASKED = "no plan of this run asks the device for its object lists"
_ABSENT = frozenset(("no access", "not declared"))
_MEMBERS = (("attributes", "a"), ("methods", "m"))


def disclosed(dlms: Plain, events: Sequence[Event]) -> dict[str, Any]:
    """Return the sections ``disclosed`` and ``differences`` for the declaration ``dlms``."""
    firmware = list(_firmware(events))
    said = next((event.data for event in reversed(events) if event.kind == "disclosure"), None)
    if said is None:
        return {"disclosed": {"firmware": firmware, "objects": NOT_ASKED},
                "differences": {"firmware": _other_firmware(firmware), "objects": NOT_ASKED}}
    lists = _lists(said["tables"])
    declared = {name: {one["object"]: one for one in association["objects"]}
                for name, association in dlms["associations"].items()}
    return {
        "disclosed": {
            "firmware": firmware,
            "failures": list(_listed(said.get("failures"))),
            "objects": {name: [{"object": key, **one} for key, one in objects.items()]
                        for name, objects in lists.items()}},
        "differences": {
            "firmware": _other_firmware(firmware),
            "not_disclosed_associations": sorted(set(declared) - set(lists)),
            "objects": {name: _differences(declared.get(name, {}), objects)
                        for name, objects in lists.items()}},
    }


def rights(said: Plain) -> dict[int, str]:
    """Return rights by index as a number, in order."""
    return {int(index): str(said[index]) for index in sorted(said, key=int)}


def _firmware(events: Sequence[Event]) -> Iterator[Plain]:
    """Yield every different answer to the question for the firmware version, in order."""
    seen: list[Plain] = []
    for event in events:
        if event.kind == "identity":
            one = {name: str(event.data.get(name, "")) for name in ("declared", "found", "outcome")}
            if one not in seen:
                seen.append(one)
                yield one


def _other_firmware(firmware: Sequence[Plain]) -> list[str]:
    return [f"{one['declared']} declared, {one['found'] or 'none'} found ({one['outcome']})"
            for one in firmware if one["found"] != one["declared"]]


def _lists(tables: Plain) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the objects of each association that gave its list, with their rights."""
    lists: dict[str, dict[str, dict[str, Any]]] = {
        row["association"]: {} for row in tables.get("disclosed_associations", ())}
    for row in tables.get("disclosed_objects", ()):
        lists.setdefault(row["association"], {})[row["object"]] = {
            "version": row["version"], "attributes": {}, "methods": {}}
    for members, _ in _MEMBERS:
        for row in tables.get(f"disclosed_{members}", ()):
            lists[row["association"]][row["object"]][members][row["index"]] = row["mode"]
    return lists


def _differences(declared: Objects, found: Objects) -> dict[str, list[str]]:
    return {
        "not_declared": sorted(set(found) - set(declared)),
        "not_disclosed": sorted(set(declared) - set(found)),
        "others": [text for name in sorted(set(declared) & set(found))
                   for text in _of_one(name, declared[name], found[name])],
    }


def _of_one(name: str, declared: Plain, found: Plain) -> Iterator[str]:
    if declared["version"] != found["version"]:
        yield f"{name}: version {declared['version']} declared, {found['version']} disclosed"
    for members, letter in _MEMBERS:
        wanted, here = rights(declared[members]), rights(found[members])
        for index in sorted({*wanted, *here}):
            said = wanted.get(index, "not declared"), here.get(index, "not disclosed")
            if said[0] != said[1] and set(said) != _ABSENT:
                yield f"{name}/{letter}{index}: {said[0]} declared, {said[1]} disclosed"


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
