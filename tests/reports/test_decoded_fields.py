"""A frame that was decoded field by field, as the evidence page shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import reports
from reports import fields

DECODED = {
    "summary": "I N(S)=0 N(R)=0, P/F, 16 to 1: get-request-normal",
    "errors": ["octet 9: expected HCS 0102, found 0103"],
    "begun": "the first 3 octets came before",
    "fields": [{"at": 0, "length": 30, "name": "HDLC frame", "parts": [
        {"at": 9, "length": 2, "name": "HCS", "value": "0103",
         "error": "expected HCS 0102, found 0103"},
        {"at": 0, "length": 0, "name": "opened", "value": "13 octets", "derived": True, "parts": [
            {"at": 0, "length": 2, "name": "tag", "value": "C001 <get>"}]}]}],
}


def test_fields_stand_in_their_order_with_place_depth_and_error() -> None:
    assert fields.reading(DECODED, 240).splitlines() == [
        "I N(S)=0 N(R)=0, P/F, 16 to 1: get-request-normal",
        "! octet 9: expected HCS 0102, found 0103",
        "begun: the first 3 octets came before",
        "   0 +30   HDLC frame",
        "   9 +2      HCS: 0103",
        "   9 !       ! expected HCS 0102, found 0103",
        "             opened: 13 octets",
        "   0 +2        tag: C001 <get>"]


def test_a_brief_reading_has_the_summary_and_the_errors() -> None:
    assert len(fields.reading(DECODED, 240, brief=True).splitlines()) == 3


def test_a_long_reading_leaves_its_middle_to_the_ledger() -> None:
    many = {"summary": "s", "fields": [{"at": n, "length": 1, "name": f"f{n}"} for n in range(200)]}
    lines = fields.reading(many, 240).splitlines()
    assert len(lines) == 82
    assert lines[41] == "[... 120 lines more in the ledger ...]"


def test_what_is_not_of_the_form_is_shown_as_before() -> None:
    assert not fields.has_fields({"message_code": "0062"})
    assert not fields.has_fields({"summary": 1})
    assert fields.reading({"summary": "s", "fields": ["x", 7, {"name": "n"}]}, 240)


def test_the_page_shows_the_fields_beside_the_octets(
        sample: Callable[..., Any], tmp_path: Path) -> None:
    made = sample(8, requirements=5)
    frame = {"direction": "sent", "octets": "7EA0", "time": "2026-11-29T10:00:00Z",
             "decoded": DECODED}
    events = tuple(
        replace(event, data={**event.data, "frames": [frame]})
        if event.kind == "observation" else event for event in made.events)
    made = replace(made, events=events)
    reports.render(made.outcome, **made.arguments(), folder=tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = re.search(r'<pre class="reading">(I N.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    assert "   9 !       ! expected HCS 0102, found 0103" in shown[1]
    assert "C001 &lt;get&gt;" in shown[1]
