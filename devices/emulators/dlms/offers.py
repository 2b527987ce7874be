"""What the meter offers to each client: the objects of its associations, and what they share."""

from __future__ import annotations

from collections import Counter
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
from devices.emulators.dlms.model import Parts, sub_meter
from devices.emulators.dlms.objects import Access, Objects
from devices.emulators.dlms.profile import MANAGING_DEVICE, MECHANISMS, Association, Place
from devices.emulators.dlms.registers import Value
from devices.emulators.dlms.security_setup import SecuritySetup

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


def offers(parts: Parts, held: Callable[[Place], Held]) -> dict[Place, Offer]:
    """Add what the associations need to the objects; return the offers by client and device.

    ``held`` gives the keys of an association, with the highest counter taken: what a client that
    has forgotten its own goes on from.
    """
    devices = {server: parts.objects if server == MANAGING_DEVICE else sub_meter(parts, name)
               for server, name in parts.settings.devices.items()}
    if "sap-assignment-missing" not in parts.faults:
        listed = [(server, name.encode()) for server, name in parts.settings.devices.items()]
        if "sap-assignment-incomplete" in parts.faults:
            del listed[1:]
        parts.objects.add(SapAssignment("0-0:41.0.0.255", sap_assignment_list=tuple(listed)),
                          Access(public=True, limited=True))
    made: dict[Place, Offer] = {}
    setups, instances = Counter[int](), Counter[int]()
    for association in parts.settings.associations:
        server = association.server
        setup = None
        if association.ciphered:
            setup = _setup(devices[server], parts, association, setups[server],
                           held(association.place))
            setups[server] += 1
        instances[server] += 1
        context = (SHORT if parts.settings.short_names else LOGICAL) + 2 * association.ciphered
        facts = Facts(association.client, server, context, MECHANISMS[association.mechanism],
                      setup.instance if setup else bytes(6))
        made[association.place] = _offer(devices[server], parts, association, instances[server],
                                         facts, setup)
    if parts.settings.short_names:
        for objects in devices.values():
            for place, found in enumerate(objects):
                found.base_name = _FIRST_BASE + place * _BASE_STEP
    if "object-of-another-device-served" in parts.faults:
        for server in set(devices) - {MANAGING_DEVICE}:
            devices[server].lend(parts.objects)
    return made


def _setup(objects: Objects, parts: Parts, association: Association, number: int,
           held: Held) -> SecuritySetup:
    own = frozenset((association.place,))
    setup = SecuritySetup(
        f"0-0:43.0.{number}.255", lambda: held.keys, held.transfer, suite=parts.settings.suite,
        policy=association.policy, faults=parts.faults)
    objects.add(setup, Access(reader=False, places=own, acts=frozenset((1, 2))))
    objects.add(
        Value(f"0-0:43.1.{number}.255",
              lambda: Data(Tag.DOUBLE_LONG_UNSIGNED, held.counters.taken)),
        Access(public=True, places=own))
    return setup


def _offer(objects: Objects, parts: Parts, association: Association, number: int, facts: Facts,
           setup: SecuritySetup | None) -> Offer:
    state = State()
    view: View

    def listing() -> list[Listed]:
        return list(view.listing())

    version = parts.settings.association_version
    if parts.settings.short_names:
        short = AssociationSn(CURRENT, version, facts, state, listing)
        short.base_name = ASSOCIATION_BASE
        view = View(objects, association, short, parts.faults)
        return Offer(association, facts, state, view, setup, dict)
    own, current = (AssociationLn(code, version, facts, state, listing, association.users)
                    for code in (f"0-0:40.0.{number}.255", CURRENT))
    current.share(own)
    low = association.mechanism == "low"
    objects.add(own, Access(
        reader=False, hidden=frozenset((7,)), writes=frozenset((7,) if low else ()),
        acts=frozenset((5, 6) if version > 1 else ())))
    view = View(objects, association, current, parts.faults)
    return Offer(association, facts, state, view, setup, own.users)


