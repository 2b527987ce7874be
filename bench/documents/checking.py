"""Is a signed document as it was signed, and by whom?

One signature must cover every octet of the file but its own: what was added afterwards is told,
even where a viewer would allow it. Whether the signer is trusted is asked of the same trust store
as for bundles (:mod:`bench.bundle.trust`): keys by name, no chains, offline. The time is the
signer's word. Leaves out what the document says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from bench.bundle import TrustStore
from bench.errors import DocumentError

if TYPE_CHECKING:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

START = b"%PDF-"
LARGEST = 256 << 20  # octets


@dataclass(frozen=True, slots=True)
class Checked:
    """``holds`` and ``findings`` are sentences; ``signer`` is the trusted name, "" without one.

    ``intact`` says that the file is as it was signed, by whomever.
    """

    findings: tuple[str, ...]
    holds: tuple[str, ...] = ()
    intact: bool = False
    signer: str = ""

    @property
    def sound(self) -> bool:
        """Whether the file is as a trusted key signed it."""
        return self.intact and bool(self.signer) and not self.findings


def is_document(file: Path) -> bool:
    """Return whether ``file`` begins as a PDF."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(START)) == START
    except OSError:
        return False


def check_document(file: Path, trust: TrustStore, now: datetime) -> Checked:
    """Check the signature of the PDF ``file``; ``now`` only serves to refuse later ones.

    Whatever the file holds, the answer is a :class:`Checked`. Raises
    :class:`~bench.errors.DocumentError` where it cannot be read at all, or the extra
    ``documents`` is not installed.
    """
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  an extra
    except ImportError as absent:
        raise DocumentError(
            f"a signed PDF needs {absent.name}: pip install smip-bench[documents]") from None
    try:
        if file.stat().st_size > LARGEST:
            return Checked((f"it is larger than {LARGEST} octets, and was not read",))
        with file.open("rb") as stream:
            found = PdfFileReader(stream).embedded_signatures
            if not found:
                return Checked(("nobody signed it",))
            if len(found) > 1:
                return Checked((f"it has {len(found)} signatures, and one is due",))
            return _check(found[0], trust, now)
    except OSError as failure:
        raise DocumentError(f"{file}: cannot be read: {failure.strerror}") from failure
    except Exception as wrong:  # whatever a stranger's file makes the library raise
        return Checked((f"it cannot be read as a signed PDF: {_printable(str(wrong))[:200]}",))


def _check(found: EmbeddedPdfSignature, trust: TrustStore, now: datetime) -> Checked:
    from pyhanko.sign.validation.status import SignatureCoverageLevel  # noqa: PLC0415

    findings, holds = [], []
    intact, valid = _cryptographic(found)
    if not intact:
        findings.append("altered: the octets are not those that were signed")
    if not valid:
        findings.append("altered: the signature is not by the certificate in it")
    if not _fills_its_room(found):
        findings.append("altered: the room for the signature holds something else beside it")
    coverage = found.evaluate_signature_coverage()
    if coverage is SignatureCoverageLevel.ENTIRE_FILE:
        if intact:
            holds.append("the signature covers the whole file, and nothing was added afterwards")
    elif coverage is SignatureCoverageLevel.ENTIRE_REVISION:
        findings.append("something was added after it was signed")
    else:
        findings.append("the signature does not cover all of it")
    sound = not findings
    signer = _signer(found, trust, now, findings, holds) if valid else ""
    return Checked(tuple(findings), tuple(holds), sound, signer)


def _cryptographic(found: EmbeddedPdfSignature) -> tuple[bool, bool]:
    """Return whether the octets are the signed ones, and the signature that of its certificate."""
    from pyhanko.sign.validation.errors import SignatureValidationError  # noqa: PLC0415
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity  # noqa: PLC0415

    try:
        return validate_sig_integrity(
            found.signer_info, found.signer_cert, expected_content_type="data",
            actual_digest=found.compute_digest())
    except SignatureValidationError:
        return False, False


def _fills_its_room(found: EmbeddedPdfSignature) -> bool:
    """Return whether the octets that no signature can cover, its own, are it and zeros alone."""
    from asn1crypto.parser import peek  # noqa: PLC0415

    content = found.pkcs7_content
    _, begin, end, _ = map(int, found.byte_range)
    stream = found.reader.stream
    stream.seek(begin)
    written = stream.read(end - begin).lower()
    return (written == b"<" + content.hex().encode() + b">"
            and not content[peek(content):].strip(b"\0"))


def _signer(found: EmbeddedPdfSignature, trust: TrustStore, now: datetime,
            findings: list[str], holds: list[str]) -> str:
    """Return the trusted signer's name, "" without one, and say by whom and when."""
    keyid = sha256(found.signer_cert.public_key.dump()).hexdigest()
    certificate = x509.load_der_x509_certificate(found.signer_cert.dump())
    name = _printable(certificate.subject.rfc4514_string())
    when = found.self_reported_timestamp
    said = f"signed by {name}, key {keyid}"
    holds.append(said + (f", by their clock on {when.isoformat()}" if when else ""))
    known = trust.get(keyid)
    if known is None:
        findings.append(f"unknown key: no key of --trust is {keyid}")
        return ""
    if when is None or when.tzinfo is None:
        findings.append("the signature does not say when it was made")
        return ""
    if when > now:
        findings.append(f"it says that it was signed on {when.isoformat()}, which is to come")
        return ""
    if objection := known.objection(when):
        findings.append(objection)
        return ""
    holds.append(f"the key is that of {_printable(known.name)}")
    return known.name


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
