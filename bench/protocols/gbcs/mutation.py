"""Wrong messages, made on purpose from right ones: the counterpart of the strict reader.

A mutation changes one field in one way. A *raw* one changes octets and leaves lengths, signature
and MAC as they were. A *stale* one is well formed again, with the signature and MAC of the message
that it was. A *resealed* one is a whole message, well formed, whose signature and MAC are
made again with the keys of its true parties, as an insider would: only the device's own rules can
refuse it. ``caught_by`` is the last of these lines that must refuse the mutation of a command:

- ``format``: a strict reader (:func:`bench.protocols.gbcs.message.parse`)
- ``authenticity``: the check of signature and MAC
- ``rule``: the protection rule of the message category
- ``application``: replay protection, addressing, the use case, the payload
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import LocalProtocolError
from bench.protocols import plain_ecdsa
from bench.protocols.cosem import date_time
from bench.protocols.cosem.length import decode_length
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import SECURITY_HEADER, Cra, Message, parse

FORMAT, AUTHENTICITY, RULE, APPLICATION = "format", "authenticity", "rule", "application"

STRANGER = bytes.fromhex("02000000FFFFFF01")  # an EUI-64 that no certificate names


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named way to spoil a message."""

    name: str
    field: str
    kind: str
    resealed: bool
    caught_by: str


Change = Callable[[Message], Message]
Octets = Callable[[bytes], bytes]


def flip(octets: bytes, bit: int = 0) -> bytes:
    """Return ``octets`` with one bit changed; bit 0 is the lowest of the last octet."""
    changed = bytearray(octets)
    changed[-1 - bit // 8] ^= 1 << bit % 8
    return bytes(changed)


_KINDS: Mapping[str, Octets] = {
    "flip": flip,
    "zero": lambda octets: bytes(len(octets)),
    "truncate": lambda octets: octets[:-1],
    "extend": lambda octets: octets + b"\0",
    "remove": lambda _: b"",
}

# field -> kind -> what catches it, for raw mutations
_RAW: Mapping[str, Mapping[str, str]] = {
    "mac_tag": {"flip": FORMAT, "zero": FORMAT},
    "mac_header": {"flip": FORMAT, "truncate": FORMAT, "extend": FORMAT, "remove": FORMAT},
    "mac_header_length": {"flip": FORMAT, "zero": FORMAT},
    "security_header": {"flip": FORMAT, "zero": FORMAT, "truncate": FORMAT, "extend": FORMAT},
    "grouping_tag": {"flip": FORMAT, "zero": FORMAT},
    "cra": {"flip": FORMAT, "zero": FORMAT},
    "counter": {"flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT, "extend": FORMAT},
    "originator": {
        "flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT, "extend": FORMAT},
    "recipient": {
        "flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT, "extend": FORMAT},
    "date_time_length": {"flip": FORMAT},
    "other_information": {"flip": AUTHENTICITY, "truncate": FORMAT, "extend": FORMAT},
    "message_code": {"flip": AUTHENTICITY, "zero": AUTHENTICITY},
    "payload_length": {"flip": FORMAT},
    "payload": {"flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT,
                "extend": FORMAT, "remove": FORMAT},
    "signature_length": {"flip": FORMAT},
    "signature": {"flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT,
                  "extend": FORMAT, "remove": FORMAT},
    "mac": {"flip": AUTHENTICITY, "zero": AUTHENTICITY, "truncate": FORMAT, "extend": FORMAT,
            "remove": FORMAT},
    "message": {"truncate": FORMAT, "extend": FORMAT},
}


def _payload(kind: str) -> Change:
    return lambda message: replace(message, payload=_KINDS[kind](message.payload))


# name -> field, kind, change, what catches it, for resealed mutations
_RESEALED: Mapping[str, tuple[str, str, Change, str]] = {
    "cra-response": ("cra", "replace", lambda m: replace(m, cra=Cra.RESPONSE), AUTHENTICITY),
    "cra-alert": ("cra", "replace", lambda m: replace(m, cra=Cra.ALERT), AUTHENTICITY),
    "counter-zero": ("counter", "zero", lambda m: replace(m, originator_counter=0), APPLICATION),
    "counter-lower": ("counter", "replace", lambda m: replace(
        m, originator_counter=max(m.originator_counter - 1, 0)), APPLICATION),
    "originator-stranger": ("originator", "replace", lambda m: replace(
        m, originator=STRANGER), APPLICATION),
    "recipient-stranger": ("recipient", "replace", lambda m: replace(
        m, recipient=STRANGER), APPLICATION),
    "date_time-added": ("date_time", "replace", lambda m: replace(
        m, date_time=b"" if m.date_time else date_time.NOW), APPLICATION),
    "other_information-party": ("other_information", "extend", lambda m: replace(
        m, supplementary_remote_party=STRANGER), APPLICATION),
    "message_code-flip": ("message_code", "flip", lambda m: replace(
        m, message_code=m.message_code ^ 1), APPLICATION),
    "message_code-unknown": ("message_code", "replace", lambda m: replace(
        m, message_code=0xFFFE), APPLICATION),
    "payload-flip": ("payload", "flip", _payload("flip"), APPLICATION),
    "payload-zero": ("payload", "zero", _payload("zero"), APPLICATION),
    "payload-truncate": ("payload", "truncate", _payload("truncate"), APPLICATION),
    "payload-extend": ("payload", "extend", _payload("extend"), APPLICATION),
    "payload-remove": ("payload", "remove", _payload("remove"), APPLICATION),
}

# Those that a raw mutation does already, or whose stale form says nothing more.
_NOT_STALE = ("counter-zero", "message_code-flip", "payload-flip", "payload-zero")

# Mutations of the protection itself; the rest of the message is right.
_PROTECTION: Mapping[str, tuple[str, str, str]] = {
    "signature-absent": ("signature", "remove", RULE),
    "signature-flip-resealed": ("signature", "flip", AUTHENTICITY),
    "signature-zero-resealed": ("signature", "zero", AUTHENTICITY),
    "signature-wrong-key": ("signature", "replace", AUTHENTICITY),
    "signature-other-party": ("signature", "replace", AUTHENTICITY),
    "signature-other-octets": ("signature", "replace", AUTHENTICITY),
    "signature-over-payload": ("signature", "replace", AUTHENTICITY),
    "mac-absent": ("mac", "remove", RULE),
    "mac-wrong-key": ("mac", "replace", AUTHENTICITY),
    "mac-other-party": ("mac", "replace", AUTHENTICITY),
    "protection-absent": ("signature", "remove", RULE),
}

MUTATIONS: Mapping[str, Mutation] = {
    mutation.name: mutation for mutation in (
        *(Mutation(f"{field}-{kind}", field, kind, False, caught)
          for field, kinds in _RAW.items() for kind, caught in kinds.items()),
        *(Mutation(f"{name}-stale", field, kind, False, AUTHENTICITY)
          for name, (field, kind, _, _) in _RESEALED.items() if name not in _NOT_STALE),
        *(Mutation(f"{name}-resealed", field, kind, True, caught)
          for name, (field, kind, _, caught) in _RESEALED.items()),
        *(Mutation(name, field, kind, True, caught)
          for name, (field, kind, caught) in _PROTECTION.items()))}


def applicable(message: bytes | Message, name: str) -> bool:
    """Return whether the mutation would change the message: it has the field, and not zero."""
    mutation = _mutation(name)
    octets = message if isinstance(message, bytes) else message.encode()
    if name in _PROTECTION:
        found = parse(octets)
        if mutation.field == "mac":
            return found.mac_header
        return bool(found.signature) or (name == "protection-absent" and not found.pre_command)
    if mutation.resealed or name.endswith("-stale"):
        found = parse(octets)
        return _changed(found, name) != found
    span = spans(octets).get(mutation.field)
    return span is not None and _KINDS[mutation.kind](octets[span]) != octets[span]


def mutate(message: bytes | Message, name: str, *, keys: KeyStore | None = None) -> bytes:
    """Return ``message``, a right one, spoilt by the mutation ``name``.

    ``keys`` is needed for a resealed mutation: the private signing key of the originator and the
    keys that its MAC is agreed with. LocalProtocolError for an unknown name, missing keys, or a
    message that the mutation would leave as it is.
    """
    mutation = _mutation(name)
    octets = message if isinstance(message, bytes) else message.encode()
    if not applicable(octets, name):
        raise LocalProtocolError(f"{name} does not change this message")
    if name.endswith("-stale"):
        return _changed(parse(octets), name).encode()
    if not mutation.resealed:
        span = spans(octets)[mutation.field]
        return octets[: span.start] + _KINDS[mutation.kind](octets[span]) + octets[span.stop :]
    found = parse(octets)
    if name == "protection-absent":
        return replace(found, signature=None if found.cra == Cra.COMMAND else b"",
                       mac=None).encode()
    if keys is None:
        raise LocalProtocolError(f"{name} needs keys")
    if name in _PROTECTION:
        return _reseal(found, found, keys, name).encode()
    return _reseal(found, _changed(found, name), keys).encode()


def spans(octets: bytes) -> dict[str, slice]:
    """Return where each field of a right message lies; fields that it lacks are left out."""
    message = parse(octets)
    found: dict[str, slice] = {"message": slice(0, len(octets))}
    start = 0
    if message.mac_header:
        length_end = decode_length(octets, 7)[1]
        start = length_end + len(SECURITY_HEADER)
        found |= {"mac_tag": slice(0, 1), "mac_header": slice(1, 7),
                  "mac_header_length": slice(7, length_end),
                  "security_header": slice(length_end, start)}
    other_length = start + 30 + len(message.date_time)
    length, other = decode_length(octets, other_length)
    payload_length = other + length
    length, payload = decode_length(octets, payload_length)
    end = payload + length
    found |= {
        "grouping_tag": slice(start, start + 1), "cra": slice(start + 2, start + 3),
        "counter": slice(start + 3, start + 11), "originator": slice(start + 12, start + 20),
        "recipient": slice(start + 21, start + 29),
        "date_time_length": slice(start + 29, start + 30),
        "date_time": slice(start + 30, other_length),
        "other_information": slice(other, payload_length),
        "message_code": slice(other, other + 2), "payload_length": slice(payload_length, payload),
        "payload": slice(payload, end)}
    if message.signature is not None:
        found["signature_length"] = slice(end, end + 1)
        end += 1
    if message.signature:
        found["signature"] = slice(end, end + len(message.signature))
    if message.mac is not None:
        found["mac"] = slice(len(octets) - len(message.mac), len(octets))
    return found


def _mutation(name: str) -> Mutation:
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    return MUTATIONS[name]


def _changed(message: Message, name: str) -> Message:
    return _RESEALED[name.removesuffix("-resealed").removesuffix("-stale")][2](message)


def _reseal(true: Message, changed: Message, keys: KeyStore, flaw: str = "") -> Message:
    """Return ``changed`` with the protection of ``true``, made with the keys of its parties."""
    sealed = replace(changed, signature=b"", mac=None)
    if true.signature and flaw != "signature-absent":
        signed = replace(sealed, originator_counter=sealed.originator_counter - 1) \
            if flaw == "signature-other-octets" else sealed
        octets = sealed.payload if flaw == "signature-over-payload" else signed.signed_octets
        signature = plain_ecdsa.sign(octets, _signer(true, keys, flaw))
        kind = flaw.removeprefix("signature-").removesuffix("-resealed")
        spoil = _KINDS.get(kind) if flaw.startswith("signature-") else None
        sealed = replace(sealed, signature=spoil(signature) if spoil else signature)
    if true.mac is None or flaw == "mac-absent":
        return sealed
    return replace(sealed, mac=_mac(true, sealed, keys, flaw))


def _signer(true: Message, keys: KeyStore, flaw: str) -> ec.EllipticCurvePrivateKey:
    if flaw == "signature-wrong-key":
        return _nobodys_key()
    key = keys.private_key(true.originator, Usage.DIGITAL_SIGNATURE)
    if flaw == "signature-other-party":
        others = (keys.private_key(party, Usage.DIGITAL_SIGNATURE) for party in _others(true, keys))
        key = next(filter(None, others), None)
    if key is None:
        raise LocalProtocolError(f"no private key to sign for {true.originator.hex()} with")
    return key


def _others(true: Message, keys: KeyStore) -> Iterator[bytes]:
    """Yield the remote parties other than the originator, by their EUI-64."""
    return (party for party in keys.parties()
            if party not in (true.originator, true.recipient) and keys.role(party) is not None)


def _mac(true: Message, sealed: Message, keys: KeyStore, flaw: str) -> bytes:
    pairs = protection.mac_parties(true, keys)
    if flaw == "mac-other-party":
        right = {party for pair in pairs for party in pair}
        pairs = [(party, true.recipient) for party in _others(true, keys)
                 if party not in right]
    secrets = [keys.shared_secret(*pair) for pair in pairs]
    secret = next(filter(None, secrets), None)
    if secret is None:
        raise LocalProtocolError(f"no keys to make the MAC of {true.originator.hex()}")
    if flaw == "mac-wrong-key":
        secret = bytes(len(secret))
    key = protection.derive_key(secret, sealed.originator, sealed.cra, sealed.originator_counter,
                                sealed.recipient)
    return protection.mac_tag(key, sealed.originator, sealed.mac_octets)


def _nobodys_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that no certificate holds; the same each time, so that runs can be compared."""
    return ec.derive_private_key(int.from_bytes(STRANGER, "big"), ec.SECP256R1())
