"""The laboratory's test report: what stands in it, on every page, and in which form."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from issued_documents import DECLARATION, IMPORT, ISSUE, NOW, made_up, pages, tool
from pyhanko.pdf_utils.reader import PdfFileReader

from bench.errors import DocumentError
from bench.records.issued import ExternalResult, Replaced
from reports.documents import report
from reports.documents import typeset as typesetting
from reports.documents.typeset import typeset

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return made_up().pdf(tolerated=(ISSUE,), imports=(IMPORT,))


def whole(pdf: bytes, folder: Path) -> str:
    return " ".join(" ".join(pages(pdf, folder)).split())


def test_it_holds_what_the_standard_asks_for(pdf: bytes, tmp_path: Path) -> None:
    text = whole(pdf, tmp_path)
    for said in (
        "Test report", "North Lab", "Leith EH6 6AA",  # a, b
        "permanent laboratory, room 3",  # c
        "End of test report NML-2026-0042",  # d
        "Example Meters Ltd", "Derby DE1 1AA",  # e
        "SMETS2 ESME (2026-01-15)", "b7" * 32, "c8" * 32, "smip-bench 0.1.0",  # f
        "EM-100", "00010000", "9F86D081884C7D659A2FEAA0C55AD015", "00012345", "new, sealed",  # g
        "received 2026-02-27", "2026-03-01 10:00:00 UTC to 2026-03-02 11:00:00 UTC",  # h, i
        "issued 2026-03-05", "no sampling",  # j, k
        "case ESME-7 was run twice, by request",  # n
        "Dr A. Tester", "head of the laboratory",  # o
        "23 °C ± 2 °C", "simple acceptance", "1E" * 32, "the display could be larger",  # 7.8.3
        "Accredited by UKAS 1234", "serial, line /dev/ttyUSB0", "prepayment",
        "TI-7", "the log shows UTC", "2026-09-01", "DLMS-1234", "R-DLM-01",
        "smip-bench verify FILE.pdf",
    ):
        assert said in text, said


def test_every_page_names_the_report_its_number_and_the_items(
    pdf: bytes, tmp_path: Path
) -> None:
    found = pages(pdf, tmp_path)
    assert len(found) > 2
    for number, page in enumerate(found, 1):
        for said in ("Test report NML-2026-0042", f"Page {number} of {len(found)}",
                     "relate only to the items tested", "except in full"):
            assert said in " ".join(page.split())
        assert "DEMONSTRATION" not in page


def test_every_requirement_and_every_case_is_in_it_with_its_outcome(
    pdf: bytes, tmp_path: Path
) -> None:
    text = whole(pdf, tmp_path)
    made = made_up()
    for id_ in made.requirements:
        assert f"{id_} The meter keeps value {id_[-1]}." in text
    for result in made.outcome.results:
        word = {"none": "not testable here"}.get(result.verdict.value, result.verdict.value)
        row = text[text.index("Every planned case"):]
        assert f"{result.case} " in row
        assert word in row[row.index(result.case):][:60]
        if word != "pass":
            assert f"reason {int(result.case[-4:])}" in row


def test_a_failure_shows_expectation_observation_octets_and_entries(
    pdf: bytes, tmp_path: Path
) -> None:
    text = whole(pdf, tmp_path)
    detail = text[text.index("Failures in detail"):]
    assert "fail ESME-0007 Purpose 7" in detail
    assert "result == 'ok' in body, step 1" in detail
    assert "result = bad" in detail
    assert "received, 7 DDDDDDDD" in detail
    assert "152 octets more in the ledger" in detail
    assert "Ledger entries 7" in detail


def test_a_demonstration_says_so_on_every_page(tmp_path: Path) -> None:
    for page in pages(made_up(demonstration=True).pdf(), tmp_path):
        assert "DEMONSTRATION: emulated device, no certificate" in page


def test_an_amended_report_names_what_it_replaces(tmp_path: Path) -> None:
    amended = replace(DECLARATION, replaces=Replaced("NML-1", "a wrong address"), deviations=(),
                      external=(ExternalResult("East Lab", "accuracy", "E-1"),))
    text = whole(made_up().pdf(amended), tmp_path)
    assert "This report replaces NML-1. a wrong address" in text
    assert "None: nothing was added, changed or left out." in text
    assert "East Lab accuracy E-1" in text


def test_many_cases_share_rows_and_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_ROWS", 10)
    monkeypatch.setattr(report, "MOST_DETAILS", 1)
    text = whole(made_up().pdf(), tmp_path)
    listed = text[text.index("share a row"):]
    assert all(f"ESME-{number:04d}" in listed for number in range(20))
    assert "3 further cases that are not good" in text


def test_it_is_tagged_pdf_a_with_all_fonts_in_it(pdf: bytes, tmp_path: Path) -> None:
    root = PdfFileReader(io.BytesIO(pdf)).root
    assert root["/MarkInfo"]["/Marked"].value
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en-GB"
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    xmp = root["/Metadata"].data.decode()
    for said in ("<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert said in xmp
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    fonts = [line.split() for line in tool("pdffonts", file).splitlines()[2:]]
    assert fonts
    assert all("Source" in line[0] and line[-5] == "yes" for line in fonts)
    assert "No syntax or stream encoding errors" in tool("qpdf", "--check", file)


def test_the_tables_are_tables_with_headers_to_a_reader_of_the_tags(
    pdf: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    said = tool("pdfinfo", "-struct", file).splitlines()
    kinds = {line.split()[0].rstrip(":") for line in said if line.strip()}
    assert {"Document", "H1", "H2", "Table", "THead", "TH", "TD", "P", "L", "LI"} <= kinds


def test_the_same_records_give_the_same_octets_in_any_process() -> None:
    script = ("import hashlib; from issued_documents import made_up; "
              "print(hashlib.sha256(made_up().pdf()).hexdigest())")
    found = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            timeout=60, env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": tongue,
                             "SOURCE_DATE_EPOCH": seed,
                             "PYTHONPATH": os.pathsep.join((str(HERE), *sys.path))}).stdout
        for seed, zone, tongue in (("1", "Asia/Tokyo", "C"), ("77", "America/Lima", "C.UTF-8"))}
    assert len(found) == 1


@pytest.mark.parametrize("hostile", [
    '#read("/etc/passwd")', '"; #panic("x") //', "]] #[ )) \\ $x$ `a` *b* @c <d>",
    "\x00\x1b[31m\u202e\u200b\ud800", "北京 😀", "x" * 10_000, "", "\n\n= H\n",
])
def test_no_text_of_a_run_is_markup_and_each_is_set(hostile: str, tmp_path: Path) -> None:
    said = replace(
        DECLARATION, deviations=(hostile,), opinions=(hostile,), place=hostile,
        customer=replace(DECLARATION.customer, name=hostile, address=(hostile,)))
    found = made_up(10, text=lambda text: hostile + text).pdf(said)
    text = "".join("".join(pages(found, tmp_path)).split())
    assert "root:" not in text
    seen = "".join(hostile.split())
    if seen.isascii() and seen.isprintable():
        assert seen[:200] in text


def test_a_template_reads_nothing_outside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(typesetting, "TEMPLATES", folder)
    typesetting._environment.cache_clear()
    try:
        for reached in ("../secret.txt", str(tmp_path / "secret.txt"), "/etc/passwd"):
            (folder / "t.typ.j2").write_text(f'#set document(title: "t")\n#read("{reached}")')
            with pytest.raises(DocumentError, match=r"t\.typ\.j2: "):
                typeset("t.typ.j2", {}, NOW)
    finally:
        typesetting._environment.cache_clear()
