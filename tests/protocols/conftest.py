"""A small public key infrastructure of our own, and the reference test data where it lies."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from protocol_parties import DEVICE, PARTIES, SUPPLIER, Vector, make_certificate

from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import Cra, Message, parse

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def keys() -> KeyStore:
    """All keys of four parties: broker, supplier, network operator and device."""
    store = KeyStore()
    for eui64, role in PARTIES.items():
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            key = ec.derive_private_key(int.from_bytes(eui64 + usage.encode(), "big"),
                                        ec.SECP256R1())
            store.add(eui64, usage, certificate=make_certificate(eui64, role, key),
                      private_key=key)
    return store


@pytest.fixture(scope="session")
def command() -> Callable[..., Message]:
    """Make a command of the supplier to the device, unprotected; fields can be given."""

    def make(**fields: object) -> Message:
        given: dict[str, object] = {
            "cra": Cra.COMMAND, "originator_counter": 1000, "originator": SUPPLIER,
            "recipient": DEVICE, "message_code": 0x004F,
            "payload": bytes.fromhex("D920000000000103000900000A006AFF010112 0033")}
        return Message(**(given | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the reference data is not beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def vectors(shared: Path) -> list[Vector]:
    rtds = shared / "vectors" / "rtds"
    found = []
    with (rtds / "manifest.tsv").open() as manifest:
        for row in csv.DictReader(manifest, delimiter="\t"):
            octets = bytes.fromhex((rtds / "messages" / row["dir"] / row["file"]).read_text())
            found.append(Vector(row["file"], octets, parse(octets), int(row["message_code"], 16),
                                row["cra"], row["payload"], row["signature"], row["mac"]))
    return found


@pytest.fixture(scope="session")
def reference_keys(shared: Path) -> KeyStore:
    return KeyStore.load(shared / "vectors" / "rtds" / "keystore", strict=False)
