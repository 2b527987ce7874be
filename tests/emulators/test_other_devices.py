"""What the emulated gas meter, gas proxy and hub function do with the commands that they take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from other_parties import OtherParties

from bench.protocols.gbcs import asn1, gbz, payloads
from bench.protocols.gbcs.message import Cra
from bench.protocols.gbcs.use_cases import PPMID_TO_GSME, USE_CASES, UseCase
from devices.emulators.catalogue import emulated

KINDS = ("gsme", "gpf", "chf")
BROKER = "access_control_broker"
ROUNDS = 10  # spoilt payloads of each command
LATER = 825_498_000 + 3_600  # an hour after a fresh device's start, seconds since 2000

Maker = Callable[..., OtherParties]


@pytest.fixture
def make(keys_folder: Path) -> Maker:
    return lambda kind, **settings: OtherParties(keys_folder, kind, **settings)


@pytest.fixture
def gas(make: Maker) -> OtherParties:
    return make("gsme")


@pytest.fixture
def hub(make: Maker) -> OtherParties:
    return make("chf")


def commands(kind: str) -> list[UseCase]:
    device, _ = emulated(kind)
    return [use_case for use_case in USE_CASES.values()
            if device.kind.takes(use_case) and use_case.category != PPMID_TO_GSME
            and use_case.roles]


@pytest.mark.parametrize(("kind", "use_case"), [
    (kind, use_case.id) for kind in KINDS for use_case in commands(kind)])
def test_each_command_that_gbcs_names_is_answered_as_its_table_has_it(
    make: Maker, kind: str, use_case: str
) -> None:
    known = USE_CASES[use_case]
    heard = make(kind).send(use_case, role=known.roles[0])
    assert heard.reading is not None
    assert heard.reading.misfits == ()
    assert heard.result == ("failure" if use_case == "CS01b" else "success")  # R-PRE-04: no key
    assert bool(heard.response and heard.response.date_time) == bool(known.response_date_time)


WRITTEN: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("GCS23", {"PublishCalorificValue": {"calorific_value": 395}}, "GCS21a",
     {"Price/calorific_value": 395}),
    ("GCS24a", {"SetSupplyStatus": {"supply_tamper_state": "supply_off"}}, "GCS21m",
     {"Metering/supply_tamper_state": "supply_off"}),
    ("GCS41", {"UpdateSiteId": {"site_id": b"1234567890"}}, "GCS46",
     {"Metering/site_id": b"1234567890".hex().upper()}),
    ("GCS05", {"SetOverallDebtCap": {"overall_debt_cap": 4711}}, "GCS21b",
     {"Prepayment/overall_debt_cap": 4711}),
    ("GCS40a", {"CreditAdjustment": {"credit_adjustment_value": 300}}, "GCS60",
     {"Prepayment/credit_remaining": 300}),
    ("GCS40c", {"CreditAdjustment": {"credit_adjustment_value": 200}}, "GCS60",
     {"Metering/bill_to_date_delivered": 200}),
    ("GCS01b", {"PublishPriceMatrix": {"payload": [{"tier_block_id": 1, "price": 9600}]}},
     "GCS21f", {"Price/tier1_block1_price": 9600}),
    ("GCS25a", {"PublishBillingPeriod": {"billing_period_duration": 6}}, "GCS21k",
     {"Price/PublishBillingPeriod/billing_period_duration": 6}),
    ("GCS39", {}, "GCS33", {"Metering/supply_status": "supply_off_armed"}),
]


@pytest.mark.parametrize(("written", "values", "read", "found"), WRITTEN)
def test_what_a_gas_meter_is_told_can_be_read(
    gas: OtherParties, written: str, values: dict[str, Any], read: str, found: dict[str, Any]
) -> None:
    before = gas.send(read).values
    assert gas.send(written, values).result == "success"
    after = gas.send(read).values
    assert {name: after[name] for name in found} == found
    assert {name: before[name] for name in found} != found


def test_debts_are_added_to(gas: OtherParties) -> None:
    change = {"ChangeDebt": [
        {"debt_amount": 100, "debt_amount_type": 1, "debt_recovery_method": 0},
        {"debt_amount": 20, "debt_amount_type": 3, "debt_recovery_method": 0},
        {"debt_amount": 3, "debt_amount_type": 5, "debt_recovery_method": 1}]}
    gas.send("GCS04", change)
    gas.send("GCS04", change)
    values = gas.send("GCS14").values
    assert [values[f"Prepayment/debt_amount_{number}"] for number in (1, 2, 3)] == [200, 40, 6]


def test_no_command_opens_the_valve(gas: OtherParties) -> None:
    for use_case in ("GCS32", "GCS39"):
        (plain,) = gbz.plain(gbz.decode(payloads.build(use_case)))
        plain["fields"]["proposed_supply_status"] = "supply_on"
        assert gas.send(use_case, payload=gbz.from_plain([plain]).encode()).result == "failure"
    assert gas.send("GCS33").values["Metering/supply_status"] == "supply_off"


def test_a_payment_mode_for_later_comes_at_its_time_and_is_announced(gas: OtherParties) -> None:
    mode = {"proposed_payment_control_configuration": 0x0497, "implementation_date_time": LATER}
    assert gas.send("GCS03", {"ChangePaymentMode": mode}).result == "success"
    assert gas.send("GCS21j").values["Prepayment/payment_control_configuration"] == 0x0C94
    gas.device.advance(3_600)
    ((alert, reading),) = gas.drained().alerts
    assert (alert.message_code, reading.alert_code, reading.result) == (0x00CD, 0x8F66, "success")
    assert reading.content == {
        "message_code": "006D", "originator_counter": 1001, "cluster": "Prepayment",
        "cluster_id": 0x0705, "frame_control": 1, "command": "ChangePaymentMode", "command_id": 6}
    assert gas.send("GCS21j").values["Prepayment/payment_control_configuration"] == 0x0497


def test_a_payment_mode_for_later_can_be_taken_back(gas: OtherParties) -> None:
    for at in (LATER, 0xFFFFFFFF):
        gas.send("GCS02", {"ChangePaymentMode": {"implementation_date_time": at}})
    gas.device.advance(7_200)
    assert gas.drained().alerts == ()


def test_the_parts_of_a_calendar_for_later_come_with_it(gas: OtherParties) -> None:
    days = [{"day_id": number} for number in (1, 2, 3)]
    gas.send("GCS01a", {
        "PublishCalendar": {"start_time": LATER}, "PublishDayProfile": days,
        "PublishSpecialDays": {"start_time": LATER},
        "PublishTariffInformation": {"start_time": LATER},
        "PublishPriceMatrix": {"start_time": LATER}})
    assert "Calendar/PublishDayProfile[1]/day_id" not in gas.send("GCS21f").values
    gas.device.advance(3_600)
    assert [reading.alert_code for _, reading in gas.drained().alerts] == [0x8F66] * 4
    assert gas.send("GCS21f").values["Calendar/PublishDayProfile[2]/day_id"] == 3


def test_the_gas_meters_clock_is_set_within_the_interval_only(gas: OtherParties) -> None:
    gas.device.shift_reference(100)
    for end, status, moved in (("08:00:00", "unreliable", 0), ("10:00:00", "reliable", 100)):
        heard = gas.send("GCS28", {"validityIntervalStart": "2026-02-27T07:00:00Z",
                                   "validityIntervalEnd": f"2026-02-27T{end}Z"})
        assert heard.values["deviceTimeStatus"] == status
        assert gas.device.clock.now - gas.device.clock.true == moved


def test_a_refused_token_is_in_the_security_log(gas: OtherParties) -> None:
    heard = gas.send("CS01b")
    assert (heard.result, dict(heard.reading.codes)) == (
        "failure", {"Prepayment/ConsumerTopUpResponse": "rejected_invalid_top_up"})
    log = gas.send("CS10a").values["Events/PublishEventLog/log_payload"]
    assert (log[-1]["event_id"], log[-1]["event_data"]) == (0x8155, "0097")
    assert any(entry["event_id"] == 0x8F63 for entry in
               gas.send("CS10b").values["Events/PublishEventLog/log_payload"])


@pytest.mark.parametrize("kind", ["gsme", "gpf"])
def test_a_cleared_event_log_says_that_it_was(make: Maker, kind: str) -> None:
    parties = make(kind)
    parties.send("CS11")
    log = parties.send("CS10a").values["Events/PublishEventLog/log_payload"]
    assert [(entry["event_id"], entry["event_data"]) for entry in log] == [(0x8154, "0015")]
    assert parties.send("CS10b").values["Events/PublishEventLog/log_payload"][-1][
        "event_id"] == 0x8F52


@pytest.mark.parametrize(("use_case", "encrypted"), [
    ("GCS13a", True), ("GCS13b", True), ("GCS13c", True), ("GCS16a", True), ("GCS16b", True),
    ("GCS17", True), ("GCS14", False), ("GCS15e", False), ("GCS60", False)])
def test_consumption_leaves_a_gas_meter_encrypted(
    gas: OtherParties, use_case: str, encrypted: bool
) -> None:
    heard = gas.send(use_case)
    assert heard.reading is not None
    assert (heard.reading.encrypted, heard.reading.decrypted) == (encrypted, encrypted)


def read_of(cluster: str, *names: str) -> bytes:
    return gbz.from_plain([{"cluster": cluster, "command": "ReadAttributes",
                            "fields": {"attributes": list(names)}}]).encode()


def test_a_use_case_reads_its_own_attributes_only(gas: OtherParties) -> None:
    heard = gas.send("GCS46", payload=read_of(
        "Metering", "site_id", "supply_status", "power_factor"))
    assert heard.codes == ["success", "not_authorized", "unsupported_attribute"]


def test_what_follows_a_failure_is_not_done(gas: OtherParties) -> None:
    plain = gbz.plain(gbz.decode(payloads.build("GCS23")))
    plain[0]["fields"]["conversion_factor_trailing_digit"] = 0x70  # the rows allow one value
    plain[1]["fields"]["calorific_value"] = 111
    before = gas.send("GCS21a").values
    heard = gas.send("GCS23", payload=gbz.from_plain(plain).encode())
    assert heard.result == "failure"
    assert heard.codes[-1] == "failure"
    assert gas.send("GCS21a").values == before


def test_a_command_of_another_use_case_is_not_carried_out(gas: OtherParties) -> None:
    heard = gas.send("GCS41", payload=payloads.build("GCS39"))
    assert heard.codes == ["not_authorized"]
    assert gas.send("GCS33").values["Metering/supply_status"] == "supply_off"


def test_the_proxys_device_log_is_restored_and_backed_up(make: Maker) -> None:
    parties = make("gpf")
    entries = [{"deviceEntityIdentifier": "00DB123456789099", "deviceType": "type2"}]
    heard = parties.send("GCS59", {"deviceLogEntries": entries}, BROKER)
    assert heard.response
    assert asn1.decode(0x008C, Cra.RESPONSE, heard.response.payload) == {"restoreOutcomes": [
        {"deviceLogEntry": entries[0], "joinResponseCode": "success"}]}
    ((alert, reading),) = heard.alerts
    assert (alert.message_code, reading.alert_code) == (0x00B2, 0x8071)
    assert parties.send("GCS59", {"deviceLogEntries": entries}, BROKER).alerts == ()


def test_each_change_of_the_hubs_device_log_is_announced_with_all_of_it(hub: OtherParties) -> None:
    heard = hub.send("CCS01", role=BROKER)
    ((alert, reading),) = heard.alerts
    assert (alert.message_code, reading.alert_code) == (0x0018, 0x8F12)
    assert hub.send("CCS02", role=BROKER).alert_codes == [0x8F12]
    assert hub.send("CCS02", role=BROKER).alerts == ()  # it is gone already
    logs = hub.send("CCS07", role=BROKER).values
    assert [len(logs[f"104/0-0:30.3.{log}.255/m4"][2]) for log in (0, 1)] == [0, 1]
    assert 0x8F12 in [code for _, code in hub.send(
        "ECS35d", role=BROKER).values["7/0-0:99.98.1.255/a2"]]


def test_the_hubs_device_log_has_room_for_sixteen(hub: OtherParties) -> None:
    log = hub.device.device_log
    assert all(log.add(bytes((0,) * 7 + (number,))) for number in range(1, 17))
    heard = hub.send("CCS01", role=BROKER)
    assert (heard.result, heard.alerts, len(log.devices)) == ("failure", (), 16)


def test_the_hubs_radio_is_configured_and_says_so(hub: OtherParties) -> None:
    heard = hub.send("DBCH04", role=BROKER)
    assert heard.alert_codes == [0x8F2A]
    assert hub.send("DBCH03", role=BROKER).values["1/0-0:94.44.10.0/a2"][4] == 50


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_keeps_time_and_knows_which_ports_it_has(make: Maker, kind: str) -> None:
    device = make(kind).device
    device.advance(60)
    calls = device.calls()
    assert calls["time", "now"]() == "2026-02-27T09:01:00+00:00"
    assert calls["identity", "read"]()["device_type"] == kind.upper()
    assert ("load", "set") not in calls
    assert (("mains", "off") in calls) == (kind != "gsme")


@pytest.mark.parametrize("kind", ["gpf", "chf"])
def test_a_hub_without_mains_is_silent(make: Maker, kind: str) -> None:
    parties = make(kind)
    use_case = "GCS38" if kind == "gpf" else "ECS52"
    parties.device.calls()["mains", "off"]()
    assert parties.send(use_case).response is None
    parties.device.calls()["mains", "on"]()
    assert parties.send(use_case).result == "success"


def test_a_gas_meter_notices_its_covers(gas: OtherParties) -> None:
    gas.device.interfere("battery_cover")
    gas.device.end_interference("battery_cover")
    assert gas.drained().alert_codes == [0x8F73, 0x81A1]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_in_a_payload_the_device_goes_on(make: Maker, kind: str) -> None:
    parties, random = make(kind), Random(kind)
    for use_case in commands(kind):
        whole = payloads.build(use_case.id)
        for _ in range(ROUNDS):
            spoilt = bytearray(whole[:random.randint(1, len(whole))]
                               if random.random() < 0.3 else whole)
            for _ in range(random.randint(1, 4)):
                spoilt[random.randrange(len(spoilt))] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
            command = parties.command(use_case.id, use_case.roles[0], bytes(spoilt))
            parties.device.handle(command.encode())
        parties.device.advance(60)
    use_case_id, role = ("ECS52", BROKER) if kind == "chf" else ("GCS38", "supplier")
    assert parties.send(use_case_id, role=role).result == "success"
