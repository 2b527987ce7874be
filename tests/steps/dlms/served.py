"""An emulated meter behind the port ``dlms``, without a line: octets in, octets out, no waiting.

The meter and its stations are the emulator's own; the declaration is that of the shipped profile,
with short time-outs. Time passes by the port ``time`` alone, for what the meter does not answer.
"""

from __future__ import annotations

import copy
import itertools
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.protocols.dlms.explain import Conversation
from bench.protocols.dlms.security.keys import Keys
from bench.records.answers import Answers
from bench.resources import ROOT
from bench.steps import VOCABULARY
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue
from bench.steps.dlms.evidence import Evidence
from bench.steps.vocabulary import Observation
from devices import dlms_keys
from devices.dlms_declaration import Hdlc
from devices.emulators.dlms import declared as declarations
from devices.emulators.dlms.hdlc_server import HdlcServer
from devices.emulators.dlms.keys import MeterKeys, derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import Place, Settings, load_settings
from devices.emulators.dlms.wrapper_server import WrapperServer
from devices.ports import Arrival, Arrived
from devices.profile import load_profile

CLIENT_TITLE = b"BEN\0\0\0\0\1"
PROFILE = ROOT / "devices/profiles/emulated-dlms-meter.yaml"
BY_SHORT_NAMES = ROOT / "devices/profiles/emulated-dlms-sn.yaml"
WITH_SUITE = {number: ROOT / f"devices/profiles/emulated-dlms-suite-{number}.yaml"
              for number in (1, 2)}
FURTHER = {(49, 1): "authenticated", (50, 1): "encrypted"}
SHORT = {"inter_octet_s": 0.01, "response_s": 0.05, "inactivity_s": 60}


class ServedMeter:
    """Port ``dlms`` with a meter behind it, and port ``time`` of it."""

    def __init__(self, meter: Meter, framing: str, hdlc: Hdlc) -> None:
        self.framing = framing
        self.meter = meter
        self.passed = 0.0
        self._server: Any = WrapperServer(meter) if framing == "wrapper" \
            else HdlcServer(meter, hdlc)
        self._waiting: list[bytes] = []

    def connect(self) -> None:
        self._waiting.clear()
        self._server.closed()

    def disconnect(self) -> None:
        self.connect()

    def advance(self, seconds: float) -> None:
        self.passed += seconds
        self._server.time_passed(self._now)

    def send(self, octets: bytes) -> None:
        self._server.receive(octets, self._now)
        self._waiting += self._server.outgoing()

    def receive(self, timeout: float) -> Arrived:
        if not self._waiting:
            self._server.time_passed(self._now)
            self._waiting += self._server.outgoing()
        now = time.monotonic()
        if self._waiting:
            return Arrived(self._waiting.pop(0), now)
        return Arrived(b"", now, Arrival.SILENCE)

    @property
    def _now(self) -> float:
        return time.monotonic() + self.passed


@lru_cache
def _declared(profile: Path) -> Any:
    return load_profile(profile).ixit["dlms"]


def declaration(settings: Settings, profile: Path = PROFILE) -> dict[str, Any]:
    """Return ``ixit.dlms`` of a meter with ``settings``: what ``profile`` declares, and what of
    the associations is changed here."""
    declared: dict[str, Any] = copy.deepcopy(dict(_declared(profile)))
    for link in declared["link"].values():
        link.update({name: value for name, value in SHORT.items()
                     if "lower" in link or name != "inter_octet_s"})
    if declared["images"]:
        declared["images"] |= {"verification_s": 0.05, "activation_s": 0.05}
    names = {(one["client"], one["server"]): name for name, one in declared["associations"].items()}
    for one in settings.associations:
        if not settings.suite:
            declared["associations"][names[one.place]]["policy"] = one.policy
        declared["associations"][names[one.place]] |= {
            "conformance": list(one.conformance), "max_pdu": one.max_pdu}
    return declared


def further_keys(seed: int, title: bytes) -> dict[Place, MeterKeys]:
    """Return the keys of the associations that have their own, by client and logical device."""
    return {place: replace(derived(seed + place[0]), title=title) for place in FURTHER}


def keys_of(keys: MeterKeys, further: Mapping[Place, MeterKeys]) -> dict[str, Keys]:
    """Return the keys of the client's side."""
    held = {"hls": keys} | {FURTHER[place]: own for place, own in further.items()}
    return dict.fromkeys(("lls", "second-lls"), Keys(secret=keys.low_secret)) | {name: Keys(
        suite=0, own_title=CLIENT_TITLE, global_unicast=one.global_unicast,
        authentication=one.authentication, master=one.master) for name, one in held.items()}


@lru_cache
def _parties(profile: Path, seed: int) -> tuple[MeterKeys, Mapping[Place, MeterKeys],
                                                Mapping[str, Keys]]:
    """Return the keys of the meter that ``profile`` declares, with those of associations that have
    their own, and of its clients by association, as a rig makes them."""
    meter = declarations.load(profile)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "keys"
        dlms_keys.make(place, dlms_keys.needed(_declared(profile)), seed=str(seed))
        held = dlms_keys.load(place)
        return (declarations.meter_keys(place, meter), declarations.further_keys(place, meter),
                {name: held.of(one["keys"]).client
                 for name, one in _declared(profile)["associations"].items() if one["keys"]})


def served_with_suite(number: int, *faults: str, **more: Any) -> Context:
    """Return a context whose rig is the emulated meter with security suite 1 or 2."""
    settings = load_settings(WITH_SUITE[number]).model_copy(update={"past_rows": 60})
    return served("wrapper", *faults, settings=settings, profile=WITH_SUITE[number], **more)


def served(framing: str = "wrapper", *faults: str, seed: int = 1, rows: int = 60,
           settings: Settings | None = None, profile: Path = PROFILE,
           kind: type[ServedMeter] = ServedMeter, tick: Callable[[], float] = float) -> Context:
    """Return a context whose rig is an emulated meter with ``faults`` and ``rows`` in its load
    profile, declared by ``profile``, behind a port of that ``kind``; ``tick`` gives the seconds
    that pass for it."""
    settings = settings or Settings(past_rows=rows)
    declared = declaration(settings, profile)
    keys = derived(seed)
    further: Mapping[Place, MeterKeys] = further_keys(seed, keys.title)
    ours = keys_of(keys, further)
    if settings.suite:
        keys, further, clients = _parties(profile, seed)
        ours = dict(clients)
    meter = Meter(settings, keys, further=further, seed=seed, faults=frozenset(faults), clock=tick)
    port = kind(meter, framing, Hdlc.model_validate(declared["link"]["hdlc"]))
    start = datetime(2026, 11, 29, tzinfo=UTC)
    numbers = itertools.count()

    def clock() -> datetime:
        return start

    def random(octets: int) -> bytes:
        return bytes(next(numbers) & 0xFF for _ in range(octets))

    dialogue = Dialogue(port, declared, ours, Evidence(
        clock, Conversation(framing, tuple(ours.values())), (keys.low_secret,)), random)
    return Context(ports={"dlms": port, "time": port}, parties=None, clock=clock,
                   answers=Answers({}, {"dlms": declared, "quiet_s": 0.02, "push_timeout_s": 0.05}),
                   folder=profile.parent, launched=True, lasting={"dlms": dialogue})


def observe(context: Context, word: str, **arguments: Any) -> Observation:
    """Perform an action of the vocabulary; ``as_`` is its argument ``as``."""
    if "as_" in arguments:
        arguments["as"] = arguments.pop("as_")
    declared = VOCABULARY[word]
    return declared.perform(context, declared.arguments.model_validate(arguments))


def do(context: Context, word: str, **arguments: Any) -> dict[str, Any]:
    """Perform an action of the vocabulary and return what it observed, which it all declares."""
    values = dict(observe(context, word, **arguments).values)
    assert values.keys() <= VOCABULARY[word].observes.keys()
    return values


def opened(name: str, framing: str = "wrapper", *faults: str, **more: Any) -> Context:
    """Return a context in which the association ``name`` is open."""
    context = served(framing, *faults, **more)
    seen = do(context, "associate", as_=name)
    assert seen["outcome"] == "accepted", seen
    return context
