"""A baseline file: each requirement of the device in exactly one list, each mistake with a line."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bench.errors import PlanError
from bench.records.requirement import Provenance, Requirement
from bench.scheme import load_baseline, relevance
from bench.scheme.baseline import Relevance
from bench.scheme.case_list import freeze, read_cases

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


MORE = """\
emergency: true
installation: {from: 2026-01-01, until: 2026-12-31}
accepts:
  - kind: dlms-ua
    requirements: [SEED/*]
    issuers: [DLMS UA]
    tools: [{name: CTT, version: "3.0", tested_before: 2020-03-03}]
attestable: [SEED/S-96]
tolerated:
  - {issue: C-1, requirements: [SMETS2/5.5.1], text: late, owner: DCC, review: 2026-12-31}
  - issue: EM-17
    requirements: [SMETS2/5.7.5.*]
    text: short
    owner: Maker
    review: 2026-12-31
    device: {manufacturer_id: 1A2B, model: EM-100}
quorum: [{requirements: [SMETS2/5.5.1], laboratories: 2}]
"""


def test_what_a_baseline_takes_beside_tests_is_resolved(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    baseline = load_baseline(write(tmp_path, TEXT + MORE), catalogue)
    assert baseline.emergency
    assert [baseline.covers_installation(day) for day in
            ("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01")] == [False, True, True, False]
    rule = baseline.accepts[0]
    assert (rule.requirements, rule.tools[0].tested_before) == (("SEED/S-96",), "2020-03-03")
    assert rule.match == ("manufacturer", "model", "hardware_version", "firmware_version")
    common, device = baseline.tolerated
    assert (common.common, device.common, device.model) == (True, False, "EM-100")
    assert device.requirements == ("SMETS2/5.7.5.10", "SMETS2/5.7.5.40", "SMETS2/5.7.5.9")
    assert (baseline.quorum[0].laboratories, baseline.attestable) == (2, ("SEED/S-96",))
    assert baseline.cases == {"ESME-CLK-001": "0123456789abcdef"}


def test_every_rule_of_a_baseline_is_in_its_digest(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    digest = load_baseline(write(tmp_path, TEXT + MORE), catalogue).digest
    for old, new in (("2020-03-03", "2020-03-04"), ("laboratories: 2", "laboratories: 3"),
                     ("until: 2026-12-31}", "until: 2027-12-31}"), ("owner: DCC", "owner: Maker"),
                     ("emergency: true", "emergency: false"), ("attestable: [SEED/S-96]\n", "")):
        changed = load_baseline(write(tmp_path, (TEXT + MORE).replace(old, new)), catalogue)
        assert changed.digest != digest, old


@pytest.mark.parametrize(("old", "new", "message"), [
    ("kind: dlms-ua", "kind: maker", ":20: results of the maker's own system never"),
    ("laboratories: 2", "laboratories: 1", "quorum.0.laboratories: "),
    ("issue: EM-17", "issue: C-1", "C-1 is listed twice"),
    ("attestable: [SEED/S-96]", "attestable: [SEED/S-97]", "SEED/S-97 is not in the catalogue"),
    ("from: 2026-01-01", "from: 1", "installation.from: expected a date"),
])
def test_a_mistake_in_such_a_rule_is_told(
    tmp_path: Path, catalogue: dict[str, Requirement], old: str, new: str, message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        load_baseline(write(tmp_path, (TEXT + MORE).replace(old, new)), catalogue)
    assert message in str(caught.value)


def test_what_no_test_can_show_may_be_mandatory_where_something_else_is_taken_for_it(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    catalogue["SEED/S-96"] = replace(catalogue["SEED/S-96"], untestable="an inspection")
    text = TEXT.replace("  - SMETS2/5.5.1\n", "  - SMETS2/5.5.1\n  - SEED/S-96\n")
    text = text[:text.index("outside:")]
    with pytest.raises(PlanError, match="nothing else is accepted for it"):
        load_baseline(write(tmp_path, text), catalogue)
    baseline = load_baseline(write(tmp_path, text + "attestable: [SEED/S-96]\n"), catalogue)
    assert "SEED/S-96" in baseline.mandatory


def test_a_baseline_that_is_no_draft_freezes_its_cases(
    tmp_path: Path, catalogue: dict[str, Requirement]
) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text(TEXT)
    with pytest.raises(PlanError, match="3: a baseline that is no draft freezes its cases"):
        load_baseline(path, catalogue)
    path.write_text(TEXT.replace("draft: false", "draft: true"))
    assert load_baseline(path, catalogue).cases == {}
    freeze(path, {"A": "0" * 16})
    freeze(path, {"B": "1" * 16})
    assert load_baseline(path, catalogue).cases == {"B": "1" * 16}
    assert path.read_text().count("cases:") == 1


@pytest.mark.parametrize(("octets", "message"), [
    (b"A\t0000000000000000\nA\t0000000000000000\n", ":2: expected a case id of its own"),
    (b"A 0000000000000000\n", ":1: expected a case id of its own"),
])
def test_a_list_of_cases_that_is_not_the_frozen_one_is_refused(
    tmp_path: Path, catalogue: dict[str, Requirement], octets: bytes, message: str
) -> None:
    path = write(tmp_path, TEXT)
    list_ = tmp_path / "baseline.cases.tsv"
    list_.write_bytes(octets)
    with pytest.raises(PlanError, match="is not the list that the baseline names"):
        load_baseline(path, catalogue)
    with pytest.raises(PlanError) as caught:
        read_cases(list_, sha256(octets).hexdigest())
    assert message in str(caught.value)
    list_.unlink()
    with pytest.raises(PlanError, match="cannot be read"):
        load_baseline(path, catalogue)
