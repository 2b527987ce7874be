"""What the meter offers to each client: the objects of its associations, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms.associations import (
    CURRENT,
    AssociationLn,
    AssociationSn,
    Facts,
    Listed,
    SapAssignment,
    State,
)
from devices.emulators.dlms.counting import Held
from devices.emulators.dlms.execution import View
from devices.emulators.dlms.model import Parts
from devices.emulators.dlms.objects import Access
from devices.emulators.dlms.profile import MECHANISMS, Association
from devices.emulators.dlms.registers import Value
from devices.emulators.dlms.security_setup import SecuritySetup

SERVER = 1  # the management logical device
LOGICAL, SHORT, LOGICAL_CIPHERED, SHORT_CIPHERED = 1, 2, 3, 4  # application contexts

_FIRST_BASE, _BASE_STEP, ASSOCIATION_BASE = 0x1000, 0x0100, 0xFA00
"""Short names: objects from 1000 on, 100 each; the association has the one of the standard."""


@dataclass(slots=True)
class Offer:
    """One association as the meter offers it."""

    settings: Association
    facts: Facts
    state: State
    view: View
    setup: SecuritySetup | None
    users: Callable[[], dict[int, str]]

    @property
    def mechanism(self) -> int:
        """Return the last number of the mechanism name."""
        return self.facts.mechanism


def offers(parts: Parts, held: Callable[[int], Held]) -> dict[int, Offer]:
    """Add what the associations need to the objects; return the offers by client SAP.

    ``held`` gives the keys of a client's association, with the highest counter taken: what a client
    that has forgotten its own goes on from.
    """
    if "sap-assignment-missing" not in parts.faults:
        parts.objects.add(SapAssignment("0-0:41.0.0.255", sap_assignment_list=(
            (SERVER, parts.settings.logical_device_name.encode()),)),
            Access(public=True, limited=True))
    made: dict[int, Offer] = {}
    setups = 0
    for number, association in enumerate(parts.settings.associations):
        setup = None
        if association.ciphered:
            setup = _setup(parts, association, setups, held(association.client))
            setups += 1
        context = (SHORT if parts.settings.short_names else LOGICAL) + 2 * association.ciphered
        facts = Facts(association.client, SERVER, context, MECHANISMS[association.mechanism],
                      setup.instance if setup else bytes(6))
        made[association.client] = _offer(parts, association, number, facts, setup)
    if parts.settings.short_names:
        for place, found in enumerate(parts.objects):
            found.base_name = _FIRST_BASE + place * _BASE_STEP
    return made


def _setup(parts: Parts, association: Association, number: int, held: Held) -> SecuritySetup:
    own = frozenset((association.client,))
    setup = SecuritySetup(
        f"0-0:43.0.{number}.255", lambda: held.keys, held.transfer, suite=parts.settings.suite,
        policy=association.policy, faults=parts.faults)
    parts.objects.add(setup, Access(reader=False, clients=own, acts=frozenset((1, 2))))
    parts.objects.add(
        Value(f"0-0:43.1.{number}.255",
              lambda: Data(Tag.DOUBLE_LONG_UNSIGNED, held.counters.taken)),
        Access(public=True, clients=own))
    return setup


def _offer(parts: Parts, association: Association, number: int, facts: Facts,
           setup: SecuritySetup | None) -> Offer:
    state = State()
    view: View

    def listing() -> list[Listed]:
        return list(view.listing())

    if parts.settings.short_names:
        short = AssociationSn(CURRENT, facts, state, listing)
        short.base_name = ASSOCIATION_BASE
        view = View(parts.objects, association, short, parts.faults)
        return Offer(association, facts, state, view, setup, dict)
    version = parts.settings.association_version
    own, current = (AssociationLn(code, version, facts, state, listing, association.users)
                    for code in (f"0-0:40.0.{number + 1}.255", CURRENT))
    current.share(own)
    low = association.mechanism == "low"
    parts.objects.add(own, Access(
        reader=False, hidden=frozenset((7,)), writes=frozenset((7,) if low else ()),
        acts=frozenset((5, 6) if version > 1 else ())))
    view = View(parts.objects, association, current, parts.faults)
    return Offer(association, facts, state, view, setup, own.users)


