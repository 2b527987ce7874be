"""Makes one collected case of a written one and a row, and checks what only then is known:
the id, the links, the bite, the arguments."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from bench.errors import BenchError
from bench.expressions import resolve
from bench.plan.document import Place
from bench.plan.mistakes import in_plain_words, nearest
from bench.plan.schema import ID, LINK, PlanHead, WrittenCase
from bench.plan.steps import Report, WrittenStep
from bench.records.plan import Expectation, Link, Step, TestCase
from bench.records.requirement import Requirement
from bench.records.serial import digest
from devices.device_types import DEVICE_TYPES
from devices.dlms_names import TRAITS
from devices.ports import PORTS


@dataclass(slots=True)
class Checks:
    """What the cases of all files are checked against; ``ids`` grows as they are collected."""

    catalogue: Mapping[str, Requirement] | None
    defects: Container[str] | None
    ids: dict[str, str] = field(default_factory=dict)  # id -> file:line

    def ports(self, written: WrittenCase, steps: Iterable[WrittenStep], report: Report) -> None:
        """Check that the case declares the ports of its steps, and none that do not exist."""
        for index, port in enumerate(written.ports):
            if port not in PORTS:
                report(("ports", index), f"no port {port!r}{nearest(port, PORTS)}; "
                                         f"ports are {', '.join(PORTS)}")
        for step in steps:
            if step.action.port and step.action.port not in written.ports:
                report(step.place, f"{step.action.name} uses port {step.action.port!r}, "
                                   "which the case's ports do not list")

    def links(self, written: WrittenCase, report: Report) -> None:
        """Check that what the case asks of a link exists."""
        for index, trait in enumerate(written.links):
            if trait not in TRAITS:
                report(("links", index), f"no link {trait!r}{nearest(trait, TRAITS)}; "
                                         f"links are {', '.join(sorted(TRAITS))}")

    def apart(self) -> Checks:
        """Return the same checks with ids of their own, for a case that is not collected."""
        return Checks(self.catalogue, self.defects)

    def identity(self, id_: str, source: str, report: Report) -> None:
        """Check the form of an id, and that it is the only one."""
        if not re.fullmatch(ID, id_):
            report(("id",), f"id {id_!r}: letters and digits, joined by . _ or -")
        elif id_ in self.ids:
            same = self.ids[id_] == source
            where = "another row; its template must tell the rows apart, ${row.<column>}" \
                if same else self.ids[id_]
            report(("id",), f"id {id_!r} is also that of {where}")
        else:
            self.ids[id_] = source

    def requirement(self, place: Place, id_: str, report: Report) -> None:
        """Check that a requirement exists."""
        if self.catalogue is not None and id_ not in self.catalogue:
            report(place, f"no requirement {id_!r}{nearest(id_, self.catalogue)}")

    def defect(self, place: Place, name: str, report: Report) -> None:
        """Check that a defect exists."""
        if self.defects is not None and name not in self.defects:
            known = self.defects if isinstance(self.defects, Iterable) else ()
            report(place, f"no defect {name!r}{nearest(name, known)}")


def collect(
    written: WrittenCase, steps: Sequence[WrittenStep], row: Mapping[str, Any], *,
    head: PlanHead, source: str, lines: Mapping[tuple[int | str, ...], int], checks: Checks,
    report: Report,
) -> Iterator[TestCase]:
    """Yield the case for ``row``; nothing where its own texts cannot be made."""
    environment = {"row": row} if row else {}
    try:
        id_ = str(resolve(written.id, environment))
        purpose = str(resolve(written.purpose, environment))
        tags = tuple(_spliced(written.tags, environment))
    except BenchError as error:
        report(("id",), str(error))
        return
    checks.identity(id_, source, report)
    verifies = tuple(_links(written, environment, checks, report))
    bite = tuple(_bite(written, environment, checks, report))
    if head.device and not DEVICE_TYPES[head.device].emulated:
        bite = ()  # what no emulator of the kind can show is not proven
    phases: dict[str, list[Step]] = {"preamble": [], "steps": [], "postamble": []}
    requirements = tuple(link.requirement for link in verifies)
    for step in steps:
        collected = _step(step, environment, requirements, lines[step.place], report)
        if collected is not None:
            phases[step.phase].append(collected)
    case = TestCase(
        id=id_, group=head.group, purpose=purpose, device=head.device or "",
        ports=tuple(written.ports), verifies=verifies,
        preamble=tuple(phases["preamble"]), body=tuple(phases["steps"]),
        postamble=tuple(phases["postamble"]), bite=bite, applies=written.applies or "",
        idempotent=written.idempotent, sanity=written.sanity or id_ == head.sanity,
        row=row, tags=tags, source=source, policy=written.policy or head.policy or "",
        links=tuple(written.links),
    )
    yield replace(case, fingerprint=fingerprint_of(case))


def fingerprint_of(case: TestCase) -> str:
    """Return 16 hexadecimal digits over all that decides the verdict of ``case``.

    Left out: its id, group, purpose, tags, source and lines, whether it may be repeated or is a
    sanity case, and the reviewed fingerprints of its links.
    """
    return digest({
        "device": case.device,
        "applies": case.applies,
        "ports": case.ports,
        "row": case.row,
        "verifies": case.requirements,
        "bite": case.bite,
        "phases": [[_deciding(step) for step in phase]
                   for phase in (case.preamble, case.body, case.postamble)],
        **({"links": case.links} if case.links else {}),  # those without one are as they were
    })[:16]


def _deciding(step: Step) -> list[object]:
    expect = [[expectation.expression, expectation.cites] for expectation in step.expect]
    return [step.action, step.port, step.arguments, step.repeat, step.name, expect]


def _links(written: WrittenCase, environment: Mapping[str, object], checks: Checks,
           report: Report) -> Iterator[Link]:
    seen: set[str] = set()
    for place, text in _entries("verifies", written.verifies, environment, report):
        if not re.fullmatch(LINK, text):
            report(place, f"{text!r} is no link: a requirement id, then @fingerprint")
            continue
        requirement, _, fingerprint = text.partition("@")
        if requirement in seen:
            report(place, f"{requirement} is listed twice")
            continue
        seen.add(requirement)
        checks.requirement(place, requirement, report)
        yield Link(requirement, fingerprint.upper())
    if not seen:
        report(("verifies",), "verifies is empty")


def _bite(written: WrittenCase, environment: Mapping[str, object], checks: Checks,
          report: Report) -> Iterator[str]:
    for place, name in _entries("bite", written.bite, environment, report):
        checks.defect(place, name, report)
        yield name


def _entries(key: str, values: Sequence[str], environment: Mapping[str, object],
             report: Report) -> Iterator[tuple[Place, str]]:
    """Yield each entry with its place; a template that gives a list stands for its items."""
    for index, value in enumerate(values):
        try:
            for entry in _spliced([value], environment):
                yield (key, index), entry
        except BenchError as error:
            report((key, index), str(error))


def _spliced(values: Iterable[str], environment: Mapping[str, object]) -> Iterator[str]:
    for value in values:
        made = resolve(value, environment)
        yield from (str(item) for item in (made if isinstance(made, list) else [made]))


def _step(step: WrittenStep, environment: Mapping[str, object], requirements: tuple[str, ...],
          line: int, report: Report) -> Step | None:
    arguments, repeat = step.arguments, step.repeat
    try:
        if step.has_templates:
            arguments = resolve(arguments, environment, partly=True)
        repeat = resolve(repeat, environment, partly=True)
        expect = tuple(_expectations(step, environment, requirements, report))
    except BenchError as error:
        report(step.place, str(error))
        return None
    _check_arguments(step, arguments, report)
    return Step(step.action.name, step.action.port, arguments, expect, step.name, repeat, line)


def _expectations(step: WrittenStep, environment: Mapping[str, object],
                  requirements: tuple[str, ...], report: Report) -> Iterator[Expectation]:
    for place, expectation in step.expect:
        cites = requirements
        if expectation.cites is not None:
            cites = tuple(text.partition("@")[0]
                          for text in _spliced(expectation.cites, environment))
            for id_ in cites:
                if id_ not in requirements:
                    report((*place, "cites"), f"cites {id_!r}, which the case does not verify"
                                              f"{nearest(id_, requirements)}")
        yield Expectation(expectation.that, cites)


def _check_arguments(step: WrittenStep, arguments: Mapping[str, Any], report: Report) -> None:
    """Report wrong arguments; what a template fills in at run time is checked then."""
    try:
        step.action.arguments.model_validate(arguments)
    except ValidationError as error:
        for found in error.errors():
            value, place = _value_at(arguments, found["loc"])
            by_template = step.has_templates and found["type"] not in _KEY_MISTAKES
            if not (by_template and _holds_template(value)):
                report((*step.place, step.action.name, *place),
                       f"{step.action.name}: {in_plain_words(found)}")


_KEY_MISTAKES = frozenset({"missing", "extra_forbidden"})


def _value_at(arguments: Any, location: tuple[int | str, ...]) -> tuple[Any, Place]:
    """Follow pydantic's location as far as the written arguments go (it names union members)."""
    value, place = arguments, list[int | str]()
    for part in location:
        in_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not in_list and not (isinstance(value, Mapping) and part in value):
            break
        value = value[part]
        place.append(part)
    return value, place


def _holds_template(value: object) -> bool:
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, Mapping):
        return any(_holds_template(item) for item in value.values())
    return isinstance(value, list) and any(_holds_template(item) for item in value)
