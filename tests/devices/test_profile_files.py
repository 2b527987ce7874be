"""A profile is read whole or refused with file, line, what was expected and what was found."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import ProfileError
from bench.resources import ROOT
from devices.declaration_items import ICS_ITEMS, IXIT_ITEMS
from devices.profile import load_profile

SHIPPED = "devices/profiles/emulated-esme.yaml"
TEXT = (ROOT / SHIPPED).read_text(encoding="utf-8")
LINES = TEXT.splitlines()

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "meter.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def line_of(start: str) -> int:
    return next(number for number, line in enumerate(LINES, 1) if line.strip().startswith(start))


def without(start: str) -> str:
    return "\n".join(line for line in LINES if not line.strip().startswith(start))


def with_value(key: str, value: str) -> str:
    return re.sub(rf"(?m)^(\s*{key}:).*$", rf"\1 {value}", TEXT)


def refusal(path: Path) -> str:
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    text = str(caught.value)
    assert all(re.match(rf"{re.escape(str(path))}:\d+: ", line) for line in text.splitlines())
    return text


def test_the_shipped_profile_reads_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = load_profile(SHIPPED)
    assert profile.subject.device_type == "ESME"
    assert profile.subject.variant == "A"
    assert profile.ics["supply_switch"] is True
    assert profile.keys is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.path = Path()  # type: ignore[misc]


def test_every_item_has_an_answer_after_loading() -> None:
    profile = load_profile(SHIPPED)
    assert set(profile.ics) == {name for name, item in ICS_ITEMS.items() if item.concerns("esme")}
    assert set(profile.ixit) == {
        name for name, item in IXIT_ITEMS.items() if item.concerns("esme")}


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    assert "found nothing there" in refusal(tmp_path / "nobody.yaml")


@pytest.mark.parametrize("text", ["", "[]", "text", "- a\n- b", "1: 2"])
def test_a_file_that_is_no_mapping_is_refused(write: Write, text: str) -> None:
    assert "expected a mapping" in refusal(write(text))


@pytest.mark.parametrize(("text", "line"), [
    ("subject: {", 1), ("a: 1\nb: [", 2), ("a: 1\na: 2", 2), ("a: !!python/name:os.system", 1),
    ("\ta: 1", 1), ("a: \x00", 1),
])
def test_what_is_no_safe_yaml_is_refused_with_its_line(write: Write, text: str, line: int) -> None:
    path = write(text)
    assert refusal(path).startswith(f"{path}:{line}: expected YAML")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meter.yaml").write_bytes(b"\xff\xfe\x00")
    assert refusal(tmp_path / "meter.yaml").endswith(
        "meter.yaml:1: expected a text file, found an octet at 0 that is not UTF-8")
    assert refusal(tmp_path).endswith(":1: cannot be read: Is a directory")
    (tmp_path / "empty.yaml").write_bytes(b"")
    assert refusal(tmp_path / "empty.yaml").endswith(
        ":1: expected a mapping of names, found nothing")


@pytest.mark.parametrize("section", ["subject", "ics", "ixit"])
def test_a_missing_section_is_named(write: Write, section: str) -> None:
    kept = re.sub(rf"(?ms)^{section}:.*?(?=^\w|\Z)", "", TEXT)
    assert f"{section}: expected" in refusal(write(kept))
    assert "found nothing" in refusal(write(kept))


@pytest.mark.parametrize("section", ["ics", "ixit"])
@pytest.mark.parametrize("empty", ["{}", "", "[]", "none"])
def test_an_empty_section_is_refused_where_it_stands(
    write: Write, section: str, empty: str
) -> None:
    before = TEXT[: TEXT.index(f"\n{section}:") + 1]
    path = write(f"{before}{section}: {empty}\n")
    expected = f"{path}:{before.count(chr(10)) + 1}: {section}: expected the answers"
    assert expected in refusal(path)


@pytest.mark.parametrize(("old", "new", "told"), [
    ("  supply_switch:", "  suply_switch:", "an item of ics out of .*did you mean supply_switch"),
    ("  quiet_s:", "  quite_s:", "an item of ixit out of .*did you mean quiet_s"),
    ("  firmware_version:", "  firmware:", "a key of subject out of .*did you mean firmware_ver"),
    ("subject:", "subjekt:", "a key of the file out of .*did you mean subject"),
])
def test_an_unknown_key_is_named_with_the_nearest_known(
    write: Write, old: str, new: str, told: str
) -> None:
    path = write(TEXT.replace(f"\n{old}", f"\n{new}"))
    assert re.search(rf"{re.escape(str(path))}:{line_of(old.strip())}: .*{told}", refusal(path))


@pytest.mark.parametrize("item", ["supply_switch", "boost", "entity_id", "response_timeout_s"])
def test_an_unanswered_item_is_no_no(write: Write, item: str) -> None:
    assert re.search(rf"\.{item}: expected .*, found no answer", refusal(write(without(item))))


def test_settings_of_the_emulator_are_left_to_it(write: Write) -> None:
    load_profile(write(TEXT + "emulator: {start: 0}\n"))
    assert "emulator: expected a mapping" in refusal(write(TEXT + "emulator: 3\n"))


@pytest.mark.parametrize(("key", "value"), [
    ("device_type", "TOASTER"), ("manufacturer_id", "0123"), ("manufacturer_id", '"012G"'),
    ("manufacturer_id", '"00AB1"'), ("manufacturer_id", '"00ab"'),
    ("firmware_version", "00000001"), ("firmware_version", '"1.0"'),
    ("firmware_version", '"0000000A\\n"'), ("firmware_version", '"0000000a"'),
    ("image_hash", '"00"'), ("manufacturer", '""'), ("model", f'"{"x" * 31}"'),
    ("variant", "Q"), ("variant", "ABCDEFG"), ("hardware_version", "1"),
    ("supply_switch", '"yes"'), ("supply_switch", "yes"), ("supply_switch", "1"),
    ("smets_version", "5.1"), ("smets_version", '"five"'),
    ("entity_id", '"02-00-00-00-00-E5-00-01"'), ("entity_id", "200"),
    ("response_timeout_s", '"5"'), ("response_timeout_s", "0"), ("response_timeout_s", "1e9"),
    ("response_timeout_s", ".nan"), ("response_timeout_s", ".inf"),
    ("response_timeout_s", "true"), ("quiet_s", "-1"), ("alert_timeout_s", "null"),
    ("set_clock_window_s", "60.5"), ("set_clock_window_s", "0"),
])
def test_a_wrong_value_is_shown_where_it_stands(write: Write, key: str, value: str) -> None:
    path = write(with_value(key, value))
    assert re.search(rf"{re.escape(str(path))}:{line_of(key)}: \w+\.{key}: expected .*, found .",
                     refusal(path))


@pytest.mark.parametrize(("variant", "item", "answer"), [
    ("A", "twin_element", "true"), ("B", "twin_element", "false"), ("C", "polyphase", "false"),
    ("AD", "auxiliary_controllers", "false"), ("ADE", "boost", "false"),
    ("AG", "proportional_control", "false"), ("A", "proportional_control", "true"),
])
def test_answers_that_contradict_the_variant_are_refused(
    write: Write, variant: str, item: str, answer: str
) -> None:
    text = re.sub(rf"(?m)^(\s*{item}:).*$", rf"\1 {answer}", with_value("variant", variant))
    assert f"for variant {variant}, found" in refusal(write(text))
    assert f"ics.{item}: expected" in refusal(write(text))


def test_all_mistakes_are_told_at_once_in_order(write: Write) -> None:
    text = with_value("supply_switch", "maybe").replace("  boost:", "  bost:")
    text = re.sub(r"(?m)^(\s*quiet_s:).*$", r"\1 -1", text)
    lines = [int(line.split(":")[1]) for line in refusal(write(text)).splitlines()]
    assert len(lines) == 4  # the unknown item, the unanswered one, two wrong values
    assert lines == sorted(lines)


def test_keys_are_found_beside_the_profile(write: Write, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    assert load_profile(write(TEXT + "  keys: keys\n")).keys == tmp_path / "keys"


@pytest.mark.parametrize("made", [True, False])
def test_a_wrong_key_folder_is_refused(write: Write, tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "keys").write_text("a file")
    path = write(TEXT + "  keys: keys\n")
    assert f":{len(LINES) + 1}: ixit.keys: expected a folder, found none" in refusal(path)


def test_defaults_are_answers_that_their_own_item_accepts() -> None:
    for items in (ICS_ITEMS, IXIT_ITEMS):
        for name, item in items.items():
            if item.default not in (None, ""):
                assert item.mistake(item.default) == "", name
