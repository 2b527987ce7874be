"""A baseline: a named, dated statement of what a device must show to be "SMIP Compliant".

The record and the rules in it; :mod:`bench.scheme.baseline_file` reads it from YAML. A certificate
stands for one baseline, several are installed side by side, and one of them can be an emergency
baseline, which is issued alone and run over what is certified already (SEED/S-26).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.catalogue import concerns
from bench.records.assurance import ImportKind, Tolerance
from bench.records.register import CertifiedBaseline
from bench.records.requirement import Requirement
from bench.records.subject import Subject

DEVICE_TYPES = ("ESME", "DLMS-METER", "GSME", "CHF", "GPF", "IHD", "PPMID", "HCALCS", "SAPC")


class Relevance(enum.Enum):
    """Whether a requirement is about a device type, and about one variant of it."""

    RELEVANT = "relevant"
    OTHER_VARIANT = "other variant"
    OTHER_DEVICE = "other device"


@dataclass(frozen=True, slots=True)
class ToolRule:
    """A conformance tool whose results are taken, for tests before and from certain days only.

    ``version`` "" means any; the dates are "" for no bound, ``tested_before`` is not included.
    """

    name: str
    version: str = ""
    tested_from: str = ""
    tested_before: str = ""


@dataclass(frozen=True, slots=True)
class ImportRule:
    """Which results of one kind may stand for which requirements.

    ``issuers`` () takes any; ``tools`` () asks for none. ``match`` names the fields of a subject
    that the result must name and that must be the subject's, or be mapped with evidence.
    """

    kind: ImportKind
    requirements: tuple[str, ...]
    match: tuple[str, ...]
    issuers: tuple[str, ...] = ()
    tools: tuple[ToolRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many laboratories must have passed these requirements, each on its own run."""

    requirements: tuple[str, ...]
    laboratories: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a certificate of this baseline stands for.

    ``device`` is one of :data:`DEVICE_TYPES`; ``variant`` holds the variant's letters, "" when
    the baseline serves every variant. Lists of requirements are sorted ids, patterns resolved.
    ``cases`` gives the fingerprint of each planned case by its id, empty where the file does not
    freeze them (a draft). A device installed from ``installed_from`` until ``installed_until``
    (ISO 8601 dates, included, "" for no bound) is judged against it. ``digest`` is the SHA-256, in
    64 hexadecimal digits, over what the file says, so that its comments, order and layout do not
    matter.
    """

    name: str
    date: str  # ISO 8601
    draft: bool
    device: str
    variant: str
    specifications: tuple[tuple[str, str], ...]  # name, version
    plans: tuple[str, ...]  # paths relative to testplans/
    mandatory: tuple[str, ...]
    optional: tuple[str, ...]
    outside: tuple[tuple[str, str], ...]  # requirement id, reason
    digest: str
    emergency: bool = False
    installed_from: str = ""
    installed_until: str = ""
    cases: Mapping[str, str] = field(default_factory=dict)
    accepts: tuple[ImportRule, ...] = ()
    attestable: tuple[str, ...] = ()
    tolerated: tuple[Tolerance, ...] = ()
    quorum: tuple[Quorum, ...] = ()

    @property
    def title(self) -> str:
        """Name and date, as a certificate names its baseline."""
        return f"{self.name} ({self.date})"

    @property
    def certified(self) -> CertifiedBaseline:
        """What a certificate says of it."""
        return CertifiedBaseline(self.name, self.date, self.digest, self.specifications)

    def concerns(self, subject: Subject) -> bool:
        """Return whether ``subject`` is of the kind and the variant that the baseline is for."""
        return (subject.device_type == self.device
                and (not self.variant or subject.variant == self.variant))

    def covers_installation(self, day: str) -> bool:
        """Return whether a device installed on ``day`` is judged against this baseline."""
        return ((not self.installed_from or self.installed_from <= day)
                and (not self.installed_until or day <= self.installed_until))


def relevance(requirement: Requirement, device: str, variant: str) -> Relevance:
    """Say whether ``requirement`` concerns ``device``, and ``variant`` of it ("" for any).

    A requirement for ``ESME:D`` concerns every ESME whose variant code holds the letter D (the
    codes are sets of letters: D for auxiliary load control, E for boost, and so on).
    """
    if concerns(requirement, f"{device.upper()}:{variant.upper()}"):
        return Relevance.RELEVANT
    if concerns(requirement, device.upper()):
        return Relevance.OTHER_VARIANT
    return Relevance.OTHER_DEVICE
