"""GET and SET as exchanges of a client, in logical name referencing (IEC 62056-5-3).

Blocks are used where the server answers in blocks, and where a request is too long for it. An
answer to another request than the one asked, by its invoke id, is a RemoteProtocolError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.dlms.answers import check_count, check_invoke, expect, failed
from bench.protocols.dlms.apdu import (
    Apdu,
    Conformance,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    Refused,
    Selected,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
    decode,
)
from bench.protocols.dlms.apdu.fields import DATA, whole
from bench.protocols.dlms.apdu.get import RESULTS, request_for, value_for
from bench.protocols.dlms.apdu.set import VALUES
from bench.protocols.dlms.blocks import Piece, collect, deliver, in_one
from bench.protocols.dlms.channel import Channel
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Refusal, Result, read


def get(channel: Channel, attribute: Attribute, selection: Selection | None = None
        ) -> Exchange[Result]:
    """Read one attribute, or the part of it that is selected."""
    invoke = channel.next_invoke()
    sent = channel.protect(request_for(invoke, attribute) if selection is None
                           else GetRequestNormal(invoke, attribute, selection).encode())
    arrived = (yield from channel.in_blocks(sent)) if channel.general_blocks else (yield sent)
    octets = channel.open(arrived)
    data = value_for(invoke, octets)
    if data is not None:  # nearly always
        channel.check(octets)
        return read(data)
    octets = yield from channel.answer_in(octets)
    answer = expect(decode(octets), GetResponseNormal, GetResponseWithDatablock)
    if isinstance(answer, GetResponseNormal):
        check_invoke(answer, invoke)
        return read_result(answer.result)
    content = yield from _get_blocks(channel, answer, invoke)
    return read(whole(DATA, content)) if isinstance(content, bytes) else failed(content)


def get_list(channel: Channel, attributes: Sequence[Selected]) -> Exchange[tuple[Result, ...]]:
    """Read several attributes; one result for each."""
    invoke = channel.next_invoke()
    answer = yield from channel.ask(GetRequestWithList(invoke, tuple(attributes)).encode())
    found = expect(answer, GetResponseWithList, GetResponseWithDatablock)
    if isinstance(found, GetResponseWithList):
        check_invoke(found, invoke)
        results = found.results
    else:
        content = yield from _get_blocks(channel, answer, invoke)
        if not isinstance(content, bytes):
            return (failed(content),) * len(attributes)
        results = whole(RESULTS, content)
    check_count(len(attributes), len(results))
    return tuple(map(read_result, results))


def read_result(result: Data | Refused) -> Result:
    """Return the result of a read as both kinds of referencing give it."""
    return read(result) if isinstance(result, Data) else Result(result.code)


def _get_blocks(channel: Channel, answer: Apdu, invoke: int
                ) -> Exchange[bytes | Refused | Refusal]:
    def piece_of(answer: Apdu) -> Piece | Refusal:
        block = expect(answer, GetResponseWithDatablock)
        if not isinstance(block, GetResponseWithDatablock):
            return block
        check_invoke(block, invoke)
        return Piece(block.last, block.number, block.result, 4)

    return (yield from collect(channel, answer, piece_of,
                               lambda number: GetRequestNext(invoke, number).encode()))


def set_value(channel: Channel, attribute: Attribute, value: Data,
              selection: Selection | None = None, block_octets: int | None = None
              ) -> Exchange[Result]:
    """Write one attribute; in blocks of ``block_octets``, or as the server's length asks for."""
    invoke = channel.next_invoke()
    request = SetRequestNormal(invoke, attribute, selection, value).encode()
    if in_one(channel, request, block_octets, _BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(
            channel, DATA.write(value),
            lambda *block: SetRequestWithFirstDatablock(
                invoke, attribute, selection, *block).encode(),
            lambda *block: SetRequestWithDatablock(invoke, *block).encode(),
            _acknowledged(invoke), block_octets)
    found = expect(answer, SetResponseNormal, SetResponseLastDatablock)
    if not isinstance(found, (SetResponseNormal, SetResponseLastDatablock)):
        return failed(found)
    check_invoke(found, invoke)
    return Result(found.result)


def set_list(channel: Channel, attributes: Sequence[Selected], values: Sequence[Data],
             block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
    """Write several attributes, to as many values; one result for each."""
    if len(attributes) != len(values):
        raise LocalProtocolError(f"{len(attributes)} attributes and {len(values)} values")
    invoke, selected = channel.next_invoke(), tuple(attributes)
    request = SetRequestWithList(invoke, selected, tuple(values)).encode()
    if in_one(channel, request, block_octets, _BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(
            channel, VALUES.write(tuple(values)),
            lambda *block: SetRequestWithListAndFirstDatablock(invoke, selected, *block).encode(),
            lambda *block: SetRequestWithDatablock(invoke, *block).encode(),
            _acknowledged(invoke), block_octets)
    found = expect(answer, SetResponseWithList, SetResponseLastDatablockWithList)
    if not isinstance(found, (SetResponseWithList, SetResponseLastDatablockWithList)):
        return (failed(found),) * len(attributes)
    check_invoke(found, invoke)
    check_count(len(attributes), len(found.results))
    return tuple(map(Result, found.results))


def _acknowledged(invoke: int) -> Callable[[Apdu], tuple[int, int] | None]:
    def number_in(answer: Apdu) -> tuple[int, int] | None:
        if not isinstance(answer, SetResponseDatablock):
            return None
        check_invoke(answer, invoke)
        return answer.number, 3

    return number_in


_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
