"""The three files of a report: complete, escaped, legible, and the same for the same evidence."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import reports
from bench.errors import LedgerError
from bench.records.decision import Decision, Status
from bench.records.event import Event
from bench.records.verdict import Disposition, Verdict
from reports.casebook import MOST_ANSWERS, MOST_EXCHANGES, MOST_OF_A_FAILURE

SCHEMA = json.loads((Path(reports.__file__).parent / "report.schema.json").read_text())
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=a()> ]]> --> {{ 7*7 }} & \"'"
UNSEEN = "a\x00b\x1bc\ud800d\u202ee\ufffff"


class Page(HTMLParser):
    """Collects what a test asks of the page: elements, ids, references, and open nesting."""

    VOID = ("meta", "link", "input", "br", "img")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.handlers: list[str] = []
        self.stack: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src"):
                self.hrefs.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def files(sample: Any, folder: Path) -> tuple[str, dict[str, Any], ET.Element]:
    reports.render(sample.outcome, **sample.arguments(), folder=folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    record = json.loads((folder / "report.json").read_text(encoding="ascii"))
    return page, record, ET.parse(folder / "junit.xml").getroot()


def spoilt(sample: Any, text: str) -> Any:
    """Put ``text`` wherever a plan, a device or an operator could have put it."""
    outcome = sample.outcome
    results = tuple(
        replace(result, reason=text, findings=tuple(
            replace(finding, reason=text, expression=text, cites=(text,), seen={text: text})
            for finding in result.findings)) for result in outcome.results)
    return replace(
        sample,
        outcome=replace(
            outcome, results=results, baseline=text,
            subject=replace(outcome.subject, manufacturer=text, model=text, variant=text),
            decision=Decision(Status.NONE, text, (text,) * 30),
            requirements=tuple(replace(line, reason=text) for line in outcome.requirements)),
        requirements={id_: replace(item, text=text, domain=text)
                      for id_, item in sample.requirements.items()},
        cases={id_: replace(case, purpose=text, group=text, source=text)
               for id_, case in sample.cases.items()},
        events=[replace(event, data={**event.data, "reason": text, "arguments": {text: text},
                                     "observation": {"alerts": [text], text: [text, {text: 1}]},
                                     "frames": [{"direction": text, "octets": text, "time": text,
                                                 "decoded": {text: text}}]}
                        if "step" in event.data else event.data) for event in sample.events])


def conforms(value: Any, schema: dict[str, Any], where: str = "$") -> None:
    """Check ``value`` against the part of JSON Schema that ours uses; unknown words are errors."""
    known = {"$schema", "title", "description", "type", "properties", "required", "items",
             "additionalProperties", "enum", "const", "minimum"}
    assert schema.keys() <= known, where
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    if "type" in schema:
        assert type(value) is kinds[schema["type"]], where
    if "enum" in schema:
        assert value in schema["enum"], where
    if "const" in schema:
        assert value == schema["const"], where
    if "minimum" in schema:
        assert value >= schema["minimum"], where
    if isinstance(value, dict):
        assert value.keys() <= schema["properties"].keys(), where
        assert set(schema["required"]) <= value.keys(), where
        for name, item in value.items():
            conforms(item, schema["properties"][name], f"{where}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            conforms(item, schema["items"], f"{where}[{index}]")


def test_the_record_keeps_its_schema_and_tells_the_outcome(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(80)
    first = min(made.cases)
    made.cases[first] = replace(made.cases[first], group="zoning")  # last group, first id
    _, record, _ = files(made, tmp_path)
    conforms(record, SCHEMA)
    assert record["subject"]["firmware_version"] == "01020304"
    assert record["decision"]["status"] == "none"
    assert {case["id"]: (case["verdict"], case["disposition"]) for case in record["cases"]} == {
        result.case: (result.verdict, result.disposition) for result in made.outcome.results}
    assert [line["id"] for line in record["requirements"]] == sorted(made.requirements)
    assert [case["id"] for case in record["cases"]] == sorted(made.cases)
    first = record["cases"][0]
    assert first["verifies"] == list(made.cases[first["id"]].requirements)
    assert len(first["evidence"]) == 5


@pytest.mark.parametrize("spoil", [
    lambda record: record.pop("baseline"),
    lambda record: record.update(extra=1),
    lambda record: record["cases"][0].update(verdict="good"),
    lambda record: record["cases"][0].update(attempts=-1),
    lambda record: record["requirements"][0].update(mandatory=1),
    lambda record: record.update(format="smip-bench-report/2"),
])
def test_the_schema_refuses_another_document(
    sample: Callable[..., Any], tmp_path: Path, spoil: Callable[[dict[str, Any]], object]
) -> None:
    _, record, _ = files(sample(3), tmp_path)
    spoil(record)
    with pytest.raises(AssertionError):
        conforms(record, SCHEMA)


def test_the_same_evidence_gives_the_same_octets(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(60)
    files(made, tmp_path / "a")
    outcome = made.outcome
    turned = replace(
        made, cases=dict(reversed(made.cases.items())),
        requirements=dict(reversed(made.requirements.items())),
        outcome=replace(outcome, results=outcome.results[::-1],
                        requirements=outcome.requirements[::-1]))
    files(turned, tmp_path / "b")
    for name in ("report.html", "report.json", "junit.xml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "junit.xml", "report.html", "report.json"]


def test_hostile_text_stays_text(sample: Callable[..., Any], tmp_path: Path) -> None:
    made = sample(40)
    plain_page = Page(files(made, tmp_path)[0])
    text, record, junit = files(spoilt(made, HOSTILE), tmp_path)
    page = Page(text)
    assert page.elements["script"] == plain_page.elements["script"] == 1
    assert page.elements["img"] == 0
    assert not page.handlers
    assert not page.stack
    assert text.count(HOSTILE) == 0
    assert "{{ 7*7 }}" in text
    assert record["decision"]["reasons"][0] == HOSTILE
    assert junit.find(".//failure").get("message") == HOSTILE


def test_hostile_text_stays_text_in_details_that_are_held_back(
    sample: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.page.STATIC_CASES", 5)
    text, _, _ = files(spoilt(sample(40), HOSTILE), tmp_path)
    page = Page(text)
    assert page.elements["script"] == 1 + 35
    assert text.count("<script>alert") == 0
    assert not page.stack
    for held in re.findall(r'<script type="text/plain">(.*?)</script>', text, re.DOTALL):
        inner = Page(held)
        assert inner.elements["div"]
        assert not {"script", "img"} & inner.elements.keys()
        assert not inner.handlers


def test_what_cannot_be_seen_is_spelt_out(sample: Callable[..., Any], tmp_path: Path) -> None:
    text, record, junit = files(spoilt(sample(40), UNSEEN), tmp_path)
    spelt = r"a\u0000b\u001bc\ud800d\u202ee\ufffff"
    assert spelt in text
    assert not re.search("[\x00\x1b\u202e\uffff]", text)
    assert junit.find(".//failure").text == spelt
    assert record["baseline"] == UNSEEN


def test_the_page_is_one_file_that_reaches_for_nothing(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    text, _, _ = files(sample(80), tmp_path)
    page = Page(text)
    assert all(href.startswith("#") or href == "data:," for href in page.hrefs)
    targets = {href.removeprefix("#") for href in page.hrefs if href.startswith("#case-")}
    assert targets
    assert {target.replace("%5B", "[").replace("%2C", ",").replace("%5D", "]")
            for target in targets} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "default-src &#39;none&#39;" in text
    assert not re.search(r"https?://|@import|url\(", text)
    assert page.elements["h1"] == page.elements["main"] == page.elements["caption"] == 1
    assert '<html lang="en-GB">' in text


def test_the_page_shows_octets_beside_their_reading(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    text, _, _ = files(sample(1), tmp_path)
    assert re.search(
        r'<pre class="octets">DF090000 0000DD00 [^<]*</pre><pre class="reading">counter: 1000\n'
        r"cra: command\n", text)
    assert "clock_error_s &lt;= 10" in text
    assert "clock-beyond-limit-accepted" in text


def test_long_values_are_cut_in_the_middle_and_say_so(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(1)
    case = next(iter(made.cases))
    frames = [{"direction": "sent", "octets": "AB" * 5000, "time": "", "decoded": {
        "text": "x" * 9000, "rows": [{"n": n} for n in range(900)]}}]
    made.events[2] = Event("observation", case, 1, "", {
        "phase": "body", "step": 0, "action": "send", "port": "gbcs", "arguments": {},
        "observation": {"result": "refused"}, "frames": frames}, 2)
    text, _, _ = files(made, tmp_path)
    assert "[... 4744 octets more in the ledger ...]" in text
    assert "[... 8760 characters more in the ledger ...]" in text
    assert "lines more in the ledger ...]" in text
    assert len(text) < 60_000


def test_every_attempt_is_shown_and_the_last_one_is_judged(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(1)
    made.events.extend(replace(event, attempt=2) for event in list(made.events))
    text, _, _ = files(made, tmp_path)
    first, _, second = text.partition("Attempt 2, final")
    assert "Attempt 1, superseded" in first
    assert "not judged" in first
    assert "seen <code>clock_error_s: 2</code>" in second


def test_what_had_arrived_when_the_bench_broke_is_shown(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(1)
    case = next(iter(made.cases))
    made.events[3] = Event("bench-error", case, 1, "2026-03-01T10:00:02Z", {
        "phase": "body", "step": 1, "reason": "line unplugged", "octets": "DF0912345678"}, 3)
    text, _, _ = files(made, tmp_path)
    assert "<b>bench-error</b>: line unplugged" in text
    assert '<pre class="octets">DF091234 5678</pre>' in text


def test_what_an_operator_answered_is_shown_with_its_step(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(1)
    case = next(iter(made.cases))
    for number in range(MOST_ANSWERS + 3):
        made.events.append(Event("operator-answer", case, 1, f"2026-03-01T10:07:{number:02d}Z", {
            "phase": "body", "step": 1, "name": "A. <Smith>",
            "question": f"is contact {number} closed or open?", "answer": f"open-{number}"}))
    text, _, _ = files(made, tmp_path)
    words = " ".join(" ".join(Page(text).text).split())
    assert ("Asked of A. <Smith> is contact 0 closed or open? "
            "Answered 2026-03-01T10:07:00Z open-0") in words
    assert f"open-{MOST_ANSWERS - 1}" in words
    assert f"open-{MOST_ANSWERS} " not in words
    assert "3 more answers of the operator are in the ledger." in words
    assert "operator-answer" not in text
    assert "more runs of this step" not in text


@pytest.mark.parametrize(("verdict", "most"), [
    (Verdict.PASS, MOST_EXCHANGES), (Verdict.FAIL, MOST_OF_A_FAILURE),
    (Verdict.INCONCLUSIVE, MOST_OF_A_FAILURE), (Verdict.ERROR, MOST_OF_A_FAILURE)])
@pytest.mark.parametrize("too_many", [0, 3])
def test_of_many_messages_the_first_and_the_last_are_shown_more_where_a_case_did_not_pass(
    sample: Callable[..., Any], tmp_path: Path, verdict: Verdict, most: int, too_many: int
) -> None:
    made = sample(1)
    made = replace(made, outcome=replace(made.outcome, results=tuple(
        replace(result, verdict=verdict) for result in made.outcome.results)))
    count = most + too_many
    shown = [*range(most // 2), *range(count - most // 2, count)]
    frames = [{"direction": "sent", "octets": f"DF{number:02X}", "time": f"at-{number}",
               "decoded": {}} for number in range(count)]
    made.events[2] = replace(made.events[2], data={**made.events[2].data, "frames": frames})
    made.events[3] = replace(made.events[3], data={**made.events[3].data, "frames": []})
    text, _, _ = files(made, tmp_path)
    assert re.findall(r"<p>sent at-([0-9]+)</p>", text) == [str(number) for number in shown]
    left_out = text.partition("3 messages between are in the ledger and the capture")
    assert bool(left_out[1]) is bool(too_many)
    assert left_out[0].count("<p>sent at-") == (most // 2 if too_many else count)


def test_the_identity_check_of_a_rig_changes_nothing_in_the_report(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(3)
    before = files(made, tmp_path)[0]
    made.events.insert(0, Event("identity", "", 0, "2026-03-01T09:59:59Z", {
        "declared": "01020304", "found": "01020304", "outcome": "response",
        "frames": [{"direction": "sent", "octets": "DF09", "time": "", "decoded": {}}]}))
    assert files(made, tmp_path)[0] == before


def test_a_demonstration_is_marked_and_nothing_else_is(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    marked, record, _ = files(sample(2), tmp_path)
    assert '<body class="demonstration">' in marked
    assert record["demonstration"] is True
    plain_text, record, _ = files(sample(2).with_outcome(demonstration=False), tmp_path)
    assert "<strong>DEMONSTRATION</strong>" in marked
    assert "<strong>DEMONSTRATION</strong>" not in plain_text
    assert '<body class="demonstration">' not in plain_text
    assert record["demonstration"] is False


def test_nothing_planned_and_nothing_run_is_silent(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    made = sample(6)
    lost, *kept = made.outcome.results
    stranger = replace(lost, case="ESME-OLD-1")
    made = made.with_outcome(results=(*kept, stranger))
    text, record, junit = files(made, tmp_path)
    words = {case["id"]: (case["verdict"], case["disposition"]) for case in record["cases"]}
    assert words[lost.case] == ("none", "not run")
    assert words["ESME-OLD-1"] == ("pass", "selected")
    assert f'id="case-{lost.case}" data-word="not run"' in text
    assert len(junit.findall(".//testcase")) == 7


@pytest.mark.parametrize(("verdict", "disposition", "kind"), [
    (Verdict.PASS, Disposition.SELECTED, None),
    (Verdict.FAIL, Disposition.SELECTED, "failure"),
    (Verdict.ERROR, Disposition.SELECTED, "error"),
    (Verdict.INCONCLUSIVE, Disposition.SELECTED, "error"),
    (Verdict.NONE, Disposition.SELECTED, "error"),
    (Verdict.NONE, Disposition.BLOCKED, "error"),
    (Verdict.NONE, Disposition.INAPPLICABLE, "skipped"),
    (Verdict.NONE, Disposition.NOT_TESTABLE, "skipped"),
    (Verdict.NONE, Disposition.NOT_VERIFIABLE, "skipped"),
    (Verdict.NONE, Disposition.NOT_RUN, "skipped"),
    (Verdict.PASS, Disposition.NOT_VERIFIABLE, "skipped"),
])
def test_junit_tells_each_verdict_in_its_own_words(
    sample: Callable[..., Any], tmp_path: Path, verdict: Verdict, disposition: Disposition,
    kind: str | None
) -> None:
    made = sample(1)
    result = replace(made.outcome.results[0], verdict=verdict, disposition=disposition)
    _, _, junit = files(made.with_outcome(results=(result,)), tmp_path)
    case = junit.find("testsuite/testcase")
    assert [child.tag for child in case] == ([kind] if kind else [])
    assert (case.get("classname"), case.get("name")) == ("clock", result.case)
    suite = junit.find("testsuite")
    counted = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    for tag, name in counted.items():
        assert suite.get(name) == junit.get(name) == ("1" if tag == kind else "0")


def test_junit_has_the_common_shape_and_names_subject_and_decision(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    _, _, junit = files(sample(80), tmp_path)
    assert (junit.tag, [child.tag for child in junit]) == ("testsuites", ["testsuite"])
    suite = junit[0]
    assert [child.tag for child in suite] == ["properties", *["testcase"] * 80]
    named = {item.get("name"): item.get("value") for item in suite[0]}
    assert named["decision.status"] == "none"
    assert named["subject.firmware_version"] == "01020304"
    assert named["demonstration"] == "true"
    assert suite.get("tests") == "80"
    assert all(float(case.get("time", "x")) >= 0 for case in suite.iter("testcase"))


def test_a_folder_that_cannot_be_written_is_told_by_name(
    sample: Callable[..., Any], tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    made = sample(1)
    with pytest.raises(LedgerError, match=r"report\.html: the report cannot be written"):
        reports.render(made.outcome, **made.arguments(), folder=blocked / "out")


def test_a_failed_write_leaves_the_former_report_whole(
    sample: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sample(1)
    files(made, tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LedgerError, match="No space left on device"):
        reports.render(sample(2).outcome, **sample(2).arguments(), folder=tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))
