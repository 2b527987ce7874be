"""Port ``gbcs``: messages made wrong by the hundred, to see that none harms the device.

``malform`` goes through every length and count of a command, one after the other. ``fuzz`` lets
Hypothesis draw examples; it comes with the extra ``fuzz``. The seed is an argument of the
step, so it stands in the plan and in the ledger, and the number of examples is bounded. With one
version of Hypothesis a seed gives the same messages; whatever the version, every message that was
sent is evidence, octet for octet.

After each message a read must be answered: what silences the device is named, and nothing is sent
after it.

Layers of ``fuzz``: ``message`` edits the octets of a protected command, so that nothing of it is
authentic any more; ``payload`` edits the payload and ``structure`` makes a payload out of A-XDR and
DER elements with true and untrue lengths, counts and depths, both under valid protection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from bench.errors import NotTestableHere
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.protection import protect
from bench.protocols.gbcs.structure import CHANGES, LARGEST, WHOLES, malformed
from bench.protocols.gbcs.use_cases import category_of
from bench.steps.context import Context
from bench.steps.exchange import Answer, Heard, exchange
from bench.steps.gbcs import PartyRole, UseCase, one_of
from bench.steps.vocabulary import Arguments, Frame, Observation, action

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MOST = 10_000
"""Examples of one step."""

LONGEST = LARGEST
"""Octets of a payload or message made here."""

# Lengths and counts as a reader may find them: short, long, untrue, indefinite.
_LENGTHS = tuple(bytes.fromhex(text) for text in (
    "00", "01", "02", "7F", "80", "8100", "8180", "81FF", "820000", "82FFFF", "83FFFFFF",
    "84FFFFFFFF", "FF"))
_TAGS = (*range(28), 0x30, 0x31, 0x80, 0xA0, 0xD9, 0xDA, 0xDD, 0xDF, 0xE0, 0xFF)
_DEEPEST = 200


class _Wrong(Arguments):
    """A command of a remote party to be made wrong, and the read that must be answered after."""

    use_case: UseCase
    role: PartyRole = Field("supplier", alias="as")
    values: dict[str, Any] = Field(default_factory=dict)
    probe: UseCase = "ECS52"
    probe_role: PartyRole = Field("supplier", alias="probe_as")


class Malform(_Wrong):
    """Every length and count of a command changed, one at a time, or the whole of it."""

    change: Annotated[str, one_of((*CHANGES, *WHOLES), "change")]


class Fuzz(_Wrong):
    """A command, ``count`` times wrong in ways that ``seed`` draws."""

    layer: Literal["message", "payload", "structure"]
    count: int = Field(100, ge=1, le=MOST)
    seed: int = Field(0, ge=0)


@dataclass(slots=True)
class _Seen:
    """What came of the examples so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    deviations: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    successes: list[str] = field(default_factory=list)
    silenced_by: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """What expressions may name."""
        return {
            "sent": sum(self.outcomes.values()), "outcomes": dict(sorted(self.outcomes.items())),
            "successes": self.successes, "deviations": self.deviations,
            "silenced_by": self.silenced_by,
        }


SEEN = {
    "sent": "how many wrong messages were sent",
    "outcomes": "outcome, as of `send` -> how often",
    "successes": "what was wrong in each message that was answered with success",
    "deviations": "rules that the received messages break",
    "silenced_by": "what was wrong in the message after which a read was not answered, or empty",
}


@action("malform", port="gbcs", arguments=Malform, observes=SEEN)
def malform(context: Context, wanted: Malform) -> Observation:
    """Send a command with each length and count untrue in turn, each followed by a read."""
    seen = _Seen()
    for number in range(MOST):
        command = _command(context, wanted)
        wrong = next(islice(malformed(command, wanted.change), number, None), None)
        if wrong is None or seen.silenced_by:
            break
        octets = wrong.message if wrong.payload is None \
            else _protected(context, command, wrong.payload)
        _try(context, wanted, Answer(command, wanted.use_case), octets, wrong.name, seen)
    return Observation(seen.values, tuple(seen.frames))


@action("fuzz", port="gbcs", arguments=Fuzz, observes={
    **SEEN, "seed": "what the examples were drawn from"})
def fuzz(context: Context, wanted: Fuzz) -> Observation:
    """Send wrong messages, each followed by a read that must be answered."""
    seen = _Seen()

    def attempt(edit: Edit) -> None:
        if seen.silenced_by:
            return
        command = _command(context, wanted)
        if wanted.layer == "message":
            octets = edit(command.encode())[:LONGEST]
        else:
            octets = _protected(context, command, edit(command.payload)[:LONGEST])
        if octets != command.encode():
            _try(context, wanted, Answer(command, wanted.use_case), octets,
                 octets.hex().upper() or "an empty message", seen)

    _examples(wanted, attempt)
    return Observation({**seen.values, "seed": wanted.seed}, tuple(seen.frames))


Edit = Callable[[bytes], bytes]


def _command(context: Context, wanted: _Wrong) -> Message:
    parties = context.parties
    counter = parties.next_counter(parties.entity(wanted.role))
    command: Message = parties.command(wanted.use_case, wanted.role, wanted.values, counter)
    return command


def _protected(context: Context, command: Message, payload: bytes) -> bytes:
    wrong = replace(command, payload=payload, signature=b"", mac=None)
    return protect(wrong, context.parties.keys, category_of(command.message_code)).encode()


def _try(context: Context, wanted: _Wrong, answer: Answer, octets: bytes, name: str,
         seen: _Seen) -> None:
    """Send one wrong message and see whether the device still answers."""
    heard = exchange(context, octets, answer, "quiet")
    seen.outcomes[heard.outcome] += 1
    if heard.result == "success":
        seen.successes.append(name)
    _keep(seen, heard)
    parties = context.parties
    counter = parties.next_counter(parties.entity(wanted.probe_role))
    probe = parties.command(wanted.probe, wanted.probe_role, {}, counter)
    answered = exchange(context, probe.encode(), Answer(probe, wanted.probe), "response")
    if answered.outcome != "response":
        seen.silenced_by = name
        _keep(seen, answered)


def _keep(seen: _Seen, heard: Heard) -> None:
    seen.frames += heard.frames
    seen.deviations += heard.deviations


def _examples(wanted: Fuzz, attempt: Callable[[Edit], None]) -> None:
    """Draw ``count`` edits from the seed and hand each to ``attempt``."""
    try:
        import hypothesis  # noqa: PLC0415  an extra
        from hypothesis.configuration import set_hypothesis_home_dir  # noqa: PLC0415
    except ImportError as absent:
        raise NotTestableHere(
            "fuzzing needs Hypothesis: install smip-bench[fuzz]") from absent
    strategy = _structures() if wanted.layer == "structure" else _edits()

    @hypothesis.seed(wanted.seed)
    @hypothesis.settings(
        max_examples=wanted.count, database=None, deadline=None, derandomize=False,
        phases=(hypothesis.Phase.generate,), suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(strategy)
    def run(edit: Edit) -> None:
        attempt(edit)

    with TemporaryDirectory(prefix="smip-bench-") as folder:
        set_hypothesis_home_dir(folder)  # else it leaves one where the command was given
        try:
            run()
        finally:
            set_hypothesis_home_dir(None)


def _edits() -> SearchStrategy[Edit]:
    """Return edits of octets: one to four of cut, insert, overwrite, repeat, empty."""
    from hypothesis import strategies as st  # noqa: PLC0415

    place = st.floats(0, 1, allow_nan=False)
    octets = st.binary(min_size=1, max_size=16) | st.sampled_from(_LENGTHS)

    def at(given: bytes, where: float) -> int:
        return round(where * len(given))

    single = st.one_of(
        st.builds(lambda a, n: lambda given: given[:at(given, a)] + given[at(given, a) + n:],
                  place, st.integers(1, 64)),
        st.builds(lambda a, new: lambda given: given[:at(given, a)] + new + given[at(given, a):],
                  place, octets),
        st.builds(lambda a, new: lambda given:
                  given[:at(given, a)] + new + given[at(given, a) + len(new):], place, octets),
        st.builds(lambda a, n: lambda given:
                  given[:at(given, a)] + given[at(given, a):] * n, place, st.integers(2, 40)),
        st.just(lambda _: b""),
    )

    def applied(edits: list[Edit]) -> Edit:
        def edit(given: bytes) -> bytes:
            for one in edits:
                given = one(given)[:LONGEST]
            return given
        return edit

    return st.lists(single, min_size=1, max_size=4).map(applied)


def _structures() -> SearchStrategy[Edit]:
    """Return replacements of the whole payload by nested elements, true and untrue."""
    from hypothesis import strategies as st  # noqa: PLC0415

    tag = st.sampled_from(_TAGS).map(lambda number: bytes((number,)))
    leaf = st.builds(lambda t, length, content: t + length + content,
                     tag, st.sampled_from(_LENGTHS), st.binary(max_size=24))

    def nested(inner: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
        def element(t: bytes, items: list[bytes], lie: bytes, honest: bool) -> bytes:
            return t + (bytes((len(items) & 0x7F,)) if honest else lie) + b"".join(items)
        return st.builds(element, tag, st.lists(inner, max_size=4), st.sampled_from(_LENGTHS),
                         st.booleans())

    tree = st.recursive(leaf, nested, max_leaves=12)
    deep = st.builds(lambda t, length, depth, end: (t + length) * depth + end,
                     tag, st.sampled_from(_LENGTHS), st.integers(1, _DEEPEST), leaf)
    opening = st.sampled_from((b"", b"\xd9\x20\0\0\1\0", b"\x01\x09", b"\x30\x80"))
    return st.builds(lambda head, body: lambda _: head + body, opening, tree | deep)
