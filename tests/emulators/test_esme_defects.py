"""Each defect makes an observable difference, and is a single switch of the emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from block_correspondence import BlockCorrespondence
from remote_parties import START, Correspondence

from bench.protocols.dlms import hdlc_link
from bench.protocols.gbcs.message import parse
from bench.protocols.gbcs.protection import Rule, protect_by
from bench.protocols.iec62056_21 import sign_on
from devices import emulators
from devices.defects import DEFECTS, of_device
from devices.emulators.esme.load import Flow

Probe = Callable[[Correspondence], Any]


def spoil(octets: bytes | None) -> bytes:
    assert octets
    return octets[:-1] + bytes((octets[-1] ^ 1,))


def routine_clock(meter: Correspondence) -> Any:
    seen = []
    for difference in (9, 60):
        meter.meter.shift_reference(difference)
        meter.meter.synchronise()
        seen += [meter.device_time(), meter.drained(), meter.codes("event")]
    return seen


def commanded_clock(meter: Correspondence) -> Any:
    meter.meter.shift_reference(600)
    first = meter.set_clock(60, 120).values
    seen = [first, meter.device_time()]
    second = meter.set_clock().values
    return [*seen, second, meter.device_time(), meter.codes("event")]


def running_clock(meter: Correspondence) -> Any:
    meter.send("ECS10")
    meter.meter.advance(3000)
    seen = [meter.device_time()]
    meter.meter.mains_off()
    meter.meter.advance(300)
    meter.meter.mains_on()
    return [*seen, meter.device_time(), meter.codes("event")]


def second_set_clock(meter: Correspondence) -> Any:
    meter.set_clock()
    meter.meter.shift_reference(60)
    meter.set_clock()
    return meter.device_time()


def foreign_script(meter: Correspondence) -> Any:
    return meter.send("ECS44", payload=meter.command("ECS43").payload).codes, meter.supply_state()


def repeated_read(meter: Correspondence) -> Any:
    return [meter.send("ECS45", counter=7).codes for _ in range(2)]


def supply_over_outage(meter: Correspondence) -> Any:
    meter.send("ECS43")
    meter.meter.mains_off()
    meter.meter.mains_on()
    return meter.supply_state()


def replay(meter: Correspondence) -> Any:
    seen = [meter.send("ECS43", counter=counter).codes for counter in (9000, 9000, 8000)]
    return seen, meter.codes("security")


def supply(meter: Correspondence) -> Any:
    seen = []
    for act in ("ECS43", "press", "ECS44", "press", "ECS43", "ECS42"):
        if act == "press":
            meter.meter.press("supply_on")
        else:
            meter.send(act)
        seen += [meter.supply_state(), meter.meter.contactor()]
    return seen


def voltage(meter: Correspondence) -> Any:
    meter.meter.set_voltage(300)
    meter.meter.advance(60)
    return meter.supply_state()


def full_log(meter: Correspondence) -> Any:
    for _ in range(103):
        meter.meter.advance(1)
        meter.send("ECS10")
    return meter.log("event")


def clearing(meter: Correspondence) -> Any:
    meter.meter.interfere("meter_cover")
    meter.meter.mains_off()
    meter.meter.mains_on()
    meter.send("ECS10")
    meter.send("ECS15a")
    return [meter.codes(name) for name in ("event", "security", "power")]


def ranges(meter: Correspondence) -> Any:
    for _ in range(5):
        meter.meter.advance(60)
        meter.send("ECS10")
    limits = {"from": START + timedelta(seconds=120), "to": START + timedelta(seconds=180)}
    return meter.log("event", **limits)


def metering(meter: Correspondence) -> Any:
    meter.meter.set_load(Flow(1000, 200, 50, 25))
    meter.meter.advance(16 * 3600)
    meter.meter.set_load(Flow(500, 200, 50, 25))
    meter.meter.advance(3600)
    meter.meter.mains_off()
    meter.meter.mains_on()
    return [meter.send(use_case, role).values for use_case, role in (
        ("ECS17b", "supplier"), ("ECS17a", "network_operator"), ("ECS22b", "supplier"),
        ("ECS17c", "supplier"), ("ECS18b", "supplier"), ("ECS57", "network_operator"),
        ("ECS18b", "supplier"), ("ECS21a", "supplier"))]


def capacity(meter: Correspondence) -> Any:
    meter.meter.advance(740 * 86_400)
    return [(len(log), log.read(0, 1e12)[-1:]) for log in meter.meter.logs.values()]


def roles(meter: Correspondence) -> Any:
    return [meter.send("ECS43", "network_operator"), meter.send("ECS42", "second_supplier"),
            meter.supply_state()]


def forgery(meter: Correspondence) -> Any:
    good = meter.command("ECS43")
    wrong = [replace(good, mac=spoil(good.mac)), replace(good, recipient=bytes(8))]
    resigned = replace(good, signature=spoil(good.signature))
    wrong.append(replace(resigned, mac=protect_mac(meter, resigned)))
    return [meter.exchange(message.encode()).alert_codes for message in wrong], \
        meter.supply_state(), meter.codes("security")


def protect_mac(meter: Correspondence, message: Any) -> bytes:
    from bench.protocols.gbcs.protection import derive_key, mac_tag
    broker = meter.parties["access_control_broker"]
    secret = meter.keys.shared_secret(broker, meter.device)
    assert secret
    key = derive_key(secret, message.originator, 1, message.originator_counter, meter.device)
    return mac_tag(key, message.originator, message.mac_octets)


def malformed(meter: Correspondence) -> Any:
    octets = meter.command("ECS43").encode()
    reply = meter.exchange(octets + b"\0")
    first = reply.codes, reply.alert_codes
    reply = meter.send("ECS43", "network_operator")
    second = reply.codes, reply.alert_codes
    octets = meter.command("ECS43").encode()
    third = meter.exchange(octets[:8] + bytes((octets[8] ^ 1,)) + octets[9:]).alert_codes
    last = [meter.exchange(b"\0").alert_codes for _ in range(8)]
    return first, second, third, last, meter.codes("security")


def responses(meter: Correspondence) -> Any:
    answers = [meter.send("ECS43"), meter.send("ECS38", values={"limit": 1800}),
               meter.send("ECS52")]
    return [(answer.codes, answer.accepted, answer.response and
             (answer.response.originator_counter, answer.response.message_code))
            for answer in answers], meter.codes("event")


def sensitive(meter: Correspondence) -> Any:
    sent = meter.meter.handle(meter.command("ECS17b").encode())
    return [len(octets) for octets in sent]


def writing(meter: Correspondence) -> Any:
    return [meter.send("ECS38", values={"limit": limit}).codes for limit in (600, 1800)], \
        meter.send("ECS26c").values


def identity(meter: Correspondence) -> Any:
    return meter.send("ECS52").value, meter.send("ECS26m").values


def outage(meter: Correspondence) -> Any:
    meter.meter.mains_off()
    meter.meter.advance(100)
    meter.meter.mains_on()
    meter.meter.mains_off()
    meter.meter.advance(10)
    meter.meter.mains_on()
    sent = meter.meter.drain()
    counters = [parse(octets).originator_counter for octets in sent]
    return meter.read(sent).alerts, counters, meter.codes("power")


def tamper(meter: Correspondence) -> Any:
    meter.send("ECS81", values={"locked": True})
    meter.meter.interfere("terminal_cover")
    meter.meter.end_interference("terminal_cover")
    return meter.drained(), meter.codes("security"), meter.codes("event"), meter.supply_state()


def unlocked_tamper(meter: Correspondence) -> Any:
    meter.meter.interfere("terminal_cover")
    return meter.supply_state()


def unsigned(meter: Correspondence) -> Any:
    message = protect_by(meter.command("ECS43"), meter.keys, Rule(signature=False, mac=True))
    return meter.exchange(message.encode()).alert_codes, meter.supply_state()


def block_transfer(meter: Correspondence) -> Any:
    meter.meter.advance(200 * 86_400)
    seen: list[Any] = []
    for arrange in (list, lambda blocks: blocks[::-1], lambda blocks: [blocks[0], *blocks]):
        line = BlockCorrespondence(meter)
        seen += line.send(meter.command("ECS52").encode(), arrange=arrange)
        seen.append(line.sender.state if line.sender else None)
    command = meter.command("ECS22b").encode()
    line = BlockCorrespondence(meter)
    seen += [line.send(command, lose=(2,)), line.sent_by_meter]
    endless = meter.command("ECS52").encode()
    line = BlockCorrespondence(meter)
    line.send(endless + bytes(262_144), size=30_000, message=endless)
    seen.append([block.aborts for block in line.sent_by_meter])
    return [*seen, line.broken_off(meter.command("ECS22b").encode())]


PROBES: dict[Probe, str] = {
    routine_clock: """clock-beyond-limit-accepted clock-limit-too-tight clock-refusal-silent
        clock-silent-correction-logged clock-never-corrected alert-code-wrong""",
    commanded_clock: """set-clock-outside-window-accepted set-clock-status-stays-reliable
        set-clock-without-effect set-clock-not-logged""",
    running_clock: "clock-drifts clock-stops-over-outage log-lost-over-outage",
    replay: "replay-accepted lower-counter-accepted counter-not-raised replay-unlogged",
    foreign_script: "script-of-another-use-case",
    second_set_clock: "set-clock-twice-a-day",
    repeated_read: "read-replay-refused",
    supply_over_outage: "supply-enabled-by-outage",
    supply: """supply-enabled-from-disabled consumer-control-dead arm-enables-directly arm-refused
        enable-only-arms disable-without-effect supply-state-misreported contactor-stays-closed
        supply-state-out-of-range""",
    voltage: "over-voltage-opens-switch",
    full_log: """log-entry-lost-at-wrap log-overwrites-newest log-capacity-short
        command-not-logged""",
    clearing: """event-log-clear-clears-security event-log-clear-clears-power clear-not-logged
        clear-without-effect power-event-in-event-log""",
    ranges: "range-read-ignores-from range-read-ignores-to",
    metering: """profile-slot-shifted profile-stamps-off-boundary profile-gap
        export-counted-as-import reactive-swapped wrong-unit power-reads-zero demand-keeps-last
        demand-reset-without-effect daily-read-log-late register-wraps-early register-in-kwh
        register-not-persistent-over-outage""",
    capacity: """profile-short daily-read-log-short export-profile-short reactive-profile-short
        daily-consumption-short profile-stops-when-full""",
    roles: """wrong-role-served role-refused-silently refused-command-has-effect
        originator-not-checked authentication-failure-silent""",
    forgery: "mac-not-checked signature-not-checked recipient-not-checked",
    malformed: """length-not-checked trailing-octets-accepted format-error-unlogged
        burst-not-reported refusals-answered""",
    responses: """failure-logged-as-success read-element-missing error-hidden-behind-success
        response-unsigned response-signature-wrong
        response-mac-wrong response-counter-wrong response-code-wrong""",
    sensitive: "sensitive-read-in-clear",
    writing: """write-refused set-without-effect randomised-offset-limit-unchecked
        randomised-offset-not-computed""",
    identity: """wrong-firmware-version wrong-manufacturer-id wrong-variant short-model-type
        value-of-wrong-type""",
    outage: """outage-three-minutes-off restore-alert-missing restore-times-swapped alert-unsigned
        second-restore-alert-missing alert-counter-repeats""",
    tamper: """tamper-not-logged tamper-alert-missing cover-close-not-logged
        tamper-state-ignored""",
    unlocked_tamper: "tamper-always-disables",
    block_transfer: """block-command-dropped block-lost-never-repeated block-duplicate-appended
        block-order-of-arrival block-acknowledgement-wrong block-limit-missing
        block-last-flag-missing block-window-exceeded block-octet-missing
        block-transfer-survives-abort""",
}
PROBE_OF = {name: probe for probe, names in PROBES.items() for name in names.split()}


@pytest.mark.parametrize("name", PROBE_OF)
def test_a_defect_makes_a_difference(
    name: str, correspond: Callable[..., Correspondence],
) -> None:
    probe = PROBE_OF[name]
    assert probe(correspond(faults=[name])) != probe(correspond())


def test_every_defect_is_probed() -> None:
    from test_esme_security_defects import CASES
    assert set(of_device("esme")) == set(PROBE_OF) | {name for name, *_ in CASES}


def test_the_same_meter_twice_makes_no_difference(
    correspond: Callable[..., Correspondence],
) -> None:
    for probe in PROBES:
        assert probe(correspond()) == probe(correspond())


def test_an_unsigned_critical_command_runs_only_where_signatures_are_not_checked(
    correspond: Callable[..., Correspondence],
) -> None:
    assert unsigned(correspond()) == ([0x8F3D], 1)
    assert unsigned(correspond(faults=["signature-not-checked"])) == ([], 0)


def test_every_defect_is_a_switch_of_the_emulator() -> None:
    rooms = (Path(emulators.__file__).parent, Path(hdlc_link.__file__).parent,
             Path(sign_on.__file__).parent)
    source = "".join(file.read_text() for room in rooms for file in room.rglob("*.py"))
    assert [name for name in DEFECTS if f'"{name}"' not in source] == []


def test_there_are_enough_defects_and_each_says_what_it_breaks() -> None:
    assert len(DEFECTS) >= 45
    for name, defect in DEFECTS.items():
        assert defect.name == name
        assert defect.breaks
        assert defect.description


def test_every_broken_requirement_is_in_the_catalogue() -> None:
    from bench.catalogue import load_catalogue
    from bench.resources import ROOT
    catalogue = load_catalogue(ROOT / "testplans" / "requirements", None)
    for defect in DEFECTS.values():
        for requirement in defect.breaks:
            assert requirement in catalogue, f"{defect.name}: {requirement}"
