"""The credential use cases: which kind of device takes them, who may run them, what they replace.

Message codes, titles and categories are the project's (``use_cases``). Who may order a replacement
is what the name of the mode says: a supplier's by the supplier, and so on. Not taken: replacements
by contingency, whose key no source explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.protocols.gbcs.keys import Role
from bench.protocols.gbcs.use_cases import UseCase, other_code
from devices.emulators.gbcs.kind import Kind

DETAILS, LOAD_CONTROLLER_DETAILS = 0x0008, 0x011B
ISSUE, INSTALL, PROVIDE = 0x000A, 0x000B, 0x000C
CONTINGENCY = 0x0109


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of replacing: by whom, in whose cells, and the fault of taking it from anybody."""

    name: str
    authority: Role | None
    targets: frozenset[Role]
    fault: str


def _mode(name: str, authority: Role | None, *targets: Role, fault: str) -> Mode:
    return Mode(name, authority, frozenset(targets), fault)


MODES: Mapping[int, Mode] = {
    0x0100: _mode("rootBySupplier", Role.SUPPLIER, Role.ROOT, fault="root-replaced-by-anybody"),
    0x0101: _mode("rootByWanProvider", Role.WAN_PROVIDER, Role.ROOT,
                  fault="root-replaced-by-anybody"),
    0x0102: _mode("supplierBySupplier", Role.SUPPLIER, Role.SUPPLIER,
                  fault="supplier-replaced-by-anybody"),
    0x0103: _mode("networkOperatorByNetworkOperator", Role.NETWORK_OPERATOR, Role.NETWORK_OPERATOR,
                  fault="network-operator-replaced-by-anybody"),
    0x0104: _mode("accessControlBrokerByACB", Role.ACCESS_CONTROL_BROKER,
                  Role.ACCESS_CONTROL_BROKER, fault="access-control-broker-replaced-by-anybody"),
    0x0105: _mode("wanProviderByWanProvider", Role.WAN_PROVIDER, Role.WAN_PROVIDER,
                  fault="wan-provider-replaced-by-anybody"),
    0x0106: _mode("transCoSByTransCoS", Role.TRANSITIONAL_CHANGE_OF_SUPPLIER,
                  Role.TRANSITIONAL_CHANGE_OF_SUPPLIER,
                  fault="transitional-change-of-supplier-replaced-by-anybody"),
    0x0107: _mode("supplierByTransCoS", Role.TRANSITIONAL_CHANGE_OF_SUPPLIER, Role.SUPPLIER,
                  fault="change-of-supplier-by-anybody"),
    0x0108: _mode("anyExceptAbnormalRootByRecovery", Role.RECOVERY, *Role,
                  fault="recovery-by-anybody"),
    CONTINGENCY: _mode("anyByContingency", None, *Role, fault="contingency-by-anybody"),
    0x0125: _mode("loadControllerByLoadController", Role.LOAD_CONTROLLER, Role.LOAD_CONTROLLER,
                  fault="load-controller-replaced-by-anybody"),
    0x0126: _mode("loadControllerBySupplier", Role.SUPPLIER, Role.LOAD_CONTROLLER,
                  fault="load-controller-replaced-by-anybody"),
}
"""CS02b and CS02g, by message code; which kind of device takes which is in the use-case data."""

ALERT_OF = dict.fromkeys(MODES, 0x00CB) | dict.fromkeys((0x0125, 0x0126), 0x0124)
"""Message code of the alert on the outcome, by that of the command."""

# Whether a use case is replay protected (our reading: what changes something is), and whether its
# response has a date-time (reference test data).
_PROTECTION: Mapping[int, tuple[bool, bool]] = {
    DETAILS: (False, False), LOAD_CONTROLLER_DETAILS: (False, False), PROVIDE: (False, False),
    ISSUE: (True, False), INSTALL: (True, False), **dict.fromkeys(MODES, (True, True))}


def security_use_case(message_code: int, kind: Kind) -> UseCase | None:
    """Return the use case in ASN.1 of a message code; ``None`` if ``kind`` takes none of it."""
    known = other_code(message_code)
    if known is None or known.protocol != "ASN.1" or kind.type not in known.target \
            or known.category.startswith("SME.A"):
        return None
    if message_code in kind.others:
        return replace(known, replay_protected=kind.others[message_code])
    protection = _PROTECTION.get(message_code)
    if protection is None:
        return known
    mode, roles = MODES.get(message_code), known.roles
    if mode is not None:
        roles = (mode.authority.name.lower(),) if mode.authority is not None else ()
    protected, stamped = protection
    return replace(known, roles=roles, replay_protected=protected, response_date_time=stamped)


def is_carried_out(message_code: int, kind: Kind) -> bool:
    """Return whether a use case that :func:`security_use_case` gives is emulated."""
    return message_code in _PROTECTION or message_code in kind.others
