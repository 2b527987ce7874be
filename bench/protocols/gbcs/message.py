"""The GBCS message: MAC header, grouping header, payload, signature, MAC (GBCS section 7.2).

Layout, lengths in octets, ``L`` a BER length::

    [DD 000000000000 L 11 00000000]                 MAC header, where there is a MAC
    DF 09 CRA(1) counter(8) 08 originator(8) 08 recipient(8) 00 | 0C date-time(12)
    L message-code(2) [party(8) [counter(8) [originator counter(8) | certificate]]]
    L payload   00 | 40 signature(64)   [MAC(12)]

The signature is over what follows DF up to the end of the payload. A pre-command, which a party
signs and the ACB completes, stops after the payload. Left out: blocks of
large messages, in :mod:`bench.protocols.gbcs.block`.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass, field

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.length import decode_length, encode_length

MAC_TAG = 0xDD
GROUPING_TAG = 0xDF
SECURITY_HEADER = bytes.fromhex("1100000000")
MAC_LENGTH = 12
SIGNATURE_LENGTH = 64

_SEQUENCE = 0x30  # first octet of a DER certificate


class Cra(enum.IntEnum):
    """Command, response or alert."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


@dataclass(frozen=True, init=False)
class Message:
    """One message; ids are EUI-64s of 8 octets, counters unsigned of 64 bits.

    ``signature`` is ``None`` in a pre-command, empty where the message has none, else r and s.
    ``mac`` is ``None`` where there is no MAC header.
    """

    cra: Cra
    originator_counter: int
    originator: bytes
    recipient: bytes
    message_code: int
    payload: bytes
    date_time: bytes = b""
    supplementary_remote_party: bytes | None = None
    supplementary_remote_party_counter: int | None = None
    supplementary_originator_counter: int | None = None
    certificate: bytes | None = None  # key agreement, of the supplementary remote party, DER
    signature: bytes | None = b""
    mac: bytes | None = None
    # The signed octets once they were read or written; `replace` leaves them out.
    _signed: bytes = field(default=b"", init=False, repr=False, compare=False)

    def __init__(
        self, cra: Cra, originator_counter: int, originator: bytes, recipient: bytes,
        message_code: int, payload: bytes, date_time: bytes = b"",
        supplementary_remote_party: bytes | None = None,
        supplementary_remote_party_counter: int | None = None,
        supplementary_originator_counter: int | None = None,
        certificate: bytes | None = None, signature: bytes | None = b"",
        mac: bytes | None = None,
    ) -> None:
        # All fields at once: one by one, as a frozen dataclass does, takes as long as a MAC.
        self.__dict__.update(
            cra=cra, originator_counter=originator_counter, originator=originator,
            recipient=recipient, message_code=message_code, payload=payload, date_time=date_time,
            supplementary_remote_party=supplementary_remote_party,
            supplementary_remote_party_counter=supplementary_remote_party_counter,
            supplementary_originator_counter=supplementary_originator_counter,
            certificate=certificate, signature=signature, mac=mac)

    @property
    def mac_header(self) -> bool:
        """True where the message has a MAC header, hence a MAC."""
        return self.mac is not None

    @property
    def pre_command(self) -> bool:
        """True for a command that stops after its payload, to be signed."""
        return self.signature is None

    @property
    def signed_octets(self) -> bytes:
        """What the signature is made over: grouping header without its tag, and payload."""
        if self._signed:
            return self._signed
        originator, recipient, payload = self.originator, self.recipient, self.payload
        if len(originator) != 8 or len(recipient) != 8:
            what, octets = (("originator", originator) if len(originator) != 8
                            else ("recipient", recipient))
            raise LocalProtocolError(f"{what} has {len(octets)} octets, not 8")
        if not 0 <= self.originator_counter < 1 << 64:
            raise LocalProtocolError("the originator counter does not fit 8 octets")
        other = self.other_information
        header = _SIGNED_HEADER.pack(9, self.cra, self.originator_counter, 8, originator, 8,
                                     recipient, len(self.date_time))
        octets = b"".join((header, self.date_time, encode_length(len(other)), other,
                           encode_length(len(payload)), payload))
        self.__dict__["_signed"] = octets
        return octets

    @property
    def mac_octets(self) -> bytes:
        """What the MAC is made over, beside the security header: DF up to the signature."""
        return mac_octets(self.signed_octets, self.signature or b"")

    def protected(self, signature: bytes, mac: bytes | None) -> Message:
        """Return the message with these; as ``dataclasses.replace`` does, with less work."""
        message = object.__new__(Message)
        fields = message.__dict__
        fields.update(self.__dict__)
        fields["signature"], fields["mac"] = signature, mac
        return message

    @property
    def other_information(self) -> bytes:
        """The message code and what is said of a supplementary remote party."""
        other = self.message_code.to_bytes(2, "big")
        if self.supplementary_remote_party is not None:
            other += self.supplementary_remote_party
        if self.supplementary_remote_party_counter is not None:
            other += self.supplementary_remote_party_counter.to_bytes(8, "big")
        if self.supplementary_originator_counter is not None:
            other += self.supplementary_originator_counter.to_bytes(8, "big")
        return other + self.certificate if self.certificate is not None else other

    def encode(self) -> bytes:
        """Return the octets on the wire."""
        if self.signature is None:
            if self.mac is not None:
                raise LocalProtocolError("a pre-command has no MAC")
            return b"\xdf" + self.signed_octets
        if self.mac is None:
            return self.mac_octets
        inner = mac_octets(self.signed_octets, self.signature)
        length = encode_length(len(SECURITY_HEADER) + len(inner) + len(self.mac))
        return b"".join((_MAC_HEADER, length, SECURITY_HEADER, inner, self.mac))


def mac_octets(signed_octets: bytes, signature: bytes) -> bytes:
    """Return ``Message.mac_octets`` of a message with these ``signed_octets``."""
    return b"".join((b"\xdf", signed_octets, encode_length(len(signature)), signature))


def parse(octets: bytes) -> Message:
    """Return the message that ``octets`` are, all of them, or raise RemoteProtocolError."""
    try:
        return _parse(octets)
    except IndexError:
        raise _too_short(octets) from None


def _parse(octets: bytes) -> Message:
    with_mac = octets[0] == MAC_TAG
    offset = _mac_header(octets) if with_mac else 0
    try:
        (tag, transaction_id, flag, counter, originator_length, originator, recipient_length,
         recipient, length) = _HEADER.unpack_from(octets, offset)
        cra = _CRA[flag]
    except (struct.error, KeyError):
        raise _wrong_header(octets, offset, with_mac) from None
    if (tag, transaction_id, originator_length, recipient_length) != _HEADER_CONSTANTS:
        raise _wrong_header(octets, offset, with_mac)
    if length not in (0, 12):
        raise RemoteProtocolError(offset + 29, "a date-time of 00 or 0C octets", f"{length:02X}")
    start = offset + 30 + length
    date_time = octets[offset + 30 : start]
    length, start = decode_length(octets, start)
    other = octets[start : start + length]
    if len(other) < length:
        raise _too_short(octets)
    party, party_counter, own_counter, certificate = _other_information(other, start)
    length, start = decode_length(octets, start + length)
    end = start + length
    payload = octets[start:end]
    if end > len(octets):
        raise _too_short(octets)
    signature, mac = _protection(octets, end, with_mac)
    if signature is None and cra != Cra.COMMAND:
        raise RemoteProtocolError(len(octets), "a signature length 00 or 40", "the end")
    message = Message(
        cra, counter, originator, recipient,
        other[0] << 8 | other[1], payload, date_time, party, party_counter, own_counter,
        certificate, signature, mac)
    message.__dict__["_signed"] = octets[offset + 1 : end]
    return message


def _wrong_header(octets: bytes, offset: int, with_mac: bool) -> RemoteProtocolError:
    """Return what is wrong with a grouping header, from its first octet on."""
    try:
        _expect(octets, offset, b"\xdf", "the grouping header tag DF" if with_mac
                else "the MAC header tag DD or the grouping header tag DF")
        _expect(octets, offset + 1, b"\x09", "a transaction id of 09 octets")
        if octets[offset + 2] not in _CRA:
            raise RemoteProtocolError(offset + 2, "CRA flag 01, 02 or 03",
                                      f"{octets[offset + 2]:02X}")
        _expect(octets, offset + 11, b"\x08", "an originator of 08 octets")
        _expect(octets, offset + 20, b"\x08", "a recipient of 08 octets")
    except RemoteProtocolError as wrong:
        return wrong
    return _too_short(octets)


def _mac_header(octets: bytes) -> int:
    if octets[1:7] != _EMPTY_FIELDS:
        _expect(octets, 1, _EMPTY_FIELDS, "six empty fields of the MAC header")
    length, start = decode_length(octets, 7)
    if length != len(octets) - start:
        raise RemoteProtocolError(7, f"length {len(octets) - start}, what follows", f"{length}")
    _expect(octets, start, SECURITY_HEADER, "security header 1100000000")
    return start + len(SECURITY_HEADER)


def _other_information(
    other: bytes, offset: int
) -> tuple[bytes | None, int | None, int | None, bytes | None]:
    length = len(other)
    if length == 2:
        return None, None, None, None
    party = other[2:10]
    if length == 10:
        return party, None, None, None
    counter = int.from_bytes(other[10:18], "big")
    if length == 18:
        return party, counter, None, None
    if length == 26:
        return party, counter, int.from_bytes(other[18:], "big"), None
    if length > 26 and other[18] == _SEQUENCE:
        return party, counter, None, other[18:]
    raise RemoteProtocolError(
        offset, "other information of 2, 10, 18 or 26 octets, or 18 and a certificate",
        f"{length} octets")


def _protection(octets: bytes, offset: int, with_mac: bool) -> tuple[bytes | None, bytes | None]:
    if not with_mac and offset == len(octets):
        return None, None
    length = octets[offset]
    if length not in (0, SIGNATURE_LENGTH):
        raise RemoteProtocolError(offset, "a signature length 00 or 40", f"{length:02X}")
    start = offset + 1 + length
    end = start + MAC_LENGTH if with_mac else start
    if end > len(octets):
        raise _too_short(octets)
    if end < len(octets):
        raise RemoteProtocolError(end, "the end of the message", f"{len(octets) - end} octets more")
    return octets[offset + 1 : start], octets[start:end] if with_mac else None


def _too_short(octets: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(len(octets), "more octets", "the end")


def _expect(octets: bytes, offset: int, expected: bytes, name: str) -> None:
    found = octets[offset : offset + len(expected)]
    if found != expected:
        if expected.startswith(found):
            raise _too_short(octets)
        raise RemoteProtocolError(offset, name, found.hex().upper())


_EMPTY_FIELDS = bytes(6)
_MAC_HEADER = bytes((MAC_TAG,)) + _EMPTY_FIELDS  # up to its length
_CRA = {int(cra): cra for cra in Cra}
_HEADER = struct.Struct(">BBBQB8sB8sB")  # DF 09 CRA counter 08 originator 08 recipient 00|0C
_SIGNED_HEADER = struct.Struct(">BBQB8sB8sB")  # the same without its tag
_HEADER_CONSTANTS = (GROUPING_TAG, 9, 8, 8)
