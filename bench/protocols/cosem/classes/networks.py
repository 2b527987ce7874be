"""Classes that set up networks: internet, M-Bus, ZigBee (IEC 62056-6-2, 4.8, 4.9 and 4.15).

Of ZigBee the network control is here, which GBCS uses; the classes of power-line and LPWAN
networks are left out.
"""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import BAUD
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    BOOLEAN,
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    NULL,
    OCTETS,
    SIMPLE_VALUE,
    UNSIGNED,
    Anything,
    Bits,
    array,
    choice,
    enum,
    octets,
    structure,
)
from bench.protocols.cosem.values import Tag

_OPTION = structure(ip_option_type=UNSIGNED, ip_option_length=UNSIGNED, ip_option_data=OCTETS)
_LCP_OPTION = structure(lcp_option_type=UNSIGNED, lcp_option_length=UNSIGNED,
                        lcp_option_data=choice(SIMPLE_VALUE, Anything(Tag.STRUCTURE)))
_IPCP_OPTION = structure(ipcp_option_type=UNSIGNED, ipcp_option_length=UNSIGNED,
                         ipcp_option_data=SIMPLE_VALUE)
_AUTHENTICATION = choice(
    NULL, structure(user_name=OCTETS, user_password=OCTETS),
    structure(user_name=OCTETS, algorithm_id=UNSIGNED),
    structure(md5_challenge=BOOLEAN, one_time_password=BOOLEAN, generic_token_card=BOOLEAN))
_IPV6 = octets(16)
_IPV6_KIND = enum(unicast=0, multicast=1, gateway=2)
_IPV6_ENTRY = structure(ipv6_address_type=_IPV6_KIND, ipv6_address=_IPV6)

_DATA_SET = structure(data_information_block=OCTETS, value_information_block=OCTETS)
_KEY_STATUS = enum(
    no_encryption_key=0, encryption_key_set=1, encryption_key_transferred=2,
    encryption_key_set_and_transferred=3, encryption_key_in_use=4)


def _mbus_client(version: int) -> InterfaceClass:
    later: tuple[AttributeDeclaration, ...] = ()
    if version:
        later = (dynamic("configuration", LONG_UNSIGNED),
                 dynamic("encryption_key_status", _KEY_STATUS))
    return interface_class(72, version, "M-Bus client", [
        static("mbus_port_reference", LOGICAL_NAME),
        static("capture_definition", array(_DATA_SET)),
        static("capture_period", DOUBLE_LONG_UNSIGNED),
        dynamic("primary_address", UNSIGNED),
        dynamic("identification_number", DOUBLE_LONG_UNSIGNED),
        dynamic("manufacturer_id", LONG_UNSIGNED),
        dynamic("version", UNSIGNED),
        dynamic("device_type", UNSIGNED),
        dynamic("access_number", UNSIGNED),
        dynamic("status", UNSIGNED),
        dynamic("alarm", UNSIGNED),
        *later,
    ], [
        method("slave_install", UNSIGNED),
        method("slave_deinstall"),
        method("capture"),
        method("reset_alarm"),
        method("synchronize_clock"),
        method("data_send", array(structure(
            data_information_block=OCTETS, value_information_block=OCTETS, data=SIMPLE_VALUE))),
        method("set_encryption_key", OCTETS),
        method("transfer_key", OCTETS),
    ], first_method_offset=0x70 if version else 0x60)


_EUI_64 = octets(8)
_DEVICE = structure(
    mac_address=_EUI_64, status=Bits(("", "", "", "", "", "", "", "")), max_rssi=INTEGER,
    average_rssi=INTEGER, min_rssi=INTEGER, max_lqi=UNSIGNED, average_lqi=UNSIGNED,
    min_lqi=UNSIGNED, last_communication_date_time=DATE_TIME, number_of_hops=UNSIGNED,
    transmission_failures=UNSIGNED, transmission_successes=UNSIGNED,
    application_version=UNSIGNED, stack_version=UNSIGNED)
_BACKED_UP = structure(mac_address=_EUI_64, hashed_tc_link_key=octets(16))

CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(25, 0, "M-Bus slave port setup", [
        static("default_baud", BAUD),
        static("avail_baud", BAUD),
        dynamic("addr_state", enum(not_assigned=0, assigned=1)),
        dynamic("bus_address", UNSIGNED),
    ]),
    interface_class(41, 0, "TCP-UDP setup", [
        static("tcp_udp_port", LONG_UNSIGNED),
        static("ip_reference", LOGICAL_NAME),
        static("mss", LONG_UNSIGNED),
        static("nb_of_sim_conn", UNSIGNED),
        static("inactivity_time_out", LONG_UNSIGNED),
    ]),
    interface_class(42, 0, "IPv4 setup", [
        static("dl_reference", LOGICAL_NAME),
        dynamic("ip_address", DOUBLE_LONG_UNSIGNED),
        dynamic("multicast_ip_address", array(DOUBLE_LONG_UNSIGNED)),
        dynamic("ip_options", array(_OPTION)),
        dynamic("subnet_mask", DOUBLE_LONG_UNSIGNED),
        dynamic("gateway_ip_address", DOUBLE_LONG_UNSIGNED),
        static("use_dhcp_flag", BOOLEAN),
        dynamic("primary_dns_address", DOUBLE_LONG_UNSIGNED),
        dynamic("secondary_dns_address", DOUBLE_LONG_UNSIGNED),
    ], [
        method("add_mc_ip_address", DOUBLE_LONG_UNSIGNED),
        method("delete_mc_ip_address", DOUBLE_LONG_UNSIGNED),
        method("get_nbof_mc_ip_addresses", returns=LONG_UNSIGNED),
    ], first_method_offset=0x60),
    interface_class(43, 0, "MAC address setup", [static("mac_address", OCTETS)]),
    interface_class(44, 0, "PPP setup", [
        static("phy_reference", LOGICAL_NAME),
        static("lcp_options", array(_LCP_OPTION)),
        static("ipcp_options", array(_IPCP_OPTION), provisional=True),
        static("ppp_authentication", _AUTHENTICATION, provisional=True),
    ]),
    interface_class(46, 0, "SMTP setup", [
        static("server_port", LONG_UNSIGNED),
        static("user_name", OCTETS),
        static("login_password", OCTETS),
        static("server_address", OCTETS),
        static("sender_address", OCTETS),
    ]),
    interface_class(48, 0, "IPv6 setup", [
        static("dl_reference", LOGICAL_NAME),
        static("address_config_mode", enum(auto_configuration=0, dhcp_v6=1, manual=2,
                                           neighbour_discovery=3)),
        dynamic("unicast_ipv6_addresses", array(_IPV6)),
        dynamic("multicast_ipv6_addresses", array(_IPV6)),
        dynamic("gateway_ipv6_addresses", array(_IPV6)),
        dynamic("primary_dns_address", _IPV6),
        dynamic("secondary_dns_address", _IPV6),
        static("traffic_class", UNSIGNED),
        static("neighbor_discovery_setup", array(structure(
            rs_max_retry=UNSIGNED, rs_retry_wait_time=LONG_UNSIGNED,
            ra_send_period=DOUBLE_LONG_UNSIGNED))),
    ], [method("add_ipv6_address", _IPV6_ENTRY), method("remove_ipv6_address", _IPV6_ENTRY)],
        first_method_offset=0x60),
    _mbus_client(0),
    _mbus_client(1),
    interface_class(74, 0, "M-Bus master port setup", [static("comm_speed", BAUD)]),
    interface_class(100, 0, "NTP setup", [
        static("activated", BOOLEAN),
        static("server_address", OCTETS),
        static("server_port", LONG_UNSIGNED),
        static("authentication_method", enum(no_security=0, shared_secrets=1, auto_key_iff=2)),
        static("authentication_keys", array(structure(
            key_id=DOUBLE_LONG_UNSIGNED, key=OCTETS))),
        static("client_key", OCTETS),
    ], [
        method("synchronize"),
        method("add_authentication_key", structure(key_id=DOUBLE_LONG_UNSIGNED, key=OCTETS)),
        method("delete_authentication_key", DOUBLE_LONG_UNSIGNED),
    ]),
    interface_class(104, 0, "ZigBee network control", [
        static("enable_disable_joining", BOOLEAN),
        static("join_timeout", LONG_UNSIGNED),
        dynamic("active_devices", array(_DEVICE)),
    ], [
        method("register_device", structure(
            ieee_address=_EUI_64, key_type=enum((2, 255), link_key=0, installation_code=1),
            key=OCTETS, device_type=enum((0, 255))), mandatory=True),
        method("unregister_device", _EUI_64, mandatory=True),
        method("unregister_all_devices"),
        # GBCS hands null to backup_PAN, contrary to COSEM
        method("backup_pan", choice(ANYTHING, NULL), returns=structure(
            date_time=DATE_TIME, extended_pan_id=_EUI_64, devices_to_backup=array(_BACKED_UP))),
        method("restore_pan", structure(
            extended_pan_id=_EUI_64, devices_to_restore=array(_BACKED_UP))),
        method("identify_device", _EUI_64, provisional=True),
        method("remove_mirror", Anything(Tag.STRUCTURE)),
        method("update_network_key", ANYTHING),
        method("update_link_key", _EUI_64, provisional=True),
        method("create_pan", ANYTHING),
        method("remove_pan", ANYTHING),
    ], first_method_offset=0x20),
)
