"""Read and write as exchanges of a client, in short name referencing (IEC 62056-5-3).

A request too long for the server goes in blocks, an answer in blocks is joined. What the blocks of
a request hold is our reading of the standard: the request without its tag.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.answers import check_count, expect, failed
from bench.protocols.dlms.apdu import (
    Apdu,
    BlockNumber,
    BlockNumberAccess,
    Conformance,
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    Refused,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from bench.protocols.dlms.apdu.fields import whole
from bench.protocols.dlms.apdu.short_names import (
    READ_RESULTS,
    ReadResult,
    Specification,
    WriteResult,
)
from bench.protocols.dlms.blocks import Piece, collect, deliver, in_one
from bench.protocols.dlms.channel import Channel
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Refusal, Result


def read(channel: Channel, specifications: Sequence[Specification],
         block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
    """Read variables, or invoke methods that return something; one result for each."""
    request = ReadRequest(tuple(specifications)).encode()
    if in_one(channel, request, block_octets, _READ_BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(channel, request[1:], _read_block, _read_block,
                                    _acknowledged, block_octets)
    found = expect(answer, ReadResponse)
    if not isinstance(found, ReadResponse):
        return (failed(found),) * len(specifications)
    results: Sequence[ReadResult] = found.results
    if len(results) == 1 and isinstance(results[0], DataBlockResult):
        content = yield from collect(
            channel, found, _piece_of,
            lambda number: ReadRequest((BlockNumberAccess(number),)).encode())
        if not isinstance(content, bytes):
            return (failed(content),) * len(specifications)
        results = whole(READ_RESULTS, content)
    check_count(len(specifications), len(results), 1)
    return tuple(map(_read_result, results))


def write(channel: Channel, specifications: Sequence[Specification], data: Sequence[Data],
          block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
    """Write variables, or invoke methods; one result for each."""
    if len(specifications) != len(data):
        raise LocalProtocolError(f"{len(specifications)} variables and {len(data)} data")
    request = WriteRequest(tuple(specifications), tuple(data)).encode()
    if in_one(channel, request, block_octets, _WRITE_BLOCKS):
        answer = yield from channel.ask(request)
    else:
        answer = yield from deliver(channel, request[1:], _write_block, _write_block,
                                    _acknowledged, block_octets)
    found = expect(answer, WriteResponse)
    if not isinstance(found, WriteResponse):
        return (failed(found),) * len(specifications)
    check_count(len(specifications), len(found.results), 1)
    return tuple(map(_write_result, found.results))


def _read_block(last: bool, number: int, raw: bytes) -> bytes:
    return ReadRequest((ReadDataBlockAccess(last, number, raw),)).encode()


def _write_block(last: bool, number: int, raw: bytes) -> bytes:
    return WriteRequest((WriteDataBlockAccess(last, number),),
                        (Data(Tag.OCTET_STRING, raw),)).encode()


def _acknowledged(answer: Apdu) -> tuple[int, int] | None:
    if isinstance(answer, (ReadResponse, WriteResponse)) and len(answer.results) == 1:
        result = answer.results[0]
        if isinstance(result, BlockNumber):
            return result.number, 3
    return None


def _piece_of(answer: Apdu) -> Piece | Refused | Refusal:
    found = expect(answer, ReadResponse)
    if not isinstance(found, ReadResponse):
        return found
    result = found.results[0] if len(found.results) == 1 else None
    if isinstance(result, DataBlockResult):
        return Piece(result.last, result.number, result.raw, 4)
    if isinstance(result, Refused):
        return result
    raise RemoteProtocolError(1, "one block of the answer", _kinds(found.results))


def _read_result(result: ReadResult) -> Result:
    if isinstance(result, Data):
        return Result(0, result)
    if isinstance(result, Refused):
        return Result(result.code)
    raise RemoteProtocolError(2, "data or a data-access-error", type(result).__name__)


def _write_result(result: WriteResult) -> Result:
    if isinstance(result, BlockNumber):
        raise RemoteProtocolError(2, "success or a data-access-error", type(result).__name__)
    return Result(0 if result is None else result.code)


def _kinds(results: Sequence[ReadResult]) -> str:
    return " ".join(type(result).__name__ for result in results) or "nothing"


_READ_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
_WRITE_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
