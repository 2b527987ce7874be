"""How the meter is reached: objects that describe ports and networks, and the push.

Interface classes 19, 23, 28, 29, 40, 41, 42 and 43 of IEC 62056-6-2. Except for the push they are
stored values; the link that serves the meter does not follow them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import TEMPORARY_FAILURE, Interface, Refused
from devices.emulators.dlms.metering import Timekeeper
from devices.emulators.dlms.objects import Objects
from devices.emulators.gbcs.faults import NONE, Faults


class LocalPortSetup(Interface):
    """Class 19: the optical or current-loop port of IEC 62056-21."""

    CLASS_ID = 19
    VERSION = 1
    ATTRIBUTES = (
        ("default_mode", "enum 0..2"), ("default_baud", "enum 0..9"), ("prop_baud", "enum 0..9"),
        ("response_time", "enum 0..1"), ("device_addr", "os(0..32)"), ("pass_p1", "os(0..32)"),
        ("pass_p2", "os(0..32)"), ("pass_w5", "os(0..32)"))


class HdlcSetup(Interface):
    """Class 23."""

    CLASS_ID = 23
    VERSION = 1
    ATTRIBUTES = (
        ("comm_speed", "enum 0..9"), ("window_size_transmit", "u8 1..7"),
        ("window_size_receive", "u8 1..7"), ("max_info_field_length_transmit", "u16 32..2030"),
        ("max_info_field_length_receive", "u16 32..2030"), ("inter_octet_time_out", "u16 20..6000"),
        ("inactivity_time_out", "u16"), ("device_address", "u16 16..16383"))


class AutoAnswer(Interface):
    """Class 28."""

    CLASS_ID = 28
    ATTRIBUTES = (
        ("mode", "enum 0..4"), ("listening_window", "[0..8]{os(12),os(12)}"),
        ("status", "enum 0..2"), ("number_of_calls", "u8"), ("number_of_rings", "{u8,u8}"))


class AutoConnect(Interface):
    """Class 29."""

    CLASS_ID = 29
    VERSION = 1
    ATTRIBUTES = (
        ("mode", "enum 0..104"), ("repetitions", "u8"), ("repetition_delay", "u16"),
        ("calling_window", "[0..8]{os(12),os(12)}"), ("destination_list", "[0..8]os(0..32)"))


class TcpUdpSetup(Interface):
    """Class 41."""

    CLASS_ID = 41
    ATTRIBUTES = (
        ("tcp_udp_port", "u16"), ("ip_reference", "os(6)"), ("mss", "u16 40..65535"),
        ("nb_of_sim_conn", "u8 1..255"), ("inactivity_time_out", "u16"))


class Ipv4Setup(Interface):
    """Class 42."""

    CLASS_ID = 42
    ATTRIBUTES = (
        ("dl_reference", "os(6)"), ("ip_address", "u32"), ("multicast_ip_address", "[0..8]u32"),
        ("ip_options", "[0..8]{u8,u8,os(0..40)}"), ("subnet_mask", "u32"),
        ("gateway_ip_address", "u32"), ("use_dhcp_flag", "bool"), ("primary_dns_address", "u32"),
        ("secondary_dns_address", "u32"))
    METHODS = (("add_mc_ip_address", "u32"), ("delete_mc_ip_address", "u32"),
               ("get_nbof_mc_ip_addresses", "i8"))

    def do_add_mc_ip_address(self, parameter: Data) -> None:
        """Add a multicast address."""
        self._keep((*self.stored("multicast_ip_address").value, parameter))

    def do_delete_mc_ip_address(self, parameter: Data) -> None:
        """Delete a multicast address."""
        self._keep(tuple(one for one in self.stored("multicast_ip_address").value
                         if one.value != parameter.value))

    def do_get_nbof_mc_ip_addresses(self, _parameter: Data) -> Data:
        """Return how many multicast addresses there are."""
        return Data(Tag.LONG_UNSIGNED, len(self.stored("multicast_ip_address").value))

    def _keep(self, addresses: tuple[Data, ...]) -> None:
        if len(addresses) > 8:
            raise Refused(TEMPORARY_FAILURE)
        self.store("multicast_ip_address", Data(Tag.ARRAY, addresses))


class MacSetup(Interface):
    """Class 43."""

    CLASS_ID = 43
    ATTRIBUTES = (("mac_address", "os(6)"),)


class PushSetup(Interface):
    """Class 40: collects attributes and sends them in a data notification."""

    CLASS_ID = 40
    ATTRIBUTES = (
        ("push_object_list", "[0..20]{u16,os(6),i8,u16}"),
        ("send_destination_and_method", "{enum,os(0..64),enum}"),
        ("communication_window", "[0..8]{os(12),os(12)}"), ("randomisation_start_interval", "u16"),
        ("number_of_retries", "u8"), ("repetition_delay", "u16"))
    METHODS = (("push", "i8"),)

    def __init__(self, code: str, time: Timekeeper, objects: Objects, send: Callable[[Data], None],
                 *, faults: Faults = NONE, **values: Any) -> None:
        super().__init__(code, **values)
        self._time, self._objects, self._send, self._faults = time, objects, send, faults

    def do_push(self, _parameter: Data) -> None:
        """Send what the list names; outside of the communication windows that is refused."""
        windows = [tuple(part.value for part in one.value)
                   for one in self.stored("communication_window").value]
        if windows and not any(self._open(begin, end) for begin, end in windows):
            raise Refused(TEMPORARY_FAILURE)
        body = [self._element(*(part.value for part in one.value))
                for one in self.stored("push_object_list").value]
        if "push-object-missing" in self._faults:
            body = body[:-1]
        if "push-missing" not in self._faults:
            self._send(Data(Tag.STRUCTURE, tuple(body)))

    def _element(self, class_id: int, instance: bytes, attribute: int, part: int) -> Data:
        value = self._objects.read(class_id, instance, attribute)
        if part and value.tag in (Tag.ARRAY, Tag.STRUCTURE) and part <= len(value.value):
            return value.value[part - 1]  # type: ignore[no-any-return]
        return value

    def _open(self, begin: bytes, end: bytes) -> bool:
        now, first, last = self._time.now, instants.read(begin), instants.read(end)
        return (first is None or first <= now) and (last is None or now <= last)
