"""Real time is waited for, people are asked; what neither can do is not testable here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.errors import NotTestableHere, RigError
from devices.adapters import terminal
from devices.adapters.operator import Operator, OperatorRecord
from devices.adapters.wait import Wait
from devices.ports import PORTS

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_time_is_waited_for() -> None:
    waited: list[float] = []
    wait = Wait(max_wait_s=60, sleep=waited.append, clock=lambda: NOON)
    wait.advance(60)
    wait.advance(0)
    assert waited == [60, 0]
    assert wait.now() == NOON
    assert isinstance(wait, PORTS["time"])


def test_the_reference_is_this_computer_s_clock_in_utc() -> None:
    assert abs(Wait().now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert Wait().now().utcoffset() == timedelta(0)


def test_a_wait_too_long_names_the_time_it_needs() -> None:
    waited: list[float] = []
    with pytest.raises(NotTestableHere, match=r"397 days.*at most 3600 s"):
        Wait(sleep=waited.append).advance(397 * 86_400)
    assert waited == []


@pytest.mark.parametrize("call", [
    lambda wait: wait.advance(-1), lambda wait: wait.shift_reference(11),
    lambda wait: wait.synchronise(),
])
def test_what_real_time_cannot_do_is_not_testable_here(call: Callable[[Wait], None]) -> None:
    with pytest.raises(NotTestableHere):
        call(Wait())


@pytest.mark.parametrize("longest", [0, -1, "1 h", True, None])
def test_a_longest_wait_is_a_number_above_zero(longest: float) -> None:
    with pytest.raises(RigError, match="max_wait_s"):
        Wait(max_wait_s=longest)


class Person:
    """Answers questions from a list, and remembers them."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


def operator(*answers: str, name: str = "A. Tester") -> tuple[Operator, Person]:
    person = Person(*answers)
    return Operator(name=name, ask=person, clock=lambda: NOON), person


def test_it_serves_four_ports() -> None:
    adapter, _ = operator()
    assert set(adapter.provides) == {"load", "mains", "controls", "tamper"}
    assert all(isinstance(adapter, PORTS[port]) for port in adapter.provides)
    assert not adapter.emulated


@pytest.mark.parametrize(("call", "words"), [
    (lambda o: o.set(active_import_w=1000), "import 1000 W"),
    (lambda o: o.set_voltage(253), "253 V"),
    (lambda o: o.off(), "off"),
    (lambda o: o.on(), "on"),
    (lambda o: o.press("supply_on"), "supply"),
    (lambda o: o.apply("magnetic_field"), "Hold the test magnet"),
    (lambda o: o.clear("magnetic_field"), "Take the test magnet away"),
    (lambda o: o.apply("terminal_cover"), "Open the terminal cover"),
    (lambda o: o.clear("meter_cover"), "Close the meter cover"),
])
def test_a_person_is_told_what_to_do(call: Callable[[Operator], None], words: str) -> None:
    adapter, person = operator("")
    call(adapter)
    assert words in person.asked[0]


def test_answers_are_recorded_with_name_and_time() -> None:
    adapter, person = operator("B. Tester", "", "open", name="")
    adapter.off()
    assert adapter.contactor() == "open"
    assert "name" in person.asked[0]
    assert adapter.records == tuple(
        OperatorRecord("2026-07-01T12:00:00+00:00", "B. Tester", question, answer)
        for question, answer in zip(person.asked[1:], ["", "open"], strict=True))


def test_a_person_without_a_name_is_not_recorded() -> None:
    adapter, _ = operator(" ", name="")
    with pytest.raises(NotTestableHere, match="name"):
        adapter.off()
    assert adapter.records == ()


def test_what_the_person_cannot_do_is_not_testable_here() -> None:
    adapter, _ = operator("Cannot, the source is broken")
    with pytest.raises(NotTestableHere, match="the source is broken"):
        adapter.set_voltage(253)
    assert len(adapter.records) == 1


@pytest.mark.parametrize(("answer", "state"), [("C", "closed"), ("closed", "closed"),
                                               ("o", "open"), (" Open ", "open")])
def test_the_contactor_is_one_of_two(answer: str, state: str) -> None:
    assert operator("perhaps", answer)[0].contactor() == state


def test_answers_that_are_none_end_after_three() -> None:
    adapter, person = operator("eh", "what", "hm", "closed")
    with pytest.raises(NotTestableHere, match="no usable answer in 3"):
        adapter.contactor()
    assert len(person.asked) == 3


def test_the_reference_meter_is_read_as_numbers() -> None:
    adapter, person = operator("1500.5", "0", "nan", "many", "20", "0")
    assert adapter.energy() == {
        "active_import_wh": 1500.5, "active_export_wh": 0.0,
        "reactive_import_varh": 20.0, "reactive_export_varh": 0.0}
    assert len(person.asked) == 6


@pytest.mark.parametrize("call", [lambda o: o.press("self_destruct"), lambda o: o.apply("flood")])
def test_what_nobody_has_an_instruction_for_is_not_testable_here(
    call: Callable[[Operator], None]
) -> None:
    adapter, person = operator()
    with pytest.raises(NotTestableHere, match="no instruction"):
        call(adapter)
    assert person.asked == []


def test_a_name_is_text() -> None:
    with pytest.raises(RigError, match="name"):
        Operator(name=7)  # type: ignore[arg-type]


def test_without_a_terminal_a_person_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = str(tmp_path / "absent" / "tty")
    monkeypatch.setattr(terminal, "_POSIX", (absent, absent))
    monkeypatch.setattr(terminal, "_DEVICES", {})
    with pytest.raises(NotTestableHere, match="no terminal"):
        Operator(name="A. Tester").off()


def test_the_terminal_shows_the_question_and_gives_the_line_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyboard, screen = tmp_path / "keyboard", tmp_path / "screen"
    keyboard.write_text(" open \n")
    monkeypatch.setattr(terminal, "_POSIX", (str(keyboard), str(screen)))
    monkeypatch.setattr(terminal, "_DEVICES", {})
    assert terminal.ask_at_terminal("Closed or open?") == "open"
    assert screen.read_text() == "Closed or open? "
    keyboard.write_text("")
    with pytest.raises(NotTestableHere, match="closed on the question"):
        terminal.ask_at_terminal("Closed or open?")
