"""The identity of a subject, and the lint of its fields.

A subject is what a certificate is about; all of its fields are its identity, so a change of the
firmware version or of the image hash makes another subject and nothing carries over (SEED/S-23).
The forms are those of the Certified Products List (DUIS 5.4 and SECAS's note on data quality of
16 April 2019: hexadecimal model details and hash, and one coding of the firmware version for a
model, hexadecimal or BCD, not a mixture). Leaves out whether the maker's name belongs to its id
and whether the image has the hash: both need what is not in the record.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.records.serial import digest
from bench.records.subject import Subject
from bench.scheme.baseline import DEVICE_TYPES
from devices.declaration_items import ESME_VARIANTS


class Coding(enum.StrEnum):
    """How a maker writes a number into the four octets of a firmware version."""

    HEXADECIMAL = "hexadecimal"
    BCD = "BCD"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with one field of a record."""

    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Digits:
    """A field of so many hexadecimal digits; ``never`` are values that no product has."""

    count: int
    never: Mapping[str, str]


EMPTY_IMAGE = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

DIGITS: Mapping[str, _Digits] = {
    "manufacturer_id": _Digits(4, {}),
    "firmware_version": _Digits(8, {}),
    "image_hash": _Digits(64, {EMPTY_IMAGE: "that is the hash of no octets at all",
                               "0" * 64: "that is a placeholder, no hash"}),
}
LONGEST: Mapping[str, int] = {"manufacturer": 60, "model": 30, "hardware_version": 30}
"""Characters of the free text fields (DUIS 5.4)."""

_HEXADECIMAL = re.compile("[0-9A-F]*")
_DOTTED = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_SEPARATED = re.compile(r"(0[xX])?[0-9A-Fa-f]+([ :.-][0-9A-Fa-f]+)*")


def subject_key(subject: Subject) -> str:
    """Return the identity of ``subject``: SHA-256 over all of its fields, 64 hexadecimal digits."""
    return digest(subject)


def lint_subject(subject: Subject, coding: Coding | None = None) -> tuple[Mistake, ...]:
    """Return what is wrong with the fields of ``subject``, in their order; () if nothing.

    With ``coding`` the firmware version must also be a version of that coding.
    """
    return tuple(_mistakes(subject, coding))


def lint_firmware_version(text: str, coding: Coding | None = None) -> str:
    """Return what is wrong with a firmware version, "" if nothing.

    The form is that of the Certified Products List: four octets as 8 hexadecimal digits in upper
    case. In BCD each of them is a decimal digit.
    """
    if wrong := _wrong_digits(text, DIGITS["firmware_version"]):
        return wrong
    if coding is Coding.BCD and not text.isdecimal():
        return f"expected BCD, decimal digits only, found {text!r}"
    return ""


def lint_text(text: str, longest: int) -> str:
    """Return what is wrong with a text that people read and enter again, "" if nothing."""
    if not 1 <= len(text) <= longest:
        return f"expected 1 to {longest} characters, found {len(text)}"
    if text != text.strip():
        return f"expected no space at the ends, found {text!r}"
    unseen = next((letter for letter in text if unicodedata.category(letter)[0] == "C"), "")
    if unseen:
        return f"expected characters that can be seen, found {unseen!a}"
    return ""


def lint_field(field: str, text: str, coding: Coding | None = None) -> str:
    """Return what is wrong with one field of :data:`DIGITS` or :data:`LONGEST`, "" if nothing."""
    if field == "firmware_version":
        return lint_firmware_version(text, coding)
    if field in DIGITS:
        return _wrong_digits(text, DIGITS[field])
    return lint_text(text, LONGEST[field])


def _mistakes(subject: Subject, coding: Coding | None) -> Iterator[Mistake]:
    known = subject.device_type in DEVICE_TYPES
    if not known:
        yield Mistake("device_type", f"expected one of {', '.join(DEVICE_TYPES)}, "
                                     f"found {subject.device_type!r}")
    for field in ("manufacturer", "manufacturer_id", "model", "hardware_version",
                  "firmware_version", "image_hash"):
        if wrong := lint_field(field, getattr(subject, field), coding):
            yield Mistake(field, wrong)
    variants = ESME_VARIANTS if subject.device_type == "ESME" else ("",)
    if known and subject.variant not in variants:
        expected = "an ESME variant such as A or BDE" if len(variants) > 1 else "none"
        yield Mistake("variant", f"expected {expected}, found {subject.variant!r}")


def _wrong_digits(text: str, form: _Digits) -> str:
    if len(text) == form.count and _HEXADECIMAL.fullmatch(text):
        return form.never.get(text, "")
    wrong = f"expected {form.count} hexadecimal digits in upper case, found {text!r}"
    meant = _meant(text, form.count)
    return f"{wrong}; is {meant} meant?" if meant else wrong


def _meant(text: str, count: int) -> str:
    """Return the digits that a text of another habit may stand for, "" where none fit."""
    if count == DIGITS["firmware_version"].count and _DOTTED.fullmatch(text):
        octets = [int(part) for part in text.split(".")]
        return bytes(octets).hex().upper() if max(octets) <= 255 else ""
    if not _SEPARATED.fullmatch(text):
        return ""
    digits = re.sub("^0[xX]|[ :.-]", "", text).upper()
    return digits if len(digits) == count else ""
