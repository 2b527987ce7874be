"""What a link's two sides agree on by SNRM and UA (IEC 62056-46, 6.4.4.4.3).

The information field is ``81 80`` and a length, then parameters 05 to 08, each as id, length,
value. A side that leaves one out means the default; other ids are kept and not understood.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import LocalProtocolError, RemoteProtocolError

_FORMAT, _GROUP = 0x81, 0x80
_IDS = {0x05: "max_information_transmit", 0x06: "max_information_receive",
        0x07: "window_transmit", 0x08: "window_receive"}
_ALLOWED = {"max_information_transmit": (1, 2030), "max_information_receive": (1, 2030),
            "window_transmit": (1, 7), "window_receive": (1, 7)}
_USUAL = {0x05: 1, 0x06: 1, 0x07: 4, 0x08: 4}  # octets of a small value


@dataclass(frozen=True, slots=True)
class Parameters:
    """As one side sees them: octets of an information field (1 to 2030), windows (1 to 7)."""

    max_information_transmit: int = 128
    max_information_receive: int = 128
    window_transmit: int = 1
    window_receive: int = 1

    def __post_init__(self) -> None:
        for name, (least, most) in _ALLOWED.items():
            if not least <= getattr(self, name) <= most:
                raise LocalProtocolError(
                    f"{name} is {least} to {most}, not {getattr(self, name)}")

    def encode(self) -> bytes:
        """Return the information field of an SNRM or UA."""
        values = b""
        for number, name in _IDS.items():
            value = getattr(self, name)
            octets = max(_USUAL[number], (value.bit_length() + 7) // 8)
            values += bytes((number, octets)) + value.to_bytes(octets, "big")
        return bytes((_FORMAT, _GROUP, len(values))) + values

    def answer(self, offered: Parameters) -> Parameters:
        """Return what this side, the server, agrees to when ``offered`` comes by SNRM.

        Each direction has the smaller of what one side sends and the other takes.
        """
        return Parameters(
            min(self.max_information_transmit, offered.max_information_receive),
            min(self.max_information_receive, offered.max_information_transmit),
            min(self.window_transmit, offered.window_receive),
            min(self.window_receive, offered.window_transmit))

    def agree(self, answered: Parameters) -> Parameters:
        """Return what this side, the client, works with when ``answered`` comes by UA."""
        return self.answer(answered)


DEFAULT = Parameters()


def decode_parameters(octets: bytes) -> Parameters:
    """Return the parameters in the information field of an SNRM or UA; the default if empty.

    RemoteProtocolError for another format, a value out of range, or a field that is cut off.
    """
    if not octets:
        return DEFAULT
    if len(octets) < 3 or octets[0] != _FORMAT or octets[1] != _GROUP:
        raise RemoteProtocolError(0, "8180 and a length", octets[:3].hex().upper())
    if octets[2] != len(octets) - 3:
        raise RemoteProtocolError(2, f"a length of {len(octets) - 3}", f"{octets[2]}")
    found: dict[str, int] = {}
    at = 3
    while at < len(octets):
        number = octets[at]
        length = octets[at + 1] if at + 1 < len(octets) else 1
        value = octets[at + 2 : at + 2 + length]
        if len(value) != length or not length:
            raise RemoteProtocolError(at, f"a value of parameter {number:02X}",
                                      f"{len(value)} octets")
        if (name := _IDS.get(number)) is not None:
            least, most = _ALLOWED[name]
            found[name] = int.from_bytes(value, "big")
            if not least <= found[name] <= most or length > 4:
                raise RemoteProtocolError(at + 2, f"{name} of {least} to {most}",
                                          f"{found[name]}")
        at += 2 + length
    return Parameters(**found)
