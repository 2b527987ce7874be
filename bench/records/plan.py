"""A test case as it leaves the plan loader, and the selection of cases for one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.records.verdict import Disposition


@dataclass(frozen=True, slots=True)
class Link:
    """A requirement that a case verifies, with the fingerprint it had when last reviewed."""

    requirement: str  # e.g. "SMETS2/5.6.3.11"
    fingerprint: str  # "" when the link was never reviewed


@dataclass(frozen=True, slots=True)
class Expectation:
    """A CEL expression that must be true of a step's observation."""

    expression: str
    cites: tuple[str, ...]  # requirement ids; never empty


@dataclass(frozen=True, slots=True)
class Step:
    """One action on one port and what must be seen.

    ``arguments`` may hold ``${...}`` templates that the runner resolves when the step runs
    (earlier observations, ICS and IXIT answers); ``for_each`` templates are already resolved.
    """

    action: str  # a name of the vocabulary in bench.steps
    port: str
    arguments: Mapping[str, object]
    expect: tuple[Expectation, ...] = ()
    name: str = ""  # under which later steps find this observation, "" for none
    repeat: object = 1  # how often the action runs, a number or a ``${...}`` template
    line: int = 0


@dataclass(frozen=True, slots=True)
class Generated:
    """The written case behind one that was generated at run time, from a row of the device's.

    ``id`` stands for all of its rows: the written id with EACH in place of its templates.
    """

    id: str
    table: str  # a name of bench.plan.tables.DISCLOSED
    fingerprint: str  # over all that was written and decides a verdict, 16 hexadecimal digits


@dataclass(frozen=True, slots=True)
class TestCase:
    """One collected case: a written one, or one row of a written one's ``for_each``.

    Where a written case is to be generated from what the device discloses and there is no row, one
    case without steps stands for it, of the id of its ``generated``; ``undisclosed`` says why the
    device's rows could not be had, "" where it has none of the kind.
    """

    __test__ = False  # not a pytest class

    id: str
    group: str
    purpose: str
    device: str
    ports: tuple[str, ...]
    verifies: tuple[Link, ...]
    preamble: tuple[Step, ...]
    body: tuple[Step, ...]
    postamble: tuple[Step, ...]
    bite: tuple[str, ...]  # names of defects under which this case must FAIL
    applies: str = ""  # CEL over `ics`; "" means always
    idempotent: bool = False
    sanity: bool = False
    row: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    source: str = ""  # file:line
    policy: str = ""  # section of the security policy: smwan, smhan, transfer, or none
    fingerprint: str = ""  # SHA-256 over all that decides its verdict, 16 hexadecimal digits
    links: tuple[str, ...] = ()  # traits that a rig's link must have (devices.dlms_names)
    generated: Generated | None = None
    undisclosed: str = ""

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids of the requirements that this case verifies."""
        return tuple(link.requirement for link in self.verifies)

    @property
    def remarks_only(self) -> bool:
        """Whether its steps judge nothing: it says why something is not tried, and cannot pass."""
        return bool(self.body) and not any(step.expect for step in self.body)


@dataclass(frozen=True, slots=True)
class Selected:
    """A case with the reason why it is in or out of a run."""

    case: TestCase
    disposition: Disposition  # SELECTED, INAPPLICABLE, NOT_TESTABLE or NOT_RUN
    reason: str
