"""What a bundle holds: the names of its parts, its manifest, and the parts made from the plan.

The parts, in the order of the archive::

    baseline/<file>          the baselines given, the run's own among them
    captures/<file>          those that the ledger's last entry vouches for
    declaration/ics.json     the device's declaration, from the plan in the ledger's first entry;
    declaration/ixit.json    what is secret by its name is replaced by its SHA-256
    declaration/subject.json
    ledger.cut               unfinished lines that a resumed run moved aside, if any
    ledger.jsonl             the evidence; its first entry is the whole frozen plan
    reports/<file>           those of REPORT_FILES that the run has
    rig.json, tools.json     the rig's declaration and the tools' versions, from the plan
    verdicts.json            the verdict of every case when the bundle was made
    manifest.json            name, length, CRC-32 and SHA-256 of every part above
    envelope.dsse.json       the signature over all of the above
    envelope.tsr             an authority's time stamp of the envelope, if it was stamped

A redacted part is replaced, in its place, by an empty one called ``redacted/<name>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.bundle.archive import Part
from bench.bundle.errors import BundleError
from bench.ledger.secrets import SECRET_MARKS
from bench.records.serial import canonical, digest

FORMAT = "smip-bench-bundle/1"
LEDGER, CUT = "ledger.jsonl", "ledger.cut"
VERDICTS = "verdicts.json"
MANIFEST = "manifest.json"
ENVELOPE = "envelope.dsse.json"
STAMP = "envelope.tsr"
UNLISTED = (MANIFEST, ENVELOPE, STAMP)  # not in the manifest; in this order at the end
BASELINE, CAPTURES, REPORTS, REDACTED = "baseline/", "captures/", "reports/", "redacted/"
REPORT_FILES = ("junit.xml", "report.html", "report.json", "report.pdf")
REPORT_JSON = REPORTS + "report.json"
LARGEST_ENVELOPE = LARGEST_MANIFEST = LARGEST_UNLISTED = 1 << 20  # octets; 1000 parts: a third
LARGEST_SMALL = 1 << 20  # octets of a baseline or of a part made from the plan
SECRET_WORDS = ("key", "password", "passphrase", "pin", "secret", "token", "install_code")
"""An item whose name has one of these among its words is secret; ``keys`` counts as ``key``."""


def derived_parts(plan: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the parts that follow from a frozen plan (the data of a ledger's first entry)."""
    answers = plan["answers"]
    said = {
        "declaration/ics.json": without_secrets(answers["ics"]),
        "declaration/ixit.json": without_secrets(answers["ixit"]),
        "declaration/subject.json": plan["subject"],
        "rig.json": without_secrets(plan["rig"]),
        "tools.json": plan["tools"],
    }
    return {name: written(value) for name, value in said.items()}


def without_secrets(value: Any) -> Any:
    """Return plain JSON with every secret item replaced by ``{"removed": its SHA-256}``.

    The digest is over the canonical form (:func:`bench.records.serial.digest`). An item is secret
    by its name (:data:`SECRET_WORDS`) or because it holds a private key
    (:mod:`bench.ledger.secrets`). Empty values stay: there is nothing to keep.
    """
    if isinstance(value, Mapping):
        return {name: {"removed": digest(item)} if item and _is_secret(name, item)
                else without_secrets(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def manifest(parts: Iterable[Part]) -> bytes:
    """Return the octets of the manifest over ``parts``, which are in the archive's order."""
    return written({"format": FORMAT, "parts": [
        {"name": part.name, "octets": part.octets, "crc32": f"{part.crc32:08x}",
         "sha256": part.sha256} for part in parts]})


def read_manifest(octets: bytes) -> dict[str, Part]:
    """Read what :func:`manifest` wrote; raises :class:`BundleError` for anything else."""
    try:
        said = json.loads(octets)
        parts = [Part(str(row["name"]), int(row["octets"]), int(row["crc32"], 16),
                      str(row["sha256"])) for row in said["parts"]]
        if manifest(parts) == octets:
            return {part.name: part for part in parts}
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise BundleError(f"part {MANIFEST}: it is no manifest of ours") from wrong
    raise BundleError(f"part {MANIFEST}: it is not written as a bundle's manifest is")


def archive_order(names: Iterable[str], redacted: Iterable[str] = ()) -> Sequence[str]:
    """Return the order of the parts ``names`` in an archive, markers in the places of those that
    are ``redacted``; the time stamp's place is the last, whether there is one or not."""
    away = frozenset(redacted)
    inner = sorted(name for name in names if name not in UNLISTED)
    return [*(REDACTED + name if name in away else name for name in inner), *UNLISTED]


def written(value: object) -> bytes:
    """Return plain JSON as the parts hold it: canonical, with a line end."""
    return canonical(value) + b"\n"


def _is_secret(name: str, value: object) -> bool:
    words = name.lower().replace("-", "_")
    return any(f"_{secret}_" in f"_{words}_" or f"_{secret}s_" in f"_{words}_"
               for secret in SECRET_WORDS) or _holds_key(value)


def _holds_key(value: object) -> bool:
    return isinstance(value, str) and any(mark in value.encode() for mark in SECRET_MARKS)


def quoting(chunks: Iterable[bytes | memoryview], text: bytes) -> bool:
    """Return whether ``text`` stands anywhere in the ``chunks``, also across two of them."""
    return any(text in window for window in overlapping(chunks, len(text) - 1))


def overlapping(chunks: Iterable[bytes | memoryview], octets: int) -> Iterator[bytes]:
    """Yield ``chunks``, each after the last ``octets`` of those before it."""
    before = b""
    for chunk in chunks:
        window = before + bytes(chunk)
        yield window
        before = window[-octets:] if octets else b""
