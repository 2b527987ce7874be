"""Port ``dlms``: the services, and APDUs as a plan writes them.

``get`` and ``set`` take an attribute by its name as the association has it; all others are services
by logical name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import Field

from bench.protocols.cosem import classes
from bench.protocols.cosem.access import AccessResponse, AccessSpecification, Choice
from bench.protocols.cosem.classes.checking import tag_text
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.dlms.apdu import Selected
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Result
from bench.protocols.dlms.security.protection import Opened
from bench.steps.context import Context
from bench.steps.dlms import apdus
from bench.steps.dlms.addressing import read_attribute, write_attribute
from bench.steps.dlms.association import PROTECTIONS, Protected, refusal_name
from bench.steps.dlms.carriers import APDU
from bench.steps.dlms.dialogue import Dialogue, Ran, ask, dialogue_of
from bench.steps.dlms.references import AttributeName, MethodName, attribute, data, method
from bench.steps.vocabulary import Arguments, Observation, action

T = TypeVar("T")

NULL = Data(Tag.NULL_DATA, None)

CARRIED = {
    "outcome": "`apdu`, else `deviation`, `not-associated`, `not-listed` (an object that is given "
               "no short name), or of the link: `dm`, `frmr`, `disconnected`, `silence`, `closed`",
    "result": "`success` or the standard's name of the error; `exception-response` or "
              "`confirmed-service-error`; the outcome where nothing was answered",
    "refusal": "an exception or service error in words, or empty",
    "deviation": "the rule that an answer breaks, or empty",
    "deviations": "rules of the link that what arrived breaks",
    "apdus": "how many APDUs came",
    "longest": "octets of the longest of them, as it came",
}

READ = CARRIED | {
    "value": "what was read, as plain values; absent without one",
    "type": "its type by the standard's name, likewise",
    "misfits": "where it does not fit the type that its class gives the attribute, likewise",
}


class Get(Arguments):
    """One attribute; ``version`` of its class, by default the newest, says its type."""

    object: AttributeName
    version: int | None = Field(None, ge=0, le=255)
    selector: int | None = Field(None, ge=0, le=255)
    parameters: dict[str, Any] | None = None


class Set(Arguments):
    """One attribute and what it is to be, ``{type: value}``; in blocks of so many octets."""

    object: AttributeName
    value: dict[str, Any]
    blocks: int | None = Field(None, ge=1, le=65_535)


class Invoke(Arguments):
    """One method and its parameter, ``{type: value}``, nothing for none."""

    method: MethodName
    parameter: dict[str, Any] | None = None
    blocks: int | None = Field(None, ge=1, le=65_535)


class GetList(Arguments):
    """Several attributes in one request."""

    objects: list[AttributeName] = Field(min_length=1)


class SetList(Arguments):
    """Several attributes and what they are to be."""

    objects: list[AttributeName] = Field(min_length=1)
    values: list[dict[str, Any]] = Field(min_length=1)


class Access(Arguments):
    """Attributes that are read by the ACCESS service."""

    objects: list[AttributeName] = Field(min_length=1)


class SendApdu(Arguments):
    """Octets as they are: a request by name or in hexadecimal, protected where it says so."""

    apdu: str
    protection: Protected = "none"


@action("get", port="dlms", arguments=Get, observes=READ)
def get(context: Context, wanted: Get) -> Observation:
    """Read one attribute, or the part of it that is selected."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    selection = None if wanted.selector is None else Selection(
        wanted.selector, NULL if wanted.parameters is None else data(wanted.parameters))
    ran = read_attribute(dialogue, reference, selection)
    return observed(dialogue, {**carried(dialogue, ran, name_of_result(ran)),
                               **read_values(reference, ran.value, wanted.version)})


@action("set", port="dlms", arguments=Set, observes=CARRIED)
def set_attribute(context: Context, wanted: Set) -> Observation:
    """Write one attribute."""
    dialogue = dialogue_of(context)
    ran = write_attribute(dialogue, attribute(wanted.object), data(wanted.value), wanted.blocks)
    return observed(dialogue, carried(dialogue, ran, name_of_result(ran)))


@action("invoke", port="dlms", arguments=Invoke, observes=CARRIED | {
    "value": "what the method returned, as plain values; absent without it"})
def invoke(context: Context, wanted: Invoke) -> Observation:
    """Invoke one method."""
    dialogue = dialogue_of(context)
    parameter = None if wanted.parameter is None else data(wanted.parameter)
    ran = ask(dialogue, lambda client: client.action(
        method(wanted.method), parameter, block_octets=wanted.blocks))
    returned = {} if ran.value is None or ran.value.data is None \
        else {"value": plain(ran.value.data)}
    return observed(dialogue, {**carried(dialogue, ran, name_of_result(ran)), **returned})


SEVERAL = CARRIED | {
    "results": "result of each, by the standard's name",
    "values": "what was read, as plain values, null where there is none",
}


@action("get_list", port="dlms", arguments=GetList, observes=SEVERAL)
def get_list(context: Context, wanted: GetList) -> Observation:
    """Read several attributes in one request."""
    dialogue = dialogue_of(context)
    ran = ask(dialogue, lambda client: client.get_list(
        [Selected(attribute(one)) for one in wanted.objects]))
    return observed(dialogue, {**carried(dialogue, ran, _several(ran)), **_all(ran.value or ())})


@action("set_list", port="dlms", arguments=SetList, observes=SEVERAL)
def set_list(context: Context, wanted: SetList) -> Observation:
    """Write several attributes in one request."""
    dialogue = dialogue_of(context)
    ran = ask(dialogue, lambda client: client.set_list(
        [Selected(attribute(one)) for one in wanted.objects],
        [data(one) for one in wanted.values]))
    return observed(dialogue, {**carried(dialogue, ran, _several(ran)), **_all(ran.value or ())})


@action("access", port="dlms", arguments=Access, observes=SEVERAL)
def access(context: Context, wanted: Access) -> Observation:
    """Read attributes by the ACCESS service."""
    dialogue = dialogue_of(context)
    specifications = [AccessSpecification(Choice.GET, *attribute(one)) for one in wanted.objects]
    ran = ask(dialogue, lambda client: client.access(specifications,
                                                     [NULL] * len(specifications)))
    results: tuple[Result, ...] = ()
    result = ran.kind
    if isinstance(ran.value, AccessResponse):
        result = "success"
        results = tuple(Result(code.code, value) for code, value in
                        zip(ran.value.results, ran.value.data, strict=True))
    elif ran.value is not None:
        result = refusal_name(ran.value)
    return observed(dialogue, {**carried(dialogue, ran, result), **_all(results)})


@action("send_apdu", port="dlms", arguments=SendApdu, observes={
    "answer": "name of the APDU that came (`get-response`, `exception-response`, "
              "`confirmed-service-error`, `aare` ...), else `deviation` or of the link: `dm`, "
              "`frmr`, `disconnected`, `silence`, `closed`",
    "apdu": "the APDU that came, opened, in hexadecimal; empty without one",
    "deviation": "why what came cannot be opened, or empty",
})
def send_apdu(context: Context, wanted: SendApdu) -> Observation:
    """Send an APDU as it is and tell what came back."""
    dialogue = dialogue_of(context)
    octets = apdus.written(wanted.apdu)
    ran = send_octets(dialogue, octets, wanted.protection)
    came = b"" if ran.value is None else ran.value.apdu
    answer = apdus.answer_name(came) if ran.kind == APDU else ran.kind
    return observed(dialogue, {"answer": answer, "apdu": came.hex().upper(),
                               "deviation": ran.text})


def send_octets(dialogue: Dialogue, octets: bytes, protection: Protected = "none") -> Ran[Opened]:
    """Send octets over what is open; without a client, as the public one's."""
    client = dialogue.client
    if client is None:
        return dialogue.run(_bare(octets))
    return dialogue.run(client.raw(octets, PROTECTIONS[protection]))


def _bare(octets: bytes) -> Exchange[Opened]:
    return Opened((yield octets))


def observed(dialogue: Dialogue, values: dict[str, Any]) -> Observation:
    """Return an observation with all that crossed the line."""
    return Observation(values, dialogue.evidence.take())


def carried(dialogue: Dialogue, ran: Ran[Any], result: str) -> dict[str, Any]:
    """Return what every service tells."""
    refusal = getattr(ran.value, "refusal", None)
    if isinstance(ran.value, tuple) and ran.value and isinstance(ran.value[0], Result):
        refusal = ran.value[0].refusal
    return {
        "outcome": ran.kind, "result": result, "deviation": ran.text,
        "refusal": "" if refusal is None else refusal.text,
        "deviations": dialogue.deviations(), "apdus": len(dialogue.received),
        "longest": max(map(len, dialogue.received), default=0),
    }


def result_name(result: Result) -> str:
    """Return the name of a result as expressions compare it."""
    return refusal_name(result.refusal) if result.refusal is not None else result.name


def name_of_result(ran: Ran[Result]) -> str:
    """Return the name of the result, or what kept the service from having one."""
    return ran.kind if ran.value is None else result_name(ran.value)


def read_values(reference: Attribute, result: Result | None, version: int | None
                ) -> dict[str, Any]:
    """Return value, type and misfits of what was read, nothing where nothing was."""
    if result is None or result.data is None:
        return {}
    return {"value": plain(result.data), "type": tag_text(result.data.tag),
            "misfits": misfits(reference, result.data, version)}


def misfits(reference: Attribute, value: Data, version: int | None) -> list[str]:
    """Return where ``value`` does not fit the type that the class gives the attribute; none where
    the class or the attribute is not known."""
    known = classes.interface_class(reference.class_id, version)
    declared = None if known is None else known.attribute(reference.index)
    if declared is None:
        return []
    found = [misfit.text for misfit in classes.check(declared.type, value)]
    if reference.index == 1 and value.value != reference.instance:
        found.append("value: expected the object's own logical name, found "
                     f"{plain(value)}")
    return found


def _several(ran: Ran[Sequence[Result]]) -> str:
    """Return ``success`` if there are results, whatever each of them is."""
    if not ran.value:
        return ran.kind
    first = ran.value[0]
    return refusal_name(first.refusal) if first.refusal is not None else "success"


def _all(results: Sequence[Result]) -> dict[str, Any]:
    return {"results": [result_name(one) for one in results],
            "values": [None if one.data is None else plain(one.data) for one in results]}
