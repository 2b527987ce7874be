"""Classes that rule access and carry the protocol's own state (IEC 62056-6-2, 4.4).

Associations, SAP assignment, image transfer, security setup, data protection, push, and the
function control, array manager and port protection of later editions.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.protocols.cosem.classes.association_types import (
    access_rights_list,
    object_list,
    object_list_element,
    short_name_object_list,
)
from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    MethodDeclaration,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import OBJECT_DEFINITION, VALUE_DEFINITION
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    BIT_STRING,
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    NULL,
    OCTETS,
    UNSIGNED,
    VISIBLE_STRING,
    Bits,
    Type,
    array,
    choice,
    enum,
    integer,
    octets,
    structure,
)
from bench.protocols.cosem.values import Tag

# Names of the conformance block, bit 0 first (IEC 62056-5-3, Conformance).
CONFORMANCE = Bits((
    "reserved-zero", "general-protection", "general-block-transfer", "read", "write",
    "unconfirmed-write", "delta-value-encoding", "reserved-seven",
    "attribute0-supported-with-set", "priority-mgmt-supported",
    "attribute0-supported-with-get", "block-transfer-with-get-or-read",
    "block-transfer-with-set-or-write", "block-transfer-with-action", "multiple-references",
    "information-report", "data-notification", "access", "parameterized-access", "get", "set",
    "selective-access", "event-notification", "action"))

_CONTEXT_NAME = structure(
    joint_iso_ctt_element=UNSIGNED, country_element=UNSIGNED, country_name_element=LONG_UNSIGNED,
    identified_organization_element=UNSIGNED, dlms_ua_element=UNSIGNED,
    application_context_element=UNSIGNED, context_id_element=UNSIGNED)
_MECHANISM_NAME = structure(
    joint_iso_ctt_element=UNSIGNED, country_element=UNSIGNED, country_name_element=LONG_UNSIGNED,
    identified_organization_element=UNSIGNED, dlms_ua_element=UNSIGNED,
    authentication_mechanism_name_element=UNSIGNED, mechanism_id_element=UNSIGNED)
_USER = structure(user_id=UNSIGNED, user_name=VISIBLE_STRING)
_USERS = (static("user_list", array(_USER), optional=True),
          dynamic("current_user", choice(_USER, NULL), optional=True))
_SECURITY_REFERENCE = static("security_setup_reference", LOGICAL_NAME)

_PARTNERS = structure(client_sap=integer(Tag.INTEGER, 0, 127),
                      server_sap=integer(Tag.LONG_UNSIGNED, 0, 0x3FFF))
_XDLMS_CONTEXT = structure(
    conformance=CONFORMANCE, max_receive_pdu_size=LONG_UNSIGNED,
    max_send_pdu_size=LONG_UNSIGNED, dlms_version_number=UNSIGNED,
    quality_of_service=integer(Tag.INTEGER, -128, 127), cyphering_info=OCTETS)
_STATUS = enum(non_associated=0, association_pending=1, associated=2)


def _association_ln(version: int) -> InterfaceClass:
    later: list[AttributeDeclaration] = []
    users: list[MethodDeclaration] = []
    if version >= 1:
        later.append(_SECURITY_REFERENCE)
    if version >= 2:
        later.extend(_USERS)
        users = [method("add_user", _USER), method("remove_user", _USER)]
    element = object_list_element(version)
    return interface_class(15, version, "Association LN", [
        static("object_list", object_list(version), selectors=_LIST_SELECTORS),
        dynamic("associated_partners_id", _PARTNERS),
        static("application_context_name", choice(_CONTEXT_NAME, octets(7))),
        dynamic("xdlms_context_info", _XDLMS_CONTEXT),
        static("authentication_mechanism_name", choice(_MECHANISM_NAME, octets(7), octets(0))),
        static("secret", OCTETS),
        dynamic("association_status", _STATUS),
        *later,
    ], [
        method("reply_to_hls_authentication", OCTETS, returns=OCTETS),
        method("change_hls_secret", OCTETS),
        method("add_object", element),
        method("remove_object", element),
        *users,
    ], first_method_offset=0x60 if version < 2 else None)


# Class 15, selective access to the object list.
_LIST_SELECTORS: Mapping[int, Type] = {
    1: NULL, 2: array(LONG_UNSIGNED), 3: array(OBJECT_DEFINITION), 4: OBJECT_DEFINITION}


def _association_sn(version: int) -> InterfaceClass:
    later = [
        (static("access_rights_list", access_rights_list(), provisional=version == 1),),
        (_SECURITY_REFERENCE,),
        _USERS,
    ][:version]
    users = [method("add_user", _USER), method("remove_user", _USER)] if version >= 3 else []
    return interface_class(12, version, "Association SN", [
        static("object_list", short_name_object_list()),
        *(attribute for group in later for attribute in group),
    ], [
        method("getlist_by_classid", LONG_UNSIGNED, provisional=True),
        method("getobj_by_logicalname", LOGICAL_NAME, provisional=True),
        method("read_by_logicalname", array(structure(
            class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME,
            attribute_index=integer(Tag.INTEGER, -128, 127)))),
        method("get_attributes_and_methods", ANYTHING, provisional=version >= 3),
        method("change_lls_secret", OCTETS),
        method("change_hls_secret", OCTETS, provisional=version >= 3),
        method("get_hls_challenge", ANYTHING, provisional=True),
        method("reply_to_hls_authentication", OCTETS, returns=OCTETS),
        *users,
    ], first_method_offset=0x20)


_IMAGE_STATUS = enum(
    image_transfer_not_initiated=0, image_transfer_initiated=1, image_verification_initiated=2,
    image_verification_successful=3, image_verification_failed=4, image_activation_initiated=5,
    image_activation_successful=6, image_activation_failed=7)
_ASSIGNMENT = structure(sap=LONG_UNSIGNED, logical_device_name=OCTETS)

_TITLE = choice(octets(8), octets(0))  # empty until it is known
_SUITE = enum(suite_0=0, suite_1=1, suite_2=2)
_KEY_ID = enum(global_unicast_encryption_key=0, global_broadcast_encryption_key=1,
               authentication_key=2, master_key=3)
_KEY_PAIR = enum(digital_signature_key_pair=0, key_agreement_key_pair=1, tls_key_pair=2)
_ENTITY = enum(server=0, client=1, certification_authority=2, other=3)
_CERTIFICATE_TYPE = enum(digital_signature=0, key_agreement=1, tls=2, other=3)
_POLICY_BITS = Bits(("", "", "authenticated_request", "encrypted_request",
                     "digitally_signed_request", "authenticated_response", "encrypted_response",
                     "digitally_signed_response"), Tag.ENUM)
_CERTIFICATE = structure(
    certificate_identification_type=enum(certificate_entity=0, certificate_serial_number=1),
    certification_identification_options=choice(
        structure(certificate_entity=_ENTITY, certificate_type=_CERTIFICATE_TYPE,
                  system_title=OCTETS),
        structure(serial_number=OCTETS, issuer=OCTETS)))

_FUNCTION = structure(function_name=OCTETS, function_status=BOOLEAN)
_FUNCTION_OBJECTS = structure(function_name=OCTETS,
                              function_specifications=array(OBJECT_DEFINITION))

CLASSES: tuple[InterfaceClass, ...] = (
    *(_association_sn(version) for version in range(4)),
    *(_association_ln(version) for version in range(4)),
    interface_class(17, 0, "SAP assignment", [
        static("sap_assignment_list", array(_ASSIGNMENT)),
    ], [method("connect_logical_device", _ASSIGNMENT)], first_method_offset=0x20),
    interface_class(18, 0, "Image transfer", [
        static("image_block_size", DOUBLE_LONG_UNSIGNED),
        dynamic("image_transferred_blocks_status", BIT_STRING),
        dynamic("image_first_not_transferred_block_number", DOUBLE_LONG_UNSIGNED),
        static("image_transfer_enabled", BOOLEAN),
        dynamic("image_transfer_status", _IMAGE_STATUS),
        dynamic("image_to_activate_info", array(structure(
            image_to_activate_size=DOUBLE_LONG_UNSIGNED, image_to_activate_identification=OCTETS,
            image_to_activate_signature=OCTETS))),
    ], [
        method("image_transfer_initiate", structure(
            image_identifier=OCTETS, image_size=DOUBLE_LONG_UNSIGNED), mandatory=True),
        method("image_block_transfer", structure(
            image_block_number=DOUBLE_LONG_UNSIGNED, image_block_value=OCTETS), mandatory=True),
        method("image_verify", mandatory=True),
        method("image_activate", mandatory=True),
    ], first_method_offset=0x40),
    interface_class(64, 0, "Security setup", [
        static("security_policy", enum(
            nothing=0, all_messages_authenticated=1, all_messages_encrypted=2,
            all_messages_authenticated_and_encrypted=3)),
        static("security_suite", _SUITE),
        dynamic("client_system_title", _TITLE),
        static("server_system_title", _TITLE),
    ], [
        method("security_activate", enum(
            nothing=0, all_messages_authenticated=1, all_messages_encrypted=2,
            all_messages_authenticated_and_encrypted=3)),
        method("global_key_transfer", array(structure(key_id=_KEY_ID, key_wrapped=OCTETS))),
    ], first_method_offset=0x28),
    interface_class(64, 1, "Security setup", [
        static("security_policy", _POLICY_BITS),
        static("security_suite", _SUITE),
        dynamic("client_system_title", _TITLE),
        static("server_system_title", _TITLE),
        dynamic("certificates", array(structure(
            certificate_entity=_ENTITY, certificate_type=_CERTIFICATE_TYPE, serial_number=OCTETS,
            issuer=OCTETS, subject=OCTETS, subject_alt_name=OCTETS))),
    ], [
        method("security_activate", _POLICY_BITS),
        method("key_transfer", array(structure(key_id=_KEY_ID, key_wrapped=OCTETS))),
        method("key_agreement", array(structure(key_id=_KEY_ID, key_data=OCTETS)),
               returns=array(structure(key_id=_KEY_ID, key_data=OCTETS))),
        method("generate_key_pair", _KEY_PAIR),
        method("generate_certificate_request", _KEY_PAIR, returns=OCTETS),
        method("import_certificate", OCTETS),
        method("export_certificate", _CERTIFICATE, returns=OCTETS),
        method("remove_certificate", _CERTIFICATE),
    ], first_method_offset=0x30),
    interface_class(122, 0, "Function control", [
        static("activation_status", array(_FUNCTION)),
        static("function_list", array(_FUNCTION_OBJECTS)),
    ], [
        method("set_function_status", array(_FUNCTION)),
        method("add_function", _FUNCTION_OBJECTS),
        method("remove_function", _FUNCTION_OBJECTS),
    ], first_method_offset=0x20),
    interface_class(123, 0, "Array manager", [
        static("array_object_list", array(structure(
            array_object_id=UNSIGNED, array_object=VALUE_DEFINITION))),
    ], [
        method("retrieve_number_of_entries", UNSIGNED, mandatory=True, returns=LONG_UNSIGNED,
               provisional=True),
        method("retrieve_entries", ANYTHING, mandatory=True, returns=ANYTHING),
        method("insert_entry", ANYTHING),
        method("update_entry", ANYTHING),
        method("remove_entries", ANYTHING),
    ], first_method_offset=0x20),
    interface_class(124, 0, "Communication port protection", [
        static("protection_mode", enum(locked=0, locked_on_failed_attempts=1, unlocked=2)),
        static("allowed_failed_attempts", LONG_UNSIGNED),
        static("initial_lockout_time", DOUBLE_LONG_UNSIGNED),
        static("steepness_factor", UNSIGNED),
        static("max_lockout_time", DOUBLE_LONG_UNSIGNED),
        static("port_reference", LOGICAL_NAME),
        dynamic("protection_status", enum(unlocked=0, temporarily_locked=1, locked=2)),
        dynamic("failed_attempts", DOUBLE_LONG_UNSIGNED),
        dynamic("cumulative_failed_attempts", DOUBLE_LONG_UNSIGNED),
    ], [method("reset")], first_method_offset=0x58),
)
