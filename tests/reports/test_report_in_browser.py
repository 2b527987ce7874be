"""The page in headless Chromium: filters, details that open, the printed mark, no complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reports

Browse = Callable[..., tuple[str, str]]


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Browse:
    """Run the browser once; returns what it printed and what it complained of."""

    def run(address: str, *options: str) -> tuple[str, str]:
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'browser'}", *options,
             address],
            capture_output=True, text=True, timeout=60, check=True)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, "\n".join(complaints)

    return run


@pytest.fixture
def address(sample: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a report of 40 cases, the details of 35 of them held back."""
    monkeypatch.setattr("reports.page.STATIC_CASES", 5)
    made = sample(40, requirements=20)
    reports.render(made.outcome, **made.arguments(), folder=tmp_path / "out")
    return (tmp_path / "out" / "report.html").as_uri()


def visible(dom: str, tag: str, attribute: str) -> dict[str, bool]:
    """Return for each element's attribute value whether all of them are shown."""
    found: dict[str, bool] = {}
    for attributes in re.findall(rf"<{tag} ([^>]*{attribute}=[^>]*)>", dom):
        value = re.search(rf'{attribute}="([^"]*)"', attributes)[1]
        found[value] = found.get(value, True) and not re.search(r'\bhidden=""', attributes)
    return found


def test_a_filter_hides_what_does_not_fit(browse: Browse, address: str) -> None:
    dom, complaints = browse(
        address + "#filter?requirements.standing=failed&cases.word=error&cases.q=esme",
        "--dump-dom")
    assert not complaints
    rows = visible(dom, "tr", "data-standing")
    assert rows.pop("failed")
    assert set(rows.values()) == {False}
    cases = visible(dom, "details", "data-word")
    assert cases.pop("error")
    assert set(cases.values()) == {False}
    assert "1 of 40 shown" in dom


def test_a_link_opens_a_case_whose_details_were_held_back(browse: Browse, address: str) -> None:
    dom, complaints = browse(address + "#case-ESME-CLO-00007%5BECS70,supplier%5D", "--dump-dom")
    assert not complaints
    opened = re.search(r'<details [^>]*id="case-ESME-CLO-00007[^>]*>(.*?)</details>', dom,
                       re.DOTALL)
    assert 'open=""' in opened[0].partition(">")[0]
    assert '<div class="details">' in opened[1]
    assert '<script' not in opened[1]
    assert dom.count('<script type="text/plain">') == 34


def test_every_printed_page_says_demonstration(
    browse: Browse, address: str, tmp_path: Path
) -> None:
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not on the PATH")
    printed = tmp_path / "report.pdf"
    browse(address, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    text = subprocess.run([reader, "-layout", str(printed), "-"], capture_output=True, text=True,
                          check=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) > 2
    assert all("DEMONSTRATION: emulated device, no certificate" in page for page in pages)


def test_a_phone_needs_no_sideways_scrolling(browse: Browse, address: str, tmp_path: Path) -> None:
    frame = tmp_path / "phone.html"
    frame.write_text(
        '<!doctype html><title>-</title>'
        f'<iframe src="{address}#case-ESME-MES-00024[ECS70,supplier]"'
        ' style="width:375px;height:800px;border:0"></iframe><script>onload = () => {'
        "const page = frames[0].document, root = page.documentElement;"
        "const spills = [...page.querySelectorAll('table, td, dd, li, pre, summary, .details')]"
        ".filter((part) => part.scrollWidth > part.clientWidth && part.clientWidth);"
        "document.title = [root.clientWidth, root.scrollWidth, spills.length].join(' '); }"
        "</script>", encoding="utf-8")
    dom, _ = browse(frame.as_uri(), "--allow-file-access-from-files", "--dump-dom")
    room, wide, spills = map(int, re.search(r"<title>(\d+) (\d+) (\d+)</title>", dom).groups())
    assert room <= 375
    assert wide <= room
    assert spills == 0
