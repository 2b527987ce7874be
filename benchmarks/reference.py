"""The codecs on messages that others made: the DCC reference test data set, where it is at hand.

Read: every message parsed and its payload decoded, alone and with signature and MAC verified.
Written: every command built from its decoded values and protected; the same with its payload given
as octets, and with all of it given but signature and MAC. The other side of a ratio are the bare
calls of :mod:`benchmarks.verify`, for the same messages with the same key objects; the
Diffie-Hellman secrets are kept on both sides. Decoding alone has a rate to reach instead.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from bench.errors import LocalProtocolError
from bench.protocols.cosem import access
from bench.protocols.gbcs import asn1, gbz, payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import State, check, protect
from benchmarks.measure import Result, Rounds, Target, alternate, stopwatch
from benchmarks.verify import bare_check, bare_mac

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "vectors" / "rtds"
RATE = 20_000  # messages a second and core

_ECDSA = ec.ECDSA(hashes.SHA256())
_SPEED = Target("at least", 0.7)
_ALL = "all messages"
_KINDS = ("AccessRequest", "AccessResponse", "DataNotification", "GBZ", "ASN.1")
_MISSING = "the reference test data set is not beside the repository"

READ = ("reference messages: decode and verify, typed values", None,
        "every message: parse(), its payload decoded into typed values, and protection.check(), "
        "against ECDSA verify, key derivation and AES-GCM tag called directly with the same key "
        "objects, the octets cut out beforehand, the Diffie-Hellman secret kept on both sides; "
        "speed of ours divided by speed of the bare calls")
VERIFY = ("reference messages: decode and verify", _SPEED,
          "as with typed values, the payload left as octets, which is all that a receiver needs to "
          "know whether a message is authentic")
RATE_HOW = ("parse() and access.decode_payload(), gbz.decode() or asn1.decode(), processor time; "
            f"messages a second divided by the {RATE:,} that are wanted")
WRITE = ("reference commands: build and protect, typed values", None,
         "every command: payloads.build() from the values that its payload decodes to, Message(), "
         "protection.protect(), against ECDSA sign, key derivation and AES-GCM tag called directly "
         "with the same key objects over octets of the same length, the Diffie-Hellman secret kept "
         "on both sides; speed of ours divided by speed of the bare calls")
FRAME = ("reference commands: build and protect", _SPEED,
         "as with typed values, the payload given as octets: Message() from its fields, "
         "protection.protect(), Message.encode() to the octets on the wire")
PROTECT = ("reference commands: protect", None,
           "as build and protect, the unprotected message given")


def run(quick: bool) -> Iterator[Result]:
    """Yield what was found for reading, then for writing; nothing is measured without the data."""
    if not FOLDER.is_dir():
        for name, target, how in (READ, VERIFY, *map(_rate, (_ALL, *_KINDS)), WRITE, FRAME,
                                  PROTECT):
            yield Result(name, None, target, how, _MISSING)
        return
    keys = KeyStore.load(FOLDER / "keystore", strict=False)
    kinds: dict[str, list[bytes]] = {kind: [] for kind in _KINDS}
    for octets in _wire():
        kinds[payloads.payload_kind(parse(octets).payload)].append(octets)
    if quick:
        kinds = {kind: wire[:4] for kind, wire in kinds.items()}
    every = list(chain.from_iterable(kinds.values()))
    yield from _read(every, keys, quick)
    yield from _decode({_ALL: every, **kinds}, quick)
    yield from _write([parse(octets) for octets in every], keys, quick)


def _wire() -> Iterator[bytes]:
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest, delimiter="\t"):
            file = FOLDER / "messages" / row["dir"] / row["file"]
            yield bytes.fromhex(file.read_text("ascii"))


def _decoded(message: Message) -> object:
    """Return the typed values of a payload, whatever its kind."""
    kind = (message.message_code, message.cra)
    if kind in asn1.PAYLOADS:
        return asn1.decode(*kind, message.payload)
    if message.payload.startswith(gbz.PROFILE):
        return gbz.decode(message.payload)
    return access.decode_payload(message.payload)


# reading


def _read(wire: Sequence[bytes], keys: KeyStore, quick: bool) -> Iterator[Result]:
    able = [message for message in map(parse, wire)
            if (message.signature or message.mac is not None)
            and check(message, keys).mac is not State.NOT_VERIFIABLE]
    bare = [bare_check(message, keys) for message in able]

    def decode_and_verify() -> None:
        accepted = 0
        for octets in wire:
            message = parse(octets)
            _decoded(message)
            accepted += check(message, keys).accepted
        _expect(accepted, len(able))

    def verify() -> None:
        _expect(sum(check(parse(octets), keys).accepted for octets in wire), len(able))

    rounds = alternate({"ours": stopwatch(decode_and_verify), "verify": stopwatch(verify),
                        "peer": stopwatch(lambda: _call(bare))}, 1 if quick else 60)
    signed = sum(bool(message.signature) for message in able)
    tagged = sum(message.mac is not None for message in able)
    what = (f"{len(wire)} messages, {signed} signatures, {tagged} MACs; the rest, pre-commands and "
            "messages without keys, is decoded only")
    for side, result in (("ours", READ), ("verify", VERIFY)):
        yield _against_bare(result, rounds, side, len(wire), what)


def _rate(kind: str) -> tuple[str, Target, str]:
    return f"reference messages: decode, {kind}", Target("at least", 1), RATE_HOW


def _decode(kinds: Mapping[str, Sequence[bytes]], quick: bool) -> Iterator[Result]:
    rounds = alternate({kind: stopwatch(_decoder(some)) for kind, some in kinds.items()},
                       1 if quick else 60)
    for kind, some in kinds.items():
        each = rounds.median(kind) / len(some)
        name, target, how = _rate(kind)
        yield Result(name, 1 / each / RATE, target, how,
                     f"{1 / each:,.0f} messages a second, {each * 1e6:.1f} us each; {len(some)} "
                     f"messages of {sum(map(len, some)) / len(some):.0f} octets on average")


def _decoder(wire: Sequence[bytes]) -> Callable[[], None]:
    def decode() -> None:
        for octets in wire:
            _decoded(parse(octets))

    return decode


# writing


@dataclass(frozen=True, slots=True)
class _Command:
    """One command: what it is built from, and what it was."""

    use_case: str
    values: Mapping[str, Any]
    sent: Message

    def build(self) -> Message:
        sent = self.sent
        payload = payloads.build(
            self.use_case, self.values, counter=sent.originator_counter,
            originator=sent.supplementary_remote_party or sent.originator,
            recipient=sent.recipient)
        return Message(*_fields(sent, payload))


def _fields(sent: Message, payload: bytes) -> tuple[Any, ...]:
    """Return the fields of a message up to its signature, in order."""
    return (sent.cra, sent.originator_counter, sent.originator, sent.recipient, sent.message_code,
            payload, sent.date_time, sent.supplementary_remote_party,
            sent.supplementary_remote_party_counter, sent.supplementary_originator_counter,
            sent.certificate)


class _Signing(NamedTuple):
    """What the signature of one message is made of."""

    key: ec.EllipticCurvePrivateKey
    signed: bytes

    def make(self) -> bytes:
        r, s = utils.decode_dss_signature(self.key.sign(self.signed, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _write(messages: Sequence[Message], keys: KeyStore, quick: bool) -> Iterator[Result]:
    commands: list[_Command] = []
    bare: list[Callable[[], object]] = []
    for sent in messages:
        if sent.cra is not Cra.COMMAND:
            continue
        command = _Command(use_cases.use_case(sent.message_code).id,
                           payloads.command_values(sent), sent)
        built = command.build()
        _expect(built.payload, sent.payload)
        try:
            bare += _bare_protection(protect(built, keys), keys)
        except LocalProtocolError:  # between two devices whose keys are not held
            continue
        commands.append(command)

    def build_and_protect() -> None:
        for command in commands:
            protect(command.build(), keys)

    given = [_fields(command.sent, command.sent.payload) for command in commands]

    def frame_and_protect() -> None:
        for fields in given:
            protect(Message(*fields), keys).encode()

    def only_protect() -> float:
        # made anew: a message keeps what is signed, once that was written
        messages = [Message(*fields) for fields in given]
        return stopwatch(lambda: [protect(message, keys) for message in messages])()

    rounds = alternate({"ours": stopwatch(build_and_protect),
                        "frame": stopwatch(frame_and_protect), "protect": only_protect,
                        "peer": stopwatch(lambda: _call(bare))}, 1 if quick else 60)
    for side, result in (("ours", WRITE), ("frame", FRAME), ("protect", PROTECT)):
        yield _against_bare(result, rounds, side, len(commands), f"{len(commands)} commands")


def _bare_protection(message: Message, keys: KeyStore) -> Iterator[Callable[[], object]]:
    """Yield the bare calls that protect ``message``, which was protected once."""
    if message.signature:
        key = keys.private_key(message.originator, Usage.DIGITAL_SIGNATURE)
        assert key is not None
        yield _Signing(key, message.signed_octets).make
    if message.mac is not None:
        yield bare_mac(message, keys).make


def _call(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def _against_bare(result: tuple[str, Target | None, str], rounds: Rounds, side: str, count: int,
                  what: str) -> Result:
    name, target, how = result
    each = 1e6 / count
    return Result(name, rounds.ratio("peer", side), target, how,
                  f"{rounds.median(side) * each:.1f} us a message, bare "
                  f"{rounds.median('peer') * each:.1f} us; {what}")
