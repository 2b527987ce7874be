"""Reads the steps of one written case and checks all that does not depend on a ``for_each`` row:
the action, the expressions, the names that they use, the templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import ValidationError

from bench.errors import PlanError
from bench.expressions import Expression, compile_expression, templates
from bench.plan.document import Place
from bench.plan.mistakes import in_plain_words, nearest
from bench.plan.schema import STEP_KEYS, WrittenCase, WrittenExpectation
from bench.records.subject import Subject
from bench.steps import Action
from bench.steps.vocabulary import EarlierStep
from devices.declaration_items import ICS_ITEMS, IXIT_ITEMS

PHASES = ("preamble", "steps", "postamble")
SUBJECT = [field.name for field in fields(Subject)]
DECLARED: Mapping[str, Mapping[str, object]] = {
    "ics": ICS_ITEMS, "ixit": {**IXIT_ITEMS, "dlms": None},
    "subject": dict.fromkeys([*SUBJECT, *(f"{name}_octets" for name in SUBJECT)]),
}
"""What a device profile declares; it holds every item, and no other."""

OBSERVED_OR_DECLARED = frozenset({"steps", *DECLARED})

Report = Callable[[Place, str], None]
"""Takes a place inside the case and what is wrong there."""


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """One step as written; ``place`` leads to it from its case."""

    phase: str
    place: tuple[int | str, ...]
    action: Action[Any]
    arguments: Mapping[str, Any]
    expect: tuple[tuple[tuple[int | str, ...], WrittenExpectation], ...]
    name: str
    repeat: object
    has_templates: bool


@dataclass(slots=True)
class StepReader:
    """Reads the steps of one case in the order in which they run."""

    vocabulary: Mapping[str, Action[Any]]
    with_rows: bool
    report: Report
    named: dict[str, Action[Any] | None] = field(default_factory=dict)
    """Each named step so far with its action; None where that is unknown."""

    row_paths: dict[tuple[str, ...], tuple[int | str, ...]] = field(default_factory=dict)
    """Every ``row.<column>`` that the case uses, with the first place that does."""

    def read(self, case: WrittenCase) -> list[WrittenStep]:
        """Return the steps that can be read; the rest is reported."""
        steps = []
        for phase in PHASES:
            for index, mapping in enumerate(getattr(case, phase)):
                step = self._step(phase, (phase, index), mapping)
                if step is not None:
                    steps.append(step)
        return steps

    def condition(self, place: Place, text: str, variables: Iterable[str]) -> None:
        """Check an expression that knows ``variables``, and ``row`` where there are rows."""
        try:
            self._names(place, compile_expression(text), frozenset(variables))
        except PlanError as error:
            self.report(place, str(error))

    def row_templates(self, place: Place, value: object) -> None:
        """Check templates that are filled in from the row alone."""
        self._templates(place, value, frozenset())

    def _step(self, phase: str, place: tuple[int | str, ...],
              mapping: Mapping[str, Any]) -> WrittenStep | None:
        actions = [key for key in mapping if key not in STEP_KEYS]
        action = self._action(place, actions)
        expect = tuple(self._expectations((*place, "expect"), mapping))
        observed = None if action is None else frozenset(action.observes)
        for spot, expectation in expect:
            self._expectation(spot, expectation, observed)
        name, repeat = mapping.get("name", ""), mapping.get("repeat", 1)
        self._repeat((*place, "repeat"), repeat)
        read = None
        if action is not None:
            arguments = mapping[action.name]
            arguments = {} if arguments is None else arguments
            if isinstance(arguments, Mapping):
                used = self._templates((*place, action.name), arguments, OBSERVED_OR_DECLARED)
                self._named_steps((*place, action.name), action, arguments)
                read = WrittenStep(phase, place, action, arguments, expect, str(name), repeat, used)
            else:
                self.report((*place, action.name), f"{action.name} takes arguments by name")
        self._name((*place, "name"), name, action)
        return read

    def _action(self, place: tuple[int | str, ...], keys: list[str]) -> Action[Any] | None:
        if len(keys) != 1:
            listed = ", ".join(keys) or "none"
            self.report(place, f"a step has exactly one action, this one {listed}")
        for key in keys:
            if key not in self.vocabulary:
                known = (*self.vocabulary, *STEP_KEYS)
                self.report((*place, key), f"unknown action {key!r}{nearest(key, known)}")
        return self.vocabulary.get(keys[0]) if len(keys) == 1 else None

    def _expectations(
        self, place: tuple[int | str, ...], step: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[int | str, ...], WrittenExpectation]]:
        if "expect" not in step:
            return
        given = step["expect"]
        if not given:
            self.report(place, "expect is empty")
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            spot = (*place, index) if isinstance(given, list) else place
            written = {"that": item} if isinstance(item, str) else item
            try:
                yield spot, WrittenExpectation.model_validate(written)
            except ValidationError as error:
                for found in error.errors():
                    self.report((*spot, *found["loc"]), f"expect: {in_plain_words(found)}")

    def _expectation(self, place: tuple[int | str, ...], expectation: WrittenExpectation,
                     observed: frozenset[str] | None) -> None:
        try:
            expression = compile_expression(expectation.that)
        except PlanError as error:
            self.report(place, str(error))
            return
        if observed is not None:
            self._names(place, expression, observed | OBSERVED_OR_DECLARED)
        self.row_templates((*place, "cites"), expectation.cites)

    def _repeat(self, place: Place, repeat: object) -> None:
        if isinstance(repeat, str) and "${" in repeat:
            self._templates(place, repeat, OBSERVED_OR_DECLARED)
        elif isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
            self.report(place, f"repeat is a number from 1 or a template, not {repeat!r}")

    def _named_steps(
        self, place: tuple[int | str, ...], action: Action[Any], arguments: Mapping[str, Any]
    ) -> None:
        """Check the arguments that name an earlier step; a template is left to the run."""
        for key, argument in action.arguments.model_fields.items():
            written = argument.alias or key
            name = arguments.get(written)
            for mark in argument.metadata:
                if isinstance(mark, EarlierStep) and isinstance(name, str) and "${" not in name:
                    self._named_step((*place, written), name, mark)

    def _named_step(self, place: Place, name: str, mark: EarlierStep) -> None:
        if name not in self.named:
            self.report(place, f"no earlier step is named {name!r}{nearest(name, self.named)}")
            return
        action = self.named[name]
        if action is not None and action.name not in mark.actions:
            self.report(place, f"step {name!r} is {action.name}, not {' or '.join(mark.actions)}")

    def _name(self, place: Place, name: object, action: Action[Any] | None) -> None:
        if name == "":
            return
        if not isinstance(name, str) or not re.fullmatch("[a-z_][a-z_0-9]*", name):
            self.report(place, f"name {name!r}: lower-case letters, digits and _")
        elif name in self.named:
            self.report(place, f"an earlier step is named {name!r} too")
        else:
            self.named[name] = action

    def _templates(self, place: Place, value: object, known: frozenset[str]) -> bool:
        """Check the templates in ``value``, each at its own place; say if there were any."""
        inner: Iterable[tuple[int | str, object]] = ()
        if isinstance(value, Mapping):
            inner = value.items()
        elif isinstance(value, list):
            inner = enumerate(value)
        if inner:
            # every one is checked, so no generator that any() would stop
            return True in [self._templates((*place, key), item, known) for key, item in inner]
        try:
            found = list(templates(value))
        except PlanError as error:
            self.report(place, str(error))
            return True
        for expression in found:
            self._names(place, expression, known)
        return bool(found)

    def _names(self, place: Place, expression: Expression, known: frozenset[str]) -> None:
        rows = frozenset({"row"}) if self.with_rows else frozenset()
        for name in sorted(expression.names - known - rows):
            if name == "row":
                self.report(place, "row is known in cases with for_each only")
            else:
                listed = ", ".join(sorted(known | rows))
                self.report(place, f"no variable {name!r} here{nearest(name, known)}; "
                                   f"known are {listed}")
        for path in expression.paths:
            if path[0] == "steps" and "steps" in known:
                self._earlier_step(place, path)
            elif path[0] == "row" and path not in expression.tested:
                self.row_paths.setdefault(path, tuple(place))
            elif path[0] in DECLARED and path[0] in known and len(path) > 1:
                items = DECLARED[path[0]]
                if path[1] not in items:
                    self.report(place, f"no item {'.'.join(path[:2])}{nearest(path[1], items)}")

    def _earlier_step(self, place: Place, path: tuple[str, ...]) -> None:
        if len(path) == 1:
            self.report(place, "say which step: steps.<name>")
        elif path[1] not in self.named:
            self.report(place, f"no earlier step is named {path[1]!r}"
                               f"{nearest(path[1], self.named)}")
        elif len(path) > 2:
            action = self.named[path[1]]
            observed = {} if action is None else action.observes
            if action is not None and path[2] not in observed:
                listed = ", ".join(sorted(observed)) or "nothing"
                self.report(place, f"step {path[1]!r} does not observe {path[2]!r}"
                                   f"{nearest(path[2], observed)}; it observes {listed}")
