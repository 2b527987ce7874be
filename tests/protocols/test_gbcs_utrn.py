"""The UTRN: built, read, and refused when a digit or its maker is wrong."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import DEVICE, OPERATOR, SUPPLIER, Vector

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import utrn
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.protection import State
from bench.protocols.gbcs.utrn import Token, ValueClass

# of the DCC's gbcs-parser, test/utrn.test.ts, with keys of the reference test PKI
PUBLISHED = [
    (ValueClass.POUNDS, 100, 1 << 32, "73943333457189043313"),
    (ValueClass.PENCE, 1234, 4 << 32, "73947252416745201637"),
]
PUBLISHED_HIGHEST_VALUE = 7394368095646343255  # its PPTD: 8191 pounds, counter 1 << 32
PUBLISHED_CHECK_DIGITS = ["73943333457189043313", "74301825837596672005",
                          "73946144332040217315", "73947252416745201637"]  # the second: class 3
REFERENCE_SUPPLIER = bytes.fromhex("90B3D51F30010000")
REFERENCE_METER = bytes.fromhex("00DB1234567890A0")
SECRET = bytes(range(32))

tokens = st.builds(Token, st.sampled_from(ValueClass), st.integers(0, utrn.HIGHEST_VALUE),
                   st.integers(0, utrn.HIGHEST_TRUNCATED_COUNTER),
                   st.binary(min_size=4, max_size=4))
counters = st.integers(0, 2**32 - 1).map(lambda upper: upper << 32)


@pytest.mark.parametrize(("value_class", "value", "counter", "digits"), PUBLISHED)
def test_the_published_tokens_are_built_and_found_valid(
    reference_keys: KeyStore, value_class: ValueClass, value: int, counter: int, digits: str
) -> None:
    secret = utrn.secret_of(reference_keys, REFERENCE_SUPPLIER, REFERENCE_METER)
    built = utrn.build(value, value_class, counter, REFERENCE_SUPPLIER, REFERENCE_METER, secret)
    assert built.digits == digits
    assert utrn.parse(digits) == built
    assert utrn.check(built, REFERENCE_SUPPLIER, REFERENCE_METER, secret, counter) == State.VALID


def test_the_published_highest_value_is_built(reference_keys: KeyStore) -> None:
    secret = utrn.secret_of(reference_keys, REFERENCE_SUPPLIER, REFERENCE_METER)
    built = utrn.build(utrn.HIGHEST_VALUE, ValueClass.POUNDS, 1 << 32, REFERENCE_SUPPLIER,
                       REFERENCE_METER, secret)
    assert built.pptd == PUBLISHED_HIGHEST_VALUE


@pytest.mark.parametrize("digits", PUBLISHED_CHECK_DIGITS)
def test_the_published_check_digits_come_out(digits: str) -> None:
    assert utrn.check_digit(digits[:-1]) == digits[-1]


def test_the_tokens_of_the_reference_top_ups_are_those_of_their_counters(
    vectors: list[Vector], reference_keys: KeyStore
) -> None:
    top_ups = [vector for vector in vectors
               if vector.name.startswith("CS01a") and vector.cra == "command"]
    assert len(top_ups) == 2
    for vector in top_ups:
        message = vector.message
        token = utrn.parse(message.payload[-20:])
        secret = utrn.secret_of(reference_keys, message.originator, message.recipient)
        assert utrn.check(token, message.originator, message.recipient, secret,
                          message.originator_counter) == State.VALID, vector.name
        assert utrn.build(token.value, token.value_class, message.originator_counter,
                          message.originator, message.recipient, secret) == token
        assert utrn.check(token, message.originator, message.originator, secret) == State.INVALID


def test_the_token_that_a_display_passes_on_is_read(vectors: list[Vector]) -> None:
    command = next(vector for vector in vectors
                   if vector.name.startswith("PCS01") and vector.cra == "command")
    token = utrn.parse(command.octets[-33:-13])
    assert (token.value_class, token.value) == (ValueClass.PENCE, 2025)
    assert token.mac == bytes(4)  # the reference data made it up: no key gives that


def test_the_tokens_of_the_reference_log_have_right_check_digits_and_an_unused_class(
    vectors: list[Vector],
) -> None:
    log = next(vector for vector in vectors if vector.name.startswith("GCS15e")
               and "SUCCESS" in vector.name and vector.cra == "response")
    found = re.findall(rb"\x14([0-9]{20})", log.octets)
    assert len(found) == 5
    for digits in found:
        with pytest.raises(RemoteProtocolError, match="expected value class 0"):
            utrn.parse(digits)


@pytest.mark.parametrize("token", [
    utrn.parse(PUBLISHED[0][3]), utrn.parse(PUBLISHED[1][3]),
    Token(ValueClass.PENCE, 0, 0, bytes(4)),
    Token(ValueClass.POUNDS, 8191, 1023, b"\xff" * 4),
    utrn.build(500, ValueClass.PENCE, 77 << 32, SUPPLIER, DEVICE, SECRET)], ids=lambda t: t.digits)
def test_every_wrong_digit_and_every_exchange_of_neighbours_is_caught(token: Token) -> None:
    right = token.digits
    wrong = {right[:place] + digit + right[place + 1:]
             for place, digit in itertools.product(range(20), "0123456789")}
    assert len(wrong) == 181  # 20 places, 9 other digits, and the right one
    wrong |= {right[:at] + right[at + 1] + right[at] + right[at + 2:] for at in range(19)}
    for digits in wrong - {right}:
        with pytest.raises(RemoteProtocolError, match="octet 19: expected check digit"):
            utrn.parse(digits)


@given(tokens)
def test_a_token_reads_back(token: Token) -> None:
    assert len(token.digits) == 20
    assert utrn.parse(token.digits) == utrn.parse(token.digits.encode()) == token
    assert token.ptut >> 57 == 0


@given(st.integers(0, utrn.HIGHEST_VALUE), st.sampled_from(ValueClass), counters)
def test_a_built_token_is_valid_for_one_meter_supplier_secret_and_counter(
    value: int, value_class: ValueClass, counter: int
) -> None:
    token = utrn.build(value, value_class, counter, SUPPLIER, DEVICE, SECRET)
    again = utrn.parse(token.digits)
    assert (again.value, again.value_class) == (value, value_class)
    assert again.truncated_counter == counter >> 32 & 1023
    assert again.pence == (value if value_class == ValueClass.PENCE else 100 * value)
    assert utrn.check(again, SUPPLIER, DEVICE, SECRET, counter) == State.VALID
    without = utrn.check(again, SUPPLIER, DEVICE, SECRET)
    assert without == (State.VALID if counter < 1 << 42 else State.INVALID)
    for originator, target, secret, other in (
            (OPERATOR, DEVICE, SECRET, counter), (SUPPLIER, OPERATOR, SECRET, counter),
            (SUPPLIER, DEVICE, bytes(32), counter),
            (SUPPLIER, DEVICE, SECRET, counter ^ 1 << 32),
            (SUPPLIER, DEVICE, SECRET, counter ^ 1 << 63)):
        assert utrn.check(again, originator, target, secret, other) == State.INVALID


def test_each_altered_field_makes_a_token_invalid() -> None:
    token = utrn.build(500, ValueClass.PENCE, 5 << 32, SUPPLIER, DEVICE, SECRET)
    for altered in (replace(token, value=501), replace(token, value_class=ValueClass.POUNDS),
                    replace(token, truncated_counter=6),
                    replace(token, mac=bytes((token.mac[0] ^ 1,)) + token.mac[1:])):
        assert utrn.check(altered, SUPPLIER, DEVICE, SECRET) == State.INVALID
        assert utrn.check(utrn.parse(altered.digits), SUPPLIER, DEVICE, SECRET) == State.INVALID


def digits_of(pptd: int) -> str:
    return f"{pptd}{utrn.check_digit(str(pptd))}"


@pytest.mark.parametrize(("digits", "offset", "complaint"), [
    ("", 0, "expected 20 digits, found 0"),
    ("7394333345718904331", 19, "expected 20 digits, found 19"),
    ("739433334571890433130", 20, "expected 20 digits, found 21"),
    ("7394 333345718904331", 4, "expected a digit, found ' '"),
    ("7394333345718904331\u0663", 19, "expected a digit, found '\\u0663'"),
    (b"7394333345718904331\xff", 19, "expected a digit"),
    (digits_of(utrn.BASE - 1), 0, "expected a PPTD of 7394156990786306048"),
    (digits_of(utrn.BASE + 2**57), 0, "to 7538272178862161919"),
    (digits_of(utrn.BASE + (2 << 45)), 0, "expected value class 0 (pence) or 1 (pounds), found 2"),
    (digits_of(utrn.BASE + (3 << 45)), 0, "found 3"),
])
def test_what_is_no_token_is_refused_by_place(
    digits: str | bytes, offset: int, complaint: str
) -> None:
    with pytest.raises(RemoteProtocolError) as refusal:
        utrn.parse(digits)
    assert refusal.value.offset == offset
    assert complaint in str(refusal.value)


@given(st.one_of(st.binary(max_size=24), st.text(max_size=24),
                 st.text("0123456789", min_size=20, max_size=20)))
def test_anything_is_a_token_or_refused(digits: str | bytes) -> None:
    try:
        token = utrn.parse(digits)
    except RemoteProtocolError:
        return
    assert token.digits == (digits if isinstance(digits, str) else digits.decode())


@pytest.mark.parametrize(("changed", "complaint"), [
    ({"value": -1}, "value of a UTRN: 0 to 8191"), ({"value": 8192}, "0 to 8191, not 8192"),
    ({"value_class": 2}, "value class of a UTRN: 0 to 1"), ({"counter": -1}, "64 bits"),
    ({"counter": 1 << 64}, "64 bits"), ({"counter": 1000}, "lower 32 bits"),
    ({"originator": b""}, "originator of a UTRN: 8 octets"),
    ({"target": bytes(9)}, "target of a UTRN: 8 octets, not 9"),
    ({"secret": bytes(31)}, "secret of a UTRN: 32 octets"),
])
def test_a_token_out_of_range_is_not_built(changed: dict[str, object], complaint: str) -> None:
    right: dict[str, object] = {
        "value": 1, "value_class": ValueClass.PENCE, "counter": 0, "originator": SUPPLIER,
        "target": DEVICE, "secret": SECRET}
    with pytest.raises(LocalProtocolError, match=complaint):
        utrn.build(**(right | changed))  # type: ignore[arg-type]


def test_a_mac_has_four_octets() -> None:
    with pytest.raises(LocalProtocolError, match="4 octets, not 12"):
        Token(ValueClass.PENCE, 0, 0, bytes(12))


def test_the_secret_needs_the_prepayment_key(keys: KeyStore, tmp_path: Path) -> None:
    with pytest.raises(LocalProtocolError, match="0200000000000002-pp-ka and 02000000000000d1-ka"):
        utrn.secret_of(keys, SUPPLIER, DEVICE)
    store, top_up, meter = KeyStore(), ec.derive_private_key(2, ec.SECP256R1()), \
        ec.derive_private_key(3, ec.SECP256R1())
    store.add(SUPPLIER, Usage.PREPAYMENT, private_key=top_up)
    store.add(DEVICE, Usage.KEY_AGREEMENT, public_key=meter.public_key())
    of_meter = KeyStore()
    of_meter.add(SUPPLIER, Usage.PREPAYMENT, public_key=top_up.public_key())
    of_meter.add(DEVICE, Usage.KEY_AGREEMENT, private_key=meter)
    assert utrn.secret_of(store, SUPPLIER, DEVICE) == utrn.secret_of(of_meter, SUPPLIER, DEVICE)
