"""``dlms-cosem`` (MIT) reading a clock; imported where that package is installed."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from dlms_cosem import cosem, enumerations, state
from dlms_cosem.clients.blocking_tcp_transport import BlockingTcpTransport
from dlms_cosem.clients.dlms_client import DlmsClient
from dlms_cosem.clients.hdlc_transport import SerialHdlcTransport

from bench.protocols.dlms.security.keys import Keys

CLIENT, SERVER = 16, 1
CLOCK = cosem.CosemAttribute(
    interface=enumerations.CosemInterface.CLOCK, instance=cosem.Obis(0, 0, 1, 0, 0, 255),
    attribute=2)


def reader(kind: str, keys: Keys, expected: bytes) -> Callable[[socket.socket, int], None]:
    """Return what reads the clock over a connected socket a number of times."""
    transport = _over_hdlc if kind == "hdlc" else _over_wrapper

    def read(line: socket.socket, count: int) -> None:
        client = _client(transport(line), keys, ciphered=kind == "gmac")
        for _ in range(count):
            assert client.get(CLOCK)[-12:] == expected

    return read


def _client(transport: Any, keys: Keys, *, ciphered: bool) -> DlmsClient:
    client = DlmsClient(
        client_logical_address=CLIENT, server_logical_address=SERVER, io_interface=transport,
        encryption_key=keys.global_unicast if ciphered else None,
        authentication_key=keys.authentication if ciphered else None,
        client_system_title=keys.own_title)
    client.dlms_connection.meter_system_title = keys.peer_title
    client.dlms_connection.state.current_state = state.READY
    return client


def _over_wrapper(line: socket.socket) -> BlockingTcpTransport:
    transport = BlockingTcpTransport("127.0.0.1", 0, CLIENT, SERVER)
    transport.tcp_socket = line
    return transport


def _over_hdlc(line: socket.socket) -> SerialHdlcTransport:
    transport = SerialHdlcTransport(CLIENT, SERVER, "", serial=_Line(line))
    transport.connect()
    return transport


class _Line:
    """A socket as the serial port that this stack's HDLC wants."""

    def __init__(self, line: socket.socket) -> None:
        self.write = line.sendall
        self._take = line.recv
        self._buffer = b""

    def read_until(self, expected: bytes) -> bytes:
        """Return what has come up to ``expected``."""
        while (at := self._buffer.find(expected)) < 0:
            self._buffer += self._take(4096)
        found, self._buffer = self._buffer[: at + 1], self._buffer[at + 1 :]
        return found
