"""Port ``gbcs``: the trust anchors that a case replaced, put back (CS02b).

The device is asked what it holds, by any key that it still hears; what is not as the bench's folder
of keys has it is put back by the second root's way, by recovery, or by whoever holds the cell now.
The bench then speaks with the keys that the device says it holds, whatever those are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import NotTestableHere
from bench.protocols.gbcs.asn1.credentials import MODES
from bench.protocols.gbcs.use_cases import use_case
from bench.steps import credential_keys as keys
from bench.steps.context import Context
from bench.steps.credential_keys import CELLS, NAME_OF, ROOT, Credential
from bench.steps.credentials import (
    UpdateCredentials,
    details,
    hear,
    held_cells,
    outcome_of,
    payload_values,
    results,
    speaker_of,
)
from bench.steps.exchange import Heard
from bench.steps.vocabulary import Arguments, Observation, action

_ALL_ROLES = (*NAME_OF,)
_Different = Mapping[str, tuple[str, Credential]]


class Nothing(Arguments):
    """No arguments."""


@action("restore_credentials", port="gbcs", arguments=Nothing, observes={
    "restored": "whether every cell holds again what the bench's keys began with",
    "different": "cells that do not",
})
def restore_credentials(context: Context, _: Nothing) -> Observation:
    """Put back what was replaced: by recovery, else by who holds the cells now."""
    heard = [_details_by_any(context)]
    for speak in (_as_held, _as_first):
        for attempt in (_root_commands, _recovery_commands, _own_commands):
            different = _different(context, heard[-1])
            if different:
                speak(context, heard[-1])
                heard += [_send_back(context, one) for one in attempt(context, different)]
                heard.append(_details_by_any(context))
    _as_held(context, heard[-1])
    different = _different(context, heard[-1])
    return Observation({
        "restored": heard[-1].outcome == "response" and not different,
        "different": sorted(different),
    }, tuple(frame for one in heard for frame in one.frames))


def _details_by_any(context: Context) -> Heard:
    """Read all details with whichever key of the broker, else of transitional CoS, is heard."""
    parties, known = context.parties, keys.of(context)
    for cell, speaker in (("access_control_broker/ka", "access_control_broker"),
                          ("transitional_change_of_supplier/ds",
                           "transitional_change_of_supplier")):
        if speaker not in parties.parties:
            continue
        usage, party = keys.usage_of(cell), parties.entity(speaker)
        candidates = [keys.held(context, speaker, usage),
                      keys.held(context, speaker, usage, known.original),
                      *(one for one in known.issued.values() if one.party == party)]
        for number, credential in enumerate(candidates):
            if number and credential.key == candidates[0].key:
                continue
            keys.take_up(context, cell, credential)
            heard = details(context, speaker, _ALL_ROLES, "alert")
            if heard.outcome == "response":
                return heard
    return heard


def _as_held(context: Context, heard: Heard) -> None:
    """Speak with the keys that the device says it holds."""
    known = keys.of(context)
    held = held_cells(context, heard)
    for cell, key in held["keys"].items():
        original = _original(context, cell, held["holders"][cell])
        for credential in (known.issued.get(key), original):
            if credential is not None and cell in CELLS and credential.key == key:
                keys.take_up(context, cell, credential)
                break


def _as_first(context: Context, heard: Heard) -> None:
    """Speak with the keys that the bench began with, which a faulty device may still expect."""
    for cell in held_cells(context, heard)["keys"]:
        first = _first(context, cell)
        if first is not None:
            keys.take_up(context, cell, first)


def _original(context: Context, cell: str, holder: str) -> Credential | None:
    """Return what the bench's folder has of a party for a cell; ``None`` without it."""
    speaker = speaker_of(context, holder)
    if cell not in CELLS or cell == ROOT or not speaker:
        return None
    try:
        return keys.held(context, speaker, keys.usage_of(cell), keys.of(context).original)
    except NotTestableHere:
        return None


def _first(context: Context, cell: str) -> Credential | None:
    """Return what a cell held when the bench began, as far as its folder tells."""
    if cell == ROOT:
        try:
            return Credential(bytes(8), keys.authority(context, "root"))
        except NotTestableHere:
            return None
    role = keys.role_of(cell)
    if cell not in CELLS or role not in context.parties.parties:
        return None
    return _original(context, cell, context.parties.entity(role).hex().upper())


def _different(context: Context, heard: Heard) -> dict[str, tuple[str, Credential]]:
    """Return cell -> its holder and the certificate that it should hold, where it does not."""
    held = held_cells(context, heard)
    return {cell: (held["holders"][cell], first) for cell, key in held["keys"].items()
            if (first := _first(context, cell)) is not None and first.key != key}


def _send_back(context: Context, wanted: Mapping[str, Any]) -> Heard:
    """Send one command that puts back, with the certificates that there were at first."""
    arguments = UpdateCredentials.model_validate(
        {key: value for key, value in wanted.items() if key != "firsts"})
    offered = [(cell, first, keys.root(context, renewed=False)[1] if cell == ROOT
                else keys.path(context)) for cell, first in wanted["firsts"].items()]
    parties = context.parties
    counter = parties.next_counter(parties.entity(arguments.role))
    name = use_case(MODES[arguments.mode].message_code).id
    command = parties.command(name, arguments.role,
                              payload_values(context, arguments, counter, offered), counter)
    heard = hear(context, command, name, "alert")
    for cell, status in results(outcome_of(heard))["cells"].items():
        if status == "success" and cell in wanted["firsts"]:
            keys.take_up(context, cell, wanted["firsts"][cell])
    return heard


def _command(mode: str, speaker: str, firsts: Mapping[str, Credential]) -> dict[str, Any]:
    return {"mode": mode, "as": speaker, "firsts": firsts, "floor": "next",
            "replace": [{"cell": cell} for cell in firsts]}


def _root_commands(context: Context, different: _Different) -> Iterator[dict[str, Any]]:
    if ROOT in different:
        holder = "second_supplier" if _holds(context, different, "second_supplier") else "supplier"
        yield _command("rootBySupplier", holder, {ROOT: different[ROOT][1]})


def _recovery_commands(context: Context, different: _Different) -> Iterator[dict[str, Any]]:
    firsts = {cell: first for cell, (_, first) in different.items() if cell != ROOT}
    if firsts and "recovery" in context.parties.parties:
        yield _command("anyExceptAbnormalRootByRecovery", "recovery", firsts)


def _own_commands(context: Context, different: _Different) -> Iterator[dict[str, Any]]:
    for name, mode in MODES.items():
        role = str(mode.cells[0].role)
        own = mode.authorising.role if mode.authorising else "accessControlBroker"
        cells = {cell: pair for cell, pair in different.items() if CELLS[cell] in mode.cells}
        if cells and role == own and len({cell.role for cell in mode.cells}) == 1:
            speaker = speaker_of(context, next(iter(cells.values()))[0])
            if speaker:
                yield _command(name, speaker, {cell: first for cell, (_, first) in cells.items()})


def _holds(context: Context, different: _Different, speaker: str) -> bool:
    return any(speaker_of(context, holder) == speaker and keys.role_of(cell) == "supplier"
               for cell, (holder, _) in different.items())
