"""A run in which everything is as it should be, for a test to spoil in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.records.answers import Answers
from bench.records.assurance import LaboratoryRun, Ruling
from bench.records.decision import Decision, RequirementStanding
from bench.records.plan import Link, Selected, TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict
from bench.scheme import Baseline, rule

AT = "2026-03-01"
CLOCK, SUPPLY, LOG, GUESS, EXTRA, APART = (
    "SMETS2/5.5.1", "SMETS2/5.6.3.11", "SMETS2/5.7.5.9", "R-CLK-04", "SMETS2/5.7.5.40", "SEED/S-96")


SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000", "9F" * 32, "A")


def requirement(id_: str, domain: str, **changes: object) -> Requirement:
    made = Requirement(
        id=id_, specification=id_.partition("/")[0], version="5", clause=id_.partition("/")[2],
        text="The meter does it.", devices=("ESME", "GSME"), domain=domain,
        strength="mandatory", introduced_in="2", provenance=Provenance.READ, source="UC4")
    return replace(made, **changes)


def case(id_: str, *requirements: str, group: str = "clock", bite: str = "late",
         fingerprint: str = "0123456789abcdef", applies: str = "") -> TestCase:
    return TestCase(
        fingerprint=fingerprint, applies=applies,
        id=id_, group=group, purpose="", device="esme", ports=("gbcs",),
        verifies=tuple(Link(item, "0") for item in requirements), preamble=(), body=(),
        postamble=(), bite=(bite,) if bite else ())


def passed(id_: str) -> CaseResult:
    return CaseResult(id_, Verdict.PASS, Disposition.SELECTED, "all hold", (), 1, (1,))


def failed(id_: str, *cites: str) -> CaseResult:
    finding = Finding("body", 0, "x == 1", Verdict.FAIL, "x = 2", cites)
    return CaseResult(id_, Verdict.FAIL, Disposition.SELECTED, "x = 2", (finding,), 1, (1,))


@dataclass
class World:
    """Plan, results, catalogue and baseline of one certification."""

    catalogue: dict[str, Requirement] = field(default_factory=lambda: {item.id: item for item in (
        requirement(CLOCK, "functional"),
        requirement(SUPPLY, "functional"),
        requirement(LOG, "security"),
        requirement(GUESS, "functional", provenance=Provenance.MEMORY),
        requirement(EXTRA, "functional", strength="optional"),
        requirement(APART, "interoperability"),
        requirement("CHTS/4.6.3.1", "functional", devices=("CHF",)),
    )})
    cases: dict[str, TestCase] = field(default_factory=lambda: {item.id: item for item in (
        case("C1", CLOCK), case("C2", CLOCK), case("S1", SUPPLY, group="supply"),
        case("L1", LOG, group="logs"), case("G1", GUESS), case("E1", EXTRA))})
    dispositions: dict[str, tuple[Disposition, str]] = field(default_factory=dict)
    results: dict[str, CaseResult] = field(default_factory=lambda: {
        id_: passed(id_) for id_ in ("C1", "C2", "S1", "L1", "G1", "E1")})
    baseline: Baseline = field(default_factory=lambda: Baseline(
        name="SMETS2 ESME", date="2026-01-15", draft=False, device="ESME", variant="A",
        specifications=(("SMETS2", "5"),), plans=("esme",),
        mandatory=(CLOCK, SUPPLY, LOG, GUESS), optional=(EXTRA,),
        outside=((APART, "wants an inspection"),), digest="0" * 64))
    mode: str = "certify"
    suspects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variant: str = "A"
    demonstration: bool = False
    ics: Mapping[str, object] = field(default_factory=dict)

    def run(self, laboratory: str = "", ledger: str = "a" * 64) -> LaboratoryRun:
        """Return the run as a laboratory hands it in."""
        selected = [
            Selected(item, *self.dispositions.get(item.id, (Disposition.SELECTED, "")))
            for item in self.cases.values()]
        plan = FrozenPlan(
            replace(SUBJECT, variant=self.variant), Answers(self.ics), self.mode,
            self.demonstration, tuple(selected), baseline_digest=self.baseline.digest)
        return LaboratoryRun(plan, tuple(self.results.values()), ledger, "", "", laboratory,
                             laboratory and "1" * 64, laboratory and "b" * 64)

    def rule(self, *more: LaboratoryRun, **brought: Any) -> Ruling:
        """Rule on the run and ``more`` of them, with what is brought in beside."""
        given = {"at": AT, **brought}
        return rule(runs=[self.run("North Lab"), *more], catalogue=self.catalogue,
                    baseline=self.baseline, suspects=self.suspects, **given)

    def decide(self) -> tuple[Decision, dict[str, RequirementStanding]]:
        ruling = self.rule()
        return ruling.decision, {line.id: line for line in ruling.requirements}
