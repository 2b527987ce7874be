"""Who issues a document of the scheme, and what only they can say: the declarations beside a run.

A laboratory issues a test report (contents after ISO/IEC 17025:2017, 7.8), a certification body
a certificate. Each writes its part into a file (:mod:`bench.documents.declaration`); everything
else in a document comes from the evidence. Dates are ISO 8601, ``YYYY-MM-DD``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accreditation:
    """By whom an organisation is accredited, under which number and for what."""

    body: str
    number: str
    scope: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """A name with its address, line by line; ``contact`` is "" where none is given."""

    name: str
    address: tuple[str, ...]
    contact: str = ""
    accreditation: Accreditation | None = None


@dataclass(frozen=True, slots=True)
class Signatory:
    """The person who authorises a document."""

    name: str
    function: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One item that was tested: how it is told from others, its condition, when it came."""

    serial: str
    condition: str
    received: str


@dataclass(frozen=True, slots=True)
class ExternalResult:
    """A result that another provider obtained for the laboratory (7.8.2.1 p)."""

    provider: str
    what: str
    reference: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The report that an amended one replaces, and what was changed (7.8.8)."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportDeclaration:
    """What a laboratory says beside the evidence; () says that there is none of a kind."""

    number: str
    issued: str
    laboratory: Organisation
    customer: Organisation
    signatory: Signatory
    place: str
    samples: tuple[Sample, ...]
    deviations: tuple[str, ...]
    environment: tuple[str, ...] = ()
    opinions: tuple[str, ...] = ()
    external: tuple[ExternalResult, ...] = ()
    replaces: Replaced | None = None


@dataclass(frozen=True, slots=True)
class BodyDeclaration:
    """The certification body as its certificates name it."""

    body: Organisation
    signatory: Signatory
