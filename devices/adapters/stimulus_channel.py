"""What crosses an emulator's stimulus channel, sans-IO: one JSON object per line, UTF-8, LF.

::

    request  {"port": "time", "method": "advance", "arguments": {"seconds": 60}}
    reply    {"result": null}
    reply    {"error": "...", "kind": "failed" | "not testable here"}

``port`` and ``method`` are names of :data:`devices.ports.PORTS` and their methods; ``arguments``
are the method's own, by name. Results are plain JSON values; :meth:`devices.ports.Time.now` gives
ISO 8601 text in UTC. Exactly one reply follows each request, in order. ``failed`` says that the
emulator could not do what it should, ``not testable here`` that it has no such means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.errors import RemoteProtocolError

FAILED = "failed"
NOT_TESTABLE = "not testable here"
KINDS = (FAILED, NOT_TESTABLE)

MAX_LINE = 65_536
"""Octets of the longest line either side accepts."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a port's method."""

    port: str
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: ``result``, or ``error`` (not empty) of one of :data:`KINDS`."""

    result: Any = None
    error: str = ""
    kind: str = FAILED


def encode_request(request: Request) -> bytes:
    """Return the line of ``request``."""
    return _line({"port": request.port, "method": request.method,
                  "arguments": dict(request.arguments)})


def decode_request(line: bytes) -> Request:
    """Read a request line; :class:`RemoteProtocolError` where it is none."""
    value = _object(line, {"port", "method", "arguments"}, "a request")
    port, method, arguments = value.get("port"), value.get("method"), value.get("arguments", {})
    if not (isinstance(port, str) and isinstance(method, str) and isinstance(arguments, dict)):
        raise RemoteProtocolError(0, "texts port and method, mapping arguments", repr(line[:80]))
    return Request(port, method, arguments)


def encode_reply(reply: Reply) -> bytes:
    """Return the line of ``reply``."""
    if reply.error:
        return _line({"error": reply.error, "kind": reply.kind})
    return _line({"result": reply.result})


def decode_reply(line: bytes) -> Reply:
    """Read a reply line; :class:`RemoteProtocolError` where it is none."""
    value = _object(line, {"result", "error", "kind"}, "a reply")
    if "error" not in value:
        if set(value) != {"result"}:
            raise RemoteProtocolError(0, "result, or error and kind", repr(line[:80]))
        return Reply(value["result"])
    error, kind = value["error"], value.get("kind", FAILED)
    if "result" in value or not isinstance(error, str) or not error or kind not in KINDS:
        raise RemoteProtocolError(0, f"a text error and kind, one of {KINDS}", repr(line[:80]))
    return Reply(error=error, kind=kind)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes, known: set[str], what: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise RemoteProtocolError(MAX_LINE, "the end of the line", "more octets")
    try:
        value = json.loads(line)
    except ValueError as error:
        raise RemoteProtocolError(0, f"{what} in JSON", repr(line[:80])) from error
    if not isinstance(value, dict) or set(value) - known:
        raise RemoteProtocolError(0, f"{what} with keys {sorted(known)}", repr(line[:80]))
    return value
