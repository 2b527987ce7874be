"""Do the parts of a bundle belong together? What they say, held against the frozen plan."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.bundle.contents import ENVELOPE, derived_parts
from bench.bundle.envelope import Evidence
from bench.records.serial import to_json
from bench.scheme.baseline_file import file_digest

FROM_PLAN = ("subject", "mode", "demonstration", "baseline", "baseline_digest")


def plan_flaws(plan: Mapping[str, Any], evidence: Evidence,
               read: Callable[[str], bytes | None]) -> Iterator[tuple[str, str]]:
    """Yield (part, text) for each part that says other things than the ledger's ``plan``.

    ``read`` gives the octets of a part, ``None`` for one that is not there.
    """
    told = to_json(evidence)
    for field in FROM_PLAN:
        if told[field] != plan.get(field):
            yield ENVELOPE, f"its {field} is not that of the ledger's plan"
    try:
        derived = derived_parts(plan)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        yield "ledger.jsonl", "its plan has another form"
        return
    for name, octets in derived.items():
        if read(name) not in (None, octets):
            yield name, "it does not say what the ledger's plan says"


def baseline_flaw(octets: bytes | None, wanted: str) -> str:
    """Return why ``octets`` are not the baseline file of the digest ``wanted``, "" if they are."""
    if octets is None:
        return "it is not in the archive"
    with tempfile.TemporaryDirectory(prefix="smip-bench-") as folder:
        file = Path(folder) / "baseline.yaml"
        file.write_bytes(octets)
        try:
            found = file_digest(file)
        except Exception:  # YAML of a stranger: its reader fails in many ways
            return "it is no baseline"
    if found != wanted:
        return ("it is not the baseline of the run, or was altered after it: its digest is "
                f"{found}, the run was under {wanted}")
    return ""
