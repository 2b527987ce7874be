"""The declarations against what others say: the GBCS use cases, and dlms-cosem 21.3.2 (MIT)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.protocols.cosem.classes import AttributeDeclaration, Type, every_class, interface_class
from bench.protocols.cosem.classes.checking import tags
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    Anything,
    Array,
    Bits,
    Choice,
    Simple,
    Structure,
)
from bench.protocols.cosem.data import Tag
from bench.protocols.cosem.units import UNITS

TAGS = {tag.name.lower().replace("_", "-"): tag for tag in Tag}
# Rows of GBCS that differ from the class of the standard on purpose, with what GBCS does.
DEVIATIONS = {
    ("104", "m4", ""): "backup_PAN is handed null, contrary to COSEM",
    ("30", "m1", "octet-string(12)"): "the bounds of a log's entries, within the parameters",
    ("22", "a4", "EXCEPTIONAL"): "written out elsewhere in GBCS",
    ("111", "a11", "EXCEPTIONAL"): "written out elsewhere in GBCS",
    ("7", "a2", "integer"): "the reading of a log as the table names it, no value of the buffer",
}


def rows(shared: Path) -> Iterator[Mapping[str, str]]:
    for use_case in json.loads((shared / "reference" / "gbcs_use_cases.json").read_text()):
        yield from (row for row in use_case["rows"]
                    if row.get("kind") in ("attribute", "method") and row["class_id"].isdigit())


def spelled(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def member(kind: Type, tokens: list[str]) -> Type | None:
    """The type of the member that ``tokens`` lead to; None where the declaration has no such.

    The first token names ``kind`` itself, the next a member, or the type of an array's elements.
    """
    if len(tokens) < 2:
        return kind
    if isinstance(kind, Anything):
        return ANYTHING  # what lies within is the matter of the instance
    if isinstance(kind, Array):
        return member(kind.element, tokens[1:])
    members = kind.members if isinstance(kind, Structure) else ()
    inner = {spelled(name): inner for name, inner in members}.get(spelled(tokens[1]))
    return None if inner is None else member(inner, tokens[1:])


def fits(kind: Type, written: str) -> bool:
    match = re.fullmatch(r"([a-z0-9-]+)(?:\((\d+)\))?(?:\[\[\w+\]\])?", written)
    assert match, written
    tag, size = TAGS[match[1]], match[2]
    if tag not in tags(kind):
        return False
    alternatives = kind.alternatives if isinstance(kind, Choice) else (kind,)
    return size is None or any(_sized(one, tag, int(size)) for one in alternatives)


def _sized(kind: Type, tag: Tag, size: int) -> bool:
    if isinstance(kind, Bits):
        return kind.tag is tag and size == len(kind.names)
    if isinstance(kind, Simple) and kind.size:
        return kind.tag is tag and kind.size[0] <= size <= kind.size[1]
    return tag in tags(kind)


def test_every_row_of_the_gbcs_use_cases_fits_its_declaration(shared: Path) -> None:
    wrong = set()
    seen = 0
    for row in rows(shared):
        declared = interface_class(int(row["class_id"]))
        assert declared is not None, row
        index = int(row["index"])
        found = declared.attribute(index) if row["kind"] == "attribute" else declared.method(index)
        assert found is not None, row
        key = (row["class_id"], f"{row['kind'][0]}{index}")
        if any(key == known[:2] and known[2] in ("", row["type"]) for known in DEVIATIONS):
            continue
        name, _, path = row["path"].partition(":")
        if spelled(name) not in ("", "data", spelled(found.name)):
            wrong.add((*key, f"name {name}", found.name))
        kind = found.type if isinstance(found, AttributeDeclaration) else found.parameter
        if path.startswith("range_descriptor"):
            assert isinstance(found, AttributeDeclaration)
            kind = found.selectors[1]
        inner = member(kind, re.sub(r"\[.*?\]", "", path).split("."))
        if inner is None:
            wrong.add((*key, path, "no such member"))
        elif row["type"] and not fits(inner, row["type"]):
            wrong.add((*key, path, row["type"]))
        seen += 1
    assert not wrong, "\n".join(map(str, sorted(wrong)))
    assert seen > 800


def test_the_deviations_of_gbcs_are_all_still_met(shared: Path) -> None:
    met = {(row["class_id"], f"{row['kind'][0]}{row['index']}") for row in rows(shared)}
    assert {known[:2] for known in DEVIATIONS} <= met


def test_the_ids_of_the_classes_are_those_of_dlms_cosem() -> None:
    theirs = pytest.importorskip("dlms_cosem.enumerations", reason="dlms-cosem is not installed")
    named = {int(one): spelled(one.name) for one in theirs.CosemInterface}
    renamed = {  # ours: theirs
        "pushsetup": "push", "dataprotection": "cosemdataprotection",
        "iectwistedpair1setup": "iectwistedpairsetup", "mbusslaveportsetup": "mbusslaveportsetup",
        "gsmdiagnostic": "gsmdiagnostics"}
    for declared in every_class():
        if declared.class_id == 9000:
            continue
        ours = spelled(declared.name)
        assert named[declared.class_id] == renamed.get(ours, ours)


def test_the_units_of_the_gbcs_tables_are_named() -> None:
    from bench.protocols.gbcs.units import COSEM_UNITS

    assert set(COSEM_UNITS) <= set(UNITS)
    same = {27: "W", 28: "VA", 29: "var", 30: "Wh", 31: "VAh", 32: "varh", 33: "A", 35: "V",
            44: "Hz", 5: "h", 6: "min", 7: "s"}
    assert {value: UNITS[value].symbol for value in same} == same
    assert {value: COSEM_UNITS[value] for value in same} == same
