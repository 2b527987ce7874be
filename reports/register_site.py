"""The register as a static site: a page that searches, and a page for each certificate.

It is opened from a folder, without a server and without a network: the search page holds all it
searches, and each page its own style and script, which the policy of the page names by hash. The
pages of certificates lie in folders of a thousand. The same register on the same day gives the
same octets. Leaves out the register itself (``smip-bench register export --json``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from bench.errors import RegisterError
from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    Certificate,
    CertificateStatus,
    Change,
    Entry,
    EntryKind,
    Grant,
    Published,
    RegisterHead,
    Resolution,
)
from reports.furniture import asset, environment, policy
from reports.text import visible

STATIC_ROWS = 100
"""So many certificates, the newest, are plain HTML on the search page; further ones need the
script."""

TONES: Mapping[str, tuple[str, str]] = {
    CertificateStatus.GRANTED: ("good", "✓"),
    CertificateStatus.SUSPENDED: ("open", "◐"),
    CertificateStatus.SUPERSEDED: ("quiet", "→"),
    CertificateStatus.WITHDRAWN: ("bad", "✗"),
    CertificateStatus.EXPIRED: ("quiet", "∎"),
}
"""The colour of a status and the sign beside it: nothing is told by colour alone."""

HEADLINE: Mapping[CertificateStatus, str] = {
    CertificateStatus.GRANTED: "In force",
    CertificateStatus.SUSPENDED: "Suspended: not in force",
    CertificateStatus.SUPERSEDED: "Superseded: not in force",
    CertificateStatus.WITHDRAWN: "Withdrawn: not in force",
    CertificateStatus.EXPIRED: "Expired: not in force",
}

MARKER = "site.json"
_PER_FOLDER = 1000


def write_site(published: Published, folder: Path) -> int:
    """Write the site of a register; returns the number of pages.

    ``folder`` is made, or holds an earlier site of the same register, which is brought up to
    date. Raises :class:`~bench.errors.RegisterError` for a folder of anything else and where a
    file cannot be written.
    """
    head, at = published.head, published.at
    try:
        _refuse_other_contents(folder, head)
        _write(folder / MARKER, json.dumps(
            {"register": head.first, "head": head.hash, "at": at}, indent=1) + "\n")
        for found in published.certificates:
            _write(folder / page_of(found.id), _certificate_page(head, found, at))
        _write(folder / "index.html", _search_page(published))
    except OSError as failure:
        raise RegisterError(f"{failure.filename or folder}: the site cannot be written: "
                            f"{failure.strerror}") from failure
    return len(published.certificates) + 1


def page_of(name: str) -> str:
    """Return where the page of certificate ``name`` lies in the site."""
    return f"certificates/{_number(name) // _PER_FOLDER:04d}/{name}.html"


def search_data(certificates: Sequence[Certificate]) -> dict[str, Any]:
    """Return what the search page searches: words held once, and a row for each certificate.

    A row is the number of the certificate, then indices into ``types``, ``makers`` (name and id),
    ``models``, ``hardware`` and ``statuses`` around the firmware version, the day of grant, and 1
    for a partial certificate.
    """
    names = ("types", "makers", "models", "hardware", "statuses")
    words: dict[str, dict[str, int]] = {name: {} for name in names}

    def index(name: str, word: str) -> int:
        return words[name].setdefault(word, len(words[name]))

    rows: list[list[int | str]] = []
    for found in reversed(certificates):
        subject = found.grant.subject
        kind = f"{subject.device_type} {subject.variant}".strip()
        rows.append([
            _number(found.id), index("types", kind),
            index("makers", f"{subject.manufacturer} {subject.manufacturer_id}"),
            index("models", subject.model), index("hardware", subject.hardware_version),
            subject.firmware_version, index("statuses", found.status.value), found.granted,
            int(found.grant.decision is Status.PARTIAL)])
    return {**{name: [visible(word) for word in words[name]] for name in names}, "rows": rows}


def _certificate_page(head: RegisterHead, found: Certificate, at: str) -> str:
    partial = found.grant.decision is Status.PARTIAL
    return _page("register_certificate.html.j2", head, at, script="", values={
        "found": found, "grant": found.grant, "subject": found.grant.subject,
        "headline": "In force, in part" if partial and found.in_force else HEADLINE[found.status],
        "tone": "open" if partial and found.in_force else TONES[found.status][0],
        "partial": partial,
        "marks": [entry for entry in found.history if entry.kind is EntryKind.MARKED],
        "history": [(entry, _said(entry)) for entry in reversed(found.history)],
        "successor": f"../../{page_of(found.successor)}" if found.successor else ""})


def _search_page(published: Published) -> str:
    certificates = published.certificates
    data = json.dumps(search_data(certificates), separators=(",", ":"), ensure_ascii=True)
    newest = certificates[-STATIC_ROWS:][::-1]
    values = {
        "newest": [(found, page_of(found.id)) for found in newest],
        "total": len(certificates), "issues": published.issues,
        "disputes": published.disputes,
        "in_force": sum(found.in_force for found in certificates),
        "statuses": [status.value for status in CertificateStatus],
        "types": sorted({found.grant.subject.device_type for found in certificates}),
        # "<" would let a text end the element that holds the data
        "data": Markup(data.replace("<", "\\u003c")),  # noqa: S704  JSON, ASCII, no "<" in it
        "badges": Markup(json.dumps(dict(TONES))),  # noqa: S704  ours
    }
    return _page("register_index.html.j2", published.head, published.at,
                 script=asset("register.js"), values=values)


def _page(name: str, head: RegisterHead, at: str, script: str, values: Mapping[str, Any]) -> str:
    style = asset("register.css")
    return visible(_template(name).render(
        head=head, at=at, policy=policy(style, script), tones=TONES,
        style=Markup(style), script=Markup(script), **values))  # noqa: S704  our own files


def _said(entry: Entry) -> str:
    """Return what an entry says in words, beside its kind and date."""
    content = entry.content
    if isinstance(content, Grant):
        return f"{content.decision}: {content.scope}. {content.reason}"
    if isinstance(content, Change) and content.successor:
        return f"by {content.successor}: {content.reason}"
    if isinstance(content, Assessment):
        return f"{content.baseline.name} ({content.baseline.date}), {content.decision}: " \
               f"{content.reason}"
    if isinstance(content, Resolution):
        return f"dispute {content.dispute}, {content.outcome}: {content.reason}"
    parts = ((label, getattr(content, name, "")) for name, label in _WORDS.items())
    return "; ".join(f"{label}{text}" for label, text in parts if text)


_WORDS = {
    "issue": "issue ", "requirement": "requirement ", "case": "case ", "reason": "",
    "summary": "", "finding": "", "text": "", "owner": "owner: ", "reviewer": "reviewer: ",
    "opened_by": "opened by ", "target": "to be done by ", "review": "to be reviewed by ",
}
"""Field of a content -> the word before it in the history."""


def _refuse_other_contents(folder: Path, head: RegisterHead) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    try:
        known = json.loads((folder / MARKER).read_bytes())["register"]
    except (OSError, ValueError, KeyError, TypeError):
        raise RegisterError(f"{folder} is not empty and holds no site of a register") from None
    if known != head.first:
        raise RegisterError(f"{folder} holds the site of another register")


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


@cache
def _template(name: str) -> Template:
    return environment().get_template(name)
