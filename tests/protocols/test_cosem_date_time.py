"""The date-time of GBCS: UTC, with open fields, and the values for now and never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.date_time import NEVER, NOW, DateTime, decode, encode


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_back_to_the_hundredth(instant: datetime) -> None:
    found = decode(encode(instant)).as_datetime()
    assert timedelta(0) <= instant - found < timedelta(milliseconds=10)


@given(st.binary(min_size=12, max_size=12))
def test_any_12_octets_are_read_back(octets: bytes) -> None:
    assert decode(octets).encode() == octets
    assert decode(octets).text()


def test_an_instant_is_written_as_gbcs_writes_it() -> None:
    instant = datetime(2015, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=1)))
    assert encode(instant).hex() == "07df0101ff000000008000ff"


def test_now_and_never_are_told_from_instants() -> None:
    assert NOW.hex() == "0000000000000000008000ff"
    assert NEVER.hex() == "ffffffffffffffffff8000ff"
    assert (decode(NOW).is_now, decode(NOW).is_never, decode(NOW).text()) == (True, False, "now")
    assert (decode(NEVER).is_now, decode(NEVER).text()) == (False, "never")
    for special in (NOW, NEVER):
        with pytest.raises(LocalProtocolError, match="names no instant"):
            decode(special).as_datetime()


def test_a_deviation_counts_from_local_time_to_utc() -> None:
    summer = DateTime(2020, 6, 1, 1, 12, 0, 0, 0, -60, 0)
    assert summer.as_datetime() == datetime(2020, 6, 1, 11, tzinfo=UTC)


def test_open_fields_show_as_open() -> None:
    assert DateTime(month=12, day=25).text() == "*-12-25T*:*:*Z"


def test_a_time_without_zone_and_a_short_one_are_refused() -> None:
    with pytest.raises(LocalProtocolError, match="no time zone"):
        date_time.encode(datetime(2020, 1, 1))  # noqa: DTZ001
    with pytest.raises(RemoteProtocolError, match="12 octets"):
        decode(bytes(11))
