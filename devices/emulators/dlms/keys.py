"""The secrets of one emulated meter. No secret shows in a text of this record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.suites import suite


@dataclass(frozen=True, slots=True, repr=False)
class MeterKeys:
    """System title (8 octets), symmetric keys of the suite's length, and secrets of mechanisms.

    ``low_secret`` is the password of LLS, ``high_secret`` that of HLS mechanisms 3, 4 and 6.
    ``client_signing`` verifies what a client signs (mechanism 7).
    """

    title: bytes
    master: bytes = field(repr=False)
    global_unicast: bytes = field(repr=False)
    global_broadcast: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    low_secret: bytes = field(repr=False)
    high_secret: bytes = field(repr=False)
    signing: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    agreement: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    client_signing: ec.EllipticCurvePublicKey | None = field(default=None, repr=False)
    client_agreement: ec.EllipticCurvePublicKey | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Return the title alone."""
        return f"MeterKeys(title={self.title.hex()})"

    def of_association(self, suite_number: int, peer_title: bytes, secret: bytes) -> Keys:
        """Return what one association of the meter uses; ``secret`` is that of its mechanism."""
        return Keys(
            suite=suite_number, own_title=self.title, peer_title=peer_title,
            global_unicast=self.global_unicast, global_broadcast=self.global_broadcast,
            authentication=self.authentication, master=self.master, secret=secret,
            signing=self.signing, agreement=self.agreement, peer_signing=self.client_signing,
            peer_agreement=self.client_agreement)

    def with_key(self, name: str, key: bytes) -> MeterKeys:
        """Return these keys with another in the place of ``name``."""
        return replace(self, **{name: key})  # type: ignore[arg-type]  # a symmetric key's name

    def with_signing(self, own: ec.EllipticCurvePrivateKey,
                     client: ec.EllipticCurvePublicKey) -> MeterKeys:
        """Return these keys with a pair to sign with, and the client's key to verify with."""
        return replace(self, signing=own, client_signing=client)


def derived(seed: int, *, suite_number: int = 0, flag_id: str = "SMB") -> MeterKeys:
    """Return keys that follow from ``seed``: for trials and tests, never for a real meter."""

    def octets(name: str, length: int) -> bytes:
        return hashlib.sha512(f"{seed}/{name}".encode()).digest()[:length]

    length = suite(suite_number).key_octets
    return MeterKeys(
        flag_id.encode() + octets("title", 5), master=octets("master", length),
        global_unicast=octets("global_unicast", length),
        global_broadcast=octets("global_broadcast", length),
        authentication=octets("authentication", length),
        low_secret=octets("low", 8).hex().encode(), high_secret=octets("high", 16))
