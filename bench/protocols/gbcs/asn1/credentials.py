"""How CS02b, Update Security Credentials, works: the modes and the cells that each may replace.

A device holds certificates of remote parties as trust anchors in cells, each known by role, key
usage and cell usage; only a supplier's key agreement certificate has two, one of them for top-ups.

Command (``authorisingRemotePartyControl``, ``replacements``, ``certificationPathCertificates``,
``executionDateTime``):

* the mode agrees with the message code; the party that holds the authorising cell signs the whole
  payload and is the originator; the broker adds the MAC. ``MODES`` says which protection and cell.
* ``authorisingRemotePartyTACellIdentifier`` is left out only by the broker replacing its own
  credentials on a device that is not a communications hub.
* ``authorisingRemotePartySeqNumber`` equals the originator counter of the message.
* ``applyTimeBasedCPVChecks``: ``disapply`` has path validation ignore the time.
* ``plaintextSymmetricKey``: in mode ``anyByContingency`` always, else never; it opens the
  contingency public key that the root certificate carries encrypted (RFC 5934).
* ``newRemotePartyFloorSeqNumber`` sets the counter of the authorising role, for whoever follows in
  it, the specialist one that of its top-ups; ``otherRemotePartySeqNumberChanges`` set those of
  further roles, where one role replaces the credentials of another.
* each replacement is a certificate and the cell it goes into; the path certificates are the issuing
  authority's (in the reference data one, whose issuer is the root).
* ``executionDateTime``: absent for now, 9999-12-31T23:59:59Z to cancel what is waiting.

Response: ``commandAccepted`` alone if future dated, and then an alert (00CB, 0124; code 8F66 all
replaced, 8F67 not) carries the outcome; else the outcome at once. The outcome repeats counter and
mode; lists the counters changed, the authorising role's first (if it was given a floor), then the
others as commanded; and has one entry for each replacement, each with its own status: a failed one
does not stop the rest, and then names the certificate that stays as the replacing one too.

Sources: layouts and cells as in the reference test data set (RTDS 4.5.0); protection and presence
of members GBCS v0.8.1, 13.3.3.1 and "Requirements for AuthorisingRemotePartyControl elements".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SEEN = "seen in RTDS"
BY_NAME = "by the mode's name only"

MANAGEMENT = "management"
TOP_UP = "prePaymentTopUp"
CANCEL = "9999-12-31T23:59:59Z"


class Cell(NamedTuple):
    """A trust anchor cell, by the names that plain values have."""

    role: str | int
    key_usage: str | int
    usage: str | int = MANAGEMENT

    @classmethod
    def of(cls, identifier: Mapping[str, Any]) -> Cell | None:
        """Return the cell of a plain identifier; ``None`` if it has not one key usage."""
        key_usages = identifier["trustAnchorCellKeyUsage"]
        if len(key_usages) != 1:
            return None
        return cls(identifier["trustAnchorCellRemotePartyRole"], key_usages[0],
                   identifier["trustAnchorCellUsage"])

    @property
    def plain(self) -> dict[str, Any]:
        """The plain TrustAnchorCellIdentifier."""
        return {"trustAnchorCellRemotePartyRole": self.role,
                "trustAnchorCellKeyUsage": [self.key_usage], "trustAnchorCellUsage": self.usage}


class Mode(NamedTuple):
    """One credentials replacement mode.

    ``authorising``: the cell whose key signs; ``None`` for the contingency key, and for the broker,
    which only makes the MAC but on a communications hub, where it signs as well.
    ``counter``: the role whose counter ``newRemotePartyFloorSeqNumber`` sets; ``anyByContingency``
    has the root's, as the outcomes list it first. ``cells`` of recovery and contingency are all
    that are known; RTDS shows those of an ESME, for recovery without the root, of which "abnormal"
    excludes a new one that the old one does not vouch for. ``source``: of cells and protection.
    """

    message_code: int
    authorising: Cell | None
    counter: str
    signature: bool
    mac: bool
    cells: tuple[Cell, ...]
    source: str


def _pair(role: str) -> tuple[Cell, Cell]:
    return Cell(role, "digitalSignature"), Cell(role, "keyAgreement")


_ROOT = (Cell("root", "keyCertSign"),)
_RECOVERY = (Cell("recovery", "digitalSignature"),)
_SUPPLIER = (*_pair("supplier"), Cell("supplier", "keyAgreement", TOP_UP))
_NETWORK_OPERATOR = _pair("networkOperator")
_BROKER = _pair("accessControlBroker")
_TRANSITIONAL_COS = (Cell("transitionalCoS", "digitalSignature"),)
_WAN_PROVIDER = (Cell("wanProvider", "digitalSignature"),)
_LOAD_CONTROLLER = _pair("loadController")
_ALL = (*_ROOT, *_RECOVERY, *_SUPPLIER, *_NETWORK_OPERATOR, *_BROKER, *_TRANSITIONAL_COS,
        *_WAN_PROVIDER, *_LOAD_CONTROLLER)

# Cells that RTDS shows on a device. An ESME has no cell of the WAN provider (status
# trustAnchorNotFound), and of the broker the key agreement cell; a hub has both of the broker.
SEEN_CELLS: Mapping[str, tuple[Cell, ...]] = {
    "ESME": (*_ROOT, *_RECOVERY, *_SUPPLIER, *_NETWORK_OPERATOR, _BROKER[1], *_TRANSITIONAL_COS,
             *_LOAD_CONTROLLER),
    "CHF": _BROKER,
    "GPF": _NETWORK_OPERATOR,
}

MODES: Mapping[str, Mode] = {
    "rootBySupplier": Mode(0x0100, _SUPPLIER[0], "supplier", True, True, _ROOT, BY_NAME),
    "rootByWanProvider": Mode(
        0x0101, _WAN_PROVIDER[0], "wanProvider", True, True, _ROOT, BY_NAME),
    "supplierBySupplier": Mode(0x0102, _SUPPLIER[0], "supplier", True, True, _SUPPLIER, SEEN),
    "networkOperatorByNetworkOperator": Mode(
        0x0103, _NETWORK_OPERATOR[0], "networkOperator", True, True, _NETWORK_OPERATOR, SEEN),
    "accessControlBrokerByACB": Mode(
        0x0104, None, "accessControlBroker", False, True, _BROKER, SEEN),
    "wanProviderByWanProvider": Mode(
        0x0105, _WAN_PROVIDER[0], "wanProvider", True, True, _WAN_PROVIDER, BY_NAME),
    "transCoSByTransCoS": Mode(
        0x0106, _TRANSITIONAL_COS[0], "transitionalCoS", True, True, _TRANSITIONAL_COS, SEEN),
    "supplierByTransCoS": Mode(
        0x0107, _TRANSITIONAL_COS[0], "transitionalCoS", True, True, _SUPPLIER, SEEN),
    "anyExceptAbnormalRootByRecovery": Mode(
        0x0108, _RECOVERY[0], "recovery", True, False, _ALL, SEEN),
    "anyByContingency": Mode(0x0109, None, "root", True, False, _ALL, SEEN),
    "loadControllerByLoadController": Mode(
        0x0125, _LOAD_CONTROLLER[0], "loadController", True, True, _LOAD_CONTROLLER, SEEN),
    "loadControllerBySupplier": Mode(
        0x0126, _SUPPLIER[0], "supplier", True, True, _LOAD_CONTROLLER, SEEN),
}
