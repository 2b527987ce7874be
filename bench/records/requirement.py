"""A requirement of the catalogue.

Its key is (specification, version, clause); ``id`` is the short name that plans use:
``SMETS2/5.6.3.11``, ``CHTS/4.6.3.1``, ``R-CLK-01``, ``R-NEW-05``, ``SEED/S-96``, ``IDTS/IM.3``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Provenance(enum.StrEnum):
    """How sure we are of the wording; all but ``read`` are provisional until confirmed."""

    READ = "read"
    MANUAL = "manual"
    INFERRED = "inferred"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement in our own words; ``fingerprint`` covers all fields that matter to a test."""

    id: str
    specification: str
    version: str
    clause: str
    text: str
    devices: tuple[str, ...]  # "ESME", "GSME", ...; with variants as "ESME:B"
    domain: str  # functional, security, communications, interoperability
    strength: str  # mandatory, optional, information
    introduced_in: str
    provenance: Provenance
    source: str
    status: str = ""  # seed and IDTS rows: agreed, disputed, text not held
    untestable: str = ""  # the reason, where no test on a device is possible
    use_cases: tuple[str, ...] = ()
    confirmed: str = ""  # the operator's reference, from the overlay
    fingerprint: str = ""
    related: tuple[str, ...] = ()  # ids of other requirements on the same matter

    @property
    def provisional(self) -> bool:
        """True while it may be tested and reported but must not count."""
        return self.provenance is not Provenance.READ and not self.confirmed
