"""The objects of the emulated meter and who may do what with them.

The choice follows SMETS1 meters on the market: OBIS codes are those of IEC 62056-6-1, plus a
manufacturer's group (0-0:96.x) where the standard has one for it. Each function adds one group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants, links
from devices.emulators.dlms.clock import Clock
from devices.emulators.dlms.control import Arbitrator, DisconnectControl, Limiter
from devices.emulators.dlms.firmware import ImageTransfer
from devices.emulators.dlms.interface import NULL
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.dlms.metering import HALF_HOUR, RATES, Metering, Past, Timekeeper
from devices.emulators.dlms.objects import Access, Objects, Rows
from devices.emulators.dlms.payment import Account, Charge, Credit, TokenGateway
from devices.emulators.dlms.profile import Settings
from devices.emulators.dlms.profiles import Column, ProfileGeneric
from devices.emulators.dlms.registers import (
    DemandRegister,
    ExtendedRegister,
    Register,
    RegisterActivation,
    StatusMapping,
    Value,
)
from devices.emulators.dlms.schedules import (
    EXECUTE,
    WRITE,
    ActivityCalendar,
    RegisterMonitor,
    Schedule,
    ScriptTable,
    SingleActionSchedule,
    SpecialDays,
)
from devices.emulators.gbcs.faults import Faults

INITIAL = {"active_import": 12_345_678, "active_export": 234_567, "reactive_import": 345_678,
           "reactive_export": 45_678}
"""What the registers show when a fresh meter starts, in Wh and varh."""

# Units (IEC 62056-6-2, table of units).
W, WH, VARH, A, V, HZ = 27, 30, 32, 33, 35, 44

EVENTS = {"clock set": 4, "firmware activated": 9, "disconnected": 10, "reconnected": 11,
          "key changed": 12, "association refused": 13, "log cleared": 255}
"""Codes of the event log (this meter's own numbers)."""

_CLOCK = Column(8, obis.parse("0-0:1.0.0.255"), 2)
_EVENT = obis.parse("0-0:96.11.0.255")
_TARIFF_SCRIPTS = obis.parse("0-0:10.0.100.255")
_SWITCH_SCRIPTS = obis.parse("0-0:10.0.106.255")
_BILLING_SCRIPTS = obis.parse("0-0:10.0.1.255")
_PUSH_SCRIPTS = obis.parse("0-0:10.0.108.255")
_ACTIVATION = obis.parse("0-0:14.0.0.255")
_NO_SCRIPT = (bytes(6), 0)
_NOTHING = Data(Tag.INTEGER, 0)
_UNMETERED = Data(Tag.DOUBLE_LONG_UNSIGNED, 0)

_PUBLIC = Access(public=True)
_READ = Access()


def _may(writes: str = "", acts: str = "", *, reader: bool = True, hidden: str = "",
         reader_writes: str = "", limited: bool = False) -> Access:
    """Return access rights; indices are given with spaces between them."""
    sets = [frozenset(map(int, text.split())) for text in (writes, acts, reader_writes, hidden)]
    return Access(reader=reader, writes=sets[0], acts=sets[1], reader_writes=sets[2],
                  hidden=sets[3], limited=limited)


@dataclass(slots=True)
class Parts:
    """What the objects are made of and hold on to."""

    settings: Settings
    keys: Callable[[], MeterKeys]
    time: Timekeeper
    metering: Metering
    past: Past
    faults: Faults
    push: Callable[[Data], None]
    objects: Objects = field(default_factory=Objects)
    watched: list[Callable[[], None]] = field(default_factory=list)  # called when values change
    firmware: bytes = b""
    event: int = 0
    failures: int = 0  # of power
    status: int = 0  # of the load profile
    log: ProfileGeneric | None = None

    def note(self, event: str) -> None:
        """Add an event to the log."""
        self.event = EVENTS[event]
        if self.log is not None:
            self.log.do_capture(NULL)


def build(parts: Parts) -> None:
    """Add all objects but associations, SAP assignment and security setups."""
    parts.firmware = parts.settings.firmware.encode()
    for group in (_identity, _clock, _registers, _demand, _profiles, _tariff, _supply, _payment,
                  _firmware, _links, _further):
        group(parts)


def sub_meter(parts: Parts, name: str) -> Objects:
    """Return the objects of a further logical device: its name, a register, a message."""
    objects = Objects()
    if "second-device-name-wrong" in parts.faults:
        name = parts.settings.logical_device_name
    objects.add(Value("0-0:42.0.0.255", text(name)), _PUBLIC)
    objects.add(Register("1-1:1.8.0.255", partial(lambda held: held, _UNMETERED), 0, WH), _PUBLIC)
    objects.add(Value("0-1:96.13.0.255", text("NONE")), _may(reader_writes="2"))
    return objects


def text(value: str) -> Data:
    """Return ASCII text as an octet string."""
    return Data(Tag.OCTET_STRING, value.encode())


def _u(tag: Tag, value: Callable[[], int]) -> Callable[[], Data]:
    return lambda: Data(tag, value())


def _identity(parts: Parts) -> None:
    settings, add = parts.settings, parts.objects.add
    name = settings.logical_device_name
    if "device-name-without-flag-id" in parts.faults:
        name = f"XX{name[2:]}"
    if "device-name-missing" not in parts.faults:
        add(Value("0-0:42.0.0.255", text(name)), Access(public=True, limited=True))
    add(Value("0-0:96.1.0.255", text(settings.serial)), _PUBLIC)
    add(Value("0-0:96.1.1.255", text("SMETS1 KIND")), _may("2"))
    add(Value("1-0:0.2.0.255", lambda: Data(Tag.OCTET_STRING, parts.firmware)), _PUBLIC)
    add(Value("0-0:96.11.0.255", _u(Tag.UNSIGNED, lambda: parts.event)), _READ)
    add(Value("0-0:96.7.0.255", _u(Tag.DOUBLE_LONG_UNSIGNED, lambda: parts.failures)), _READ)
    add(Value("0-0:96.10.1.255", _u(Tag.UNSIGNED, lambda: parts.status)), _READ)
    add(Value("0-0:97.97.0.255", Data(Tag.DOUBLE_LONG_UNSIGNED, 0)), _may("2"))
    add(Value("0-0:97.98.0.255", Data(Tag.DOUBLE_LONG_UNSIGNED, 0)), _may("2"))
    add(Value("0-0:97.98.10.255", Data(Tag.DOUBLE_LONG_UNSIGNED, 0xFF)), _may("2"))
    add(Value("0-0:96.13.0.255", text("NONE")), _may("2", reader_writes="2", limited=True))
    add(Value("1-0:0.3.0.255", Data(Tag.DOUBLE_LONG_UNSIGNED, 1000)), _READ)
    add(StatusMapping("0-0:96.5.0.255", status_word="0" * 8,
                      mapping_table=(1, tuple(range(1, 9)))), _READ)


def _clock(parts: Parts) -> None:
    parts.objects.add(
        Clock("0-0:1.0.0.255", parts.time, lambda: HALF_HOUR, time_zone=0, status=0,
              daylight_savings_begin=instants.OPEN, daylight_savings_end=instants.OPEN,
              clock_base=1),
        Access(public=True, writes=frozenset((2, 3, 5, 6, 7)), acts=frozenset(range(1, 7))))
    parts.time.changed.append(lambda _now: parts.note("clock set"))


_TOTALS = {"1-0:1.8.0.255": ("active_import", WH), "1-0:2.8.0.255": ("active_export", WH),
           "1-0:3.8.0.255": ("reactive_import", VARH), "1-0:4.8.0.255": ("reactive_export", VARH)}


def _registers(parts: Parts) -> None:
    add, metering = parts.objects.add, parts.metering
    for code, (quantity, unit) in _TOTALS.items():
        add(Register(code, _u(Tag.DOUBLE_LONG_UNSIGNED, partial(metering.register, quantity)), 0,
                     unit), Access(public=quantity == "active_import"))
    for rate in range(RATES):
        add(Register(f"1-0:1.8.{rate + 1}.255", _u(
            Tag.DOUBLE_LONG_UNSIGNED, partial(metering.rate_register, rate)), 0, WH), _READ)
    add(Register("1-0:1.7.0.255", _u(
        Tag.DOUBLE_LONG_UNSIGNED, lambda: int(metering.power("active_import"))), 0, W), _READ)
    add(Register("1-0:2.7.0.255", _u(
        Tag.DOUBLE_LONG_UNSIGNED, lambda: int(metering.power("active_export"))), 0, W), _READ)
    add(Register("1-0:32.7.0.255", _u(
        Tag.LONG_UNSIGNED, lambda: round(metering.voltage * 10)), -1, V), _READ)
    add(Register("1-0:31.7.0.255", _u(Tag.LONG_UNSIGNED, lambda: round(
        metering.power("active_import") / (metering.voltage or 1) * 100) & 0xFFFF), -2, A), _READ)
    add(Register("1-0:14.7.0.255", _u(
        Tag.LONG_UNSIGNED, lambda: round(metering.frequency * 100)), -2, HZ), _READ)


def _demand(parts: Parts) -> None:
    maximum = ExtendedRegister("1-0:1.6.0.255", parts.time, 0, W)
    parts.objects.add(maximum, _may(acts="1"))
    parts.objects.add(
        DemandRegister("1-0:1.4.0.255", parts.time,
                       lambda: parts.metering.energy()["active_import"], maximum, scaler=0, unit=W,
                       period=HALF_HOUR), _may("8", "1 2"))


def _profiles(parts: Parts) -> None:
    objects, settings, time = parts.objects, parts.settings, parts.time
    status = Column(1, obis.parse("0-0:96.10.1.255"), 2)
    imports, exports = (Column(3, obis.parse(code), 2)
                        for code in ("1-0:1.8.0.255", "1-0:2.8.0.255"))

    wrong_capture = "profile-wrong-capture" in parts.faults
    lost = "profile-row-missing" in parts.faults

    def past() -> Rows:
        return tuple((instants.data(at), Data(Tag.UNSIGNED, 0),
                      Data(Tag.DOUBLE_LONG_UNSIGNED, taken),
                      Data(Tag.DOUBLE_LONG_UNSIGNED, taken if wrong_capture else given))
                     for number, (at, taken, given) in enumerate(parts.past.readings)
                     if not (lost and number % 4 == 3))

    def profile(code: str, columns: tuple[Column, ...], period: int,
                entries: int) -> ProfileGeneric:
        found = ProfileGeneric(code, time, objects, columns, period=period, entries=entries,
                               faults=parts.faults)
        objects.add(found, _may("3 4 8", "1 2"))
        return found

    objects.add(
        ProfileGeneric("1-0:99.1.0.255", time, objects, (_CLOCK, status, imports, exports),
                       period=HALF_HOUR, entries=settings.profile_rows, past=past,
                       past_rows=parts.past.rows, faults=parts.faults), _may("4 8", "1 2"))
    rates = tuple(Column(3, obis.parse(f"1-0:1.8.{rate + 1}.255"), 2) for rate in range(RATES))
    profile("1-0:99.2.0.255", (_CLOCK, imports, exports), instants.DAY, 400)
    profile("1-0:98.1.0.255", (_CLOCK, imports, *rates, Column(4, obis.parse("1-0:1.6.0.255"), 2)),
            0, 13)
    parts.log = profile("0-0:99.98.0.255", (_CLOCK, Column(1, _EVENT, 2)), 0, 100)
    objects.add(
        ScriptTable("0-0:10.0.1.255", objects, faults=parts.faults, scripts=[
            (1, [(EXECUTE, 7, obis.parse("1-0:98.1.0.255"), 2, _NOTHING),
                 (EXECUTE, 4, obis.parse("1-0:1.6.0.255"), 1, _NOTHING)])]), _may(acts="1"))
    objects.add(
        SingleActionSchedule("0-0:15.0.0.255", time, objects, executed_script=(_BILLING_SCRIPTS, 1),
                             type=1, execution_time=((bytes(4), bytes.fromhex("FFFFFF01FF")),)),
        _may("2 4"))


def _tariff(parts: Parts) -> None:
    objects, time = parts.objects, parts.time
    masks = tuple((f"RATE{rate + 1}".encode(), (rate + 1,)) for rate in range(RATES))

    def activated(rate: int) -> None:
        parts.metering.rate = min(rate, RATES - 1)

    activation = RegisterActivation(
        "0-0:14.0.0.255", activated, mask_list=masks, active_mask=b"RATE1",
        register_assignment=tuple((3, obis.parse(f"1-0:1.8.{rate + 1}.255"))
                                  for rate in range(RATES)))
    objects.add(activation, _may("4", "1 2 3"))
    objects.add(Value("0-0:96.14.0.255", lambda: activation.get(4)), _READ)
    objects.add(
        ScriptTable("0-0:10.0.100.255", objects, faults=parts.faults, scripts=[
            (rate + 1, [(WRITE, 6, _ACTIVATION, 4, Data(Tag.OCTET_STRING, masks[rate][0]))])
            for rate in range(RATES)]), _may("2", "1"))
    special = SpecialDays("0-0:11.0.0.255", entries=((1, bytes.fromhex("FFFF0C19FF"), 2),))
    objects.add(special, _may("2", "1 2"))
    night, day = ((bytes((hour, 0, 0, 0)), _TARIFF_SCRIPTS, rate) for hour, rate in
                  ((0, 1), (7, 2)))
    calendar = ((b"SEASON1", bytes.fromhex("FFFF0101FF0000000080000000")[:12], b"WEEK1"),)
    values = {
        "calendar_name_active": b"ACTIVE", "calendar_name_passive": b"PASSIVE",
        **{f"season_profile_{which}": calendar for which in ("active", "passive")},
        **{f"week_profile_table_{which}": ((b"WEEK1", 1, 1, 1, 1, 1, 2, 2),)
           for which in ("active", "passive")},
        **{f"day_profile_table_{which}": ((1, (night, day)), (2, (night,)))
           for which in ("active", "passive")},
    }
    objects.add(ActivityCalendar("0-0:13.0.0.255", time, objects, special, **values),
                _may("6 7 8 9 10", "1"))
    objects.add(
        Schedule("0-0:12.0.0.255", time, objects, entries=(
            (1, False, _TARIFF_SCRIPTS, 3, bytes((18, 0, 0, 0)), 0xFFFF, "1111111", "",
             b"\xff" * 5, b"\xff" * 5),)), _may("2", "1 2 3"))


def _supply(parts: Parts) -> None:
    objects, time, metering = parts.objects, parts.time, parts.metering
    switch = obis.parse("0-0:96.3.10.255")
    control = DisconnectControl("0-0:96.3.10.255", metering, control_mode=4, faults=parts.faults)
    objects.add(control, _may("4", "1 2"))
    objects.add(
        ScriptTable("0-0:10.0.106.255", objects, faults=parts.faults, scripts=[
            (1, [(EXECUTE, 70, switch, 1, _NOTHING)]), (2, [(EXECUTE, 70, switch, 2, _NOTHING)])]),
        _may("2", "1"))
    power = (3, obis.parse("1-0:1.7.0.255"), 2)
    limiter = Limiter(
        "0-0:17.0.0.255", time, objects, monitored_value=power, threshold_normal=20_000,
        threshold_emergency=5_000, min_over_threshold_duration=60,
        emergency_profile=(0, instants.OPEN, 0), emergency_profile_group_id_list=(1,),
        actions=((_SWITCH_SCRIPTS, 1), _NO_SCRIPT))
    objects.add(limiter, _may("2 4 5 6 7 8 9 11"))
    monitor = RegisterMonitor(
        "0-0:16.0.0.255", objects, thresholds=(2530, 2070),
        monitored_value=(3, obis.parse("1-0:32.7.0.255"), 2),
        actions=((_NO_SCRIPT, _NO_SCRIPT), (_NO_SCRIPT, _NO_SCRIPT)))
    objects.add(monitor, _may("2 4"))
    parts.watched += [limiter.watch, monitor.watch]
    objects.add(
        SingleActionSchedule("0-0:15.0.1.255", time, objects, executed_script=(_SWITCH_SCRIPTS, 1),
                             type=1), _may("2 4"))
    objects.add(
        Arbitrator("0-0:96.3.20.255", objects, actions=((_SWITCH_SCRIPTS, 1), (_SWITCH_SCRIPTS, 2)),
                   permissions_table=("11", "10"), weightings_table=((2, 4), (1, 0))),
        _may("3 4", "1 2"))


def _payment(parts: Parts) -> None:
    objects, time = parts.objects, parts.time
    token = Credit("0-0:19.10.0.255", current_credit_amount=1_000, priority=1, credit_status=3,
                   warning_threshold=200, credit_configuration="10100", period=instants.OPEN)
    emergency = Credit("0-0:19.10.1.255", credit_type=2, priority=2, credit_status=1,
                       preset_credit_amount=500, credit_available_threshold=200,
                       credit_configuration="01000", period=instants.OPEN)
    unit = ((0, -5), (3, obis.parse("1-0:1.8.0.255"), 2), ((b"\x01", 1_500), (b"\x02", 2_800)))
    none = ((0, 0), (0, bytes(6), 0), ())
    energy = Charge("0-0:19.20.0.255", time, token, instalment=0, priority=1,
                    unit_charge_active=unit, unit_charge_passive=unit, charge_configuration="10")
    standing = Charge("0-0:19.20.1.255", time, token, instalment=30, charge_type=1, priority=2,
                      period=instants.DAY, total_amount_remaining=3_000, charge_configuration="10",
                      unit_charge_active=none, unit_charge_passive=none)
    account = Account(
        "0-0:19.0.0.255", time, (token, emergency), (energy, standing),
        account_mode_and_status=(2, 2), current_credit_in_use=1,
        credit_charge_configuration=((token.instance, energy.instance, "100"),
                                     (token.instance, standing.instance, "100")),
        token_gateway_configuration=((token.instance, 100),), currency=("GBP", -2, 0),
        low_credit_threshold=200, next_credit_available_threshold=200)
    gateway = TokenGateway("0-0:19.40.0.255", time, token, lambda: parts.keys().authentication)
    objects.add(account, _may("15 16 17 18 19", "1 2 3"))
    objects.add(token, _may("5 6 10", "1 2"))
    objects.add(emergency, _may("5 6 9 10", "1 2 3"))
    objects.add(energy, _may("6 7 8 13", "1 2 3 4 5"))
    objects.add(standing, _may("8 13", "3 4 5"))
    objects.add(gateway, _may(acts="1"))


def _firmware(parts: Parts) -> None:
    def activated(identifier: bytes) -> None:
        parts.firmware = identifier
        parts.note("firmware activated")

    parts.objects.add(
        ImageTransfer("0-0:44.0.0.255", parts.time, activated,
                      block_size=parts.settings.image_block_size,
                      largest=parts.settings.largest_image, seconds=parts.settings.image_s,
                      faults=parts.faults),
        _may("5", "1 2 3 4", reader=False))


def _links(parts: Parts) -> None:
    add = parts.objects.add
    push = links.PushSetup(
        "0-0:25.9.0.255", parts.time, parts.objects, parts.push, faults=parts.faults,
        push_object_list=((1, obis.parse("0-0:42.0.0.255"), 2, 0), (*_CLOCK[:2], 2, 0),
                          (3, obis.parse("1-0:1.8.0.255"), 2, 0)),
        send_destination_and_method=(0, b"", 0))
    add(push, _may("2 3 4 5 6 7", "1", reader=False))
    add(ScriptTable("0-0:10.0.108.255", parts.objects, faults=parts.faults, scripts=[
        (1, [(EXECUTE, 40, push.instance, 1, _NOTHING)])]), _may(acts="1", reader=False))
    add(SingleActionSchedule("0-0:15.0.4.255", parts.time, parts.objects,
                             executed_script=(_PUSH_SCRIPTS, 1), type=1),
        _may("2 4", reader=False))
    add(links.LocalPortSetup(
        "0-0:20.0.0.255", default_mode=1, default_baud=0, prop_baud=5, response_time=1,
        device_addr=parts.settings.serial.encode()), _may("2 3 4 5 6", hidden="7 8 9"))
    add(links.HdlcSetup(
        "0-0:22.0.0.255", comm_speed=5, window_size_transmit=1, window_size_receive=1,
        max_info_field_length_transmit=128, max_info_field_length_receive=128,
        inter_octet_time_out=25, inactivity_time_out=120, device_address=16), _may("2 3 4 5 6 7 8"))
    add(links.AutoConnect("0-0:2.1.0.255", repetition_delay=60), _may("2 3 4 5 6"))
    add(links.AutoAnswer("0-0:2.2.0.255"), _may("2 3 5"))
    add(links.TcpUdpSetup(
        "0-0:25.0.0.255", tcp_udp_port=4059, ip_reference=obis.parse("0-0:25.1.0.255"), mss=576,
        nb_of_sim_conn=1, inactivity_time_out=180), _may("2 4 5 6"))
    add(links.Ipv4Setup(
        "0-0:25.1.0.255", dl_reference=obis.parse("0-0:25.2.0.255"), ip_address=0x7F000001,
        subnet_mask=0xFF000000), _may("3 6 7 8 9 10", "1 2 3"))
    add(links.MacSetup("0-0:25.2.0.255", mac_address=b"\x02\0\0\0\0\x01"), _READ)


def _further(parts: Parts) -> None:
    for number in range(parts.settings.further_registers):
        group, index = divmod(number, 128)
        value = Data(Tag.DOUBLE_LONG_UNSIGNED, number)
        parts.objects.add(
            Register(f"1-{128 + index % 64}:1.8.{128 + group * 2 + index // 64}.255",
                     partial(lambda held: held, value), 0, WH), _READ)

