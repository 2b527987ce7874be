"""Payment metering classes: account, credit, charge, token gateway (IEC 62056-6-2, 4.6)."""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import VALUE_DEFINITION
from bench.protocols.cosem.classes.types import (
    BIT_STRING,
    DATE_TIME,
    DOUBLE_LONG,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG,
    LONG_UNSIGNED,
    OCTETS,
    UNSIGNED,
    UTF8_STRING,
    Bits,
    Simple,
    array,
    choice,
    enum,
    integer,
    structure,
)
from bench.protocols.cosem.values import Tag

_CREDIT_STATUS_BITS = Bits((
    "in_credit", "low_credit", "next_credit_enabled", "next_credit_selectable",
    "next_credit_selected", "selectable_credit_in_use", "out_of_credit", ""))
_COLLECTION = Bits(("collect_when_supply_disconnected", "collect_in_load_limiting_periods",
                    "collect_in_friendly_credit_periods"))
_CHARGE_TABLE = array(structure(index=OCTETS, charge_per_unit=LONG))
_UNIT_CHARGE = structure(
    charge_per_unit_scaling=structure(commodity_scale=INTEGER, price_scale=INTEGER),
    commodity_reference=VALUE_DEFINITION,  # all zero where no commodity is referred to
    charge_table=_CHARGE_TABLE)
_TOKEN_STATUS = structure(
    status_code=enum(
        token_format_result_ok=0, authentication_result_ok=1, validation_result_ok=2,
        token_execution_result_ok=3, token_format_result_failure=4,
        authentication_result_failure=5, validation_result_failure=6,
        token_execution_result_failure=7, token_received_and_not_yet_processed=8),
    data_value=BIT_STRING)
_TIME_OF_DAY = choice(DATE_TIME, Simple(Tag.DATE_TIME))

CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(111, 0, "Account", [
        static("account_mode_and_status", structure(
            payment_mode=enum(credit_mode=1, prepayment_mode=2),
            account_status=enum(new_inactive_account=1, account_active=2, account_closed=3))),
        dynamic("current_credit_in_use", UNSIGNED),
        dynamic("current_credit_status", _CREDIT_STATUS_BITS),
        dynamic("available_credit", DOUBLE_LONG),
        dynamic("amount_to_clear", DOUBLE_LONG),
        static("clearance_threshold", DOUBLE_LONG),
        dynamic("aggregated_debt", DOUBLE_LONG),
        static("credit_reference_list", array(LOGICAL_NAME)),
        static("charge_reference_list", array(LOGICAL_NAME)),
        static("credit_charge_configuration", array(structure(
            credit_reference=LOGICAL_NAME, charge_reference=LOGICAL_NAME,
            collection_configuration=_COLLECTION))),
        static("token_gateway_configuration", array(structure(
            credit_reference=LOGICAL_NAME, token_proportion=integer(Tag.UNSIGNED, 0, 100)))),
        dynamic("account_activation_time", DATE_TIME),
        dynamic("account_closure_time", DATE_TIME),
        static("currency", structure(
            currency_name=UTF8_STRING, currency_scale=INTEGER,
            currency_unit=enum(time=0, consumption=1, monetary=2))),
        static("low_credit_threshold", DOUBLE_LONG),
        dynamic("next_credit_available_threshold", DOUBLE_LONG),
        static("max_provision", LONG_UNSIGNED),
        static("max_provision_period", DOUBLE_LONG),
    ], [method("activate_account"), method("close_account"), method("reset_account")],
        first_method_offset=0x98),
    interface_class(112, 0, "Credit", [
        dynamic("current_credit_amount", DOUBLE_LONG),
        static("credit_type", enum(token_credit=0, reserved_credit=1, emergency_credit=2,
                                   time_based_credit=3, consumption_based_credit=4)),
        static("priority", UNSIGNED),
        static("warning_threshold", DOUBLE_LONG),
        static("limit", DOUBLE_LONG),
        static("credit_configuration", Bits((
            "requires_visual_indication", "requires_confirmation", "requires_paying_back",
            "resettable", "able_to_receive_credit_amounts_from_tokens"))),
        dynamic("credit_status", enum(enabled=0, selectable=1, selected_or_invoked=2, in_use=3,
                                      exhausted=4)),
        static("preset_credit_amount", DOUBLE_LONG),
        static("credit_available_threshold", DOUBLE_LONG),
        static("period", _TIME_OF_DAY),
    ], [
        method("update_amount", DOUBLE_LONG),
        method("set_amount_to_value", DOUBLE_LONG),
        method("invoke_credit"),
    ], first_method_offset=0x58),
    interface_class(113, 0, "Charge", [
        dynamic("total_amount_paid", DOUBLE_LONG),
        static("charge_type", enum(consumption_based_collection=0, time_based_collection=1,
                                   payment_event_based_collection=2)),
        static("priority", UNSIGNED),
        static("unit_charge_active", _UNIT_CHARGE),
        static("unit_charge_passive", _UNIT_CHARGE),
        static("unit_charge_activation_time", DATE_TIME),
        static("period", DOUBLE_LONG_UNSIGNED),
        static("charge_configuration", Bits(("percentage_based_collection",
                                             "continuous_collection"))),
        dynamic("last_collection_time", _TIME_OF_DAY),
        dynamic("last_collection_amount", DOUBLE_LONG),
        dynamic("total_amount_remaining", DOUBLE_LONG),
        static("proportion", LONG_UNSIGNED),
    ], [
        method("update_unit_charge", _CHARGE_TABLE),
        method("activate_passive_unit_charge"),
        method("collect"),
        method("update_total_amount_remaining", DOUBLE_LONG),
        method("set_total_amount_remaining", DOUBLE_LONG),
    ], first_method_offset=0x68),
    interface_class(115, 0, "Token gateway", [
        dynamic("token", OCTETS),
        dynamic("token_time", DATE_TIME),
        dynamic("token_description", array(OCTETS)),
        dynamic("token_delivery_method", enum(via_remote_communications=0,
                                              via_local_communications=1, via_manual_entry=2)),
        dynamic("token_status", _TOKEN_STATUS),
    ], [method("enter", OCTETS, mandatory=True, returns=_TOKEN_STATUS)],
        first_method_offset=0x30),
)
