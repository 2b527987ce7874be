"""A mistake in a requirement file is one line with file, line and what is wrong."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from bench.catalogue import Catalogue, concerns, fingerprint_of, load_catalogue
from bench.catalogue.catalogue import COVERED
from bench.errors import PlanError
from bench.records.requirement import Provenance, Requirement


def test_rows_come_in_natural_order_with_the_defaults_of_their_file(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    assert list(catalogue) == ["SPEC/2", "SPEC/10"]
    assert catalogue["SPEC/2"].devices == ("ESME",)
    assert catalogue["SPEC/2"].provenance is Provenance.READ
    assert catalogue["SPEC/10"].provenance is Provenance.MEMORY


def test_the_catalogue_cannot_be_changed(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    with pytest.raises(TypeError):
        catalogue["SPEC/2"] = catalogue["SPEC/10"]  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogue._rows["SPEC/2"] = catalogue["SPEC/10"]  # type: ignore[index]


ROW = """\
  - id: SPEC/3
    clause: "3"
    text: Keep the profile.
"""


@pytest.mark.parametrize(("added", "line", "said"), [
    (ROW.replace("SPEC/3", "SPEC/2"), 19, "id 'SPEC/2' stands already in"),
    (ROW.replace('"3"', '"2"'), 19, "key (specification, version, clause) ('SPEC', '1', '2')"),
    (ROW + "    colour: red\n", 22, "requirements.2.colour: unknown key"),
    (ROW + "    domain: functoinal\n", 22, "Input should be 'functional', 'security'"),
    (ROW + "    strength: must\n", 22, "Input should be 'mandatory', 'optional'"),
    (ROW + "    provenance: heard\n", 22, "Input should be 'read', 'manual'"),
    (ROW + "    status: maybe\n", 22, "Input should be"),
    (ROW + "    devices: [ESMEE]\n", 22, "should match pattern"),
    (ROW + "    devices: []\n", 22, "at least 1 item"),
    (ROW.replace('"3"', "3.10"), 20, "requirements.2.clause: Input should be a valid string"),
    (ROW.replace("    text: Keep the profile.\n", ""), 19, "requirements.2.text: missing key"),
    (ROW + "    related: [SPEC/2, SPEC/99]\n", 22, "related to 'SPEC/99'"),
    (ROW + "    text: again\n", 22, "duplicate key"),
    (ROW + "    text: [\n", 23, "not valid YAML"),
])
def test_a_mistake_is_told_with_file_and_line(
    folder: Path, added: str, line: int, said: str
) -> None:
    path = folder / "spec.yaml"
    path.write_text(path.read_text() + added)
    with pytest.raises(PlanError) as caught:
        load_catalogue(folder)
    text = str(caught.value)
    assert text.startswith(f"{path}:{line}: "), text
    assert said in text
    assert "\n" not in text


def test_a_duplicate_in_another_file_names_both(folder: Path) -> None:
    (folder / "twin.yaml").write_text((folder / "spec.yaml").read_text())
    with pytest.raises(PlanError, match=r"twin\.yaml:11: id 'SPEC/2' .* in .*spec\.yaml:11"):
        load_catalogue(folder)


def test_a_field_without_value_and_default_is_a_mistake(folder: Path) -> None:
    path = folder / "spec.yaml"
    path.write_text(path.read_text().replace("  source: somewhere\n", ""))
    with pytest.raises(PlanError, match=r"spec\.yaml:10: SPEC/2 has no 'source'"):
        load_catalogue(folder)


@pytest.mark.parametrize(("content", "said"), [
    (b"", "the file"),
    (b"- 1\n", "the file"),
    (b"\xff\xfe\xfa", "not UTF-8"),
    (b"specification: S\nversion: '1'\nrequirements: []\n", "at least 1 item"),
])
def test_a_file_that_is_no_catalogue_is_refused(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "odd.yaml").write_bytes(content)
    with pytest.raises(PlanError, match=rf"odd\.yaml:\d+: .*{said}"):
        load_catalogue(folder)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no requirement files"):
        load_catalogue(tmp_path)


def test_an_unknown_id_is_answered_with_the_nearest_ones(shipped: Catalogue) -> None:
    with pytest.raises(PlanError, match=r"did you mean .*R-CLK-01"):
        shipped.fingerprint("r-clk-1")
    with pytest.raises(PlanError, match="did you mean IDTS/Appendix-D"):
        shipped.fingerprint("idts/appendix_d")
    with pytest.raises(PlanError) as caught:
        shipped.require("qqqqqqqq")
    assert str(caught.value) == "no requirement 'qqqqqqqq'"


OTHER: dict[str, object] = {
    "provenance": Provenance.MEMORY, "devices": ("GSME",), "use_cases": ("ECS70",),
    "related": ("R-CLK-01",),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Requirement)])
def test_the_fingerprint_changes_with_every_field_that_matters_and_no_other(
    shipped: Catalogue, name: str
) -> None:
    row = shipped["SMETS2/5.6.3.11"]
    changed = replace(row, **{name: OTHER.get(name, "something else")})
    assert (fingerprint_of(changed) == row.fingerprint) is (name not in COVERED)


def test_a_fingerprint_is_eight_upper_case_digits_and_stable(shipped: Catalogue) -> None:
    prints = {row.fingerprint for row in shipped.values()}
    assert len(prints) == len(shipped)
    assert all(len(text) == 8 and text == text.upper() for text in prints)
    bare = Requirement("X/1", "X", "1", "1", "Do it.", ("ESME",), "functional", "mandatory", "X",
                       Provenance.READ, "")
    assert fingerprint_of(bare) == "75596947"


@pytest.mark.parametrize(("devices", "asked", "concerned"), [
    (("ESME",), "ESME", True),
    (("ESME",), "ESME:A", True),
    (("ESME:B",), "ESME", True),
    (("ESME:B",), "ESME:A", False),
    (("ESME:D",), "ESME:AD", True),
    (("GSME", "GPF"), "ESME", False),
    (("GSME", "GPF"), "GPF", True),
])
def test_a_requirement_concerns_a_device_and_its_variant(
    shipped: Catalogue, devices: tuple[str, ...], asked: str, concerned: bool
) -> None:
    assert concerns(replace(shipped["R-CLK-01"], devices=devices), asked) is concerned
