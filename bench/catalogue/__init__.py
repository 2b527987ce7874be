"""The requirement catalogue: what a device must do, how sure we are of it, and what verifies it.

``testplans/requirements/*.yaml`` is the source of truth; :func:`load_catalogue` reads it together
with the operator's overlay of confirmations. :func:`coverage` says which cases verify what.
"""

from __future__ import annotations

from bench.catalogue.catalogue import Catalogue, concerns, fingerprint_of
from bench.catalogue.covering import Coverage, coverage
from bench.catalogue.loader import load_catalogue
from bench.catalogue.overlay import OVERLAY_NAME, Confirmation, confirm, read_overlay

__all__ = [
    "OVERLAY_NAME",
    "Catalogue",
    "Confirmation",
    "Coverage",
    "concerns",
    "confirm",
    "coverage",
    "fingerprint_of",
    "load_catalogue",
    "read_overlay",
]
