"""How documents name organisations, persons and subjects, for their templates."""

from __future__ import annotations

from bench.records.issued import Organisation, Signatory
from bench.records.subject import Subject
from reports.documents.literal import Whole
from reports.text import elided

LONGEST = 200  # characters of one field of a subject


def organisation(said: Organisation) -> dict[str, object]:
    """Return an organisation; ``accreditation`` is one line, "" for none."""
    granted = said.accreditation
    return {
        "name": said.name, "address": said.address, "contact": said.contact,
        "accreditation": f"{granted.body} {granted.number}: {granted.scope}" if granted else ""}


def person(said: Signatory) -> list[str]:
    """Return name and function."""
    return [said.name, said.function]


def identity(subject: Subject) -> list[list[object]]:
    """Return the rows that identify a subject: name, value, whether it is of octets."""
    kind = f"{subject.device_type}, variant {subject.variant}" if subject.variant \
        else subject.device_type
    rows = (
        ("Device type", kind, False),
        ("Maker", f"{subject.manufacturer} ({subject.manufacturer_id})", False),
        ("Model", subject.model, False),
        ("Hardware version", subject.hardware_version, False),
        ("Firmware version", subject.firmware_version, True),
        ("Image, SHA-256", subject.image_hash, True))
    return [[name, Whole(elided(value, LONGEST)) if octets else elided(value, LONGEST), octets]
            for name, value, octets in rows]
