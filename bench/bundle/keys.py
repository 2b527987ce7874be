"""The laboratory's signing key: P-256 or Ed25519 in a PEM file that only its owner can read, or
P-256 on a PKCS #11 token.

A key is named by the SHA-256 of its public half (SubjectPublicKeyInfo in DER, RFC 5280), so that
``openssl pkey -pubout -outform DER | sha256sum`` says the same. The file may be encrypted
(PKCS #8); the password comes from who asks, never from a command line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import CryptoSigner, HSMSigner, Signer, SSlibKey

from bench.bundle.errors import KeyFileError

KINDS = "expected a key on P-256 or an Ed25519 key"
LARGEST_FILE = 1 << 16  # octets

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def read_signer(file: Path, password: Callable[[], str]) -> Signer:
    """Return what signs with the private key in ``file``.

    ``password`` is called only if the file is encrypted. Raises :class:`KeyFileError` if group or
    others can read the file (on POSIX), or it holds no key of ours.
    """
    octets = owner_only(file)
    try:
        try:
            key = load_pem_private_key(octets, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(octets, password().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{file}: no private key in PEM form, or another password") from None
    if not _ours(key.public_key()):
        raise KeyFileError(f"{file}: {KINDS}")
    return CryptoSigner(key, public_key(key.public_key(), file))


def read_token_signer(uri: str, pin: Callable[[], str]) -> Signer:
    """Return what signs with a P-256 key on a PKCS #11 token.

    ``uri`` is ``hsm:[<key id>][?label=<token>]`` as ``securesystemslib`` has it; the environment
    variable ``PYKCS11LIB`` names the token's library. ``pin`` is asked when signing. Raises
    :class:`KeyFileError` where there is no such token or key, or ``python-pkcs11`` (the extra
    ``hsm``) is not installed.
    """
    try:
        found, token_key = HSMSigner.import_(*_token(uri), lambda _: pin())
        key = public_key(load_pem_public_key(str(token_key.keyval["public"]).encode()), Path(uri))
        return HSMSigner.from_priv_key_uri(found, key, lambda _: pin())
    except KeyFileError:
        raise
    except UnsupportedLibraryError:
        raise KeyFileError(f"{uri}: needs python-pkcs11: pip install smip-bench[hsm]") from None
    except Exception as failure:  # whatever the token's library raises; it has no PIN in it
        raise KeyFileError(f"{uri}: {failure or type(failure).__name__}") from failure


def _token(uri: str) -> tuple[int | None, str | None]:
    parts = urlsplit(uri)
    return int(parts.path) if parts.path else None, dict(parse_qsl(parts.query)).get("label")


def public_key(key: object, file: Path) -> SSlibKey:
    """Return ``key`` as signatures are checked with; :class:`KeyFileError` if it is of no kind
    that we take."""
    if not _ours(key):
        raise KeyFileError(f"{file}: {KINDS}")
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # _ours
    return SSlibKey.from_crypto(key, sha256(der).hexdigest())  # type: ignore[arg-type]  # _ours


def _ours(key: object) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, ed25519.Ed25519PublicKey)


def owner_only(file: Path) -> bytes:
    """Return what is in a private key's file; :class:`KeyFileError` if others can reach it."""
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(f"{file}: a private key that group or others can reach; "
                                   "chmod 600 gives it back to its owner")
            return stream.read(LARGEST_FILE)
    except OSError as failure:
        raise KeyFileError(f"{file}: cannot be read: {failure.strerror}") from None
