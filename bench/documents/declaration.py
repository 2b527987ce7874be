"""The files in which a laboratory and a certification body say what no evidence can say.

The laboratory's, for one test report (ISO/IEC 17025:2017, 7.8.2.1; the letters are its items)::

    laboratory:                        # b)
      name: North Meter Laboratory
      address: [1 Quay Street, Leith]
      contact: reports@north.example   # may be left out
      accreditation: {body: UKAS, number: "1234", scope: smart metering}   # may be left out
    customer:                          # e)
      name: Example Meters Ltd
      address: [2 Mill Lane, Derby]
    number: NML-2026-0042              # d)
    issued: 2026-03-05                 # j)
    replaces: {number: NML-2026-0041, reason: a wrong address}   # 7.8.8; may be left out
    place: permanent laboratory, room 3                          # c)
    samples:                           # g), h)
      - {serial: "00012345", condition: "new, sealed", received: 2026-02-27}
    deviations: []                     # n); none must be said
    environment: ["23 C, 45 % relative humidity"]                # 7.8.3.1 a); may be left out
    opinions: []                       # 7.8.7; may be left out
    external: []                       # p) {provider, what, reference}; may be left out
    signatory: {name: A. Tester, function: head of the laboratory}   # o)

The body's, for all of its certificates, has ``body`` (as ``laboratory``) and ``signatory``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from bench.catalogue.form import Day, Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.issued import (
    Accreditation,
    BodyDeclaration,
    ExternalResult,
    Organisation,
    Replaced,
    ReportDeclaration,
    Sample,
    Signatory,
)

LONGEST = 4000  # characters of one text
LONGEST_NAME = 120  # of a name
LONGEST_NUMBER = 40  # of what stands on every page, and the like

_Text = Annotated[Text, Field(max_length=LONGEST)]
_Name = Annotated[_Text, Field(max_length=LONGEST_NAME)]
_Number = Annotated[_Text, Field(max_length=LONGEST_NUMBER)]


class _Accreditation(Form):
    body: _Name
    number: _Number
    scope: _Text


class _Organisation(Form):
    name: _Name
    address: Annotated[tuple[_Text, ...], Field(min_length=1)]
    contact: _Text | None = None
    accreditation: _Accreditation | None = None


class _Signatory(Form):
    name: _Name
    function: _Text


class _Sample(Form):
    serial: _Number
    condition: _Text
    received: Day


class _External(Form):
    provider: _Name
    what: _Text
    reference: _Text


class _Replaced(Form):
    number: _Number
    reason: _Text


class _Report(Form):
    number: _Number
    issued: Day
    laboratory: _Organisation
    customer: _Organisation
    signatory: _Signatory
    place: _Text
    samples: Annotated[tuple[_Sample, ...], Field(min_length=1)]
    deviations: tuple[_Text, ...]
    environment: tuple[_Text, ...] = ()
    opinions: tuple[_Text, ...] = ()
    external: tuple[_External, ...] = ()
    replaces: _Replaced | None = None


class _Body(Form):
    body: _Organisation
    signatory: _Signatory


def load_report_declaration(path: Path, tested: tuple[str, str]) -> ReportDeclaration:
    """Read a laboratory's declaration for the report on a test.

    ``tested`` are its first and last day. Raises :class:`~bench.errors.PlanError` with one
    ``file:line: ...`` for each mistake: no YAML, an unknown or missing key, a wrong type, a sample
    that came after the test began or stands there twice, a report issued before the test ended,
    one that replaces itself.
    """
    form = read_form(path, _Report)
    mistakes: list[tuple[int, str]] = []

    def wrong(text: str, *place: str | int) -> None:
        mistakes.append((line_of(path, place), text))

    first, last = tested
    if form.issued.isoformat() < last:
        wrong(f"issued: {form.issued} is before the end of the test, {last}", "issued")
    serials: set[str] = set()
    for index, sample in enumerate(form.samples):
        if sample.received.isoformat() > first:
            wrong(f"samples.{index}.received: {sample.received} is after the test began, {first}",
                  "samples", index, "received")
        if sample.serial in serials:
            wrong(f"samples.{index}.serial: {sample.serial} stands there twice",
                  "samples", index, "serial")
        serials.add(sample.serial)
    if form.replaces and form.replaces.number == form.number:
        wrong("replaces.number: a report cannot replace itself", "replaces", "number")
    if mistakes:
        raise PlanError("\n".join(f"{path}:{line}: {text}" for line, text in sorted(mistakes)))
    return ReportDeclaration(
        number=form.number, issued=form.issued.isoformat(),
        laboratory=_organisation(form.laboratory), customer=_organisation(form.customer),
        signatory=Signatory(form.signatory.name, form.signatory.function), place=form.place,
        samples=tuple(Sample(item.serial, item.condition, item.received.isoformat())
                      for item in form.samples),
        deviations=form.deviations, environment=form.environment,
        opinions=form.opinions,
        external=tuple(ExternalResult(item.provider, item.what, item.reference)
                       for item in form.external),
        replaces=Replaced(form.replaces.number, form.replaces.reason) if form.replaces else None)


def load_body_declaration(path: Path) -> BodyDeclaration:
    """Read the declaration of a certification body; raises as :func:`load_report_declaration`."""
    form = read_form(path, _Body)
    return BodyDeclaration(_organisation(form.body),
                           Signatory(form.signatory.name, form.signatory.function))


def _organisation(form: _Organisation) -> Organisation:
    said = form.accreditation
    return Organisation(
        form.name, form.address, form.contact or "",
        Accreditation(said.body, said.number, said.scope) if said else None)
