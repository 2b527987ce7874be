"""Signature, MAC and encryption, and the rule of each message category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import BROKER, DEVICE, OPERATOR, SUPPLIER

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import sensitive
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import (
    RULES,
    Rule,
    State,
    check,
    decrypt,
    derive_key,
    encrypt,
    protect,
    protect_by,
)

CRITICAL, NON_CRITICAL, CRITICAL_ALERT, ALERT = 0x004F, 0x0048, 0x0067, 0x1001

CASES = {
    "critical command": (Cra.COMMAND, CRITICAL, SUPPLIER, DEVICE, True, True),
    "non-critical command": (Cra.COMMAND, NON_CRITICAL, SUPPLIER, DEVICE, False, True),
    "command of the broker": (Cra.COMMAND, NON_CRITICAL, BROKER, DEVICE, False, True),
    "critical response": (Cra.RESPONSE, CRITICAL, DEVICE, SUPPLIER, True, False),
    "non-critical response": (Cra.RESPONSE, NON_CRITICAL, DEVICE, OPERATOR, False, True),
    "critical alert": (Cra.ALERT, CRITICAL_ALERT, DEVICE, OPERATOR, True, False),
    "non-critical alert": (Cra.ALERT, ALERT, DEVICE, SUPPLIER, False, True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_protected_message_has_what_its_category_asks_for(
    case: str, keys: KeyStore, command: Callable[..., Message]
) -> None:
    cra, code, originator, recipient, signed, with_mac = CASES[case]
    message = protect(command(cra=cra, message_code=code, originator=originator,
                              recipient=recipient), keys)
    found = check(parse(message.encode()), keys)
    assert found.accepted
    assert found.signature == (State.VALID if signed else State.ABSENT)
    assert found.mac == (State.VALID if with_mac else State.ABSENT)
    assert found.reason == ""


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rule", [Rule(True, True), Rule(True, False), Rule(False, True)])
def test_any_other_protection_breaks_the_rule(
    case: str, rule: Rule, keys: KeyStore, command: Callable[..., Message]
) -> None:
    cra, code, originator, recipient, signed, with_mac = CASES[case]
    message = protect_by(command(cra=cra, message_code=code, originator=originator,
                                 recipient=recipient), keys, rule)
    found = check(message, keys)
    assert found.rule_kept == (rule == Rule(signed, with_mac))
    assert found.accepted == found.rule_kept
    assert bool(found.reason) != found.rule_kept


def test_the_mac_of_a_command_is_agreed_with_the_broker_not_the_sender(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = protect(command(message_code=NON_CRITICAL), keys)
    device = KeyStore()
    for usage in Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT:
        device.add(DEVICE, usage, private_key=keys.private_key(DEVICE, usage))
        device.add(BROKER, usage, certificate=keys.certificate(BROKER, usage))
    assert check(message, device).mac == State.VALID
    device.add(BROKER, Usage.KEY_AGREEMENT,
               public_key=keys.public_key(SUPPLIER, Usage.KEY_AGREEMENT))
    assert check(message, device).mac == State.INVALID


def test_without_keys_nothing_is_verifiable(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    found = check(protect(command(), keys), KeyStore())
    assert (found.signature, found.mac) == (State.NOT_VERIFIABLE, State.NOT_VERIFIABLE)
    assert not found.accepted
    assert not found.invalid
    assert SUPPLIER.hex() in found.reason


def test_a_pre_command_is_not_accepted(keys: KeyStore, command: Callable[..., Message]) -> None:
    found = check(command(signature=None), keys)
    assert not found.accepted
    assert "pre-command" in found.reason


def test_an_unknown_message_code_breaks_no_rule(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    message = protect_by(command(message_code=0xFFFE), keys, Rule(True, True))
    found = check(message, keys)
    assert (found.category, found.rule_kept, found.accepted) == ("unknown", True, True)
    with pytest.raises(LocalProtocolError, match="no rule"):
        protect(message, keys)
    assert check(protect(message, keys, "SME.C.NC"), keys).mac == State.VALID


def test_a_command_of_an_alert_category_breaks_the_rule(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    found = check(protect_by(command(message_code=CRITICAL_ALERT), keys, Rule(True, False)), keys)
    assert not found.rule_kept
    assert "has no command" in found.reason


FIELDS = ("originator_counter", "originator", "recipient", "payload", "signature", "mac",
          "date_time", "message_code")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("field", FIELDS)
def test_one_changed_field_is_never_accepted(
    case: str, field: str, keys: KeyStore, command: Callable[..., Message]
) -> None:
    cra, code, originator, recipient, signed, with_mac = CASES[case]
    message = protect(command(cra=cra, message_code=code, originator=originator,
                              recipient=recipient), keys)
    value = getattr(message, field)
    if not value and field != "date_time":
        return
    other = {"date_time": bytes(12), "originator": OPERATOR,
             "recipient": OPERATOR if recipient == SUPPLIER else BROKER}
    changed = other.get(field) or (
        value + 1 if isinstance(value, int) else bytes((value[0] ^ 1,)) + value[1:])
    found = check(replace(message, **{field: changed}), keys)
    assert not found.accepted
    if field == "mac":
        assert (found.signature, found.mac) == (
            State.VALID if signed else State.ABSENT, State.INVALID)
    elif signed:
        assert found.signature == State.INVALID
    if with_mac and field != "mac":
        assert found.mac in (State.INVALID, State.NOT_VERIFIABLE)


def test_a_key_that_is_missing_is_named(
    keys: KeyStore, command: Callable[..., Message]
) -> None:
    with pytest.raises(LocalProtocolError, match=f"no private key of {SUPPLIER.hex()}"):
        protect(command(), KeyStore())
    with pytest.raises(LocalProtocolError, match="no pair of key agreement keys"):
        protect(command(message_code=NON_CRITICAL), KeyStore())


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=100), st.integers(0))
def test_what_is_encrypted_is_decrypted_and_nothing_else(
    key: bytes, plaintext: bytes, bit: int
) -> None:
    protected = encrypt(key, DEVICE, plaintext)
    assert decrypt(key, DEVICE, protected) == plaintext
    at = bit % (8 * len(protected))
    spoilt = bytearray(protected)
    spoilt[at // 8] ^= 1 << at % 8
    with pytest.raises(RemoteProtocolError):
        decrypt(key, DEVICE, bytes(spoilt))


def test_each_part_of_the_header_gives_another_key() -> None:
    given = (bytes(32), DEVICE, 1, 1, SUPPLIER)
    others = [(b"\1" * 32, DEVICE, 1, 1, SUPPLIER), (bytes(32), BROKER, 1, 1, SUPPLIER),
              (bytes(32), DEVICE, 2, 1, SUPPLIER), (bytes(32), DEVICE, 1, 2, SUPPLIER),
              (bytes(32), DEVICE, 1, 1, OPERATOR)]
    assert len({derive_key(*parts) for parts in [given, *others]}) == 6


@pytest.mark.parametrize("fields", [
    {}, {"supplementary_remote_party": OPERATOR, "supplementary_remote_party_counter": 7,
         "supplementary_originator_counter": 9}])
def test_only_the_reader_named_opens_a_sensitive_read(
    fields: dict[str, object], keys: KeyStore, command: Callable[..., Message]
) -> None:
    response = command(cra=Cra.RESPONSE, originator=DEVICE, recipient=SUPPLIER, **fields)
    values = (Data(Tag.UNSIGNED, 5), Data(Tag.OCTET_STRING, b"secret"))
    sealed = sensitive.seal(values, response, keys)
    assert sensitive.unseal(sealed, response, keys) == values
    assert b"secret" not in sealed.value[1].value
    reader, stranger = (OPERATOR, SUPPLIER) if fields else (SUPPLIER, OPERATOR)
    for party, opens in ((reader, True), (stranger, False)):
        alone = KeyStore()
        alone.add(party, Usage.KEY_AGREEMENT,
                  private_key=keys.private_key(party, Usage.KEY_AGREEMENT))
        alone.add(DEVICE, Usage.KEY_AGREEMENT,
                  public_key=keys.public_key(DEVICE, Usage.KEY_AGREEMENT))
        assert (sensitive.unseal(sealed, response, alone) == values) == opens


def test_a_request_for_sensitive_attributes_is_read_back() -> None:
    wanted = (sensitive.Wanted(7, bytes(6), 2, (bytes(12), b"\xff" * 12)),
              sensitive.Wanted(1, b"\1" * 6, 2))
    data = sensitive.request(wanted, 5, SUPPLIER, DEVICE)
    assert sensitive.read_request(data) == wanted
    with pytest.raises(RemoteProtocolError, match="attributes wanted"):
        sensitive.read_request(Data(Tag.UNSIGNED, 1))


def test_every_rule_asks_for_something() -> None:
    assert all(rule.signature or rule.mac for rules in RULES.values() for rule in rules.values())
