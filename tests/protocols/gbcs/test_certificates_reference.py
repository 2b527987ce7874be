"""The certificates of the reference test data keep the rules, and another reader agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.certificates import Certificate, KeyUsage, Kind, chain, check, read
from bench.protocols.gbcs.keys import entity_of, role_of

# the load controller's, made in 2018 by another way than the rest: no identifier of its issuer's
# key, which GBCS section 12 asks of all certificates but a root's, and not signed by that issuer
KNOWN = {"90b3d51f30010008-ds.pem": ["authority-key"], "90b3d51f30010008-ka.pem": ["authority-key"]}
OF_ANOTHER = {"90b3d51f30000007-ka.pem": "90b3d51f30030000"}
USAGES = {"ds": KeyUsage.DIGITAL_SIGNATURE, "ka": KeyUsage.KEY_AGREEMENT}


@pytest.fixture(scope="module")
def keystore(shared: Path) -> dict[str, bytes]:
    folder = shared / "vectors/rtds/keystore"
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.pem"))}
    assert len(found) == 417
    return found


@pytest.fixture(scope="module")
def in_messages(shared: Path) -> tuple[Certificate, ...]:
    """Every distinct certificate that a message carries."""
    found: dict[bytes, Certificate] = {}
    for path in sorted((shared / "vectors/rtds/messages").glob("*/*.HEX")):
        octets = bytes.fromhex(path.read_text())
        for start in re.finditer(rb"\x30\x82..\x30\x82..\xA0\x03\x02\x01\x02", octets, re.DOTALL):
            begin = start.start()
            length = 4 + int.from_bytes(octets[begin + 2:begin + 4], "big")
            der = octets[begin:begin + length]
            found.setdefault(der, read(der))
    assert found
    return tuple(found.values())


def test_all_but_two_keep_every_rule(keystore: dict[str, bytes]) -> None:
    kinds = dict.fromkeys(Kind, 0)
    for name, octets in keystore.items():
        if name == "fffffffffffffffe-ka.pem":  # a bare public key
            with pytest.raises(RemoteProtocolError, match="PUBLIC KEY"):
                read(octets)
            continue
        found = read(octets)
        kinds[found.kind] += 1
        entity = bytes.fromhex(OF_ANOTHER.get(name, name[:16]))
        broken = check(found, eui64=entity, usage=USAGES[name[-6:-4]],
                       at=found.not_before)
        assert [one.name for one in broken] == KNOWN.get(name, []), name
    assert kinds == {Kind.DEVICE: 400, Kind.ORGANISATION: 16, Kind.AUTHORITY: 0}


def test_another_reader_reads_the_same(keystore: dict[str, bytes]) -> None:
    for name, octets in keystore.items():
        if b"PUBLIC KEY" in octets:
            continue
        found, other = read(octets), x509.load_pem_x509_certificate(octets)
        key_usage = other.extensions.get_extension_for_class(x509.KeyUsage).value
        assert found.der == other.public_bytes(serialization.Encoding.DER)
        assert found.signed == other.tbs_certificate_bytes
        assert (found.signature, found.serial) == (other.signature, other.serial_number)
        assert (found.not_before, found.not_after) == (other.not_valid_before_utc,
                                                       other.not_valid_after_utc)
        assert found.issuer.der == other.issuer.public_bytes()
        assert found.subject.der == other.subject.public_bytes()
        assert found.key() == other.public_key()
        assert (found.eui64, found.role) == (entity_of(other), role_of(other)), name
        assert (KeyUsage.DIGITAL_SIGNATURE in found.usages,
                KeyUsage.KEY_AGREEMENT in found.usages) == (key_usage.digital_signature,
                                                            key_usage.key_agreement)
        assert [(one.oid, one.critical) for one in found.extensions] == [
            (one.oid.dotted_string, one.critical) for one in other.extensions]


def test_all_but_one_of_those_in_messages_keep_every_rule(
    in_messages: tuple[Certificate, ...],
) -> None:
    assert {found.kind for found in in_messages} == set(Kind)
    for found in in_messages:
        # one of a device of early 2015, by an issuer of its own, has uncritical policies
        known = ["criticality"] if found.issuer.text == "CN=0001" else []
        broken = check(found, at=found.not_before)
        assert [one.name for one in broken] == known, found.subject.text


def test_organisations_chain_to_the_issuing_authority_of_the_messages(
    keystore: dict[str, bytes], in_messages: tuple[Certificate, ...],
) -> None:
    """Its own issuer, the root, is nowhere in the set: the path ends there."""
    [issuing] = [found for found in in_messages if found.kind is Kind.AUTHORITY]
    assert issuing.issuer.text == "OU=00, CN=ZA"
    witness = x509.load_der_x509_certificate(issuing.der)
    public_key = witness.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    seen: dict[str, list[str]] = {}
    for name, octets in keystore.items():
        if name.startswith("90b3d51f"):
            found = read(octets)
            assert chain(found, [issuing]) == (issuing, found)
            broken = [one.name for one in check(found, issuers=[issuing], at=found.not_before)]
            seen[name] = broken
            other = x509.load_pem_x509_certificate(octets)
            if "issuer-signature" in broken:
                with pytest.raises(InvalidSignature):
                    public_key.verify(other.signature, other.tbs_certificate_bytes,
                                      ec.ECDSA(hashes.SHA256()))
            else:
                other.verify_directly_issued_by(witness)
    assert len(seen) == 16
    assert {name for name, broken in seen.items() if broken != ["root-unknown"]} == set(KNOWN)
    for name in KNOWN:
        assert seen[name] == ["issuer-signature", "root-unknown", "authority-key"]


def test_a_certificate_of_another_issuing_authority_has_no_known_issuer(
    in_messages: tuple[Certificate, ...],
) -> None:
    [issuing] = [found for found in in_messages if found.kind is Kind.AUTHORITY]
    [stranger] = [found for found in in_messages if found.issuer.text == "OU=07, CN=Z2"]
    assert [one.name for one in check(stranger, issuers=[issuing])] == ["issuer-unknown"]
