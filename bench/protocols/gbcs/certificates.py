"""Device, organisation and authority certificates, and the rules that they must keep.

GBCS section 12 and RFC 5280. Reading is in ``certificate_reading``, the table of rules with its
sources in ``certificate_rules``, whose limits hold here too; this module is what others use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.certificate_chain import chain, issuer_of, key_identifier
from bench.protocols.gbcs.certificate_reading import (
    Certificate,
    Extension,
    KeyUsage,
    Kind,
    Name,
    read,
)
from bench.protocols.gbcs.certificate_rules import RULES, Asked, Broken, Rule, broken_rules
from bench.protocols.gbcs.keys import Role, Usage

__all__ = ["NOT_DER", "RULES", "USAGE_OF", "Broken", "Certificate", "Extension", "KeyUsage",
           "Kind", "Name", "Rule", "chain", "check", "key_identifier", "read"]

NOT_DER = "not-der"
"""The name of the rule that octets break which are no certificate at all."""

USAGE_OF: Mapping[Usage, KeyUsage] = {
    Usage.DIGITAL_SIGNATURE: KeyUsage.DIGITAL_SIGNATURE,
    Usage.KEY_AGREEMENT: KeyUsage.KEY_AGREEMENT,
    Usage.PREPAYMENT: KeyUsage.KEY_AGREEMENT,
}
"""What a key of a key store must be certified for."""


def check(
    certificate: Certificate | bytes, *, issuers: Sequence[Certificate] | None = None,
    at: datetime | None = None, role: Role | None = None, eui64: bytes | None = None,
    usage: KeyUsage | None = None, public_key: bytes | None = None,
) -> tuple[Broken, ...]:
    """Return every rule that ``certificate`` (or its octets, DER or PEM) breaks, in table order.

    ``issuers`` are the authorities to trust, in any order; ``None`` leaves the chain unchecked.
    ``at`` is the moment at which it must be valid, with its zone; ``None`` leaves that unchecked
    too. ``role``, ``eui64`` (8 octets), ``usage`` and ``public_key`` (65 octets, uncompressed
    point) are what it must state, where given. Raises LocalProtocolError for a time without zone.
    """
    if at is not None and at.tzinfo is None:
        raise LocalProtocolError(f"the time {at} of a certificate check has no zone")
    if isinstance(certificate, bytes):
        try:
            certificate = read(certificate)
        except RemoteProtocolError as wrong:
            return (Broken(NOT_DER, "X.690 10; RFC 5280 4.1", "read", str(wrong)),)
    asked = Asked(certificate, issuers, issuer_of(certificate, issuers or ()), at, role, eui64,
                   usage, public_key)
    return broken_rules(asked)
