"""Signatures as r and s side by side."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from bench.protocols.plain_ecdsa import sign, verify


@pytest.mark.parametrize("octets", [32, 48])
@given(data=st.data())
def test_r_and_s_take_the_octets_of_a_coordinate_each(octets: int, data: st.DataObject) -> None:
    r = data.draw(st.integers(1, (1 << 8 * octets) - 1))
    s = data.draw(st.integers(1, 1 << 8 * octets - 8))
    key = Mock(sign=lambda *_: encode_dss_signature(r, s), key_size=8 * octets)
    assert sign(b"", key) == r.to_bytes(octets, "big") + s.to_bytes(octets, "big")


@pytest.mark.parametrize(("curve", "algorithm", "octets"), [
    (ec.SECP256R1(), hashes.SHA256(), 64), (ec.SECP384R1(), hashes.SHA384(), 96)])
def test_a_signature_is_that_of_its_octets_and_its_key_only(
    curve: ec.EllipticCurve, algorithm: hashes.HashAlgorithm, octets: int
) -> None:
    key, other = (ec.derive_private_key(number, curve) for number in (5, 6))
    signature = sign(b"text", key)
    assert len(signature) == octets
    half = octets // 2
    key.public_key().verify(
        encode_dss_signature(int.from_bytes(signature[:half], "big"),
                             int.from_bytes(signature[half:], "big")),
        b"text", ec.ECDSA(algorithm))
    assert verify(b"text", signature, key.public_key())
    assert not verify(b"texT", signature, key.public_key())
    assert not verify(b"text", signature, other.public_key())
    assert not verify(b"text", signature[:-1], key.public_key())
    assert not verify(b"text", b"\0" + signature, key.public_key())
    assert not verify(b"text", b"", key.public_key())
