"""A shipped case puts back what it moves, so that no other case depends on which came before it.

Groups are shared out between devices as these become free, hence in no fixed order. What a case
moves on purpose (the supply, the load, the mains, the voltage, a cover, the hub's time) changes
what any later case sees; each must be put back in the postamble, which runs whatever happened
before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bench.records.plan import Step, TestCase

Sees = Callable[[Step], bool]


def does(action: str, **arguments: object) -> Sees:
    """Return whether a step is ``action`` with ``arguments``, and with no others if none."""
    return lambda step: step.action == action and (
        dict(step.arguments) == {} if not arguments
        else arguments.items() <= dict(step.arguments).items())


def obeyed(*use_cases: str) -> Sees:
    """Return whether a step sends one of ``use_cases`` as it is, for an answer."""
    return lambda step: (
        step.action in ("send", "send_in_blocks") and step.arguments["use_case"] in use_cases
        and "mutation" not in step.arguments
        and step.arguments.get("wait", "response") == "response")


def sets(step: Step, **wanted: object) -> bool:
    values = step.arguments.get("values")
    return isinstance(values, Mapping) and wanted.items() <= values.items()


def other_than(action: str, restored: Sees) -> Sees:
    return lambda step: step.action == action and not restored(step)


MOVES: dict[str, tuple[Sees, Sees]] = {
    "supply": (obeyed("ECS43", "ECS44"), obeyed("ECS42")),
    "supply as delivered": (does("supply", state="enabled"),
                            does("supply", state="${steps.supply.found}")),
    "load": (other_than("set_load", does("set_load")), does("set_load")),
    "mains": (does("mains", state="off"), does("mains", state="on")),
    "voltage": (other_than("set_voltage", does("set_voltage", volts=230)),
                does("set_voltage", volts=230)),
    "cover": (other_than("tamper", does("tamper", state="clear")), does("tamper", state="clear")),
    "tamper lock": (lambda step: obeyed("ECS81")(step) and sets(step, locked=True),
                    lambda step: obeyed("ECS81")(step) and sets(step, locked=False)),
}
"""What a case may move -> the steps that do it, and those that put it back."""


def moved(case: TestCase, what: str) -> bool:
    moves, _ = MOVES[what]
    return any(moves(step) for step in (*case.preamble, *case.body))


def left_moved(case: TestCase, what: str) -> bool:
    _, restores = MOVES[what]
    return moved(case, what) and not any(restores(step) for step in case.postamble)


def test_a_case_that_needs_a_load_has_the_supply_enabled_before(
    cases: tuple[TestCase, ...]
) -> None:
    moves, _ = MOVES["load"]
    loaded = [case for case in cases if moved(case, "load")]
    assert len(loaded) > 15
    for case in loaded:
        steps = (*case.preamble, *case.body)
        first = next(number for number, step in enumerate(steps) if moves(step))
        (enabling,) = [step for step in case.preamble[:first] if step.action == "supply"]
        assert enabling.arguments == {"state": "enabled"}, case.id
        assert [one.expression for one in enabling.expect] == ["state == 'enabled'"], case.id


def test_a_case_that_has_moved_the_hubs_time_moves_it_back_by_as_much(
    cases: tuple[TestCase, ...]
) -> None:
    """By what the step observed: where it was not run, nothing is moved back."""
    moving = 0
    for case in cases:
        shifts = [step for step in (*case.preamble, *case.body)
                  if step.action == "shift_reference" and step.arguments["seconds"] != 0]
        back = [step.arguments for step in case.postamble if step.action == "shift_reference"]
        moving += len(shifts)
        assert [step.name for step in shifts] in ([], ["moved"]), case.id
        assert back == [{"seconds": "${0.0 - steps.moved.shifted}"}] * len(shifts), case.id
    assert moving > 15


@pytest.mark.parametrize("what", MOVES)
def test_a_case_puts_back_what_it_moves(cases: tuple[TestCase, ...], what: str) -> None:
    assert [case.id for case in cases if left_moved(case, what)] == []


@pytest.mark.parametrize("what", MOVES)
def test_a_case_that_did_not_put_it_back_would_be_seen(
    cases: tuple[TestCase, ...], what: str
) -> None:
    moving = [case for case in cases if moved(case, what)]
    assert moving
    assert all(left_moved(replace(case, postamble=()), what) for case in moving)
