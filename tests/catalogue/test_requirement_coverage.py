"""Coverage says which cases verify a requirement, or why none does."""

from __future__ import annotations

from dataclasses import replace

from bench.catalogue import Catalogue, coverage
from bench.records.plan import Link, TestCase


def case(id_: str, *links: tuple[str, str]) -> TestCase:
    return TestCase(
        id=id_, group="g", purpose="p", device="ESME", ports=("gbcs",),
        verifies=tuple(Link(*link) for link in links), preamble=(), body=(), postamble=(), bite=(),
    )


def lines(catalogue: Catalogue, *cases: TestCase, device: str = "") -> dict[str, tuple[
    tuple[str, ...], tuple[str, ...], str
]]:
    return {line.id: (line.cases, line.suspect, line.reason)
            for line in coverage(catalogue, cases, device)}


def test_every_requirement_has_a_line(shipped: Catalogue) -> None:
    found = lines(shipped)
    assert list(found) == list(shipped)
    assert all(reason for _, _, reason in found.values())


def test_cases_are_listed_and_suspect_ones_named(shipped: Catalogue) -> None:
    print_ = shipped.fingerprint("R-CLK-01")
    found = lines(
        shipped, case("clock.a", ("R-CLK-01", print_)), case("clock.b", ("R-CLK-01", "00000000")),
        case("clock.c", ("R-CLK-01", ""), ("R-CLK-02", shipped.fingerprint("R-CLK-02"))),
    )
    assert found["R-CLK-01"] == (("clock.a", "clock.b", "clock.c"), ("clock.b", "clock.c"), "")
    assert found["R-CLK-02"] == (("clock.c",), (), "")


def test_a_changed_requirement_makes_its_links_suspect(shipped: Catalogue) -> None:
    link = case("clock.a", ("R-CLK-01", shipped.fingerprint("R-CLK-01")))
    changed = {"R-CLK-01": replace(shipped["R-CLK-01"], fingerprint="FFFFFFFF")}
    assert coverage(changed, [link])[0].suspect == ("clock.a",)


def test_the_reason_tells_untestable_other_device_and_missing_case_apart(
    shipped: Catalogue,
) -> None:
    found = lines(shipped, device="ESME:A")
    assert found["SMETS2/5.5.1"][2] == "no case yet"
    assert found["SMETS2/4.6.5.4"][2] == "other device: GSME"
    assert found["SMETS2/5.13.2.11"][2] == "other device: ESME:B"
    assert found["IDTS/ES.10"][2].startswith("the text of this id is not held")
    assert found["SEED/S-06"][2].startswith("a rule of process")
