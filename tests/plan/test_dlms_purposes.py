"""Every public purpose has a case in the plan for DLMS meters, and the guide says which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.catalogue import load_catalogue
from bench.plan import load_plans
from bench.resources import ROOT

GUIDE = ROOT / "docs" / "dlms.md"
OWN = ("COSEM", "FIELD")  # not ids of the public suites


@pytest.fixture(scope="module")
def verified() -> Mapping[str, set[str]]:
    """Return the cases of each public purpose of the catalogue."""
    catalogue = load_catalogue()
    found: dict[str, set[str]] = {
        name.removeprefix("DLMS/"): set() for name in catalogue
        if name.startswith("DLMS/") and not name.removeprefix("DLMS/").startswith(OWN)}
    for case in load_plans([Path(ROOT) / "testplans" / "dlms"], catalogue):
        for name in case.requirements:
            if name.removeprefix("DLMS/") in found:
                found[name.removeprefix("DLMS/")].add(case.id)
    return found


def test_every_public_purpose_is_verified_by_a_case(verified: Mapping[str, set[str]]) -> None:
    assert len(verified) == 57
    assert sorted(name for name, cases in verified.items() if not cases) == []


@pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not installed")
def test_the_table_of_the_guide_names_the_cases_of_every_purpose(
        verified: Mapping[str, set[str]]) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    table = text.partition("### Public purposes and cases\n")[2].partition("\n### ")[0]
    told = {name: set(_cases(cells)) for name, cells in
            re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)}
    assert told == verified


def _cases(cells: str) -> Iterator[str]:
    """Yield the ids of "`A-1`, `A-3` to `5`"."""
    for prefix, first, last in re.findall(r"`([\w-]+-)(\d+)`(?: to `(\d+)`)?", cells):
        for number in range(int(first), int(last or first) + 1):
            yield f"{prefix}{number:0{len(first)}}"
