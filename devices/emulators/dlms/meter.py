"""The whole meter: objects, associations, keys and time, behind one door for APDUs.

Sans-IO: a link connects a client SAP to a server SAP, hands over each APDU that arrives and sends
what :meth:`Meter.take` returns. Time stands still unless ``clock`` moves it or a stimulus does.
Keys that are transferred count from the APDU after the response on; a new global unicast key starts
its counters again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import DataNotification
from bench.protocols.cosem.data import Data
from bench.protocols.dlms.apdu import decode
from bench.protocols.dlms.security.tags import FORMS
from devices.emulators.dlms.counting import Held
from devices.emulators.dlms.guarding import Guard
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.dlms.life import Life, identity
from devices.emulators.dlms.metering import Metering, Past, Timekeeper
from devices.emulators.dlms.model import INITIAL, Parts, build
from devices.emulators.dlms.offers import Offer, offers
from devices.emulators.dlms.opening import Opening
from devices.emulators.dlms.profile import Place, Settings
from devices.emulators.dlms.session import Session
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.stimuli import Calls

FRESH = Settings()
_NO_KEYS: Mapping[Place, MeterKeys] = MappingProxyType({})


class Push(NamedTuple):
    """What the meter sends on its own, and to whom."""

    client: int
    server: int
    apdu: bytes


class Meter:
    """One emulated meter. ``clock`` gives seconds that pass by themselves; by default none do.

    ``further`` has the keys of those associations that have their own, by client and logical
    device; the others share ``keys``.
    """

    def __init__(self, settings: Settings, keys: MeterKeys, *,
                 further: Mapping[Place, MeterKeys] = _NO_KEYS, seed: int = 0,
                 faults: Faults = NONE, clock: Callable[[], float] = float) -> None:
        self.settings, self.faults = settings, faults
        self._shared = Held(keys)
        self._further = {place: Held(own) for place, own in further.items()}
        self._draw = random.Random(seed)  # noqa: S311  reproducible; the meter guards nothing real
        self._clock, self._ticked = clock, clock()
        self._outbox: list[Push] = []
        self._pushes = 0
        self._deaf = False
        self._parts = self._make(settings, seed)
        self._offers = offers(self._parts, self._held)
        for offer in self._offers.values():
            offer.state.secret = keys.low_secret
        self._life = Life(self._parts)
        self._sessions: dict[tuple[int, int], Session] = {}

    # -- the link's side -----------------------------------------------------------------------

    @property
    def servers(self) -> tuple[int, ...]:
        """The SAPs of the logical devices."""
        return tuple(self.settings.devices)

    def offers(self, client: int, server: int) -> bool:
        """Return whether a client has an association in a logical device."""
        return (client, server) in self._offers

    @property
    def powered(self) -> bool:
        """Whether it has its supply; without it, it does nothing."""
        return self._life.powered

    def connect(self, client: int, server: int) -> None:
        """Begin a connection: without an association, whatever was before."""
        place = client, server
        if place in self._sessions and "association-survives-connection" in self.faults:
            return
        self.disconnect(*place)
        if place in self._offers:
            self._sessions[place] = Session(self, self._offers[place])

    def disconnect(self, client: int, server: int) -> None:
        """End a connection, and its association with it."""
        if "association-survives-connection" not in self.faults:
            session = self._sessions.pop((client, server), None)
            if session is not None:
                session.end()

    def take(self, client: int, server: int, apdu: bytes) -> tuple[bytes, ...]:
        """Take one APDU from a client and return what answers it; nothing raises.

        An APDU from or to a SAP that the meter does not have is ignored.
        """
        self._tick()
        if not self.powered or self._deaf:
            return ()
        if "silent-after-odd-apdu" in self.faults and _is_odd(apdu):
            self._deaf = True
            return ()
        session = self._sessions.get((client, server))
        if session is None:
            self.connect(client, server)
            session = self._sessions.get((client, server))
        return session.take(apdu) if session else ()

    def drain(self) -> tuple[Push, ...]:
        """Return what has been pushed since the last time."""
        self._tick()
        drained, self._outbox = tuple(self._outbox), []
        return drained

    def calls(self) -> Calls:
        """Return the stimuli that the meter takes."""
        calls = self._life.calls()
        return {**calls, ("mains", "off"): self._mains_off,
                ("identity", "read"): lambda: identity(self._parts)}

    # -- what a session asks -------------------------------------------------------------------

    def random(self, octets: int, /) -> bytes:
        """Return octets that follow from the seed."""
        return self._draw.randbytes(octets)

    def opening(self, offer: Offer) -> Opening:
        """Return what an association is opened with now."""
        if "association-ends-others" in self.faults:
            self._end_others(offer.settings.server)
        held = self._held(offer.settings.place)
        secret = offer.state.secret if offer.settings.mechanism == "low" \
            else held.keys.high_secret
        title = bytes.fromhex(self.settings.system_title_client)
        keys = held.keys.of_association(self.settings.suite, b"", secret)
        guard = Guard(keys, held.counters.of_association(), offer.setup, random=self.random,
                      faults=self.faults)
        return Opening(offer, guard, secret, title, self.settings.challenge_octets, self.random,
                       self.faults)

    def changed(self) -> None:
        """See what a write or an action has changed."""
        self._life.settle()

    def answered(self) -> None:
        """Let transferred keys count from now on."""
        for held in (self._shared, *self._further.values()):
            if held.settle():
                for place, session in self._sessions.items():
                    if self._held(place) is held:
                        session.use(held.keys)
                self._parts.note("key changed")

    # -- inside --------------------------------------------------------------------------------

    def _make(self, settings: Settings, seed: int) -> Parts:
        metering = Metering(INITIAL)
        rows = settings.profile_rows if settings.past_rows is None else settings.past_rows
        parts = Parts(settings, lambda: self._shared.keys, Timekeeper(settings.start), metering,
                      Past(settings.start, rows, seed, metering), self.faults, self._push)
        build(parts)
        return parts

    def _end_others(self, server: int) -> None:
        for (_, other), session in self._sessions.items():
            if other != server:
                session.end()

    def _held(self, place: Place) -> Held:
        return self._further.get(place, self._shared)

    def _push(self, body: Data) -> None:
        self._pushes += 1
        octets = DataNotification(self._pushes & 0xFFFFFF, b"", body).encode()
        for (client, server), session in self._sessions.items():
            pushed = session.push(octets)
            if pushed is not None:
                self._outbox.append(Push(client, server, pushed))

    def _mains_off(self) -> None:
        self._life.mains_off()
        for place in list(self._sessions):
            self.disconnect(*place)

    def _tick(self) -> None:
        now = self._clock()
        if now > self._ticked:
            self._life.advance(now - self._ticked)
            self._ticked = now


def _is_odd(octets: bytes) -> bool:
    if octets and octets[0] in FORMS:
        return False
    try:
        decode(octets)
    except RemoteProtocolError:
        return True
    return False
