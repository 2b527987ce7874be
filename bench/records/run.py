"""The frozen plan of one run: all that must be fixed before the device is touched.

It is the first entry of the ledger, so that the stored events can be judged again, elsewhere and
without the device, by what was planned and not by what the plan files say later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.records.answers import Answers
from bench.records.plan import Selected
from bench.records.subject import Subject


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """Who is tested, against what, with which cases, on which rig, by which tools.

    ``selected`` holds every planned case in full, in plan order, those left out included.
    ``baseline_digest`` is a SHA-256 in 64 hexadecimal digits, "" without a baseline. ``seed`` is
    what the run added to the seed of the rig's emulator.
    """

    subject: Subject
    answers: Answers
    mode: str  # precheck, ci, certify or replay
    demonstration: bool
    selected: tuple[Selected, ...]
    rig: Mapping[str, object] = field(default_factory=dict)
    baseline: str = ""
    baseline_digest: str = ""
    tools: tuple[tuple[str, str], ...] = ()  # name, version
    seed: int = 0
