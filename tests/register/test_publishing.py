"""The register as JSON, as CSV and as a site: complete, escaped, in the order of the list."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import RegisterError
from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    CertifiedBaseline,
    Dispute,
    DisputeOutcome,
    Grant,
    RectificationPlan,
    RunEvidence,
    ToleratedIssue,
)
from bench.register import Register
from reports.register_lists import CSV_FIELDS, register_csv, register_json
from reports.register_site import page_of, search_data, write_site

Grants = Callable[..., Grant]
HOSTILE = '<img src=x onerror=alert(1)>"\'&</script>'
DAY = "2026-07-01"


@pytest.fixture
def filled(register: Register, grant: Grants) -> Register:
    """One of each status, a partial one with all that may hang on it, and hostile texts."""
    register.grant(grant("00010000", expires="2026-06-01"), at="2026-03-02")
    register.grant(grant("00010001", model=HOSTILE[:29], manufacturer=HOSTILE), at="2026-03-02")
    partial = register.grant(
        grant("00010002", decision=Status.PARTIAL, conditions=(HOSTILE,), scope=HOSTILE,
              upgradable_from=("00010000", "00010001"), bundle_sha256="ab" * 32,
              ruling_sha256="cd" * 32),
        at="2026-03-02").id
    register.grant(grant("00010003"), at="2026-03-02")
    register.grant(grant("00010004", model="=1+1"), at="2026-03-02")
    register.plan(partial, RectificationPlan(HOSTILE, "Maker", "2026-09-01"), at="2026-03-03")
    issue = ToleratedIssue("EM-17", "SMETS2/5.7.4.24", HOSTILE, "Maker", "2026-06-01")
    register.tolerate(issue, at="2026-03-03", certificate=partial)
    register.tolerate(issue, at="2026-03-03")
    register.dispute("", Dispute("CASE-9", "Maker", HOSTILE, "2f" * 32, "0" * 16, "fail",
                                 grant("00010008").subject), at="2026-03-04")
    dispute = register.dispute(partial, Dispute("CASE-1", "Maker", HOSTILE), at="2026-03-04")
    register.resolve(dispute, outcome=DisputeOutcome.PLAN_ERRATUM, reason=HOSTILE,
                     at="2026-03-05", touches=("SMIP-000003",))
    register.suspend("SMIP-000003", reason=HOSTILE, at="2026-03-05")
    register.supersede("SMIP-000005", by=partial, reason="newer", at="2026-03-05")
    register.withdraw("SMIP-000006", reason="wrong image", at="2026-03-05")
    register.assess(partial, Assessment(
        CertifiedBaseline("Emergency 1", "2026-02-20", "e" * 64, ()), Status.NONE, HOSTILE,
        "5f" * 32), at="2026-03-05")
    assert not register.verify()
    return register


def test_json_holds_all_and_its_chain_can_be_checked_without_the_bench(filled: Register) -> None:
    document = json.loads("".join(register_json(filled.published(at=DAY))))
    assert document["format"] == "smip-bench-register/1"
    assert {one["id"]: one["status"] for one in document["certificates"]} == {
        "SMIP-000002": "expired", "SMIP-000003": "suspended", "SMIP-000004": "granted",
        "SMIP-000005": "superseded", "SMIP-000006": "withdrawn"}
    assert [one["in_force"] for one in document["certificates"]] == \
        [False, False, True, False, False]
    (over_report,) = document["disputes_over_reports"]
    assert over_report["dispute"]["ledger_hash"] == "2f" * 32
    previous = "0" * 64
    for number, entry in enumerate(document["entries"], 1):
        told = entry.pop("hash")
        assert (entry["sequence"], entry["previous"]) == (number, previous)
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert previous == told
    assert document["register"]["hash"] == previous


def test_csv_has_the_fields_of_the_certified_products_list_in_their_order(
    filled: Register
) -> None:
    text = "".join(register_csv(filled.published(at=DAY).certificates))
    header, *rows = csv.reader(io.StringIO(text))
    assert tuple(header) == CSV_FIELDS
    assert header[:14] == [
        "manufacturer_id", "model", "hardware_version", "device_type", "smets_chts_version",
        "gbcs_version", "firmware_version", "esme_variant", "status", "image_hash", "certificate",
        "certificate_expiry", "date_of_entry", "date_of_removal"]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["status"] for row in found] == \
        ["Expired", "Cancelled", "Active", "Cancelled", "Withdrawn"]
    assert [row["date_of_removal"] for row in found] == \
        ["2026-06-02", "2026-03-05", "", "2026-03-05", "2026-03-05"]
    assert (found[0]["smets_chts_version"], found[0]["gbcs_version"]) == ("5", "4.0")
    assert [row["upgradable_from"] for row in found][1:3] == ["N/A", "00010000 00010001"]
    assert found[4]["model"] == "'=1+1"  # no formula for a spreadsheet


def test_the_site_has_a_page_for_each_certificate_with_status_and_history(
    filled: Register, tmp_path: Path
) -> None:
    published = filled.published(at=DAY)
    assert write_site(published, tmp_path / "site") == 6
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "over case <code>CASE-9</code>, fail, opened by Maker" in index
    assert "firmware <code>00010008</code>; ledger <code>" + "2f" * 32 in index
    for found in published.certificates:
        page = (tmp_path / "site" / page_of(found.id)).read_text("utf-8")
        assert found.grant.subject.image_hash in page
        for entry in found.history:
            assert entry.hash in page
        assert f"{str(found.status).capitalize()} since" in page
    partial = (tmp_path / "site" / page_of("SMIP-000004")).read_text("utf-8")
    for told in ("In force, in part", "not SMIP Compliant", "00010000", "EM-17", "plan erratum",
                 "is due on", "2026-09-03", "2026-06-01</time>: overdue", "cd" * 32, "5f" * 32,
                 "<strong>Emergency 1</strong>"):
        assert told in partial
    assert "Marked on" in (tmp_path / "site" / page_of("SMIP-000003")).read_text("utf-8")
    assert 'href="../../certificates/0000/SMIP-000004.html"' in \
        (tmp_path / "site" / page_of("SMIP-000005")).read_text("utf-8")


def test_each_run_that_a_certificate_rests_on_is_named(
    register: Register, grant: Grants, tmp_path: Path
) -> None:
    further = (RunEvidence("2e" * 32), RunEvidence("0e" * 32, "bc" * 32))
    several = register.grant(grant(bundle_sha256="ab" * 32, further_runs=further), at="2026-03-02")
    one = register.grant(grant("00010001", bundle_sha256="ab" * 32), at="2026-03-02")
    published = register.published(at=DAY)
    told, alone = json.loads("".join(register_json(published)))["certificates"]
    assert told["grant"]["further_runs"] == [
        {"ledger_hash": "2e" * 32, "bundle_sha256": ""},
        {"ledger_hash": "0e" * 32, "bundle_sha256": "bc" * 32}]
    assert "further_runs" not in alone["grant"]
    write_site(published, site := tmp_path / "site")
    page = (site / page_of(several.id)).read_text("utf-8")
    for number, run in enumerate(several.grant.runs, 1):
        assert f"Ledger hash of the evidence, run {number}</dt><dd><code>{run.ledger_hash}<" in page
    assert f"Evidence bundle (SHA-256), run 3</dt><dd><code>{'bc' * 32}<" in page
    assert "(SHA-256), run 2" not in page
    assert "Ledger hash of the evidence</dt>" in (site / page_of(one.id)).read_text("utf-8")


def test_no_text_becomes_markup_and_no_page_may_load_or_send_anything(
    filled: Register, tmp_path: Path
) -> None:
    write_site(filled.published(at=DAY), tmp_path / "site")
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) == 6
    for path in pages:
        page = path.read_text("utf-8")
        assert "<img" not in page
        assert page.count("</script>") == (3 if path.name == "index.html" else 0)
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
        assert policy.startswith("default-src &#39;none&#39;")
        assert "unsafe" not in policy
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_the_same_register_on_the_same_day_gives_the_same_octets(
    filled: Register, tmp_path: Path
) -> None:
    for name in "ab":
        write_site(filled.published(at=DAY), tmp_path / name)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert len(files) == 7
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_site_is_brought_up_to_date_but_nothing_else_is_overwritten(
    filled: Register, tmp_path: Path, grant: Grants
) -> None:
    site = tmp_path / "site"
    write_site(filled.published(at=DAY), site)
    filled.reinstate("SMIP-000003", reason="cleared", at=DAY)
    write_site(filled.published(at=DAY), site)
    assert "cleared" in (site / page_of("SMIP-000003")).read_text("utf-8")
    with Register.create(tmp_path / "other", keeper="Other", at="2026-03-01") as other, \
            pytest.raises(RegisterError, match="holds the site of another register"):
        write_site(other.published(at=DAY), site)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("mine")
    with pytest.raises(RegisterError, match="is not empty and holds no site"):
        write_site(filled.published(at=DAY), tmp_path / "mine")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RegisterError, match="the site cannot be written"):
        write_site(filled.published(at=DAY), tmp_path / "file")


def test_an_empty_register_has_a_site(register: Register, tmp_path: Path) -> None:
    assert write_site(register.published(at=DAY), tmp_path / "site") == 1
    assert "No certificate was granted yet" in (tmp_path / "site/index.html").read_text("utf-8")


def test_search_data_holds_each_word_once_and_the_newest_first(filled: Register) -> None:
    data = search_data(filled.published(at=DAY).certificates)
    assert [row[0] for row in data["rows"]] == [6, 5, 4, 3, 2]
    assert len(data["makers"]) == 2
    assert [data["statuses"][row[6]] for row in data["rows"]] == \
        ["withdrawn", "superseded", "granted", "suspended", "expired"]
