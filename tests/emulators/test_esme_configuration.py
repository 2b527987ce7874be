"""The object table: reads, writes, types, ranges, activation (R-TAR-05, R-TAR-10, R-MET-15/16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from remote_parties import START, Correspondence

from bench.errors import LocalProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.access import AccessRequest, AccessSpecification, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.use_cases import USE_CASES
from devices.emulators.cosem.types import parse
from devices.emulators.esme.objects import elements

THRESHOLD = "71/0-0:17.0.0.255/a4"
NEXT, AT = "9000/0-0:94.44.128.7/a4", "9000/0-0:94.44.128.7/a6"
NOT_SINGLE_ELEMENT = {"ECS01c", "ECS01d", "ECS24b", "ECS23b", "ECS26k", "ECS29b", "ECS29d",
                      "ECS29f"}
# a top-up needs a token that is authentic
NEEDS_MORE = {"CS01a"}


def test_every_use_case_of_the_single_element_meter_succeeds(meter: Correspondence) -> None:
    for case in USE_CASES.values():
        if "ESME" not in case.target or not case.category.startswith("SME.C."):
            continue
        answer = meter.send(case.id, case.roles[0])
        assert answer.accepted
        done = set(answer.codes) == {0}
        assert done == (case.id not in NOT_SINGLE_ELEMENT | NEEDS_MORE), case.id


def test_the_table_holds_every_element_of_those_use_cases() -> None:
    for case in USE_CASES.values():
        if "ESME" in case.target and case.category.startswith("SME.C.") \
                and case.id not in NOT_SINGLE_ELEMENT:
            for row in case.rows:
                assert row.key in elements(), f"{case.id} {row.key}"


def test_every_default_has_the_type_of_its_element() -> None:
    for element in elements().values():
        if element.type.name not in ("log", "protected"):
            assert element.type.matches(element.default), element.key
            assert element.type.in_range(element.default), element.key


def test_identity_is_that_of_the_profile(correspond: Callable[..., Correspondence]) -> None:
    meter = correspond(manufacturer_id="1081", model="MODEL-7", firmware_version="0A0B0C0D",
                       variant="A")
    assert meter.send("ECS52").value == "0A0B0C0D"
    values = meter.send("ECS26m").values
    assert bytes.fromhex(values["1/0-0:96.1.6.255/a2"]) == b"1081"
    assert bytes.fromhex(values["1/0-0:96.1.4.255/a2"]) == b"MODEL-7 "
    assert bytes.fromhex(values["1/0-0:96.1.2.255/a2"]) == b"A"


@pytest.mark.parametrize("limit", [0, 1, 600, 1799])
def test_the_randomised_offset_follows_its_limit(meter: Correspondence, limit: int) -> None:
    assert meter.send("ECS38", values={"limit": limit}).codes == (0,)
    values = meter.send("ECS26c").values
    number = values["1/0-0:94.44.0.2/a2"]
    assert 1 <= number <= 10_000
    assert values["1/0-0:94.44.0.1/a2"] == limit
    assert abs(values["1/0-0:94.44.0.0/a2"] - number * limit / 10_000) <= 0.5


def test_a_limit_beyond_its_range_is_refused(meter: Correspondence) -> None:
    meter.send("ECS38", values={"limit": 600})
    assert meter.send("ECS38", values={"limit": 1800}).codes == (250,)
    assert meter.send("ECS26c").values["1/0-0:94.44.0.1/a2"] == 600


def test_two_meters_differ_in_their_offset_number(
    correspond: Callable[..., Correspondence],
) -> None:
    numbers = {correspond(seed=seed).meter.randomised_offset_number for seed in range(4)}
    assert len(numbers) == 4


def request(choice: Choice, key: str, data: Data) -> bytes:
    class_id, instance, index = elements()[key].address
    return AccessRequest(0x20000001, b"", (AccessSpecification(choice, class_id, instance, index),),
                         (data,)).encode()


def test_a_value_of_the_wrong_type_is_refused(meter: Correspondence) -> None:
    payload = request(Choice.SET, "1/0-0:94.44.0.1/a2", Data(Tag.UNSIGNED, 6))
    assert meter.send("ECS38", payload=payload).codes == (12,)


def test_an_element_of_another_use_case_is_denied(meter: Correspondence) -> None:
    payload = request(Choice.SET, "1/0-0:94.44.0.4/a2", Data(Tag.BOOLEAN, True))
    assert meter.send("ECS38", payload=payload).codes == (3,)
    assert meter.send("ECS26m").value is False
    payload = request(Choice.GET, "70/0-0:96.3.10.255/a3", Data(Tag.NULL_DATA, None))
    assert meter.send("ECS52", payload=payload).codes == (3,)


def test_a_request_stops_at_its_first_failure(meter: Correspondence) -> None:
    answer = meter.send("ECS39a", values={"mpans": b"1" * 26})
    assert answer.codes == (0,)
    good = AccessSpecification(Choice.GET, *elements()["3/1-0:2.8.0.255/a2"].address)
    bad = AccessSpecification(Choice.GET, 3, bytes(6), 2)
    null = Data(Tag.NULL_DATA, None)
    payload = AccessRequest(0x20000001, b"", (good, bad, good), (null,) * 3).encode()
    assert meter.send("ECS17a", "network_operator", payload=payload).codes == (0, 4, 250)


def test_now_activates_at_once(meter: Correspondence) -> None:
    meter.send("ECS28a", values={NEXT: 5000, AT: date_time.NOW})
    assert meter.send("ECS27").values[THRESHOLD] == 5000


def test_a_future_date_activates_then_and_announces_it(meter: Correspondence) -> None:
    at = START + timedelta(hours=5)
    sent = meter.send("ECS28a", values={NEXT: 5000, AT: at})
    assert sent.response is not None
    meter.meter.advance(5 * 3600 - 1)
    assert meter.send("ECS27").values[THRESHOLD] == 100_000
    assert meter.drained() == []
    meter.meter.advance(1)
    (alert,) = meter.drained()
    assert (alert.code, alert.message_code, alert.to) == (0x8F66, 0x00CC, "supplier")
    counter = sent.response.originator_counter.to_bytes(8, "big").hex()
    assert alert.content[0].hex() == "0043" + counter + "2328" + "00005e2c8007" + "06"
    assert meter.send("ECS27").values[THRESHOLD] == 5000


def test_never_cancels_a_pending_activation(meter: Correspondence) -> None:
    meter.send("ECS28a", values={NEXT: 5000, AT: START + timedelta(hours=5)})
    meter.send("ECS28a", values={NEXT: 6000, AT: date_time.NEVER})
    meter.meter.advance(86_400)
    assert meter.drained() == []
    assert meter.send("ECS27").values[THRESHOLD] == 100_000


def test_balances_follow_commands(meter: Correspondence) -> None:
    meter.send("ECS04a", values={"amount": 2500})
    meter.send("ECS04a", values={"amount": -1000})
    assert meter.send("ECS82").value == 1500
    assert meter.send("ECS19").value == [1500, 0, 0, 0, 0, 0]
    meter.send("ECS04b")
    assert meter.send("ECS82").value == 0


def test_a_top_up_that_is_not_authentic_is_refused_and_logged(meter: Correspondence) -> None:
    assert meter.send("CS01a").codes == (250,)
    assert meter.codes("security") == [0x8F63]
    assert meter.send("ECS82").value == 0


@pytest.mark.parametrize("text", ["u16", "os(4)", "{u8,{i8,enum}}", "[0..3]{u16,os(5)}",
                                  "bits(0..7)", "u16 1..9"])
def test_a_type_matches_its_own_smallest_value(text: str) -> None:
    kind = parse(text)
    assert kind.matches(kind.smallest())
    assert not kind.matches(Data(Tag.NULL_DATA, None))


@pytest.mark.parametrize("text", ["", "{u8", "u8}", "[1..2]", "U8", "u8,"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(LocalProtocolError):
        parse(text)
