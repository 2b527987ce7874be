"""The three sections of the security policy: what belongs to each, and what has nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from reports import render
from reports.evidence import gather
from reports.policy import sections


def test_each_section_counts_its_own_cases(sample: Callable[[int], object]) -> None:
    made = sample(140)
    shown = gather(made.outcome, made.cases, made.events)
    smwan, smhan, transfer = sections(shown, made.outcome.requirements)
    belonging = [item for item in shown if item.group == "message protection"]
    assert smwan.cases == len(belonging) == 20
    ((group, words),) = smwan.groups
    assert group == "message protection"
    assert sum(count for _, count in words) == 20
    assert {line.id for line in smwan.requirements} == {
        id_ for item in belonging for id_ in item.verifies}
    assert smhan.cases == transfer.cases == 0


def test_a_section_without_cases_says_so(
    sample: Callable[[int], object], tmp_path: Path
) -> None:
    made = sample(70)
    render(made.outcome, **made.arguments(), folder=tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    found = re.findall(r'<section class="policy".*?</section>', page, re.DOTALL)
    assert ["nothing is said of it" in text for text in found] == [False, True, True]
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert {case["policy"] for case in document["cases"]} == {"", "smwan"}
