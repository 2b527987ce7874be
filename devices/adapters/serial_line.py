"""Port ``gbcs`` over a serial line: whole GBCS messages as text lines (:mod:`.gfi_line`).

The line is whatever pyserial's ``serial_for_url`` opens: a tty or COM port, a pty, ``socket://``,
``rfc2217://``. Whoever is behind it cannot be told apart from here, so ``emulated`` is False; a
rig says what it is by launching an emulator or by ``emulated: true``.

What the other side does wrong comes back as :class:`~devices.ports.Received`. Where a program or
a terminal server is the other side (a pty, a socket) its hanging up is the device dropping the
line: ``CLOSED`` once, a :class:`~bench.errors.LinkError` from then on. On a real tty reading fails
only when the equipment itself is gone: a LinkError at once.
"""

from __future__ import annotations

import errno
import io
import os
import selectors
import time
from collections import deque
from collections.abc import Callable

import serial

from bench.errors import LinkError, RigError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.gfi_line import Line, LineReader, encode_line
from devices.adapters.options import positive
from devices.ports import Received, Reception

_CHUNK = 65_536  # octets taken per read: more than any system buffers
_TICK_S = 0.02  # how long a read blocks where the line has no file descriptor to wait for

_CAUSES = {
    errno.ENOENT: "absent: no such device",
    errno.ENXIO: "absent: no such device",
    errno.ENODEV: "absent: no such device",
    errno.EACCES: "no permission to open it",
    errno.EPERM: "no permission to open it",
    errno.EBUSY: "busy: another program holds it",
    errno.EAGAIN: "busy: another program holds it",
}


class SerialLine:
    """A serial line to a GBCS device or the test equipment in front of it.

    ``url`` is what ``serial_for_url`` takes; ``baud`` bit/s (8N1, no flow control; without meaning
    on a socket); ``write_timeout_s`` bounds how long the other side may refuse to take octets (not
    on ``rfc2217://``, whose own limit is pyserial's 5 s). Raises :class:`RigError` for anything
    else, or for a URL scheme that pyserial does not know.
    """

    provides = ("gbcs",)
    emulated = False

    def __init__(self, *, url: str, baud: int = 115_200, write_timeout_s: float = 10.0,
                 clock: Callable[[], float] = time.monotonic) -> None:
        if not isinstance(url, str) or not url:
            raise RigError(f"url: expected a device or URL, found {url!r}")
        self._url = url
        self._clock = clock
        self._failure = FirstFailure()
        self._reader = LineReader()
        self._lines: deque[Line] = deque()
        self._selector: selectors.BaseSelector | None = None
        write_timeout = positive("write_timeout_s", write_timeout_s)
        try:
            self._port = serial.serial_for_url(
                url, do_not_open=True, baudrate=int(positive("baud", baud)),
                timeout=_TICK_S, exclusive=True,
                # pyserial refuses a write time-out on rfc2217
                write_timeout=None if url.startswith("rfc2217:") else write_timeout,
            )
        except (ValueError, serial.SerialException) as error:
            raise RigError(f"url {url!r}: {error}") from error

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Open the line for ourselves alone; absent or busy is a LinkError."""
        self._failure.check()
        try:
            self._port.open()
            self._selector = self._waiting()
        except (OSError, ValueError) as error:
            _close(self._port, self._url)
            cause = _CAUSES.get(getattr(error, "errno", None) or 0, "cannot be opened")
            raise self._failure.remember(f"serial line {self._url}: {cause} ({error})") from error

    def deactivate(self) -> None:
        """Close the line; what was not received is forgotten."""
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        _close(self._port, self._url)
        self._reader.drop()
        self._lines.clear()

    def send(self, message: bytes) -> None:
        """Write ``message`` as one line with number 0."""
        self._check()
        try:
            self._port.write(encode_line(0, message))
        except serial.SerialTimeoutException as error:
            raise self._failure.remember(
                f"serial line {self._url}: the other side took no octets for "
                f"{self._port.write_timeout} s"
            ) from error
        except OSError as error:
            raise self._failure.remember(
                f"serial line {self._url}: unplugged or dropped while sending ({error})"
            ) from error

    def receive(self, timeout: float) -> Received:
        """Wait at most ``timeout`` seconds (0 takes what is there) for the next line.

        Octets are reported once: what a silence cut off (``PARTIAL``, ``GARBAGE``) does not
        come back as part of a later line.
        """
        self._check()
        deadline = self._clock() + timeout
        while not self._lines:
            left = max(0.0, deadline - self._clock())
            try:
                arrived = self._read(left)
            except OSError as error:
                return self._lost(error)
            self._lines.extend(self._reader.feed(arrived))
            if left == 0 and not self._lines:
                return self._cut_short()
        line = self._lines.popleft()
        if line.message is None:
            return Received(Reception.GARBAGE, line.octets)
        return Received(Reception.MESSAGE, line.message)

    def _check(self) -> None:
        self._failure.check()
        if not self._port.is_open:
            raise self._failure.remember(f"serial line {self._url}: used while not active")

    def _waiting(self) -> selectors.BaseSelector | None:
        """Return a selector over the line, or None where it has no descriptor (COM, rfc2217)."""
        try:
            descriptor = self._port.fileno()
        except (io.UnsupportedOperation, AttributeError):
            return None
        self._port.timeout = 0  # the selector waits, reading takes what is there
        selector = selectors.DefaultSelector()
        selector.register(descriptor, selectors.EVENT_READ)
        return selector

    def _read(self, left: float) -> bytes:
        """Return what is there, after waiting at most ``left`` seconds for the first octet."""
        if self._selector is None:
            waiting = self._port.in_waiting or (1 if left > 0 else 0)
            return bytes(self._port.read(waiting))
        if not self._selector.select(left):
            return b""
        return bytes(self._port.read(_CHUNK))

    def _cut_short(self) -> Received:
        well_formed = self._reader.well_formed
        octets = self._reader.drop()
        if not octets:
            return Received(Reception.SILENCE)
        return Received(Reception.PARTIAL if well_formed else Reception.GARBAGE, octets)

    def _lost(self, error: OSError) -> Received:
        octets = self._reader.drop()
        if self._has_peer():
            self._failure.remember(
                f"serial line {self._url}: the other side dropped it", octets)
            return Received(Reception.CLOSED, octets)
        raise self._failure.remember(
            f"serial line {self._url}: unplugged while receiving ({error})", octets) from error

    def _has_peer(self) -> bool:
        """True where a program, not a piece of hardware, holds the other end."""
        return self._url.startswith("socket:") or os.path.realpath(self._url).startswith(
            ("/dev/pts/", "/dev/ttys")  # Linux, macOS
        )


def _close(port: serial.Serial, url: str) -> None:
    # pyserial's socket:// pauses 0.3 s while closing, and leaks its socket if the other side was
    # faster; closing its handle first is the only way round both.
    if url.startswith("socket:") and port.is_open:
        port._socket.close()  # type: ignore[attr-defined]  # of socket:// alone
        port.is_open = False
        return
    try:
        port.close()
    except OSError:  # the equipment is gone: nothing is left to close
        port.is_open = False
