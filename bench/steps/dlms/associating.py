"""Opening an association as it is declared, or with one thing changed, and releasing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bench.errors import LocalProtocolError, PlanError
from bench.protocols.dlms.apdu import Aarq, Context, conformance, conformance_names, mechanism_name
from bench.protocols.dlms.association import HIGH_LEVEL, Association, Parameters, Released
from bench.protocols.dlms.channel import Caps
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.security import hls, signature_mutation
from bench.protocols.dlms.security.counters import LENIENT, Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE, Protection
from bench.protocols.dlms.security.securing import Security
from bench.steps.dlms.carriers import APDU
from bench.steps.dlms.dialogue import DEVIATION, Dialogue, Ran

CONTEXTS = {"ln": Context.LN, "sn": Context.SN, "ln-ciphered": Context.LN_CIPHERED,
            "sn-ciphered": Context.SN_CIPHERED}
MECHANISMS = {"none": Mechanism.NONE, "lls": Mechanism.LOW, "hls": Mechanism.HIGH,
              "hls-md5": Mechanism.MD5, "hls-sha1": Mechanism.SHA1, "hls-gmac": Mechanism.GMAC,
              "hls-sha256": Mechanism.SHA256, "hls-ecdsa": Mechanism.ECDSA}

ACCEPTED, REJECTED, HALF_OPEN, UNAUTHENTIC = (
    "accepted", "rejected", "half-open", "authentication-failed")

_ABSENT = "absent"
_OCTETS = frozenset(("called_ap_title", "called_ae_qualifier", "calling_ap_title",
                     "calling_ae_qualifier", "implementation_information",
                     "authentication_value", "user_information"))
_INITIATE = frozenset(("dlms_version", "conformance", "max_pdu", "quality_of_service",
                       "response_allowed"))
FIELDS = frozenset((
    *_OCTETS, *_INITIATE, "context", "protocol_version", "called_ap_invocation_id",
    "called_ae_invocation_id", "calling_ap_invocation_id", "calling_ae_invocation_id",
    "acse_requirements", "mechanism"))
"""Fields of an association request that a plan may set, or leave out by ``absent``."""

PROOFS = ("right", "wrong", "none", *signature_mutation.MUTATIONS)
"""What a plan may call the proof of who the client is."""
_WRONG: Mapping[str, bytes | None] = {"wrong": b"not the secret", "none": None}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to differ from the declaration: fields of the AARQ and of the initiate request by
    name, the proof of who the client is (the secret of low level security, or pass 3: ``right``,
    ``wrong``, ``none``, or a signature with a flaw), the challenge that pass 3 is made for in the
    place of the server's, a key and a certificate that nobody knows, a dedicated key, another
    protection, the length of the challenge."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    proof: str = "right"
    answered: bytes | None = None
    stranger: bool = False
    dedicated_key: bool = False
    protection: Protection | None = None
    challenge_octets: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """How far an association came; ``values`` is what expressions may name."""

    outcome: str
    values: Mapping[str, Any]


def open_association(dialogue: Dialogue, name: str, now: datetime,
                     wanted: Wanted | None = None) -> Opened:
    """Ask for the association ``name`` over the open carrier, whose declaration it must be."""
    wanted = wanted or Wanted()
    client = client_of(dialogue, name, now, wanted)
    dialogue.client, dialogue.association = client, dialogue.name_of(name)
    dialogue.base_names.pop(dialogue.association, None)
    initiate = replace(client.initiate(), **_initiate(wanted.fields))
    request = replace(client.association_request(initiate), **_fields(wanted.fields))
    if client.parameters.mechanism is Mechanism.LOW and wanted.proof != "right":
        request = replace(request, authentication_value=_WRONG[wanted.proof])
    dialogue.reached = -1.0
    ran = dialogue.run(_associate(client, request, wanted))
    return Opened(_outcome(ran, wanted), _values(ran, client, request))


def client_of(dialogue: Dialogue, name: str, now: datetime, wanted: Wanted) -> Client:
    """Return a client with the declared parameters of an association, less what is wanted."""
    declared = dialogue.of(name)
    context = CONTEXTS[declared["context"]]
    mechanism = MECHANISMS[declared["mechanism"]]
    security = None
    if declared["keys"]:
        keys = dialogue.keys_of(name)
        security = Security(signature_mutation.stranger(keys) if wanted.stranger else keys,
                            dialogue.counters_of(name, now), replay=LENIENT,
                            random=dialogue.random)
    protection = wanted.protection or protection_of(declared)
    dedicated = None
    if wanted.dedicated_key and security is not None:
        dedicated = dialogue.random(len(security.keys.global_unicast or bytes(16)))
        protection = protection._replace(key=Key.DEDICATED)
    return Client(Parameters(
        context=context, mechanism=mechanism,
        conformance=conformance(declared["conformance"]),
        max_pdu=int(wanted.fields.get("max_pdu", MAX_PDU)),
        protection=protection, dedicated_key=dedicated,
        user_id=wanted.user_id, challenge_octets=wanted.challenge_octets, caps=CAPS,
    ), security, random=dialogue.random)


CAPS = Caps(octets=1 << 21, blocks=4_096)
"""What the bench takes in blocks: five times a profile of 13 months, in blocks of half of
:data:`MAX_PDU`."""
MAX_PDU = 1024
"""Octets of the longest APDU that the bench takes, unless a case says otherwise."""


def protection_of(declared: Mapping[str, Any]) -> Protection:
    """Return how requests of a declared association are protected: by both, where it ciphers."""
    return Protection(authenticated=True, encrypted=True) if declared["ciphered"] else NONE


def _associate(client: Client, request: Aarq, wanted: Wanted) -> Exchange[Association]:
    """Associate, with pass 3 as wanted."""
    plainly = wanted.proof == "right" and wanted.answered is None
    association = yield from client.associate(request, authenticate=plainly)
    if (not plainly and wanted.proof != "none" and client.parameters.mechanism in HIGH_LEVEL
            and association.aare is not None and association.granted is not None):
        theirs = association.aare.authentication_value or b""
        ours = request.authentication_value or b""
        result = yield from client.authenticate(
            theirs, ours, _answer(client, wanted, wanted.answered or theirs, ours))
        association = replace(association, authentication=result)
    client.association = association
    return association


def _answer(client: Client, wanted: Wanted, theirs: bytes, ours: bytes) -> bytes:
    """Return what goes in pass 3."""
    if wanted.proof == "wrong":
        return bytes(17)
    security, mechanism = client.channel.secured(), client.parameters.mechanism
    if wanted.proof == "right":
        return hls.answer(mechanism, security.keys, theirs=theirs, ours=ours,
                          counters=security.counters)
    if mechanism is not Mechanism.ECDSA:
        raise PlanError(f"proof {wanted.proof!r} is a signature, the mechanism {mechanism.name}")
    return signature_mutation.mutate(security.keys, wanted.proof, theirs=theirs, ours=ours)


def _outcome(ran: Ran[Association], wanted: Wanted) -> str:
    if ran.kind != APDU or ran.value is None:
        return ran.kind
    association = ran.value
    if association.aare is None:
        return "exception-response" if association.refusal is not None else DEVIATION
    if association.granted is None or association.aare.result:
        return REJECTED
    if association.authentication is not None and not association.authentication.succeeded:
        return UNAUTHENTIC
    half = wanted.proof == "none" and association.aare.mechanism is not None
    return HALF_OPEN if half else ACCEPTED


def _values(ran: Ran[Association], client: Client, request: Aarq) -> dict[str, Any]:
    association = ran.value or Association()
    aare, granted = association.aare, association.granted
    diagnostic = association.diagnostic
    values: dict[str, Any] = {
        "challenge": (request.authentication_value or b"").hex().upper()
        if client.parameters.mechanism in HIGH_LEVEL else "",
        "deviation": ran.text,
    }
    if aare is not None:
        values |= {
            "result": _RESULTS.get(aare.result, str(aare.result)),
            "diagnostic": "" if diagnostic is None else diagnostic.text,
            "context": _CONTEXT_NAMES.get(aare.context, aare.context),
            "server_challenge": (aare.authentication_value or b"").hex().upper(),
            "server_title": (aare.responding_ap_title or b"").hex().upper(),
            "user_information": aare.user_information is not None,
        }
    if granted is not None:
        values |= {
            "dlms_version": granted.dlms_version, "vaa_name": granted.vaa_name,
            "conformance": list(conformance_names(granted.conformance)),
            "max_pdu": granted.max_pdu,
        }
    elif association.initiate is not None:
        values["service_error"] = association.initiate.text  # type: ignore[union-attr]
    return values


_RESULTS = {0: "accepted", 1: "rejected-permanent", 2: "rejected-transient"}
_CONTEXT_NAMES = {context.value: name for name, context in CONTEXTS.items()}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an AARQ that a plan sets."""
    strange = set(fields) - FIELDS
    if strange:
        raise PlanError(f"no field {', '.join(sorted(strange))} of an association request; "
                        f"known are {', '.join(sorted(FIELDS))}")
    return {name: None if value == _ABSENT else _field(name, value)
            for name, value in fields.items() if name not in _INITIATE}


def _field(name: str, value: Any) -> Any:
    if name in _OCTETS:
        return bytes.fromhex(str(value))
    if name == "context":
        return CONTEXTS.get(value, value)
    if name == "mechanism" and value in MECHANISMS:
        return mechanism_name(MECHANISMS[value])
    return value


def _initiate(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in fields.items() if name in _INITIATE}
    if "conformance" in found:
        found["conformance"] = conformance(found["conformance"])
    return found


def release_association(dialogue: Dialogue, *, protected: bool = True) -> Ran[Released]:
    """Ask for the release of what is open; without its protection unless ``protected``."""
    if dialogue.client is None:
        raise LocalProtocolError("no association was asked for")
    request = dialogue.client.release_request()
    if not protected:
        request = replace(request, user_information=dialogue.client.initiate().encode())
    dialogue.reached = -1.0
    return dialogue.run(dialogue.client.release(request))


