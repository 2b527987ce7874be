"""Sign-on to mode E from both sides, sans-IO (IEC 62056-21, 6.4.5 and annex E; IEC 62056-46, 6.2).

At 300 bit/s, 7E1: ``/?!``, the identification ``/XXXZ\\2...``, the acknowledgement ``06 32 Z 32``.
The meter confirms by the same acknowledgement at the new rate, still 7E1; then both sides are on
8N1 and HDLC begins. Some meters confirm at 300 bit/s, some not at all: the client can be told.

A session returns what to do, in order: octets to send as they go on an 8N1 line, and changes of
the line. Noise, the client's own echo and flags that come first are passed over.

Times of IEC 62056-21, 6.4.3.3, as public sources quote them: an answer begins 200 ms (20 ms where
the maker allows it) to 1500 ms after the message that it answers, characters of one message are no
further apart than 1500 ms, and an answer that has not come after 2200 ms does not come.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import RemoteProtocolError
from bench.protocols.iec62056_21.characters import with_parity, without_parity
from bench.protocols.iec62056_21.messages import (
    ACK,
    BAUD,
    CHARACTER,
    END,
    SIGN_ON_BAUD,
    Acknowledgement,
    Identification,
    Request,
    decode_acknowledgement,
    decode_identification,
    decode_request,
)

LEAST_REACTION_S, MOST_REACTION_S = 0.02, 1.5
"""Seconds from the end of a message to the beginning of its answer (as public code quotes the
standard)."""
INTER_CHARACTER_S = 1.5
"""Seconds between two characters of a message, at most."""
NO_ANSWER_S = 2.2
"""Seconds after which there is no answer."""

_LONGEST = 80  # octets of a line: a request with an address of 32 is the longest, with a margin


@dataclass(frozen=True, slots=True)
class Send:
    """Octets to send at the line's present setting; the parity bit is in them."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Switch:
    """Go to ``baud`` bit/s once all is sent; ``seven_bits`` says 7E1, else 8N1."""

    baud: int
    seven_bits: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """The meter named itself."""

    identification: Identification


@dataclass(frozen=True, slots=True)
class SignedOn:
    """HDLC follows at ``baud`` bit/s; ``rest`` is what has arrived of it already."""

    baud: int
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Failed:
    """The other side did something else; ``octets`` is what."""

    error: RemoteProtocolError
    octets: bytes


Step = Send | Switch | Identified | SignedOn | Failed

_END_MARK = with_parity(b"!")

START = Switch(SIGN_ON_BAUD, seven_bits=True)
"""The setting that both sides begin with."""


class _Lines:
    """Cuts 7E1 text into lines, each from a first character on."""

    def __init__(self) -> None:
        self._octets = b""

    def feed(self, octets: bytes) -> None:
        self._octets = (self._octets + octets)

    @property
    def pending(self) -> bytes:
        """What has begun and not ended, without parity."""
        return without_parity(self._octets)[0]

    def next(self, first: bytes) -> tuple[bytes, tuple[int, ...]] | None:
        """Return the next line that starts with one of ``first``, and its parity errors."""
        text, _ = without_parity(self._octets)
        starts = [place for one in first if (place := text.find(bytes((one,)))) >= 0]
        if not starts:
            self._octets = b""
            return None
        start = min(starts)
        end = text.find(b"\n", start) + 1
        if not end:
            self._octets = self._octets[start:][-_LONGEST:]
            return None
        line = self._octets[start:end]
        self._octets = self._octets[end:]
        return without_parity(line)

    def rest(self) -> bytes:
        rest, self._octets = self._octets, b""
        return rest


class ClientSignOn:
    """Signs on to a meter at ``address``, at no more than ``highest_baud`` bit/s.

    ``confirmation`` says where the meter confirms: ``new`` rate, ``old`` rate or ``none``.
    """

    def __init__(self, address: str = "", *, highest_baud: int = 19_200,
                 confirmation: str = "new") -> None:
        self.identification: Identification | None = None
        self._request = Request(address)
        self._highest = highest_baud
        self._confirmation = confirmation
        self._baud = 0
        self._lines = _Lines()

    def start(self) -> list[Step]:
        """Return how to begin; again to begin anew."""
        self.identification = None
        self._lines.rest()
        return [START, Send(with_parity(self._request.encode()))]

    def receive(self, octets: bytes) -> list[Step]:
        """Take what arrived; return what to do."""
        self._lines.feed(octets)
        steps: list[Step] = []
        while not steps:
            line = self._lines.next(b"/" if self.identification is None else bytes((ACK,)))
            if line is None:
                return []
            if line[0].startswith(b"/?"):  # our own request: an optical head echoes
                continue
            steps = self._take(*line)
        return steps

    def _take(self, text: bytes, parity_errors: tuple[int, ...]) -> list[Step]:
        try:
            if parity_errors:
                raise RemoteProtocolError(parity_errors[0], "even parity", "odd parity")
            if self.identification is None:
                return self._identified(decode_identification(text))
            return self._confirmed(decode_acknowledgement(text))
        except RemoteProtocolError as wrong:
            return [Failed(wrong, text)]

    def _identified(self, identification: Identification) -> list[Step]:
        offered = BAUD.get(identification.baud)
        if not identification.mode_e or offered is None:
            raise RemoteProtocolError(4, "a baud rate of 0 to 6, then \\2 for mode E",
                                      ascii(identification.baud + identification.text))
        self._baud = max((baud for baud in CHARACTER if baud <= min(self._highest, offered)),
                         default=SIGN_ON_BAUD)
        self.identification = identification
        steps: list[Step] = [Identified(identification),
                             Send(with_parity(Acknowledgement(CHARACTER[self._baud]).encode()))]
        if self._confirmation == "none":
            return [*steps, Switch(self._baud, seven_bits=False), SignedOn(self._baud)]
        if self._confirmation == "new":
            steps.append(Switch(self._baud, seven_bits=True))
        return steps

    def _confirmed(self, found: Acknowledgement) -> list[Step]:
        wanted = Acknowledgement(CHARACTER[self._baud])
        if found != wanted:
            raise RemoteProtocolError(1, f"the confirmation {wanted.encode().hex().upper()}",
                                      found.encode().hex().upper())
        return [Switch(self._baud, seven_bits=False), SignedOn(self._baud, self._lines.rest())]


class ServerSignOn:
    """The meter's side: names itself by ``identification`` to whoever asks it at ``address``.

    ``confirmation`` as for :class:`ClientSignOn`. An acknowledgement for anything but mode E, or
    for a rate above its own, sends it back to the start, as a meter that has nothing else does.
    ``faults`` are names of :mod:`devices.defects.dlms_link`.
    """

    def __init__(self, identification: Identification, address: str = "", *,
                 confirmation: str = "new", faults: frozenset[str] = frozenset()) -> None:
        self._identification = identification
        self._address = address
        self._confirmation = confirmation
        self._faults = faults
        self._identified = False
        self._deaf = False
        self._lines = _Lines()

    @property
    def has_begun(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._lines.pending)

    @property
    def awaits_acknowledgement(self) -> bool:
        """Whether the meter named itself, and gives up unless the acknowledgement comes."""
        return self._identified and "mode-e-waits-for-acknowledgement" not in self._faults

    def restart(self) -> list[Step]:
        """Go back to the start: the link was closed, or nothing came for too long."""
        self._identified = False
        self._lines.rest()
        return [START]

    def receive(self, octets: bytes) -> list[Step]:
        """Take what arrived; return what to do."""
        if "mode-e-identification-early" in self._faults:
            octets = octets.replace(_END_MARK, _END_MARK + with_parity(END))
        self._lines.feed(octets)
        steps: list[Step] = []
        while not self._deaf and (line := self._lines.next(b"/\x06")) is not None:
            steps += self._take(*line)
            if steps and isinstance(steps[-1], SignedOn):
                break
        return steps

    def silence(self) -> list[Step]:
        """Give up a message that has stopped half-way; return what to do."""
        pending = self._lines.pending
        self._lines.rest()
        if not pending or self._deaf:
            return []
        if "mode-e-terminator-not-checked" in self._faults and pending.endswith(b"!\r"):
            return self._take(pending + b"\n", ())
        if "mode-e-cut-acknowledgement-accepted" in self._faults and self._identified:
            return self._acknowledged(Acknowledgement(self._identification.baud))
        return self._failed(RemoteProtocolError(len(pending), "CR LF", "nothing"), pending)

    def _take(self, text: bytes, parity_errors: tuple[int, ...]) -> list[Step]:
        try:
            if parity_errors and "mode-e-parity-not-checked" not in self._faults:
                raise RemoteProtocolError(parity_errors[0], "even parity", "odd parity")
            if not text.startswith(b"/"):
                return self._acknowledged(decode_acknowledgement(text))
            if "mode-e-request-not-checked" in self._faults and text.endswith(END):
                return self._asked(Request())
            if "mode-e-terminator-not-checked" in self._faults:
                text = text.rstrip(END) + END
            return self._asked(decode_request(text))
        except RemoteProtocolError as wrong:
            return self._failed(wrong, text)

    def _failed(self, wrong: RemoteProtocolError, text: bytes) -> list[Step]:
        self._deaf = "mode-e-silent-after-odd-request" in self._faults and text.startswith(b"/")
        return [Failed(wrong, text)]

    def _asked(self, request: Request) -> list[Step]:
        if self._identified and "mode-e-waits-for-acknowledgement" in self._faults:
            return []
        if not self._is_for_us(request.address):
            told = "mode-e-other-address-told" in self._faults
            return [Send(with_parity(b"ERROR 1" + END))] if told else []
        self._identified = True
        return [Send(with_parity(self._identification.encode()))]

    def _is_for_us(self, address: str) -> bool:
        if "mode-e-address-not-checked" in self._faults:
            return True
        if "mode-e-own-address-unknown" in self._faults:
            return not address
        return address.lstrip("0") in ("", self._address.lstrip("0"))

    def _acknowledged(self, found: Acknowledgement) -> list[Step]:
        baud, offered = self._rate(found.baud), BAUD.get(self._identification.baud, SIGN_ON_BAUD)
        is_ours = (found.protocol, found.mode) == ("2", "2") or (
            "mode-e-protocol-not-checked" in self._faults)
        if not self._identified or not is_ours or not baud:
            self._deaf = "mode-e-silent-after-odd-acknowledgement" in self._faults
            return self.restart()
        if "mode-e-highest-rate-always" in self._faults:
            baud = offered
        self._identified = False
        confirmation = Send(with_parity(found.encode()))
        steps: dict[str, list[Step]] = {
            "new": [Switch(baud, seven_bits=True), confirmation],
            "old": [confirmation],
            "none": []}
        return [*steps[self._confirmation], Switch(baud, seven_bits=False),
                SignedOn(baud, self._lines.rest())]

    def _rate(self, character: str) -> int:
        """Return the bit/s that an acknowledged rate stands for, 0 for one that is not offered."""
        baud, offered = BAUD.get(character, 0), BAUD.get(self._identification.baud, SIGN_ON_BAUD)
        if "mode-e-rate-not-checked" in self._faults:
            return baud or offered
        return baud if baud <= offered else 0
