"""The wrapper: what is written, read from any stream, and spoilt on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.wrapper import (
    MUTATIONS,
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
