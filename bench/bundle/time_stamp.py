"""RFC 3161 time stamps over an envelope: the request, and the reply in the one form we keep.

A reply holds a CMS SignedData (RFC 5652) over a TSTInfo, which names the digest of the stamped
octets and the time. The authority's signature covers the TSTInfo and the signed attributes; these
name its certificate by digest (RFC 5035, RFC 5816). What it does not cover, a status text, version
numbers, the writing of algorithms, certificates that nobody needs, could be altered unseen. So a
reply is written anew in one form, in which all of that follows from what was signed, and a part of
a bundle must be in that form. Left out: requests for a policy, other digests than SHA-2, signatures
other than RSA (PKCS #1 v1.5, PSS) and ECDSA, accuracy and ordering, and whether an authority is to
be believed (:mod:`bench.bundle.authorities`).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from asn1crypto import algos, cms, core, parser, tsp
from asn1crypto import x509 as names
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from bench.bundle.errors import BundleError

REQUEST_TYPE = "application/timestamp-query"  # RFC 3161, 3.4
LARGEST_STAMP = 1 << 16  # octets; a reply with a chain of RSA certificates takes a tenth
MOST_CERTIFICATES = 8  # between the authority and a root

_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_RSA, _PSS, _ECDSA = "rsassa_pkcs1v15", "rsassa_pss", "ecdsa"
_KINDS: Mapping[str, tuple[str, str]] = {  # as asn1crypto names them -> kind, digest if it has one
    _RSA: (_RSA, ""), _PSS: (_PSS, ""),
    **{f"{digest}_rsa": (_RSA, digest) for digest in _DIGESTS},
    **{f"{digest}_ecdsa": (_ECDSA, digest) for digest in _DIGESTS},
}
_NO_REPLY = "it is no reply of an RFC 3161 authority"


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A time stamp whose own signature holds; ``certificates`` are the authority's and those above
    it, without a root. ``octets`` is the reply in the form of a bundle."""

    octets: bytes
    time: datetime.datetime
    digest: str  # name of the algorithm
    imprint: bytes  # digest of what was stamped
    certificates: tuple[x509.Certificate, ...]

    @property
    def authority(self) -> str:
        """Return the name in the authority's certificate."""
        return self.certificates[0].subject.rfc4514_string()

    def covers(self, octets: bytes) -> bool:
        """Return whether ``octets`` are what was stamped."""
        return hashlib.new(self.digest, octets).digest() == self.imprint


def request(octets: bytes, nonce: int) -> bytes:
    """Return the TimeStampReq (DER) over ``octets``: by SHA-256, the certificate wanted."""
    return bytes(tsp.TimeStampReq({
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()},
            "hashed_message": hashlib.sha256(octets).digest()},
        "nonce": nonce,
        "cert_req": True,
    }).dump())


def read_reply(octets: bytes) -> TimeStamp:
    """Read a TimeStampResp (DER) as an authority sent it, and check that it holds in itself.

    Raises :class:`BundleError` where it is none, was not granted, or is not signed by the
    certificate for time stamps that it names.
    """
    try:
        reply = tsp.TimeStampResp.load(octets, strict=True)
        status = str(reply["status"]["status"].native)
        if status != "granted":
            raise BundleError(f"the authority did not grant it: {_refusal(reply['status'])}")
        return _stamp(reply["time_stamp_token"])
    except BundleError:
        raise
    except Exception as wrong:  # whatever a stranger wrote: the library fails in many ways
        raise BundleError(_NO_REPLY) from wrong


def read_stamp(octets: bytes) -> TimeStamp:
    """Read the part of a bundle; raises :class:`BundleError` for any other octets than ours."""
    stamp = read_reply(octets)
    if stamp.octets != octets:
        raise BundleError("it is not written as a bundle's time stamp is")
    return stamp


def _refusal(status: Any) -> str:
    said = [str(status["status"].native), *(status["status_string"].native or ()),
            *sorted(status["fail_info"].native or ())]
    return ", ".join(said)


def _stamp(token: Any) -> TimeStamp:
    signed = token["content"]
    signers = signed["signer_infos"]
    if token["content_type"].native != "signed_data" or len(signers) != 1 \
            or signed["encap_content_info"]["content_type"].native != "tst_info":
        raise BundleError(_NO_REPLY)
    signer = signers[0]
    content = bytes(signed["encap_content_info"]["content"])
    chain = tuple(_chain(signer["sid"].chosen, signed["certificates"]))
    attributes = sorted(attribute.dump() for attribute in signer["signed_attrs"])
    digest, kind, salt = _algorithm(signer)
    _check_attributes(signer["signed_attrs"], content, digest, chain[0])
    signature = bytes(signer["signature"])
    if not _made(chain[0], _set(attributes), signature, _DIGESTS[digest], kind, salt):
        raise BundleError("the authority's certificate did not make its signature")
    if flaw := _certificate_flaw(chain[0]):
        raise BundleError(f"the certificate of {chain[0].subject.rfc4514_string()} is not for time "
                          f"stamps: {flaw}")
    info = tsp.TSTInfo.load(content, strict=True)
    if any(extension["critical"].native for extension in info["extensions"] or ()):
        raise BundleError("it has a critical extension, which is not known here")
    imprint = info["message_imprint"]
    stamped = str(imprint["hash_algorithm"]["algorithm"].native)
    if stamped not in _DIGESTS:
        raise BundleError(f"it is over a digest by {stamped}; expected {', '.join(_DIGESTS)}")
    form = _form(content, chain, digest, _identifier(kind, digest, salt), attributes, signature)
    return TimeStamp(form, info["gen_time"].native.astimezone(datetime.UTC), stamped,
                     bytes(imprint["hashed_message"]), chain)


def _form(content: bytes, chain: Sequence[x509.Certificate], digest: str, algorithm: bytes,
          attributes: Sequence[bytes], signature: bytes) -> bytes:
    """Return the reply in the one form: DER, granted without a text, no CRLs, nothing unsigned."""
    hashed = algos.DigestAlgorithm({"algorithm": digest}).dump()
    signer = names.Certificate.load(_der(chain[0]))
    return _sequence(
        _sequence(core.Integer(0).dump()),
        _sequence(
            cms.ContentType("signed_data").dump(),
            _tagged(0, _sequence(
                core.Integer(3).dump(),
                _set([hashed]),
                _sequence(cms.ContentType("tst_info").dump(),
                          _tagged(0, core.OctetString(content).dump())),
                _tagged(0, *sorted(map(_der, chain))),
                _set([_sequence(
                    core.Integer(1).dump(),
                    _sequence(signer.issuer.dump(), core.Integer(signer.serial_number).dump()),
                    hashed,
                    _tagged(0, *attributes),
                    algorithm,
                    core.OctetString(signature).dump())])))))


def _chain(signer: Any, given: Any) -> Iterator[x509.Certificate]:
    """Yield the signer's certificate, and those above it as far as they were given, no root."""
    pool = sorted(choice.chosen.dump() for choice in given
                  if choice.name == "certificate" and _one_way(choice.chosen))
    found = next((octets for octets in pool if _names(signer, octets)), None)
    if found is None:
        raise BundleError("it does not hold the authority's certificate")
    above = list(_readable(pool))
    current: x509.Certificate | None = x509.load_der_x509_certificate(found)
    for _ in range(MOST_CERTIFICATES):
        if current is None:
            return
        yield current
        current = next((other for other in above if other.issuer != other.subject
                        and _issued(current, other)), None)


def _one_way(certificate: Any) -> bool:
    """Return whether what surrounds the signed part of a certificate is written in the one way: a
    bit string, for one, can say of the same signature that its last bit is not used."""
    signed = certificate["tbs_certificate"]
    signature = parser.emit(0, 0, 3, b"\0" + certificate["signature_value"].native)
    return bool(certificate.dump() == _sequence(
        signed.dump(), signed["signature"].dump(), signature))


def _names(signer: Any, octets: bytes) -> bool:
    certificate = names.Certificate.load(octets)
    if isinstance(signer, cms.IssuerAndSerialNumber):
        return bool(certificate.issuer == signer["issuer"]
                    and certificate.serial_number == signer["serial_number"].native)
    return bool(certificate.key_identifier == signer.native)


def _readable(pool: Sequence[bytes]) -> Iterator[x509.Certificate]:
    for octets in pool:
        with suppress(ValueError):
            yield x509.load_der_x509_certificate(octets)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _algorithm(signer: Any) -> tuple[str, str, int]:
    """Return the digest, the kind of signature, and the length of the salt (PSS only)."""
    digest = str(signer["digest_algorithm"]["algorithm"].native)
    name = str(signer["signature_algorithm"]["algorithm"].native)
    kind, own = _KINDS.get(name, ("", ""))
    salt = 0
    if kind == _PSS:
        parameters = signer["signature_algorithm"]["parameters"]
        own = str(parameters["hash_algorithm"]["algorithm"].native)
        salt = int(parameters["salt_length"].native)
    if digest not in _DIGESTS or not kind or own not in ("", digest):
        raise BundleError(f"it is signed with {name} over {digest}; expected RSA or ECDSA over one "
                          f"of {', '.join(_DIGESTS)}")
    return digest, kind, salt


def _identifier(kind: str, digest: str, salt: int) -> bytes:
    """Return the one AlgorithmIdentifier for a signature of this kind."""
    if kind == _ECDSA:
        return bytes(algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"}).dump())
    parameters = core.Null() if kind == _RSA else algos.RSASSAPSSParams({
        "hash_algorithm": {"algorithm": digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
        "salt_length": salt})
    return bytes(algos.SignedDigestAlgorithm({"algorithm": kind, "parameters": parameters}).dump())


def _check_attributes(attributes: Any, content: bytes, digest: str,
                      certificate: x509.Certificate) -> None:
    """Check what the signature covers: RFC 5652, 5.3 and 5.4; RFC 5816, 2.2.1."""
    values: dict[str, Any] = {}
    for attribute in attributes:
        name = str(attribute["type"].native)
        if name in values or len(attribute["values"]) != 1:
            raise BundleError(f"its signed attribute {name} is not there once")
        values[name] = attribute["values"][0]
    if values["content_type"].native != "tst_info" \
            or values["message_digest"].native != hashlib.new(digest, content).digest():
        raise BundleError("its signature is over other content")
    named = [values[name]["certs"][0] for name in ("signing_certificate", "signing_certificate_v2")
             if name in values]
    if not named or not all(_same_certificate(one, _der(certificate)) for one in named):
        raise BundleError("its signature does not name the certificate of the authority")


def _same_certificate(named: Any, octets: bytes) -> bool:
    """Return whether an ESSCertID (RFC 2634) or ESSCertIDv2 (RFC 5035) is of a certificate."""
    if isinstance(named, tsp.ESSCertID):
        found = hashlib.sha1(octets, usedforsecurity=False).digest()  # the only one that it has
    else:
        found = hashlib.new(str(named["hash_algorithm"]["algorithm"].native), octets).digest()
    issuer = named["issuer_serial"]
    serial = names.Certificate.load(octets).serial_number
    return bool(named["cert_hash"].native == found
                and (issuer.native is None or issuer["serial_number"].native == serial))


def _made(certificate: x509.Certificate, octets: bytes, signature: bytes,
          digest: hashes.HashAlgorithm, kind: str, salt: int) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind in (_RSA, _PSS):
            key.verify(signature, octets, padding.PKCS1v15() if kind == _RSA else
                       padding.PSS(padding.MGF1(digest), salt), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == _ECDSA:
            key.verify(signature, octets, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _certificate_flaw(certificate: x509.Certificate) -> str:
    """Return what RFC 3161, 2.3, forbids in the certificate of an authority, "" if nothing."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return "it has no extended key usage"
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        return "its extended key usage is not timeStamping alone"
    if not usage.critical:
        return "its extended key usage is not critical"
    for extension in extensions:
        said = extension.value
        if isinstance(said, x509.BasicConstraints) and said.ca:
            return "it is that of a certification authority"
        if isinstance(said, x509.KeyUsage) \
                and not (said.digital_signature or said.content_commitment):
            return "its key usage does not let it sign"
    return ""


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _sequence(*parts: bytes) -> bytes:
    return bytes(parser.emit(0, 1, 16, b"".join(parts)))


def _set(parts: Sequence[bytes]) -> bytes:
    return bytes(parser.emit(0, 1, 17, b"".join(sorted(parts))))


def _tagged(number: int, *parts: bytes) -> bytes:
    return bytes(parser.emit(2, 1, number, b"".join(parts)))
