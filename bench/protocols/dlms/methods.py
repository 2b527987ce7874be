"""ACTION as exchanges of a client, in logical name referencing (IEC 62056-5-3).

How the joined blocks of the answer to one method are read is our choice where implementations
differ: as result and optional return parameters, as the return parameters, or as their bare data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Method
from bench.protocols.dlms.answers import check_count, check_invoke, expect, failed
from bench.protocols.dlms.apdu import (
    ActionOutcome,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
    Apdu,
    Conformance,
    Refused,
)
from bench.protocols.dlms.apdu.action import OUTCOME, OUTCOMES, PARAMETERS
from bench.protocols.dlms.apdu.fields import DATA, RESULT, whole
from bench.protocols.dlms.blocks import Piece, collect, deliver, in_one
from bench.protocols.dlms.channel import Channel
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Refusal, Result


def action(channel: Channel, method: Method, parameter: Data | None = None,
           block_octets: int | None = None) -> Exchange[Result]:
    """Invoke one method; its parameter in blocks if asked, or as the server's length asks for."""
    invoke = channel.next_invoke()
    request = ActionRequestNormal(invoke, method, parameter).encode()
    if parameter is None or in_one(channel, request, block_octets, _BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(
            channel, DATA.write(parameter),
            lambda *block: ActionRequestWithFirstPblock(invoke, method, *block).encode(),
            lambda *block: ActionRequestWithPblock(invoke, *block).encode(),
            _acknowledged(invoke), block_octets)
    found = expect(answer, ActionResponseNormal, ActionResponseWithPblock)
    if isinstance(found, ActionResponseNormal):
        check_invoke(found, invoke)
        return _acted(ActionOutcome(found.code, found.returned))
    content = yield from _action_blocks(channel, answer, invoke)
    if isinstance(content, bytes):
        return _acted(_outcome(content))
    return failed(content, acted=True)


def action_list(channel: Channel, methods: Sequence[Method], parameters: Sequence[Data],
                block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
    """Invoke several methods, with as many parameters (null for none); one result for each."""
    if len(methods) != len(parameters):
        raise LocalProtocolError(f"{len(methods)} methods and {len(parameters)} parameters")
    invoke, invoked = channel.next_invoke(), tuple(methods)
    request = ActionRequestWithList(invoke, invoked, tuple(parameters)).encode()
    if in_one(channel, request, block_octets, _BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(
            channel, PARAMETERS.write(tuple(parameters)),
            lambda *block: ActionRequestWithListAndFirstPblock(invoke, invoked, *block).encode(),
            lambda *block: ActionRequestWithPblock(invoke, *block).encode(),
            _acknowledged(invoke), block_octets)
    found = expect(answer, ActionResponseWithList, ActionResponseWithPblock)
    if isinstance(found, ActionResponseWithList):
        check_invoke(found, invoke)
        outcomes = found.outcomes
    else:
        content = yield from _action_blocks(channel, answer, invoke)
        if not isinstance(content, bytes):
            return (failed(content, acted=True),) * len(methods)
        outcomes = whole(OUTCOMES, content)
    check_count(len(methods), len(outcomes))
    return tuple(map(_acted, outcomes))


def _action_blocks(channel: Channel, answer: Apdu, invoke: int
                   ) -> Exchange[bytes | Refused | Refusal]:
    def piece_of(answer: Apdu) -> Piece | Refusal:
        block = expect(answer, ActionResponseWithPblock)
        if not isinstance(block, ActionResponseWithPblock):
            return block
        check_invoke(block, invoke)
        return Piece(block.last, block.number, block.raw, 4)

    return (yield from collect(channel, answer, piece_of,
                               lambda number: ActionRequestNextPblock(invoke, number).encode()))


def _outcome(content: bytes) -> ActionOutcome:
    """Return the outcome in joined blocks, by the first reading that fits them all."""
    wrongs = []
    for read in _READINGS:
        try:
            return read(content)
        except RemoteProtocolError as wrong:
            wrongs.append(wrong)
    raise wrongs[0]


_READINGS: tuple[Callable[[bytes], ActionOutcome], ...] = (
    lambda content: ActionOutcome(*whole(OUTCOME, content)),
    lambda content: ActionOutcome(0, whole(RESULT, content)),
    lambda content: ActionOutcome(0, whole(DATA, content)),
)


def _acted(outcome: ActionOutcome) -> Result:
    code, returned = outcome
    if isinstance(returned, Refused):
        return Result(code, acted=True, returned_code=returned.code)
    return Result(code, returned, acted=True)


def _acknowledged(invoke: int) -> Callable[[Apdu], tuple[int, int] | None]:
    def number_in(answer: Apdu) -> tuple[int, int] | None:
        if not isinstance(answer, ActionResponseNextPblock):
            return None
        check_invoke(answer, invoke)
        return answer.number, 3

    return number_in


_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_ACTION
