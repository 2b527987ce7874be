"""How a dispute may end: what a replay must show for each outcome, and what follows from it.

Pure. The outcome itself is the certification body's to say (SEED: in a dispute it settles by its
evidence); here is only what would contradict that evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.records.register import Dispute, DisputeOutcome
from bench.records.replay import Replay

FOLLOWS: Mapping[DisputeOutcome, tuple[str, str]] = {
    DisputeOutcome.UPHELD: ("nothing changes", "nothing changes"),
    DisputeOutcome.CORRECTED: (
        "the certificate rests on a verdict that did not stand: decide anew on the corrected one, "
        "and suspend or withdraw it until then, with `smip-bench register suspend` or `withdraw`",
        "the laboratory writes the report anew; a certificate can then be granted on it"),
    DisputeOutcome.PLAN_ERRATUM: (
        "the case is wrong: correct the plan, date a new baseline, and look at every certificate "
        "that is marked", "the case is wrong: correct the plan, date a new baseline, and have the "
        "device tested under it"),
    DisputeOutcome.BENCH_FAULT: (
        "the bench was wrong: suspend the certificate with `smip-bench register suspend` until the "
        "case was run again on a bench that is mended",
        "the bench was wrong: have the case run again on a bench that is mended"),
}
"""Outcome -> what must happen with a certificate, and where there is none."""


def misfits(dispute: Dispute, rests_on: Sequence[str], outcome: DisputeOutcome,
            replay: Replay) -> Iterator[str]:
    """Yield why ``outcome`` cannot rest on ``replay``; ``rests_on`` are the ledgers of the
    evidence, by the hashes of their last entries."""
    if replay.case != dispute.case:
        yield f"it is of case {replay.case}, the dispute over {dispute.case}"
    if replay.stored.ledger_hash not in rests_on:
        yield (f"it is of other evidence, which ends in {replay.stored.ledger_hash}; that of the "
               f"dispute ends in {' or '.join(rests_on)}")
    if dispute.fingerprint not in ("", replay.fingerprints.stored):
        yield (f"it is of the case with fingerprint {replay.fingerprints.stored}, the dispute over "
               f"{dispute.fingerprint}")
    disputed = dispute.verdict or replay.reported
    if outcome is DisputeOutcome.CORRECTED and {disputed or replay.verdicts[0]} == \
            set(replay.verdicts):
        yield f"it gives no other verdict than the disputed one, {replay.verdicts[0]}"
