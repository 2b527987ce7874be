"""The security policy as the report shows it: what the run says of each of its three sections.

The sections are those that the certification must cover (SEED/S-31): messages between remote
parties and devices over the wide area network, messages within the home area network, and what
goes from the one into the other. A plan says to which section its cases belong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.records.decision import RequirementStanding
from reports.evidence import ShownCase

TITLES: Mapping[str, tuple[str, str]] = {
    "smwan": ("Within the SMWAN",
              "Between remote parties and the device: who may do what, authenticity, freshness, "
              "keys and credentials."),
    "smhan": ("Within the SMHAN",
              "Between devices of one home: who may join, leave, and speak to whom."),
    "transfer": ("From the SMWAN into the SMHAN",
                 "What crosses the hub: addressing, confidentiality of what passes, and messages "
                 "that are malformed, misdirected or too large."),
}
"""Section -> title, and what it is about."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section; ``groups`` are plan groups with how often each word occurs in them."""

    title: str
    meaning: str
    cases: int
    groups: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    requirements: tuple[RequirementStanding, ...]


def sections(
    shown: Sequence[ShownCase], requirements: Sequence[RequirementStanding]
) -> tuple[Section, ...]:
    """Return the three sections, each also where no case of the run belongs to it."""
    return tuple(_section(name, shown, requirements) for name in TITLES)


def _section(
    name: str, shown: Sequence[ShownCase], requirements: Sequence[RequirementStanding]
) -> Section:
    members = [item for item in shown if item.case and item.case.policy == name]
    groups = tuple(
        (group, tuple(sorted(Counter(
            item.word for item in members if item.group == group).items())))
        for group in sorted({item.group for item in members}))
    verified = {id_ for item in members for id_ in item.verifies}
    standings = tuple(line for line in sorted(requirements, key=lambda line: line.id)
                      if line.id in verified)
    return Section(*TITLES[name], len(members), groups, standings)
