"""The remote parties, played by the bench: their keys, their counters, their messages.

A command of any party carries a MAC that the access control broker adds, and the party's own
signature where the use case is critical (GBCS sections 4.3 and 7.2); a few security use cases have
a variant with a signature alone. Originator counters are made
of the bench's clock, so that they rise over runs without a store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import RigError
from bench.protocols.gbcs import payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore, Role
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.protection import Protection, check, protect
from bench.protocols.gbcs.use_cases import UseCase

ROLES: Mapping[str, Role] = {
    "supplier": Role.SUPPLIER,
    "network_operator": Role.NETWORK_OPERATOR,
    "access_control_broker": Role.ACCESS_CONTROL_BROKER,
    "transitional_change_of_supplier": Role.TRANSITIONAL_CHANGE_OF_SUPPLIER,
    "wan_provider": Role.WAN_PROVIDER,
    "load_controller": Role.LOAD_CONTROLLER,
    "recovery": Role.RECOVERY,
}
SPEAKERS = (*ROLES, "second_supplier", "second_network_operator")
"""Whom a plan may name: a party of each role, and second ones, to be strangers to the device."""
STEP = 1 << 8  # counters between two commands, so that "one lower" is never one already used
FAR_AHEAD = 1 << 40


@dataclass(slots=True)
class RemoteParties:
    """Who the bench can speak as, to one device."""

    keys: KeyStore
    device: bytes  # EUI-64
    parties: Mapping[str, bytes]  # role name -> EUI-64
    clock: Callable[[], datetime]
    _last: dict[bytes, int] = field(default_factory=dict)
    folder: Path | None = None  # where the keys were read
    credentials: Any = None  # bench.steps.credential_keys.CredentialKeys, once a step has replaced

    @classmethod
    def load(
        cls, folder: Path, device: bytes, named: Mapping[str, bytes],
        clock: Callable[[], datetime],
    ) -> RemoteParties:
        """Read the keys in ``folder``; raises a BenchError that names what is wrong with it.

        ``named`` gives the EUI-64 of parties by role name; for a role that it leaves out, the
        first party with a certificate of that role speaks.
        """
        keys = KeyStore.load(folder, strict=True)
        parties = {name: known[0] for name, role in ROLES.items() if (known := keys.of_role(role))}
        parties.update(named)
        if "supplier" not in parties or "access_control_broker" not in parties:
            raise RigError(f"{folder}: no keys of a supplier and an access control broker")
        return cls(keys, device, parties, clock, folder=folder)

    def entity(self, role: str) -> bytes:
        """Return the EUI-64 of the party in ``role``; raises RigError if no keys are held."""
        if role not in self.parties:
            raise RigError(f"no keys of a party in the role {role}; there are "
                           f"{', '.join(sorted(self.parties))}")
        return self.parties[role]

    def protection(self, message: Message) -> Protection:
        """Return what a check of the message's signature and MAC with these keys finds."""
        return check(message, self.keys)

    def next_counter(self, originator: bytes) -> int:
        """Return a counter higher than all that ``originator`` used before."""
        by_clock = int(self.clock().timestamp()) << 20
        counter = max(self._last.get(originator, 0) + STEP, by_clock)
        self._last[originator] = counter
        return counter

    def counter_ahead(self, originator: bytes) -> int:
        """Return a counter far beyond the next one; later ones follow it."""
        self._last[originator] = self.next_counter(originator) + FAR_AHEAD
        return self._last[originator]

    def last_counter(self, originator: bytes) -> int:
        """Return the counter that ``originator`` used last, 0 if none."""
        return self._last.get(originator, 0)

    def command(
        self, use_case: str, role: str, values: Mapping[str, Any], counter: int
    ) -> Message:
        """Return the protected command of ``use_case``, sent by the party in ``role``.

        ``use_case`` is an id of any payload kind (:func:`.use_cases.use_case`). A value that does
        not fit, or a key that is not held: LocalProtocolError.
        """
        known = use_cases.use_case(use_case)
        originator = self.entity(role)
        message = Message(
            cra=Cra.COMMAND, originator_counter=counter, originator=originator,
            recipient=self.device, message_code=known.code,
            payload=payloads.build(
                use_case, values, counter=counter, originator=originator,
                recipient=self.device, beyond_limits=True))  # a device must refuse some itself
        return protect(message, self.keys, category(known, role))


def category(use_case: UseCase, role: str) -> str:
    """Return the message category of a command, as ``role`` sends it.

    Where a use case has a variant that is signed and has no MAC, that is for all parties but the
    access control broker, which makes the MAC itself (reference test data set, CS02a and CS02f).
    """
    if use_case.variants and role != "access_control_broker":
        return use_case.variants[-1]
    return use_case.category
