"""Port ``dlms``: what the server pushes when its push setup (class 40) is told to."""

from __future__ import annotations

import time
from typing import Any

from bench.errors import Inconclusive, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.access import DataNotification
from bench.protocols.cosem.classes.checking import tag_text
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms.apdu import decode
from bench.steps.context import Context
from bench.steps.dlms.carriers import APDU
from bench.steps.dlms.dialogue import Dialogue, ask, dialogue_of
from bench.steps.dlms.services import CARRIED, carried, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

PUSH_SETUP, PUSH_LIST, PUSH = 40, 2, 1


class Push(Arguments):
    """The push setup ``object``."""

    object: str


@action("push", port="dlms", arguments=Push, observes=CARRIED | {
    "pushes": "how many data notifications came",
    "listed": "how many attributes the push object list names",
    "elements": "how many values the first of them holds, 0 without one",
    "types": "their types by the standard's names",
    "read_types": "types of the same attributes, read one by one",
    "values": "the values that came, as plain values",
    "read_values": "the same attributes, read one by one",
})
def push(context: Context, wanted: Push) -> Observation:
    """Invoke the push, gather what comes, and read the same attributes."""
    dialogue, name = dialogue_of(context), obis.parse(wanted.object)
    listed = _listed(dialogue, name)
    read = [_read(dialogue, one) for one in listed]
    ran = ask(dialogue, lambda client: client.action(
        Method(PUSH_SETUP, name, PUSH), Data(Tag.INTEGER, 0)))
    came = _notifications(context, dialogue)
    elements: tuple[Data, ...] = ()
    if came and came[0].body.tag is Tag.STRUCTURE:
        elements = came[0].body.value
    return observed(dialogue, {
        **carried(dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)),
        "pushes": len(came), "listed": len(listed), "elements": len(elements),
        "types": [tag_text(one.tag) for one in elements],
        "read_types": ["" if one is None else tag_text(one.tag) for one in read],
        "values": [plain(one) for one in elements],
        "read_values": [None if one is None else plain(one) for one in read]})


def _listed(dialogue: Dialogue, name: bytes) -> list[Attribute]:
    found = _read(dialogue, Attribute(PUSH_SETUP, name, PUSH_LIST))
    if found is None or found.tag is not Tag.ARRAY:
        raise Inconclusive(f"the push object list of {obis.text(name)} cannot be read")
    return [Attribute(*(part.value for part in one.value[:3])) for one in found.value]


def _read(dialogue: Dialogue, reference: Attribute) -> Data | None:
    ran = ask(dialogue, lambda client: client.get(reference))
    return None if ran.value is None else ran.value.data


def _notifications(context: Context, dialogue: Dialogue) -> list[DataNotification]:
    """Return what came unasked while the answer was awaited, and until IXIT ``push_timeout_s``."""
    client, carrier = dialogue.client, dialogue.carrier
    if client is None or carrier is None:
        return []
    found: list[Any] = list(client.channel.notices)
    client.channel.notices.clear()
    until = time.monotonic() + float(context.ixit["push_timeout_s"])
    while not found and (left := until - time.monotonic()) > 0:
        reply = carrier.listen(left)
        if reply.kind != APDU:
            break
        try:
            found.append(decode(client.channel.open(reply.apdu)))
        except RemoteProtocolError as wrong:
            carrier.deviations.append(f"push: {wrong}")
    return [one for one in found if isinstance(one, DataNotification)]
