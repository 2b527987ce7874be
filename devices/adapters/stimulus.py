"""Ports ``time``, ``load``, ``mains``, ``controls`` and ``tamper`` of an emulator.

Calls go as JSON lines over loopback TCP (:mod:`.stimulus_channel`). The channel can move a
device's time and open its covers, so nothing but loopback is accepted.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.errors import LinkError, NotTestableHere, RemoteProtocolError, RigError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.options import positive
from devices.adapters.stimulus_channel import (
    MAX_LINE,
    NOT_TESTABLE,
    Request,
    decode_reply,
    encode_request,
)

_ENERGIES = ("active_import_wh", "active_export_wh", "reactive_import_varh",
             "reactive_export_varh")


class Stimulus:
    """The stimulus channel of one emulator.

    ``address`` is ``HOST:PORT`` with a loopback host (``[::1]:PORT`` for IPv6); ``timeout_s`` how
    long one call may take, which has to cover a year of simulated time. Raises
    :class:`RigError` for anything else.
    """

    provides = ("time", "load", "mains", "controls", "tamper")
    emulated = True

    def __init__(self, *, address: str, timeout_s: float = 60.0) -> None:
        self._host, self._port = _loopback(address)
        self._address = address
        self._timeout = positive("timeout_s", timeout_s)
        self._failure = FirstFailure()
        self._socket: socket.socket | None = None
        self._arrived = b""

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Connect; an emulator that is not there is a LinkError."""
        self._failure.check()
        try:
            self._socket = socket.create_connection((self._host, self._port), self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise self._failure.remember(f"stimulus channel {self._address}: {error}") from error

    def deactivate(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._arrived = b""

    # time

    def now(self) -> datetime:
        """Return the emulator's reference time, UTC."""
        text = self._call("time", "now")
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise self._strange("a time in ISO 8601", text) from error
        if moment.utcoffset() != timedelta(0):
            raise self._strange("a time in UTC", text)
        return moment.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Jump ``seconds`` ahead."""
        self._call("time", "advance", seconds=seconds)

    def shift_reference(self, seconds: float) -> None:
        """Move the hub's clock against the device's own."""
        self._call("time", "shift_reference", seconds=seconds)

    def synchronise(self) -> None:
        """Have the device compare its clock with the hub's now."""
        self._call("time", "synchronise")

    # load

    def set(self, *, active_import_w: float = 0, active_export_w: float = 0,
            reactive_import_var: float = 0, reactive_export_var: float = 0) -> None:
        """Let this flow until changed."""
        self._call("load", "set", active_import_w=active_import_w,
                   active_export_w=active_export_w, reactive_import_var=reactive_import_var,
                   reactive_export_var=reactive_export_var)

    def energy(self) -> Mapping[str, float]:
        """Return what has flowed since the emulator started, Wh and varh."""
        value = self._call("load", "energy")
        if not isinstance(value, dict) or set(value) != set(_ENERGIES):
            raise self._strange(f"a mapping of {', '.join(_ENERGIES)}", value)
        if not all(isinstance(item, int | float) for item in value.values()):
            raise self._strange("numbers", value)
        return {name: float(item) for name, item in value.items()}

    # mains

    def set_voltage(self, volts: float) -> None:
        """Supply ``volts`` (RMS)."""
        self._call("mains", "set_voltage", volts=volts)

    def off(self) -> None:
        """Cut the supply of the meter."""
        self._call("mains", "off")

    def on(self) -> None:
        """Restore the supply of the meter."""
        self._call("mains", "on")

    # controls

    def press(self, control: str) -> None:
        """Operate a consumer's control."""
        self._call("controls", "press", control=control)

    def contactor(self) -> str:
        """Return ``closed`` or ``open``."""
        value = self._call("controls", "contactor")
        if value not in ("closed", "open"):
            raise self._strange("closed or open", value)
        return str(value)

    # tamper

    def apply(self, interference: str) -> None:
        """Begin an interference."""
        self._call("tamper", "apply", interference=interference)

    def clear(self, interference: str) -> None:
        """End an interference."""
        self._call("tamper", "clear", interference=interference)

    def _call(self, port: str, method: str, **arguments: Any) -> Any:
        self._failure.check()
        line = self._exchange(encode_request(Request(port, method, arguments)))
        try:
            reply = decode_reply(line)
        except RemoteProtocolError as error:
            raise self._failure.remember(
                f"stimulus channel {self._address}: {port}.{method}: {error}", line) from error
        if reply.error and reply.kind == NOT_TESTABLE:
            raise NotTestableHere(f"{port}.{method}: {reply.error}")
        if reply.error:
            raise self._failure.remember(
                f"stimulus channel {self._address}: {port}.{method}: {reply.error}")
        return reply.result

    def _exchange(self, request: bytes) -> bytes:
        if self._socket is None:
            raise self._failure.remember(f"stimulus channel {self._address}: used while not active")
        deadline = time.monotonic() + self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(request)
            while b"\n" not in self._arrived and len(self._arrived) <= MAX_LINE:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
                octets = self._socket.recv(MAX_LINE)
                if not octets:
                    raise self._failure.remember(
                        f"stimulus channel {self._address}: the emulator closed it",
                        self._arrived)
                self._arrived += octets
        except TimeoutError as error:
            raise self._failure.remember(
                f"stimulus channel {self._address}: no reply within {self._timeout} s",
                self._arrived) from error
        except OSError as error:
            raise self._failure.remember(
                f"stimulus channel {self._address}: {error}", self._arrived) from error
        line, _, self._arrived = self._arrived.partition(b"\n")
        return line

    def _strange(self, expected: str, found: object) -> Exception:
        return self._failure.remember(
            f"stimulus channel {self._address}: expected {expected}, found {found!r}")


def _loopback(address: str) -> tuple[str, int]:
    wrong = RigError(f"address: expected HOST:PORT on loopback, "
                     f"found {address!r}")
    if not isinstance(address, str):
        raise wrong
    host, _, port = address.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise wrong
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise wrong from None
    if not loopback:
        raise wrong
    return host, int(port)
