"""One door over all payload kinds: commands built, messages read, against what others made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol_parties import DEVICE, SUPPLIER, Vector

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import access
from bench.protocols.cosem.access import AccessResponse, AccessResult, Choice, DataNotification
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import asn1, explain, gbz, payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.use_cases import OLDER, TABLED, UNNAMED

COMMANDS = [known.id for known in use_cases.every_use_case() if known.is_command]
KINDS = {"DLMS": "AccessRequest", "GBZ": "GBZ", "ASN.1": "ASN.1"}


def message(code: int, payload: bytes, cra: Cra = Cra.RESPONSE) -> Message:
    return Message(cra, 1, DEVICE, SUPPLIER, code, payload)


# what others made


def test_every_reference_command_is_built_again_from_its_decoded_values(
    vectors: list[Vector]
) -> None:
    built = Counter[str]()
    for vector in vectors:
        if vector.cra != "command":
            continue
        sent = vector.message
        octets = payloads.build(
            use_cases.use_case(sent.message_code).id, payloads.command_values(sent),
            counter=sent.originator_counter,
            originator=sent.supplementary_remote_party or sent.originator,
            recipient=sent.recipient)
        assert octets == sent.payload, vector.name
        built[vector.payload] += 1
    assert built == {"AccessRequest": 175, "GBZ": 93, "ASN.1": 51}


def expected_result(vector: Vector) -> str:
    """What the file's name says; a command for later is accepted, whatever comes of it."""
    if vector.cra == "command":
        return "none"
    if vector.cra == "alert":
        return "success" if "8F66" in vector.name else "failure" if "8F67" in vector.name \
            else "none"
    failed = ("ERROR" in vector.name or "NOT_FOUND" in vector.name) \
        and not ("FUTURE_DATED" in vector.name and vector.payload == "ASN.1")
    return "failure" if failed else "success"


def test_every_reference_message_is_read_fits_its_table_and_gives_what_its_name_says(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    requests = {(v.code, v.message.originator_counter, v.message.recipient): v.message
                for v in vectors if v.cra == "command"}
    seen, encrypted = Counter[str](), Counter[str]()
    for vector in vectors:
        sent = vector.message
        request = requests.get((vector.code, sent.originator_counter, sent.originator)) \
            if vector.cra == "response" else None
        reading = payloads.read(sent, reference_keys, request)
        assert reading.kind == vector.payload, vector.name
        assert reading.result == expected_result(vector), (vector.name, reading.codes)
        assert reading.misfits == (), vector.name
        assert reading.encrypted == reading.decrypted, vector.name
        assert all(part.key for value in reading.values for part in value.parts()), vector.name
        if vector.cra == "alert":
            assert f"{reading.alert_code:04X}" in vector.name or "ALERT_DBCH09" in vector.name
            assert reading.alert_time.startswith(("2015-01-01", "2030-")), vector.name
        seen[vector.cra] += 1
        encrypted[reading.kind] += reading.encrypted
    assert seen == {"command": 319, "response": 242, "alert": 40}
    assert encrypted["AccessResponse"] == 11
    assert encrypted["DataNotification"] == 2
    assert encrypted["GBZ"] >= 5


def test_values_have_names_units_and_clauses(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    def parts(name: str) -> dict[str, tuple[Any, str, str]]:
        vector = next(v for v in vectors if v.name == name)
        reading = payloads.read(vector.message, reference_keys)
        return {part.key: (part.value, part.unit, part.clauses)
                for value in reading.values for part in value.parts()}

    export = parts("ECS17a_4.2_SUCCESS_RESPONSE_GBCS.HEX")
    assert export["3/1-0:2.8.0.255/a2"] == (10, "Wh", "SMETS 5.7.5.2")
    assert export["3/1-0:4.8.0.255/a2"] == (20, "varh", "SMETS 5.7.5.29")
    twin = parts("ECS17b_4.1.1_TWIN_SUCCESS_RESPONSE_GBCS.HEX")
    assert twin["1/0-0:94.44.34.10/a2.second_active_import_value"] == (10, "Wh", "SMETS 5.13.2.11")
    billing = parts("ECS68_NA_8F0A_SINGLE_ALERT_GBCS.HEX")
    assert billing["7/0-0:98.1.0.255/a2[0].activeImportRegisterValue"] == (
        10435000, "Wh", "SMETS 5.7.5.10 / 5.13.2.3")
    balances = parts("ECS21b_4.14_KRP_SUCCESS_RESPONSE_GBCS.HEX")
    assert balances["7/0-0:98.1.8.255/a2[0].meterBalanceValue"][1] == "10^-5 currency unit"
    gas = parts("GCS13a_4.1.1_SUCCESS_RELIABLE_GPF_RESPONSE_GBCS.HEX")
    assert gas["Metering/current_summation_delivered"] == (12345, "1/1000 m3", "SMETS 4.6.5.4")
    top_ups = parts("GCS15e_4.4.5_SUCCESS_RESPONSE_GBCS.HEX")
    assert top_ups["Prepayment/PublishTopUpLog/top_up_payload.0.top_up_time"] == (
        472849920, "s since 2000-01-01 UTC", "SMETS 4.6.5.3")
    firmware = parts("CS06_11.3_IMMEDIATE_SUCCESS_RESPONSE_GBCS.HEX")
    assert firmware["executionOutcome.firmwareVersion"][0] == "0123ABCE"


def test_the_outcome_of_a_future_dated_command_names_command_and_object(
    vectors: list[Vector]
) -> None:
    name = "ECS03_1.6_8F66_FUTURE_DATED_TWIN_SUCCESS_ALERT_PAYMENT_MODE_GBCS.HEX"
    reading = payloads.read(next(v for v in vectors if v.name == name).message)
    assert reading.plain_values() == {
        "message_code": "ECS03", "originator_counter": 1011,
        "object": "111/0-1:19.0.0.255/a13", "result": "success"}
    name = "GCS02_1.6_8F66_FUTURE_DATED_SUCCESS_ALERT_CHANGE_PAYMENT_MODE_GBCS.HEX"
    values = payloads.read(next(v for v in vectors if v.name == name).message).plain_values()
    assert (values["message_code"], values["command"], values["result"]) == (
        "GCS02", "ChangePaymentMode", "success")


# every command


@pytest.mark.parametrize("use_case_id", COMMANDS)
def test_a_command_of_any_kind_needs_no_values_and_is_read_again(use_case_id: str) -> None:
    known = use_cases.use_case(use_case_id)
    octets = payloads.build(use_case_id, counter=77, originator=SUPPLIER, recipient=DEVICE)
    if not octets:
        pytest.fail("no octets")
    reading = payloads.read(message(known.code, octets, Cra.COMMAND))
    assert reading.kind == KINDS[known.protocol or ""]
    again = payloads.build(
        use_case_id, payloads.command_values(message(known.code, octets, Cra.COMMAND)),
        counter=77, originator=SUPPLIER, recipient=DEVICE)
    assert again == octets


def test_commands_are_as_many_as_the_tables_have() -> None:
    counted = Counter((known.status, known.protocol) for known in use_cases.every_use_case()
                      if known.is_command)
    assert counted[TABLED, "DLMS"] == 110
    assert counted[TABLED, "GBZ"] == 55
    assert counted[OLDER, "DLMS"] == 10
    assert counted[UNNAMED, "ASN.1"] + counted["outside the use-case table", "ASN.1"] == 28
    assert sum(counted.values()) == len(COMMANDS) == 207


@pytest.mark.parametrize("use_case_id", COMMANDS)
def test_the_values_that_a_command_takes_are_listed(use_case_id: str) -> None:
    waiting = list(explain.parameters(use_case_id))
    while waiting:
        parameter = waiting.pop()
        waiting += parameter.members
        assert parameter.name
        assert parameter.form
        assert ("mapping" in parameter.form) == bool(parameter.members)


@pytest.mark.parametrize("use_case_id", ["ECS68", "00CC", "PECS01", "1000"])
def test_an_alert_is_no_command(use_case_id: str) -> None:
    with pytest.raises(LocalProtocolError, match="is not a command"):
        payloads.build(use_case_id)
    assert explain.parameters(use_case_id) == ()


def test_the_security_use_cases_repeat_counter_and_mode() -> None:
    plain = asn1.decode(0x0102, Cra.COMMAND, payloads.build(
        "CS02b-supplierBySupplier", counter=77))
    control = plain["authorisingRemotePartyControl"]
    assert control["credentialsReplacementMode"] == "supplierBySupplier"
    assert control["authorisingRemotePartySeqNumber"] == 77
    plain = asn1.decode(0x0012, Cra.COMMAND, payloads.build("CS06", {
        "manufacturerImageHash": "AB" * 32, "executionDateTime": None}, counter=78))
    assert plain == {"manufacturerImageHash": "AB" * 32, "originatorCounter": 78}
    cell = "authorisingRemotePartyTACellIdentifier.trustAnchorCellRemotePartyRole"
    plain = asn1.decode(0x0008, Cra.COMMAND, payloads.build("CS02a", {cell: "supplier"}))
    assert plain["authorisingRemotePartyTACellIdentifier"][
        "trustAnchorCellRemotePartyRole"] == "supplier"


def test_a_field_of_a_gas_command_may_be_named_alone() -> None:
    named = payloads.build("GCS23", {"PublishCalorificValue.calorific_value": 400})
    nested = payloads.build("GCS23", {"PublishCalorificValue": {"calorific_value": 400}})
    assert named == nested != payloads.build("GCS23")


# what does not fit


@pytest.mark.parametrize(("use_case_id", "values", "complaint"), [
    ("ECS38", {"limit": 1800}, r"SMETS 5\.7\.4\.33.*0\.\.1799 allowed, found 1800"),
    ("ECS38", {"limit": -1}, r"0\.\.65535 allowed, found -1"),
    ("ECS38", {"limit": True}, r"0\.\.65535 allowed, found True"),
    ("ECS42", {"9/0-0:10.0.106.255/m1": 52}, "only 51 allowed, found 52"),
    ("ECS08a", {"11/0-1:11.0.2.255/a2": [[1, "FFFF071DFF", 1]] * 21},
     r"list of 0\.\.20 elements allowed, found 21 elements"),
    ("ECS08a", {"10/0-1:12.0.1.255/a2": []}, r"list of 1\.\.22 elements allowed"),
    ("ECS08a", {"11/0-1:11.0.2.255/a2": [[1, "FFFF071D", 1]]}, "5 octets allowed, found 4"),
    ("ECS39b", {"mpan": "12"}, "13 octets allowed, found 2"),
    ("ECS10", {"message": "x" * 117}, "at most 116 octets allowed, found 117"),
    ("ECS10", {"message": "tab\t"}, "allowed, found 'tab"),
    ("ECS46a", {"1/0-0:94.44.0.11/a2": "x" * 23}, "at most 22 characters"),
    ("ECS02", {"111/0-1:19.0.0.255/a2": {"payment_mode": 3}}, "only 1 or 2 allowed, found 3"),
    ("ECS25a", {"1/0-30:97.98.11.255/a2": "01"}, "512 bits allowed, found 2"),
    ("ECS28a", {"9000/0-0:94.44.0.3/a4": 1}, "true or false allowed, found 1"),
    ("ECS35a", {"from": "yesterday"}, "a time is wanted"),
    ("ECS35a", {"from": 1e30}, "a time is wanted"),
    ("CS06", {"manufacturerImageHash": 5}, "CS06: "),
    ("CS06", {"imageHash": "00"}, "imageHash"),
    ("CS08", {"value": 5}, "it has no values"),
    ("CS04B", {"device": "00"}, "it has only value"),
    ("GCS23", {"PublishPrice": {}}, "PublishPrice"),
    ("GCS24a", {"SetSupplyStatus": {"supply_tamper_state": 7}}, "GCS24a"),
    ("ECS99", {}, "no use case 'ECS99'; near to it are"),
])
def test_a_value_that_does_not_fit_names_the_row_what_is_allowed_and_what_was_found(
    use_case_id: str, values: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        payloads.build(use_case_id, values)


def test_a_test_may_go_beyond_what_the_service_would_send_but_not_beyond_the_type() -> None:
    assert payloads.build("ECS38", {"limit": 1800}, beyond_limits=True)
    with pytest.raises(LocalProtocolError):
        payloads.build("ECS38", {"limit": 65_536}, beyond_limits=True)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=10), inner, max_size=3), max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(use_case_id=st.sampled_from(COMMANDS), data=st.data())
def test_any_value_is_built_or_refused_with_a_reason(use_case_id: str, data: st.DataObject) -> None:
    names = [parameter.name for parameter in explain.parameters(use_case_id)]
    name = data.draw(st.sampled_from([*names, "nothing"]))
    value = data.draw(plain_values)
    try:
        octets = payloads.build(use_case_id, {name: value})
    except LocalProtocolError:
        return
    assert payloads.read(message(use_cases.use_case(use_case_id).code, octets, Cra.COMMAND))


# what a device may send


@settings(max_examples=300, deadline=None)
@given(code=st.sampled_from([known.code for known in use_cases.every_use_case()] + [0xFFFE]),
       cra=st.sampled_from(Cra), head=st.sampled_from([b"", b"\x01\x09\x01", b"\xda", b"\x0f",
                                                      b"\x01\x09\x00\x8f\x0a", b"\xd9", b"0"]),
       rest=st.binary(max_size=60))
def test_any_octets_are_read_or_refused(code: int, cra: Cra, head: bytes, rest: bytes) -> None:
    received = message(code, head + rest, cra)
    for read in (payloads.read, payloads.plain):
        try:
            read(received)
        except RemoteProtocolError:
            continue


def test_reference_messages_with_one_octet_changed_are_read_or_refused(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    refused = 0
    for number, vector in enumerate(vectors):
        payload = bytearray(vector.message.payload)
        payload[number * 7 % len(payload)] ^= 1 + number % 255
        spoilt = replace(vector.message, payload=bytes(payload))
        try:
            reading = payloads.read(spoilt, reference_keys)
            assert json.dumps(explain.record(reading))
        except RemoteProtocolError:
            refused += 1
        if vector.cra == "command":
            try:
                payloads.command_values(spoilt)
            except RemoteProtocolError:
                continue
    assert 0 < refused < len(vectors)


def test_the_receipt_of_a_firmware_image_names_its_hash() -> None:
    alert = DataNotification(0, b"", Data(Tag.STRUCTURE, (
        Data(Tag.LONG_UNSIGNED, 0x8F72), Data(Tag.OCTET_STRING, bytes(12)),
        Data(Tag.OCTET_STRING, b"\xab" * 32))))
    electricity = payloads.read(message(0x00CE, alert.encode(), Cra.ALERT))
    gas = payloads.read(message(0x00CF, gbz.from_plain([{
        "alert_code": "8F72", "time": 0, "count": 1, "content": {"image_hash": "AB" * 32}}]
    ).encode(), Cra.ALERT))
    for reading in (electricity, gas):
        assert (reading.alert_code, reading.plain_values()) == (
            0x8F72, {"image_hash": "AB" * 32})


def test_unknown_message_and_alert_codes_are_shown_as_numbers(
    command: Callable[..., Message]
) -> None:
    alert = DataNotification(0, b"", Data(Tag.STRUCTURE, (
        Data(Tag.LONG_UNSIGNED, 0x9999), Data(Tag.OCTET_STRING, bytes(12)),
        Data(Tag.UNSIGNED, 7))))
    reading = payloads.read(message(0xFFFE, alert.encode(), Cra.ALERT))
    assert (reading.use_case, reading.alert_code, reading.alert, reading.content) == (
        "FFFE", 0x9999, "9999", [7])
    response = AccessResponse(0, b"", (), (Data(Tag.UNSIGNED, 5),), (AccessResult(Choice.GET, 0),))
    reading = payloads.read(message(0xFFFE, response.encode()))
    assert (reading.result, reading.plain_values()) == ("success", {"[0]": 5})
    asked = command(message_code=0xFFFE)
    assert payloads.read(asked).values[0].key == "9/0-0:10.0.106.255/m1"
    assert payloads.read(message(0xFFFE, b"0\0")).plain_values() == {"value": "3000"}
    assert payloads.read(message(0xFFFE, b"")).kind == "empty"
    gas = gbz.from_plain([{"alert_code": "9998", "time": 5}]).encode()
    reading = payloads.read(message(0xFFFE, gas, Cra.ALERT))
    assert (reading.alert_code, reading.alert) == (0x9998, "9998")


@pytest.mark.parametrize(("code", "value", "result", "codes"), [
    (0x000D, "success", "success", ["success"]),
    (0x000D, "deviceLogFull", "failure", ["deviceLogFull"]),
    (0x000D, 99, "failure", ["99"]),
    (0x007F, {"deviceTime": "2030-01-01T00:00:00Z", "deviceTimeStatus": "reliable"}, "success",
     ["reliable"]),
    (0x007F, {"deviceTime": "2030-01-01T00:00:00Z", "deviceTimeStatus": "unreliable"}, "failure",
     ["unreliable"]),
    (0x0012, {"commandAccepted": None}, "success", ["success"]),
    (0x000A, {"responseCode": "invalidKeyUsage"}, "failure", ["invalidKeyUsage"]),
    (0x000C, {"certificate": "3000"}, "success", ["success"]),
    (0x0008, [{"remotePartyRole": "supplier", "statusCode": "success"},
              {"remotePartyRole": "root", "statusCode": "trustAnchorNotFound"}], "failure",
     ["success", "trustAnchorNotFound"]),
    (0x0013, {"readLogResponseCode": "success", "deviceLogEntries": []}, "success", ["success"]),
    (0x008C, {"restoreOutcomes": []}, "success", ["success"]),
])
def test_success_of_an_asn1_response_is_what_its_code_says(
    code: int, value: Any, result: str, codes: list[str]
) -> None:
    reading = payloads.read(message(code, asn1.encode(code, Cra.RESPONSE, value)))
    assert reading.result == result
    assert [name for _, name in reading.codes] == codes


@pytest.mark.parametrize(("code", "result", "said"), [
    (0x00, "success", "success"), (0x10, "success", "success"), (0x11, "success", "success"),
    (0x12, "success", "success"), (0x01, "failure", "rejected_invalid_top_up"),
    (0x02, "failure", "rejected_duplicate_top_up"), (0x03, "failure", "rejected_error"),
    (0x04, "failure", "rejected_max_credit_reached"), (0x05, "failure", "rejected_keypad_lock"),
    (0x06, "failure", "rejected_top_up_value_too_large"), (0x07, "failure", "7"),
    (0x13, "failure", "19"), (0xFF, "failure", "255")])
@pytest.mark.parametrize("message_code", [0x0097, 0x009B])
def test_a_top_up_of_gas_is_a_success_only_where_the_result_type_accepts_it(
    message_code: int, code: int, result: str, said: str
) -> None:
    response = payloads.read(message(message_code, gbz.from_plain([{
        "cluster": "Prepayment", "command": "ConsumerTopUpResponse", "direction": "to_client",
        "fields": {"result_type": code, "top_up_value": 0, "source_of_top_up": 2,
                   "credit_remaining": 0}}]).encode()))
    assert (response.result, response.codes) == (
        result, (("Prepayment/ConsumerTopUpResponse", said),))


@pytest.mark.parametrize(("logs", "result", "said"), [
    (0x00, "failure", "no_log_cleared"), (0x10, "success", "success"),
    (0xFF, "success", "success")])
def test_the_clearing_of_a_log_of_gas_is_a_success_only_where_a_log_was_cleared(
    logs: int, result: str, said: str
) -> None:
    response = payloads.read(message(0x0015, gbz.from_plain([{
        "cluster": "Events", "command": "ClearEventLogResponse", "direction": "to_client",
        "fields": {"cleared_events_logs": logs}}]).encode()))
    assert (response.result, response.codes) == (result, (("Events/ClearEventLogResponse", said),))


def test_an_attribute_that_was_asked_for_and_not_answered_is_named() -> None:
    asked = message(0x0074, payloads.build("GCS13a"), Cra.COMMAND)
    answer = gbz.from_plain([{
        "cluster": "Metering", "command": "ReadAttributesResponse", "direction": "to_client",
        "fields": {"attributes": [
            {"attribute": "current_summation_delivered", "status": "success", "type": "uint32",
             "value": 5}]}}]).encode()
    reading = payloads.read(message(0x0074, answer), None, asked)
    assert "Metering/current_summation_delivered: expected uint48, found uint32" in reading.misfits
    assert "Metering/divisor: no answer" in reading.misfits


def test_a_response_is_read_by_another_use_case_on_request() -> None:
    response = AccessResponse(0, b"", (), (Data(Tag.LONG_UNSIGNED, 5),),
                              (AccessResult(Choice.GET, 0),)).encode()
    assert access.decode_payload(response)
    reading = payloads.read(message(0xFFFE, response), use_case_id="ECS52")
    assert reading.use_case == "ECS52"
    assert reading.misfits == (
        "1/0-0:0.2.1.255/a2: expected OCTET_STRING, found LONG_UNSIGNED",)
