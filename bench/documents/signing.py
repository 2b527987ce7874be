"""The signature of a document: PAdES B-B (ETSI EN 319 142-1), one, over the whole file.

It certifies (ISO 32000-1, 12.8.2.2) that nothing may be added: a later change, even an
incremental one, shows. The field is invisible and outside the page, since an untagged one on it
would break PDF/UA; the document prints the signatory's name itself. Keys are P-256 or Ed25519,
the kinds that sign bundles, each with an X.509 certificate. Leaves out time-stamps and
revocation data: the signature is made and checked offline.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from bench.bundle import KeyFileError
from bench.bundle.keys import KINDS, LARGEST_FILE, owner_only
from bench.errors import DocumentError
from bench.records.issued import Signatory

if TYPE_CHECKING:
    from pyhanko.sign import PdfSigner

FIELD = "Signature"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key and the certificate of its public half."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def keyid(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo, DER), 64 hexadecimal digits."""
        return sha256(_public_octets(self.certificate)).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The common and organisation names of the certificate's subject."""
        return tuple(
            str(attribute.value) for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
            for attribute in self.certificate.subject.get_attributes_for_oid(kind))


def read_credential(
    certificate: Path, key: Path, password: Callable[[], str]
) -> Credential:
    """Read a certificate and its private key, both PEM.

    ``password`` is asked only for an encrypted key. Raises
    :class:`~bench.bundle.KeyFileError` where group or others can reach the key, a file holds
    something else, or the two do not belong together.
    """
    try:
        with certificate.open("rb") as stream:
            found = x509.load_pem_x509_certificate(stream.read(LARGEST_FILE))
    except OSError as failure:
        raise KeyFileError(f"{certificate}: cannot be read: {failure.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(f"{certificate}: no certificate in PEM form") from None
    octets = owner_only(key)
    try:
        try:
            private = load_pem_private_key(octets, None)
        except TypeError:  # it is encrypted
            private = load_pem_private_key(octets, password().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{key}: no private key in PEM form, or another password") from None
    ours = isinstance(private, ed25519.Ed25519PrivateKey) or (
        isinstance(private, ec.EllipticCurvePrivateKey)
        and isinstance(private.curve, ec.SECP256R1))
    if not ours:
        raise KeyFileError(f"{key}: {KINDS}")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public != _public_octets(found):
        raise KeyFileError(f"{certificate}: it is the certificate of another key than {key}")
    return Credential(private, found)  # type: ignore[arg-type]  # ours


def sign(pdf: bytes, credential: Credential, signatory: Signatory, now: datetime) -> bytes:
    """Return ``pdf`` with the signature of ``credential`` over all of it.

    ``now`` (with zone) is the time of signing as the signature claims it. Raises
    :class:`~bench.errors.DocumentError` for a certificate that is not valid at that time, where
    the extra ``documents`` is not installed, or the file cannot be signed.
    """
    certificate = credential.certificate
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= now <= last:
        raise DocumentError(f"the certificate of {certificate.subject.rfc4514_string()} is valid "
                            f"from {first.isoformat()} to {last.isoformat()}, not now")
    try:
        from pyhanko.pdf_utils.incremental_writer import (  # noqa: PLC0415  an extra
            IncrementalPdfFileWriter,
        )
        from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415
        from pyhanko.sign.general import SigningError  # noqa: PLC0415
    except ImportError as absent:
        raise DocumentError(f"a signature needs {absent.name}: pip install smip-bench[documents]") \
            from None
    out = io.BytesIO()
    try:
        _signer(credential, signatory, now).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    except (PdfError, SigningError) as failure:
        raise DocumentError(f"the document cannot be signed: {failure}") from failure
    return out.getvalue()


def _signer(credential: Credential, signatory: Signatory, now: datetime) -> PdfSigner:
    from asn1crypto import keys  # noqa: PLC0415
    from asn1crypto import x509 as asn1_x509  # noqa: PLC0415
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner  # noqa: PLC0415
    from pyhanko.sign.fields import (  # noqa: PLC0415
        InvisSigSettings,
        MDPPerm,
        SigFieldSpec,
        SigSeedSubFilter,
    )
    from pyhanko.sign.signers.constants import ESIC_EXTENSION_1  # noqa: PLC0415
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    class Plain(PdfSigner):
        """Claims the time that it is given, in UTC, and leaves the file PDF 1.7, which PDF/A-2
        demands; for P-256 pyHanko would call it PDF 2.0 with an extension."""

        def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:  # noqa: ARG002
            pdf_out.register_extension(ESIC_EXTENSION_1)

        def init_signing_session(self, *arguments: Any, **options: Any) -> Any:
            session = super().init_signing_session(*arguments, **options)
            session.system_time = now.astimezone(UTC)
            return session

    private = credential.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = credential.certificate.public_bytes(Encoding.DER)
    return Plain(
        PdfSignatureMetadata(
            field_name=FIELD, name=signatory.name, reason=signatory.function,
            subfilter=SigSeedSubFilter.PADES, certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES),
        signer=SimpleSigner(asn1_x509.Certificate.load(public), keys.PrivateKeyInfo.load(private),
                            SimpleCertificateStore()),  # type: ignore[no-untyped-call]
        new_field_spec=SigFieldSpec(
            FIELD, readable_field_name=f"Signature of {signatory.name}",
            invis_sig_settings=InvisSigSettings(box_out_of_bounds=True)))


def _public_octets(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
