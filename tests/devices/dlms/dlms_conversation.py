"""A client of an emulated DLMS meter that sends what a test wants, right or wrong, APDU by APDU."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.data import decode as decode_data
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms.apdu import (
    Aarq,
    ActionRequestNormal,
    Conformance,
    GetRequestNext,
    GetRequestNormal,
    GetResponseWithDatablock,
    InitiateRequest,
    InitiateResponse,
    Refused,
    Rlrq,
    SetRequestNormal,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.counters import LENIENT, Counters
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import BOTH, NONE, Opened, Protection
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.suites import suite
from devices.emulators.dlms.keys import MeterKeys, derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import Association, Settings

PUBLIC, READER, MANAGER = 16, 32, 48
TITLE = b"BEN\0\0\0\0\1"
CHALLENGE = bytes(range(16))
OURS, METERS = 7, 11  # private keys to sign with
SMALL = {"profile_rows": 48}
CONTEXT = "2.16.756.5.8.1."
ZERO = Data(Tag.INTEGER, 0)
_NEVER_ENDING = 1_500  # blocks


def fresh(*faults: str, keys: MeterKeys | None = None, **settings: Any) -> Meter:
    """Return a meter; its keys follow from the suite."""
    made = Settings(**SMALL | settings)
    return Meter(made, keys or keys_of(made.suite), faults=frozenset(faults))


def keys_of(number: int) -> MeterKeys:
    """Return the keys of a meter with a security suite, with pairs to sign with where it has
    public keys."""
    keys, curve = derived(0, suite_number=number), suite(number).curve
    return keys if curve is None else keys.with_signing(
        ec.derive_private_key(METERS, curve), ec.derive_private_key(OURS, curve).public_key())


class Client:
    """One client SAP and its connection; ``protection`` is that of every request."""

    def __init__(self, meter: Meter, client: int = MANAGER, *, keys: MeterKeys | None = None,
                 counters: Counters | None = None, server: int = 1) -> None:
        self.meter, self.client, self.server = meter, client, server
        self.offer: Association = next(
            one for one in meter.settings.associations if one.place == (client, server))
        self.meter_keys = keys or keys_of(meter.settings.suite)
        self.security = Security(self.keys(), counters or Counters(), replay=LENIENT)
        self.protection = BOTH if self.offer.ciphered else NONE
        self.opened = Opened(b"")
        self.theirs = b""
        self.initiate: InitiateResponse | None = None
        meter.connect(client, server)

    def keys(self) -> Keys:
        """Return the client's side of the meter's keys."""
        held = self.meter_keys
        secret = held.low_secret if self.offer.mechanism == "low" else held.high_secret
        curve = suite(self.meter.settings.suite).curve
        return Keys(suite=self.meter.settings.suite, own_title=TITLE, peer_title=held.title,
                    global_unicast=held.global_unicast, authentication=held.authentication,
                    global_broadcast=held.global_broadcast, master=held.master, secret=secret,
                    signing=curve and ec.derive_private_key(OURS, curve),
                    peer_signing=held.signing and held.signing.public_key())

    # -- octets --------------------------------------------------------------------------------

    def raw(self, octets: bytes) -> bytes | None:
        """Send octets as they are and return the answer."""
        answers = self.meter.take(self.client, self.server, octets)
        assert len(answers) <= 1
        return answers[0] if answers else None

    def ask(self, request: Any, protection: Protection | None = None, **how: Any) -> Any:
        """Send a record, protected; return the record that answers, None for silence."""
        octets = request if isinstance(request, bytes) else request.encode()
        protection = self.protection if protection is None else protection
        answer = self.raw(self.security.protect(octets, protection, **how))
        if answer is None:
            return None
        self.opened = self.security.unprotect(answer)
        return decode(self.opened.apdu)

    def reconnect(self) -> Client:
        """Begin a new connection."""
        self.meter.disconnect(self.client, self.server)
        self.meter.connect(self.client, self.server)
        return self

    # -- association ---------------------------------------------------------------------------

    def aarq(self, *, initiate: InitiateRequest | bytes | None = None,
             protection: Protection | None = None, **changes: Any) -> Aarq:
        """Return the request that the association is declared with, but for ``changes``."""
        mechanism = Mechanism[self.offer.mechanism.upper()]
        short = self.meter.settings.short_names
        request = self.request() if initiate is None else initiate
        octets = request if isinstance(request, bytes) else request.encode()
        protection = self.protection if protection is None else protection
        fields: dict[str, Any] = {
            "context": f"{CONTEXT}{1 + short + 2 * self.offer.ciphered}",
            "user_information": self.security.protect(octets, protection)}
        if self.offer.ciphered or mechanism in (Mechanism.SHA256, Mechanism.ECDSA):
            fields["calling_ap_title"] = TITLE
        if mechanism is not Mechanism.NONE:
            low = mechanism is Mechanism.LOW
            fields |= {"acse_requirements": "1", "mechanism": mechanism_name(mechanism),
                       "authentication_value":
                           self.meter_keys.low_secret if low
                           else CHALLENGE * (hls.usual(mechanism) // len(CHALLENGE))}
        return Aarq(**fields | changes)

    def request(self, **changes: Any) -> InitiateRequest:
        """Return an initiate request that asks for everything, but for ``changes``."""
        fields: dict[str, Any] = {
            "dedicated_key": None, "response_allowed": True, "quality_of_service": None,
            "dlms_version": 6, "conformance": Conformance(0xFFFFFF), "max_pdu": 1024}
        return InitiateRequest(**fields | changes)

    def associate(self, **changes: Any) -> Any:
        """Send an AARQ and return the AARE; what was granted is in ``initiate``."""
        aarq = self.aarq(**changes)
        answer = self.raw(aarq.encode())
        if answer is None:
            return None
        aare = decode(answer)
        if aare.result == 0 and aare.user_information is not None:
            self.opened = self.security.unprotect(aare.user_information)
            self.initiate = decode(self.opened.apdu)  # type: ignore[assignment]
        self.theirs = aare.authentication_value or b""
        self.ours = aarq.authentication_value or b""
        return aare

    def answer(self, answer: bytes | None = None) -> Any:
        """Answer the challenge (pass 3) and return what the meter says (pass 4)."""
        octets = self.right_answer() if answer is None else answer
        return self.act("15/0-0:40.0.0.255/m1", Data(Tag.OCTET_STRING, octets))

    def right_answer(self) -> bytes:
        """Return f(StoC)."""
        return hls.answer(Mechanism[self.offer.mechanism.upper()], self.security.keys,
                          theirs=self.theirs, ours=self.ours, counters=self.security.counters)

    def check(self, outcome: Any) -> None:
        """Raise SecurityError unless pass 4 is right."""
        hls.check_answer(Mechanism[self.offer.mechanism.upper()], self.security.keys,
                         outcome.returned.value, theirs=self.theirs, ours=self.ours)

    def open(self, **changes: Any) -> Client:
        """Associate, with passes 3 and 4 where the mechanism has them."""
        aare = self.associate(**changes)
        assert aare.result == 0, aare
        if self.theirs:
            outcome = self.answer()
            assert outcome.code == 0, outcome
            self.check(outcome)
        return self

    def release(self, *, protection: Protection | None = None) -> Any:
        """Send an RLRQ and return the RLRE, None for silence."""
        protection = self.protection if protection is None else protection
        information = self.security.protect(self.request().encode(), protection) \
            if self.offer.ciphered else None
        answer = self.raw(Rlrq(user_information=information).encode())
        return None if answer is None else decode(answer)

    # -- services ------------------------------------------------------------------------------

    def get(self, text: str, selection: Selection | None = None) -> Any:
        """Return the response to a Get of ``class/obis/aN``."""
        return self.ask(GetRequestNormal(0xC1, attribute(text), selection))

    def read(self, text: str, selection: Selection | None = None) -> Any:
        """Return the value of an attribute, put together from blocks; Refused if it is."""
        response = self.get(text, selection)
        whole = b""
        for _ in range(_NEVER_ENDING):
            if not isinstance(response, GetResponseWithDatablock):
                return getattr(response, "result", response)
            if isinstance(response.result, Refused):
                return response.result
            whole += response.result
            if response.last:
                return _datum(whole)
            response = self.ask(GetRequestNext(0xC1, response.number))
        return "endless"

    def value(self, text: str) -> Any:
        """Return the value in Python."""
        found = self.read(text)
        return getattr(found, "value", found)

    def set(self, text: str, value: Data) -> Any:
        """Return the result of a Set."""
        response = self.ask(SetRequestNormal(0xC1, attribute(text), None, value))
        return getattr(response, "result", response)

    def act(self, text: str, parameter: Data | None = ZERO) -> Any:
        """Return the response to an Action of ``class/obis/mN``."""
        return self.ask(ActionRequestNormal(0xC1, method(text), parameter))

    def code(self, text: str, parameter: Data | None = ZERO) -> Any:
        """Return the result of an Action."""
        response = self.act(text, parameter)
        return getattr(response, "code", response)


def _datum(octets: bytes) -> Any:
    try:
        value, end = decode_data(octets)
    except RemoteProtocolError as wrong:
        return f"broken: {wrong}"
    return value if end == len(octets) else "broken: octets left over"


def attribute(text: str) -> Attribute:
    """Return the attribute ``class/obis/aN``."""
    class_id, code, index = text.split("/")
    return Attribute(int(class_id), obis.parse(code), int(index[1:]))


def method(text: str) -> Method:
    """Return the method ``class/obis/mN``."""
    class_id, code, index = text.split("/")
    return Method(int(class_id), obis.parse(code), int(index[1:]))
