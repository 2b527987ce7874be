"""A value in a template is a literal of Typst, whatever text it is: Typst itself is asked."""

from __future__ import annotations

import json

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.documents.literal import Whole, literal

HOSTILE = (
    '#read("/etc/passwd")', '"; #panic("x") //', "\\", '\\"', "\\u{22}", "$x^2$ `raw` *b* _i_ @ref",
    "]] #[ )) }}", '#import "@preview/x:0.1.0": *', "{{ 7 * 7 }}{% raw %}", "line\nbreak", "",
    "/* */ // <label>", "= Heading", "~ -- --- ...",
)
BREAK = "\u200b"


def read_back(value: object) -> object:
    return json.loads(typst.eval(b"", literal(value), ignore_system_fonts=True))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_read_back_as_it_is(text: str) -> None:
    assert str(read_back(text)).replace(BREAK, "") == text


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_is_one_string(text: str) -> None:
    found = read_back(text)
    assert isinstance(found, str)
    plain = found.replace(BREAK, "")
    if text.isascii() and text.isprintable():
        assert plain == text


@pytest.mark.parametrize(("text", "shown"), [
    ("\x00\x1b", "\\u0000\\u001b"),
    ("\u202eabc\u2066", "\\u202eabc\\u2066"),
    ("a\u200bb\u00adc\ufeff", "a\\u200bb\\u00adc\\ufeff"),
    ("\ud800", "\\ud800"),
    ("北京 😀", "\\u5317\\u4eac \\u1f600"),
    ("\u2028\u2029", "\\u2028\\u2029"),
    ("tab\tand\r\nline", "tab and\nline"),
    ("23 °C ± 2 °C, naïve, Ελλάδα, Киев", "23 °C ± 2 °C, naïve, Ελλάδα, Киев"),
])
def test_what_cannot_be_seen_or_shown_is_spelt_out(text: str, shown: str) -> None:
    assert str(read_back(text)).replace(BREAK, "") == shown


def test_a_long_word_may_be_broken_and_a_digest_may_not() -> None:
    word = "x" * 10_000
    found = str(read_back(word))
    assert max(map(len, found.split(BREAK))) <= 16
    assert found.replace(BREAK, "") == word
    assert BREAK not in str(read_back(Whole("a" * 64)))
    assert BREAK in str(read_back(Whole("a" * 65)))


def test_values_keep_their_kind() -> None:
    value = {"a": [1, -2, 0], 'k"': None, "b": True, "c": [], "d": {}, "e": ["one"], "f": [[]]}
    assert read_back(value) == value


@pytest.mark.parametrize("value", [1.5, b"octets", object(), {"a": {1.5}}])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value)
