"""A-XDR data, read back by a library that others wrote (dlms-cosem 21.3.2, MIT)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.protocols.cosem.data import Data, Tag, encode

utils = pytest.importorskip("dlms_cosem.utils", reason="dlms-cosem is not installed")

# The types that both can read; dlms-cosem 21.3.2 reads no text, bit strings or compact arrays.
NUMBERS = {
    Tag.INTEGER: (-(1 << 7), (1 << 7) - 1), Tag.LONG: (-(1 << 15), (1 << 15) - 1),
    Tag.DOUBLE_LONG: (-(1 << 31), (1 << 31) - 1), Tag.UNSIGNED: (0, 0xFF),
    Tag.LONG_UNSIGNED: (0, 0xFFFF), Tag.DOUBLE_LONG_UNSIGNED: (0, 0xFFFFFFFF),
    Tag.LONG64: (-(1 << 63), (1 << 63) - 1), Tag.LONG64_UNSIGNED: (0, (1 << 64) - 1),
    Tag.ENUM: (0, 0xFF),
}
leaves = st.one_of(
    *(st.integers(*bounds).map(lambda value, tag=tag: Data(tag, value))
      for tag, bounds in NUMBERS.items()),
    st.binary(max_size=300).map(lambda value: Data(Tag.OCTET_STRING, value)),
    st.booleans().map(lambda value: Data(Tag.BOOLEAN, value)),
    st.just(Data(Tag.NULL_DATA, None)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5).map(
        lambda items: Data(Tag.STRUCTURE, tuple(items))),
    max_leaves=20)


def as_theirs(data: Data) -> Any:
    if data.tag is Tag.STRUCTURE:
        return [as_theirs(item) for item in data.value]
    return bytearray(data.value) if data.tag is Tag.OCTET_STRING else data.value


@settings(deadline=None, max_examples=200)
@given(trees)
def test_another_library_reads_what_we_write(data: Data) -> None:
    assert utils.parse_as_dlms_data(encode(data)) == as_theirs(data)
