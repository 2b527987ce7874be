"""Whether responses fit the types of their use case: against messages made elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.protocols.cosem.access import AccessResponse, AccessResult, Choice, decode_payload
from bench.protocols.cosem.data import Data, Tag, compact_array
from bench.protocols.gbcs.commands import build_command, steps
from bench.protocols.gbcs.fitting import MOST, misfits
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


def read(*data: Data) -> AccessResponse:
    """A response to a read, all of it successful."""
    return AccessResponse(0, b"", (), data, tuple(AccessResult(Choice.GET, 0) for _ in data))


def numbers(*values: int, tag: Tag = Tag.DOUBLE_LONG_UNSIGNED) -> Data:
    return Data(Tag.ARRAY, tuple(Data(tag, value) for value in values))


def scaler_unit(*members: Data) -> tuple[Data, ...]:
    value = Data(Tag.DOUBLE_LONG_UNSIGNED, 1)
    right = Data(Tag.STRUCTURE, (Data(Tag.INTEGER, 0), Data(Tag.ENUM, 32)))
    return value, Data(Tag.STRUCTURE, members), value, right


@pytest.mark.parametrize(("use_case", "data", "seen"), [
    ("ECS26f", (numbers(1, 2),), []),
    ("ECS26f", (numbers(1, 2, 3),), ["thresholds: expected at most 2 elements, found 3"]),
    ("ECS26f", (numbers(1, 2, tag=Tag.LONG_UNSIGNED),),
     ["threshold[0]: expected DOUBLE_LONG_UNSIGNED, found LONG_UNSIGNED",
      "threshold[1]: expected DOUBLE_LONG_UNSIGNED, found LONG_UNSIGNED"]),
    ("ECS26f", (Data(Tag.UNSIGNED, 1),), ["expected a list, found UNSIGNED"]),
    ("ECS17a", scaler_unit(Data(Tag.INTEGER, 0), Data(Tag.ENUM, 30)), []),
    ("ECS17a", scaler_unit(Data(Tag.INTEGER, 0), Data(Tag.ENUM, 27)),
     ["unit[1]: expected (30,), found 27"]),
    ("ECS17a", scaler_unit(Data(Tag.INTEGER, 0)),
     ["scaler_unit: expected 2 elements, found 1"]),
])
def test_what_stands_in_lists_is_checked_too(
    use_case: str, data: tuple[Data, ...], seen: list[str]
) -> None:
    found = [text.partition(": ")[2] for text in misfits(use_case, read(*data))]
    assert [text.replace("scal_unit_type", "scaler_unit") for text in found] == seen


def test_entries_of_a_log_are_checked_and_a_long_list_of_complaints_is_cut() -> None:
    tags = (Tag.DOUBLE_LONG_UNSIGNED, Tag.LONG_UNSIGNED, Tag.OCTET_STRING)
    assert misfits("ECS35a", read(compact_array(tags, [(1, 2, b""), (1, 2, bytes(8))]))) == []
    long = misfits("ECS35a", read(compact_array(tags, [(1, 2, bytes(9))])))
    assert long == ["7/0-0:99.98.0.255/a2: entry_eventLogEntry8[0]: otherInformation[2]: "
                    "expected 8 octets, found 9"]
    wrong = compact_array((Tag.UNSIGNED,) * 3, [(1, 2, 3)] * 100)
    assert len(misfits("ECS35a", read(wrong))) == MOST


def test_decrypted_values_are_checked_by_their_rows() -> None:
    (step,) = steps("ECS19")
    sealed = read(Data(Tag.STRUCTURE, ()))
    amounts = Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG, 1),) * 6)
    assert misfits("ECS19", sealed, opened={step.key: (amounts,)}) == []
    wrong = misfits("ECS19", sealed, opened={step.key: (Data(Tag.DOUBLE_LONG, 1),)})
    assert wrong == ["1/0-0:94.44.34.30/a2: expected a list, found DOUBLE_LONG"]


def test_what_was_asked_for_says_how_many_elements_there_must_be() -> None:
    keys = [step.key for step in steps("ECS61d") if step.optional]
    request = build_command("ECS61d", dict.fromkeys(keys[1:]))
    short = read(Data(Tag.VISIBLE_STRING, "Heating"))
    assert misfits("ECS61d", short, request=request) == ["1 results for 3 elements"]
    assert misfits("ECS61d", short) == []
