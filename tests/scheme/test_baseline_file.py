"""A baseline file: each requirement of the device in exactly one list, each mistake with a line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import PlanError
from bench.records.requirement import Provenance, Requirement
from bench.scheme import load_baseline, relevance
from bench.scheme.baseline import Relevance
from bench.scheme.case_list import freeze

TEXT = """\
name: SMETS2 ESME
date: 2026-01-15
draft: false
device: esme
variant: A
specifications:
  - {name: SMETS2, version: "5.0"}
plans: [esme]
mandatory:
  - SMETS2/5.7.5.*
  - SMETS2/5.5.1
optional:
  - SMETS2/5.7.5.40
outside:
  - requirements: [SEED/S-96]
    reason: wants an inspection
"""


def requirement(id_: str, *devices: str) -> Requirement:
    return Requirement(
        id=id_, specification="SMETS2", version="5", clause="", text="", domain="functional",
        devices=devices or ("ESME",), strength="mandatory", introduced_in="2",
        provenance=Provenance.READ, source="")


@pytest.fixture
def catalogue() -> dict[str, Requirement]:
    return {item.id: item for item in (
        requirement("SMETS2/5.5.1"), requirement("SMETS2/5.7.5.9", "GSME", "ESME"),
        requirement("SMETS2/5.7.5.10"), requirement("SMETS2/5.7.5.40"), requirement("SEED/S-96"),
        requirement("SMETS2/5.13.1.1", "ESME:B"), requirement("CHTS/4.6.3.1", "CHF"))}


def write(folder: Path, text: str) -> Path:
    path = folder / "baseline.yaml"
    path.write_text(text, encoding="utf-8")
    freeze(path, {"ESME-CLK-001": "0123456789abcdef"})
    return path


def test_patterns_are_resolved_and_an_id_written_out_wins(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    baseline = load_baseline(write(tmp_path, TEXT), catalogue)
    assert baseline.mandatory == ("SMETS2/5.5.1", "SMETS2/5.7.5.10", "SMETS2/5.7.5.9")
    assert baseline.optional == ("SMETS2/5.7.5.40",)
    assert baseline.outside == (("SEED/S-96", "wants an inspection"),)
    assert (baseline.title, baseline.device) == ("SMETS2 ESME (2026-01-15)", "ESME")
    assert baseline.specifications == (("SMETS2", "5.0"),)


def test_the_digest_covers_what_is_said_and_not_how(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    digest = load_baseline(write(tmp_path, TEXT), catalogue).digest
    turned = TEXT.replace("  - SMETS2/5.7.5.*\n  - SMETS2/5.5.1\n",
                          "  - SMETS2/5.5.1  # the clock\n  - SMETS2/5.7.5.*\n")
    assert load_baseline(write(tmp_path, turned), catalogue).digest == digest
    for old, new in (("2026-01-15", "2026-01-16"), ("an inspection", "a look"),
                     ("draft: false", "draft: true"), ('"5.0"', '"5.1"')):
        changed = load_baseline(write(tmp_path, TEXT.replace(old, new)), catalogue)
        assert changed.digest != digest


@pytest.mark.parametrize(("old", "new", "message"), [
    ("date: 2026-01-15", "date: soon", ":2: date: "),
    ("draft: false", "draft: perhaps", ":3: draft: expected true or false"),
    ("draft: false\n", "", ":1: draft: missing key"),
    ("device: esme", "device: kettle", ":4: device: expected one of"),
    ("variant: A", "colour: red", ":5: colour: unknown key"),
    ('version: "5.0"', 'edition: "5.0"', ":7: specifications.0."),
    ("plans: [esme]", "plans: [", ":10: "),
    ("SMETS2/5.5.1\n", "SMETS2/5.5.2\n", ":11: mandatory: SMETS2/5.5.2 is not in the catalogue"),
    ("SMETS2/5.5.1\n", "CHTS/4.6.3.1\n", ":11: mandatory: CHTS/4.6.3.1 is not a requirement of"),
    ("SMETS2/5.7.5.*", "SMETS2/9.*", ":10: mandatory: SMETS2/9.* matches no requirement"),
    ("  - SMETS2/5.5.1\n", "", ":1: in none of mandatory, optional and outside, of 1: SMETS2/5.5"),
    ("[SEED/S-96]", "[SEED/S-96, SMETS2/5.5.1]",
     ":15: SMETS2/5.5.1 is already mandatory by line 11"),
    ("    reason: wants an inspection\n", "", ":15: outside.0.reason: missing key"),
])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, catalogue: dict[str, Requirement], old: str, new: str, message: str
) -> None:
    assert old in TEXT
    path = write(tmp_path, TEXT.replace(old, new))
    with pytest.raises(PlanError) as caught:
        load_baseline(path, catalogue)
    assert f"{path}{message}" in str(caught.value)


def test_what_no_test_can_show_cannot_be_mandatory(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    catalogue["SMETS2/5.5.1"] = replace(
        catalogue["SMETS2/5.5.1"], untestable="a rule for installers")
    path = write(tmp_path, TEXT)
    with pytest.raises(PlanError, match=r"11: SMETS2/5\.5\.1 cannot be mandatory"):
        load_baseline(path, catalogue)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"- a\n", b"a: 1\na: 2\n", b"\x00"])
def test_what_is_no_baseline_is_refused(
    tmp_path: Path, catalogue: dict[str, Requirement], content: bytes
) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=r"baseline\.yaml:[0-9]+: "):
        load_baseline(path, catalogue)


def test_a_missing_file_is_told_by_name(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        load_baseline(tmp_path / "none.yaml", catalogue)


@pytest.mark.parametrize(("devices", "variant", "expected"), [
    (("ESME",), "A", Relevance.RELEVANT),
    (("ESME:D",), "AD", Relevance.RELEVANT),
    (("ESME:D",), "A", Relevance.OTHER_VARIANT),
    (("ESME:D",), "", Relevance.RELEVANT),
    (("GSME", "CHF"), "A", Relevance.OTHER_DEVICE),
    ((), "A", Relevance.OTHER_DEVICE),
])
def test_a_requirement_concerns_a_device_and_its_variant(
    devices: tuple[str, ...], variant: str, expected: Relevance
) -> None:
    assert relevance(replace(requirement("X"), devices=devices), "esme", variant) is expected
