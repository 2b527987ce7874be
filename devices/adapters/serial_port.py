"""A serial line as pyserial opens it, for the adapters of several ports.

It is whatever ``serial_for_url`` takes: a tty or COM port, a pty, ``socket://``, ``rfc2217://``;
8N1, no flow control, for us alone. What goes wrong is remembered (:class:`.first_failure.
FirstFailure`) and raised as a :class:`~bench.errors.LinkError` that names the line.
"""

from __future__ import annotations

import errno
import io
import os
import selectors

import serial

from bench.errors import LinkError, RigError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.options import positive

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


class SerialPort:
    """One line; ``failure`` is the memory of the adapter that it belongs to.

    ``url`` is what ``serial_for_url`` takes; ``baud`` bit/s (without meaning on a socket);
    ``write_timeout_s`` bounds how long the other side may refuse to take octets (not on
    ``rfc2217://``, whose own limit is pyserial's 5 s). Raises :class:`RigError` for anything else,
    or for a URL scheme that pyserial does not know.
    """

    def __init__(self, url: str, baud: float, write_timeout_s: float,
                 failure: FirstFailure) -> None:
        if not isinstance(url, str) or not url:
            raise RigError(f"url: expected a device or URL, found {url!r}")
        self.url = url
        self._failure = failure
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
    def is_open(self) -> bool:
        """Whether the line is open."""
        return bool(self._port.is_open)

    @property
    def is_dialled(self) -> bool:
        """Whether opening it makes a connection of its own, as over TCP."""
        return self.url.startswith(("socket:", "rfc2217:"))

    @property
    def has_peer(self) -> bool:
        """Whether a program, not a piece of hardware, holds the other end."""
        return self.url.startswith("socket:") or os.path.realpath(self.url).startswith(
            ("/dev/pts/", "/dev/ttys")  # Linux, macOS
        )

    def open(self) -> None:
        """Open the line for ourselves alone; absent or busy is a LinkError."""
        try:
            self._port.open()
            self._selector = self._waiting()
        except (OSError, ValueError) as error:
            _close(self._port, self.url)
            cause = _CAUSES.get(getattr(error, "errno", None) or 0, "cannot be opened")
            raise self._failure.remember(
                f"serial line {self.url}: {cause} ({error})") from error

    def close(self) -> None:
        """Close the line; never raises."""
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        _close(self._port, self.url)

    def check(self) -> None:
        """Raise what failed first, or a LinkError where the line is not open."""
        self._failure.check()
        if not self._port.is_open:
            raise self._failure.remember(f"serial line {self.url}: used while not active")

    def set_baud(self, baud: int) -> None:
        """Go to another speed; LinkError where the line does not take it."""
        try:
            self._port.baudrate = baud
        except (OSError, ValueError) as error:
            raise self._failure.remember(
                f"serial line {self.url}: cannot be set to {baud} bit/s ({error})") from error

    def write(self, octets: bytes) -> None:
        """Write ``octets``; LinkError where the other side takes none or has gone."""
        try:
            self._port.write(octets)
        except serial.SerialTimeoutException as error:
            raise self._failure.remember(
                f"serial line {self.url}: the other side took no octets for "
                f"{self._port.write_timeout} s"
            ) from error
        except OSError as error:
            raise self._failure.remember(
                f"serial line {self.url}: unplugged or dropped while sending ({error})"
            ) from error

    def read(self, wait: float) -> bytes:
        """Return what is there, after waiting at most ``wait`` seconds for the first octet.

        Errors are those of the system: what a broken line means is the caller's.
        """
        if self._selector is None:
            waiting = self._port.in_waiting or (1 if wait > 0 else 0)
            return bytes(self._port.read(waiting))
        if not self._selector.select(wait):
            return b""
        return bytes(self._port.read(_CHUNK))

    def unplugged(self, error: OSError, octets: bytes = b"") -> LinkError:
        """Return the error of a line that broke while receiving, remembered."""
        return self._failure.remember(
            f"serial line {self.url}: unplugged while receiving ({error})", octets)

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
