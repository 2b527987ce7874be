"""The wrapper: what is written, read from any stream, and spoilt on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.wrapper import (
    LARGEST,
    MUTATIONS,
    Headers,
    Wrapped,
    WrapperStream,
    encode,
    mutate,
)

ports = st.integers(0, 0xFFFF)
wrapped = st.builds(Wrapped, ports, ports, st.binary(max_size=300))


@given(st.lists(wrapped, max_size=6), st.lists(st.integers(1, 50), min_size=1))
def test_apdus_come_out_of_a_stream_however_it_is_cut(sent: list[Wrapped],
                                                      cuts: list[int]) -> None:
    stream = b"".join(encode(*one) for one in sent)
    reader, found, start, turn = WrapperStream(), [], 0, 0
    while start < len(stream):
        end = start + cuts[turn % len(cuts)]
        found += reader.feed(stream[start:end])
        start, turn = end, turn + 1
    assert found == sent
    assert reader.pending == b""


@given(wrapped)
def test_another_library_reads_what_we_write(one: Wrapped) -> None:
    theirs = pytest.importorskip("dlms_cosem.wrappers", reason="dlms-cosem is not installed")
    header = theirs.WrapperHeader.from_bytes(encode(*one)[:8])
    assert (header.source_wport, header.destination_wport, header.length) == (
        one.source, one.destination, len(one.apdu))
    assert header.to_bytes() == encode(*one)[:8]


def test_a_wrong_version_is_told_after_what_came_before_it_and_until_dropped() -> None:
    reader = WrapperStream()
    good = encode(16, 1, b"\xc0")
    assert reader.feed(good + mutate(good, "version-2")) == [Wrapped(16, 1, b"\xc0")]
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="wrapper version 0001, found 0002"):
            reader.feed(good)
    reader.drop()
    assert reader.feed(good) == [Wrapped(16, 1, b"\xc0")]


@given(wrapped)
def test_headers_made_once_are_those_made_each_time(one: Wrapped) -> None:
    headers = Headers(one.source, one.destination)
    for _ in range(2):
        assert headers.encode(one.apdu) == encode(*one)


def test_headers_are_refused_as_without_them() -> None:
    with pytest.raises(LocalProtocolError, match="0 to 65535"):
        Headers(70_000, 1)
    headers = Headers(16, 1)
    with pytest.raises(LocalProtocolError, match="length of 65536"):
        headers.encode(bytes(LARGEST + 1))
    assert headers.encode(bytes(LARGEST)) == encode(16, 1, bytes(LARGEST))


@given(wrapped, st.integers(0, 63), st.binary(max_size=9))
def test_one_whole_apdu_is_taken_at_once_and_all_else_is_left(
        one: Wrapped, bit: int, more: bytes) -> None:
    reader, awaited, octets = WrapperStream(), Headers(*one[:2]), encode(*one)
    assert reader.take_one(octets, awaited) == one.apdu
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    others = [bytes(changed), octets[:-1], octets[:7], b"", octets + b"\0" + more]
    assert [reader.take_one(other, awaited) for other in others] == [None] * len(others)
    assert reader.feed(octets[:5]) == []
    assert reader.take_one(octets, awaited) is None
    assert reader.feed(octets[5:]) == [one]
    assert reader.take_one(octets, awaited) == one.apdu


def test_nothing_is_taken_at_once_after_an_error_or_beyond_the_largest_apdu() -> None:
    reader, awaited, good = WrapperStream(), Headers(16, 1), encode(16, 1, b"\xc0")
    assert reader.take_one(good + bytes(LARGEST), awaited) is None
    with pytest.raises(RemoteProtocolError):
        reader.feed(mutate(good, "version-2"))
    assert reader.take_one(good, awaited) is None
    reader.drop()
    assert reader.take_one(good, awaited) == b"\xc0"


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_changes_the_octets(name: str) -> None:
    right = encode(16, 1, b"\xc0\x01\xc1")
    assert mutate(right, name) != right


def test_fields_that_do_not_fit_and_mutations_that_are_none_are_refused() -> None:
    with pytest.raises(LocalProtocolError, match="0 to 65535"):
        encode(70_000, 1, b"")
    with pytest.raises(LocalProtocolError, match="0 to 65535"):
        encode(1, 1, bytes(70_000))
    with pytest.raises(LocalProtocolError, match="no mutation"):
        mutate(b"", "unheard-of")
    with pytest.raises(LocalProtocolError, match="does not change"):
        mutate(encode(16, 1, b""), "apdu-missing")
