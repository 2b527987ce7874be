"""ACCESS as an exchange of a client (IEC 62056-5-3): several requests of any kind in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import AccessRequest, AccessResponse, AccessSpecification, Choice
from bench.protocols.cosem.data import Data
from bench.protocols.dlms.answers import expect
from bench.protocols.dlms.channel import Channel
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Refusal

_ID = 0xFFFFFF  # of long-invoke-id-and-priority


def access(channel: Channel, specifications: Sequence[AccessSpecification], data: Sequence[Data]
           ) -> Exchange[AccessResponse | Refusal]:
    """Ask for all of ``specifications``; ``data`` has one datum for each, null for none."""
    if len(specifications) != len(data):
        raise LocalProtocolError(f"{len(specifications)} specifications and {len(data)} data")
    invoke = channel.next_invoke()
    long_invoke = (invoke & 0xF0) << 24 | invoke & 0x0F
    request = AccessRequest(long_invoke, b"", tuple(specifications), tuple(data))
    answer = expect((yield from channel.ask(request.encode())), AccessResponse)
    if not isinstance(answer, AccessResponse):
        return answer
    if (answer.long_invoke_id ^ long_invoke) & _ID:
        raise RemoteProtocolError(1, f"long invoke id {long_invoke & _ID}",
                                  f"{answer.long_invoke_id & _ID}")
    kinds = [_RESULTS[specification.choice] for specification in specifications]
    found = [_RESULTS[result.choice] for result in answer.results]
    if found != kinds:
        raise RemoteProtocolError(0, f"results of {_names(kinds)}", _names(found))
    return answer


def _names(kinds: Sequence[Choice]) -> str:
    return " ".join(kind.name for kind in kinds) or "nothing"


_RESULTS: Mapping[Choice, Choice] = {
    Choice.GET: Choice.GET, Choice.SET: Choice.SET, Choice.ACTION: Choice.ACTION,
    Choice.GET_WITH_SELECTION: Choice.GET, Choice.SET_WITH_SELECTION: Choice.SET,
}
