"""The site in headless Chromium, from a folder: search, links, phone, no complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.records.decision import Status
from bench.records.register import Grant
from bench.register import Register
from reports.register_site import page_of, write_site

Browse = Callable[..., tuple[str, str]]
HOSTILE = '<img src=x onerror=alert(1)>"\'&</script>'


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Run the browser once; returns what it printed and what it complained of."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not on the PATH")

    def run(address: str, *options: str) -> tuple[str, str]:
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'browser'}", *options,
             "--dump-dom", address],
            capture_output=True, text=True, timeout=60, check=True)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, "\n".join(complaints)

    return run


@pytest.fixture
def site(register: Register, grant: Callable[..., Grant], tmp_path: Path) -> Path:
    """A site of 130 certificates, more than the search shows at once."""
    for number in range(128):
        register.grant(grant(f"{number:08X}"), at="2026-03-02")
    register.grant(grant("0000ABCD", manufacturer=HOSTILE, model="NG 4",
                         hardware_version=HOSTILE[:9], manufacturer_id="00C3"), at="2026-03-02")
    register.grant(grant("00020000", decision=Status.PARTIAL, conditions=(HOSTILE * 3,),
                         scope="W" * 300, laboratory="L" * 120), at="2026-03-02")
    register.suspend("SMIP-000002", reason=HOSTILE, at="2026-03-03")
    write_site(register.published(at="2026-03-03"), tmp_path / "site")
    return tmp_path / "site"


def rows(dom: str) -> list[str]:
    body = re.search(r'<table class="found">.*?<tbody>(.*?)</tbody>', dom, re.DOTALL)[1]
    return re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)


@pytest.mark.parametrize(("search", "found", "said"), [
    ("", 100, "100 of 130 found are shown, of 130"),
    ("q=0000001f", 1, "1 of 1 found"),
    ("q=NG+4", 1, "1 of 1 found"),
    ("q=onerror", 1, "1 of 1 found"),
    ("q=em-100+00c3", 0, "0 of 0 found"),
    ("status=suspended", 1, "1 of 1 found"),
    ("q=example&device=ESME&status=granted", 100, "100 of 128 found"),
    ("q=smip-000131", 1, "1 of 1 found"),
])
def test_the_search_finds_by_maker_model_firmware_status(
    browse: Browse, site: Path, search: str, found: int, said: str
) -> None:
    dom, complaints = browse((site / "index.html").as_uri() + "#" + search)
    assert not complaints
    assert len(rows(dom)) == found
    assert said in dom
    assert ('class="none" hidden' in dom) is bool(found)
    assert "<img" not in dom


def test_a_found_certificate_is_linked_to_its_page(browse: Browse, site: Path) -> None:
    dom, _ = browse((site / "index.html").as_uri() + "#status=suspended")
    (link,) = re.findall('href="([^"]*)"', rows(dom)[0])
    assert link == page_of("SMIP-000002")
    page, complaints = browse((site / link).as_uri())
    assert not complaints
    assert "<h1>Suspended: not in force</h1>" in page
    assert "<img" not in page


def test_what_the_script_shows_is_what_the_page_held_without_it(
    browse: Browse, site: Path
) -> None:
    held = rows((site / "index.html").read_text("utf-8"))
    dom, _ = browse((site / "index.html").as_uri())

    def words(row: str) -> list[str]:
        return re.sub("<[^>]*>", " ", row).replace("&#34;", '"').replace("&#39;", "'").split()

    assert list(map(words, rows(dom))) == list(map(words, held))
    assert len(held) == 100


@pytest.mark.parametrize("page", ["index.html", page_of("SMIP-000131"), page_of("SMIP-000130")])
def test_a_phone_needs_no_sideways_scrolling(
    browse: Browse, site: Path, tmp_path: Path, page: str
) -> None:
    frame = tmp_path / "phone.html"
    frame.write_text(
        '<!doctype html><title>-</title>'
        f'<iframe src="{(site / page).as_uri()}"'
        ' style="width:375px;height:800px;border:0"></iframe><script>onload = () => {'
        "const page = frames[0].document, root = page.documentElement;"
        "const spills = [...page.querySelectorAll('table, td, dd, li, p, header')]"
        ".filter((part) => part.scrollWidth > part.clientWidth && part.clientWidth > 1);"
        "document.title = [root.clientWidth, root.scrollWidth, spills.length].join(' '); }"
        "</script>", encoding="utf-8")
    dom, _ = browse(frame.as_uri(), "--allow-file-access-from-files")
    room, wide, spills = map(int, re.search(r"<title>(\d+) (\d+) (\d+)</title>", dom).groups())
    assert room <= 375
    assert wide <= room
    assert spills == 0


def test_every_field_has_a_label_and_the_page_its_landmarks(site: Path) -> None:
    page = (site / "index.html").read_text("utf-8")
    form = re.search("<form.*?</form>", page, re.DOTALL)[0]
    assert form.count("<label") == len(re.findall("<input|<select", form)) == 3
    assert 'aria-live="polite"' in form
    for path in (site / "index.html", site / page_of("SMIP-000002")):
        text = path.read_text("utf-8")
        assert text.count("<h1") == text.count("<main") == 1
        assert '<html lang="en-GB">' in text
        assert 'class="skip" href="#main"' in text
        headings = set(re.findall('aria-labelledby="([^"]*)"', text))
        assert headings
        assert all(f'id="{heading}"' in text for heading in headings)
