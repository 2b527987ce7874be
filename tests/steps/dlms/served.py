"""An emulated meter behind the port ``dlms``, without a line: octets in, octets out, no waiting.

HDLC is served by the bench's own server link, the wrapper by its stream; the meter is the emulator.
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from typing import Any

from bench.protocols.dlms import wrapper
from bench.protocols.dlms.explain import Conversation
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_events import Received
from bench.protocols.dlms.hdlc_frame import Deframer
from bench.protocols.dlms.hdlc_server import ServerLink
from bench.protocols.dlms.security.keys import Keys
from bench.records.answers import Answers
from bench.steps import VOCABULARY
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue
from bench.steps.dlms.evidence import Evidence
from devices.emulators.dlms.keys import MeterKeys, derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import Settings
from devices.ports import Arrival, Arrived

CLIENT_TITLE = b"BEN\0\0\0\0\1"


class ServedMeter:
    """Port ``dlms`` with a meter behind it."""

    def __init__(self, meter: Meter, framing: str) -> None:
        self.framing = framing
        self.meter = meter
        self._waiting: list[bytes] = []
        self._links: dict[int, ServerLink] = {}
        self._deframer = Deframer()
        self._stream = wrapper.WrapperStream()

    def connect(self) -> None:
        self._waiting.clear()
        self._links.clear()
        self._deframer, self._stream = Deframer(), wrapper.WrapperStream()
        for client in self.meter.clients:
            self.meter.disconnect(client, 1)

    def disconnect(self) -> None:
        self.connect()

    def send(self, octets: bytes) -> None:
        if self.framing == "wrapper":
            for client, server, apdu in self._stream.feed(octets):
                self._waiting += [wrapper.encode(server, client, answer)
                                  for answer in self.meter.take(client, server, apdu)]
            self._waiting += [wrapper.encode(push.server, push.client, push.apdu)
                              for push in self.meter.drain()]
            return
        for cut in self._deframer.feed(octets):
            if cut.frame is None:
                continue
            client = cut.frame.source.upper
            if client not in self._links:
                self._links[client] = ServerLink(Address(1, 17), Address(client))
            link, now = self._links[client], time.monotonic()
            for event in link.take(cut, now):
                if isinstance(event, Received):
                    for answer in self.meter.take(client, 1, event.pdu):
                        link.send(answer)
                elif type(event).__name__ in ("Connected", "Disconnected"):
                    self.meter.connect(client, 1)
            self._waiting += link.outgoing(now)

    def receive(self, timeout: float) -> Arrived:
        now = time.monotonic()
        if self._waiting:
            return Arrived(self._waiting.pop(0), now)
        return Arrived(b"", now, Arrival.SILENCE)


def declaration(settings: Settings) -> dict[str, Any]:
    """Return ``ixit.dlms`` of a meter with ``settings``."""
    mechanisms = {"none": "none", "low": "lls", "gmac": "hls-gmac"}
    names = {"public": "public", "reader": "lls", "management": "hls"}
    return {
        "flag_id": settings.flag_id, "logical_device_name": settings.logical_device_name,
        "firmware": {"object": "1/1-0:0.2.0.255/a2", "association": "public"},
        "link": {
            "hdlc": {"lower": 17, "address_octets": 2, "max_information_transmit": 128,
                     "max_information_receive": 128, "window_transmit": 1, "window_receive": 1,
                     "inter_octet_s": 0.02, "response_s": 0.05, "inactivity_s": 0.2},
            "wrapper": {"response_s": 0.05, "inactivity_s": 0.2}},
        "associations": {
            names[one.name]: {
                "name": names[one.name], "client": one.client, "server": 1,
                "context": "ln-ciphered" if one.ciphered else "ln", "short_names": False,
                "ciphered": one.ciphered, "mechanism": mechanisms[one.mechanism],
                "conformance": list(one.conformance), "max_pdu": one.max_pdu,
                "suite": settings.suite if one.ciphered else None, "policy": one.policy,
                "keys": None if one.mechanism == "none" else names[one.name], "objects": []}
            for one in settings.associations},
        "accepts": {}, "do_not_test": [],
    }


def keys_of(keys: MeterKeys) -> dict[str, Keys]:
    """Return the keys of the client's side."""
    common = {"suite": 0, "own_title": CLIENT_TITLE, "global_unicast": keys.global_unicast,
              "authentication": keys.authentication, "master": keys.master}
    return {"lls": Keys(secret=keys.low_secret), "hls": Keys(**common)}


def served(framing: str, *faults: str, seed: int = 1, settings: Settings | None = None) -> Context:
    """Return a context whose rig is an emulated meter with ``faults``."""
    settings = settings or Settings(past_rows=96)
    keys = derived(seed)
    port = ServedMeter(Meter(settings, keys, seed=seed, faults=frozenset(faults)), framing)
    declared = declaration(settings)
    start = datetime(2026, 11, 29, tzinfo=UTC)
    numbers = itertools.count()

    def clock() -> datetime:
        return start

    def random(octets: int) -> bytes:
        return bytes(next(numbers) & 0xFF for _ in range(octets))

    dialogue = Dialogue(port, declared, keys_of(keys), Evidence(
        clock, Conversation(framing), (keys.low_secret,)), random)
    return Context(ports={"dlms": port, framing: port}, parties=None, clock=clock,
                   answers=Answers({}, {"dlms": declared, "quiet_s": 0.02}),
                   lasting={"dlms": dialogue})


def do(context: Context, word: str, **arguments: Any) -> dict[str, Any]:
    """Perform an action of the vocabulary and return what it observed."""
    declared = VOCABULARY[word]
    seen = declared.perform(context, declared.arguments.model_validate(arguments))
    return dict(seen.values)
