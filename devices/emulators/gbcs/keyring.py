"""What a device holds of a test PKI: its own private keys, and certificates of its remote parties.

A party whose name starts with ``second_`` is of a role that the device already has a party for: the
device does not know it, as a real one does not know every supplier.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography import x509

from bench.errors import RigError
from bench.protocols.gbcs.keys import KeyStore, Usage
from devices import pki

_UNKNOWN = "second_"
_ROOT, _ISSUER = "root.pem", "issuing-authority.pem"  # in the folder of the authorities


class Keyring(KeyStore):
    """The keys of a device, with the certificates of the root and of issuers that it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.root: x509.Certificate | None = None
        self.issuers: tuple[x509.Certificate, ...] = ()


def remote_parties(parties: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of ``parties`` that the device knows, itself left out."""
    return {name: party for name, party in parties.items()
            if name != pki.DEVICE and not name.startswith(_UNKNOWN)}


def keys_of(device: bytes, parties: Mapping[str, bytes], everything: KeyStore) -> Keyring:
    """Return what ``device`` holds out of ``everything``."""
    held = Keyring()
    for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
        private = everything.private_key(device, usage)
        if private is None:
            raise RigError(f"no private key {device.hex()}-{usage}.key for the device")
        held.add(device, usage, certificate=everything.certificate(device, usage),
                 private_key=private)
        for party in remote_parties(parties).values():
            held.add(party, usage, certificate=everything.certificate(party, usage),
                     public_key=everything.public_key(party, usage))
    for party in remote_parties(parties).values():
        top_up = everything.certificate(party, Usage.PREPAYMENT)
        if top_up is not None:
            held.add(party, Usage.PREPAYMENT, certificate=top_up)
    return held


def load(folder: Path) -> tuple[bytes, dict[str, bytes], KeyStore]:
    """Return the device's EUI-64, its remote parties and its keys from the PKI in ``folder``."""
    parties = pki.read_parties(folder)
    if pki.DEVICE not in parties:
        raise RigError(f"{folder / pki.PARTIES_FILE}: names no {pki.DEVICE}")
    device = parties[pki.DEVICE]
    held = keys_of(device, parties, KeyStore.load(folder, strict=False))
    held.root = _authority(folder / pki.AUTHORITIES / _ROOT)
    issuer = _authority(folder / pki.AUTHORITIES / _ISSUER)
    held.issuers = (issuer,) if issuer else ()
    return device, remote_parties(parties), held


def _authority(file: Path) -> x509.Certificate | None:
    """Return the certificate in ``file``; a PKI may lack it, then no certificate is trusted."""
    if not file.exists():
        return None
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as wrong:
        raise RigError(f"{file}: no certificate in PEM form: {wrong}") from None
