"""What the meter admits, refuses and answers (R-SEC-01..05, R-SEC-14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from remote_parties import Correspondence

from bench.protocols.cosem.access import decode_payload
from bench.protocols.gbcs.message import Cra
from bench.protocols.gbcs.sensitive import is_sealed
from bench.protocols.gbcs.use_cases import USE_CASES

FORMAT, AUTHENTICATION, AUTHORITY, OTHER = 0x8F1E, 0x8F3D, 0x8F30, 0x8F53


def spoil(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,))


def test_a_critical_response_is_signed_and_a_noncritical_one_has_a_mac(
    meter: Correspondence,
) -> None:
    critical, plain = meter.send("ECS43").response, meter.send("ECS45").response
    assert critical is not None
    assert critical.signature
    assert critical.mac is None
    assert plain is not None
    assert not plain.signature
    assert plain.mac


def test_a_response_carries_the_commands_counter_and_code(meter: Correspondence) -> None:
    answer = meter.send("ECS52", counter=77)
    assert answer.accepted
    assert answer.response is not None
    assert answer.response.originator_counter == 77
    assert answer.response.message_code == USE_CASES["ECS52"].code
    assert answer.response.recipient == meter.parties["supplier"]


@pytest.mark.parametrize("field", ["mac", "signature"])
def test_a_wrong_mac_or_signature_is_alerted_not_logged_and_has_no_effect(
    meter: Correspondence, field: str,
) -> None:
    good = meter.command("ECS43")
    answer = meter.exchange(replace(good, **{field: spoil(getattr(good, field))}).encode())
    assert answer.response is None
    assert answer.alert_codes == [AUTHENTICATION]
    assert meter.supply_state() == 1
    assert meter.codes("security") == []


def test_a_critical_command_without_its_signature_is_refused(meter: Correspondence) -> None:
    from bench.protocols.gbcs.protection import Rule, protect_by
    unsigned = protect_by(meter.command("ECS43"), meter.keys, Rule(signature=False, mac=True))
    assert meter.exchange(unsigned.encode()).alert_codes == [AUTHENTICATION]
    assert meter.supply_state() == 1


@pytest.mark.parametrize("change", [
    lambda octets: octets + b"\0", lambda octets: octets[:-1],
    lambda octets: octets[:7] + bytes((octets[7] ^ 1,)) + octets[8:],
    lambda octets: b"\xaa" + octets[1:],
], ids=["longer", "shorter", "length", "tag"])
def test_a_malformed_message_is_logged_and_alerted(
    meter: Correspondence, change: Callable[[bytes], bytes],
) -> None:
    answer = meter.exchange(change(meter.command("ECS43").encode()))
    assert answer.response is None
    assert answer.alert_codes == [FORMAT]
    assert meter.codes("security") == [FORMAT]
    assert meter.supply_state() == 1


def test_a_message_code_of_no_use_case_of_this_device_is_a_format_error(
    meter: Correspondence,
) -> None:
    assert meter.send("ECS52", message_code=0x7FFF).alert_codes == [FORMAT]
    assert meter.send("ECS52", message_code=USE_CASES["GCS38"].code).alert_codes == [FORMAT]


def test_what_is_no_command_is_a_format_error(meter: Correspondence) -> None:
    assert meter.send("ECS45", cra=Cra.RESPONSE).alert_codes == [FORMAT]


def test_a_payload_that_is_no_access_request_is_a_format_error(meter: Correspondence) -> None:
    assert meter.send("ECS52", payload=b"\xd9\0").alert_codes == [FORMAT]


def test_a_message_for_another_device_is_logged_only(meter: Correspondence) -> None:
    other = replace(meter.command("ECS43"), recipient=bytes(8))
    answer = meter.exchange(other.encode())
    assert (answer.response, answer.alerts) == (None, ())
    assert meter.codes("security") == [OTHER]
    assert meter.supply_state() == 1


def test_an_originator_that_the_meter_does_not_know_is_not_authentic(
    meter: Correspondence,
) -> None:
    assert meter.send("ECS43", "second_supplier").alert_codes == [AUTHENTICATION]
    assert meter.supply_state() == 1


def test_a_role_without_the_right_is_refused_with_an_alert(meter: Correspondence) -> None:
    answer = meter.send("ECS43", "network_operator")
    assert answer.response is None
    assert answer.alert_codes == [AUTHORITY]
    assert meter.supply_state() == 1


ESME_COMMANDS = [case for case in USE_CASES.values()
                 if "ESME" in case.target and case.category.startswith("SME.C.")]


@pytest.mark.parametrize("role", ["supplier", "network_operator", "access_control_broker",
                                  "load_controller", "wan_provider"])
def test_each_role_may_run_its_use_cases_and_no_others(meter: Correspondence, role: str) -> None:
    for case in ESME_COMMANDS:
        answer = meter.send(case.id, role)
        allowed = role in case.roles
        assert (answer.response is not None) == allowed, case.id
        assert (AUTHORITY in answer.alert_codes) != allowed, case.id


@pytest.mark.parametrize("step", [0, -1, -1000])
def test_an_old_counter_of_a_protected_use_case_is_refused_and_logged(
    meter: Correspondence, step: int,
) -> None:
    assert meter.send("ECS43", counter=5000).codes == (0,)
    meter.send("ECS42", counter=5001)
    answer = meter.send("ECS43", counter=5000 + step)
    assert (answer.response, answer.alerts) == (None, ())
    assert meter.codes("security") == [OTHER]
    assert meter.supply_state() == 1
    assert meter.send("ECS43", counter=5002).codes == (0,)


def test_a_counter_of_zero_exceeds_nothing(meter: Correspondence) -> None:
    assert meter.send("ECS43", counter=0).response is None
    assert meter.supply_state() == 1


def test_a_command_carries_the_constants_of_its_use_case(meter: Correspondence) -> None:
    disable = meter.command("ECS43").payload
    assert meter.send("ECS44", payload=disable).codes == (250,)
    assert meter.send("ECS42", payload=disable).codes == (250,)
    assert meter.supply_state() == 1


def test_the_counters_of_two_use_cases_are_apart(meter: Correspondence) -> None:
    assert meter.send("ECS43", counter=9000).codes == (0,)
    assert meter.send("ECS42", counter=8000).codes == (0,)


def test_a_refused_command_does_not_raise_the_counter(meter: Correspondence) -> None:
    bad = meter.command("ECS43", counter=9000)
    meter.exchange(replace(bad, mac=spoil(bad.mac or b"")).encode())
    assert meter.send("ECS43", counter=8000).codes == (0,)


def test_a_read_without_replay_protection_may_repeat(meter: Correspondence) -> None:
    again = meter.command("ECS45").encode()
    assert meter.exchange(again).codes == (0,)
    assert meter.exchange(again).codes == (0,)


def test_ten_bad_messages_in_a_row_are_a_burst(meter: Correspondence) -> None:
    seen = [meter.exchange(b"\0").alert_codes for _ in range(10)]
    assert seen == [[FORMAT]] * 9 + [[FORMAT, 0x8F60]]
    assert 0x8F60 in meter.codes("security")


def test_a_good_message_ends_a_row_of_bad_ones(meter: Correspondence) -> None:
    for _ in range(9):
        meter.exchange(b"\0")
    meter.send("ECS45")
    assert meter.exchange(b"\0").alert_codes == [FORMAT]


@pytest.mark.parametrize("use_case", ["ECS43", "ECS10"])
def test_no_flipped_bit_is_accepted(meter: Correspondence, use_case: str) -> None:
    octets = meter.command(use_case).encode()
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 1 << bit % 8
        answer = meter.exchange(bytes(flipped))
        assert answer.response is None, f"octet {bit // 8}"
    assert meter.supply_state() == 1
    assert meter.exchange(octets).codes == (0,)


@pytest.mark.parametrize("use_case", ["ECS17b", "ECS22b", "ECS35a", "ECS70", "ECS38", "ECS37"])
def test_an_authentic_command_with_strange_content_is_refused_not_fatal(
    meter: Correspondence, use_case: str,
) -> None:
    role = USE_CASES[use_case].roles[0]
    payload = meter.command(use_case, role).payload
    for offset in range(len(payload)):
        for value in (0x00, 0x09, 0xFF):
            strange = payload[:offset] + bytes((value,)) + payload[offset + 1:]
            meter.send(use_case, role, payload=strange)
    assert meter.send("ECS52").codes == (0,)


def test_sensitive_values_leave_encrypted_for_who_asked(meter: Correspondence) -> None:
    answer = meter.send("ECS17b")
    assert answer.response is not None
    (data,) = decode_payload(answer.response.payload).data  # type: ignore[union-attr]
    assert is_sealed(data)
    assert answer.value == [0, [0, 30], 0, [0, 32]]


def test_alerts_are_protected_and_their_counter_rises(meter: Correspondence) -> None:
    meter.meter.interfere("meter_cover")
    meter.meter.end_interference("meter_cover")
    alerts = meter.drained()
    assert [alert.accepted for alert in alerts] == [True] * 3
    assert [alert.message_code for alert in alerts] == [0x1000, 0x1000, 0x1001]


def test_nothing_is_answered_while_the_mains_are_off(meter: Correspondence) -> None:
    meter.meter.mains_off()
    assert meter.meter.handle(meter.command("ECS52").encode()) == []
