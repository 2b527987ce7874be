"""The meter behind the wrapper of TCP: ports are the SAPs of client and logical device.

IEC 62056-47. A TCP connection carries any clients; their associations end with it. A header with
another version ends the connection's stream: nothing more is read from it. APDUs for a port that
the meter does not have are not answered.
"""

from __future__ import annotations

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.wrapper import HEADER, Wrapped, WrapperStream, encode
from devices.emulators.dlms.meter import Meter


class WrapperServer:
    """Serves ``meter`` on one connection at a time; sans-IO."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._faults = meter.faults
        self._stream = WrapperStream()
        self._pairs: set[tuple[int, int]] = set()
        self._deaf = False
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """Nothing here waits for a time."""
        return None

    def closed(self) -> None:
        """The connection is gone, and each association with it."""
        for pair in sorted(self._pairs):
            self._meter.disconnect(*pair)
        self._pairs.clear()
        self._stream.drop()
        self._out.clear()

    def receive(self, octets: bytes, _now: float) -> None:
        """Take what arrived."""
        if self._deaf:
            return
        if "wrapper-version-not-checked" in self._faults:
            octets = _with_version(self._stream.pending, octets)
        try:
            found = self._stream.feed(octets)
            while found:
                for one in found:
                    self._serve(one)
                found = self._stream.feed(b"")
        except RemoteProtocolError:
            self._deaf = "wrapper-silent-after-odd-header" in self._faults
        if "wrapper-cut-apdu-served" in self._faults and len(self._stream.pending) > HEADER.size:
            cut = self._stream.drop()
            _, source, destination, _ = HEADER.unpack_from(cut)
            self._serve(Wrapped(source, destination, cut[HEADER.size :]))

    def time_passed(self, _now: float) -> None:
        """Send what the meter pushes."""
        self._push()

    def outgoing(self) -> list[bytes]:
        """Return what to send."""
        out, self._out = self._out, []
        return out

    def _serve(self, one: Wrapped) -> None:
        client, server = one.source, one.destination
        if server not in self._meter.servers:
            if "wrapper-unknown-port-served" not in self._faults:
                return
            server = self._meter.servers[0]
        if (client, server) not in self._pairs:
            self._pairs.add((client, server))
            self._meter.connect(client, server)
        for apdu in self._meter.take(client, server, one.apdu):
            self._send(one.destination, client, apdu)
        self._push()

    def _push(self) -> None:
        """Send what the meter pushes, to the clients of this connection."""
        for push in self._meter.drain():
            if (push.client, push.server) in self._pairs:
                self._send(push.server, push.client, push.apdu)

    def _send(self, source: int, destination: int, apdu: bytes) -> None:
        if "wrapper-ports-not-swapped" in self._faults:
            source, destination = destination, source
        octets = encode(source, destination, apdu)
        if "wrapper-length-wrong" in self._faults:
            octets = octets[:6] + (len(apdu) + 1).to_bytes(2, "big") + octets[8:]
        self._out.append(octets)


def _with_version(pending: bytes, octets: bytes) -> bytes:
    """Return ``octets`` with version 1 in the header that they begin, if they begin one."""
    return octets if pending or len(octets) < HEADER.size else b"\x00\x01" + octets[2:]
