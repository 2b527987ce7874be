"""The ledger of a run: hash-chained JSON lines, one writer, read and verified by anyone.

``DIR/ledger.jsonl`` holds the frozen plan first and then all that happened; its form is described
in ``docs/ledger.md``, the reasons in ``docs/adr/0001-hash-chained-json-lines.md``.
"""

from bench.ledger.capture import Capture, write_capture
from bench.ledger.reading import LedgerContents, read_events, read_ledger
from bench.ledger.secrets import refuse_secrets
from bench.ledger.verification import Problem, ProblemKind, check_ledger, verify_ledger
from bench.ledger.writer import Ledger

__all__ = [
    "Capture", "Ledger", "LedgerContents", "Problem", "ProblemKind", "check_ledger",
    "read_events", "read_ledger", "refuse_secrets", "verify_ledger", "write_capture",
]
