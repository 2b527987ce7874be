"""What the DER codec writes, against asn1crypto."""

from __future__ import annotations

from asn1crypto import core, parser
from hypothesis import given
from hypothesis import strategies as st

from bench.protocols.gbcs.asn1 import der


@given(st.integers(-1 << 63, (1 << 63) - 1))
def test_a_number_takes_the_fewest_octets(number: int) -> None:
    assert der.integer_contents(number) == core.Integer(number).contents


@given(st.sets(st.integers(0, der.MOST_BITS - 1)).map(sorted))
def test_a_named_bit_list_ends_with_its_last_bit(bits: list[int]) -> None:
    line = tuple(int(bit in bits) for bit in range(max(bits, default=-1) + 1))
    assert der.bit_contents(bits) == core.BitString(line).contents


@given(st.sampled_from((der.INTEGER, der.SEQUENCE, 0x80, 0xA3)),
       st.sampled_from((0, 1, 127, 128, 255, 256, 70_000)))
def test_a_length_has_the_shortest_form(tag: int, length: int) -> None:
    contents = bytes(length)
    assert der.write(tag, contents) == parser.emit(tag >> 6, tag >> 5 & 1, tag & 0x1F, contents)
