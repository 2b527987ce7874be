"""An operator's confirmation counts for the wording it was made against, and is never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.catalogue import OVERLAY_NAME, confirm, load_catalogue, read_overlay
from bench.errors import PlanError


def test_a_confirmed_requirement_is_no_longer_provisional(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    row = load_catalogue(folder)["SPEC/10"]
    assert row.provisional
    confirm(overlay, row, "SPEC 1, p. 7", by="A. Tester", date="2026-11-22")
    confirmed = load_catalogue(folder, overlay)["SPEC/10"]
    assert not confirmed.provisional
    assert confirmed.confirmed == "SPEC 1, p. 7"
    assert confirmed.fingerprint == row.fingerprint


def test_the_overlay_of_the_current_folder_is_read_by_default(folder: Path) -> None:
    confirm(Path(OVERLAY_NAME), load_catalogue(folder)["SPEC/10"], "p. 7")
    assert load_catalogue(folder)["SPEC/10"].confirmed == "p. 7"


def test_a_confirmation_lapses_when_the_wording_changes(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    old = load_catalogue(folder)["SPEC/10"]
    confirm(overlay, old, "p. 7")
    path = folder / "spec.yaml"
    path.write_text(path.read_text().replace("Keep the log.", "Keep the log of 100."))
    catalogue = load_catalogue(folder, overlay)
    assert catalogue["SPEC/10"].provisional
    assert old.fingerprint in catalogue.lapsed["SPEC/10"]
    confirm(overlay, catalogue["SPEC/10"], "p. 8")
    again = load_catalogue(folder, overlay)
    assert not again.lapsed
    assert again["SPEC/10"].confirmed == "p. 8"


def test_confirming_keeps_what_stands_in_the_file(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    catalogue = load_catalogue(folder)
    overlay.write_text("# agreed on 3 March\n- id: SPEC/2\n  reference: p. 1  # checked twice\n"
                       f"  fingerprint: {catalogue.fingerprint('SPEC/2')}\n")
    confirm(overlay, catalogue["SPEC/10"], "p. 7: \"log\" # 4")
    text = overlay.read_text()
    assert "# agreed on 3 March" in text
    assert "# checked twice" in text
    assert [entry.id for entry in read_overlay(overlay)] == ["SPEC/2", "SPEC/10"]
    assert read_overlay(overlay)[1].reference == "p. 7: \"log\" # 4"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "requirements"]


def test_a_fingerprint_of_digits_only_survives(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("- {id: SPEC/2, reference: p. 1, fingerprint: '12345678'}\n")
    confirm(overlay, load_catalogue(folder)["SPEC/10"], "p. 7")
    assert read_overlay(overlay)[0].fingerprint == "12345678"


def test_a_second_writer_is_refused_and_nothing_is_lost(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    row = load_catalogue(folder)["SPEC/10"]
    confirm(overlay, row, "p. 7")
    before = overlay.read_bytes()
    (tmp_path / "mine.yaml.new").write_text("half")
    with pytest.raises(PlanError, match="another confirmation is being written"):
        confirm(overlay, row, "p. 8")
    assert overlay.read_bytes() == before
    assert (tmp_path / "mine.yaml.new").read_text() == "half"


def test_a_broken_overlay_is_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("- id: SPEC/2\n")
    with pytest.raises(PlanError, match=r"mine\.yaml:1: 0\.reference: missing key"):
        confirm(overlay, load_catalogue(folder)["SPEC/10"], "p. 7")
    assert overlay.read_text() == "- id: SPEC/2\n"
    assert not (tmp_path / "mine.yaml.new").exists()


@pytest.mark.parametrize(("text", "said"), [
    ("- {id: SPEC/99, reference: p. 1, fingerprint: 0123ABCD}\n", "confirms 'SPEC/99'"),
    ("- {id: SPEC/2, reference: p. 1, fingerprint: nonsense}\n", "should match pattern"),
    ("- {id: SPEC/2, reference: p. 1, fingerprint: 0123ABCD, by: me}\n", "unknown key"),
    ("id: SPEC/2\n", "valid tuple"),
])
def test_a_mistake_in_the_overlay_is_told_with_its_line(
    folder: Path, tmp_path: Path, text: str, said: str
) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    with pytest.raises(PlanError, match=rf"mine\.yaml:1: .*{said}"):
        load_catalogue(folder, overlay)


def test_an_overlay_that_was_named_must_be_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.yaml:1: cannot be read"):
        load_catalogue(folder, tmp_path / "none.yaml")


def test_an_overlay_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be written"):
        confirm(tmp_path / "no" / "such.yaml", load_catalogue(folder)["SPEC/10"], "p. 7")
