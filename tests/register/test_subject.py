"""The identity of a subject, and what is wrong with one, field by field."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.serial import digest
from bench.records.subject import Subject
from bench.scheme.subject import (
    EMPTY_IMAGE,
    Coding,
    lint_firmware_version,
    lint_subject,
    subject_key,
)

SUBJECT = Subject("ESME", "Example Meters Ltd", "1A2B", "EM-100", "02", "00010000", "A" * 64, "A")


def test_every_field_is_part_of_the_identity() -> None:
    keys = {subject_key(replace(SUBJECT, **{field.name: "other"})) for field in fields(Subject)}
    assert len(keys | {subject_key(SUBJECT)}) == len(fields(Subject)) + 1


def test_the_key_is_the_hash_of_the_canonical_form() -> None:
    assert subject_key(SUBJECT) == digest(SUBJECT)
    assert subject_key(SUBJECT) == \
        "b9d63b8f31b87db13ae2139c8862600e828600cd252ff622c7735bc6df12f245"


def test_a_subject_in_the_forms_of_the_list_has_no_mistake() -> None:
    assert lint_subject(SUBJECT) == ()
    assert lint_subject(SUBJECT, Coding.BCD) == ()
    assert lint_subject(replace(SUBJECT, device_type="GSME", variant="")) == ()


@pytest.mark.parametrize(("field", "value", "said"), [
    ("device_type", "meter", "expected one of ESME"),
    ("manufacturer", "", "expected 1 to 60 characters, found 0"),
    ("manufacturer", "M" * 61, "found 61"),
    ("manufacturer", " M", "no space at the ends"),
    ("manufacturer", "M\u202eeter", "characters that can be seen, found '\\u202e'"),
    ("manufacturer_id", "1A2", "4 hexadecimal digits in upper case, found '1A2'"),
    ("manufacturer_id", "1a2b", "is 1A2B meant"),
    ("manufacturer_id", "0x1A2B", "is 1A2B meant"),
    ("model", "M" * 31, "found 31"),
    ("hardware_version", "", "found 0"),
    ("firmware_version", "1.2.3.4", "is 01020304 meant"),
    ("firmware_version", "1.2.3.256", "found '1.2.3.256'"),
    ("firmware_version", "01-02-03-0a", "is 0102030A meant"),
    ("firmware_version", "0x01020304", "is 01020304 meant"),
    ("firmware_version", "1020304", "found '1020304'"),
    ("firmware_version", "0102030G", "found '0102030G'"),
    ("firmware_version", "٠١٢٣٤٥٦٧", "hexadecimal digits in upper case"),
    ("image_hash", "A" * 63, "64 hexadecimal digits"),
    ("image_hash", "a" * 64, f"is {'A' * 64} meant"),
    ("image_hash", EMPTY_IMAGE, "the hash of no octets"),
    ("image_hash", "0" * 64, "a placeholder"),
    ("variant", "DA", "an ESME variant such as"),
    ("variant", "", "an ESME variant such as"),
])
def test_a_mistake_is_told_by_its_field(field: str, value: str, said: str) -> None:
    (mistake,) = lint_subject(replace(SUBJECT, **{field: value}))
    assert mistake.field == field
    assert said in str(mistake)
    assert not str(mistake).endswith("?") or "meant" in said


def test_all_mistakes_are_told_at_once_in_the_order_of_the_fields() -> None:
    found = lint_subject(Subject("?", "", "", "", "", "", "", "?"))  # of what could it be one?
    assert [mistake.field for mistake in found] == [field.name for field in fields(Subject)][:-1]
    assert [mistake.field for mistake in lint_subject(
        replace(SUBJECT, device_type="GSME"))] == ["variant"]


def test_a_version_in_bcd_has_decimal_digits_only() -> None:
    assert lint_firmware_version("00010010", Coding.BCD) == ""
    assert lint_firmware_version("0001000F", Coding.HEXADECIMAL) == ""
    assert "expected BCD" in lint_firmware_version("0001000F", Coding.BCD)


@given(st.builds(Subject, *[st.text(max_size=70)] * len(fields(Subject))))
def test_any_text_is_linted_and_never_crashes(subject: Subject) -> None:
    assert all(mistake.field in Subject.__dataclass_fields__ and "\n" not in str(mistake)
               for mistake in lint_subject(subject))
