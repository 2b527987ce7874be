"""Decides which cases a run holds, and says why for each: in or out, nothing is silent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bench.errors import PlanError, ProfileError
from bench.expressions import AbsentValue, Expression, ExpressionError, compile_expression
from bench.plan.left_out import touched
from bench.records.plan import Selected, TestCase
from bench.records.verdict import Disposition

CASE_NAMES = ("bite", "device", "group", "id", "policy", "ports", "purpose", "row", "sanity",
              "tags", "verifies")
"""What the expression of a selection may name; ``verifies`` holds requirement ids."""


def for_device(cases: Iterable[TestCase], device_type: str) -> tuple[TestCase, ...]:
    """Return the cases for devices of ``device_type`` (``ESME``), in the order given.

    A case of another kind of device is no part of a run: it says nothing of this one.
    """
    return tuple(case for case in cases if case.device == device_type.casefold())


def select(
    cases: Iterable[TestCase],
    ics: Mapping[str, Any],
    ports: Collection[str],
    *,
    traits: Collection[str] = (),
    expression: str = "",
    left_out: Sequence[str] = (),
) -> tuple[Selected, ...]:
    """Return every case with its disposition and the reason, in the order given.

    ``NOT_RUN``: left out by ``expression``, CEL over :data:`CASE_NAMES`, or because it touches what
    the profile leaves out of the test (:mod:`bench.plan.left_out`); ``INAPPLICABLE``: its
    ``applies`` is false for the answers ``ics``, or the device discloses nothing that it could be
    generated from; ``NOT_TESTABLE``: the rig's ``ports``, or the ``traits`` of its link, lack one
    that it needs; ``SELECTED`` otherwise.

    Raises :class:`PlanError` for an expression that is wrong or gives neither true nor false, and
    :class:`ProfileError`, with one line for each, where ``ics`` does not answer what ``applies``
    asks.
    """
    chosen = _chosen(expression)
    unanswered: dict[str, None] = {}
    selected = []
    for case in cases:
        if chosen is not None and not _truth(chosen, _fields(case), "the selection"):
            selected.append(Selected(case, Disposition.NOT_RUN, f"left out by {expression}"))
            continue
        asked = compile_expression(case.applies) if case.applies else None
        if asked is not None and (missing := _unanswered(asked, ics)):
            for item in missing:
                unanswered[f"{case.source}: {case.id} asks {item}, which the ICS does not answer"] \
                    = None
            continue
        found = _judged(case, asked, ics, ports, traits)
        if found.disposition is Disposition.SELECTED and (what := touched(case, left_out)):
            found = Selected(case, Disposition.NOT_RUN,
                             f"left out by the profile: do_not_test names {what}")
        selected.append(found)
    if unanswered:
        raise ProfileError("\n".join(unanswered))
    return tuple(selected)


def _judged(case: TestCase, asked: Expression | None, ics: Mapping[str, Any],
            ports: Collection[str], traits: Collection[str]) -> Selected:
    answers = "applies always"
    if asked is not None:
        applies = _truth(asked, {"ics": ics, "row": case.row}, f"{case.source}: applies")
        answers = _answers(asked, ics, case.row)
        if not applies:
            return Selected(case, Disposition.INAPPLICABLE, answers)
    lacking = [port for port in case.ports if port not in ports]
    if lacking:
        noun = "port" if len(lacking) == 1 else "ports"
        return Selected(case, Disposition.NOT_TESTABLE,
                        f"the rig has no {noun} {', '.join(lacking)}")
    if missing := [trait for trait in case.links if trait not in traits]:
        return Selected(case, Disposition.NOT_TESTABLE,
                        f"the rig's link is not {' and '.join(missing)}")
    if case.generated and not case.body and not case.undisclosed:
        return Selected(case, Disposition.INAPPLICABLE,
                        f"the device discloses no such row of {case.generated.table}")
    return Selected(case, Disposition.SELECTED, answers)


def _chosen(expression: str) -> Expression | None:
    if not expression:
        return None
    compiled = compile_expression(expression)
    if unknown := sorted(compiled.names - set(CASE_NAMES)):
        raise PlanError(f"no variable {unknown[0]!r} in the selection {expression!r}; "
                        f"known are {', '.join(CASE_NAMES)}")
    return compiled


def _fields(case: TestCase) -> dict[str, object]:
    return {name: getattr(case, name) for name in CASE_NAMES} | {"verifies": case.requirements}


def _truth(expression: Expression, environment: Mapping[str, object], where: str) -> bool:
    try:
        value = expression.evaluate(environment)
    except (AbsentValue, ExpressionError) as error:
        raise PlanError(f"{where}: {error}") from error
    if not isinstance(value, bool):
        raise PlanError(f"{where}: {expression.text} gives {value!r}, neither true nor false")
    return value


def _unanswered(asked: Expression, ics: Mapping[str, Any]) -> list[str]:
    """Return the items that ``asked`` names and ``ics`` lacks; CEL itself would not evaluate all
    of them (``a || b``), and a profile must not be right by luck."""
    missing = []
    for path in asked.paths:
        if path in asked.tested:
            continue
        value: Any = ics
        for part in path[1:] if path[0] == "ics" else ():
            if not isinstance(value, Mapping):
                break
            if part not in value:
                missing.append(".".join(path))
                break
            value = value[part]
    return missing


def _answers(asked: Expression, ics: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return the items that ``asked`` names with the answers given, else its text."""
    told = []
    for path in asked.paths:
        value: Any = {"ics": ics, "row": row}
        for part in path:
            if not isinstance(value, Mapping) or part not in value:
                break
            value = value[part]
        else:
            if len(path) > 1:
                told.append(f"{'.'.join(path)} = {_written(value)}")
    return ", ".join(told) or asked.text


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
