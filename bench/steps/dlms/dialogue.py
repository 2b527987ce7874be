"""The bench as the client of a DLMS server: one dialogue for as long as the rig is open.

It joins the port ``dlms`` to a carrier (HDLC or wrapper) and to the sans-IO client, by the maker's
declaration (``ixit.dlms``) and the keys of its associations. Every case begins it anew with
``connect`` or ``associate``; the invocation counters live as long as the dialogue, since a server
takes none twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_bytes
from typing import Any, Generic, TypeVar

from bench.errors import Inapplicable, LocalProtocolError, RemoteProtocolError, RigError
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange, Streamed
from bench.protocols.dlms.explain import Conversation
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_link import Timing
from bench.protocols.dlms.hdlc_parameters import Parameters
from bench.protocols.dlms.security.counters import Counters, Key
from bench.protocols.dlms.security.keys import Keys
from bench.steps.context import Context
from bench.steps.dlms.carriers import (
    APDU,
    LONGEST_WAIT,
    Carrier,
    HdlcCarrier,
    Opening,
    WrapperCarrier,
)
from bench.steps.dlms.evidence import Evidence
from bench.steps.vocabulary import Frame
from devices.dlms_names import ROLES
from devices.ports import Dlms, OpticalHead

T = TypeVar("T")

DEVIATION = "deviation"
NAME = "dlms"
FIRST_COUNTER_OF = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""Counters start at the tenths of a second since then, so that every run goes on above the last;
32 bits last until 2039."""


@dataclass(frozen=True, slots=True)
class Ran(Generic[T]):
    """How an exchange ended: ``kind`` is ``apdu`` and ``value`` what it returned, or what kept it
    from ending, as of :class:`~bench.steps.dlms.carriers.Reply`, or ``deviation`` with the text."""

    kind: str
    value: T | None = None
    text: str = ""


def dialogue_of(context: Context) -> Dialogue:
    """Return the dialogue of the open rig; RigError where it has no port ``dlms``."""
    if NAME not in context.lasting:
        port, declared = context.ports.get("dlms"), context.ixit["dlms"]
        if port is None:
            raise RigError("the rig has no port dlms")
        keys = {} if context.dlms_keys is None else {
            name: context.dlms_keys.of(one["keys"]).client
            for name, one in declared["associations"].items() if one["keys"]}
        in_clear = tuple(keys[name].secret or b"" for name, one in declared["associations"].items()
                         if one["mechanism"] == "lls" and name in keys)
        context.lasting[NAME] = Dialogue(
            port, declared, keys, Evidence(
                context.clock, Conversation(port.framing, tuple(keys.values()))
                if context.explained else None, in_clear),
            token_bytes)
    found = context.lasting[NAME]
    assert isinstance(found, Dialogue)  # nobody else has that name
    return found


@dataclass(slots=True)
class Dialogue:
    """One client, several associations; the one that is open is ``association``.

    ``base_names`` are the short names of objects in each association that listed them;
    ``declared`` is ``ixit.dlms``; ``keys`` has the keys of each association by its name. Methods
    take an association by its name, or by the role that it plays in plans. ``may_hold`` has the
    likeliest keys first.
    """

    port: Dlms
    declared: Mapping[str, Any]
    keys: dict[str, Keys]
    evidence: Evidence
    random: Callable[[int], bytes]
    counters: dict[str, Counters] = field(default_factory=dict)
    carrier: Carrier | None = None
    client: Client | None = None
    association: str = ""
    received: list[bytes] = field(default_factory=list)  # APDUs, as they came
    base_names: dict[str, dict[tuple[int, bytes], int]] = field(default_factory=dict)
    reached: float = -1.0  # when the open association was last used by `reach`, if it opened it
    aside: dict[str, Keys] = field(default_factory=dict)  # keys from before a transfer
    may_hold: dict[str, tuple[Keys, ...]] = field(default_factory=dict)  # since then
    left_open: dict[str, tuple[Carrier, Client | None]] = field(default_factory=dict)  # beside it

    def name_of(self, association: str) -> str:
        """Return the name of an association in the profile; Inapplicable where none plays a role
        that plans know, RigError for any other name."""
        associations = self.declared["associations"]
        if association in associations:
            return association
        if found := self.declared["roles"].get(association):
            return str(found)
        if association in ROLES:
            raise Inapplicable(f"no association is declared that cases could take for "
                               f"{association}: none with {' or '.join(ROLES[association])}")
        known = ", ".join(sorted(associations))
        raise RigError(f"no association {association!r} is declared (ixit.dlms.associations): "
                       f"expected one of {known}")

    def of(self, association: str) -> Mapping[str, Any]:
        """Return the declaration of an association."""
        return dict(self.declared["associations"][self.name_of(association)])

    def carry(self, association: str, **changes: Any) -> Carrier:
        """Return a fresh carrier for an association; ``changes`` are those of
        :meth:`hdlc_link`."""
        declared = self.of(association)
        if self.port.framing == "wrapper":
            self.carrier = WrapperCarrier(
                self.port, int(changes.get("client", declared["client"])),
                int(changes.get("server", declared["server"])),
                float(self.declared["link"]["wrapper"]["response_s"]), self.evidence)
        else:
            self.carrier = HdlcCarrier(self.port, self.hdlc_link(association, **changes),
                                       self.evidence)
        self.association, self.client, self.reached = declared["name"], None, -1.0
        return self.carrier

    def hdlc_link(self, association: str, *, client: int | None = None, server: int | None = None,
                  lower: int | None = None, address_octets: int | None = None,
                  retries: int = 2, **parameters: int) -> ClientLink:
        """Return a link to the declared server; what is given here takes the place of what is
        declared. ``parameters`` are those of the negotiation, as the bench sends them."""
        declared, hdlc = self.of(association), self.declared["link"]["hdlc"]
        size = hdlc["address_octets"] if address_octets is None else address_octets
        low = hdlc["lower"] if lower is None else lower
        offered = Parameters(**{
            "max_information_transmit": hdlc["max_information_receive"],
            "max_information_receive": hdlc["max_information_transmit"],
            "window_transmit": hdlc["window_receive"],
            "window_receive": hdlc["window_transmit"], **parameters})
        timing = Timing(response=float(hdlc["response_s"]),
                        inter_octet=max(0.2, float(hdlc["inter_octet_s"])), retries=retries)
        return ClientLink(
            Address(declared["client"] if client is None else client),
            Address(declared["server"] if server is None else server,
                    None if size == 1 else low, size),
            offered, timing)

    @property
    def public(self) -> str:
        """The association that asks for least: the first one without a mechanism, else the first
        one."""
        declared = self.declared["associations"]
        return str(next((name for name, one in declared.items() if one["mechanism"] == "none"),
                        next(iter(declared))))

    def connect(self, association: str, *, patience: float = LONGEST_WAIT, **changes: Any
                ) -> Opening:
        """Connect line and link anew for an association; none is open then.

        A call that is not taken is tried again for ``patience`` seconds at most.
        """
        self.part()
        self.left_open.clear()
        return self.carry(association, **changes).open(patience)

    def part(self) -> None:
        """End the links behind an optical head: its line has no end that a meter could notice, and
        a meter with a link hears no sign-on."""
        if isinstance(self.port, OpticalHead):
            for carrier in (self.carrier, *(one for one, _ in self.left_open.values())):
                if isinstance(carrier, HdlcCarrier):
                    carrier.part()

    def again(self, association: str) -> Opening:
        """Begin anew for an association on the connection that there is, if it is still one."""
        before = self.carrier
        carrier = self.carry(association)
        if before is None or before.closed:
            carrier.closed = True
            return Opening("closed")
        return carrier.reopen()

    def leave_open(self) -> None:
        """Leave the open association as it is, for :meth:`turn_to`."""
        if self.carrier is not None:
            self.left_open[self.association] = self.carrier, self.client

    def turn_to(self, association: str) -> None:
        """Go on with an association that was left open, and leave the present one so."""
        name = self.name_of(association)
        if name not in self.left_open:
            raise LocalProtocolError(f"the association {name!r} was not left open")
        self.leave_open()
        self.carrier, self.client = self.left_open.pop(name)
        self.association, self.reached = name, -1.0

    def run(self, exchange: Exchange[T]) -> Ran[T]:
        """Carry an exchange's APDUs until it ends, or until something keeps it from ending."""
        assert self.carrier is not None  # every way here leads over `carry`
        try:
            apdu = next(exchange)
            while True:
                if type(apdu) is Streamed:
                    self.carrier.stream(apdu)
                    apdu = exchange.send(b"")
                    continue
                reply = self.carrier.request(apdu) if apdu \
                    else self.carrier.listen(self.response_s)
                if reply.kind != APDU:
                    exchange.close()
                    self.reached = -1.0
                    return Ran(reply.kind)
                self.received.append(reply.apdu)
                apdu = exchange.send(reply.apdu)
        except StopIteration as ended:
            return Ran(APDU, ended.value)
        except RemoteProtocolError as wrong:
            self.reached = -1.0
            return Ran(DEVIATION, None, str(wrong))

    @property
    def response_s(self) -> float:
        """How long an answer may take."""
        return float(self.declared["link"][self.port.framing]["response_s"])

    def counters_of(self, association: str, now: datetime) -> Counters:
        """Return the invocation counters of an association's set of keys, which last as long as
        the dialogue."""
        keys = self.of(association)["keys"] or association
        if keys not in self.counters:
            first = int((now - FIRST_COUNTER_OF).total_seconds() * 10)
            self.counters[keys] = Counters(dict.fromkeys(Key, first))
        return self.counters[keys]

    def keys_of(self, association: str) -> Keys:
        """Return the keys of an association; RigError where there are none."""
        name = self.name_of(association)
        if name not in self.keys:
            raise RigError(f"no keys of the association {name!r} are in ixit.keys")
        return self.keys[name]

    def deviations(self) -> list[str]:
        """Return what the device did against the rules of its link since the last call."""
        if self.carrier is None:
            return []
        found, self.carrier.deviations = self.carrier.deviations, []
        return found

    def forget(self) -> None:
        """Take nothing for open: the connection ends, whatever its state."""
        self.part()
        self.left_open.clear()
        self.carrier = self.client = None
        self.reached = -1.0

    def take(self) -> tuple[Frame, ...]:
        """Return the evidence that no observation has, of a step that could not end."""
        return self.evidence.take()

    def hang_up(self) -> None:
        """Drop the connection, whatever its state."""
        self.forget()
        self.port.disconnect()


def ask(dialogue: Dialogue, service: Any) -> Ran[Any]:
    """Run a service of the client that is open; ``not-associated`` where none was asked for."""
    dialogue.received.clear()
    if dialogue.client is None or dialogue.carrier is None:
        return Ran("not-associated")
    return dialogue.run(service(dialogue.client))
