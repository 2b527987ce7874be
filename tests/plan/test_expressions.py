"""CEL expressions and templates: values, absence, mistakes, names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import PlanError
from bench.expressions import (
    FUNCTIONS,
    AbsentValue,
    ExpressionError,
    compile_expression,
    resolve,
)


def value(text, **environment):
    return compile_expression(text).evaluate(environment)


@pytest.mark.parametrize(("text", "environment", "wanted"), [
    ("result == 'success'", {"result": "success"}, True),
    ("values['1/0-0:96.1.0.255/a2'] > 2", {"values": {"1/0-0:96.1.0.255/a2": 3}}, True),
    ("size(log)", {"log": [1, 2]}, 2),
    ("log.exists(e, e.code == '8F12')", {"log": [{"code": "8F12"}]}, True),
    ("has(codes.a) && codes.a == 1", {"codes": {}}, False),
    ("counter == 18446744073709551615u", {"counter": 2**64 - 1}, True),
    ("counter > 0", {"counter": 2**63}, True),
    ("value == 1.0", {"value": 1}, True),
    ("octets == b'ab'", {"octets": b"ab"}, True),
    ("known || unknown", {"known": True}, True),
])
def test_an_expression_has_the_value_that_cel_gives(text, environment, wanted):
    assert value(text, **environment) == wanted


@pytest.mark.parametrize(("text", "environment", "said"), [
    ("values.a == 1", {"values": {}}, "no value 'a' in values.a == 1"),
    ("values['a b'] == 1", {"values": {}}, "no value 'a b'"),
    ("log[2] == 1", {"log": [1]}, "index out of bounds: 2"),
    ("result == 1", {}, "no value 'result'"),
    ("log.exists(e, e.code == 1)", {"log": [{}]}, "no value 'code'"),
])
def test_a_value_that_was_not_delivered_is_absent(text, environment, said):
    with pytest.raises(AbsentValue) as raised:
        value(text, **environment)
    assert said in str(raised.value)


@pytest.mark.parametrize(("text", "environment", "said"), [
    ("a + 1.5 > 0.0", {"a": 1}, "No such overload"),
    ("a + 1 > 0", {"a": 2**63}, "signed and unsigned"),
    ("a.b == 1", {"a": None}, "No such overload"),
    ("a.size() > 1", {"a": 5}, "'size'"),
    ("1 / a == 1", {"a": 0}, "division by zero"),
    ("a + 1 > 0", {"a": 2**63 - 1}, "overflow"),
    ("int(a) == 1", {"a": "x"}, "int"),
    ("a == 1", {"a": [{"deep": 2**64}]}, "more than 64 bits"),
    ("a == 1", {"a": -(2**63) - 1}, "more than 64 bits"),
    ("a == 1", {"a": {1, 2}}, "set"),
])
def test_a_mistake_of_the_plan_is_not_an_absent_value(text, environment, said):
    with pytest.raises(ExpressionError) as raised:
        value(text, **environment)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("text", "said"), [
    ("a ==", "not an expression: 'a ==': column 5"),
    ("", "not an expression: ''"),
    ("now() > 1", "no function 'now' in 'now() > 1'"),
    ("a.lower() == 'b'", "no function 'lower'"),
    ("a = 1", "not an expression"),
])
def test_a_wrong_expression_is_refused_when_it_is_compiled(text, said):
    with pytest.raises(PlanError) as raised:
        compile_expression(text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_functions_named_are_those_of_the_evaluator():
    # a function that does not exist is "undefined" whatever it is given
    for name in FUNCTIONS:
        text = f"t.{name}()" if name.startswith("get") else f"a.{name}(a)"
        if name in {"bytes", "double", "duration", "dyn", "int", "size", "string", "timestamp",
                    "type", "uint"}:
            text = f"{name}(a)"
        given_ = {"a": "1", "t": datetime(2026, 1, 1, tzinfo=UTC)}
        try:
            value(text, **given_)
        except ExpressionError as error:
            assert "Undefined" not in str(error), text  # noqa: PT017  some refuse "1"


def test_names_leave_out_what_a_macro_binds_and_paths_are_written_out():
    expression = compile_expression(
        "values.exists(v, v.k == row['role']) && steps.a.values[0].x > 1 && has(ics.boost) "
        "&& 'x.y' == \"ixit.z\" // row.comment"
    )
    assert expression.names == {"values", "row", "steps", "ics"}
    assert expression.paths == (
        ("values",), ("row", "role"), ("steps", "a", "values"), ("ics", "boost"))
    assert expression.tested == {("ics", "boost")}


def test_an_expression_is_compiled_once():
    assert compile_expression("a == 1") is compile_expression("a == 1")


def test_a_whole_template_keeps_its_type_and_an_embedded_one_is_written():
    environment = {"row": {"n": 5, "list": [1], "yes": True, "none": None, "octets": b"\xab"}}
    assert resolve(
        {"a": "${row.n}", "b": ["x-${row.n}-${row.yes}${row.none}"], "c": "${row.list}",
         "d": "${ {'}': '}'}['}'] }", "e": "${row.octets}!", "f": 7, "g": "$5 {x}"}, environment
    ) == {"a": 5, "b": ["x-5-truenull"], "c": [1], "d": "}", "e": "AB!", "f": 7, "g": "$5 {x}"}


def test_a_list_cannot_be_written_into_a_text():
    with pytest.raises(ExpressionError, match="a list cannot be written into"):
        resolve("x${row}", {"row": [1]})


def test_partly_resolved_templates_keep_what_is_not_known_yet():
    value_ = {"a": "${row.n}", "b": "${row.n}-${steps.a.x}", "c": "${steps.a.x + row.n}"}
    partly = resolve(value_, {"row": {"n": 5}}, partly=True)
    assert partly == {"a": 5, "b": "5-${steps.a.x}", "c": "${steps.a.x + row.n}"}
    assert resolve(partly, {"row": {"n": 5}, "steps": {"a": {"x": 2}}}) == {
        "a": 5, "b": "5-2", "c": 7}


def test_a_template_without_end_is_refused():
    with pytest.raises(PlanError, match="template without end"):
        resolve("${row.n", {"row": {"n": 1}})


@given(st.text(max_size=30))
def test_text_without_a_template_stays_as_it_is(text):
    if "${" not in text:
        assert resolve(text, {}) == text


@given(st.text(alphabet="ab.'\"[]{}()$ 1=&|", max_size=25))
def test_any_text_is_an_expression_or_a_plan_error(text):
    for refused in (compile_expression, lambda written: resolve(f"x{written}", {}, partly=True)):
        try:
            refused(text)
        except (PlanError, ExpressionError, AbsentValue) as error:
            assert str(error)  # noqa: PT017  either way must be lawful
