"""A dossier file: what it says, the documents beside it, each mistake with its line."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from bench.errors import PlanError
from bench.records.assurance import ImportKind
from bench.scheme.dossier import load_dossier

KNOWN = {"SEED/S-65", "SEED/S-95", "SMETS2/5.5.1"}
TEXT = """\
installed: 2026-12-01
imports:
  - kind: dlms-ua
    issuer: DLMS UA
    number: "4711"
    document: certificate.pdf
    product: {manufacturer: Example Meters Ltd, model: EM-100, firmware_version: "00010000"}
    tool: CTT
    tool_version: "3.1"
    tested: 2026-05-01
    mapping: {reason: only the display changed, by: Example Meters Ltd, evidence: notes.txt}
  - kind: maker
    issuer: Example Meters Ltd
    number: nightly 812
    document: junit.xml
    product: {model: EM-100}
    tested: 2026-05-02
attestations:
  - requirements: [SEED/S-95]
    statement: the neutral is not broken
    by: A. Fitter
    date: 2026-05-03
    evidence: notes.txt
exemptions:
  - {requirements: [SMETS2/5.5.1], reason: same clock, granted_by: Certs plc, until: 2027-01-01}
tolerated:
  - issue: EM-17
    requirements: [SMETS2/5.5.1]
    cases: [ESME-CLK-001]
    text: late
    owner: Maker
    review: 2026-12-31
change:
  {base: SMIP-000002, changes: [clock], declared_by: Maker, date: 2026-05-04,
   release_notes: notes.txt}
"""
JUNIT = """<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase>
<testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase></testsuite>
</testsuites>"""


def write(folder: Path, text: str = TEXT) -> Path:
    (folder / "certificate.pdf").write_bytes(b"%PDF")
    (folder / "notes.txt").write_bytes(b"notes")
    (folder / "junit.xml").write_text(JUNIT)
    path = folder / "dossier.yaml"
    path.write_text(text)
    return path


def test_a_dossier_is_read_with_the_digests_of_its_documents(tmp_path: Path) -> None:
    found = load_dossier(write(tmp_path), KNOWN)
    dlms, maker = found.imports
    assert dlms.kind is ImportKind.DLMS_UA
    assert dlms.document.sha256 == sha256(b"%PDF").hexdigest()
    assert dlms.mapping is not None
    assert dlms.mapping.evidence.sha256 == sha256(b"notes").hexdigest()
    assert "hardware_version" not in dlms.product
    assert maker.counts == (1, 2)
    assert found.exemptions[0].until == "2027-01-01"
    assert (found.tolerated[0].common, found.tolerated[0].cases) == (False, ("ESME-CLK-001",))
    assert found.change is not None
    assert found.change.release_notes.name == "notes.txt"
    assert found.installed == "2026-12-01"


@pytest.mark.parametrize(("old", "new", "said"), [
    ("kind: dlms-ua", "kind: tuv", ":3: imports.0.kind: Input should be"),
    ("    tested: 2026-05-01\n", "", ":3: imports.0.tested: missing key"),
    ("tested: 2026-05-01", "tested: 1", ":10: imports.0.tested: "),
    ("certificate.pdf", "absent.pdf", ":6: absent.pdf: cannot be read: No such file"),
    ("junit.xml", "notes.txt", ":15: no JUnit XML: "),
    ("[SEED/S-95]", "[SEED/S-66]", ":19: SEED/S-66 is no requirement of the catalogue; did you"),
    ("product: {model: EM-100}", "product: {colour: red}", ":16: imports.1.product.colour: unkn"),
    ("owner: Maker", "owner: ''", ":31: tolerated.0.owner: expected a text"),
    ("imports:", "results:", ":2: results: unknown key"),
    ("changes: [clock]", "changes: []", ": change.changes: expected at least one"),
])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in TEXT
    path = write(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(PlanError) as caught:
        load_dossier(path, KNOWN)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


@pytest.mark.parametrize("text", [
    '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase/></testsuite>', "<testsuite/>",
    "<a><b/></a>", "", "\x00"])
def test_what_is_no_plain_junit_xml_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path)
    (tmp_path / "junit.xml").write_text(text)
    with pytest.raises(PlanError, match=r"dossier\.yaml:15: no JUnit XML"):
        load_dossier(path, KNOWN)


def test_an_issue_is_listed_once(tmp_path: Path) -> None:
    twice = TEXT.replace("change:\n", """  - issue: EM-17
    requirements: [SMETS2/5.5.1]
    text: late again
    owner: Maker
    review: 2026-12-31
change:
""")
    with pytest.raises(PlanError, match="EM-17 is listed twice"):
        load_dossier(write(tmp_path, twice), KNOWN)
