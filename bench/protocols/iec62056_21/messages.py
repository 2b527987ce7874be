"""The messages of the sign-on (IEC 62056-21, 6.3): request, identification, acknowledgement.

Text of seven bits; parity is :mod:`.characters`'. Data messages of modes A to D are left out but
for their block check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import LocalProtocolError, RemoteProtocolError

END = b"\r\n"
STX, ACK, NAK = 0x02, 0x06, 0x15
MODE_E = b"\\2"
"""The escape sequence in an identification that offers mode E."""

BAUD: Mapping[str, int] = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600,
                           "6": 19_200}
"""Baud rate identification of modes C and E -> bit/s (IEC 62056-21, 6.3.14)."""
CHARACTER: Mapping[int, str] = {baud: character for character, baud in BAUD.items()}
SIGN_ON_BAUD = 300

_REQUEST = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n")
_IDENTIFICATION = re.compile(rb"/([A-Za-z]{2}[A-Za-z])([0-9A-Z])((?:\\[^\r\n/!])*)"
                             rb"([^\r\n/!\\]{0,16})\r\n")
_ACKNOWLEDGEMENT = re.compile(rb"\x06(.)(.)(.)\r\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """Who is to answer; an ``address`` of up to 32 characters, or nobody in particular."""

    address: str = ""

    def encode(self) -> bytes:
        """Return the text; LocalProtocolError for an address that does not fit."""
        octets = b"/?" + self.address.encode("ascii", "replace") + b"!" + END
        if not _REQUEST.fullmatch(octets):
            raise LocalProtocolError(f"address {self.address!r}: up to 32 digits, letters, spaces")
        return octets


@dataclass(frozen=True, slots=True)
class Identification:
    """Who answers: ``maker`` (FLAG id), highest ``baud`` rate as its character, device ``text``."""

    maker: str
    baud: str
    text: str = ""
    mode_e: bool = True

    def encode(self) -> bytes:
        """Return the text; LocalProtocolError for a field that does not fit."""
        escape = MODE_E.decode() if self.mode_e else ""
        octets = f"/{self.maker}{self.baud}{escape}{self.text}".encode("ascii", "replace") + END
        if not _IDENTIFICATION.fullmatch(octets):
            raise LocalProtocolError(f"an identification of {self.maker!r}, {self.baud!r}, "
                                     f"{self.text!r}: 3 letters, 1 character, up to 16")
        return octets


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What is to follow: ``protocol`` control, ``baud`` rate character, ``mode`` control.

    Mode E with HDLC is ``2``, the rate, ``2``.
    """

    baud: str
    protocol: str = "2"
    mode: str = "2"

    def encode(self) -> bytes:
        """Return the text, with its ACK."""
        return bytes((ACK,)) + (self.protocol + self.baud + self.mode).encode("ascii") + END


def decode_request(octets: bytes) -> Request:
    """Return the request that ``octets``, one line with its end, hold."""
    found = _REQUEST.fullmatch(octets)
    if found is None:
        raise RemoteProtocolError(0, "/?, an address, ! and CR LF", _shown(octets))
    return Request(found[1].decode("ascii"))


def decode_identification(octets: bytes) -> Identification:
    """Return the identification that ``octets``, one line with its end, hold."""
    found = _IDENTIFICATION.fullmatch(octets)
    if found is None:
        raise RemoteProtocolError(0, "/, three letters, a baud rate, up to 16 characters and CR "
                                  "LF", _shown(octets))
    return Identification(found[1].decode("ascii"), found[2].decode("ascii"),
                          found[4].decode("ascii", "replace"), MODE_E in found[3])


def decode_acknowledgement(octets: bytes) -> Acknowledgement:
    """Return the acknowledgement that ``octets``, one line with its end, hold."""
    found = _ACKNOWLEDGEMENT.fullmatch(octets)
    if found is None:
        raise RemoteProtocolError(0, "ACK, three characters and CR LF", _shown(octets))
    protocol, baud, mode = (part.decode("ascii", "replace") for part in found.groups())
    return Acknowledgement(baud, protocol, mode)


def _shown(octets: bytes) -> str:
    return ascii(octets[:40].decode("ascii", "replace"))
