"""What the runner writes down while a case runs: the judge's only input.

Kinds and the ``data`` they carry:

==================  ==========================================================================
``identity``        ``{declared, found, outcome, frames}``: a rig was opened and its device asked
                    for its firmware version: the version in the profile, the one that
                    the device gave ("" for none), how it answered, frames as below. Of no case:
                    ``case`` is "" and ``attempt`` 0
``disclosure``      ``{tables, failures, frames}``: the device was asked what it has, before the
                    plan was frozen: rows by table (:data:`bench.plan.tables.DISCLOSED`), and what
                    could not be had. Of no case too
``case-started``    ``{attempt}``
``observation``     ``{phase, step, action, port, arguments, observation, frames}``:
                    ``observation`` is the flat mapping that CEL sees, plain JSON values;
                    ``frames`` lists ``{direction, octets (hex), time, decoded}``; ``decoded``
                    is the human reading of the octets, made when they were seen
``skipped``         ``{phase, step, reason}``: the step was not run
``not-testable``    ``{phase, step, reason}``: the rig lacks the means
``not-verifiable``  ``{phase, step, reason}``: keys or means to check are missing
``inconclusive``    ``{phase, step, reason}``: the step could tell neither that the device is right
                    nor that it is wrong. ``{reason}`` alone: the cases that this one stands for
                    could not be generated
``inapplicable``    ``{phase, step, reason}``: what the case is about is not there, and the device
                    need not have it
``bench-error``     ``{phase, step, reason, octets, cause}``: the bench, the rig or a worker
                    broke; ``cause`` is ``link`` (the way to the device) or ``bench``
``blocked``         ``{reason, cause}``: the case could not start; ``cause`` is ``declaration``
                    (the profile or rig file is wrong, or another device answers) or ``link``
``operator-answer`` ``{phase, step, name, question, answer}``; its time is that of the answer
``case-ended``      ``{}``
==================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; ``data`` holds plain JSON values only, octets as hex text."""

    kind: str
    case: str
    attempt: int
    time: str  # ISO 8601, UTC, of the bench's clock
    data: Mapping[str, object] = field(default_factory=dict)
    sequence: int = -1  # the ledger's, once stored
