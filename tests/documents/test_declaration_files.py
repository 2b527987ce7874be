"""The declarations of a laboratory and a body: read, or refused with file and line."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from bench.documents.declaration import load_body_declaration, load_report_declaration
from bench.errors import PlanError
from bench.records.issued import (
    Accreditation,
    ExternalResult,
    Organisation,
    Replaced,
    Sample,
    Signatory,
)

LABORATORY = """\
laboratory:
  name: North Lab
  address: [1 Quay Street, Leith]
  contact: reports@north.example
  accreditation: {body: UKAS, number: "1234", scope: smart metering}
customer:
  name: Example Meters Ltd
  address: [2 Mill Lane]
number: NML-2026-0042
issued: 2026-03-05
replaces: {number: NML-2026-0041, reason: a wrong address}
place: room 3
samples:
  - {serial: "00012345", condition: new, received: 2026-02-27}
  - {serial: "00012346", condition: new, received: 2026-02-28}
deviations: [one]
environment: [23 C]
opinions: [larger]
external: [{provider: East Lab, what: accuracy, reference: E-1}]
signatory: {name: A. Tester, function: head}
"""
BODY = """\
body:
  name: Certs plc
  address: [3 High Street]
signatory: {name: B. Decider, function: manager}
"""
TESTED = ("2026-03-01", "2026-03-02")


def write(folder: Path, text: str) -> Path:
    path = folder / "declaration.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_laboratory_declares_all_that_a_report_needs(tmp_path: Path) -> None:
    said = load_report_declaration(write(tmp_path, LABORATORY), TESTED)
    assert said.laboratory == Organisation(
        "North Lab", ("1 Quay Street", "Leith"), "reports@north.example",
        Accreditation("UKAS", "1234", "smart metering"))
    assert said.samples == (Sample("00012345", "new", "2026-02-27"),
                            Sample("00012346", "new", "2026-02-28"))
    assert said.replaces == Replaced("NML-2026-0041", "a wrong address")
    assert said.external == (ExternalResult("East Lab", "accuracy", "E-1"),)
    assert (said.issued, said.deviations, said.signatory) == (
        "2026-03-05", ("one",), Signatory("A. Tester", "head"))


@pytest.mark.parametrize(("old", "new", "line", "text"), [
    ("  name: North Lab\n", "", 1, "laboratory.name: missing key"),
    ("deviations: [one]\n", "", 1, "deviations: missing key"),
    ("deviations: [one]", "deviations:", 16, "deviations: expected a list"),
    ("[one]", "[one]\ncolour: red", 17, "colour: unknown key"),
    ("number: NML-2026-0042", "number: 42", 9, "number: expected a text; put a number in quotes"),
    ("number: NML-2026-0042", f"number: {'N' * 41}", 9, "number: String should have at most 40"),
    ("samples:\n", "samples: []\nothers:\n", 13, "samples: expected at least one"),
    ("received: 2026-02-28", "received: 5", 15, "samples.1.received: expected a date"),
    ("received: 2026-02-28", "received: 2026-03-02", 15, "after the test began, 2026-03-01"),
    ('"00012346"', '"00012345"', 15, "samples.1.serial: 00012345 stands there twice"),
    ("issued: 2026-03-05", "issued: 2026-03-01", 10, "before the end of the test, 2026-03-02"),
    ("NML-2026-0041", "NML-2026-0042", 11, "a report cannot replace itself"),
    (LABORATORY, "", 1, "the file: expected a mapping"),
    (LABORATORY, "a: b: c", 1, "not valid YAML"),
])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, text: str
) -> None:
    path = write(tmp_path, LABORATORY.replace(old, new, 1))
    with pytest.raises(PlanError) as wrong:
        load_report_declaration(path, TESTED)
    first = next(said for said in str(wrong.value).splitlines() if text in said)
    assert first.startswith(f"{path}:{line}: ")


def test_a_body_declares_itself_and_its_signatory(tmp_path: Path) -> None:
    said = load_body_declaration(write(tmp_path, BODY))
    assert said.body == Organisation("Certs plc", ("3 High Street",))
    with pytest.raises(PlanError, match=r"declaration\.yaml:4: signatory\.function: missing key"):
        load_body_declaration(write(tmp_path, BODY.replace(", function: manager", "")))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load_body_declaration(tmp_path / "none.yaml")


def test_the_examples_of_the_guide_are_good(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "documents.md").read_text("utf-8")
    blocks = re.findall(r"(?m)(?:^    .*\n)+", guide)
    laboratory, body = (
        textwrap.dedent(next(block for block in blocks if block.lstrip().startswith(start)))
        for start in ("laboratory:", "body:"))
    assert load_report_declaration(write(tmp_path, laboratory), TESTED).number == "NML-2026-0042"
    assert load_body_declaration(write(tmp_path, body)).signatory.name == "B. Decider"
