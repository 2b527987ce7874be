"""Values are checked by what their rows say, each time anew."""

from __future__ import annotations

from typing import Any

import pytest

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.gbcs.building import build
from bench.protocols.gbcs.templates import Shape


@pytest.fixture
def pair() -> Shape:
    """A structure with one element more on a meter with two measuring elements."""
    members = (Shape("name", tag=Tag.OCTET_STRING, size=2),
               Shape("factor", tag=Tag.LONG, only=(1, -1), default=1),
               Shape("second", tag=Tag.UNSIGNED, twin=True))
    return Shape("pair", members={member.name: member for member in members})


@pytest.mark.parametrize(("value", "expected"), [
    (None, ["0000", 1]), (["AB12", -1], ["AB12", -1]), ((b"\xab\x12", 1), ["AB12", 1]),
    ({"factor": -1}, ["0000", -1]), (["AB12", 1, 9], ["AB12", 1, 9]),
    ({"second": 9}, ["0000", 1, 9]), ([None, Data(Tag.LONG, 7)], ["0000", 7]),
])
def test_a_structure_is_given_by_its_elements_or_their_names(
    pair: Shape, value: Any, expected: list[Any]
) -> None:
    assert plain(build(pair, value)) == expected


@pytest.mark.parametrize(("value", "complaint"), [
    (["AB12"], r"pair: a list of 2 \(name, factor\)"), ("AB12", "pair: a list of 2"),
    ({"third": 1}, "pair: the members name, factor, second allowed, found third"),
    (["AB", 1], "name: 2 octets allowed, found 1"), (["XY12", 1], "name: octets, hex text or"),
    (["AB12", 2], "factor: only 1 or -1 allowed, found 2"),
    (["AB12", True], "factor: an integer -32768..32767 allowed, found True"),
    (["AB12", 1, 256], "second: an integer 0..255"),
])
def test_what_does_not_fit_is_named_however_often_it_was_right_before(
    pair: Shape, value: Any, complaint: str
) -> None:
    before = build(pair, ["AB12", 1])
    with pytest.raises(LocalProtocolError, match=complaint):
        build(pair, value)
    assert build(pair, ["AB12", 1]) == before


@pytest.mark.parametrize("count", [0, 3])
def test_an_array_has_as_many_elements_as_its_row_allows(pair: Shape, count: int) -> None:
    array = Shape("pairs", bounds=(1, 2), members={"pair": pair})
    assert plain(build(array)) == [["0000", 1]]
    with pytest.raises(LocalProtocolError, match=rf"a list of 1..2 elements.*{count} elements"):
        build(array, [None] * count)
