"""Clients that we did not write read the emulated DLMS meter, over either link.

``dlms-cosem`` 21.3.2 (MIT) is imported; ``gurux-dlms`` (GPL) runs as a process of its own. Each
reads the clock, the object list and a piece of the load profile with a password, and with
authentication by GMAC and ciphered APDUs; ``gurux-dlms`` with suites 1 and 2 too, and by ECDSA.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag, decode
from bench.protocols.dlms.security.keys import Keys
from bench.resources import ROOT
from devices import dlms_keys
from devices.dlms_keys import DlmsKeys
from devices.dlms_objects import read_objects
from devices.profile import load_profile

PROFILES = ROOT / "devices/profiles"
PEER = Path(__file__).with_name("gurux_client_peer.py")
UPPER, LOWER = 1, 17
LOAD_PROFILE = (1, 0, 99, 1, 0, 255)
SAPS = {"lls": 32, "hls": 48, "ecdsa": 51, "gmac": 51}
GMAC, ECDSA = 5, 7


class Served(NamedTuple):
    """A meter that is running."""

    link: str
    port: int
    keys: DlmsKeys


@contextmanager
def served(link: str, profile: str, folder: Path) -> Iterator[Served]:
    """Run a meter of a shipped profile, whose address has two octets: neither client has four."""
    text = (PROFILES / f"{profile}.yaml").read_text()
    copy = folder / "profile.yaml"
    copy.write_text(text.replace("address_octets: 4", "address_octets: 2").replace(
        ": emulated-dlms", f": {PROFILES}/emulated-dlms"))
    dlms_keys.make(folder / "keys", dlms_keys.needed(load_profile(copy).ixit["dlms"]),
                   seed="outside")
    command = [sys.executable, "-m", "bench.cli", "emulate", "dlms-meter", "--link", link,
               "--listen", "127.0.0.1:0", "--keys", str(folder / "keys"), "--profile", str(copy),
               "--parent-pipe"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = str(json.loads(process.stdout.readline())["line"])
        yield Served(link, int(line.rpartition(":")[2]), dlms_keys.load(folder / "keys"))
        process.stdin.close()
        process.wait(10)


@pytest.fixture(scope="module", params=["wrapper", "hdlc"])
def meter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
          ) -> Iterator[Served]:
    with served(request.param, "emulated-dlms-meter", tmp_path_factory.mktemp("meter")) as one:
        yield one


def declared(association: str, folder: str = "emulated-dlms-meter") -> set[tuple[int, str]]:
    """Return class and instance of every object that the profile declares for the association."""
    objects = read_objects(f"{folder}/{association}.yaml", PROFILES)
    return {(each.class_, each.obis) for each in objects}


# -- dlms-cosem ------------------------------------------------------------------------------------


class _Line:
    """A socket as the serial port that dlms-cosem's HDLC wants.

    It looks for flags only, and waits for ever behind a frame whose check sequence ends in 7E. So
    it is given whole frames, by their length, and nothing for each further look at the same one.
    """

    def __init__(self, line: socket.socket) -> None:
        self.write = line.sendall
        self._line = line
        self._buffer = b""
        self._looks = 0

    def read_until(self, _: bytes) -> bytes:
        if self._looks:
            self._looks -= 1
            return b""
        while len(self._buffer) < 3 or len(self._buffer) < self._length():
            arrived = self._line.recv(4096)
            assert arrived, "the meter hung up"
            self._buffer += arrived
        length = self._length()
        frame, self._buffer = self._buffer[:length], self._buffer[length:]
        self._looks = frame[1:-1].count(0x7E)
        return frame

    def _length(self) -> int:
        return 2 + ((self._buffer[1] & 7) << 8 | self._buffer[2])


def _cosem_client(meter: Served, association: str, line: socket.socket) -> Any:
    from dlms_cosem.clients.blocking_tcp_transport import BlockingTcpTransport
    from dlms_cosem.clients.dlms_client import DlmsClient
    from dlms_cosem.clients.hdlc_transport import SerialHdlcTransport
    from dlms_cosem.enumerations import AuthenticationMechanism

    sap, keys = SAPS[association], meter.keys.of(association).client
    if meter.link == "wrapper":
        transport: Any = BlockingTcpTransport("127.0.0.1", meter.port, sap, UPPER)
        transport.tcp_socket = line
    else:
        transport = SerialHdlcTransport(sap, UPPER, "", server_physical_address=LOWER,
                                        serial=_Line(line))
        transport.connect()
    ciphered = {"encryption_key": keys.global_unicast, "authentication_key": keys.authentication,
                "client_system_title": keys.own_title,
                "client_initial_invocation_counter": 1_000} if association == "hls" else {}
    return DlmsClient(
        client_logical_address=sap, server_logical_address=UPPER, io_interface=transport,
        authentication_method=(AuthenticationMechanism.HLS_GMAC if ciphered
                               else AuthenticationMechanism.LLS),
        password=None if ciphered else keys.secret, **ciphered)


def _read_by_cosem(meter: Served, association: str) -> tuple[datetime, set[tuple[int, str]], Data]:
    """Return the time, the object list and the load profile of two days."""
    from dlms_cosem import cosem
    from dlms_cosem.cosem.capture_object import CaptureObject
    from dlms_cosem.cosem.selective_access import RangeDescriptor
    from dlms_cosem.enumerations import CosemInterface

    time = cosem.CosemAttribute(CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0, 255), 2)
    objects = cosem.CosemAttribute(
        CosemInterface.ASSOCIATION_LN, cosem.Obis(0, 0, 40, 0, 0, 255), 2)
    buffer = cosem.CosemAttribute(
        CosemInterface.PROFILE_GENERIC, cosem.Obis(*LOAD_PROFILE), 2)
    logging.disable(logging.CRITICAL)  # it logs each APDU as a warning
    try:
        with socket.create_connection(("127.0.0.1", meter.port), timeout=5) as line:
            client = _cosem_client(meter, association, line)
            client.associate()
            now = _time(_whole(client.get(time)))
            listed = _whole(client.get(objects))
            rows = _whole(client.get(buffer, RangeDescriptor(
                CaptureObject(time), now - timedelta(days=2), now)))
            client.release_association()
    finally:
        logging.disable(logging.NOTSET)
    return now, {(each.value[0].value, obis.text(each.value[2].value))
                 for each in listed.value}, rows


WITHOUT_COSEM = pytest.mark.skipif(find_spec("dlms_cosem") is None, reason="no dlms-cosem here")
WITHOUT_GURUX = pytest.mark.skipif(find_spec("gurux_dlms") is None, reason="no gurux-dlms here")


@WITHOUT_COSEM
@pytest.mark.parametrize("association", ["lls", "hls"])
def test_dlms_cosem_reads_clock_objects_and_profile(meter: Served, association: str) -> None:
    now, listed, rows = _read_by_cosem(meter, association)
    assert listed >= declared(association)
    times = [_time(row.value[0]) for row in rows.value]
    assert len(times) in (96, 97)  # both ends of two days
    assert all(later - earlier == timedelta(minutes=30) for earlier, later in pairwise(times))
    assert now - timedelta(minutes=30) < times[-1] <= now


@WITHOUT_COSEM
@WITHOUT_GURUX
def test_both_clients_are_told_the_same_objects(meter: Served) -> None:
    listed = _read_by_cosem(meter, "lls")[1]
    assert _objects(_read_by_gurux(meter, "lls")) == listed
    assert len(listed) > 50


def _whole(octets: bytes) -> Data:
    data, end = decode(octets)
    assert end == len(octets)
    return data


def _time(data: Data) -> datetime:
    assert data.tag is Tag.OCTET_STRING
    octets = data.value
    return datetime(octets[0] << 8 | octets[1], octets[2], octets[3],  # noqa: DTZ001  as read
                    *octets[5:8])


# -- gurux-dlms ------------------------------------------------------------------------------------


def _read_by_gurux(meter: Served, association: str, mechanism: int = GMAC,
                   keys: Keys | None = None) -> Any:
    keys = keys or meter.keys.of(association).client
    ciphered, signed = association != "lls", mechanism == ECDSA
    asked = {
        "host": "127.0.0.1", "port": meter.port, "link": meter.link, "client": SAPS[association],
        "mechanism": mechanism if ciphered else 1, "secret": "" if ciphered else _hex(keys.secret),
        "suite": keys.suite, "title": keys.own_title.hex(),
        "key": _hex(keys.global_unicast) if ciphered else "",
        "authentication": _hex(keys.authentication), "counter": 1_000_000,
        "signing": _private(keys.signing) if signed else "",
        "verifying": _public(keys.peer_signing) if signed else ""}
    ended = subprocess.run([sys.executable, str(PEER)], input=json.dumps(asked), text=True,
                           capture_output=True, timeout=60, check=False)
    assert not ended.returncode, ended.stderr
    return json.loads(ended.stdout)


def _objects(found: Any) -> set[tuple[int, str]]:
    return {(number, obis.text(bytes(map(int, name.split("."))))) for number, name
            in found["objects"]}


@WITHOUT_GURUX
@pytest.mark.parametrize("association", ["lls", "hls"])
def test_gurux_dlms_reads_clock_objects_and_profile(meter: Served, association: str) -> None:
    found = _read_by_gurux(meter, association)
    assert _objects(found) >= declared(association)
    assert found["rows"] == [found["columns"]] * 2
    assert found["columns"] == 4
    assert found["clock"]
    assert found["name"] == "SMB0000000000001"


@WITHOUT_GURUX
@pytest.mark.parametrize(("suite", "association", "mechanism", "objects"), [
    (1, "hls", GMAC, "hls"), (1, "ecdsa", ECDSA, "further"), (2, "gmac", GMAC, "further")])
def test_gurux_dlms_reads_with_suites_1_and_2(
        tmp_path: Path, suite: int, association: str, mechanism: int, objects: str) -> None:
    """Not by ECDSA with suite 2: it cannot sign on P-384."""
    with served("wrapper", f"emulated-dlms-suite-{suite}", tmp_path) as meter:
        found = _read_by_gurux(meter, association, mechanism)
    assert _objects(found) >= declared(objects, "emulated-dlms-suites")
    assert found["name"] == "SMB0000000000001"


@WITHOUT_GURUX
def test_gurux_dlms_refuses_a_signature_of_another_meter(tmp_path: Path) -> None:
    """So what it verified above is the meter's signature; it ends in a mistake of its own."""
    with served("wrapper", "emulated-dlms-suite-1", tmp_path) as meter:
        keys = meter.keys.of("ecdsa").client
        assert keys.signing is not None
        own = replace(keys, peer_signing=keys.signing.public_key())
        with pytest.raises(AssertionError, match="in parseApplicationAssociationResponse"):
            _read_by_gurux(meter, "ecdsa", ECDSA, own)


def _hex(key: bytes | None) -> str:
    return (key or b"").hex()


def _private(key: ec.EllipticCurvePrivateKey | None) -> str:
    assert key is not None
    return f"{key.private_numbers().private_value:0{key.key_size // 4}x}"


def _public(key: ec.EllipticCurvePublicKey | None) -> str:
    assert key is not None
    return key.public_bytes(serialization.Encoding.X962,
                            serialization.PublicFormat.UncompressedPoint).hex()
