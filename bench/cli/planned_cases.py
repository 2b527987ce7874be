"""Which cases a baseline plans, by id, with the fingerprint of each.

A baseline freezes them beside its file; a draft, which does not, has those of its plans as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.catalogue import Catalogue
from bench.plan import for_device, load_plans
from bench.resources import ROOT
from bench.scheme import load_baseline
from bench.scheme.case_list import fingerprints


def planned_cases(baseline: Path, catalogue: Catalogue) -> tuple[str, Mapping[str, str]]:
    """Return the digest of a baseline file and the cases that it plans: id to fingerprint."""
    loaded = load_baseline(baseline, catalogue)
    if loaded.cases:
        return loaded.digest, loaded.cases
    paths = [ROOT / "testplans" / plan for plan in loaded.plans]
    cases = for_device(load_plans(paths), loaded.device)
    return loaded.digest, fingerprints(cases)
