"""The guard that keeps private keys out of the evidence.

Evidence is handed on, keys are not. A key gets into it by mistake only, as a PEM text or as the
DER octets of a P-256 key (PKCS #8, RFC 5958; EC private key, RFC 5915), in hexadecimal or base64.
A bare 32-octet scalar cannot be told from other octets: whoever holds one must not pass it on.
"""

from __future__ import annotations

from bench.errors import LedgerError

_PRIME256V1_KEY = "06082A8648CE3D030107046D306B0201010420"  # PKCS #8, with the public key
_PRIME256V1_BARE_KEY = "06082A8648CE3D0301070427302502010104"  # PKCS #8, without it
_EC_KEY = "30770201010420"  # RFC 5915
SECRET_MARKS: tuple[bytes, ...] = (
    b"PRIVATE KEY-----",
    b"MIGHAgEAMBMGByqGSM49",  # the start of the PKCS #8 form in base64
    b"MEECAQAwEwYHKoZIzj0C",  # the same without the public key
    b"MHcCAQEEI",  # the start of the RFC 5915 form in base64
    *(form.encode()
      for mark in (_PRIME256V1_KEY, _PRIME256V1_BARE_KEY, _EC_KEY)
      for form in (mark, mark.lower())),
)


def refuse_secrets(octets: bytes, what: str) -> None:
    """Raise :class:`~bench.errors.LedgerError` naming ``what`` if a private key is in ``octets``.

    The text of the error does not repeat the octets.
    """
    if any(mark in octets for mark in SECRET_MARKS):
        raise LedgerError(f"{what} holds a private key: refused, nothing was stored")
