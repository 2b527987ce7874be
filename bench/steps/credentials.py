"""Port ``gbcs``: the device's trust anchors, replaced and read (CS02a, CS02b, CS02g; R-SEC-06).

Which cells there are, who may replace them and how a command is made: GBCS section 13.3, as
:mod:`bench.protocols.gbcs.asn1.credentials` has it. The floor of a counter goes where that section
has it: with the mode's own where a role replaces its own certificates, among those of other roles
where one replaces another's. What the device has taken, the bench speaks with from then on; a
replacement for later is left alone, so that one with another party's certificate is to be used
there. Every case puts back what it replaced, with ``restore_credentials``. Left out: replacement by
contingency, whose key no test PKI has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from bench.errors import NotTestableHere, RemoteProtocolError
from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.asn1.credentials import CANCEL, MODES
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.protection import protect
from bench.protocols.gbcs.use_cases import use_case
from bench.steps import credential_keys as keys
from bench.steps.context import Context
from bench.steps.credential_keys import CELLS, NAME_OF, ROLE_OF, ROOT, Credential
from bench.steps.exchange import Answer, Heard, exchange
from bench.steps.gbcs import EXCHANGE, PartyRole, UseCase, Wait, one_of
from bench.steps.parties import category
from bench.steps.vocabulary import Arguments, Observation, action
from devices.pki_flaws import FLAWS

CellName = Annotated[str, one_of(CELLS, "trust anchor cell")]
Flaw = Annotated[str, one_of(("", *FLAWS), "flaw")]
Role = Annotated[str, one_of(NAME_OF, "remote party role")]
_CONTROL = "authorisingRemotePartyControl."


class Replacement(Arguments):
    """What goes into one cell.

    The certificate that the bench has of ``party`` (by default the party of the cell's role), or
    with ``renew`` a new one with a new key; with ``flaw`` one that is wrong in that way.
    ``by_renewed``: issued by the second authorities of the PKI. Into the cell ``root`` goes the
    PKI's own root, with ``renew`` its second one.
    """

    cell: CellName
    party: PartyRole = ""
    renew: bool = False
    flaw: Flaw = ""
    by_renewed: bool = False


class UpdateCredentials(Arguments):
    """A command that replaces trust anchors.

    ``as`` is by default who may send it. ``floor`` sets the counters of the replaced roles:
    ``next`` to one that their new party has just used up. ``at`` is the time of execution, seconds
    since 1970, or ``never`` to take back what waits. ``authority`` is the cell that the command
    says it is authorised by, ``stated_mode`` and ``stated_counter`` what it says beside what its
    message code and header say.
    """

    mode: Annotated[str, one_of(MODES, "mode")]
    role: PartyRole = Field("", alias="as")
    replace: list[Replacement] = Field(min_length=1)
    floor: Literal["absent", "zero", "next"] = "absent"
    at: float | Literal["never"] | None = None
    check_time: bool = True
    path: Literal["whole", "none"] = "whole"
    authority: CellName | Literal[""] = ""
    stated_mode: Annotated[str, one_of(("", *MODES), "mode")] = ""
    stated_counter: Literal["own", "other"] = "own"
    counter: Literal["next", "same", "lower"] = "next"
    wait: Wait = "response"


@action("update_credentials", port="gbcs", arguments=UpdateCredentials, observes=EXCHANGE | {
    "cells": "cell -> status of its replacement, by name; empty without an outcome",
    "before": "cell -> key identifier that it held, as the outcome has it",
    "after": "cell -> key identifier that it holds now, as the outcome has it",
    "offered": "cell -> key identifier of the certificate sent for it, where it can be read",
    "floors": "role -> counter that the outcome says it was set to",
    "deferred": "whether the device accepted it without an outcome yet",
})
def update_credentials(context: Context, wanted: UpdateCredentials) -> Observation:
    """Have trust anchors replaced, and follow where the device says that it did."""
    parties, mode = context.parties, MODES[wanted.mode]
    speaker = wanted.role or (ROLE_OF[str(mode.authorising.role)] if mode.authorising
                              else "access_control_broker")
    originator = parties.entity(speaker)
    offered = [(item.cell, *_offer(context, item)) for item in wanted.replace]
    counter = {"next": lambda: parties.next_counter(originator),
               "same": lambda: parties.last_counter(originator),
               "lower": lambda: parties.last_counter(originator) - 1}[wanted.counter]()
    values = payload_values(context, wanted, counter, offered)
    name = use_case(mode.message_code).id
    command = parties.command(name, speaker, values, counter)
    heard = hear(context, command, name, wanted.wait)
    outcome = outcome_of(heard)
    reported = results(outcome)
    for cell, credential, _ in offered:
        if reported["cells"].get(cell) == "success":
            keys.take_up(context, cell, credential)
    return Observation({
        **heard.variables(), **reported,
        "offered": {cell: credential.key for cell, credential, _ in offered
                    if keys.readable(credential.certificate)},
        "deferred": heard.outcome == "response" and outcome is None,
    }, tuple(heard.frames))


class ProvideCredentials(Arguments):
    """A read of what the device holds for ``roles``, all that a meter knows if left out."""

    role: PartyRole = Field("access_control_broker", alias="as")
    roles: list[Role] = Field(default_factory=lambda: [
        ROOT, "recovery", "supplier", "network_operator", "access_control_broker",
        "transitional_change_of_supplier"], min_length=1)
    wait: Wait = "response"


@action("provide_credentials", port="gbcs", arguments=ProvideCredentials, observes=EXCHANGE | {
    "statuses": "role -> status of its details, by name",
    "keys": "cell -> key identifier of the certificate in it",
    "holders": "cell -> EUI-64 of whom the certificate in it is",
    "known": "cell -> whether that is what the bench now speaks with; root: the PKI's own",
    "counters": "role -> originator counter that the device has for it",
})
def provide_credentials(context: Context, wanted: ProvideCredentials) -> Observation:
    """Read the details of the certificates that the device holds."""
    heard = details(context, wanted.role, wanted.roles, wanted.wait)
    return Observation({**heard.variables(), **held_cells(context, heard)}, tuple(heard.frames))


def hear(context: Context, command: Message, name: str, wait: str) -> Heard:
    """Send ``command`` of the use case ``name`` and gather what comes back."""
    octets, answer = command.encode(), Answer(command, name)
    if context.step_name:
        context.sent[context.step_name] = (octets, answer)
    return exchange(context, octets, answer, wait)


def plain_response(heard: Heard) -> Any:
    """Return the plain value of a sound ASN.1 response; ``None`` without one."""
    if heard.outcome != "response" or heard.response is None:
        return None
    try:
        return asn1.decode(heard.response.message_code, Cra.RESPONSE, heard.response.payload)
    except RemoteProtocolError:  # an observation already: the exchange read it before
        return None


def _offer(context: Context, item: Replacement) -> tuple[Credential, list[bytes]]:
    """Return the certificate for a cell, and the path from it to a root."""
    if item.cell == ROOT:
        return keys.root(context, renewed=item.renew)
    party = item.party or keys.role_of(item.cell)
    way = keys.path(context, by_renewed=item.by_renewed)
    if item.renew or item.flaw or item.by_renewed:
        return keys.issue(context, party, item.cell, item.flaw, by_renewed=item.by_renewed), way
    return keys.held(context, party, keys.usage_of(item.cell)), way


def payload_values(
    context: Context, wanted: UpdateCredentials, counter: int,
    offered: Sequence[tuple[str, Credential, list[bytes]]],
) -> dict[str, Any]:
    ways = {der: None for _, _, way in offered for der in way} if wanted.path == "whole" else {}
    values: dict[str, Any] = {
        "replacements": [
            {"replacementCertificate": credential.certificate.hex().upper(),
             "targetTrustAnchorCell": CELLS[cell].plain} for cell, credential, _ in offered],
        "certificationPathCertificates": [der.hex().upper() for der in ways],
    }
    if wanted.at is not None:
        values["executionDateTime"] = CANCEL if wanted.at == "never" else datetime.fromtimestamp(
            float(wanted.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    control: dict[str, Any] = {}
    if not wanted.check_time:
        control["applyTimeBasedCPVChecks"] = "disapply"
    if wanted.authority:
        control["authorisingRemotePartyTACellIdentifier"] = CELLS[wanted.authority].plain
    if wanted.stated_mode:
        control["credentialsReplacementMode"] = wanted.stated_mode
    if wanted.stated_counter == "other":
        control["authorisingRemotePartySeqNumber"] = counter + 1
    if wanted.floor != "absent":
        control |= _floors(context, wanted, offered)
    return values | {_CONTROL + name: value for name, value in control.items()}


def _floors(
    context: Context, wanted: UpdateCredentials,
    offered: Sequence[tuple[str, Credential, list[bytes]]],
) -> dict[str, Any]:
    floors = {}
    for cell, credential, _ in offered:
        role = str(CELLS[cell].role)
        if cell != ROOT and role not in floors:
            floors[role] = 0 if wanted.floor == "zero" \
                else context.parties.next_counter(credential.party)
    own = floors.pop(MODES[wanted.mode].counter, None)
    control: dict[str, Any] = {} if own is None else {"newRemotePartyFloorSeqNumber": own}
    if floors:
        control["otherRemotePartySeqNumberChanges"] = [
            {"otherRemotePartyRole": role, "otherRemotePartyFloorSeqNumber": floor}
            for role, floor in floors.items()]
    return control


def outcome_of(heard: Heard) -> Mapping[str, Any] | None:
    plain = plain_response(heard)
    return plain.get("executionOutcome") if isinstance(plain, Mapping) else None


def results(outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    replaced = outcome["replacementOutcomes"] if outcome else ()
    named = [(keys.cell_name(item["affectedTrustAnchorCell"]), item) for item in replaced]
    return {
        "cells": {name: str(item["statusCode"]) for name, item in named},
        "before": {name: item["existingSubjectKeyIdentifier"] for name, item in named},
        "after": {name: item["replacingSubjectKeyIdentifier"] for name, item in named},
        "floors": {
            ROLE_OF.get(str(change["otherRemotePartyRole"]), str(change["otherRemotePartyRole"])):
                change["otherRemotePartyFloorSeqNumber"]
            for change in (outcome["remotePartySeqNumberChanges"] if outcome else ())},
    }


def details(context: Context, speaker: str, roles: Sequence[str], wait: str) -> Heard:
    """Read the details of roles as ``speaker``, in whose name the broker or its own key stands."""
    parties = context.parties
    kind = "ka" if speaker == "access_control_broker" else "ds"
    cell = CELLS[f"{speaker.removeprefix('second_')}/{kind}"]
    command = parties.command("CS02a", speaker, {
        "authorisingRemotePartyTACellIdentifier": cell.plain,
        "remotePartyRolesCredentialsRequired": [NAME_OF[role] for role in roles],
    }, parties.next_counter(parties.entity(speaker)))
    return hear(context, command, "CS02a", wait)


def held_cells(context: Context, heard: Heard) -> dict[str, Any]:
    """Return what the device says it holds, flattened for expressions."""
    plain = plain_response(heard)
    details = plain if isinstance(plain, list) else []
    cells = {keys.cell_name(content, one["remotePartyRole"]): content
             for one in details for content in one.get("trustAnchorCellsDetails", ())}
    found = {name: content["existingSubjectKeyIdentifier"] for name, content in cells.items()}
    return {
        "statuses": {_role(one): str(one["statusCode"]) for one in details},
        "keys": found,
        "holders": {name: content["existingSubjectUniqueID"] for name, content in cells.items()},
        "known": {name: _spoken(context, name, cells[name]["existingSubjectUniqueID"]) == key
                  for name, key in found.items()},
        "counters": {_role(one): one["currentSeqNumber"] for one in details
                     if "currentSeqNumber" in one},
    }


def _role(details: Mapping[str, Any]) -> str:
    name = str(details["remotePartyRole"])
    return ROLE_OF.get(name, name)


def _spoken(context: Context, cell: str, holder: str) -> str:
    """Return the identifier of the key that the bench has for a cell; empty without."""
    if cell not in CELLS:
        return ""
    speaker = speaker_of(context, holder)
    try:
        if cell == ROOT:
            return Credential(bytes(8), keys.authority(context, ROOT)).key
        return keys.held(context, speaker, keys.usage_of(cell)).key if speaker else ""
    except NotTestableHere:
        return ""


def speaker_of(context: Context, eui64: str) -> str:
    named = {party.hex().upper(): name for name, party in context.parties.parties.items()
             if name != "device"}
    return str(named.get(eui64, ""))


class SendWithCertificate(Arguments):
    """A command for a supplementary remote party, with its key agreement certificate.

    The certificate that the bench has of ``party``, or with ``flaw`` one that is wrong in that way.
    ``named`` is by default the same party. The values that are read are for it.
    """

    use_case: UseCase
    role: PartyRole = Field("access_control_broker", alias="as")
    values: dict[str, Any] = Field(default_factory=dict)
    party: PartyRole
    named: PartyRole = ""
    flaw: Flaw = ""
    wait: Wait = "response"


@action("send_with_certificate", port="gbcs", arguments=SendWithCertificate, observes=EXCHANGE)
def send_with_certificate(context: Context, wanted: SendWithCertificate) -> Observation:
    """Send a command that names a further party, and observe what comes back."""
    parties = context.parties
    cell = f"{wanted.party.removeprefix('second_')}/ka"
    further = keys.issue(context, wanted.party, cell, wanted.flaw) if wanted.flaw \
        else keys.held(context, wanted.party, keys.usage_of(cell))
    named = parties.entity(wanted.named or wanted.party)
    bare = parties.command(wanted.use_case, wanted.role, wanted.values,
                           parties.next_counter(parties.entity(wanted.role)))
    command = protect(
        replace(bare, supplementary_remote_party=named, certificate=further.certificate,
                supplementary_remote_party_counter=parties.next_counter(named),
                signature=b"", mac=None),
        parties.keys, category(use_case(wanted.use_case), wanted.role))
    heard = hear(context, command, wanted.use_case, wanted.wait)
    return Observation(heard.variables(), tuple(heard.frames))
