"""AES-GCM with a tag of 12 octets, as GBCS and DLMS/COSEM use it (NIST SP 800-38D, t = 96).

The one-shot interface of ``cryptography`` has tags of 16 octets only: to seal, the tag is cut; to
open, the text is got by the key stream, sealed again, and its tag compared. That takes a third of
the time of the interface that knows short tags.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG_OCTETS = 12
_CUT = TAG_OCTETS - 16

Encrypt = Callable[[bytes, bytes, bytes | None], bytes]
"""From nonce, text and additional authenticated data to ciphertext and 16 octets of tag."""


@lru_cache(maxsize=1024)
def encryption(key: bytes) -> Encrypt:
    """Return what encrypts under ``key``, 16 or 32 octets; kept, as setting up a key is slow."""
    return AESGCM(key).encrypt


def seal(encrypt: Encrypt, nonce: bytes, text: bytes, additional: bytes) -> bytes:
    """Return ciphertext and tag."""
    return encrypt(nonce, text, additional)[:_CUT]


def open_sealed(encrypt: Encrypt, nonce: bytes, sealed: bytes, additional: bytes) -> bytes | None:
    """Return the text of ciphertext and tag, or ``None`` where the tag is not theirs."""
    text = encrypt(nonce, sealed[:-TAG_OCTETS], None)[:-16]
    if compare_digest(encrypt(nonce, text, additional)[:_CUT], sealed):
        return text
    return None
