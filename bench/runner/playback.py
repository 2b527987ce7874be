"""A stored run played as the device: today's bench reads and judges the octets of that day.

Steps whose observation follows from their frames alone (:data:`READ_AGAIN`) are performed by the
code of today on the stored frames; every other one (of another port, mutated, in blocks, with
values that only the keys open) is taken over as it was stored, and each step says which. Keys are
not needed: commands are those that were sent, and what was found of a signature or MAC on that day
is taken over. So it tells a fault in reading and judging of that day from one of today, and says
nothing about the protection of a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bench.errors import (
    BenchError,
    Inapplicable,
    Inconclusive,
    LedgerError,
    NotTestableHere,
    ProtocolError,
)
from bench.protocols.gbcs import payloads
from bench.protocols.gbcs.block import is_block
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import Protection, State
from bench.protocols.gbcs.use_cases import name_of
from bench.records.answers import Answers
from bench.records.event import Event
from bench.records.plan import TestCase
from bench.runner.engine import run_case
from bench.steps import VOCABULARY, Action, Frame, Observation
from bench.steps.context import Context
from bench.steps.exchange import Answer
from bench.steps.gbcs import observe
from devices.ports import Received, Reception

READ_AGAIN = frozenset({"send", "send_recorded", "replay", "await_alert", "read_log",
                        "read_profile", "read_settings"})
"""Actions of which all that they observe is in their frames."""
AGAIN = "read again from the stored octets"

_BROKEN_LINE = ("garbage", "partial", "closed")
_NOTHING_TO_SEND = "await_alert"
_ENDED: Mapping[str, type[BenchError]] = {
    "not-testable": NotTestableHere, "not-verifiable": NotTestableHere,
    "inconclusive": Inconclusive, "inapplicable": Inapplicable,
}

Exchange = Sequence[Mapping[str, Any]]
"""The frames of one exchange: what was sent, if anything, and what came after it."""

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Played:
    """The events of a played run; ``how`` says of each step how it was played."""

    events: tuple[Event, ...]
    how: Mapping[Place, str]


def play(case: TestCase, stored: Sequence[Event], answers: Answers, attempt: int = 1) -> Played:
    """Run ``case`` on the events of one attempt as the device; times are those of that day.

    Raises :class:`~bench.errors.LedgerError` where there is no event of the case.
    """
    if not stored:
        raise LedgerError(f"the evidence holds no event of {case.id}: there is nothing to play")
    player = _Player(stored)
    ixit = {**answers.ixit, "max_message_octets": 0}  # whole messages are played
    context = Context(
        ports=dict.fromkeys(case.ports) | {"gbcs": player.line},
        answers=Answers(answers.ics, ixit, answers.subject), parties=player.parties,
        clock=player.now)
    vocabulary = {name: replace(action, perform=player.performing(action))
                  for name, action in VOCABULARY.items()}
    events = tuple(run_case(case, context, attempt, vocabulary=vocabulary))
    return Played(events, player.how)


def moment_of(time: str) -> datetime:
    """Return the time of a stored event; raises :class:`~bench.errors.LedgerError` for none."""
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        raise LedgerError(f"the evidence has an event at {time!r}, which is no time") from None


class _Line:
    """Port ``gbcs``: what was received in the exchanges that are played, then silence."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque()
        self._to_come: deque[Received] = deque()
        self._outcome = ""

    def take(self, exchanges: deque[Exchange], outcome: str, *, listening: bool) -> None:
        """Play ``exchanges`` from now on; ``outcome`` is how the last of them ended."""
        self.exchanges, self._outcome, self._to_come = exchanges, outcome, deque()
        if listening:
            self.send(b"")

    def send(self, message: bytes) -> None:  # noqa: ARG002  the answer is known already
        """Have come what came after the next thing that was sent."""
        frames = self.exchanges.popleft() if self.exchanges else ()
        received = [bytes.fromhex(str(frame["octets"])) for frame in frames
                    if frame.get("direction") == "received"]
        self._to_come = deque(Received(Reception.MESSAGE, octets) for octets in received)
        if received and self._outcome in _BROKEN_LINE and not self.exchanges:
            self._to_come[-1] = Received(Reception(self._outcome), received[-1])

    def receive(self, timeout: float) -> Received:  # noqa: ARG002  nothing more can come later
        """Return the next stored message, or silence at once."""
        return self._to_come.popleft() if self._to_come else Received(Reception.SILENCE)


@dataclass(slots=True)
class _Parties:
    """The remote parties of that day: no keys, the commands that were sent, and what was found."""

    line: _Line
    keys: KeyStore = field(default_factory=KeyStore)
    observed: Mapping[str, Any] = field(default_factory=dict)

    def entity(self, role: str) -> bytes:  # noqa: ARG002  it is in the command
        """Return nothing: who speaks is in the stored command."""
        return b""

    def next_counter(self, originator: bytes) -> int:  # noqa: ARG002  it is in the command
        """Return nothing: the counter is in the stored command."""
        return 0

    last_counter = counter_ahead = next_counter

    def command(self, use_case: str, role: str, values: Mapping[str, Any],
                counter: int) -> Message:
        """Return the command that was sent next on that day."""
        del role, values, counter
        if not self.line.exchanges:
            raise BenchError(f"that day's run sent no further command where {use_case} is sent")
        return parse(bytes.fromhex(str(self.line.exchanges[0][0]["octets"])))

    def protection(self, message: Message) -> Protection:
        """Return what that day's check found, as far as the observation tells it."""
        said = f"{message.cra.name.lower()} {message.message_code:04X}: "
        complaint = next((text.removeprefix(said) for text in self.observed.get("deviations", ())
                          if isinstance(text, str) and text.startswith(said)), "")
        signature = mac = State.ABSENT
        if message.cra is Cra.RESPONSE:
            signature, mac = (State(self.observed.get(name, State.ABSENT))
                              for name in ("signature", "mac"))
        return Protection(signature, mac, "", "", not complaint, complaint)


class _Player:
    """Performs each step of the engine from what was stored of it."""

    def __init__(self, stored: Sequence[Event]) -> None:
        self.line = _Line()
        self.parties = _Parties(self.line)
        self.how: dict[Place, str] = {}
        self._time = stored[0].time
        self._events: dict[Place, Event] = {}
        for event in stored:
            place = event.data.get("phase"), event.data.get("step")
            if event.kind != "operator-answer" and isinstance(place[0], str) \
                    and isinstance(place[1], int):
                self._events[place[0], place[1]] = event
        self._exchanges: dict[Place, deque[Exchange]] = {}

    def now(self) -> datetime:
        """Return the time of the event that is played."""
        return moment_of(self._time)

    def performing(self, action: Action[Any]) -> Callable[[Context, Any], Observation]:
        """Return what performs ``action`` from the recording."""

        def perform(context: Context, wanted: Any) -> Observation:
            event = self._stored(context.place, action.name)
            why_not = _why_not(action.name, wanted, event, context)
            self.how[context.place] = f"as stored: {why_not}" if why_not else AGAIN
            exchanges = self._exchanges.setdefault(
                context.place, deque(_exchanges(event, action.name)))
            if why_not:
                return _taken_over(event, exchanges)
            self.parties.observed = _observed(event)
            self.line.take(exchanges, str(self.parties.observed.get("outcome", "")),
                           listening=action.name == _NOTHING_TO_SEND)
            if action.name == "send_recorded":
                return self._send_recorded(context, wanted)
            return action.perform(context, wanted)

        return perform

    def _stored(self, place: Place, action: str) -> Event:
        event = self._events.get(place)
        if event is None or event.kind == "skipped":
            raise BenchError("the recording ends before this step: that day's run did not do it")
        self._time = event.time
        if event.kind in _ENDED:
            raise _ENDED[event.kind](str(event.data.get("reason", "")))
        if event.kind != "observation":
            raise BenchError(f"as on that day: {event.data.get('reason', event.kind)}")
        if event.data.get("action") != action:
            raise BenchError(f"the recording holds {event.data.get('action')!r} here")
        return event

    def _send_recorded(self, context: Context, wanted: Any) -> Observation:
        """Send what was sent, not the file: it may be another one by now."""
        command = self.parties.command("a recorded command", "", {}, 0)
        answer = Answer(command, wanted.use_case or name_of(command.message_code))
        seen = observe(context, command.encode(), answer, wanted.wait)
        said = {name: value for name, value in self.parties.observed.items()
                if name == "unanswered"}  # by the adapter of that day
        return Observation({**seen.values, **said}, seen.frames)


def _observed(event: Event) -> Mapping[str, Any]:
    observed = event.data.get("observation")
    return observed if isinstance(observed, Mapping) else {}


def _why_not(action: str, wanted: Any, event: Event, context: Context) -> str:
    """Return why a step cannot be read again, "" if it can."""
    received = [bytes.fromhex(str(frame.get("octets", ""))) for frame in _frames(event)]
    reasons = (
        (action not in READ_AGAIN, f"what {action} observes is not in its frames alone"),
        (getattr(wanted, "mutation", ""),
         "the command was made wrong, and what it was before is not stored"),
        (action == "replay" and wanted.of not in context.sent,
         "so was the step that it repeats"),
        (getattr(wanted, "days", None), "the reads depend on the time of the rig"),
        (any(map(is_block, received)), "it went in blocks"),
        (any(map(_encrypted, received)), "values were encrypted, and the keys are not here"),
    )
    return next((text for holds, text in reasons if holds), "")


def _encrypted(octets: bytes) -> bool:
    try:
        return payloads.read(parse(octets), KeyStore()).encrypted
    except ProtocolError:  # that is for the step to see
        return False


def _frames(event: Event) -> list[Mapping[str, Any]]:
    frames = event.data.get("frames")
    return [frame for frame in frames if isinstance(frame, Mapping)] \
        if isinstance(frames, list | tuple) else []


def _exchanges(event: Event, action: str) -> Iterator[Exchange]:
    """Yield the exchanges of a step, those of all its repetitions."""
    frames = _frames(event)
    if action == _NOTHING_TO_SEND or not frames:
        yield frames
        return
    exchange: list[Mapping[str, Any]] = []
    for frame in frames:
        if frame.get("direction") == "sent" and exchange:
            yield exchange
            exchange = []
        exchange.append(frame)
    yield exchange


def _taken_over(event: Event, exchanges: deque[Exchange]) -> Observation:
    """Return the stored observation; all frames of a repeated step come with its first one."""
    frames = tuple(
        Frame(str(frame.get("direction", "")), bytes.fromhex(str(frame.get("octets", ""))),
              frame.get("decoded") or {}, str(frame.get("time", "")))
        for exchange in exchanges for frame in exchange)
    exchanges.clear()
    return Observation(_observed(event), frames)
