"""Port ``dlms`` behind an optical head: the sign-on of IEC 62056-21, mode E, driven by the plan.

Each part of it can be wrong: the request, its parity, what is acknowledged. Every octet of both
directions is evidence. An answer may begin until 2.2 s after what it answers; later is silence.
Noise before it is passed over, noise alone is silence. A sign-on that leads nowhere is over when
the meter is quiet: it may read out its data then, and hears no request meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from bench.errors import Inconclusive, RemoteProtocolError, RigError
from bench.protocols.iec62056_21.characters import with_odd_parity, with_parity, without_parity
from bench.protocols.iec62056_21.messages import (
    ACK,
    BAUD,
    CHARACTER,
    NAK,
    SIGN_ON_BAUD,
    STX,
    Acknowledgement,
    Identification,
    Request,
    decode_identification,
)
from bench.protocols.iec62056_21.sign_on import INTER_CHARACTER_S, NO_ANSWER_S
from bench.steps.context import Context
from bench.steps.dlms.carriers import CLOSED, SILENCE
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.vocabulary import Arguments, Observation, action
from devices.ports import Arrival, OpticalHead

_BITS = 10  # of an octet on the line
_PARITIES: Mapping[str, Callable[[bytes], bytes]] = {
    "even": with_parity, "odd": with_odd_parity, "none": bytes}
GARBAGE, NO, NONE = "garbage", "nak", ""
_BEGINNINGS = frozenset((ord("/"), STX, ACK, NAK))  # of messages; what comes before is noise
_SHORTEST = 6
"""Octets of the shortest message that is more than its first: an acknowledgement. Fewer, none of
which begins one, are no reply at the speed of the line."""
_EARLIEST_S = 0.02
"""Seconds after which a meter may begin to reply (DLMS/SIGN_ON_P3)."""
_LONGEST_S = 600.0
"""Seconds after which a meter that goes on talking is not heard any more: a readout of 18,000
octets at 300 bit/s."""


class SignOn(Arguments):
    """A sign-on, right unless told otherwise.

    ``request`` is the text to ask with; ``address`` whom to ask: the ``declared`` address of the
    meter or ``another``. ``baud`` is the rate to agree on, else the highest that the meter offers.
    ``protocol``, ``rate`` and ``mode`` are the characters of the acknowledgement, of which ``cut``
    octets are left off. Once the sign-on is done HDLC is asked for by SNRM.
    """

    request: str | None = Field(None, pattern=r"^[\x00-\x7f]*$")
    address: Literal["", "declared", "another"] = ""
    parity: Literal["even", "odd", "none"] = "even"
    acknowledge: bool = True
    baud: Literal[300, 600, 1200, 2400, 4800, 9600, 19_200] | None = None
    protocol: str = Field("2", pattern=r"^[\x20-\x7e]$")
    rate: str = Field("", pattern=r"^[\x20-\x7e]?$")
    mode: str = Field("2", pattern=r"^[\x20-\x7e]$")
    acknowledgement_parity: Literal["even", "odd", "none"] = "even"
    cut: int = Field(0, ge=0, le=5)


class OpenUnsigned(Arguments):
    """SNRM at ``baud`` bit/s where a sign-on has to come first."""

    baud: Literal[300, 600, 1200, 2400, 4800, 9600, 19_200] = 300


@dataclass(frozen=True, slots=True)
class _Heard:
    """The message that came at one speed, ``text`` without parity; ``begun`` is when its first
    octet did, ``came`` all that did."""

    octets: bytes
    begun: float
    came: bytes
    closed: bool = False

    @property
    def text(self) -> bytes:
        return without_parity(self.octets)[0]

    @property
    def parity(self) -> bool:
        return not without_parity(self.octets)[1]

    @property
    def nothing(self) -> str:
        return CLOSED if self.closed else SILENCE


@action("sign_on", port="dlms", arguments=SignOn, observes={
    "answer": "to the request: `identification`, `nak`, `garbage` for what is neither, `silence`, "
              "which noise alone is, `closed`",
    "maker": "the FLAG id of an identification, in capital letters: its last one may be small",
    "highest_baud": "the rate that the identification offers, bit/s; 0 without one",
    "mode_e": "whether the identification has the mark of mode E",
    "parity": "whether all characters of the answer have even parity",
    "reaction": "seconds from the end of the request to the beginning of the answer, less than 0 "
                "where it began before; 99 without an answer",
    "confirmation": "what followed the acknowledgement: `acknowledgement` of the same, `nak`, "
                    "`readout` of data, `garbage`, `silence`, `closed`; empty where there was no "
                    "acknowledgement, or the rig says that meters confirm by `none`",
    "heard": "all that came after the request, and after the acknowledgement if there was one, "
             "in hexadecimal",
    "link": "what SNRM brought once the sign-on was done, as `connect` tells it; empty where it "
            "was not",
})
def sign_on(context: Context, wanted: SignOn) -> Observation:
    """Drop what is open, and sign on at 300 bit/s."""
    dialogue = dialogue_of(context)
    line = _Line(dialogue)
    line.dial()
    asked = line.ask(_PARITIES[wanted.parity](_request(dialogue, wanted)))
    found = _identification(asked.heard)
    confirmation = link = NONE
    baud = 0
    if found is not None and wanted.acknowledge:
        confirmation, baud = _acknowledge(line, found, wanted)
    if baud:
        line.port.set_speed(baud)
        link = dialogue.carry(dialogue.public, retries=0).reopen().outcome
    else:
        line.hear_out()
    return Observation({
        "answer": _answer(asked.heard, found), "maker": found.maker.upper() if found else "",
        "highest_baud": BAUD.get(found.baud, 0) if found else 0,
        "mode_e": found is not None and found.mode_e,
        "parity": asked.heard.parity,
        "reaction": round(asked.heard.begun - asked.end, 3) if asked.heard.octets else 99,
        "confirmation": confirmation, "link": link,
        "heard": [octets.hex().upper() for octets in line.heard],
    }, dialogue.evidence.take())


@action("open_unsigned", port="dlms", arguments=OpenUnsigned, observes={
    "link": "what SNRM brought, as `connect` tells it"})
def open_unsigned(context: Context, wanted: OpenUnsigned) -> Observation:
    """Drop what is open, and ask for HDLC at once, without a sign-on."""
    dialogue = dialogue_of(context)
    line = _Line(dialogue)
    line.dial()
    line.port.set_speed(wanted.baud)
    link = dialogue.carry(dialogue.public, retries=0).reopen().outcome
    return Observation({"link": link}, dialogue.evidence.take())


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of octets that were sent, the last of which left at ``end``."""

    end: float
    heard: _Heard


class _Line:
    """The optical head, with everything that crosses it kept as evidence."""

    def __init__(self, dialogue: Dialogue) -> None:
        if not isinstance(dialogue.port, OpticalHead):
            raise RigError("a sign-on needs an optical head: a rig with link mode-e")
        self.port = dialogue.port
        self._dialogue = dialogue
        self._evidence = dialogue.evidence
        self._baud = SIGN_ON_BAUD
        self.heard: list[bytes] = []
        """All that came after each :meth:`ask`."""
        self._last = 0.0  # when the last octet came
        self._may_go_on = False  # what was heard last ended with its line, not by silence

    def dial(self) -> None:
        self._dialogue.forget()
        self.port.dial()
        self._evidence.connected()

    def send(self, octets: bytes) -> float:
        """Send ``octets``; return when the last has left."""
        self._evidence.sent(octets)
        return self.port.transmit(octets)

    def ask(self, octets: bytes, *, then: int = SIGN_ON_BAUD, noise_s: float = NO_ANSWER_S
            ) -> _Asked:
        """Send ``octets``, go to ``then`` bit/s, and return what came back; what can be no reply is
        noise only if it begins within ``noise_s``."""
        end = self.send(octets)
        self.port.set_speed(then)
        self._baud = then
        heard = self._hear(end, noise_s)
        self.heard.append(heard.came)
        return _Asked(end, heard)

    def hear_out(self) -> None:
        """Hear what the meter still says, until it has been quiet for as long as it may."""
        if self._may_go_on:
            self._hear(self._last, out=True)

    def _hear(self, since: float, noise_s: float = 0, *, out: bool = False) -> _Heard:
        """Return a line of text, or what comes until nothing does for a while; ``out`` goes on
        after a line."""
        octets = message = b""
        begun = last = since
        closed = False
        while (out or not _is_line(message)) and last - since < _LONGEST_S:
            left = NO_ANSWER_S if out else since + NO_ANSWER_S - last
            arrived = self.port.receive(max(left, INTER_CHARACTER_S))
            if arrived.state is not Arrival.ARRIVED:
                closed = arrived.state is Arrival.CLOSED
                break
            last = arrived.time
            octets += arrived.octets
            message = _message(octets)
            if len(message) <= len(arrived.octets):
                begun = last - len(message) * _BITS / self._baud
        if octets:
            self._evidence.received(octets, last)
        if _is_noise(message) and last - _BITS / self._baud < since + noise_s:
            message = b""
        self._last, self._may_go_on = last, _is_line(message)
        return _Heard(message, begun, octets, closed)


def _message(octets: bytes) -> bytes:
    """Return ``octets`` without the noise before a message; all of them where none begins."""
    text = without_parity(octets)[0]
    return octets[next((place for place, one in enumerate(text) if one in _BEGINNINGS), 0):]


def _is_noise(message: bytes) -> bool:
    return len(message) < _SHORTEST and _BEGINNINGS.isdisjoint(without_parity(message)[0])


def _is_line(message: bytes) -> bool:
    text = without_parity(message)[0]
    return text[:1] in (b"/", bytes((ACK,))) and text.endswith(b"\n")


def _request(dialogue: Dialogue, wanted: SignOn) -> bytes:
    if wanted.request is not None:
        return wanted.request.encode("ascii")
    declared = str(dialogue.declared["link"].get("sign_on", {}).get("address", ""))
    if wanted.address == "declared" and not declared:
        raise Inconclusive("no device address is declared (dlms.link.sign_on.address)")
    return Request({"": "", "declared": declared, "another": _another(declared)}[wanted.address]
                   ).encode()


def _another(declared: str) -> str:
    """Return an address that differs from the declared one in its last character alone."""
    if not declared:
        return "9" * 16
    return declared[:-1] + ("8" if declared.endswith("9") else "9")


def _identification(heard: _Heard) -> Identification | None:
    try:
        return decode_identification(heard.text)
    except RemoteProtocolError:
        return None


def _answer(heard: _Heard, found: Identification | None) -> str:
    if found is not None:
        return "identification"
    if not heard.octets:
        return heard.nothing
    return NO if heard.text == bytes((NAK,)) and heard.parity else GARBAGE


def _acknowledge(line: _Line, found: Identification, wanted: SignOn) -> tuple[str, int]:
    """Return what confirmed the acknowledgement, and the rate that was agreed, 0 for none."""
    offered = BAUD.get(found.baud, 0)
    rate = wanted.rate or (CHARACTER[wanted.baud] if wanted.baud else found.baud)
    sent = Acknowledgement(rate, wanted.protocol, wanted.mode)
    text = sent.encode()
    octets = _PARITIES[wanted.acknowledgement_parity](text[:len(text) - wanted.cut])
    baud = BAUD.get(rate, 0)
    # where the acknowledgement is not one that a right meter follows, the line stays as it is
    is_right = sent == Acknowledgement(rate) and 0 < baud <= offered and not wanted.cut and (
        wanted.acknowledgement_parity == "even")
    changes = is_right and line.port.confirmation != "old"
    if line.port.confirmation == "none" and is_right:
        line.send(octets)
        return NONE, baud
    # a confirmation at a speed that the line does not have is a few wrong characters, too
    heard = line.ask(octets, then=baud if changes else SIGN_ON_BAUD, noise_s=_EARLIEST_S).heard
    confirmation = _confirmation(heard, text)
    return confirmation, baud if is_right and confirmation == "acknowledgement" else 0


def _confirmation(heard: _Heard, sent: bytes) -> str:
    if not heard.octets:
        return heard.nothing
    if not heard.parity:
        return GARBAGE
    if heard.text == sent:
        return "acknowledgement"
    if heard.text == bytes((NAK,)):
        return NO
    return "readout" if heard.text[0] == STX and len(heard.octets) > 1 else GARBAGE
