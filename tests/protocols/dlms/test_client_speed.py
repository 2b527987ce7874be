"""Reading the clock costs the client a good deal less than the codec of another library."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import pytest

from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.selective_access import CLOCK
from bench.protocols.dlms import apdu
from bench.protocols.dlms.association import Parameters
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import carry

get = pytest.importorskip("dlms_cosem.protocol.xdlms.get", reason="dlms-cosem is not installed")
cosem = pytest.importorskip("dlms_cosem.cosem")
enumerations = pytest.importorskip("dlms_cosem.enumerations")
utils = pytest.importorskip("dlms_cosem.utils")
time = pytest.importorskip("dlms_cosem.time")

TIME = bytes.fromhex("07E40B1D070F1E2D00FFC400")
ANSWERS = [apdu.GetResponseNormal(0xC0 | invoke, Data(Tag.OCTET_STRING, TIME)).encode()
           for invoke in range(16)]


def ours() -> Callable[[], None]:
    client = Client(Parameters())

    line: list[bytes] = []

    def read() -> None:
        found = carry(client.get(CLOCK), line.append,
                      lambda: ANSWERS[line.pop()[2] & 0x0F])
        assert found.data is not None
        assert date_time.decode(found.data.value).year == 2020

    return read


def theirs() -> Callable[[], None]:
    clock = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK,
                                 cosem.Obis(0, 0, 1, 0, 0, 255), 2)

    def read() -> None:
        get.GetRequestNormal(cosem_attribute=clock).to_bytes()
        answer = get.GetResponseFactory.from_bytes(ANSWERS[1])
        moment, _ = time.datetime_from_bytes(utils.parse_as_dlms_data(answer.data))
        assert moment.year == 2020

    return read


def seconds(read: Callable[[], None], times: int = 300) -> float:
    start = perf_counter()
    for _ in range(times):
        read()
    return perf_counter() - start


def test_a_clock_is_read_leanly() -> None:
    here, there = ours(), theirs()
    rounds = [(seconds(here), seconds(there)) for _ in range(15)]  # in turn: the machine is shared
    fastest, peer = (min(times) for times in zip(*rounds, strict=True))
    assert fastest * 1.5 < peer
