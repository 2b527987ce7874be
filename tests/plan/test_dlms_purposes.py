"""Every public purpose has a case in the plan for DLMS meters, and the guide says which; so has
each requirement of the sign-on and of signatures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from bench.catalogue import load_catalogue
from bench.plan import load_plans
from bench.resources import ROOT

GUIDE = ROOT / "docs" / "dlms.md"
SIGN_ON, ECDSA = "SIGN_ON", "ECDSA"
OWN = ("COSEM", "FIELD", SIGN_ON, ECDSA)  # not ids of the public suites

Wanted = Callable[[str], bool]


def is_public(name: str) -> bool:
    return not name.startswith(OWN)


def is_of_the_sign_on(name: str) -> bool:
    return name.startswith(SIGN_ON)


def is_of_signatures(name: str) -> bool:
    return name.startswith(ECDSA)


@cache
def verified(wanted: Wanted) -> Mapping[str, set[str]]:
    """Return the cases of each ``wanted`` requirement of the catalogue."""
    catalogue = load_catalogue()
    found: dict[str, set[str]] = {
        name.removeprefix("DLMS/"): set() for name in catalogue
        if name.startswith("DLMS/") and wanted(name.removeprefix("DLMS/"))}
    for case in load_plans([Path(ROOT) / "testplans" / "dlms"], catalogue):
        for name in case.requirements:
            if name.removeprefix("DLMS/") in found:
                found[name.removeprefix("DLMS/")].add(case.id)
    return found


@pytest.mark.parametrize(("wanted", "number"), [
    (is_public, 57), (is_of_the_sign_on, 12), (is_of_signatures, 5)])
def test_every_purpose_is_verified_by_a_case(wanted: Wanted, number: int) -> None:
    found = verified(wanted)
    assert len(found) == number
    assert sorted(name for name, cases in found.items() if not cases) == []


@pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not installed")
@pytest.mark.parametrize(("wanted", "heading"), [
    (is_public, "Public purposes and cases"),
    (is_of_the_sign_on, "The sign-on of optical heads"),
    (is_of_signatures, "Security suites 1 and 2")])
def test_the_table_of_the_guide_names_the_cases_of_every_purpose(wanted: Wanted,
                                                                 heading: str) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    table = text.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    told = {name: set(_cases(cells)) for name, cells in
            re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.MULTILINE)}
    assert told == verified(wanted)


def _cases(cells: str) -> Iterator[str]:
    """Yield the ids of "`A-1`, `A-3` to `5`"."""
    for prefix, first, last in re.findall(r"`([\w-]+-)(\d+)`(?: to `(\d+)`)?", cells):
        for number in range(int(first), int(last or first) + 1):
            yield f"{prefix}{number:0{len(first)}}"
