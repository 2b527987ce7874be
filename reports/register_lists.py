"""The register for programs: JSON with everything in it, and CSV as the Certified Products List.

``register.json`` repeats each entry with the text that its hash is over, so that the chain can be
checked without the bench. The CSV has the fields of an entry of the Certified Products List in
their order (reference: schemes.md, part 2: DUIS 5.4; image hash, assurance reference, expiry and
dates after them), then ours. Leaves out what the list has and a certificate has not.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.records.register import (
    Certificate,
    CertificateStatus,
    Published,
    plain,
)
from bench.records.serial import to_json

FORMAT = "smip-bench-register/1"

CPL_STATUS: Mapping[CertificateStatus, str] = {
    CertificateStatus.GRANTED: "Active",
    CertificateStatus.SUSPENDED: "Cancelled",
    CertificateStatus.SUPERSEDED: "Cancelled",
    CertificateStatus.WITHDRAWN: "Withdrawn",
    CertificateStatus.EXPIRED: "Expired",
}
"""The list knows four statuses (DUIS 5.4). Its "Cancelled" for what is suspended or superseded is
our reading; ``certificate_status`` has our own word."""

CSV_FIELDS = (
    "manufacturer_id", "model", "hardware_version", "device_type", "smets_chts_version",
    "gbcs_version", "firmware_version", "esme_variant", "status", "image_hash", "certificate",
    "certificate_expiry", "date_of_entry", "date_of_removal", "upgradable_from",
    "manufacturer", "certificate_status", "decision", "baseline", "laboratory",
    "certification_body",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain_certificate(found: Certificate) -> dict[str, Any]:
    """Return a certificate as plain JSON values; its history as numbers of entries."""
    known = to_json(found)
    known["history"] = [entry.sequence for entry in found.history]
    known["in_force"] = found.in_force
    return dict(known)


def register_json(published: Published) -> Iterator[str]:
    """Yield ``register.json`` in parts, one certificate and one entry a line."""
    yield (f'{{\n "format": {_encode(FORMAT)},\n "at": {_encode(published.at)},\n'
           f' "register": {_encode(to_json(published.head))},\n'
           f' "tolerated_for_all": {_encode(to_json(published.issues))},\n'
           f' "disputes_over_reports": {_encode(to_json(published.disputes))},\n'
           ' "certificates": [')
    yield from _lines(plain_certificate(found) for found in published.certificates)
    yield '\n ],\n "entries": ['
    yield from _lines(plain(entry) for entry in published.entries)
    yield "\n ]\n}\n"


def register_csv(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Yield the lines of the CSV (RFC 4180), the first with the names of the fields.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    yield _row(CSV_FIELDS)
    for found in certificates:
        cells = _cells(found)
        yield _row([cells[name] for name in CSV_FIELDS])


def _cells(found: Certificate) -> dict[str, str]:
    grant, subject = found.grant, found.grant.subject
    versions = dict(grant.baseline.specifications)
    device = next((versions[name] for name in versions if name[:5] in ("SMETS", "CHTS")), "")
    return {
        "manufacturer_id": subject.manufacturer_id, "model": subject.model,
        "hardware_version": subject.hardware_version, "device_type": subject.device_type,
        "smets_chts_version": device, "gbcs_version": versions.get("GBCS", ""),
        "firmware_version": subject.firmware_version, "esme_variant": subject.variant,
        "status": CPL_STATUS[found.status], "image_hash": subject.image_hash,
        "certificate": found.id, "certificate_expiry": grant.expires,
        "date_of_entry": found.granted,
        "date_of_removal": "" if found.in_force else found.since,
        "upgradable_from": " ".join(grant.upgradable_from) or "N/A",
        "manufacturer": subject.manufacturer, "certificate_status": found.status.value,
        "decision": grant.decision.value,
        "baseline": f"{grant.baseline.name} ({grant.baseline.date})",
        "laboratory": grant.laboratory, "certification_body": grant.certification_body,
    }


def _row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(
        f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return line.getvalue()


def _lines(values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    separator = "\n  "
    for value in values:
        yield separator + _encode(value)
        separator = ",\n  "


_encode = json.JSONEncoder(sort_keys=True).encode
