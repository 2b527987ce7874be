"""Signed evidence: one file that holds a run, and what it takes to believe it.

``create_bundle`` makes it from a run's folder, ``verify_bundle`` checks it offline,
``redact_bundle`` takes parts out, ``taken_out`` gives the ledger to a judge. The form is described
in ``docs/bundle.md``, the reasons in ``docs/adr/0006-signed-bundles.md``.
"""

from bench.bundle.creation import create_bundle
from bench.bundle.envelope import PREDICATE_TYPE, Evidence
from bench.bundle.errors import BundleError, KeyFileError
from bench.bundle.keys import read_signer, read_token_signer
from bench.bundle.redaction import redact_bundle
from bench.bundle.taking_out import TakenOut, taken_out
from bench.bundle.trust import TrustedKey, TrustStore, read_trust
from bench.bundle.verification import Finding, FindingKind, Verification, verify_bundle

__all__ = [
    "PREDICATE_TYPE", "BundleError", "Evidence", "Finding", "FindingKind", "KeyFileError",
    "TakenOut", "TrustStore", "TrustedKey", "Verification", "create_bundle", "read_signer",
    "read_token_signer", "read_trust", "redact_bundle", "taken_out", "verify_bundle",
]
