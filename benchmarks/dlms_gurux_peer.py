"""``gurux-dlms`` (GPL, version 2) reading a clock, in a process of its own.

Run as a program by :mod:`benchmarks.dlms`; nothing imports it and no wheel holds it. Lines on
standard input are ``{"port": number, "kind": "wrapper", "hdlc" or "gmac", "count": number,
"clock": "perf_counter" or "process_time", "key": hex, "authentication": hex, "client": hex,
"server": hex}``; each is answered by ``{"seconds": number, "version": text}``, the time of that
many reads over one connection by that clock.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
from importlib.metadata import version
from time import perf_counter, process_time
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock
from gurux_dlms.secure import GXDLMSSecureClient

CLOCKS = {clock.__name__: clock for clock in (perf_counter, process_time)}


def reader(asked: dict[str, Any]) -> GXDLMSSecureClient:
    """Return a client in an association, without having asked for it."""
    kind = asked["kind"]
    client = GXDLMSSecureClient(
        True, 16, 1, Authentication.NONE, None,
        InterfaceType.HDLC if kind == "hdlc" else InterfaceType.WRAPPER)
    settings, ciphering = client.settings, client.ciphering
    settings.connected = ConnectionState.HDLC | ConnectionState.DLMS
    settings.negotiatedConformance = Conformance.GET
    settings.maxPduSize = 0xFFFF
    if kind == "gmac":
        ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        ciphering.systemTitle = bytearray.fromhex(asked["client"])
        ciphering.blockCipherKey = bytearray.fromhex(asked["key"])
        ciphering.authenticationKey = bytearray.fromhex(asked["authentication"])
        settings.sourceSystemTitle = bytearray.fromhex(asked["server"])
    return client


def read(asked: dict[str, Any]) -> float:
    """Return the seconds of all reads."""
    client, clock, now = reader(asked), GXDLMSClock(), CLOCKS[asked["clock"]]
    with socket.create_connection(("127.0.0.1", asked["port"])) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = now()
        for _ in range(asked["count"]):
            for request in client.read(clock, 2):
                line.sendall(request)
            received, reply = GXByteBuffer(), GXReplyData()
            received.set(line.recv(4096))
            while not client.getData(received, reply):
                received.set(line.recv(4096))
            client.updateValue(clock, 2, reply.value)
        seconds = now() - begin
    if clock.time is None:
        raise ValueError("no time was read")
    return seconds


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            seconds = read(json.loads(line))
        sys.stdout.write(json.dumps({"seconds": seconds, "version": version("gurux-dlms")}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
