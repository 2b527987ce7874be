"""What stands in for a test: imported results, attestations, exemptions, tolerated issues."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_world import CLOCK, LOG, SUPPLY, World, failed, requirement

from bench.records.assurance import (
    Attached,
    Attestation,
    Dossier,
    Exemption,
    ImportedResult,
    ImportKind,
    Match,
    Ruling,
    Tolerance,
    VersionMapping,
)
from bench.records.decision import Standing, Status
from bench.scheme.baseline import ImportRule, ToolRule

ZIGBEE = "SEED/S-65"
DOCUMENT = Attached("certificate.pdf", "d" * 64)
PRODUCT = {"manufacturer": "Example  Meters ltd", "model": "EM-100", "hardware_version": "02",
           "firmware_version": "00010000"}
RESULT = ImportedResult(ImportKind.DLMS_UA, "DLMS UA", "4711", PRODUCT, "2020-03-02", DOCUMENT,
                        "CTT", "3.0")
MAPPING = VersionMapping("only the display changed", "Example Meters Ltd",
                         Attached("notes.pdf", "e" * 64))
RULE = ImportRule(
    ImportKind.DLMS_UA, (ZIGBEE,),
    ("manufacturer", "model", "hardware_version", "firmware_version"), ("DLMS UA",),
    (ToolRule("CTT", "3.0", tested_before="2020-03-03"), ToolRule("CTT", "3.1")))
ISSUE = Tolerance("EM-17", (SUPPLY,), "arms late", "Maker", "2026-03-01")


def world() -> World:
    """One mandatory requirement more, which no case shows, and a rule to import it by."""
    made = World()
    made.catalogue[ZIGBEE] = requirement(ZIGBEE, "interoperability", untestable="a certificate")
    made.baseline = replace(
        made.baseline, mandatory=(*made.baseline.mandatory, ZIGBEE), accepts=(RULE,))
    return made


def line(ruling: Ruling, id_: str) -> tuple[Standing, str]:
    return next((one.standing, one.reason) for one in ruling.requirements if one.id == id_)


def ruled(*imports: ImportedResult, at: str = "2026-03-01", **changes: object) -> Ruling:
    return world().rule(dossier=Dossier(imports, **changes), at=at)


def test_a_certificate_of_another_body_shows_what_no_case_can() -> None:
    assert ruled().decision.status is Status.PARTIAL
    ruling = ruled(RESULT)
    assert ruling.decision.status is Status.COMPLIANT
    assert line(ruling, ZIGBEE) == (
        Standing.IMPORTED, "dlms-ua 4711 of DLMS UA, tested 2020-03-02: exact match")
    assert ruling.imports[0].match is Match.EXACT
    assert any(reason.startswith("1 mandatory imported") for reason in ruling.decision.reasons)


@pytest.mark.parametrize(("changes", "said"), [
    ({"tested": "2020-03-03"}, "CTT 3.0, tested on 2020-03-03, is not taken"),
    ({"tool_version": "2.9"}, "CTT 2.9, tested on 2020-03-02, is not taken"),
    ({"tool": ""}, "is not taken"),
    ({"issuer": "A Shop"}, "issuer: expected DLMS UA, found 'A Shop'"),
    ({"expires": "2026-02-28"}, "it expired on 2026-02-28"),
    ({"tested": "2026-03-02", "tool_version": "3.1"}, "which is after the decision"),
    ({"product": {**PRODUCT, "model": "EM-200"}}, "model: the subject's is 'EM-100'"),
    ({"product": {**PRODUCT, "model": "EM-200"}, "mapping": MAPPING}, "names 'EM-200'"),
    ({"product": {**PRODUCT, "firmware_version": "00000900"}}, "firmware_version: the subject's"),
    ({"product": {**PRODUCT, "firmware_version": "0.1.0.0"}}, "is 00010000 meant?"),
    ({"product": {"manufacturer": "Example Meters Ltd", "model": "EM-100"}}, "names nothing"),
    ({"kind": ImportKind.CPA}, "the baseline takes no results of the kind cpa"),
    ({"kind": ImportKind.MAKER, "counts": (90, 0)}, "they never count"),
])
def test_what_does_not_count_is_shown_with_the_reason(
    changes: dict[str, object], said: str
) -> None:
    ruling = ruled(replace(RESULT, **changes))
    assert ruling.decision.status is Status.PARTIAL
    assert line(ruling, ZIGBEE)[0] is Standing.NOT_TESTED
    assert (ruling.imports[0].requirements, said in ruling.imports[0].remark) == ((), True)


def test_another_version_is_mapped_with_evidence() -> None:
    ruling = ruled(replace(RESULT, product={**PRODUCT, "firmware_version": "00000900"},
                           mapping=MAPPING))
    assert ruling.decision.status is Status.COMPLIANT
    assert ruling.imports[0].match is Match.MAPPED
    assert "mapped by Example Meters Ltd: only the display changed (notes.pdf)" in line(
        ruling, ZIGBEE)[1]


def test_no_paper_covers_a_failure() -> None:
    made = world()
    made.results["S1"] = failed("S1", SUPPLY)
    made.baseline = replace(made.baseline, attestable=(SUPPLY,), accepts=(
        replace(RULE, requirements=(SUPPLY, ZIGBEE)),))
    ruling = made.rule(dossier=Dossier(
        (RESULT,), (Attestation((SUPPLY,), "it works", "Maker", "2026-01-01", DOCUMENT),),
        (Exemption((SUPPLY,), "please", "Certs plc"),)))
    assert (ruling.decision.status, line(ruling, SUPPLY)[0]) == (Status.NONE, Standing.FAILED)


def test_a_word_counts_only_where_the_baseline_takes_it() -> None:
    word = Attestation((ZIGBEE,), "sealed by us", "A. Maker, quality", "2026-01-01", DOCUMENT)
    assert line(ruled(attestations=(word,)), ZIGBEE)[0] is Standing.NOT_TESTED
    made = world()
    made.baseline = replace(made.baseline, attestable=(ZIGBEE,))
    ruling = made.rule(dossier=Dossier(attestations=(word,)))
    assert line(ruling, ZIGBEE) == (
        Standing.ATTESTED,
        "attested by A. Maker, quality on 2026-01-01: sealed by us (certificate.pdf)")
    assert ruling.decision.status is Status.COMPLIANT


def test_an_exemption_covers_cases_that_were_not_run_until_it_ends() -> None:
    leave = Exemption((SUPPLY, ZIGBEE), "same switch as in EM-90", "Certs plc", "2026-03-01")
    made = world()
    del made.results["S1"]
    ruling = made.rule(dossier=Dossier(exemptions=(leave,)))
    assert ruling.decision.status is Status.COMPLIANT
    assert line(ruling, SUPPLY) == (
        Standing.EXEMPTED, "exempted by Certs plc, until 2026-03-01: same switch as in EM-90")
    later = made.rule(dossier=Dossier(exemptions=(leave,)), at="2026-03-02")
    assert later.decision.status is Status.PARTIAL


def failing(*cases: str) -> World:
    made = World()
    for name in cases:
        made.results[name] = failed(name, made.cases[name].requirements[0])
    return made


def test_a_tolerated_issue_of_the_device_makes_it_partial_and_is_named() -> None:
    ruling = failing("S1").rule(dossier=Dossier(tolerated=(ISSUE,)))
    assert ruling.decision.status is Status.PARTIAL
    assert line(ruling, SUPPLY)[0] is Standing.TOLERATED
    assert "EM-17 (of this device): arms late; owner Maker, review by 2026-03-01" in line(
        ruling, SUPPLY)[1]
    assert ruling.tolerated == (ISSUE,)
    assert "2 of 3 mandatory requirements" in ruling.decision.scope
    assert ruling.decision.reasons[0].startswith("tolerated for this device: EM-17")


def test_an_issue_of_the_common_list_does_not_keep_it_from_being_full() -> None:
    made = failing("S1")
    made.baseline = replace(made.baseline, tolerated=(replace(ISSUE, common=True),))
    assert made.rule().decision.status is Status.COMPLIANT
    both = made.rule(dossier=Dossier(tolerated=(replace(ISSUE, issue="EM-18"),)))
    assert both.decision.status is Status.COMPLIANT  # the common one is enough


@pytest.mark.parametrize("changes", [
    {"review": "2026-02-28"}, {"cases": ("S9",)}, {"requirements": (CLOCK,)},
    {"model": "EM-200"}, {"manufacturer_id": "FFFF"},
])
def test_an_issue_excuses_nothing_else_and_nobody_else_and_not_for_ever(
    changes: dict[str, object]
) -> None:
    ruling = failing("S1").rule(dossier=Dossier(tolerated=(replace(ISSUE, **changes),)))
    assert (ruling.decision.status, ruling.tolerated) == (Status.NONE, ())
    if "review" in changes:
        assert "was to be reviewed by 2026-02-28 and excuses nothing" in ruling.notes[0]


def test_one_failure_more_than_the_issue_names_is_a_failure() -> None:
    issue = replace(ISSUE, requirements=(CLOCK,), cases=("C1",))
    one = failing("C1").rule(dossier=Dossier(tolerated=(issue,)))
    assert line(one, CLOCK)[0] is Standing.TOLERATED
    two = failing("C1", "C2").rule(dossier=Dossier(tolerated=(issue,)))
    assert line(two, CLOCK)[0] is Standing.FAILED


def test_a_tolerated_failure_does_not_hide_what_else_is_open() -> None:
    issue = replace(ISSUE, requirements=(CLOCK,), cases=("C1",))
    made = failing("C1")
    del made.results["C2"]
    found, reason = line(made.rule(dossier=Dossier(tolerated=(issue,))), CLOCK)
    assert found is Standing.NOT_TESTED
    assert "beside it tolerated: EM-17" in reason


def test_a_device_is_judged_against_the_baseline_of_its_installation() -> None:
    made = World()
    made.baseline = replace(
        made.baseline, installed_from="2026-01-01", installed_until="2026-06-30")
    for day, status in (("2026-06-30", Status.COMPLIANT), ("2026-07-01", Status.PARTIAL),
                        ("2025-12-31", Status.PARTIAL), ("", Status.COMPLIANT)):
        ruling = made.rule(dossier=Dossier(installed=day))
        assert ruling.decision.status is status, day
    assert LOG in made.baseline.mandatory
