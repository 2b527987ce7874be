"""Commands built from the tables, and what others' devices answer to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from protocol_parties import DEVICE, SUPPLIER, Vector

from bench.errors import LocalProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.access import (
    AccessRequest,
    AccessResponse,
    AccessResult,
    Choice,
    decode_payload,
)
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.gbcs import sensitive, use_cases
from bench.protocols.gbcs.commands import (
    ALIASES,
    LOG_EPOCH,
    build_command,
    read_response,
    steps,
)
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.use_cases import USE_CASES

COMMANDS = sorted(
    use_case.id for use_case in USE_CASES.values()
    if use_case.protocol == "DLMS" and use_case.rows and use_case.category.startswith("SME.C"))


def test_every_dlms_use_case_of_an_esme_has_a_command() -> None:
    assert len(COMMANDS) == 110
    without = [u.id for u in USE_CASES.values()
               if "ESME" in u.target and u.rows and u.id not in COMMANDS]
    assert without == ["ECS80"]  # an alert


@pytest.mark.parametrize("use_case_id", COMMANDS)
def test_a_command_needs_no_values(use_case_id: str) -> None:
    request = build_command(use_case_id, counter=0x1000001, originator=SUPPLIER, recipient=DEVICE)
    assert request.specifications
    assert request.long_invoke_id == 0x20000001
    assert decode_payload(request.encode()) == request


def values_of(request: AccessRequest, use_case_id: str) -> dict[str, Any]:
    """Return the values with which a command must be built to be this one."""
    values: dict[str, Any] = {
        step.key: None for step in steps(use_case_id) if step.optional}
    for specification, data in zip(request.specifications, request.data, strict=True):
        values.pop(specification.key, None)
        if specification.parameters is not None:
            values["from"], values["to"] = (
                limit.value + LOG_EPOCH for limit in specification.parameters.value[1:3])
        elif specification.class_id == 30:
            between = sensitive.read_request(data)[0].between
            if between:
                values["from"], values["to"] = (
                    date_time.decode(limit).as_datetime() for limit in between)
        elif specification.choice in (Choice.SET, Choice.ACTION):
            values[specification.key] = plain(data)
    return values


def test_the_reference_commands_are_rebuilt_octet_for_octet(vectors: list[Vector]) -> None:
    rebuilt = 0
    for vector in vectors:
        if vector.payload != "AccessRequest":
            continue
        use_case = use_cases.use_case(vector.code)
        message = vector.message
        request = decode_payload(message.payload)
        assert isinstance(request, AccessRequest)
        built = build_command(
            use_case.id, values_of(request, use_case.id), counter=message.originator_counter,
            originator=message.supplementary_remote_party or message.originator,
            recipient=message.recipient)
        assert built.encode() == message.payload, vector.name
        rebuilt += 1
    assert rebuilt == 175


def test_constants_are_those_of_the_tables(vectors: list[Vector]) -> None:
    for code in ("ECS42", "ECS43", "ECS44", "ECS05"):
        seen = next(v for v in vectors if v.name.startswith(f"{code}_") and v.cra == "command")
        request = decode_payload(seen.message.payload)
        assert isinstance(request, AccessRequest)
        assert build_command(code).data == request.data


def test_the_clock_is_set_within_an_interval() -> None:
    start, end = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)
    request = build_command("ECS70", {"from": start, "to": end})
    assert [(item.choice, item.key.rpartition("/")[2]) for item in request.specifications] == [
        (Choice.SET, "a9"), (Choice.ACTION, "m5"), (Choice.ACTION, "m4"), (Choice.GET, "a2"),
        (Choice.GET, "a4")]
    assert plain(request.data[1]) == [
        "FFFFFFFFFFFFFFFFFF8000FF", date_time.encode(start).hex().upper(),
        date_time.encode(end).hex().upper()]


@pytest.mark.parametrize("start", [
    datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC).timestamp(),
    "2020-01-01T00:00:00Z"])
def test_a_log_is_read_from_a_time_in_any_form(start: Any) -> None:
    request = build_command("ECS35a", {"from": start})
    parameters = request.specifications[0].parameters
    assert parameters is not None
    assert parameters.value[1].value == 20 * 365.25 * 86400  # seconds since 2000


def test_text_and_times_are_written_as_octets() -> None:
    assert build_command("ECS10", {"message": "Hello"}).data[0].value == b"Hello"
    assert build_command("ECS50", {"number": "4321"}).data[0].value == b"4321"
    restricted = build_command("ECS12", {"from": "2030-01-01T00:00:00Z"}).data[0].value
    assert restricted == date_time.encode(datetime(2030, 1, 1, tzinfo=UTC))
    for word, octets in (("now", date_time.NOW), ("never", date_time.NEVER)):
        assert build_command("ECS12", {"from": word}).data[0].value == octets


def test_an_optional_specification_can_be_left_out() -> None:
    keys = [step.key for step in steps("ECS46a")]
    request = build_command("ECS46a", {keys[0]: None, keys[1]: "Heating"})
    assert [item.key for item in request.specifications] == keys[1:]
    assert request.data[0] == Data(Tag.VISIBLE_STRING, "Heating")


@pytest.mark.parametrize(("use_case_id", "values", "complaint"), [
    ("ECS99", {}, "no use case 'ECS99'"),
    ("GCS23", {}, "not a command with a DLMS payload"),
    ("ECS80", {}, "not a command with a DLMS payload"),
    ("ECS38", {"limits": 5}, "ECS38 has no value 'limits'; it has 1/0-0:94.44.0.1/a2, limit"),
    ("ECS42", {"from": 5}, "no value 'from'"),
    ("ECS38", {"limit": "5"}, "an integer 0..65535 allowed, found '5'"),
    ("ECS35a", {"from": []}, "a time is wanted"),
    ("ECS34", {"21/0-0:16.0.0.255/a2": 5}, "a list of 2..2 elements allowed, found 5"),
    ("ECS70", {"8/0-0:1.0.0.255/m5": {"preset": 1}}, "allowed, found preset"),
    ("ECS70", {"8/0-0:1.0.0.255/m5": [1]}, r"a list of 3 \(preset_time"),
    ("ECS50", {"number": 7}, "octets, hex text or a datetime"),
])
def test_a_value_that_does_not_fit_is_our_own_mistake(
    use_case_id: str, values: Mapping[str, Any], complaint: str
) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        build_command(use_case_id, values)


def test_every_alias_names_a_value() -> None:
    for use_case_id, aliases in ALIASES.items():
        keys = {step.key for step in steps(use_case_id)}
        assert all(path[0] in keys for path in aliases.values()), use_case_id


def test_a_response_is_read_under_the_keys_of_its_use_case() -> None:
    done, refused = AccessResult(Choice.GET, 0), AccessResult(Choice.GET, 3)
    response = AccessResponse(0, b"", (), (Data(Tag.LONG_UNSIGNED, 7), Data(Tag.NULL_DATA, None),
                                           Data(Tag.LONG_UNSIGNED, 9)), (done, refused, done))
    assert read_response("ECS26c", response) == [
        ("1/0-0:94.44.0.0/a2", 7), ("1/0-0:94.44.0.2/a2", {"error": "read-write-denied"}),
        ("1/0-0:94.44.0.1/a2", 9)]


def test_a_sensitive_response_is_read_under_the_keys_of_its_attributes(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = command(cra=Cra.RESPONSE, originator=DEVICE, recipient=SUPPLIER)
    sealed = sensitive.seal((Data(Tag.UNSIGNED, 5),), message, keys)
    response = AccessResponse(0, b"", (), (sealed,), (AccessResult(Choice.ACTION, 0),))
    read = read_response("ECS19", response, message=message, keys=keys)
    assert read == [("1/0-0:94.44.34.30/a2", 5)]
    assert read_response("ECS19", response)[0][0] == "30/0-0:43.2.1.255/m1"
