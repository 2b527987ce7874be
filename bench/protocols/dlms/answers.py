"""Checks on what answers a request: its kind, its invoke id, the number of its results."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.apdu import Apdu, ConfirmedServiceError, ExceptionResponse, Refused
from bench.protocols.dlms.result import Refusal, Result

T = TypeVar("T")
U = TypeVar("U")

REFUSALS = (ExceptionResponse, ConfirmedServiceError)
_ID = 0x0F  # of invoke-id-and-priority


@overload
def expect(answer: Apdu, kind: type[T], /) -> T | Refusal: ...
@overload
def expect(answer: Apdu, kind: type[T], other: type[U], /) -> T | U | Refusal: ...
def expect(answer: Apdu, *kinds: type[Any]) -> Any:
    """Return ``answer`` if it is one of ``kinds`` or a refusal, else raise RemoteProtocolError."""
    if isinstance(answer, (*kinds, *REFUSALS)):
        return answer
    raise RemoteProtocolError(0, " or ".join(kind.__name__ for kind in kinds),
                              type(answer).__name__)


def check_invoke(answer: Any, invoke: int) -> None:
    """Raise RemoteProtocolError unless ``answer`` has the invoke id of its request."""
    if (answer.invoke ^ invoke) & _ID:
        raise RemoteProtocolError(2, f"invoke id {invoke & _ID}", f"{answer.invoke & _ID}")


def check_count(expected: int, found: int, offset: int = 3) -> None:
    """Raise RemoteProtocolError unless there are as many results as references."""
    if found != expected:
        raise RemoteProtocolError(offset, f"{expected} results", f"{found}")


def failed(reason: Refused | Refusal, *, acted: bool = False) -> Result:
    """Return the result of what was not done, for ``reason``."""
    if isinstance(reason, Refused):
        return Result(reason.code, acted=acted)
    return Result(None, refusal=reason, acted=acted)
