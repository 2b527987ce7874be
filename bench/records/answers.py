"""What the device's declaration says: the ICS, the IXIT and the subject of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from bench.records.subject import Subject


@dataclass(frozen=True, slots=True)
class Answers:
    """The implementation conformance statement and the extra information for testing."""

    ics: Mapping[str, object] = field(default_factory=dict)
    ixit: Mapping[str, object] = field(default_factory=dict)
    subject: Mapping[str, object] = field(default_factory=dict)  # see subject_facts


def subject_facts(subject: Subject) -> Mapping[str, object]:
    """Return the fields of ``subject`` as expressions may name them.

    ``<field>_octets`` is the hexadecimal of a field's ASCII text, as the device sends it.
    """
    facts = asdict(subject)
    return facts | {f"{name}_octets": text.encode().hex().upper() for name, text in facts.items()}
