"""The trust anchor cells of a device: whose certificate each holds, and from which counter on.

A cell is named by remote party role, key usage and purpose (GBCS section 13); which ones there are
is the kind's (:class:`~devices.emulators.gbcs.kind.Kind`). Each role has one
EUI-64, that of the certificates in its cells, and a floor: the originator counter that the messages
of its holder must exceed. A known party without a cell has no right that it could lose or pass on:
it is known to be refused. Left out: the contingency key in the root certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509

from bench.protocols.gbcs.keys import KeyStore, Role, Usage, entity_of, role_of

ROOT_EUI64 = bytes(8)
"""What the root's certificate, which names no party, stands under (reference test data)."""

_DS, _KA, _CERT_SIGN = "digitalSignature", "keyAgreement", "keyCertSign"


class Cell(NamedTuple):
    """One cell; ``usage`` is the key usage bit by its X.509 name."""

    role: Role
    usage: str
    top_up: bool = False  # else for the management of the device

    @property
    def key(self) -> Usage | None:
        """What its key is used for with messages; ``None`` for the root."""
        if self.top_up:
            return Usage.PREPAYMENT
        return {_DS: Usage.DIGITAL_SIGNATURE, _KA: Usage.KEY_AGREEMENT}.get(self.usage)


ROOT = Cell(Role.ROOT, _CERT_SIGN)
TOP_UP = Cell(Role.SUPPLIER, _KA, True)


def signing(role: Role) -> Cell:
    """Return the cell for a role's signatures."""
    return Cell(role, _DS)


def pair(role: Role) -> tuple[Cell, Cell]:
    """Return the cells for a role's signatures and key agreements."""
    return Cell(role, _DS), Cell(role, _KA)


WITHOUT_MAC = frozenset({Role.RECOVERY, Role.TRANSITIONAL_CHANGE_OF_SUPPLIER})
"""Roles without a key agreement key here: what is sent to them is signed."""


@dataclass(slots=True)
class Floor:
    """The counters that a role's messages and, where told, its top-ups must exceed."""

    messages: int = 0
    top_ups: int | None = None


@dataclass(slots=True)
class TrustAnchors:
    """The held certificates by cell, and the floors by role; ``cells`` are those there are."""

    cells: tuple[Cell, ...] = ()
    certificates: dict[Cell, x509.Certificate] = field(default_factory=dict)
    floors: dict[Role, Floor] = field(default_factory=dict)
    without_cell: dict[tuple[bytes, Usage], x509.Certificate] = field(default_factory=dict)

    @classmethod
    def of(
        cls, cells: tuple[Cell, ...], keys: KeyStore, parties: Mapping[str, bytes],
        root: x509.Certificate | None,
    ) -> TrustAnchors:
        """Return the anchors of a fresh device: the certificates of ``parties`` in ``keys``.

        The cell for top-ups takes the supplier's key agreement certificate where ``keys`` holds
        none for them.
        """
        anchors = cls(cells)
        if root is not None:
            anchors.certificates[ROOT] = root
        for party in parties.values():
            role = keys.role(party)
            if role is None or not any(anchors.cells_of(role)):
                anchors.without_cell |= {
                    (party, usage): certificate for usage in Usage
                    if (certificate := keys.certificate(party, usage)) is not None}
                continue
            for cell in anchors.cells_of(role):
                certificate = keys.certificate(party, cell.key) if cell.key else None
                if certificate is None and cell.top_up:
                    certificate = keys.certificate(party, Usage.KEY_AGREEMENT)
                if certificate is not None:
                    anchors.certificates[cell] = certificate
        return anchors

    def copy(self) -> TrustAnchors:
        """Return anchors of their own with the same contents."""
        floors = {role: Floor(floor.messages, floor.top_ups)
                  for role, floor in self.floors.items()}
        return TrustAnchors(self.cells, dict(self.certificates), floors, dict(self.without_cell))

    @property
    def root(self) -> x509.Certificate | None:
        """The root's certificate."""
        return self.certificates.get(ROOT)

    def cells_of(self, role: Role) -> Iterator[Cell]:
        """Yield the cells of ``role``."""
        return (cell for cell in self.cells if cell.role == role)

    def held(self, role: Role) -> Sequence[tuple[Cell, x509.Certificate]]:
        """Return the filled cells of ``role``."""
        return [(cell, self.certificates[cell]) for cell in self.cells_of(role)
                if cell in self.certificates]

    def party(self, role: Role) -> bytes | None:
        """Return the EUI-64 of the holder of ``role``; ``None`` where there is none."""
        return next((entity(certificate) for _, certificate in self.held(role)), None)

    def roles(self, eui64: bytes) -> tuple[Role, ...]:
        """Return the roles that a party holds; none for a stranger."""
        held = [role for role in Role if role != Role.ROOT and self.party(role) == eui64]
        others = {role_of(certificate) for (party, _), certificate in self.without_cell.items()
                  if party == eui64}
        return (*held, *(role for role in others if role is not None))

    def floor(self, role: Role) -> Floor:
        """Return the floor of ``role``, to read or to change."""
        return self.floors.setdefault(role, Floor())

    def fill(self, store: KeyStore) -> None:
        """Put the parties' certificates into ``store``."""
        for (party, usage), certificate in self.without_cell.items():
            store.add(party, usage, certificate=certificate)
        for cell, certificate in self.certificates.items():
            if cell.key is not None:
                store.add(entity(certificate), cell.key, certificate=certificate)


@lru_cache(maxsize=256)  # asked for with every message
def entity(certificate: x509.Certificate) -> bytes:
    """Return the EUI-64 that a certificate is about; zeros for an authority's."""
    try:
        return entity_of(certificate) or ROOT_EUI64
    except ValueError:  # extensions or an identifier that cannot be read
        return ROOT_EUI64


def key_identifier(certificate: x509.Certificate) -> bytes:
    """Return the subject key identifier, 8 octets in GBCS; empty where there is none."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return b""
    return found.value.digest

