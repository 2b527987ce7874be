"""Whether responses fit the types of their use case: against messages made elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.protocols.cosem.access import AccessResponse, decode_payload
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.fitting import misfits
from bench.protocols.gbcs.message import parse
from bench.protocols.gbcs.use_cases import USE_CASES, by_code

RESPONSE = b"\xda"


def responses(shared: Path) -> list[tuple[str, AccessResponse]]:
    found = []
    for file in sorted((shared / "vectors" / "rtds" / "messages").glob("*/*RESPONSE*.HEX")):
        message = parse(bytes.fromhex(file.read_text().strip()))
        use_case = by_code(message.message_code)
        if message.payload[:1] == RESPONSE and use_case is not None:
            payload = decode_payload(message.payload)
            assert isinstance(payload, AccessResponse)
            found.append((use_case.id, payload))
    return found


def test_every_reference_response_fits_the_types_of_its_use_case(shared: Path) -> None:
    found = responses(shared)
    assert len(found) > 100
    assert [(name, misfits(name, response)) for name, response in found
            if misfits(name, response)] == []


@pytest.mark.parametrize(("data", "seen"), [
    (Data(Tag.OCTET_STRING, b"\0\0\0"), "expected 4 octets, found 3"),
    (Data(Tag.DOUBLE_LONG_UNSIGNED, 1), "expected OCTET_STRING, found DOUBLE_LONG_UNSIGNED"),
])
def test_a_value_of_another_type_or_length_is_named(data: Data, seen: str, shared: Path) -> None:
    good = next(response for name, response in responses(shared) if name == "ECS52"
                and not response.results[0].code)
    assert misfits("ECS52", replace(good, data=(data,))) == [f"1/0-0:0.2.1.255/a2: {seen}"]


def test_a_response_with_an_element_too_few_is_named(shared: Path) -> None:
    good = next(response for name, response in responses(shared) if name == "ECS17a")
    short = replace(good, data=good.data[:1], results=good.results[:1])
    assert misfits("ECS17a", short) == [
        f"1 results for {len({row.key for row in USE_CASES['ECS17a'].rows})} elements"]
