"""A client of DLMS reading a clock over loopback, against plain sockets and two other stacks.

The responder is a process of its own that answers with made-up octets. Plain sockets send the same
octets as our client and read as many; ``gurux-dlms`` runs as a process of its own.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from time import monotonic, perf_counter, process_time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms import hdlc_frame, wrapper
from bench.protocols.dlms.association import Parameters
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange, carry
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_events import Received
from bench.protocols.dlms.hdlc_frame import Frame, FrameType
from bench.protocols.dlms.hdlc_parameters import DEFAULT
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import BOTH, Envelope
from bench.protocols.dlms.security.securing import Security
from benchmarks.measure import Result, Rounds, Target, alternate, stopwatch

HERE = Path(__file__).parent
CLOCK = Attribute(8, obis.parse("0-0:1.0.0.255"), 2)
NOW = bytes.fromhex("07EA0B1D070C1E0000000000")
TIME = Data(Tag.OCTET_STRING, NOW)
CLIENT, SERVER = 16, 1
CLIENT_KEYS = Keys(
    0, bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E"),
    global_unicast=bytes(range(16)), authentication=bytes(range(0xD0, 0xE0)))
SERVER_KEYS = Keys(
    0, CLIENT_KEYS.peer_title, CLIENT_KEYS.own_title,
    global_unicast=CLIENT_KEYS.global_unicast, authentication=CLIENT_KEYS.authentication)
INVOKE_IDS = [0xC0 | number for number in range(1, 16)]
GENERAL = BOTH._replace(envelope=Envelope.GENERAL)

WRAPPER, HDLC, GMAC = "wrapper", "hdlc", "gmac"
NAMES = {WRAPPER: "GET clock, wrapper", HDLC: "GET clock, HDLC over TCP",
         GMAC: "GET clock, wrapper, GMAC and encryption"}
OF_RAW = {WRAPPER: 0.8, HDLC: 0.7, GMAC: 0.8}
OF_PEERS = Target("at least", 1.5)
FRAMES_A_SECOND = 500_000
RESPONSE = 10.0  # seconds: the time-out that each side's socket has, as that of dlms-cosem


class Answers(NamedTuple):
    """What the responder says: once, then again and again."""

    framing: str
    cycle: Sequence[bytes]
    opening: Sequence[bytes] = ()


def run(quick: bool) -> Iterator[Result]:
    """Yield, for each kind, the speed of ours over that of plain sockets and of either stack."""
    logging.disable(logging.CRITICAL)  # dlms-cosem logs each APDU as a warning
    try:
        with ExitStack() as opened:
            responder = opened.enter_context(closing(Program("dlms_responder.py")))
            gurux = opened.enter_context(closing(Program("dlms_gurux_peer.py"))) \
                if find_spec("gurux_dlms") else None
            for kind in NAMES:
                yield from _compare(kind, responder, gurux, quick)
    finally:
        logging.disable(logging.NOTSET)
    yield _frames(quick)


class Program:
    """A program beside this one that answers lines of JSON."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / name)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def ask(self, **request: Any) -> Any:
        """Return the answer to ``request``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def serve(self, answers: Answers) -> int:
        """Have the next connection served by a responder; return its port."""
        return int(self.ask(framing=answers.framing,
                            opening=[octets.hex() for octets in answers.opening],
                            cycle=[octets.hex() for octets in answers.cycle])["port"])

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _compare(kind: str, responder: Program, gurux: Program | None, quick: bool
             ) -> Iterator[Result]:
    count = 60 if quick else 1_500

    def sides(clock: Callable[[], float]) -> dict[str, Callable[[], float]]:
        def measured(work: Callable[[socket.socket, int], None], answers: Answers
                     ) -> Callable[[], float]:
            def side() -> float:
                with _connected(responder.serve(answers)) as line:
                    begin = clock()
                    work(line, count)
                    return clock() - begin

            return side

        def ask_gurux() -> float:
            assert gurux is not None
            answers = _answers(kind, count, BOTH, [INVOKE_IDS[0]])
            return float(gurux.ask(
                port=responder.serve(answers), kind=kind, count=count, clock=clock.__name__,
                key=(CLIENT_KEYS.global_unicast or b"").hex(),
                authentication=(CLIENT_KEYS.authentication or b"").hex(),
                client=CLIENT_KEYS.own_title.hex(), server=CLIENT_KEYS.peer_title.hex())["seconds"])

        ours = _answers(kind, count, BOTH, INVOKE_IDS, opened=kind == HDLC)
        bare = _answers(kind, count, BOTH, INVOKE_IDS)
        found: dict[str, Callable[[], float]] = {
            "ours": measured(_OURS[kind], ours), "bare": measured(_bare(kind, count), bare)}
        if find_spec("dlms_cosem"):
            peer = import_module("benchmarks.dlms_cosem_peer")
            found["dlms-cosem"] = measured(
                peer.reader(kind, CLIENT_KEYS, NOW),
                _answers(kind, count, GENERAL, [INVOKE_IDS[0]], opened=kind == HDLC))
        if gurux is not None:
            found["gurux-dlms"] = ask_gurux
        return found

    every = sides(perf_counter)
    pair = alternate({side: every[side] for side in ("ours", "bare")}, 1 if quick else 61)
    waited, worked = (alternate(each, 1 if quick else 9) for each in (every, sides(process_time)))
    figures = ", ".join(
        f"{name} {count / (pair if name in pair.seconds else waited).median(name):,.0f}/s"
        for name in every)
    yield Result(f"{NAMES[kind]}, of plain sockets", pair.ratio("bare", "ours"),
                 Target("at least", OF_RAW[kind]), _HOW[kind], figures)
    for name in _HOW_PEER:
        yield _against(kind, name, waited)
        yield _work_against(kind, name, worked, count)


def _against(kind: str, name: str, waited: Rounds) -> Result:
    title, how = f"{NAMES[kind]}, of {name}", _HOW_PEER[name]
    if name not in waited.seconds:
        return Result(title, None, OF_PEERS, how, f"{name} is not installed here")
    return Result(f"{title} {version(name)}", waited.ratio(name, "ours"), OF_PEERS, how,
                  f"plain sockets: {waited.ratio(name, 'bare'):.2f} times {name}, which is the "
                  "most that any client comes to on this machine")


def _work_against(kind: str, name: str, worked: Rounds, count: int) -> Result:
    title, how = f"{NAMES[kind]}, work beside the sockets, of {name}", _HOW_WORK
    if name not in worked.seconds:
        return Result(title, None, OF_PEERS, how, f"{name} is not installed here")
    theirs, ours = (worked.median(side) - worked.median("bare") for side in (name, "ours"))
    return Result(title, theirs / ours if ours > 0 else None, OF_PEERS, how,
                  f"ours {ours / count * 1e6:.1f} us a read, {name} {theirs / count * 1e6:.1f} us")


_HOW = {
    WRAPPER: "loopback, the responder a process of its own; ours with the exchange of Client.get() "
             "and the decoded Data as result, all reads one exchange; plain sockets send the same "
             "octets and read as many; time on the clock, the median of rounds of these two",
    HDLC: "as with the wrapper; one I frame each way on a connected link",
    GMAC: "as with the wrapper; the bare side calls cryptography's AESGCM for the request and, for "
          "the answer, Cipher with a tag of 12 octets, which AESGCM does not know",
}
_HOW_WORK = "processor time of the client's process, less that of plain sockets on the same line"
_HOW_PEER = {
    "dlms-cosem": "DlmsClient.get() of a pre-established association, which returns octets that "
                  "are not decoded; ciphered in general-glo, the only form it has; HDLC over a "
                  "buffered socket in place of its serial port",
    "gurux-dlms": "read(), getData() and updateValue() of its secure client, a process of its own",
}


def _connected(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.settimeout(RESPONSE)
    return line


# -- what goes over the line -----------------------------------------------------------------------


def _answers(kind: str, count: int, protection: Any, invoke_ids: Sequence[int], *,
             opened: bool = False) -> Answers:
    """Return answers to ``count`` reads; with ``opened``, the link is connected first."""
    plain = [b"\xc4\x01%c\x00\x09\x0c" % number + NOW for number in invoke_ids]
    if kind == WRAPPER:
        return Answers("wrapper", [wrapper.encode(SERVER, CLIENT, apdu) for apdu in plain])
    if kind == GMAC:
        meter = Security(SERVER_KEYS)
        return Answers("wrapper", [
            wrapper.encode(SERVER, CLIENT, meter.protect(apdu, protection, counter=counter))
            for counter, apdu in enumerate(islice(cycle(plain), count), 1)])
    own, peer = Address(SERVER), Address(CLIENT)
    frames = [Frame(FrameType.I, peer, own, True, b"\xe6\xe7\0" + apdu,
                    send_number=number % 8, receive_number=(number + 1) % 8).encode()
              for number, apdu in zip(range(8 * len(plain)), cycle(plain), strict=False)]
    agreed = Frame(FrameType.UA, peer, own, information=DEFAULT.encode()).encode()
    return Answers("hdlc", frames, [agreed] if opened else [])


def _requests(kind: str, count: int) -> list[bytes]:
    """Return what our client sends, request by request."""
    client = _client(kind)
    requests = []
    for number in range(count if kind == GMAC else 8 * len(INVOKE_IDS)):
        apdu = next(client.get(CLOCK))
        requests.append(wrapper.encode(CLIENT, SERVER, apdu) if kind != HDLC else Frame(
            FrameType.I, Address(SERVER), Address(CLIENT), True, b"\xe6\xe6\0" + apdu,
            send_number=number % 8, receive_number=number % 8).encode())
    return requests


# -- ours ------------------------------------------------------------------------------------------


def _client(kind: str) -> Client:
    client = Client(Parameters(), Security(CLIENT_KEYS) if kind == GMAC else None)
    if kind == GMAC:
        client.channel.protection = BOTH
    return client


def _by_wrapper(kind: str) -> Callable[[socket.socket, int], None]:
    def read(line: socket.socket, count: int) -> None:
        client, stream = _client(kind), wrapper.WrapperStream()
        sent, awaited = wrapper.Headers(CLIENT, SERVER), wrapper.Headers(SERVER, CLIENT)

        def send(apdu: bytes) -> None:
            line.sendall(sent.encode(apdu))

        def receive() -> bytes:
            octets = line.recv(4096)
            apdu = stream.take_one(octets, awaited)
            while apdu is None:
                arrived = stream.feed(octets)
                apdu, octets = (arrived[0].apdu, b"") if arrived else (None, line.recv(4096))
            return apdu

        carry(_reads(client, count), send, receive)

    return read


def _by_hdlc(line: socket.socket, count: int) -> None:
    client, link = _client(HDLC), ClientLink(Address(CLIENT), Address(SERVER))

    def flush() -> None:
        for octets in link.outgoing(monotonic()):
            line.sendall(octets)

    def send(apdu: bytes) -> None:
        frame = link.request(apdu, monotonic())
        if frame is None:
            link.send(apdu)
            flush()
        else:
            line.sendall(frame)

    def receive() -> bytes:
        octets = line.recv(4096)
        pdu = link.take_one(octets, monotonic())
        while pdu is None:
            told = link.receive(octets, monotonic())
            flush()
            if told:
                assert isinstance(told[0], Received)
                pdu = told[0].pdu
            else:
                octets = line.recv(4096)
        return pdu

    link.connect()
    flush()
    while not link.receive(line.recv(4096), monotonic()):
        pass
    carry(_reads(client, count), send, receive)


def _reads(client: Client, count: int) -> Exchange[None]:
    for _ in range(count):
        result = yield from client.get(CLOCK)
        assert result.data == TIME


_OURS: Mapping[str, Callable[[socket.socket, int], None]] = {
    WRAPPER: _by_wrapper(WRAPPER), HDLC: _by_hdlc, GMAC: _by_wrapper(GMAC)}


# -- plain sockets ---------------------------------------------------------------------------------


def _bare(kind: str, count: int) -> Callable[[socket.socket, int], None]:
    requests = _requests(kind, count)
    length = len(_answers(kind, 1, BOTH, INVOKE_IDS).cycle[0])

    def read(line: socket.socket, count: int) -> None:
        for request in islice(cycle(requests), count):
            line.sendall(request)
            received = line.recv(length)
            while len(received) < length:
                received += line.recv(length - len(received))

    def read_ciphered(line: socket.socket, count: int) -> None:
        key, additional = CLIENT_KEYS.global_unicast, b"\x30" + (CLIENT_KEYS.authentication or b"")
        assert key is not None
        encrypt, algorithm = AESGCM(key).encrypt, algorithms.AES(key)
        own, peer = CLIENT_KEYS.own_title, CLIENT_KEYS.peer_title
        apdus = [b"\xc0\x01%c" % number + requests_tail for number in INVOKE_IDS]
        for number, apdu in enumerate(islice(cycle(apdus), count)):
            invocation = number.to_bytes(4, "big")
            line.sendall(head + invocation + encrypt(own + invocation, apdu, additional)[:-4])
            received = line.recv(length)
            while len(received) < length:
                received += line.recv(length - len(received))
            mode = modes.GCM(peer + received[11:15], received[-12:], 12)
            opened = Cipher(algorithm, mode).decryptor()
            opened.authenticate_additional_data(additional)
            text = opened.update(received[15:-12]) + opened.finalize()
            assert text[-12:] == NOW

    if kind != GMAC:
        return read
    head, requests_tail = requests[0][:11], next(_client(WRAPPER).get(CLOCK))[3:]
    return read_ciphered


# -- frames ----------------------------------------------------------------------------------------


def _frames(quick: bool) -> Result:
    frames = [octets[1:-1] for octets in _answers(HDLC, 1, BOTH, INVOKE_IDS).cycle]
    times = 2 if quick else 400

    def ours() -> None:
        for _ in range(times):
            for octets in frames:
                hdlc_frame.decode(octets)

    rounds = alternate({"ours": stopwatch(ours, process_time)}, 1 if quick else 15)
    rate = times * len(frames) / rounds.median("ours")
    return Result(
        f"HDLC frames checked and parsed, of {FRAMES_A_SECOND:,} a second",
        rate / FRAMES_A_SECOND, Target("at least", 1),
        f"hdlc_frame.decode() of {len(frames)} different I frames of {len(frames[0]) + 2} octets, "
        "the answers to a read of the clock: format, addresses, control, HCS, FCS; processor time",
        f"{rate:,.0f} frames a second")
