"""Port ``gbcs``: the device's own keys, rolled over (CS02c, CS02d, CS02e; R-SEC-07).

The device makes a key pair and asks for a certificate, the bench has it issued by the rig's test
PKI, right or wrong in one named way, and gives it to the device. From then on the bench verifies
with the new certificate. The response to CS02d may be signed with the old key or with the new one:
the references do not say with which, so that either is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field

from bench.errors import PlanError
from bench.protocols.gbcs.certificates import USAGE_OF, read
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import Message
from bench.steps import credential_keys as keys
from bench.steps.context import Context
from bench.steps.credentials import Flaw, hear, plain_response
from bench.steps.exchange import Answer, Heard, exchange
from bench.steps.gbcs import EXCHANGE, PartyRole, Wait
from bench.steps.vocabulary import Arguments, Observation, action
from devices import pki
from devices.pki_certificates import HARDWARE_MODULE_NAME, USAGES, Keys
from devices.ports import Received, Reception

Kind = Literal["ds", "ka"]
_LIKELY = 4  # keys of each usage that are tried, so that a dead device does not hold up a run
_USAGES: Mapping[str, tuple[Usage, str]] = {
    "ds": (Usage.DIGITAL_SIGNATURE, "digitalSignature"),
    "ka": (Usage.KEY_AGREEMENT, "keyAgreement")}


class IssueCredentials(Arguments):
    """A command to make a new key pair; ``usage`` none asks for a key that is for nothing."""

    usage: Literal["ds", "ka", "several", "none"]
    role: PartyRole = Field("supplier", alias="as")
    wait: Wait = "response"


@action("issue_credentials", port="gbcs", arguments=IssueCredentials, observes=EXCHANGE | {
    "request": "the certification request, hexadecimal; absent without one",
    "sound": "whether it is one, and signed with the key that it asks a certificate for",
    "party": "EUI-64 that it names; absent without one",
    "usages": "key usages that it asks for",
    "key": "identifier of the key in it; absent without one",
    "fresh": "whether the device never had this key, as far as the bench knows",
})
def issue_credentials(context: Context, wanted: IssueCredentials) -> Observation:
    """Have the device make a key pair, and read its request for a certificate."""
    usages = {"several": ["digitalSignature", "keyAgreement"], "none": ["keyCertSign"]}.get(
        wanted.usage) or [_USAGES[wanted.usage][1]]
    heard = _send(context, "CS02c", wanted.role, {"keyUsage": usages}, wanted.wait)
    plain = plain_response(heard)
    request = plain.get("certificationRequest", "") if isinstance(plain, Mapping) else ""
    return Observation({**heard.variables(), **_read_request(context, request)},
                       tuple(heard.frames))


class UpdateDeviceCertificate(Arguments):
    """A certificate for the device, for ``request`` (of ``issue_credentials``) or, without, for a
    key that nobody asked about.

    ``flaw`` makes it wrong; ``usage`` is by default that of the request.
    """

    request: str = Field("", pattern="^([0-9A-F]{2})*$")
    usage: Kind | None = None
    flaw: Flaw = ""
    role: PartyRole = Field("supplier", alias="as")
    wait: Wait = "response"


@action("update_device_certificate", port="gbcs", arguments=UpdateDeviceCertificate,
        observes=EXCHANGE | {
            "code": "the result code by name; absent without one",
            "key": "identifier of the key in the certificate sent",
            "signed_with": "`former` or `new` key, as which the response can be verified",
        })
def update_device_certificate(context: Context, wanted: UpdateDeviceCertificate) -> Observation:
    """Give the device a certificate, and follow where it says that it has taken it."""
    der = _issued(context, wanted)
    command = _command(context, "CS02d", wanted.role, {"value": der.hex().upper()})
    heard = hear(context, command, "CS02d", wanted.wait)
    store, signed_with = context.parties.keys, "former"
    certificate = x509.load_der_x509_certificate(der) if keys.readable(der) else None
    usage = _usage_in(der)
    if certificate is not None and usage is Usage.DIGITAL_SIGNATURE and heard.response \
            and heard.outcome == "deviation":
        store = _with(context, usage, certificate)
        again = _read_again(context, command, heard, store)
        if again.outcome == "response":
            heard, signed_with = replace(again, frames=heard.frames), "new"
    code = plain_response(heard)
    if code == "success" and certificate is not None and usage is not None:
        keys.take_up_device(context, usage, certificate)
    return Observation({
        **heard.variables(), **({} if code is None else {"code": str(code)}),
        "key": keys.identifier_of(_public(certificate)) if certificate is not None else "",
        "signed_with": signed_with,
    }, tuple(heard.frames))


class ProvideDeviceCertificate(Arguments):
    """A read of the certificate in use; ``usage`` none asks for one that no device has."""

    usage: Literal["ds", "ka", "none"]
    role: PartyRole = Field("supplier", alias="as")
    wait: Wait = "response"


@action("provide_device_certificate", port="gbcs", arguments=ProvideDeviceCertificate,
        observes=EXCHANGE | {
            "key": "identifier of the key in the certificate; absent without one",
            "party": "EUI-64 that it names; absent without one",
            "present": "whether it is for the key with which the bench verifies",
        })
def provide_device_certificate(
    context: Context, wanted: ProvideDeviceCertificate
) -> Observation:
    """Read a certificate of the device."""
    usage, name = _USAGES.get(wanted.usage, (None, "keyCertSign"))
    heard = _send(context, "CS02e", wanted.role, {"keyUsage": [name]}, wanted.wait)
    plain = plain_response(heard)
    der = bytes.fromhex(plain.get("certificate", "")) if isinstance(plain, Mapping) else b""
    seen: dict[str, Any] = dict(heard.variables())
    if keys.readable(der):
        key = _public(x509.load_der_x509_certificate(der))
        known = context.parties.keys.public_key(context.parties.device, usage) if usage else None
        party = read(der).eui64
        seen |= {"key": keys.identifier_of(key),
                 "present": known is not None and keys.identifier_of(known)
                 == keys.identifier_of(key),
                 **({"party": party.hex().upper()} if party else {})}
    return Observation(seen, tuple(heard.frames))


class FollowDeviceKeys(Arguments):
    """No arguments."""


@action("follow_device_keys", port="gbcs", arguments=FollowDeviceKeys, observes={
    "followed": "whether the device and the bench agree on both of the device's keys"})
def follow_device_keys(context: Context, _: FollowDeviceKeys) -> Observation:
    """Verify, from now on, with the keys that the device uses, of those that it ever showed."""
    heard = [_ask(context)]
    if heard[0].outcome != "response":
        signing, agreeing = (_ever(context, usage)[:_LIKELY] for usage, _ in _USAGES.values())
        for one, other in ((one, other) for other in agreeing for one in signing):
            store, device = context.parties.keys, context.parties.device
            store.add(device, Usage.DIGITAL_SIGNATURE, public_key=one)
            store.add(device, Usage.KEY_AGREEMENT, public_key=other)
            heard.append(_ask(context))
            if heard[-1].outcome == "response":
                break
    return Observation({"followed": heard[-1].outcome == "response"},
                       tuple(frame for one in heard for frame in one.frames))


class UseKeys(Arguments):
    """Whose keys, and which: those that were replaced last, or those that replaced them."""

    of: PartyRole | Literal["device"]
    usage: Kind
    which: Literal["former", "present"]


@action("use_keys", port="gbcs", arguments=UseKeys, observes={
    "key": "identifier of the key that is used from now on"})
def use_keys(context: Context, wanted: UseKeys) -> Observation:
    """Speak or verify with a party's former or present keys; the two change places."""
    parties = context.parties
    party = parties.device if wanted.of == "device" else parties.entity(wanted.of)
    place = party, _USAGES[wanted.usage][0]
    former, store = keys.of(context).former, parties.keys
    if place not in former:
        raise PlanError(f"no {wanted.usage} key of {wanted.of} was replaced in this case")
    if wanted.which != keys.of(context).speaking.get(place, "present"):
        certificate = store.certificate(*place)
        if certificate is None:
            raise PlanError(f"the {wanted.usage} key of {wanted.of} has no certificate")
        taken = former[place]
        former[place] = keys.Credential(
            party, keys.der_of(certificate), store.private_key(*place))
        store.add(*place, certificate=x509.load_der_x509_certificate(taken.certificate),
                  private_key=taken.private_key)
        keys.of(context).speaking[place] = wanted.which
    public = store.public_key(*place)
    return Observation({"key": keys.identifier_of(public) if public else ""})


@dataclass(slots=True)
class _Heard:
    """A ``gbcs`` port that plays what was received before."""

    received: list[bytes]

    def send(self, _: bytes) -> None:
        """Send nothing."""

    def receive(self, _: float) -> Received:
        """Return the next message, then silence."""
        return Received(Reception.MESSAGE, self.received.pop(0)) if self.received \
            else Received(Reception.SILENCE)


def _read_again(context: Context, command: Message, heard: Heard, store: KeyStore) -> Heard:
    received = [frame.octets for frame in heard.frames if frame.direction == "received"]
    parties = replace(context.parties, keys=store)
    again = replace(context, ports={**context.ports, "gbcs": _Heard(received)}, parties=parties)
    return exchange(again, command.encode(), Answer(command, "CS02d"), "response")


def _with(context: Context, usage: Usage, certificate: x509.Certificate) -> KeyStore:
    """Return a key store that knows the device only, by ``certificate``: enough to verify."""
    store = KeyStore()
    store.add(context.parties.device, usage, certificate=certificate)
    return store


def _issued(context: Context, wanted: UpdateDeviceCertificate) -> bytes:
    folder, device = keys.authorities(context), context.parties.device
    seed = keys.secret(folder)
    request = bytes.fromhex(wanted.request)
    if not request:
        usage = wanted.usage or "ds"
        request = pki.request(Keys(seed).new(f"unasked {usage}"), device, usage)
    return pki.issue_device(folder.parent, request, device, wanted.flaw,
                            usage=wanted.usage, seed=seed)


def _read_request(context: Context, text: str) -> dict[str, Any]:
    if not text:
        return {"sound": False, "usages": []}
    seen: dict[str, Any] = {"request": text, "sound": False, "usages": []}
    try:
        csr = x509.load_der_x509_csr(bytes.fromhex(text))
        key, signed = csr.public_key(), csr.is_signature_valid
        stated = _stated(csr)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension,
            x509.InvalidVersion, x509.UnsupportedGeneralNameType):
        return seen
    seen |= stated | {"sound": signed}
    if isinstance(key, ec.EllipticCurvePublicKey):
        identifier = keys.identifier_of(key)
        ever = {keys.identifier_of(known) for each, _ in _USAGES.values()
                for known in _ever(context, each)}
        seen |= {"key": identifier, "fresh": identifier not in ever}
        for each, _ in _USAGES.values():
            keys.of(context).device_keys.setdefault(each, []).append(key)
    return seen


def _stated(csr: x509.CertificateSigningRequest) -> dict[str, Any]:
    """Return the usages that a request asks for, and the EUI-64 that it names (RFC 4108)."""
    found: dict[str, Any] = {"usages": []}
    for extension in csr.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            found["usages"] = [kind for kind, bit in USAGES.items() if getattr(value, bit)]
        elif isinstance(value, x509.SubjectAlternativeName):
            for name in value.get_values_for_type(x509.OtherName):
                if name.type_id == HARDWARE_MODULE_NAME and name.value[-10:-8] == b"\x04\x08":
                    found["party"] = name.value[-8:].hex().upper()
    return found


def _ever(context: Context, usage: Usage) -> list[ec.EllipticCurvePublicKey]:
    """Return the device's keys that the bench knows of, the likeliest first."""
    known, device = keys.of(context), context.parties.device
    found = [context.parties.keys.public_key(device, usage), known.used.get(usage),
             known.original.public_key(device, usage),
             *reversed(known.device_keys.get(usage, []))]
    return list({keys.identifier_of(key): key for key in found if key is not None}.values())


def _ask(context: Context) -> Heard:
    return _send(context, "CS02e", "supplier", {"keyUsage": ["digitalSignature"]}, "alert")


def _send(context: Context, name: str, speaker: str, values: Mapping[str, Any],
          wait: str) -> Heard:
    return hear(context, _command(context, name, speaker, values), name, wait)


def _command(context: Context, name: str, speaker: str, values: Mapping[str, Any]) -> Message:
    parties = context.parties
    command: Message = parties.command(
        name, speaker, values, parties.next_counter(parties.entity(speaker)))
    return command


def _usage_in(der: bytes) -> Usage | None:
    found = read(der).usage if keys.readable(der) else None
    return next((usage for usage, _ in _USAGES.values() if USAGE_OF[usage] is found), None)


def _public(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)  # what keys.readable is for
    return key
