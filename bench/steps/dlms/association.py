"""Port ``dlms``: opening and releasing associations."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from bench.protocols.dlms.security.protection import AUTHENTICATED, BOTH, ENCRYPTED, NONE
from bench.steps.context import Context
from bench.steps.dlms.associating import (
    ACCEPTED,
    FIELDS,
    PROOFS,
    Wanted,
    open_association,
    release_association,
)
from bench.steps.dlms.carriers import APDU
from bench.steps.dlms.dialogue import dialogue_of
from bench.steps.gbcs import one_of
from bench.steps.vocabulary import Arguments, Observation, action

PROTECTIONS = {"none": NONE, "authenticated": AUTHENTICATED, "encrypted": ENCRYPTED, "both": BOTH}
"""How a plan names the protection of APDUs."""

Protected = Literal["none", "authenticated", "encrypted", "both"]

OPENED = {
    "outcome": "`accepted`, `rejected`, `half-open` (no proof was sent), "
               "`authentication-failed`, `exception-response`, `deviation`, or `ua`, `dm`, "
               "`frmr`, `silence`, `closed` of the link, or `no-connection`: the meter takes none",
    "result": "`accepted`, `rejected-permanent`, `rejected-transient`; absent without an AARE",
    "diagnostic": "the standard's name of the diagnostic; absent without an AARE",
    "context": "`ln`, `sn`, `ln-ciphered`, `sn-ciphered` or an object identifier, likewise",
    "service_error": "`service: kind, error` of a rejection that has one; absent else",
    "user_information": "whether the AARE has user-information; absent without an AARE",
    "dlms_version": "negotiated version; absent unless granted",
    "vaa_name": "likewise",
    "conformance": "negotiated services by name, likewise",
    "max_pdu": "longest APDU that the server takes, octets, 0 for any length, likewise",
    "challenge": "the bench's challenge of high level security, hexadecimal",
    "server_challenge": "the server's; absent without an AARE",
    "server_title": "the server's system title, hexadecimal; absent without an AARE",
    "deviation": "the rule that an answer breaks, or empty",
    "deviations": "rules of the link that what arrived breaks",
}


class Associate(Arguments):
    """An association as the profile declares it, with what is given here instead.

    A ``stranger`` signs with a key of its own, and sends a certificate of it that it has made.
    ``answered`` is a challenge, hexadecimal, that is answered in the place of the server's.
    ``keep`` opens it over the connection that there is; without it a fresh one is made first.
    ``beside`` opens it on the line that there is, and leaves the open one, of another logical
    device, as it is.
    """

    association: str = Field(alias="as")
    fields: dict[str, Any] = Field(default_factory=dict)
    proof: Annotated[str, one_of(PROOFS, "proof")] = "right"
    answered: str | None = Field(None, pattern="^([0-9A-F]{2}){1,255}$")
    stranger: bool = False
    dedicated_key: bool = False
    protection: Protected | None = None
    challenge_octets: int | None = Field(None, ge=1, le=255)
    user_id: int | None = Field(None, ge=0, le=255)
    keep: bool = False
    beside: bool = False

    @field_validator("fields")
    @classmethod
    def _are_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        if strange := set(fields) - FIELDS:
            raise ValueError(f"no field {', '.join(sorted(strange))}; known are "
                             f"{', '.join(sorted(FIELDS))}")
        return fields


class Release(Arguments):
    """The release of what is open; ``protected`` as the association asks for."""

    protected: bool = True


@action("associate", port="dlms", arguments=Associate, observes=OPENED)
def associate(context: Context, wanted: Associate) -> Observation:
    """Open an association."""
    dialogue = dialogue_of(context)
    opening = "connected"
    if wanted.beside:
        dialogue.leave_open()
        opening = dialogue.again(wanted.association).outcome
    elif not wanted.keep or dialogue.carrier is None:
        opening = dialogue.connect(wanted.association).outcome
    if opening not in ("ua", "connected"):
        return Observation({"outcome": opening, "deviations": dialogue.deviations()},
                           dialogue.evidence.take())
    opened = open_association(dialogue, wanted.association, context.clock(), Wanted(
        fields=wanted.fields, proof=wanted.proof,
        answered=None if wanted.answered is None else bytes.fromhex(wanted.answered),
        stranger=wanted.stranger, dedicated_key=wanted.dedicated_key,
        protection=PROTECTIONS[wanted.protection] if wanted.protection else None,
        challenge_octets=wanted.challenge_octets, user_id=wanted.user_id))
    return Observation({"outcome": opened.outcome, **opened.values,
                        "deviations": dialogue.deviations()}, dialogue.evidence.take())


class Reach(Arguments):
    """An association as it is declared, opened or open already."""

    association: str = Field(alias="as")


KEPT_OPEN_S = 5.0
"""Seconds for which an association that is open is gone on with, if half of the inactivity time-out
is no less."""


@action("reach", port="dlms", arguments=Reach, observes=OPENED)
def reach(context: Context, wanted: Reach) -> Observation:
    """Go on with the association that the case before left open by the same step, or open it.

    For cases that only read and write as they may: on a slow line opening takes longer than they.
    """
    dialogue = dialogue_of(context)
    now = time.monotonic()
    inactivity = float(dialogue.declared["link"][dialogue.port.framing]["inactivity_s"])
    kept = min(KEPT_OPEN_S, inactivity / 2) if inactivity else KEPT_OPEN_S
    fresh = 0 <= dialogue.reached <= now <= dialogue.reached + kept
    if fresh and dialogue.association == dialogue.name_of(wanted.association):
        dialogue.reached = now
        return Observation({"outcome": ACCEPTED, "deviations": []}, ())
    seen = associate(context, Associate.model_validate({"as": wanted.association}))
    if seen.values["outcome"] == ACCEPTED:
        dialogue.reached = now
    return seen


class TurnTo(Arguments):
    """An association that was left open."""

    association: str = Field(alias="as")


@action("turn_to", port="dlms", arguments=TurnTo, observes={})
def turn_to(context: Context, wanted: TurnTo) -> Observation:
    """Go on with an association that another one was opened beside."""
    dialogue_of(context).turn_to(wanted.association)
    return Observation({}, ())


@action("release", port="dlms", arguments=Release, observes={
    "outcome": "`released`, `not-released` (another reason than normal), "
               "`exception-response`, `confirmed-service-error`, `deviation`, or of the link as "
               "of `associate`",
    "reason": "0 for normal, -1 without a release response"})
def release(context: Context, wanted: Release) -> Observation:
    """Release the association that is open."""
    dialogue = dialogue_of(context)
    ran = release_association(dialogue, protected=wanted.protected)
    outcome, reason = ran.kind, -1
    if ran.kind == APDU and ran.value is not None:
        refused = ran.value.refusal
        reason = -1 if ran.value.reason is None else ran.value.reason
        outcome = refusal_name(refused) if refused is not None else (
            "released" if reason in (-1, 0) else "not-released")
    return Observation({"outcome": outcome, "reason": reason}, dialogue.evidence.take())


def refusal_name(refusal: object) -> str:
    """Return ``exception-response`` or ``confirmed-service-error``."""
    return "exception-response" if type(refusal).__name__ == "ExceptionResponse" \
        else "confirmed-service-error"
