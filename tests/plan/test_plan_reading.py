"""How plan files are read: once, and the same by libyaml and without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan_examples import CATALOGUE, GOOD, VOCABULARY
from ruamel.yaml import YAML

from bench.errors import PlanError
from bench.plan import PlanReader
from bench.plan.document import read_document
from bench.resources import ROOT

FLOW = "first:\n  - {path: ../other:side, of: 1}\nsecond: yes\n"  # libyaml refuses the colon
VERSION = "%YAML 1.1\n---\nfirst: [012, yes, 1:30]\n"


@pytest.fixture
def reader() -> PlanReader:
    return PlanReader(CATALOGUE, vocabulary=VOCABULARY)


def test_a_file_is_read_once(reader: PlanReader, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD)
    first = reader.load([path])
    path.unlink()
    assert [id(case) for case in reader.load([path])] == [id(case) for case in first]


def test_a_mistake_is_told_whenever_its_file_is_asked_for(
    reader: PlanReader, tmp_path: Path
) -> None:
    wrong, sound = tmp_path / "wrong.yaml", tmp_path / "sound.yaml"
    wrong.write_text("group: G\n")
    sound.write_text(GOOD)
    told = []
    for paths in ([wrong], [sound, wrong]):
        with pytest.raises(PlanError) as raised:
            reader.load(paths)
        told.append(str(raised.value))
    assert told[0] == told[1]
    assert reader.load([sound])


def test_an_id_that_another_file_of_the_reader_has_is_told(
    reader: PlanReader, tmp_path: Path
) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(GOOD)
    reader.load([tmp_path / "one.yaml"])
    with pytest.raises(PlanError, match=r"is also that of .*one\.yaml:"):
        reader.load([tmp_path / "two.yaml"])


@pytest.mark.parametrize("text", [
    FLOW, VERSION, GOOD, (ROOT / "testplans/esme/tables/settings.yaml").read_text("utf-8"),
    "a: 'é' # über\nb: \"\\u00e9\"\nc: |\n  öl\n  - x\nd: [012, 0o14, 1_0, 1:30, 2020-01-01, ~]\n",
    "a:\n  -\n\n  - 1\nb:\n\nc: [x, ]\n",
])
def test_libyaml_reads_what_the_parser_of_yaml_1_2_reads(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(text, "utf-8")
    fast = read_document(path)
    monkeypatch.setattr("bench.plan.document.YAML", lambda typ, pure=True: YAML(typ=typ, pure=True))
    slow = read_document(path)
    assert fast.values == slow.values
    assert [found for found in fast.texts(()) if found[0]] == \
        [found for found in slow.texts(()) if found[0]]
    places = [(key, *inner) for key in fast.values for inner in ((), (0,), (1,))]
    assert list(map(fast.line, places)) == list(map(slow.line, places))
