"""Classes that set up local ports and modems (IEC 62056-6-2, 4.7)."""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import BAUD, WINDOW
from bench.protocols.cosem.classes.types import (
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LONG_UNSIGNED,
    OCTETS,
    UNSIGNED,
    VISIBLE_STRING,
    Simple,
    Type,
    array,
    choice,
    enum,
    integer,
    octets,
    structure,
)
from bench.protocols.cosem.values import Tag


def _local_port(version: int) -> InterfaceClass:
    return interface_class(19, version, "IEC local port setup", [
        static("default_mode", enum(iec_62056_21=0, iec_62056_46=1, not_specified=2),
               provisional=version == 0),
        static("default_baud", BAUD),
        static("prop_baud", BAUD),
        static("response_time", enum(ms_20=0, ms_200=1)),
        static("device_addr", OCTETS),
        static("pass_p1", OCTETS),
        static("pass_p2", OCTETS),
        static("pass_w5", OCTETS),
    ])


def _hdlc(version: int, length: Type) -> InterfaceClass:
    window = integer(Tag.UNSIGNED, 1, 7)
    first = version == 0
    return interface_class(23, version, "IEC HDLC setup", [
        static("comm_speed", BAUD),
        static("window_size_transmit", window),
        static("window_size_receive", window),
        static("max_info_field_length_transmit", length, provisional=first),
        static("max_info_field_length_receive", length, provisional=first),
        static("inter_octet_time_out", integer(Tag.LONG_UNSIGNED, 20, 1000 if first else 6000),
               provisional=first),
        static("inactivity_time_out", LONG_UNSIGNED),  # seconds, 0 never
        static("device_address", integer(Tag.LONG_UNSIGNED, 0, 0x3FFF)),
    ])


# Sources differ on whether a primary address is an unsigned or an octet-string of one octet.
_PRIMARY_ADDRESSES = static("primary_address_list", array(choice(UNSIGNED, octets(1))),
                            provisional=True)
_TABI_LIST = static("tabi_list", array(INTEGER))


_CALLER = structure(caller_id=OCTETS, call_type=enum(normal_csd_call=0, wake_up_request=1))


def _auto_answer(version: int) -> InterfaceClass:
    later: tuple[AttributeDeclaration, ...] = ()
    if version == 2:
        later = (static("list_of_allowed_callers", array(_CALLER)),)
    return interface_class(28, version, "Auto answer", [
        static("mode", enum(
            (200, 255), line_dedicated_to_device=0, shared_line_limited_calls=1,
            shared_line_limited_successful_calls=2, no_modem=3)),
        static("listening_window", array(WINDOW)),
        dynamic("status", enum(inactive=0, active=1, locked=2)),
        static("number_of_calls", UNSIGNED),
        static("number_of_rings", structure(nr_rings_in_window=UNSIGNED,
                                            nr_rings_out_of_window=UNSIGNED)),
        *later,
    ])


# Version 0 is "PSTN auto dial": it dials, and knows neither messages nor lasting connections.
_DIAL_MODES = {"no_auto_connect": 0, "allowed_any_time": 1, "allowed_in_calling_window": 2,
               "regular_in_calling_window_and_on_action": 3}
_CONNECT_MODES = _DIAL_MODES | {
    "sms_via_plmn": 4, "sms_via_pstn": 5, "email": 6, "permanently_connected": 101,
    "permanently_connected_in_calling_window": 102, "permanently_connected_and_on_connect": 103,
    "disconnected_until_connect": 104}


def _auto_connect(version: int) -> InterfaceClass:
    return interface_class(29, version, "Auto connect", [
        static("mode", enum((200, 255), **(_CONNECT_MODES if version else _DIAL_MODES))),
        static("repetitions", UNSIGNED),
        static("repetition_delay", LONG_UNSIGNED),
        static("calling_window", array(WINDOW)),
        static("destination_list" if version else "phone_list", array(OCTETS)),
    ], [method("connect")] if version >= 2 else [],
        first_method_offset=0x30 if version >= 2 else None)


CLASSES: tuple[InterfaceClass, ...] = (
    _local_port(0),
    _local_port(1),
    _hdlc(0, integer(Tag.UNSIGNED, 32, 128)),
    _hdlc(1, integer(Tag.LONG_UNSIGNED, 32, 2030)),
    interface_class(24, 0, "IEC twisted pair (1) setup", [
        static("secondary_address", octets(6)),
        _PRIMARY_ADDRESSES,
        _TABI_LIST,
        dynamic("fatal_error", Simple(Tag.ENUM)),
    ]),
    interface_class(24, 1, "IEC twisted pair (1) setup", [
        static("mode", enum((128, 255), inactive=0, active=1)),
        static("speed", BAUD),
        _PRIMARY_ADDRESSES,
        _TABI_LIST,
    ]),
    interface_class(26, 0, "Utility tables", [
        static("table_id", LONG_UNSIGNED),
        dynamic("length", DOUBLE_LONG_UNSIGNED),
        dynamic("buffer", OCTETS),
    ]),
    interface_class(27, 1, "Modem configuration", [
        static("comm_speed", BAUD),
        static("initialization_string", array(structure(
            request=OCTETS, response=OCTETS, delay_after_response=LONG_UNSIGNED))),
        static("modem_profile", array(OCTETS)),
    ]),
    _auto_answer(0),
    _auto_answer(2),
    *(_auto_connect(version) for version in range(3)),
    interface_class(45, 0, "GPRS modem setup", [
        static("apn", OCTETS),
        static("pin_code", LONG_UNSIGNED),
        static("quality_of_service", structure(**{
            name: structure(precedence=UNSIGNED, delay=UNSIGNED, reliability=UNSIGNED,
                            peak_throughput=UNSIGNED, mean_throughput=UNSIGNED)
            for name in ("default", "requested")})),
    ]),
    interface_class(47, 1, "GSM diagnostic", [
        dynamic("operator", VISIBLE_STRING),
        dynamic("status", enum(
            (128, 255), not_registered=0, registered_home_network=1, searching=2,
            registration_denied=3, unknown=4, registered_roaming=5)),
        dynamic("cs_attachment", enum(
            (128, 255), inactive=0, incoming_call=1, active=2)),
        dynamic("ps_status", enum(
            (128, 255), inactive=0, gprs=1, edge=2, umts=3, hsdpa=4, lte=5, cdma=6)),
        dynamic("cell_info", structure(
            cell_id=DOUBLE_LONG_UNSIGNED, location_id=LONG_UNSIGNED, signal_quality=UNSIGNED,
            ber=UNSIGNED, mcc=LONG_UNSIGNED, mnc=LONG_UNSIGNED,
            channel_number=DOUBLE_LONG_UNSIGNED)),
        dynamic("adjacent_cells", array(structure(
            cell_id=DOUBLE_LONG_UNSIGNED, signal_quality=UNSIGNED))),
        dynamic("capture_time", choice(Simple(Tag.DATE_TIME), DATE_TIME)),
    ]),
)
