"""Serves an emulated device as a process: one selector in one thread, no polling.

A line over TCP or, except on Windows, over a tty or pseudo-terminal; a stimulus channel, which is
JSON lines over TCP and listens on the loopback only. One party at a time is on each of them, the
newest one. What the octets of the line mean is the :class:`Line`'s, which may ask to be woken at a
time. A second thread does nothing but wait for the end of the parent.
"""

from __future__ import annotations

import ipaddress
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, Self

from bench.errors import BenchError, RigError
from devices.adapters.stimulus_channel import FAILED, MAX_LINE, Reply, decode_request, encode_reply
from devices.emulators.gbcs.stimuli import Calls, Stimuli
from devices.emulators.terminal import Terminal, open_terminal

_CHUNK = 65_536


class Line(Protocol):
    """What is on the device's end of the line; times are seconds of a monotonic clock."""

    def opened(self, terminal: Terminal | None, now: float) -> None:
        """A party is on the line: ``terminal`` where it is one, None over TCP."""

    def closed(self, now: float) -> None:
        """The party hung up, or another one takes its place."""

    def take(self, octets: bytes, now: float) -> None:
        """Octets arrived."""

    def time_passed(self, now: float) -> None:
        """It is :attr:`deadline`, or something happened to the device."""

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`time_passed`; None for not at all."""

    def outgoing(self) -> bytes:
        """Return what to send now; called after each of the others."""


@dataclass(slots=True, eq=False)
class _End:
    """Our end of a connection: who takes what is received, and what waits to go out."""

    link: socket.socket | Terminal
    take: Callable[[bytes], None]
    out: bytearray = field(default_factory=bytearray)


class Server:
    """Serves one device until :meth:`stop`; use as a context manager, it closes what it opened."""

    def __init__(self, line: Line, calls: Calls, *,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._served = line
        self._clock = clock
        self._stimuli = Stimuli(calls)
        # sockets and terminals only: on Windows a selector takes nothing but sockets
        self._selector = selectors.DefaultSelector()
        self._request = bytearray()
        self._line: _End | None = None
        self._stimulus: _End | None = None
        self._running = True
        self._wake, wakened = socket.socketpair()
        self._wake.setblocking(False)
        self._closers: list[Callable[[], object]] = [self._wake.close, wakened.close]
        self._selector.register(wakened, selectors.EVENT_READ, lambda: wakened.recv(_CHUNK))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._line, self._stimulus):
            if end is not None:
                self._drop(end)
        self._selector.close()
        for close in reversed(self._closers):
            close()

    def listen(self, host: str, port: int) -> str:
        """Take the line from whoever connects over TCP; return its pyserial URL."""
        bound = self._listen(host, port, self._accept_line)
        return f"socket://{bound}"

    def listen_stimulus(self, host: str, port: int) -> str:
        """Open the stimulus channel on a loopback address; return ``host:port``."""
        if not _is_loopback(host):
            raise RigError(f"the stimulus channel listens on the loopback only, not on {host}")
        return self._listen(host, port, self._accept_stimulus)

    def open_terminal(self, path: str) -> str:
        """Take the line from the device ``path``, or ``auto``: a new pty; return its name.

        Raises :class:`RigError` if there is no such terminal, and on Windows.
        """
        terminal = open_terminal(path)
        self._line = self._add(terminal, self._take_line)
        self._served.opened(terminal, self._clock())
        self._send_line()
        return terminal.name

    def stop_at_end_of(self, handle: int) -> None:
        """Stop when the file descriptor ``handle`` (a pipe from the parent) is closed."""
        def wait() -> None:
            with suppress(OSError):  # a pipe that cannot be read is at its end, too
                while os.read(handle, _CHUNK):
                    pass
            self.stop()
        threading.Thread(target=wait, name="parent-pipe", daemon=True).start()

    def stop_on_signals(self) -> None:
        """Stop on SIGINT and SIGTERM, on Windows also on SIGBREAK; for the main thread only."""
        # A signal does not interrupt a selector on Windows; the octet that it leaves here does.
        signal.set_wakeup_fd(self._wake.fileno())
        self._closers.append(lambda: signal.set_wakeup_fd(-1))
        numbers = [signal.SIGINT, signal.SIGTERM]
        if sys.platform == "win32":
            numbers.append(signal.SIGBREAK)
        for number in numbers:
            signal.signal(number, lambda *_: self.stop())

    def stop(self) -> None:
        """Make :meth:`run` return; may be called from a signal handler or another thread."""
        self._running = False
        with suppress(OSError):  # closed already, or full of calls to wake up
            self._wake.send(b"\0")

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            for key, mask in self._selector.select(self._patience()):
                if isinstance(key.data, _End):
                    self._move(key.data, mask)
                else:
                    key.data()
            deadline = self._served.deadline
            if deadline is not None and deadline <= self._clock():
                self._wake_line()

    def _patience(self) -> float | None:
        deadline = self._served.deadline
        return None if deadline is None else max(0.0, deadline - self._clock())

    def _listen(self, host: str, port: int, accept: Callable[[socket.socket], None]) -> str:
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = socket.create_server(address, family=family)
        except OSError as wrong:
            raise RigError(f"cannot listen on {host}:{port}: {wrong.strerror}") from wrong
        listener.setblocking(False)
        self._closers.append(listener.close)
        self._selector.register(listener, selectors.EVENT_READ, lambda: accept(listener))
        bound = listener.getsockname()
        name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        return f"{name}:{bound[1]}"

    def _accept_line(self, listener: socket.socket) -> None:
        if connection := _accepted(listener):
            if self._line is not None:
                self._drop(self._line)
            self._line = self._add(connection, self._take_line)
            self._served.opened(None, self._clock())
            self._send_line()

    def _accept_stimulus(self, listener: socket.socket) -> None:
        if connection := _accepted(listener):
            if self._stimulus is not None:
                self._drop(self._stimulus)
            self._request.clear()
            self._stimulus = self._add(connection, self._take_request)

    def _add(self, link: socket.socket | Terminal, take: Callable[[bytes], None]) -> _End:
        end = _End(link, take)
        self._selector.register(link, selectors.EVENT_READ, end)
        return end

    def _drop(self, end: _End) -> None:
        self._selector.unregister(end.link)
        end.link.close()
        if end is self._line:
            self._line = None
            self._served.closed(self._clock())
        if end is self._stimulus:
            self._stimulus = None

    def _is_open(self, end: _End) -> bool:
        return end is self._line or end is self._stimulus

    def _move(self, end: _End, mask: int) -> None:
        if mask & selectors.EVENT_WRITE and self._is_open(end):
            self._flush(end)
        if mask & selectors.EVENT_READ and self._is_open(end):
            try:
                octets = end.link.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                octets = b""
            if octets:
                end.take(octets)
            else:
                self._drop(end)

    def _send(self, end: _End | None, octets: bytes) -> None:
        if end is not None and octets:
            end.out += octets
            self._flush(end)

    def _flush(self, end: _End) -> None:
        try:
            while end.out:
                del end.out[:end.link.send(end.out)]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(end)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if end.out else 0)
        self._selector.modify(end.link, wanted, end)

    def _take_line(self, octets: bytes) -> None:
        self._served.take(octets, self._clock())
        self._send_line()

    def _wake_line(self) -> None:
        self._served.time_passed(self._clock())
        self._send_line()

    def _send_line(self) -> None:
        if self._line is not None:
            self._send(self._line, self._served.outgoing())

    def _take_request(self, octets: bytes) -> None:
        self._request += octets
        while (end := self._request.find(b"\n")) >= 0:
            line = bytes(self._request[:end])
            del self._request[:end + 1]
            reply = self._perform(line)
            self._wake_line()  # what a stimulus raises is on the line before it is answered
            self._send(self._stimulus, encode_reply(reply))
        if len(self._request) > MAX_LINE and self._stimulus is not None:
            self._drop(self._stimulus)

    def _perform(self, line: bytes) -> Reply:
        try:
            return self._stimuli.perform(decode_request(line))
        except BenchError as wrong:  # of the request's form: the calls' own are in the reply
            return Reply(error=str(wrong), kind=FAILED)


def _accepted(listener: socket.socket) -> socket.socket | None:
    """Return the next connection, None where the other side has gone again."""
    try:
        connection, _ = listener.accept()
    except OSError:
        return None
    connection.setblocking(False)
    with suppress(OSError):  # broken already: receiving will tell
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
