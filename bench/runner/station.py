"""A station: one rig opened in one process, with the device's identity checked.

The rig is opened when the first case needs it. The device's firmware version is read
(:mod:`bench.runner.identities`) and compared with the declared one before anything else; a
difference refuses every case, and what was sent and received is an ``identity`` event either way.
After the link broke, no case touches the rig again: they are blocked, with the first failure as the
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime

from bench.errors import BenchError, LinkError
from bench.records.answers import Answers, subject_facts
from bench.records.disclosure import Disclosure
from bench.records.event import Event
from bench.records.plan import TestCase
from bench.runner.disclosure import ask, event_of
from bench.runner.engine import DECLARATION, LINK, blocked, frame_data, run_case
from bench.runner.identities import GBCS, IDENTITIES, asking, port_of
from bench.steps.context import Context, Lasting
from bench.steps.disclosure import Disclosed
from bench.steps.identity import Identity
from bench.steps.parties import RemoteParties
from devices.dlms_keys import DlmsKeys, load
from devices.pki import DEVICE, PARTIES_FILE, read_parties
from devices.profile import Profile
from devices.rig import Rig, RigDeclaration, open_rig

IDENTITY = "identity"
"""Kind of the event that a rig's opening leaves; it belongs to no case."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no case can run; ``cause`` as in a ``blocked`` event: ``declaration`` or ``link``."""

    reason: str
    cause: str


class Station:
    """Runs cases, one at a time, on one rig."""

    def __init__(
        self,
        profile: Profile,
        declaration: RigDeclaration,
        clock: Callable[[], datetime],
        *,
        defect: str | None = None,
        seed: int = 0,
        ask: Callable[[str], str] | None = None,
        explained: bool = True,
    ) -> None:
        self.profile = profile
        self.answers = answers_of(profile)
        self.declaration = declaration
        self.clock = clock
        self.defect = defect
        self.seed = seed
        self.ask = ask
        self.explained = explained
        self.refusal: Refusal | None = None
        self._closing = ExitStack()
        self._rig: Rig | None = None
        self._parties: RemoteParties | None = None
        self._keys: DlmsKeys | None = None
        self._lasting: dict[str, Lasting] = {}

    def run(self, case: TestCase, attempt: int) -> Iterator[Event]:
        """Run ``case`` and yield its events; blocked if the rig is not fit.

        The ``identity`` event of the rig comes before those of the first case.
        """
        if self._rig is None and self.refusal is None:
            identity = self._open()
            if identity is not None:
                yield self._identity_event(identity)
        if self.refusal is not None:
            yield from blocked(case, self.clock().isoformat(), attempt,
                               self.refusal.reason, self.refusal.cause)
            return
        for event in run_case(case, self._context(), attempt):
            if event.data.get("cause") == LINK:
                self.refusal = Refusal(f"the rig broke in {case.id}: {event.data['reason']}", LINK)
            yield event

    def disclose(self) -> tuple[Disclosure, tuple[Event, ...]]:
        """Ask the device what it has; return that, and the events that keep it.

        Where the rig cannot be used that is the failure of the disclosure, and every case will be
        blocked.
        """
        events: list[Event] = []
        if self._rig is None and self.refusal is None:
            identity = self._open()
            if identity is not None:
                events.append(self._identity_event(identity))
        seen = Disclosed(Disclosure())
        if self.refusal is None:
            seen = self._ask()
        if self.refusal is not None:
            seen = Disclosed(Disclosure(failures=(self.refusal.reason,)), seen.frames)
        return seen.said, (*events, event_of(seen, self.clock().isoformat()))

    def _ask(self) -> Disclosed:
        try:
            return ask(self.profile, self._context())
        except LinkError as broken:
            self.refusal = Refusal(f"the rig broke in the disclosure: {broken}", LINK)
        except BenchError as failure:
            return Disclosed(Disclosure(failures=(str(failure),)))
        except Exception as crash:  # of the bench or of an adapter: no case may be run with it
            self.refusal = Refusal(f"the disclosure: {type(crash).__name__}: {crash}", LINK)
        return Disclosed(Disclosure())

    def close(self) -> None:
        """Give the rig back; never raises."""
        for one in self._lasting.values():
            with suppress(Exception):  # the line may be gone
                one.hang_up()
        self._closing.close()
        self._rig = None
        self._lasting = {}

    def _open(self) -> Identity | None:
        """Open the rig; return what the device says it is, None if it could not be asked."""
        try:
            self._rig = rig = self._closing.enter_context(
                open_rig(self.declaration, self.profile, defect=self.defect, seed=self.seed,
                         ask=self.ask))
            how = asking(self.profile, rig)
            if port_of(self.profile) == GBCS:
                self._parties = _parties(self.profile, rig, self.clock)
            elif rig.keys is not None:
                self._keys = load(rig.keys)
            identity = how.read(self._context())
        except BenchError as failure:
            self.refusal = Refusal(
                str(failure), LINK if isinstance(failure, LinkError) else DECLARATION)
            return None
        except Exception as crash:  # of a third party's adapter: no case may be run with it
            self.refusal = Refusal(f"the rig: {type(crash).__name__}: {crash}", LINK)
            return None
        declared, found = how.declared(self.profile), identity.firmware_version
        # A recording cannot be asked today what it is; it is never more than a demonstration.
        recorded = rig.emulated and getattr(
            rig.ports[port_of(self.profile)], "recorded", False)
        if found == declared or self.defect or recorded:
            return identity
        if found:
            self.refusal = Refusal(
                f"firmware version: the profile {self.profile.path} declares {declared}, "
                f"the device says {found}", DECLARATION)
        else:
            self.refusal = Refusal(
                f"the device does not state its firmware version ({identity.outcome} after "
                f"the read): {how.doubt(self.profile, rig)}", LINK)
        return identity

    def _identity_event(self, identity: Identity) -> Event:
        return Event(IDENTITY, "", 0, self.clock().isoformat(), {
            "declared": IDENTITIES[port_of(self.profile)].declared(self.profile),
            "found": identity.firmware_version,
            "outcome": identity.outcome,
            "frames": [frame_data(frame) for frame in identity.frames],
        })

    def _context(self) -> Context:
        assert self._rig is not None
        return Context(
            ports=self._rig.ports, answers=self.answers,
            parties=self._parties, clock=self.clock, recordings=self.profile.recordings,
            folder=self.profile.path.parent, launched=self.declaration.launch is not None,
            dlms_keys=self._keys, explained=self.explained, lasting=self._lasting)


def _parties(profile: Profile, rig: Rig, clock: Callable[[], datetime]) -> RemoteParties:
    assert rig.keys is not None  # only a DLMS meter may need none
    named = read_parties(rig.keys) if (rig.keys / PARTIES_FILE).exists() else {}
    device = named.get(DEVICE) or bytes.fromhex(str(profile.ixit["entity_id"]))
    return RemoteParties.load(rig.keys, device, named, clock)


def answers_of(profile: Profile) -> Answers:
    """Return what ``profile`` lets expressions name."""
    return Answers(profile.ics, profile.ixit, subject_facts(profile.subject))
