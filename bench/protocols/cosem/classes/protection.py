"""Classes that protect and send data by themselves: data protection, push (IEC 62056-6-2, 4.4)."""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    AttributeDeclaration,
    InterfaceClass,
    MethodDeclaration,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import CAPTURE_OBJECT, SELECTED_OBJECT, WINDOW
from bench.protocols.cosem.classes.types import (
    ANYTHING,
    DATE_TIME,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    NULL,
    OCTETS,
    UNSIGNED,
    Bits,
    Simple,
    Structure,
    Type,
    array,
    choice,
    enum,
    structure,
)
from bench.protocols.cosem.values import Tag

_PROTECTION_TYPE = enum(authentication=0, encryption=1, authentication_and_encryption=2,
                        digital_signature=3)
_KEY_ID = enum(global_unicast_encryption_key=0, global_broadcast_encryption_key=1)
# Most write the id as it is; some wrap it in a structure.
_IDENTIFIED_KEY = choice(_KEY_ID, structure(key_id=_KEY_ID))
_WRAPPED_KEY = structure(kek_id=enum(master_key=0), key_ciphered_data=OCTETS)
_AGREED_KEY = structure(key_parameters=OCTETS, key_ciphered_data=OCTETS)
_KEY_INFO = structure(key_info_type=enum(identified_key=0, wrapped_key=1, agreed_key=2),
                      key_info_options=choice(_IDENTIFIED_KEY, _WRAPPED_KEY, _AGREED_KEY))


def _parameters(key_info: Type) -> Structure:
    return structure(protection_type=_PROTECTION_TYPE, protection_options=structure(
        transaction_id=OCTETS, originator_system_title=OCTETS, recipient_system_title=OCTETS,
        other_information=OCTETS, key_info=key_info))


# For a protection that takes no key (a signature) the options have no key information.
_PARAMETERS = array(_parameters(choice(_KEY_INFO, Structure(()), NULL, OCTETS)))

_WITH_COLUMNS = Structure((*SELECTED_OBJECT.members, ("columns", array(CAPTURE_OBJECT))))
_REQUIRED = Bits(("", "", "authenticated_request", "encrypted_request",
                  "digitally_signed_request", "authenticated_response", "encrypted_response",
                  "digitally_signed_response"), Tag.ENUM)

_DESTINATION = structure(
    transport_service=enum((200, 255), tcp=0, udp=1, ftp=2, smtp=3, sms=4, hdlc=5, m_bus=6,
                           zigbee=7, dlms_gateway=8, reliable_coap=9, unreliable_coap=10),
    destination=OCTETS,
    message=enum((128, 255), a_xdr_encoded_xdlms_apdu=0, xml_encoded_xdlms_apdu=1))
_DELAY = structure(repetition_delay_min=LONG_UNSIGNED, repetition_delay_exponent=LONG_UNSIGNED,
                   repetition_delay_max=LONG_UNSIGNED)
_PUSH_METHOD = enum(unconfirmed_retry_on_supporting_layer_failure=0,
                    unconfirmed_retry_on_missing_supporting_layer_confirmation=1,
                    confirmed_retry_on_missing_confirmation=2)
_PUSHED: tuple[Type, ...] = (CAPTURE_OBJECT, SELECTED_OBJECT, _WITH_COLUMNS)
_MOMENT = choice(Simple(Tag.DATE_TIME), DATE_TIME)


def _push_setup(version: int) -> InterfaceClass:
    later: list[AttributeDeclaration] = []
    methods: list[MethodDeclaration] = [method("push", mandatory=True)]
    if version >= 1:
        later += [static("port_reference", OCTETS),
                  static("push_client_sap", INTEGER),
                  static("push_protection_parameters", _PARAMETERS)]
    if version >= 2:
        later += [
            static("push_operation_method", _PUSH_METHOD),
            static("confirmation_parameters", structure(
                confirmation_start_date=_MOMENT, confirmation_interval=DOUBLE_LONG_UNSIGNED)),
            dynamic("last_confirmation_date_time", _MOMENT),
        ]
        methods.append(method("reset"))
    return interface_class(40, version, "Push setup", [
        static("push_object_list", array(_PUSHED[version])),
        static("send_destination_and_method", _DESTINATION),
        static("communication_window", array(WINDOW)),
        static("randomisation_start_interval", LONG_UNSIGNED),
        static("number_of_retries", UNSIGNED),
        static("repetition_delay", _DELAY if version >= 2 else LONG_UNSIGNED),
        *later,
    ], methods, first_method_offset=0x38 if version == 0 else None)


CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(30, 0, "Data protection", [
        dynamic("protection_buffer", OCTETS),
        static("protection_object_list", array(SELECTED_OBJECT)),
        static("protection_parameters_get", _PARAMETERS),
        static("protection_parameters_set", _PARAMETERS),
        static("required_protection", _REQUIRED),
    ], [
        method("get_protected_attributes", structure(
            object_list=array(SELECTED_OBJECT), get_protection_parameters=_PARAMETERS),
            returns=structure(get_protection_parameters=_PARAMETERS, protected_attributes=OCTETS)),
        method("set_protected_attributes", structure(
            object_list=array(SELECTED_OBJECT), set_protection_parameters=_PARAMETERS,
            protected_attributes=OCTETS), provisional=True),
        method("invoke_protected_method", structure(
            object_method=structure(class_id=LONG_UNSIGNED, logical_name=LOGICAL_NAME,
                                    method_index=INTEGER),
            invoke_protection_parameters=_PARAMETERS,
            protected_method_invocation_parameters=OCTETS), returns=ANYTHING, provisional=True),
    ], first_method_offset=0x30),
    *(_push_setup(version) for version in range(3)),
)
