"""The emulated meter on its links answers a client that was not made here: dlms-cosem 21.3.2."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench.protocols.cosem.data import decode
from devices.emulators.dlms.hdlc_server import HdlcServer
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.line_time import LineSettings
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.process import Server
from devices.emulators.dlms.profile import MANAGEMENT, PUBLIC, READER, Settings
from devices.emulators.dlms.wrapper_server import WrapperServer

pytest.importorskip("dlms_cosem", reason="dlms-cosem is not installed")

from dlms_cosem import cosem, enumerations
from dlms_cosem.clients.dlms_client import DlmsClient

KEYS = derived(7)
Interface, Obis = enumerations.CosemInterface, cosem.Obis
CLOCK = cosem.CosemAttribute(Interface.CLOCK, Obis(0, 0, 1, 0, 0), 2)
OBJECTS = cosem.CosemAttribute(Interface.ASSOCIATION_LN, Obis(0, 0, 40, 0, 0), 2)

LINKS = [pytest.param("wrapper"), pytest.param("hdlc", marks=pytest.mark.skipif(
    os.name != "posix", reason="pseudo-terminals of POSIX"))]
CLIENTS = {
    PUBLIC.client: {},
    READER.client: {"authentication_method": enumerations.AuthenticationMechanism.LLS,
                    "password": KEYS.low_secret},
    MANAGEMENT.client: {"authentication_method": enumerations.AuthenticationMechanism.HLS_GMAC,
                        "encryption_key": KEYS.global_unicast,
                        "authentication_key": KEYS.authentication,
                        "client_system_title": b"BEN\0\0\0\0\1"},
}


@contextmanager
def associated(link: str, client: int) -> Iterator[Any]:
    meter = Meter(Settings(profile_rows=48), KEYS)
    served = WrapperServer(meter) if link == "wrapper" else HdlcServer(meter)
    with Server(meter, served, LineSettings()) as server:
        place = server.listen("127.0.0.1", 0) if link == "wrapper" else server.open_terminal("auto")
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with made(place, link, client).session() as talking:
                yield talking
        finally:
            server.stop()
            thread.join(10)


def made(place: str, link: str, client: int) -> Any:
    options = {**CLIENTS[client], "max_pdu_size": 1024, "timeout": 5}
    if link == "wrapper":
        host, _, port = place.removeprefix("socket://").partition(":")
        return DlmsClient.with_tcp_transport(host, int(port), client, 1, **options)
    return DlmsClient.with_serial_hdlc_transport(place, client, 1, 17, **options)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # it never closes its serial port
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("client", CLIENTS)
def test_it_reads_the_clock_and_the_object_list(link: str, client: int) -> None:
    with associated(link, client) as talking:
        clock = decode(bytes(talking.get(CLOCK)))[0].value
        objects = decode(bytes(talking.get(OBJECTS)))[0].value
    assert int.from_bytes(clock[:2], "big") == 2026
    assert len(objects) >= 7
