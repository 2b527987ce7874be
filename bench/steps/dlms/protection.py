"""Port ``dlms``: ciphered services - wrongly protected requests, counters, transfer of keys.

Keys that the bench transfers follow from the master key, so that whoever holds the file of keys can
find them again, should a run break off between the change and its restoring.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem import obis
from bench.protocols.cosem.reference import Method
from bench.protocols.dlms.result import Result
from bench.protocols.dlms.security import mutation, transfer
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import Opened
from bench.protocols.dlms.security.suites import suite
from bench.protocols.dlms.security.transfer import KeyId
from bench.steps.context import Context
from bench.steps.dlms import apdus
from bench.steps.dlms.associating import ACCEPTED
from bench.steps.dlms.carriers import APDU
from bench.steps.dlms.dialogue import Dialogue, Ran, ask, dialogue_of
from bench.steps.dlms.identity import reach
from bench.steps.dlms.references import AttributeName, attribute
from bench.steps.dlms.services import CARRIED, carried, observed, result_name
from bench.steps.gbcs import one_of
from bench.steps.vocabulary import Arguments, Observation, action

NONE = "none"
SECURITY_SETUP = 64
KEY_TRANSFER = 2
_UNKNOWN_ID = 9
_NAMES = {"global_unicast": KeyId.GLOBAL_UNICAST, "authentication": KeyId.AUTHENTICATION}

KeyName = Literal["global_unicast", "authentication"]


class SendProtected(Arguments):
    """A request in the open association, protected as it asks for but for one flaw."""

    apdu: str = "get"
    mutation: Annotated[str, one_of(mutation.MUTATIONS, "mutation")]


class ReadProtected(Arguments):
    """An attribute that is read several times."""

    object: AttributeName
    times: int = Field(3, ge=1, le=1_000)


class TransferKeys(Arguments):
    """New keys, under the master key, to the security setup ``object``."""

    object: str = "0-0:43.0.0.255"
    keys: list[KeyName] = Field(min_length=1)
    wrap: Literal["right", "other-master", "altered", "short", "other-suite"] = "right"
    key_id: Literal["right", "unknown"] = "right"
    restore: bool = False


class SpeakWith(Arguments):
    """Which keys of the open association the bench uses from now on."""

    keys: Literal["former", "new"]
    association: str = Field(alias="as")


@action("send_protected", port="dlms", arguments=SendProtected, observes={
    "answer": "name of the APDU that came, opened; `deviation` where it cannot be opened; or of "
              "the link, as of `send_apdu`",
    "served": "whether it is an answer that carries the service out",
    "apdu": "the APDU that came, opened, in hexadecimal; empty without one",
    "deviation": "why what came cannot be opened, or empty",
})
def send_protected(context: Context, wanted: SendProtected) -> Observation:
    """Send a wrongly protected request and tell what came back."""
    dialogue = dialogue_of(context)
    client = dialogue.client
    if client is None or client.channel.security is None or not client.channel.protection.applied:
        raise Inconclusive("no ciphered association is open")
    octets = mutation.mutate(client.channel.security, apdus.written(wanted.apdu),
                             client.channel.protection, wanted.mutation)
    ran = dialogue.run(client.raw(octets))
    opened = ran.value or Opened(b"")
    answer = apdus.answer_name(opened.apdu) if ran.kind == APDU else ran.kind
    return observed(dialogue, {
        "answer": answer, "served": answer in _SERVED and opened.apdu[3:4] == b"\0",
        "apdu": opened.apdu.hex().upper(), "deviation": ran.text})


_SERVED = ("get-response", "set-response", "action-response")


@action("read_protected", port="dlms", arguments=ReadProtected, observes=CARRIED | {
    "counters": "invocation counters of the answers",
    "rising": "whether each is above the one before",
    "protections": "how the answers were protected, each named once",
})
def read_protected(context: Context, wanted: ReadProtected) -> Observation:
    """Read an attribute several times and tell how each answer was protected."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    counters: list[int] = []
    protections: set[str] = set()
    for _ in range(wanted.times):
        ran = ask(dialogue, lambda client: client.get(reference))
        opened = dialogue.client.channel.opened if dialogue.client else None
        if opened is not None:
            protections.add(opened.protection.text)
            if opened.counter is not None:
                counters.append(opened.counter)
        if ran.value is None:
            break
    return observed(dialogue, {
        **carried(dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)),
        "counters": counters, "protections": sorted(protections),
        "rising": all(one < other for one, other in pairwise(counters))})


@action("transfer_keys", port="dlms", arguments=TransferKeys, observes=CARRIED)
def transfer_keys(context: Context, wanted: TransferKeys) -> Observation:
    """Transfer keys; the bench goes on with those it has until ``speak_with``.

    Where former keys are not taken back in what is open, an association is opened with whichever
    of the keys the device may have; where it cannot have taken any, nothing is sent.
    """
    dialogue = dialogue_of(context)
    name = dialogue.association
    present = dialogue.keys.get(name)
    has_client = dialogue.client is not None or wanted.restore
    if present is None or present.master is None or not has_client:
        raise Inconclusive("there is no master key to transfer keys under, or no association")
    former = dialogue.aside.get(name, present)
    if wanted.restore:
        return _told(dialogue, _restored(context, dialogue, former, wanted))
    new = _new(former, wanted.keys)
    wrapped = _wrapped(present.master, new, wanted)
    is_right = wanted.wrap == wanted.key_id == "right"
    parts = [_new(former, [one]) for one in wanted.keys] if len(wanted.keys) > 1 else []
    held = (new, *parts, former) if is_right else (former, *_mistaken(former, wanted, wrapped))
    ran = _transfer(dialogue, wrapped, wanted)
    if is_right or ran.value is None or ran.value.succeeded:  # it may have them from now on
        dialogue.aside[name], dialogue.may_hold[name] = former, held
    return _told(dialogue, ran)


def _restored(context: Context, dialogue: Dialogue, former: Keys, wanted: TransferKeys
              ) -> Ran[Result]:
    """Transfer the former keys, under whichever of its keys the device understands it."""
    name = dialogue.association
    if name not in dialogue.may_hold:
        return Ran(NONE)
    wrapped = _wrapped(former.master or b"", former, wanted)
    ran = _transfer(dialogue, wrapped, wanted)
    for held in dialogue.may_hold[name]:
        if _succeeded(ran):
            break
        _speak(context, dialogue, name, held)
        if reach(context, dialogue, name) == ACCEPTED:
            ran = _transfer(dialogue, wrapped, wanted)
    _speak(context, dialogue, name, former)
    if _succeeded(ran):
        del dialogue.aside[name], dialogue.may_hold[name]
    return ran


def _mistaken(former: Keys, wanted: TransferKeys, wrapped: Mapping[int, bytes]) -> Iterator[Keys]:
    """Yield keys that a device may have which takes what it must refuse: unwrapped without a
    check, or as they came, cut or filled with zeros to its length, in the place of those named, and
    under an unknown id of any."""
    length = suite(former.suite).key_octets
    names = wanted.keys if wanted.key_id == "right" else _NAMES
    for octets in wrapped.values():
        for key in (transfer.unwrap_unchecked(former.master or b"", octets), octets):
            for name in names:
                mistaken: dict[str, Any] = {name: key[:length].ljust(length, b"\0")}
                yield replace(former, **mistaken)


def _succeeded(ran: Ran[Result]) -> bool:
    return ran.value is not None and ran.value.succeeded


def _transfer(dialogue: Dialogue, wrapped: Mapping[int, bytes], wanted: TransferKeys
              ) -> Ran[Result]:
    return ask(dialogue, lambda client: client.action(
        Method(SECURITY_SETUP, obis.parse(wanted.object), KEY_TRANSFER),
        transfer.wrapped_transfer(wrapped)))


def _told(dialogue: Dialogue, ran: Ran[Result]) -> Observation:
    return observed(dialogue, carried(
        dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)))


@action("speak_with", port="dlms", arguments=SpeakWith, observes={})
def speak_with(context: Context, wanted: SpeakWith) -> Observation:
    """Use the keys from before a transfer, or those of it, in associations opened from now on."""
    dialogue = dialogue_of(context)
    name = dialogue.name_of(wanted.association)
    if name not in dialogue.aside and wanted.keys == "former":
        return Observation({}, ())  # it has no others
    if name not in dialogue.aside:
        raise Inconclusive(f"no keys of {name} were transferred")
    _speak(context, dialogue, name, dialogue.aside[name] if wanted.keys == "former"
           else dialogue.may_hold[name][0])
    return Observation({}, ())


def _speak(context: Context, dialogue: Dialogue, name: str, keys: Keys) -> None:
    before, dialogue.keys[name] = dialogue.keys[name], keys
    if before.global_unicast != keys.global_unicast:
        dialogue.counters_of(name, context.clock()).seen.pop(Key.UNICAST, None)


def _new(former: Keys, names: list[KeyName]) -> Keys:
    """Return keys in which those named are other ones, that follow from the master key."""
    length = suite(former.suite).key_octets
    fresh: dict[str, Any] = {name: hashlib.shake_256(
        b"smip-bench key transfer\0" + name.encode() + (former.master or b"")).digest(length)
        for name in names}
    return replace(former, **fresh)


def _wrapped(master: bytes, target: Keys, wanted: TransferKeys) -> dict[int, bytes]:
    other = bytes(octet ^ 0x5A for octet in master)
    wrapping = other if wanted.wrap == "other-master" else master
    found: dict[int, bytes] = {}
    for name in wanted.keys:
        held = getattr(target, name)
        octets = transfer.wrap(wrapping, _of_length(held, wanted.wrap))
        if wanted.wrap == "altered":
            octets = mutation.flip(octets)
        identity = _UNKNOWN_ID if wanted.key_id == "unknown" else int(_NAMES[name])
        found[identity] = octets
    return found


def _of_length(key: bytes, wrap: str) -> bytes:
    """Return ``key``, in 24 octets if it is to be ``short``, or in as many as ``other-suite``
    has."""
    lengths = {"short": 24, "other-suite": 32 if len(key) == 16 else 16}
    return (key * 2)[: lengths.get(wrap, len(key))]


