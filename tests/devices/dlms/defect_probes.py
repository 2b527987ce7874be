"""For each defect of the emulated DLMS meter, what a client sees that differs from a right one.

A probe takes the names of the defects that its meter is to have and returns what it has seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from dlms_conversation import (
    CONTEXT,
    MANAGER,
    PUBLIC,
    READER,
    ZERO,
    Client,
    attribute,
    fresh,
)

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from bench.protocols.dlms.apdu import (
    Conformance,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    ReadRequest,
    Selected,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    Variable,
    WriteRequest,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.security import signature_mutation
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    ENCRYPTED,
    NONE,
    Protection,
    SecurityError,
)
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import parse
from devices.emulators.dlms.profile import BY_SHORT_NAME, MANAGEMENT
from devices.emulators.dlms.profile import PUBLIC as OPEN_TO_ALL
from devices.emulators.dlms.profile import READER as LOW
from devices.emulators.gbcs.instants import HALF_HOUR

Probe = Callable[..., Any]

CLOCK, OBJECTS = "8/0-0:1.0.0.255/a2", "15/0-0:40.0.0.255/a2"
PROFILE, SWITCH, IMAGE = "7/1-0:99.1.0.255", "70/0-0:96.3.10.255", "18/0-0:44.0.0.255"
NAME, SETUP, MESSAGE = "1/0-0:42.0.0.255/a2", "64/0-0:43.0.0.255", "1/0-0:96.13.0.255/a2"
IMPORT = "3/1-0:1.8.0.255"
DEDICATED = bytes(range(100, 116))
TEXT = Data(Tag.OCTET_STRING, b"hello")


def _public(*faults: str, **settings: Any) -> Client:
    return Client(fresh(*faults, **settings), PUBLIC)


def _reader(*faults: str, **settings: Any) -> Client:
    return Client(fresh(*faults, **settings), READER)


def _manager(*faults: str, policy: int = 3, **settings: Any) -> Client:
    offers = (MANAGEMENT.model_copy(update={"policy": policy}), LOW)
    return Client(fresh(*faults, **{"associations": offers} | settings), MANAGER)


def _reading(*places: str) -> Probe:
    """Return a probe that reads attributes as manager."""
    def probe(*faults: str) -> Any:
        client = _manager(*faults).open()
        return [client.read(place) for place in places]
    return probe


def _in_second(place: str, server: int = 2) -> Probe:
    """Return a probe that reads an attribute in public in the second logical device."""
    def probe(*faults: str) -> Any:
        return Client(fresh(*faults), PUBLIC, server=server).open().read(place)
    return probe


def _beside(*faults: str) -> Any:
    """Return what an association reads once one with another logical device is open."""
    first = _public(*faults).open()
    Client(first.meter, PUBLIC, server=2).open()
    return first.read(NAME)


def _rejected(maker: Callable[..., Client], **changes: Any) -> Probe:
    """Return a probe of what an AARQ with changes is answered."""
    def probe(*faults: str) -> Any:
        aare = maker(*faults).associate(**changes)
        return aare.result, aare.diagnostic
    return probe


def _asked(**changes: Any) -> Probe:
    """Return a probe of what an initiate request with changes is answered."""
    def probe(*faults: str) -> Any:
        client = _public(*faults)
        aare = client.associate(initiate=client.request(**changes))
        return aare.result, aare.diagnostic, client.initiate
    return probe


# -- opening -------------------------------------------------------------------------------------


def _after_rejection(*faults: str) -> Any:
    client = _reader(*faults)
    client.associate(authentication_value=b"wrong")
    return client.get(CLOCK)


def _without_association(*faults: str) -> Any:
    return _public(*faults).get(CLOCK)


def _after_connection(*faults: str) -> Any:
    return _public(*faults).open().reconnect().get(CLOCK)


def _after_odd_apdu(*faults: str) -> Any:
    client = _public(*faults).open()
    client.raw(b"\xc0\x01")
    return Client(client.meter, READER).associate()


def _after_unknown_service(*faults: str) -> Any:
    client = _public(*faults).open()
    client.raw(b"\x99\x00")
    return client.get(CLOCK)


def _user(user: int) -> Probe:
    def probe(*faults: str) -> Any:
        offer = LOW.model_copy(update={"users": {5: "field force"}})
        return _reader(*faults, associations=(offer,)).associate(
            calling_ae_invocation_id=user).result
    return probe


def _with_dedicated_key(*faults: str) -> Any:
    client = _manager(*faults)
    return client.associate(initiate=client.request(dedicated_key=DEDICATED)).result


def _longest_response(*faults: str) -> Any:
    client = _public(*faults)
    client.open(initiate=client.request(max_pdu=128))
    lengths, response = [], client.get(OBJECTS)
    for _ in range(3):
        lengths.append(len(response.encode()))
        response = client.ask(GetRequestNext(0xC1, response.number))
    return max(lengths) > 128


def _long_request(*faults: str) -> Any:
    client = _reader(*faults).open()
    request = GetRequestWithList(0xC1, (Selected(attribute(CLOCK)),) * 60)
    assert 512 < len(request.encode()) < 1024
    return type(client.ask(request)).__name__


def _again(*faults: str) -> Any:
    client = _public(*faults).open()
    client.release()
    return client.associate().result


def _challenge(length: int) -> Probe:
    def probe(*faults: str) -> Any:
        client = _manager(*faults)
        client.associate(authentication_value=bytes(range(length)))
        try:
            client.check(client.answer())
        except SecurityError:
            return "wrong answer"
        return "right answer"
    return probe


def _wrong_answer(*faults: str) -> Any:
    client = _manager(*faults)
    client.associate()
    return client.answer(client.right_answer()[:-1] + b"\0").code


def _after_wrong_answer(*faults: str) -> Any:
    client = _manager(*faults)
    client.associate()
    client.answer(client.right_answer()[:-1] + b"\0")
    return client.get(CLOCK)


def _before_authentication(*faults: str) -> Any:
    client = _manager(*faults)
    client.associate()
    return client.get(CLOCK)


def _challenges(*faults: str) -> Any:
    client = _manager(*faults)
    return len({client.associate().authentication_value for _ in range(3)})


# -- services ------------------------------------------------------------------------------------


def _raw(octets: str, client_of: Callable[..., Client] = _public) -> Probe:
    def probe(*faults: str) -> Any:
        return client_of(*faults).open().raw(bytes.fromhex(octets))
    return probe


def _not_negotiated(*faults: str) -> Any:
    client = _reader(*faults)
    client.open(initiate=client.request(conformance=Conformance.GET))
    return type(client.act("15/0-0:40.0.0.255/m1")).__name__


def _selecting(selector: int, parameters: Data, place: str = f"{PROFILE}/a2") -> Probe:
    def probe(*faults: str) -> Any:
        return _manager(*faults).open().read(place, Selection(selector, parameters))
    return probe


def _after_release(*faults: str) -> Any:
    client = _public(*faults).open()
    client.release()
    return client.get(CLOCK)


# -- blocks and lists ----------------------------------------------------------------------------


def _blocks(*faults: str) -> Any:
    client = _public(*faults)
    client.open(initiate=client.request(max_pdu=128))
    return client.read(OBJECTS)


def _numbers(*faults: str) -> Any:
    client = _public(*faults)
    client.open(initiate=client.request(max_pdu=128))
    response, numbers = client.get(OBJECTS), []
    for _ in range(4):
        numbers.append(response.number)
        response = client.ask(GetRequestNext(0xC1, response.number))
    return numbers


def _wrong_number(*faults: str) -> Any:
    client = _public(*faults)
    client.open(initiate=client.request(max_pdu=128))
    client.get(OBJECTS)
    return client.ask(GetRequestNext(0xC1, 7)).result


def _no_long_get(*faults: str) -> Any:
    return _public(*faults).open().ask(GetRequestNext(0xC1, 1)).result


def _another_long_get(*faults: str) -> Any:
    client = _public(*faults)
    client.open(initiate=client.request(max_pdu=128))
    client.get(OBJECTS)
    return client.get(OBJECTS).number


def _gap_in_set(*faults: str) -> Any:
    client = _manager(*faults).open()
    raw = bytes((9, 5)) + TEXT.value
    client.ask(SetRequestWithFirstDatablock(0xC1, attribute(MESSAGE), None, False, 1, raw[:3]))
    return type(client.ask(SetRequestWithDatablock(0xC1, True, 3, raw[3:]))).__name__, \
        client.value(MESSAGE)


def _list(*places: str) -> Probe:
    def probe(*faults: str) -> Any:
        client = _reader(*faults).open()
        return client.ask(GetRequestWithList(
            0xC1, tuple(Selected(attribute(place)) for place in places))).results
    return probe


# -- rights, list, objects -----------------------------------------------------------------------


def _writing(place: str, value: Data, client_of: Callable[..., Client] = _manager) -> Probe:
    def probe(*faults: str) -> Any:
        client = client_of(*faults).open()
        return client.set(place, value), client.read(place)
    return probe


def _acting(place: str, parameter: Data, seen: str,
            client_of: Callable[..., Client] = _manager) -> Probe:
    def probe(*faults: str) -> Any:
        client = client_of(*faults).open()
        return client.code(place, parameter), client.read(seen)
    return probe


def _listed(*faults: str) -> Any:
    return [row.value[:3] for row in _manager(*faults).open().read(OBJECTS).value]


def _half_hours(*faults: str) -> Any:
    client = _manager(*faults).open()
    client.meter.calls()["load", "set"](active_import_w=900, active_export_w=100)
    client.meter.calls()["time", "advance"](8 * HALF_HOUR)
    return client.read(f"{PROFILE}/a2").value[-8:]


def _pushed(*faults: str) -> Any:
    client = _manager(*faults).open()
    client.act("40/0-0:25.9.0.255/m1")
    return [len(decode(client.security.unprotect(push.apdu).apdu).body.value)  # type: ignore[attr-defined]
            for push in client.meter.drain()]


def _image(octets: int = 300) -> bytes:
    body = bytes(number % 251 for number in range(octets))
    return body + hashlib.sha256(body).digest()


def _transfer(sent: Callable[[bytes], Mapping[int, bytes]], *after: str) -> Probe:
    """Return a probe that sends blocks, then invokes and reads."""
    def probe(*faults: str) -> Any:
        client, image = _manager(*faults).open(), _image()
        client.act(f"{IMAGE}/m1", parse("{os(0..9),u32}").build((b"2.0.0", len(image))))
        for number, octets in sent(image).items():
            client.act(f"{IMAGE}/m2", parse("{u32,os(0..128)}").build((number, octets)))
        return [client.code(place) if "/m" in place else client.read(place)
                for place in (f"{IMAGE}/{part}" if part[0] in "am" else part for part in after)]
    return probe


def _whole(image: bytes) -> Mapping[int, bytes]:
    return {number: image[128 * number : 128 * number + 128] for number in range(3)}


def _gap(image: bytes) -> Mapping[int, bytes]:
    return {number: block for number, block in _whole(image).items() if number != 1}


def _altered(image: bytes) -> Mapping[int, bytes]:
    return _whole(b"\xff" + image[1:])


# -- security ------------------------------------------------------------------------------------


def _counter(change: int) -> Probe:
    def probe(*faults: str) -> Any:
        client = _manager(*faults).open()
        counter = client.security.counters.sending[Key.UNICAST] + change
        return client.ask(bytes.fromhex("C001C100080000010000FF0200"), counter=counter)
    return probe


def _own_counters(*faults: str) -> Any:
    client = _manager(*faults).open()
    found = []
    for _ in range(3):
        client.get(CLOCK)
        found.append(client.opened.counter)
    return sorted(set(found)) == found


def _spoilt(spoil: Callable[[bytes], bytes]) -> Probe:
    def probe(*faults: str) -> Any:
        client = _manager(*faults).open()
        octets = client.security.protect(bytes.fromhex("C001C100080000010000FF0200"), BOTH)
        answer = client.raw(spoil(octets))
        return None if answer is None else answer[:1]
    return probe


def _verifies(*faults: str) -> Any:
    client = _manager(*faults)
    try:
        return client.associate().result
    except SecurityError:
        return "wrong tag"


def _under(protection: Protection, policy: int = 3) -> Probe:
    """Return a probe of how a read under a protection is answered, and how that is protected."""
    def probe(*faults: str) -> Any:
        client = _manager(*faults, policy=policy).open()
        client.protection = protection
        return type(client.get(CLOCK)).__name__, client.opened.protection
    return probe


def _after_refusal(*faults: str) -> Any:
    """Return what is read after a write that was protected less than the policy asks."""
    client = _manager(*faults).open()
    client.protection = NONE
    client.set(MESSAGE, Data(Tag.OCTET_STRING, b"PLAIN"))
    client.protection = BOTH
    return client.value(MESSAGE)


def _dedicated(*, agreed: bool) -> Probe:
    def probe(*faults: str) -> Any:
        client = _manager(*faults)
        client.open(**({"initiate": client.request(dedicated_key=DEDICATED)} if agreed else {}))
        key = DEDICATED if agreed else client.meter_keys.global_unicast
        client.security.learn(dedicated=key)
        client.security.counters.sending[Key.DEDICATED] = 5_000
        octets = client.security.protect(bytes.fromhex("C001C100080000010000FF0200"),
                                         Protection(True, True, Key.DEDICATED))
        answer = client.raw(octets)
        return None if answer is None else answer[:1]
    return probe


def _signing(*faults: str) -> Client:
    offer = MANAGEMENT.model_copy(update={"mechanism": "ecdsa"})
    return Client(fresh(*faults, suite=1, associations=(offer,)), MANAGER)


def _signed(client: Client, text: bytes) -> bytes:
    """Return the client's signature over a text, made by hand."""
    assert client.security.keys.signing is not None
    numbers = decode_dss_signature(client.security.keys.signing.sign(
        text, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def _right_text(client: Client) -> bytes:
    return _titles(client) + client.theirs + client.ours


def _signature(text: Callable[[Client], bytes] = _right_text,
               form: Callable[[bytes], bytes] = bytes) -> Probe:
    """Return a probe of what is answered to a signature over a text, in a form."""
    def probe(*faults: str) -> Any:
        client = _signing(*faults)
        client.associate()
        return client.answer(form(_signed(client, text(client)))).code
    return probe


def _titles(client: Client) -> bytes:
    return client.security.keys.own_title + client.security.keys.peer_title


def _former_signature(*faults: str) -> Any:
    client = _signing(*faults)
    former = client.associate().authentication_value
    client.associate()
    return client.answer(_signed(client, _titles(client) + former + client.ours)).code


def _meters_signature(*faults: str) -> Any:
    """Return the length of the meter's signature if it verifies, by hand."""
    client = _signing(*faults)
    client.associate()
    given, keys = client.answer().returned.value, client.security.keys
    assert keys.peer_signing is not None
    numbers = (int.from_bytes(given[:32], "big"), int.from_bytes(given[32:], "big"))
    try:
        keys.peer_signing.verify(
            encode_dss_signature(*numbers),
            keys.peer_title + keys.own_title + client.ours + client.theirs,
            ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "wrong"
    return len(given)


def _certified(*faults: str) -> Any:
    client = _signing(*faults)
    keys = signature_mutation.stranger(client.security.keys)
    client.security.keys = keys
    client.associate(calling_ae_qualifier=keys.certificate)
    return client.answer().code


def _signing_challenge(*faults: str) -> Any:
    client = _signing(*faults)
    client.associate()
    return len(client.theirs), client.theirs == client.ours


def _short_challenge(*faults: str) -> Any:
    return _signing(*faults).associate(authentication_value=bytes(31)).result


def _policy_of_version_1(*faults: str) -> Any:
    return _signing(*faults).open().read(f"{SETUP}/a2")


def _transfer_of(octets: int, suite: int = 0) -> Probe:
    """Return a probe: the result of a transfer of a key of a length, and the key that is held."""
    def probe(*faults: str) -> Any:
        client = _manager(*faults, suite=suite).open()
        wrapped = keywrap.aes_key_wrap(client.meter_keys.master, bytes(range(octets)))
        code = client.code(f"{SETUP}/m2", parse("[1..4]{enum,os(0..64)}").build([(0, wrapped)]))
        return code, client.meter.opening(client.meter._offers[MANAGER, 1]).guard.security.keys \
            .global_unicast
    return probe


def _key_transfer(*names: str, number: int | None = None, master: bytes | None = None) -> Probe:
    """Return a probe: the result of a transfer, and under which keys the meter opens then."""
    def probe(*faults: str) -> Any:
        client = _manager(*faults).open()
        numbers = {"global_unicast": 0, "authentication": 2}
        new = {name: bytes((place + 1,)) * 16 for place, name in enumerate(names)}
        wrapped = [(numbers[name] if number is None else number, keywrap.aes_key_wrap(
            master or client.meter_keys.master, key)) for name, key in new.items()]
        code = client.code(f"{SETUP}/m2", parse("[1..4]{enum,os(0..64)}").build(wrapped))
        found = []
        for keys in (client.meter_keys, replace(client.meter_keys, **new)):  # type: ignore[arg-type]
            again = Client(client.meter, MANAGER, keys=keys)
            again.security.counters.sending[Key.UNICAST] = 9_000
            try:
                found.append(again.associate().result)
            except SecurityError:
                found.append("not understood")
        return code, found
    return probe


def _plain_release(*faults: str) -> Any:
    client = _manager(*faults).open()
    client.release(protection=NONE)
    return type(client.get(CLOCK)).__name__


def _read_clock(text: str) -> str:
    return "C001C1" + attribute(text).class_id.to_bytes(2, "big").hex() + \
        attribute(text).instance.hex() + f"{attribute(text).index:02X}00"


def _flip(place: int) -> Callable[[bytes], bytes]:
    def spoil(octets: bytes) -> bytes:
        spoilt = bytearray(octets)
        spoilt[place] ^= 1
        return bytes(spoilt)
    return spoil


_START = fresh().settings.start
_RANGE = parse("{{u16,os(6),i8,u16},os(12),os(12),[0..9]{u16,os(6),i8,u16}}")


def _range(begin: float, end: float, *columns: tuple[Any, ...]) -> Data:
    return _RANGE.build(((8, obis.parse("0-0:1.0.0.255"), 2, 0), instants.octets(begin),
                         instants.octets(end), columns))


_ENTRIES = parse("{u32,u32,u16,u16}")
_HOUR = _range(_START - 3_600, _START)
_COLUMN = _range(_START - 3_600, _START, (3, obis.parse("1-0:2.8.0.255"), 2, 0))
_DUMMY = parse("{os(6),u16}").build((bytes(6), 0))


def _by_name(request: Any) -> Probe:
    """Return a probe of how a public client by short names is answered."""
    def probe(*faults: str) -> Any:
        offer = OPEN_TO_ALL.model_copy(update={"conformance": BY_SHORT_NAME})
        client = _public(*faults, short_names=True, associations=(offer,)).open()
        return client.ask(request)
    return probe


PROBES: Mapping[str, Probe] = {
    "protocol-version-refused": _rejected(_public, protocol_version="1"),
    "unlisted-object-served-as-null": _reading("3/1-0:99.99.99.255/a2"),
    "write-to-nothing-answered-as-success": lambda *faults: _manager(*faults).open().set(
        "1/0-0:96.99.0.255/a2", TEXT),
    "listed-attribute-refused": _reading(f"{IMPORT}/a3"),
    "listed-write-refused": _writing(MESSAGE, TEXT),
    "image-repeated-block-refused": _transfer(
        lambda image: dict(reversed(_whole(image).items())), "a3"),
    "served-by-no-short-name": _by_name(ReadRequest((Variable(0x1000),))),
    "unknown-short-name-answered": _by_name(ReadRequest((Variable(8),))),
    "unknown-short-name-written": _by_name(WriteRequest((Variable(8),), (ZERO,))),
    "logical-name-service-served": _by_name(GetRequestNormal(0xC1, attribute(NAME))),
    "served-after-rejection": _after_rejection,
    "served-without-association": _without_association,
    "association-survives-connection": _after_connection,
    "silent-after-odd-apdu": _after_odd_apdu,
    "silent-after-unknown-service": _after_unknown_service,
    "protocol-version-not-checked": _rejected(_public, protocol_version="01"),
    "context-not-checked": _rejected(_public, context=f"{CONTEXT}2"),
    "mechanism-not-checked": _rejected(_reader, mechanism=mechanism_name(5)),
    "authentication-unit-not-asked": _rejected(_reader, acse_requirements=None),
    "password-not-checked": _rejected(_reader, authentication_value=b"wrong"),
    "diagnostic-wrong": _rejected(_public, context=f"{CONTEXT}2"),
    "titles-refused": _rejected(_public, called_ap_title=b"12345678"),
    "user-id-refused": _user(5),
    "dedicated-key-refused": _with_dedicated_key,
    "quality-of-service-refused": _asked(quality_of_service=1),
    "dlms-version-not-checked": _asked(dlms_version=5),
    "dlms-version-wrong": _asked(),
    "conformance-not-negotiated": _asked(conformance=Conformance.GET),
    "empty-conformance-accepted": _asked(conformance=Conformance.READ),
    "max-pdu-too-small-accepted": _asked(max_pdu=11),
    "max-pdu-exceeded": _longest_response,
    "own-max-pdu-refused": _long_request,
    "open-again-refused": _again,
    "context-name-wrong": lambda *faults: _public(*faults).associate().context,
    "challenge-answer-wrong-for-short": _challenge(8),
    "challenge-answer-wrong-for-long": _challenge(64),
    "challenge-answer-wrong-for-odd": _challenge(9),
    "challenge-cut": _challenge(17),
    "wrong-answer-accepted": _wrong_answer,
    "served-before-authentication": _before_authentication,
    "challenge-repeats": _challenges,
    "associated-after-wrong-answer": _after_wrong_answer,
    "unknown-service-unanswered": _raw("9900"),
    "service-not-negotiated-served": _not_negotiated,
    "odd-apdu-answered-as-success": _raw("C001C1"),
    "invoke-id-wrong": _raw(_read_clock(CLOCK)),
    "unknown-attribute-answered": _reading("8/0-0:1.0.0.255/a99"),
    "unknown-attribute-written": lambda *faults: _manager(*faults).open().set(
        "8/0-0:1.0.0.255/a99", TEXT),
    "unknown-method-answered": lambda *faults: _manager(*faults).open().code(f"{SWITCH}/m9"),
    "class-not-checked": _reading("1/0-0:1.0.0.255/a2"),
    "unknown-selector-ignored": _selecting(9, ZERO),
    "release-without-effect": _after_release,
    "release-unanswered": lambda *faults: _public(*faults).open().release(),
    "blocks-never-end": _blocks,
    "next-block-without-long-get-answered": _no_long_get,
    "block-number-not-checked": _wrong_number,
    "block-number-repeats": _numbers,
    "block-lost": _blocks,
    "long-get-survives-get": _another_long_get,
    "set-block-gap-accepted": _gap_in_set,
    "list-out-of-order": _list(CLOCK, NAME),
    "list-result-missing": _list(CLOCK, NAME),
    "list-ends-at-error": _list("8/0-0:9.9.9.255/a2", NAME, CLOCK),
    "number-as-signed": _reading(f"{IMPORT}/a2"),
    "number-as-text": _reading("3/1-0:32.7.0.255/a2"),
    "enumeration-as-unsigned": _reading(f"{SWITCH}/a3"),
    "boolean-as-unsigned": _reading(f"{SWITCH}/a2"),
    "array-as-structure": _reading("9/0-0:10.0.106.255/a2"),
    "structure-element-missing": _reading(f"{IMPORT}/a3"),
    "date-time-too-short": _reading(CLOCK),
    "octet-string-as-text": _reading(NAME),
    "bit-string-as-octets": _reading("63/0-0:96.5.0.255/a2"),
    "enumeration-out-of-range": _reading(f"{SWITCH}/a3"),
    "logical-name-wrong": _reading(f"{IMPORT}/a1"),
    "denied-attribute-served": _reading("19/0-0:20.0.0.255/a7"),
    "denied-write-accepted": _writing("8/0-0:1.0.0.255/a3", Data(Tag.LONG, 60), _reader),
    "denied-write-answered-as-success": _writing("8/0-0:1.0.0.255/a3", Data(Tag.LONG, 60),
                                                 _reader),
    "denied-method-executed": _acting(f"{SWITCH}/m1", ZERO, f"{SWITCH}/a2", _reader),
    "write-without-effect": _writing(MESSAGE, TEXT),
    "first-element-written-only": _writing(
        "21/0-0:16.0.0.255/a2", Data(Tag.ARRAY, (Data(Tag.LONG_UNSIGNED, 2530),
                                                 Data(Tag.LONG_UNSIGNED, 2000)))),
    "refused-write-stored": _writing(MESSAGE, TEXT),
    "wrong-value-written": _writing("8/0-0:1.0.0.255/a3", TEXT),
    "wrong-value-answered-as-success": _writing("8/0-0:1.0.0.255/a3", TEXT),
    "method-without-effect": _acting(f"{SWITCH}/m1", ZERO, f"{SWITCH}/a2"),
    "dummy-structure-refused": _writing("22/0-0:15.0.1.255/a2", _DUMMY),
    "object-listed-and-absent": _listed,
    "object-present-and-not-listed": _listed,
    "unlisted-object-served": lambda *faults: _public(*faults).open().read(f"{SWITCH}/a2"),
    "object-version-wrong": _listed,
    "sap-assignment-missing": _reading("17/0-0:41.0.0.255/a2"),
    "sap-assignment-incomplete": _in_second("17/0-0:41.0.0.255/a2", server=1),
    "second-device-name-wrong": _in_second(NAME),
    "association-ends-others": _beside,
    "object-of-another-device-served": _in_second(CLOCK),
    "device-name-missing": _reading(NAME),
    "device-name-without-flag-id": _reading(NAME),
    "range-ignored": _selecting(1, _HOUR),
    "range-end-exclusive": _selecting(1, _HOUR),
    "entry-selection-ignored": _selecting(2, _ENTRIES.build((2, 3, 1, 0))),
    "entry-selection-off-by-one": _selecting(2, _ENTRIES.build((2, 3, 1, 0))),
    "columns-ignored": _selecting(1, _COLUMN),
    "profile-row-missing": _half_hours,
    "profile-rows-out-of-order": _half_hours,
    "profile-wrong-capture": _half_hours,
    "entries-in-use-wrong": _reading(f"{PROFILE}/a7"),
    "script-zero-executed": _acting("9/0-0:10.0.106.255/m1", Data(Tag.LONG_UNSIGNED, 0),
                                    f"{SWITCH}/a2"),
    "push-missing": _pushed,
    "push-object-missing": _pushed,
    "image-block-missing-accepted": _transfer(_gap, "m3", "a6"),
    "image-block-altered-accepted": _transfer(_altered, "m3", "a6"),
    "image-verify-always-true": _transfer(_gap, "m3", "a6"),
    "image-activated-unverified": _transfer(_gap, "m4", "1/1-0:0.2.0.255/a2"),
    "image-activation-without-effect": _transfer(_whole, "m3", "m4", "1/1-0:0.2.0.255/a2"),
    "image-activation-unending": _transfer(_whole, "m3", "m4", "a6"),
    "image-to-activate-size-wrong": _transfer(_whole, "m3", "a7"),
    "image-to-activate-identifier-wrong": _transfer(_whole, "m3", "a7"),
    "transferred-blocks-status-wrong": _transfer(_gap, "a3"),
    "first-missing-block-wrong": _transfer(_gap, "a4"),
    "security-setup-title-wrong": _reading(f"{SETUP}/a5"),
    "security-setup-policy-wrong": _reading(f"{SETUP}/a2"),
    "replayed-counter-accepted": _counter(-1),
    "lower-invocation-counter-accepted": _counter(-2),
    "own-counter-repeats": _own_counters,
    "tag-not-checked": _spoilt(_flip(-1)),
    "tag-wrong": _verifies,
    "control-octet-suite-not-checked": _spoilt(_flip(2)),
    "plain-request-served": _under(NONE),
    "unauthenticated-request-served": _under(ENCRYPTED),
    "unencrypted-request-served": _under(AUTHENTICATED),
    "refused-request-executed": _after_refusal,
    "response-plain": _under(BOTH),
    "response-unauthenticated": _under(BOTH),
    "response-unencrypted": _under(BOTH),
    "dedicated-key-ignored": _dedicated(agreed=True),
    "dedicated-without-agreement-accepted": _dedicated(agreed=False),
    "wrong-key-id-accepted": _key_transfer("global_unicast", number=9),
    "wrong-wrap-accepted": _key_transfer("global_unicast", master=bytes(16)),
    "key-not-changed": _key_transfer("global_unicast"),
    "authentication-key-not-changed": _key_transfer("authentication"),
    "only-first-key-changed": _key_transfer("global_unicast", "authentication"),
    "release-unprotected-accepted": _plain_release,
    "key-of-another-suite-accepted": _transfer_of(32),
    "transferred-key-halved": _transfer_of(32, suite=2),
    "signature-not-verified": _signature(lambda _: b"anything"),
    "signature-of-zeros-accepted": _signature(form=lambda signature: bytes(len(signature))),
    "signature-too-short-accepted": _signature(form=lambda signature: signature[:-1]),
    "signature-too-long-accepted": _signature(form=lambda signature: signature + b"\0"),
    "signature-of-swapped-challenges-accepted": _signature(
        lambda client: _titles(client) + client.ours + client.theirs),
    "signature-without-titles-accepted": _signature(lambda client: client.theirs + client.ours),
    "signature-of-former-challenge-accepted": _former_signature,
    "certificate-of-client-trusted": _certified,
    "short-challenge-signed": _short_challenge,
    "own-signature-altered": _meters_signature,
    "own-signature-of-swapped-challenges": _meters_signature,
    "own-signature-without-titles": _meters_signature,
    "own-signature-in-der": _meters_signature,
    "own-challenge-too-short": _signing_challenge,
    "own-challenge-copied": _signing_challenge,
    "security-setup-policy-of-version-0": _policy_of_version_1,
}
