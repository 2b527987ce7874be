"""Verifying a signed bundle against hashing its octets, and judging it again."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.signer import CryptoSigner

from bench.bundle import TrustedKey, TrustStore, create_bundle, taken_out, verify_bundle
from bench.bundle.archive import CHUNK
from bench.bundle.keys import public_key
from bench.ledger import Ledger, read_ledger
from bench.ledger.capture import Capture
from bench.records.answers import Answers
from bench.records.plan import Selected
from bench.records.run import FrozenPlan
from bench.records.verdict import Disposition
from bench.runner.rejudge import judge_run
from benchmarks.made_up_run import made_up_run
from benchmarks.measure import Result, Target, alternate, stopwatch

CASES = 10_000
CAPTURE = 200_000_000  # octets
TARGET = Target("at least", 0.7)
VERIFY = ("verify_bundle() of a bundle with 10,000 made-up cases and 200 MB of captures "
          "(signature, digests, archive, ledger chain, plan) against SHA-256 over the same file, "
          "read in pieces; time on the clock; speed of ours divided by that of plain SHA-256")
REJUDGE = ("taken_out(), read_ledger() and judge_run() of the same bundle: verified, the ledger "
           "taken out and every case judged again; seconds on the clock")


def run(quick: bool) -> Iterator[Result]:
    """Yield the ratio of verifying, on the clock and in processor time, and how long judging
    takes."""
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as folder:
        path, trust = _bundle(Path(folder), 20 if quick else CASES,
                              CAPTURE // 1000 if quick else CAPTURE)
        now = datetime.now(UTC)

        def ours() -> None:
            if not verify_bundle(path, trust, now).sound:
                raise AssertionError("a sound bundle does not verify")

        size = path.stat().st_size / 1e6
        for name, clock, target in (("bundle: verify", perf_counter, TARGET),
                                    ("bundle: verify, processor time", process_time, None)):
            rounds = alternate({"ours": stopwatch(ours, clock),
                                "peer": stopwatch(lambda: _hash(path), clock)}, 1 if quick else 9)
            yield Result(name, rounds.ratio("peer", "ours"), target, VERIFY,
                         f"{size:.0f} MB: {size / rounds.median('ours'):.0f} MB/s, plain SHA-256 "
                         f"{size / rounds.median('peer'):.0f} MB/s")
        begin = perf_counter()
        with taken_out(path, trust, now) as taken:
            count = len(judge_run(read_ledger(taken.folder)))
        yield Result("bundle: rejudge", None, None, REJUDGE,
                     f"{perf_counter() - begin:.1f} s for {count} cases")


def _bundle(folder: Path, cases: int, octets: int) -> tuple[Path, TrustStore]:
    made = made_up_run(cases)
    selected = tuple(Selected(case, Disposition.SELECTED, "") for case in made.cases.values())
    plan = FrozenPlan(made.outcome.subject, Answers(), "ci", True, selected)
    source, target = folder / "run", folder / "bundle.zip"
    with Ledger.create(source, plan, lambda: datetime.now(UTC)) as ledger:
        for event in made.events:
            ledger.append(event)
        digest = hashlib.sha256()
        with (source / "capture.pcapng").open("wb") as stream:
            for number in range(-(-octets // CHUNK)):
                piece = number.to_bytes(8, "big") * (CHUNK // 8)
                digest.update(piece)
                stream.write(piece)
        ledger.end(complete=True,
                   captures=(Capture("capture.pcapng", digest.hexdigest(), 0),))
    key = ec.generate_private_key(ec.SECP256R1())
    signer = CryptoSigner(key, public_key(key.public_key(), folder))
    create_bundle(source, target, signer, judge=judge_run, now=datetime.now(UTC))
    return target, TrustStore([TrustedKey("the laboratory", signer.public_key)])


def _hash(path: Path) -> None:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            digest.update(buffer[:count])
