"""Port ``dlms`` over TCP: the wrapper (IEC 62056-47), or HDLC frames in a stream.

A connection that the other side drops, resets, or takes no octets from is closed by the device; so
is a call that it does not take once it has taken one, since it may start anew. Before that, and
where a name or network is not there, the rig is broken. What arrives is stamped when it is read.
"""

from __future__ import annotations

import errno
import select
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from bench.errors import LinkError, RigError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.options import positive
from devices.ports import Arrival, Arrived

FRAMINGS = ("wrapper", "hdlc")
_CHUNK = 65_536
_PAUSE_S = 0.5  # between two calls
_AWAY = frozenset((errno.EHOSTUNREACH, errno.EHOSTDOWN))


class Tcp:
    """A TCP connection to a DLMS meter at ``url``, ``socket://HOST:PORT``.

    ``framing`` says what the octets are frames of; ``connect_timeout_s`` and ``write_timeout_s``
    are in seconds.
    """

    provides = ("dlms",)
    emulated = False

    def __init__(self, *, url: str, framing: str = "wrapper", connect_timeout_s: float = 10.0,
                 write_timeout_s: float = 10.0,
                 clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], object] = time.sleep) -> None:
        self._host, self._port = _place(url)
        if framing not in FRAMINGS:
            raise RigError(f"framing: expected one of {', '.join(FRAMINGS)}, found {framing!r}")
        self.framing = framing
        self._connect_timeout = positive("connect_timeout_s", connect_timeout_s)
        self._write_timeout = positive("write_timeout_s", write_timeout_s)
        self._clock = clock
        self._sleep = sleep
        self._has_answered = False
        self._failure = FirstFailure()
        self._socket: socket.socket | None = None
        self._is_readable: Callable[[float], bool]

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Nothing is held open while nobody is connected."""
        self._failure.check()

    def deactivate(self) -> None:
        """Drop the connection."""
        self.disconnect()

    def connect(self) -> None:
        """Make a fresh connection; a call that is not taken, after one was, is closed."""
        self.call(0)

    def call(self, patience: float) -> str:
        """Make a fresh connection, trying for ``patience`` seconds; return why there is none."""
        self._failure.check()
        self.disconnect()
        begun = self._clock()
        while why := self._dial():
            left = begun + patience - self._clock()
            if left <= 0:
                break
            self._sleep(min(_PAUSE_S, left))
        return why

    def disconnect(self) -> None:
        """Drop the connection."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def send(self, octets: bytes) -> None:
        """Send ``octets``; nothing into a closed connection."""
        self._failure.check()
        connection = self._socket
        if connection is None:
            return
        try:
            sent = connection.send(octets)
        except BlockingIOError:
            sent = 0
        except OSError:  # the device dropped it: receive says so once all that came is read
            return
        if sent < len(octets):
            self._send_slowly(connection, octets[sent:])

    def receive(self, timeout: float) -> Arrived:
        """Return what arrives next, after at most ``timeout`` seconds (0 takes what is there)."""
        self._failure.check()
        connection = self._socket
        if connection is None:
            return Arrived(b"", self._clock(), Arrival.CLOSED)
        if not self._is_readable(max(0.0, timeout)):
            return Arrived(b"", self._clock(), Arrival.SILENCE)
        try:
            octets = connection.recv(_CHUNK)
        except BlockingIOError:
            return Arrived(b"", self._clock(), Arrival.SILENCE)
        except OSError:
            octets = b""
        if not octets:
            self.disconnect()
            return Arrived(b"", self._clock(), Arrival.CLOSED)
        return Arrived(octets, self._clock())

    def _dial(self) -> str:
        """Call once; return why that was not taken, empty where it was."""
        try:
            connection = socket.create_connection(
                (self._host, self._port), timeout=self._connect_timeout)
        except OSError as error:
            is_away = isinstance(error, ConnectionError | TimeoutError) or error.errno in _AWAY
            if is_away and self._has_answered:
                return str(error)
            raise self._failure.remember(
                f"{self._host}:{self._port}: cannot be reached ({error})") from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self._socket = connection
        self._is_readable = _readable(connection)
        self._has_answered = True
        return ""

    def _send_slowly(self, connection: socket.socket, octets: bytes) -> None:
        """Send the rest of what the other side does not take at once."""
        try:
            connection.settimeout(self._write_timeout)
            connection.sendall(octets)
        except TimeoutError:
            self.disconnect()  # what came is not read any more: half a frame was sent
        except OSError:
            return
        else:
            connection.setblocking(False)


def _readable(connection: socket.socket) -> Callable[[float], bool]:
    """Return what waits at most so many seconds for octets and says whether there are any."""
    if sys.platform == "win32":
        return lambda timeout: bool(select.select((connection,), (), (), timeout)[0])
    poll = select.poll()  # select refuses descriptors above 1,023
    poll.register(connection, select.POLLIN)
    return lambda timeout: bool(poll.poll(timeout * 1000))


def _place(url: object) -> tuple[str, int]:
    """Return host and port of ``socket://HOST:PORT``; RigError for anything else."""
    expected = f"url: expected socket://HOST:PORT, found {url!r}"
    if not isinstance(url, str):
        raise RigError(expected)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as wrong:
        raise RigError(expected) from wrong
    if parts.scheme != "socket" or not host or not port:
        raise RigError(expected)
    return host, port
