"""Reads a dossier: what is handed in with the evidence, as YAML with the documents beside it.

Every key is explained in ``docs/dossier.md``. Documents are named by path relative to the dossier;
they are hashed, not read, but for JUnit XML of a maker's own system, whose cases are counted. What
a dossier says is not believed here: the decision weighs it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import Field, StrictStr

from bench.catalogue.form import Day, Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.assurance import (
    Attached,
    Attestation,
    ChangeDeclaration,
    Dossier,
    Exemption,
    ImportedResult,
    ImportKind,
    Tolerance,
    VersionMapping,
)

LARGEST_DOCUMENT = 1 << 26  # octets

_Location = tuple[int | str, ...]
_Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Product(Form):
    manufacturer: StrictStr | None = None
    manufacturer_id: StrictStr | None = None
    model: StrictStr | None = None
    hardware_version: StrictStr | None = None
    firmware_version: StrictStr | None = None
    image_hash: StrictStr | None = None


class _Mapping(Form):
    reason: Text
    by: Text
    evidence: Text


class _Import(Form):
    kind: ImportKind
    issuer: Text
    number: Text
    document: Text
    product: _Product
    tested: Day
    tool: StrictStr = ""
    tool_version: StrictStr = ""
    expires: Day | None = None
    mapping: _Mapping | None = None


class _Attestation(Form):
    requirements: _Texts
    statement: Text
    by: Text
    date: Day
    evidence: Text


class _Exemption(Form):
    requirements: _Texts
    reason: Text
    granted_by: Text
    until: Day | None = None


class _Tolerated(Form):
    issue: Text
    requirements: _Texts
    cases: tuple[Text, ...] = ()
    text: Text
    owner: Text
    review: Day


class _Change(Form):
    base: Text
    changes: _Texts
    declared_by: Text
    date: Day
    release_notes: Text


class _File(Form):
    installed: Day | None = None
    imports: tuple[_Import, ...] = ()
    attestations: tuple[_Attestation, ...] = ()
    exemptions: tuple[_Exemption, ...] = ()
    tolerated: tuple[_Tolerated, ...] = ()
    change: _Change | None = None


def load_dossier(path: Path, known: Collection[str]) -> Dossier:
    """Read the dossier at ``path``; ``known`` are the requirement ids of the catalogue.

    Raises :class:`~bench.errors.PlanError`, ``file:line: ...``, one line for each mistake: not
    YAML, an unknown or missing key, a requirement that is not known, a document that is absent, or
    a maker's results that are no JUnit XML.
    """
    return _Reading(path, read_form(path, _File), known).dossier()


class _Reading:
    """Turns the form into records, and collects what is wrong."""

    def __init__(self, path: Path, file: _File, known: Collection[str]) -> None:
        self.path = path
        self.file = file
        self.known = known
        self.mistakes: list[tuple[int, str]] = []

    def dossier(self) -> Dossier:
        file = self.file
        for part in ("attestations", "exemptions", "tolerated"):
            for number, entry in enumerate(getattr(file, part)):
                self._check_known((part, number, "requirements"), entry.requirements)
        self._check_issues()
        done = Dossier(
            imports=tuple(self._imports()), attestations=tuple(self._attestations()),
            exemptions=tuple(
                Exemption(one.requirements, one.reason, one.granted_by,
                          one.until.isoformat() if one.until else "")
                for one in file.exemptions),
            tolerated=tuple(
                Tolerance(one.issue, one.requirements, one.text, one.owner,
                          one.review.isoformat(), one.cases) for one in file.tolerated),
            change=self._change(),
            installed=file.installed.isoformat() if file.installed else "")
        if self.mistakes:
            raise PlanError("\n".join(f"{self.path}:{line}: {text}"
                                      for line, text in sorted(self.mistakes)))
        return done

    def _imports(self) -> Iterator[ImportedResult]:
        for number, one in enumerate(self.file.imports):
            at = ("imports", number)
            document, octets = self._document(one.document, (*at, "document"))
            counts = (0, 0)
            if one.kind is ImportKind.MAKER and octets is not None:
                counts = self._junit(octets, (*at, "document"))
            yield ImportedResult(
                kind=one.kind, issuer=one.issuer, number=one.number,
                product=one.product.model_dump(exclude_none=True),
                tested=one.tested.isoformat(), document=document, tool=one.tool,
                tool_version=one.tool_version,
                expires=one.expires.isoformat() if one.expires else "",
                mapping=self._mapping(one.mapping, (*at, "mapping")), counts=counts)

    def _mapping(self, mapping: _Mapping | None, at: _Location) -> VersionMapping | None:
        if mapping is None:
            return None
        evidence, _ = self._document(mapping.evidence, (*at, "evidence"))
        return VersionMapping(mapping.reason, mapping.by, evidence)

    def _attestations(self) -> Iterator[Attestation]:
        for number, one in enumerate(self.file.attestations):
            evidence, _ = self._document(one.evidence, ("attestations", number, "evidence"))
            yield Attestation(one.requirements, one.statement, one.by, one.date.isoformat(),
                              evidence)

    def _change(self) -> ChangeDeclaration | None:
        change = self.file.change
        if change is None:
            return None
        notes, _ = self._document(change.release_notes, ("change", "release_notes"))
        return ChangeDeclaration(change.base, change.changes, change.declared_by,
                                 change.date.isoformat(), notes)

    def _document(self, name: str, at: _Location) -> tuple[Attached, bytes | None]:
        file = self.path.parent / name
        try:
            with file.open("rb") as stream:
                octets = stream.read(LARGEST_DOCUMENT + 1)
        except OSError as failure:
            self._mistake(at, f"{name}: cannot be read: {failure.strerror}")
            return Attached(name, ""), None
        if len(octets) > LARGEST_DOCUMENT:
            self._mistake(at, f"{name}: a document has at most {LARGEST_DOCUMENT} octets")
        return Attached(Path(name).name, sha256(octets).hexdigest()), octets

    def _junit(self, octets: bytes, at: _Location) -> tuple[int, int]:
        try:
            root = fromstring(octets, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError) as wrong:
            self._mistake(at, f"no JUnit XML: {wrong}")
            return 0, 0
        cases = list(root.iter("testcase"))
        if root.tag not in ("testsuite", "testsuites") or not cases:
            self._mistake(at, f"no JUnit XML with test cases: its root is {root.tag!r}")
        failed = sum(any(case.find(tag) is not None for tag in ("failure", "error"))
                     for case in cases)
        skipped = sum(case.find("skipped") is not None for case in cases)
        return len(cases) - failed - skipped, failed

    def _check_known(self, at: _Location, ids: Sequence[str]) -> None:
        for index, id_ in enumerate(ids):
            if id_ not in self.known:
                near = difflib.get_close_matches(id_, sorted(self.known), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._mistake((*at, index), f"{id_} is no requirement of the catalogue{hint}")

    def _check_issues(self) -> None:
        seen: set[str] = set()
        for number, one in enumerate(self.file.tolerated):
            if one.issue in seen:
                self._mistake(("tolerated", number, "issue"), f"{one.issue} is listed twice")
            seen.add(one.issue)

    def _mistake(self, at: _Location, text: str) -> None:
        self.mistakes.append((line_of(self.path, at), text))
