"""The UTRN: the 20 digits of a prepayment top-up, made by a supplier and checked by a meter.

GBCS section 14. A 64-bit PTUT, from the highest bit: 7 zero bits, the 10 lowest bits of the upper
half of the originator counter, 2 bits of value class, 13 bits of value, and the last 32 bits of
a GMAC with the supplier's prepayment key. Its number plus ``BASE`` is the PPTD of 19 digits; the
20th is a check digit (section 14.8, Verhoeff's scheme). Left out: what a meter does with a right
token (duplicates, credit limits, the lock after wrong entries), and which counter above the last
accepted one the 10 bits stand for: who checks a token names it.

Sources: the layout, the tables 14.8a to 14.8c and tokens with their keys as published in the DCC's
gbcs-parser (src/utrn.ts, test/utrn.test.ts), recomputed; the bits of the PTUT also in the manual of
the Aclara SGM1430-B, page 56. The top-ups of the reference test data set agree; the tokens in its
gas meter's log (GCS15e), made up by their MAC, have value classes 2 and 3, which neither names.
"""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import SECURITY_HEADER, Cra
from bench.protocols.gbcs.protection import State, derive_key

BASE = 7394156990786306048
DIGITS = 20
HIGHEST_VALUE = 8191
HIGHEST_TRUNCATED_COUNTER = 1023

_MAC_LENGTH = 4
_COUNTER_STEP = 1 << 32
_HIGHEST_PPTD = BASE + (1 << 57) - 1  # the 7 highest bits of a PTUT are zero

# Tables 14.8a, b and c; a row is read by the digit, as an index.
_PERMUTATION = ("0123456789", "1576283094", "5803796142", "8916043527",
                "9453126870", "4286573901", "2793806415", "7046913258")
_PRODUCT = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
            "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")
_CHECK_DIGIT = "1267583094"
_FIRST_ROW = 4  # of the permutation, for the leftmost digit


class ValueClass(enum.IntEnum):
    """The unit of a token's value; 2 and 3 are not used.

    Hundredths and wholes of the currency that the meter is set to, so cents and euros if that is
    the euro.
    """

    PENCE = 0
    POUNDS = 1


@dataclass(frozen=True, slots=True)
class Token:
    """One UTRN.

    ``value`` is 0..8191 in the unit of ``value_class``, ``truncated_counter`` 0..1023, ``mac`` 4
    octets. A field out of its range: LocalProtocolError.
    """

    value_class: ValueClass
    value: int
    truncated_counter: int
    mac: bytes

    def __post_init__(self) -> None:
        for what, number, highest in (
                ("value class", self.value_class, max(ValueClass)),
                ("value", self.value, HIGHEST_VALUE),
                ("truncated counter", self.truncated_counter, HIGHEST_TRUNCATED_COUNTER)):
            if not 0 <= number <= highest:
                raise LocalProtocolError(f"{what} of a UTRN: 0 to {int(highest)}, not {number}")
        if len(self.mac) != _MAC_LENGTH:
            raise LocalProtocolError(f"MAC of a UTRN: 4 octets, not {len(self.mac)}")

    @property
    def pence(self) -> int:
        """The credit in pence."""
        return self.value * (100 if self.value_class == ValueClass.POUNDS else 1)

    @property
    def high_word(self) -> int:
        """The upper 32 bits of the PTUT: all but the MAC."""
        return self.truncated_counter << 15 | self.value_class << 13 | self.value

    @property
    def ptut(self) -> int:
        """The 64 bits as a number."""
        return self.high_word << 32 | int.from_bytes(self.mac, "big")

    @property
    def pptd(self) -> int:
        """The number that the first 19 digits write."""
        return BASE + self.ptut

    @property
    def digits(self) -> str:
        """The 20 digits."""
        return f"{self.pptd}{check_digit(str(self.pptd))}"


def build(value: int, value_class: ValueClass, counter: int, originator: bytes, target: bytes,
          secret: bytes) -> Token:
    """Return the token that credits ``value`` once to the meter ``target``.

    ``counter`` is the 64-bit originator counter of the top-up, its lower half zero: a meter at
    which the digits are typed has to know it from 10 bits. ``originator`` and ``target`` are
    EUI-64s of 8 octets, ``secret`` the 32 octets that :func:`secret_of` returns. Anything out of
    its range: LocalProtocolError.
    """
    bare = Token(value_class, value, truncated(counter), bytes(_MAC_LENGTH))
    return replace(bare, mac=_mac(bare.high_word, counter, originator, target, secret))


def parse(digits: str | bytes) -> Token:
    """Return the token that 20 digits, or their octets in a command, stand for.

    RemoteProtocolError, its offset the place of the digit counted from 0: another number of
    digits, another character, a wrong check digit, a number or value class that no token has.
    """
    text = digits if isinstance(digits, str) else digits.decode("latin-1")
    for place, character in enumerate(text[:DIGITS]):
        if character not in "0123456789":
            raise RemoteProtocolError(place, "a digit", ascii(character))
    if len(text) != DIGITS:
        raise RemoteProtocolError(min(len(text), DIGITS), f"{DIGITS} digits", f"{len(text)}")
    pptd, right = int(text[:-1]), check_digit(text[:-1])
    if text[-1] != right:
        raise RemoteProtocolError(DIGITS - 1, f"check digit {right}", text[-1])
    if not BASE <= pptd <= _HIGHEST_PPTD:
        raise RemoteProtocolError(0, f"a PPTD of {BASE} to {_HIGHEST_PPTD}", str(pptd))
    high, mac = divmod(pptd - BASE, 1 << 32)
    value_class = high >> 13 & 3
    if value_class > max(ValueClass):
        raise RemoteProtocolError(0, "value class 0 (pence) or 1 (pounds)", str(value_class))
    return Token(ValueClass(value_class), high & HIGHEST_VALUE, high >> 15,
                 mac.to_bytes(_MAC_LENGTH, "big"))


def check(token: Token, originator: bytes, target: bytes, secret: bytes,
          counter: int | None = None) -> State:
    """Return whether ``originator`` made ``token`` for ``target``: VALID or INVALID.

    Without ``counter`` the bits that the token leaves out are taken to be zero.
    """
    if counter is None:
        counter = token.truncated_counter * _COUNTER_STEP
    if truncated(counter) != token.truncated_counter:
        return State.INVALID
    right = _mac(token.high_word, counter, originator, target, secret)
    return State.VALID if hmac.compare_digest(right, token.mac) else State.INVALID


def secret_of(keys: KeyStore, originator: bytes, target: bytes) -> bytes:
    """Return the secret of the supplier's prepayment key and the meter's key agreement key.

    LocalProtocolError unless ``keys`` holds the private key of one and the public of the other.
    """
    secret = keys.shared_secret(originator, target, Usage.PREPAYMENT, Usage.KEY_AGREEMENT)
    if secret is None:
        raise LocalProtocolError(
            f"a UTRN of {originator.hex()} for {target.hex()} needs {originator.hex()}-pp-ka and "
            f"{target.hex()}-ka, the private key of one of them")
    return secret


def truncated(counter: int) -> int:
    """Return the 10 bits of an originator counter that a token holds.

    LocalProtocolError if it is not 64 bits wide or its lower half is not zero.
    """
    if not 0 <= counter < 1 << 64:
        raise LocalProtocolError(f"an originator counter has 64 bits, {counter} has not")
    if counter % _COUNTER_STEP:
        raise LocalProtocolError(
            f"the lower 32 bits of the originator counter of a top-up are zero, not those of "
            f"{counter:016X}: a token does not hold them")
    return counter >> 32 & HIGHEST_TRUNCATED_COUNTER


def check_digit(digits: str) -> str:
    """Return the check digit of ``digits`` (GBCS section 14.8)."""
    state = 0
    for place, digit in enumerate(digits):
        row = _PERMUTATION[(_FIRST_ROW + place) % len(_PERMUTATION)]
        state = int(_PRODUCT[state][int(row[int(digit)])])
    return _CHECK_DIGIT[state]


def _mac(high_word: int, counter: int, originator: bytes, target: bytes, secret: bytes) -> bytes:
    for octets, length, what in ((originator, 8, "originator"), (target, 8, "target"),
                                 (secret, 32, "secret")):
        if len(octets) != length:
            raise LocalProtocolError(f"{what} of a UTRN: {length} octets, not {len(octets)}")
    key = derive_key(secret, originator, Cra.COMMAND, counter, target)
    covered = b"".join((SECURITY_HEADER, b"\0", originator, target, bytes((Cra.COMMAND,)),
                        counter.to_bytes(8, "big"), high_word.to_bytes(4, "big")))
    return AESGCM(key).encrypt(originator + bytes(4), b"", covered)[-_MAC_LENGTH:]
