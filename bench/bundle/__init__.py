"""Signed evidence: one file that holds a run, and what it takes to believe it.

``create_bundle`` makes it from a run's folder, ``verify_bundle`` checks it offline,
``stamp_bundle`` adds an authority's time stamp, ``redact_bundle`` takes parts out, ``taken_out``
gives the ledger to a judge. The form is described in ``docs/bundle.md``, the reasons in
``docs/adr/0006-signed-bundles.md`` and ``docs/adr/0007-time-stamps.md``.
"""

from bench.bundle.authorities import Authorities, read_authorities
from bench.bundle.creation import create_bundle
from bench.bundle.envelope import PREDICATE_TYPE, Evidence
from bench.bundle.errors import BundleError, KeyFileError
from bench.bundle.findings import Finding, FindingKind, Verification
from bench.bundle.keys import read_signer, read_token_signer
from bench.bundle.redaction import redact_bundle
from bench.bundle.stamping import stamp_bundle, stamp_request
from bench.bundle.taking_out import TakenOut, taken_out
from bench.bundle.time_stamp import TimeStamp
from bench.bundle.trust import TrustedKey, TrustStore, read_trust
from bench.bundle.verification import verify_bundle

__all__ = [
    "PREDICATE_TYPE", "Authorities", "BundleError", "Evidence", "Finding", "FindingKind",
    "KeyFileError", "TakenOut", "TimeStamp", "TrustStore", "TrustedKey", "Verification",
    "create_bundle", "read_authorities", "read_signer", "read_token_signer", "read_trust",
    "redact_bundle", "stamp_bundle", "stamp_request", "taken_out", "verify_bundle",
]
