"""The emulated DLMS meter answers a client that was not made here: dlms-cosem 21.3.2 (MIT).

Its client runs over a transport in memory, APDU by APDU, without a link.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.protocols.cosem.data import Tag, decode
from devices.emulators.dlms.keys import MeterKeys, derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import MANAGEMENT, Settings

dlms_cosem = pytest.importorskip("dlms_cosem")

from dlms_cosem import cosem, enumerations, exceptions  # noqa: E402
from dlms_cosem.clients.dlms_client import DataResultError, DlmsClient, HLSError  # noqa: E402
from dlms_cosem.cosem.selective_access import CaptureObject, RangeDescriptor  # noqa: E402

KEYS = derived(7)
PUBLIC, READER, MANAGER = 16, 32, 48
Interface, Obis = enumerations.CosemInterface, cosem.Obis
CLOCK = cosem.CosemAttribute(Interface.CLOCK, Obis(0, 0, 1, 0, 0), 2)
OBJECTS = cosem.CosemAttribute(Interface.ASSOCIATION_LN, Obis(0, 0, 40, 0, 0), 2)
PROFILE = cosem.CosemAttribute(Interface.PROFILE_GENERIC, Obis(1, 0, 99, 1, 0), 2)
START = datetime(2026, 2, 27, 9, tzinfo=UTC)


class Transport:
    """One connection of one client, in memory."""

    def __init__(self, meter: Meter, client: int) -> None:
        self._meter, self._place = meter, (client, 1)

    def connect(self) -> None:
        self._meter.connect(*self._place)

    def disconnect(self) -> None:
        self._meter.disconnect(*self._place)

    def send(self, octets: bytes) -> bytes:
        [answer] = self._meter.take(*self._place, octets)
        return answer


def _options(client: int, keys: MeterKeys) -> dict[str, Any]:
    mechanism = enumerations.AuthenticationMechanism
    if client == READER:
        return {"authentication_method": mechanism.LLS, "password": keys.low_secret}
    if client == MANAGER:
        return {"authentication_method": mechanism.HLS_GMAC,
                "encryption_key": keys.global_unicast, "client_system_title": b"BEN\0\0\0\0\1",
                "authentication_key": keys.authentication}
    return {}


def _client(meter: Meter, client: int, keys: MeterKeys = KEYS, **options: Any) -> DlmsClient:
    return DlmsClient(client, 1, Transport(meter, client), max_pdu_size=512,
                      **_options(client, keys) | options)


@contextmanager
def _associated(client: int, **settings: Any) -> Iterator[DlmsClient]:
    with _client(Meter(Settings(**settings), KEYS), client).session() as talking:
        yield talking


def _value(octets: bytes) -> Any:
    data, end = decode(octets)
    assert end == len(octets)
    return data.value


@pytest.mark.parametrize("client", [PUBLIC, READER, MANAGER])
def test_it_reads_the_clock(client: int) -> None:
    with _associated(client) as talking:
        octets = _value(talking.get(CLOCK))
    assert int.from_bytes(octets[:2], "big") == START.year
    assert (octets[2], octets[3], octets[5]) == (START.month, START.day, START.hour)


@pytest.mark.parametrize(("client", "least"), [(PUBLIC, 7), (READER, 50), (MANAGER, 65)])
def test_it_reads_the_object_list_in_blocks(client: int, least: int) -> None:
    with _associated(client) as talking:
        rows = _value(talking.get(OBJECTS))
    keys = {(row.value[0].value, row.value[2].value) for row in rows}
    assert len(keys) == len(rows) >= least
    assert {(15, bytes((0, 0, 40, 0, 0, 255))), (17, bytes((0, 0, 41, 0, 0, 255))),
            (1, bytes((0, 0, 42, 0, 0, 255)))} <= keys


@pytest.mark.parametrize("client", [READER, MANAGER])
def test_it_reads_a_profile_by_range(client: int) -> None:
    clock = CaptureObject(CLOCK)
    asked = RangeDescriptor(clock, START.replace(hour=7), START)
    with _associated(client) as talking:
        rows = _value(talking.get(PROFILE, asked))
    times = [row.value[0].value for row in rows]
    assert [(time[5], time[6]) for time in times] == [
        (7, 0), (7, 30), (8, 0), (8, 30), (9, 0)]
    assert [len(row.value) for row in rows] == [4] * 5


def test_it_reads_a_profile_of_thousands_of_rows() -> None:
    with _associated(MANAGER, profile_rows=3_000) as talking:
        rows = _value(talking.get(PROFILE))
    assert len(rows) == 3_000
    assert [row.value[2].tag for row in rows[:1]] == [Tag.DOUBLE_LONG_UNSIGNED]


def test_what_is_not_listed_for_the_public_is_refused_to_it() -> None:
    with _associated(PUBLIC) as talking, pytest.raises(DataResultError, match="OBJECT_UNDEFINED"):
        talking.get(PROFILE)


def test_a_wrong_password_does_not_associate() -> None:
    meter = Meter(Settings(), KEYS)
    talking = _client(meter, READER, password=b"another")
    talking.connect()
    with pytest.raises(exceptions.DlmsClientException, match="AUTHENTICATION_FAIL"):
        talking.associate()


def test_a_wrong_authentication_key_does_not_associate() -> None:
    meter = Meter(Settings(), KEYS)
    talking = _client(meter, MANAGER, authentication_key=bytes(16))
    talking.connect()
    with pytest.raises(exceptions.DlmsClientException):
        talking.associate()


@pytest.mark.parametrize("length", [8, 16, 31])  # it fails above 127 octets of AARQ
def test_both_challenges_may_have_any_length(length: int) -> None:
    meter = Meter(Settings(challenge_octets=length), KEYS)
    talking = _client(meter, MANAGER)
    talking.dlms_connection.client_to_meter_challenge = bytes(range(length))
    with talking.session():
        assert len(_value(talking.get(CLOCK))) == 12


def test_a_wrong_answer_to_a_challenge_is_noticed_by_the_client() -> None:
    meter = Meter(Settings(), KEYS, faults=frozenset({"challenge-answer-wrong-for-odd"}))
    talking = _client(meter, MANAGER)
    talking.dlms_connection.client_to_meter_challenge = bytes(range(9))
    talking.connect()
    with pytest.raises(HLSError):
        talking.associate()


def test_a_client_goes_on_from_the_counter_that_the_meter_shows() -> None:
    meter = Meter(Settings(), KEYS)
    with _client(meter, MANAGER).session() as talking:
        talking.get(CLOCK)
    with _client(meter, PUBLIC).session() as talking:
        shown = _value(talking.get(cosem.CosemAttribute(Interface.DATA, Obis(0, 0, 43, 1, 0), 2)))
    with _client(meter, MANAGER, client_initial_invocation_counter=shown + 1).session() as talking:
        assert len(_value(talking.get(CLOCK))) == 12


def test_it_writes_and_acts() -> None:
    settings = Settings(associations=(MANAGEMENT,))
    meter = Meter(settings, KEYS)
    with _client(meter, MANAGER).session() as talking:
        switch = cosem.CosemAttribute(Interface.DISCONNECT_CONTROL, Obis(0, 0, 96, 3, 10), 2)
        assert _value(talking.get(switch)) is True
        talking.action(cosem.CosemMethod(Interface.DISCONNECT_CONTROL, Obis(0, 0, 96, 3, 10), 1),
                       b"\x0f\x00")
        assert _value(talking.get(switch)) is False
        zone = cosem.CosemAttribute(Interface.CLOCK, Obis(0, 0, 1, 0, 0), 3)
        answer = talking.set(zone, b"\x10\x00\x3c")
        assert answer.result == enumerations.DataAccessResult.SUCCESS
        assert _value(talking.get(zone)) == 60
