"""A review writes the present fingerprints and touches nothing else."""

from __future__ import annotations

import pytest
from plan_examples import CATALOGUE, GOOD, HEAD, VOCABULARY

from bench.errors import PlanError
from bench.plan import Reviewed, load_plans, suspects
from bench.plan import review as review_links

ROWS = HEAD + """\
  - id: A-${row.n}           # the links come from the rows
    purpose: p
    verifies: ["${row.cites}"]
    ports: [gbcs]
    for_each:
      product:
        - rows: [{n: 1, cites: [R-CLK-01, 'SMETS2/5.6.3.11@00000000']}]
        - {table: tables/more.yaml}
    steps:
      - send: {use_case: "${row.use_case}"}
        expect: [{that: "result == 'success'", cites: ["${row.cites}"]}]
"""
MORE = """\
source: this test
rows:
  - {use_case: SMETS2/5.6.3.11}   # a column that is no link stays as it is
"""


def review(paths, case=""):
    return review_links(paths, CATALOGUE, case=case, vocabulary=VOCABULARY)


def written(tmp_path, text, name="plan.yaml"):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_fingerprints_of_suspect_links_change(tmp_path, newline):
    text = GOOD.replace("@1F2E3D4C, R-CLK-01]", "@00000000,  'R-CLK-01' ]   # kept: ü")
    path = written(tmp_path, text.replace("\n", newline))
    done, left = review([path])
    assert done == (
        Reviewed(path, 7, "SMETS2/5.6.3.11", "00000000", "1F2E3D4C"),
        Reviewed(path, 7, "R-CLK-01", "", "0BADCAFE"),
    )
    assert left == ()
    assert path.read_bytes().decode() == text.replace(
        "@00000000,  'R-CLK-01' ]", "@1F2E3D4C,  'R-CLK-01@0BADCAFE' ]").replace("\n", newline)
    (case,) = load_plans([path], CATALOGUE, vocabulary=VOCABULARY)
    assert suspects(case, CATALOGUE) == ()


def test_a_second_review_finds_nothing(tmp_path):
    path = written(tmp_path, GOOD)
    review([path])
    before = path.read_bytes()
    assert review([path]) == ((), ())
    assert path.read_bytes() == before


def test_one_case_can_be_reviewed_alone(tmp_path):
    text = GOOD + GOOD.removeprefix(HEAD).replace("SUP-004", "SUP-005")
    path = written(tmp_path, text)
    done, left = review([path], case="ESME-SUP-005")
    assert [link.line for link in done] == [7 + len(GOOD.splitlines()) - len(HEAD.splitlines())]
    assert left == ()
    assert path.read_text().count("R-CLK-01@0BADCAFE") == 1


def test_links_that_rows_supply_are_rewritten_in_the_rows(tmp_path):
    path = written(tmp_path, ROWS)
    table = written(tmp_path, MORE, "tables/more.yaml")
    done, left = review([path])
    assert [(link.path, link.line, link.requirement) for link in done] == [
        (path, 11, "R-CLK-01"), (path, 11, "SMETS2/5.6.3.11")]
    assert left == ()
    assert table.read_text() == MORE


def test_links_that_a_table_supplies_are_rewritten_in_its_file(tmp_path):
    path = written(tmp_path, ROWS.replace("cites: [R", "other: [R").replace(
        "row.cites", "row.use_case"))
    table = written(tmp_path, MORE, "tables/more.yaml")
    done, left = review([path])
    assert [(link.path, link.line, link.requirement) for link in done] == [
        (table, 3, "SMETS2/5.6.3.11")]
    assert left == ()
    assert "{use_case: SMETS2/5.6.3.11@1F2E3D4C}   # a column" in table.read_text()


def test_a_link_put_together_by_a_template_is_told_as_left(tmp_path):
    text = ROWS.replace('["${row.cites}"]\n    ports', '["R-CLK-0${row.n}"]\n    ports').replace(
        ', cites: ["${row.cites}"]', "")
    path = written(tmp_path, text)
    written(tmp_path, MORE, "tables/more.yaml")
    _, left = review([path])
    assert left == (f"{path}:5: A-1: the link to R-CLK-01 is not written in a file",)


def test_a_case_that_does_not_exist_is_told(tmp_path):
    path = written(tmp_path, GOOD)
    with pytest.raises(PlanError, match=r"no case 'ESME-SUP-04'; did you mean ESME-SUP-004\?"):
        review([path], case="ESME-SUP-04")
