"""The emulated gas and hub devices answer the reference test data's commands as its devices do.

The commands are the data's own payloads, to our device from our parties. Values differ, as the
devices do; what is compared is the form: which commands answer which, in which order, from which
side, with which sequence number, which attributes of which types, and what is encrypted. Where a
device publishes one part for each that it holds, their number is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from other_parties import OtherParties

from bench.protocols.gbcs import gbz, payloads, use_cases
from bench.protocols.gbcs.message import Cra, Message, parse
from devices.emulators.catalogue import emulated

START = 473_385_600  # 2015-01-01, when the data's messages were made
MESSAGES = Path("vectors") / "rtds" / "messages"

# Commands that the data's devices answered with a success, by name of file.
NAMES = (
    "GCS40d_1.5", "GCS02_1.6_IMMEDIATE", "GCS02_1.6_FUTURE_DATED", "GCS02_1.6_CANCELLATION",
    "GCS05_2.1_IMMEDIATE", "GCS05_2.1_FUTURE_DATED", "GCS05_2.1_CANCELLATION", "GCS07_3.1",
    "GCS44_3.4", "GCS11_3.5", "GCS13a_4.1.1_{}_RELIABLE_GSME", "GCS13b_4.1.4_{}_RELIABLE_GSME",
    "GCS21f_4.11.1", "GCS21b_4.13", "GCS16b_4.14_KRP", "GCS15e_4.4.5", "GCS17_4.8.1", "CS10a_6.13",
    "CS10b_6.13", "GCS21k_6.2.3", "GCS21m_6.2.4", "GCS46_6.2.7", "GCS21j_6.2.9", "GCS23_6.6",
    "GCS24a_6.7", "GCS25a_6.8", "GCS32_7.2", "GCS39_7.3", "ECS52_11.2", "ECS35d_6.13",
    "ECS26n_6.2.4", "DBCH04_6.28", "DBCH02_6.32", "CCS01_8.11")
PROXIED = ("GCS13a_4.1.1_{}_RELIABLE_GPF", "GCS13b_4.1.4_{}_RELIABLE_GPF", "GCS21f_4.11.1",
           "GCS21b_4.13", "GCS16b_4.14_KRP", "GCS15e_4.4.5", "GCS17_4.8.1", "CS10a_6.13")


def read(shared: Path, name: str, cra: str) -> Message:
    stem = name.format("SUCCESS") if "{" in name else f"{name}_SUCCESS"
    (path,) = (shared / MESSAGES).glob(f"*/{stem}_{cra}_GBCS.HEX")
    return parse(bytes.fromhex(path.read_text(encoding="ascii")))


def form(message: Message) -> list[Any]:
    """Return the form of a payload."""
    if payloads.payload_kind(message.payload) != "GBZ":
        plain = payloads.plain(message)
        return [plain["results"], [shape(value) for value in plain["data"]]]
    found = gbz.plain(gbz.decode(message.payload))
    return [key for key, _ in groupby(found, lambda record: tuple(parts(record)))]


def parts(record: dict[str, Any]) -> Iterator[Any]:
    yield from (record["cluster"], record["command"], record["direction"], record["sequence"])
    yield record.get("additional_header")
    fields = record.get("fields", {})
    if record["command"] == "DefaultResponse":
        yield from (fields["command"], fields["status"])
    for attribute in fields.get("attributes", ()):
        yield attribute["attribute"], attribute["status"], attribute.get("type")


def shape(value: Any) -> Any:
    """Return the types of a plain value of DLMS; how many entries a log has is left open."""
    if isinstance(value, list):
        return "list"
    return type(value).__name__, len(value) if isinstance(value, str) else 0


def cases() -> list[tuple[str, str]]:
    kinds = []
    for name in NAMES:
        known = use_cases.use_case(name.partition("_")[0])
        device = next(kind for kind in ("gsme", "chf") if emulated(kind)[0].kind.takes(known))
        kinds.append((device, name))
    return kinds + [("gpf", name) for name in PROXIED]


@pytest.mark.parametrize(("kind", "name"), cases())
def test_the_response_has_the_form_of_the_data(
    shared: Path, keys_folder: Path, kind: str, name: str
) -> None:
    command, expected = read(shared, name, "COMMAND"), read(shared, name, "RESPONSE")
    known = use_cases.use_case(command.message_code)
    parties = OtherParties(keys_folder, kind, start=START)
    heard = parties.send(known.id, role=known.roles[0], payload=command.payload)
    assert heard.response is not None
    assert heard.reading is not None
    assert heard.reading.misfits == ()
    assert form(heard.response) == form(expected)
    assert (heard.response.cra, bool(heard.response.date_time), bool(heard.response.signature),
            heard.response.mac is None) == (
        Cra.RESPONSE, bool(expected.date_time), bool(expected.signature), expected.mac is None)


def test_the_backup_of_a_hubs_device_log_has_the_form_of_the_data(
    shared: Path, keys_folder: Path
) -> None:
    (path,) = (shared / MESSAGES).glob("*/CS14_NA_8F12_ALERT_GBCS.HEX")
    expected = payloads.plain(parse(bytes.fromhex(path.read_text(encoding="ascii"))))["body"]
    parties = OtherParties(keys_folder, "chf", start=START)
    ((alert, _),) = parties.send("CCS01", role="access_control_broker").alerts
    body = payloads.plain(alert)["body"]
    assert body[:2] == expected[:2]
    assert body[2][0] == expected[2][0]
    assert [[len(part) for part in device] for device in body[2][2]] == [[16, 32]]


@pytest.mark.parametrize("name", [
    "EMERGENCY_CREDIT_SETUP", "PUBLISH_SPECIAL_DAYS", "SET_LOW_CREDIT_WARNING_LEVEL"])
def test_an_outcome_for_later_is_announced_as_in_the_data(
    shared: Path, keys_folder: Path, name: str
) -> None:
    command = read(shared, "GCS05_2.1_FUTURE_DATED", "COMMAND")
    (path,) = (shared / MESSAGES).glob(f"*/GCS05_2.1_8F66_FUTURE_DATED_SUCCESS_ALERT_{name}_*")
    expected = parse(bytes.fromhex(path.read_text(encoding="ascii")))
    at = gbz.plain(gbz.decode(expected.payload))[0]["time"]
    parties = OtherParties(keys_folder, "gsme", start=at - 3_600)
    parties.counter = 1_000
    parties.send("GCS05", payload=command.payload)
    parties.device.advance(3_600)
    assert expected.payload in [alert.payload for alert, _ in parties.drained().alerts]
