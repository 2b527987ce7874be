"""The words that a test plan may use: every action, its port, its arguments, what it observes.

An action is declared once, beside the function that performs it, in the file of its port
(``bench/steps/gbcs.py``, ``time.py`` ...). The plan loader checks cases against these
declarations; the runner calls ``perform``. A step judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from bench.steps.context import Context


class Arguments(BaseModel):
    """Base of every action's arguments: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class EarlierStep:
    """Marks an argument, by ``Annotated``, that is the name of an earlier step of the case.

    ``actions`` are those that the step may be of.
    """

    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Octets that crossed the border to the device, and what they were read as."""

    direction: str  # "sent" or "received"
    octets: bytes
    decoded: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""  # ISO 8601, UTC, of the bench's clock; filled in by the context


@dataclass(frozen=True, slots=True)
class Observation:
    """What a step saw: ``values`` is what CEL expressions may name, plain JSON values."""

    values: Mapping[str, Any]
    frames: tuple[Frame, ...] = ()


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Action(Generic[A]):
    """One word of the vocabulary."""

    name: str
    port: str
    arguments: type[A]
    observes: Mapping[str, str]  # variable -> what it holds
    perform: Callable[[Context, A], Observation]


VOCABULARY: dict[str, Action[Any]] = {}


def action(
    name: str, *, port: str, arguments: type[A], observes: Mapping[str, str]
) -> Callable[[Callable[[Context, A], Observation]], Callable[[Context, A], Observation]]:
    """Declare the decorated function as the action ``name`` of ``port``."""

    def declare(
        perform: Callable[[Context, A], Observation]
    ) -> Callable[[Context, A], Observation]:
        VOCABULARY[name] = Action(name, port, arguments, dict(observes), perform)
        return perform

    return declare
