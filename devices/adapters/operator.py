"""Ports ``load``, ``mains``, ``controls`` and ``tamper`` by a person who is told what to do.

Every question and answer is kept with the operator's name and the time, for the ledger. An answer
of ``cannot`` (and why) makes the step not testable here; the device is not blamed for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from bench.errors import NotTestableHere, RigError
from devices.adapters.terminal import ask_at_terminal

T = TypeVar("T")

_ATTEMPTS = 3  # how often an answer may be none of those asked for
_DONE = ("", "done", "ok", "yes", "y")
_STATES = {"closed": "closed", "c": "closed", "open": "open", "o": "open"}

_CONTROLS = {"supply_on": "Ask for the supply to be enabled, with the meter's own control"}
_INTERFERENCES = {
    "meter_cover": ("Open the meter cover", "Close the meter cover"),
    "terminal_cover": ("Open the terminal cover", "Close the terminal cover"),
    "battery_cover": ("Open the battery cover", "Close the battery cover"),
    "magnetic_field": ("Hold the test magnet to the meter", "Take the test magnet away"),
}


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """One question and its answer as typed; ``time`` is that of the answer, ISO 8601, UTC."""

    time: str
    operator: str
    question: str
    answer: str


def _system_clock() -> datetime:
    return datetime.now(UTC)


class Operator:
    """A person at the rig. ``name`` is asked for, once, where the rig file does not give it.

    ``ask`` shows a question and returns the answer (default: the terminal); ``clock`` gives the
    time of the records, UTC. Raises :class:`RigError` for any other option.
    """

    provides = ("load", "mains", "controls", "tamper")
    emulated = False

    def __init__(self, *, name: str = "", ask: Callable[[str], str] = ask_at_terminal,
                 clock: Callable[[], datetime] = _system_clock) -> None:
        if not isinstance(name, str):
            raise RigError(f"name: expected text, found {name!r}")
        self._name = name.strip()
        self._ask = ask
        self._clock = clock
        self._records: list[OperatorRecord] = []

    @property
    def records(self) -> tuple[OperatorRecord, ...]:
        """All that was asked and answered, in order."""
        return tuple(self._records)

    def activate(self) -> None:
        """Nothing to prepare: the name is asked for with the first question."""

    def deactivate(self) -> None:
        """Nothing to release; the records stay."""

    # load

    def set(self, *, active_import_w: float = 0, active_export_w: float = 0,
            reactive_import_var: float = 0, reactive_export_var: float = 0) -> None:
        """Have the load set."""
        self._have_done(
            f"Set the load to import {active_import_w:g} W and {reactive_import_var:g} var, "
            f"export {active_export_w:g} W and {reactive_export_var:g} var")

    def energy(self) -> Mapping[str, float]:
        """Have the reference meter read: what has flowed since the run began, Wh and varh."""
        return {
            key: self._number(f"Reference meter since the run began, {text}?")
            for key, text in (
                ("active_import_wh", "active import in Wh"),
                ("active_export_wh", "active export in Wh"),
                ("reactive_import_varh", "reactive import in varh"),
                ("reactive_export_varh", "reactive export in varh"),
            )
        }

    # mains

    def set_voltage(self, volts: float) -> None:
        """Have the supply voltage set (RMS)."""
        self._have_done(f"Set the meter's supply to {volts:g} V")

    def off(self) -> None:
        """Have the meter's supply cut."""
        self._have_done("Switch the meter's supply off")

    def on(self) -> None:
        """Have the meter's supply restored."""
        self._have_done("Switch the meter's supply on")

    # controls

    def press(self, control: str) -> None:
        """Have a consumer's control operated."""
        if control not in _CONTROLS:
            raise NotTestableHere(f"no instruction for an operator about control {control!r}")
        self._have_done(_CONTROLS[control])

    def contactor(self) -> str:
        """Have the load terminals measured: ``closed`` or ``open``."""
        return self._choose("Measure the load terminals: is the contactor closed or open?",
                            _STATES)

    # tamper

    def apply(self, interference: str) -> None:
        """Have an interference begun."""
        self._have_done(_instructions(interference)[0])

    def clear(self, interference: str) -> None:
        """Have an interference ended."""
        self._have_done(_instructions(interference)[1])

    def _have_done(self, instruction: str) -> None:
        self._choose(f"{instruction}. Enter when done, or 'cannot' and why:",
                     dict.fromkeys(_DONE, "done"))

    def _choose(self, question: str, choices: Mapping[str, str]) -> str:
        return self._until(question, lambda answer: choices.get(answer.lower()))

    def _number(self, question: str) -> float:
        return self._until(question, _finite)

    def _until(self, question: str, read: Callable[[str], T | None]) -> T:
        for _ in range(_ATTEMPTS):
            answer = self._answer(question)
            if answer.lower().startswith("cannot"):
                raise NotTestableHere(f"operator {self._name}: {question} {answer}")
            value = read(answer)
            if value is not None:
                return value
        raise NotTestableHere(
            f"operator {self._name} gave no usable answer in {_ATTEMPTS} attempts: {question}")

    def _answer(self, question: str) -> str:
        if not self._name:
            self._name = self._ask("Your name, for the record?").strip()
        if not self._name:
            raise NotTestableHere("an operator without a name cannot be recorded")
        answer = self._ask(question).strip()
        self._records.append(
            OperatorRecord(self._clock().isoformat(), self._name, question, answer))
        return answer


def _instructions(interference: str) -> tuple[str, str]:
    if interference not in _INTERFERENCES:
        raise NotTestableHere(f"no instruction for an operator about {interference!r}")
    return _INTERFERENCES[interference]


def _finite(answer: str) -> float | None:
    try:
        number = float(answer)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
