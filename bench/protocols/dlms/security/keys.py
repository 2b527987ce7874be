"""The keys of one association, as one side holds them. No key shows in a text of this record."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security.suites import TITLE_OCTETS, suite

_SYMMETRIC = ("global_unicast", "global_broadcast", "authentication", "dedicated", "master")
_ASYMMETRIC = ("signing", "agreement", "peer_signing", "peer_agreement")


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Keys and system titles of one side of an association; both sides use the same record.

    Symmetric keys have 16 octets in suites 0 and 1, 32 in suite 2. ``authentication`` is part of
    the additional authenticated data wherever it is held. ``secret`` is that of low-level security
    or of HLS mechanisms 2, 3, 4 and 6; ``certificate`` (DER) is that of ``signing``, for a peer
    that has to be told. Titles have 8 octets; ``peer_title`` may be learnt later.
    LocalProtocolError for a length or a curve that does not go with the suite.
    """

    suite: int = 0
    own_title: bytes = b""
    peer_title: bytes = b""
    global_unicast: bytes | None = field(default=None, repr=False)
    global_broadcast: bytes | None = field(default=None, repr=False)
    authentication: bytes | None = field(default=None, repr=False)
    dedicated: bytes | None = field(default=None, repr=False)
    master: bytes | None = field(default=None, repr=False)
    secret: bytes | None = field(default=None, repr=False)
    signing: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    agreement: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    peer_signing: ec.EllipticCurvePublicKey | None = field(default=None, repr=False)
    peer_agreement: ec.EllipticCurvePublicKey | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        chosen = suite(self.suite)
        for name in ("own_title", "peer_title"):
            if len(getattr(self, name)) not in (0, TITLE_OCTETS):
                raise LocalProtocolError(f"{name}: a system title has {TITLE_OCTETS} octets")
        for name in _SYMMETRIC:
            key = getattr(self, name)
            if key is not None and len(key) != chosen.key_octets:
                raise LocalProtocolError(
                    f"{name}: a key of suite {self.suite} has {chosen.key_octets} octets, "
                    f"this has {len(key)}")
        for name in _ASYMMETRIC:
            key = getattr(self, name)
            if key is not None and (chosen.curve is None or key.curve.name != chosen.curve.name):
                raise LocalProtocolError(
                    f"{name}: suite {self.suite} has no key on {key.curve.name}")

    def with_peer_title(self, title: bytes) -> Keys:
        """Return these with the title that the peer gave."""
        return replace(self, peer_title=title)

    def with_dedicated(self, key: bytes) -> Keys:
        """Return these with the dedicated key of an association."""
        return replace(self, dedicated=key)

    def __repr__(self) -> str:
        """Return suite, titles and the names of the keys that are held."""
        held = [name for name in (each.name for each in fields(self)[3:])
                if getattr(self, name) is not None]
        return (f"Keys(suite={self.suite}, own_title={self.own_title.hex()}, "
                f"peer_title={self.peer_title.hex()}, held={'+'.join(held) or 'none'})")
