"""The credentials of a device: trust anchors, own keys, counters, and the keys that follow.

What they are used for is elsewhere: messages are checked in ``authentication``, cells replaced in
``credential_updates``. All of it lasts over a loss of mains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bench.protocols.gbcs.keys import KeyStore, Role, Usage
from devices.emulators.gbcs.certification import loaded
from devices.emulators.gbcs.counters import Counters
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.keyring import Keyring
from devices.emulators.gbcs.own_keys import OwnKeys
from devices.emulators.gbcs.trust_anchors import Cell, TrustAnchors

_ISSUERS = 8  # how many authorities a device remembers (our choice)


class Credentials:
    """The credentials of ``device``, at first what ``keys`` holds of ``parties``."""

    def __init__(
        self, device: bytes, cells: tuple[Cell, ...], keys: KeyStore,
        parties: Mapping[str, bytes], *, seed: int = 0, faults: Faults = NONE,
    ) -> None:
        root, issuers = (keys.root, keys.issuers) if isinstance(keys, Keyring) else (None, ())
        self._faults = faults
        self.device = device
        self.anchors = TrustAnchors.of(cells, keys, parties, root)
        self.own = OwnKeys(device, keys, seed, faults)
        self.counters = Counters(faults)
        self.issuers = [_der(issuer) for issuer in issuers]  # of which chains are known
        self._first = self.anchors
        self.former: list[KeyStore] = []  # only a faulty device looks at them
        self._former_anchors: list[TrustAnchors] = []
        self.keys = self._store(self.anchors)

    @property
    def root(self) -> bytes | None:
        """The held root certificate, DER."""
        root = self.anchors.root
        return _der(root) if root else None

    @property
    def trusted(self) -> KeyStore:
        """The keys that messages are checked with."""
        if "new-party-not-accepted" in self._faults and self.former:
            return self.former[0]
        return self.keys

    def roles(self, eui64: bytes) -> tuple[str, ...]:
        """Return the names of the roles that a party holds; none for a stranger."""
        roles = self.anchors.roles(eui64)
        if "old-party-still-accepted" in self._faults:
            roles += tuple(role for old in self._former_anchors for role in old.roles(eui64))
        return tuple(role.name.lower() for role in roles)

    def floor(self, role: str) -> int:
        """Return the originator counter that messages of ``role`` must exceed."""
        return self.anchors.floor(Role[role.upper()]).messages if role else 0

    def recipient(self, role: str) -> tuple[bytes | None, KeyStore]:
        """Return who is told what is for ``role``, and the keys to protect it with."""
        if "alerts-to-the-old-party" in self._faults and self.former:
            return self._first.party(Role[role.upper()]), self.former[0]
        return self.anchors.party(Role[role.upper()]), self.keys

    def keys_with(self, party: bytes, certificate: bytes) -> KeyStore:
        """Return the keys with those of a supplementary remote party, for one answer."""
        store = self._store(self.anchors)
        store.add(party, Usage.KEY_AGREEMENT, certificate=loaded(certificate))
        return store

    def hold(self, anchors: TrustAnchors) -> None:
        """Hold ``anchors`` from now on."""
        if self._faults:
            self.former.append(self.keys)
            self._former_anchors.append(self.anchors)
        self.anchors = anchors
        self.renew()

    def learn(self, path: Sequence[bytes]) -> None:
        """Know the authorities that came with a good replacement, the newest first."""
        known = [one for one in self.issuers if one not in path]
        self.issuers = [*path, *known][:_ISSUERS]

    def renew(self) -> None:
        """Use what is held now: a cell or an own key has changed."""
        self.keys = self._store(self.anchors)

    def interrupt(self) -> None:
        """Go through a loss of mains; only a faulty device forgets anything."""
        self.counters.interrupt()
        self.own.interrupt()
        if "credentials-lost-over-outage" in self._faults and self.anchors is not self._first:
            self.hold(self._first)

    def _store(self, anchors: TrustAnchors) -> KeyStore:
        store = KeyStore()
        anchors.fill(store)
        self.own.fill(store)
        return store


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
