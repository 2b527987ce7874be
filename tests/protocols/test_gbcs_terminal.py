"""What ``smip-bench gbcs`` shows at a terminal, and what it says to those who mistype."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.cli import cli, layout
from bench.cli.gbcs_text import reading_lines
from bench.cli.layout import Node
from bench.protocols.cosem.data import Tag
from bench.protocols.gbcs import explain, payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import protect
from bench.protocols.gbcs.readings import Reading, Value
from bench.protocols.gbcs.templates import Shape
from devices import pki

SUPPLIER, DEVICE = pki.PARTIES[1].eui64.hex(), pki.DEVICE_EUI64.hex()


def smip_bench(*arguments: str | Path, columns: int = 100) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), env={"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("keys")
    pki.init(place, seed="terminal")
    return place


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads."""
    monkeypatch.setattr(layout, "at_terminal", lambda: True)


@pytest.fixture
def inspected(
    tmp_path: Path, keys: KeyStore, command: Callable[..., Message]
) -> Callable[..., Result]:
    """Inspect a message of the supplier with this payload."""

    def inspect(code: int, payload: bytes, *options: str, columns: int = 100) -> Result:
        file = tmp_path / "m.hex"
        sent = protect(command(message_code=code, payload=payload), keys)
        file.write_text(sent.encode().hex())
        return smip_bench("gbcs", "inspect", file, *options, columns=columns)

    return inspect


# laid out


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("columns", [80, 100, 120])
def test_lines_are_as_wide_as_the_terminal(
    columns: int, inspected: Callable[..., Result]
) -> None:
    values = {"PublishDayProfile": [{"day_id": 1}, {"day_id": 2}]}
    shown = inspected(0x6F, payloads.build("GCS05", values), "--explain", columns=columns).stdout
    lines = shown.splitlines()[1:]  # the path of the file is never broken
    assert max(map(len, lines)) <= columns
    assert len(lines) > 60
    for use_case in ("GCS01a", "ECS08a", "CS02b-supplierBySupplier"):
        listed = smip_bench("gbcs", "use-cases", use_case, columns=columns).stdout
        values_listed = listed.partition("values:\n")[2].splitlines()
        assert max(map(len, values_listed)) <= columns


def test_names_values_and_sources_stand_in_columns() -> None:
    nodes = [Node("group", below=[Node("a", "1 s", "X 1"), Node("longer", "12 kWh", "X 2")])]
    assert list(layout.tree(nodes, 60)) == [
        "group", "  a       1 s     X 1", "  longer  12 kWh  X 2"]


def test_a_source_that_all_share_is_said_once(inspected: Callable[..., Result]) -> None:
    shown = inspected(0x71, payloads.build("GCS07", {"DisplayMessage.message": "Hello"}),
                      "--explain").stdout
    assert shown.count("SupplierMessage SMETS 4.6.4.24") == 1
    assert re.search(r"^  message +Hello$", shown, re.MULTILINE)


def test_long_octets_are_shortened_with_their_length_and_whole_in_json(
    inspected: Callable[..., Result]
) -> None:
    certificate = bytes.fromhex("3081C8" + "00" * 200)
    payload = payloads.build("CS02d", {"value": certificate.hex()})
    shown = inspected(0x0B, payload, "--explain").stdout
    assert "3081C8000000000000000000... (203 octets)" in shown
    as_json = json.loads(inspected(0x0B, payload, "--explain", "--json").stdout)
    assert as_json["explained"]["values"][0]["value"] == certificate.hex().upper()


def test_a_text_of_a_device_cannot_steer_the_terminal(inspected: Callable[..., Result]) -> None:
    payload = payloads.build("GCS07", {"DisplayMessage.message": "a\x1b[2Jb"})
    shown = inspected(0x71, payload, "--explain").stdout
    assert "\x1b" not in shown
    assert r'"a\u001b[2Jb"' in shown


def test_times_are_shown_in_iso_8601_with_the_clocks_status() -> None:
    shape = Shape("time", tag=Tag.OCTET_STRING)
    shown = "\n".join(reading_lines(Reading("AccessResponse", "X", values=(
        Value("8/0-0:1.0.0.255/a2", "07EA0B16FF0C000000800002", shape=shape),
        Value("at", 473385600, "s since 2000-01-01 UTC"),
        Value("now", 0, "s since 2000-01-01 UTC")))))
    assert "2026-11-22T12:00:00Z, clock status 02" in shown
    assert re.search(r"^at +2015-01-01T00:00:00Z$", shown, re.MULTILINE)
    assert re.search(r"^now +0 s since 2000-01-01 UTC$", shown, re.MULTILINE)


def test_a_reference_log_cites_its_rows_at_the_first_entry(shared: Path) -> None:
    rtds = shared / "vectors" / "rtds"
    file, = (rtds / "messages" / "4.6.2_ECS21c").glob("*_SUCCESS_RESPONSE_*")
    shown = smip_bench("gbcs", "inspect", file, "--explain", "--keys", rtds / "keystore").stdout
    assert shown.count("dlValue") > 20
    assert shown.count(".activeExportRegisterValue") == 1


@pytest.mark.usefixtures("terminal")
def test_every_reference_message_is_explained_in_80_columns(shared: Path) -> None:
    rtds = shared / "vectors" / "rtds"
    files = sorted((rtds / "messages").glob("*/*.HEX"))
    shown = smip_bench("gbcs", "inspect", "--explain", "--keys", rtds / "keystore", *files,
                       columns=80)
    assert shown.exit_code == 0
    wide = [line for line in shown.stdout.splitlines() if len(line) > 80 and "/" not in line]
    assert all(re.fullmatch(r"\S+ +[0-9A-F]{64}", line) for line in wide)  # an image hash
    assert all(text.isprintable() for text in shown.stdout.splitlines())


def test_what_a_command_takes_names_members_and_only_what_is_allowed() -> None:
    (special,) = [parameter for parameter in explain.parameters("GCS05")
                  if parameter.name == "PublishCalendar"]
    forms = {member.name: member.form for member in special.members}
    assert forms["calendar_type"] == "friendly_credit_calendar (3)"
    assert forms["start_time"].startswith("a time: ISO 8601")
    (days,) = [parameter for parameter in explain.parameters("GCS05")
               if parameter.name == "PublishDayProfile"]
    assert days.form == "list of 1..5 mappings"
    entries = next(member for member in days.members if member.name == "day_schedule_entries")
    assert [member.name for member in entries.members] == [
        "start_time", "active_price_tier_or_friendly_credit_enable"]


def test_what_is_encrypted_says_whether_it_was_opened(shared: Path) -> None:
    rtds = shared / "vectors" / "rtds"
    for pattern in ("4.1.1_ECS17b/*_SINGLE_SUCCESS_RESPONSE_*", "4.1.1_GCS13a/*GSME_RESPONSE_*"):
        file, = (rtds / "messages").glob(pattern)
        closed = smip_bench("gbcs", "inspect", file, "--explain").stdout
        assert re.search(r"^encrypted +not opened: no keys for it$", closed, re.MULTILINE)
        opened = smip_bench("gbcs", "inspect", file, "--explain", "--keys", rtds / "keystore")
        assert re.search(r"^encrypted +opened$", opened.stdout, re.MULTILINE)


def test_what_a_command_asks_for_is_called_read(inspected: Callable[..., Result]) -> None:
    shown = inspected(0x62, payloads.build("ECS70"), "--explain").stdout
    assert re.search(r"^8/0-0:1.0.0.255/a2 +read ", shown, re.MULTILINE)


def test_what_reads_a_pipe_gets_a_fact_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.hex").write_text("01")
    (problem,) = [line for line in smip_bench("gbcs", "inspect", tmp_path / "x.hex", columns=60
                                              ).stdout.splitlines() if line.startswith("problem")]
    assert problem.endswith("found 01")


def test_the_layouts_that_a_field_chooses_are_listed() -> None:
    (configured,) = explain.parameters("GCS20")
    payload = configured.members[-1]
    assert payload.form == "mapping, as configuration_control is"
    by_list = next(layout for layout in payload.members if layout.name == "apply_by_list (0)")
    assert [member.name for member in by_list.members] == ["number_of_events", "event_ids"]


# units that are true


def test_only_moments_are_seconds_since_2000() -> None:
    values = {
        "PublishDayProfile": [{"day_id": 1, "day_schedule_entries": [
            {"start_time": 90, "active_price_tier_or_friendly_credit_enable": 1}]}]}
    read = explain.record(payloads.read(Message(
        cra=Cra.COMMAND, originator_counter=1, originator=bytes(8), recipient=bytes(8),
        message_code=0x6F, payload=payloads.build("GCS05", values))))
    units = {value["name"]: value["unit"] for value in read["values"]}
    day = "Calendar/PublishDayProfile/day_schedule_entries.0.start_time"
    assert units[day] == "min"  # from midnight, ZigBee Smart Energy
    assert units["Calendar/PublishCalendar/calendar_time_reference"] == ""
    assert units["Calendar/PublishCalendar/start_time"] == "s since 2000-01-01 UTC"
    read = explain.record(payloads.read(Message(
        cra=Cra.COMMAND, originator_counter=1, originator=bytes(8), recipient=bytes(8),
        message_code=use_cases.use_case("GCS21f").code, payload=payloads.build("GCS21f"))))
    units = {value["name"]: value["unit"] for value in read["values"]}
    assert units["Calendar/GetDayProfiles/start_day_id"] == ""
    read = explain.record(payloads.read(Message(
        cra=Cra.COMMAND, originator_counter=1, originator=bytes(8), recipient=bytes(8),
        message_code=use_cases.use_case("GCS04").code, payload=payloads.build("GCS04"))))
    (unit,) = {value["unit"] for value in read["values"]
               if value["name"].endswith("/debt_recovery_collection_time")}
    assert unit == ""


# mistyped


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("ECS38", "--set", "limit=2026-13-45"), "an integer 0..65535 allowed, found '2026-13-45'"),
    (("ECS38", "--set", "limit=1e9"), "found '1e9'"),
    (("ECS38", "--set", "limit="), "limit: a value is wanted after the ="),
    (("ECS38", "--set", "=5"), "NAME=VALUE is wanted"),
    (("ECS38", "--set", "limit=1", "--set", "limit=2"), "limit: given twice"),
    (("ECS38", "--set", "limit=&a [*a]"), "without aliases"),
    (("CS02c", "--set", "keyUsage=&a [*a]"), "without aliases"),
    (("ECS38", "--set", "limit=" + "[" * 200), f"limit: '{'[' * 60}...': "),
    (("ECS38", "--counter", "-1"), "'-1' is no number such as 16 or 0x10"),
    (("ECS38", "--counter", "0x10000000000000000"), "does not fit the 8 octets"),
    (("ECS38", "-o", "absent/x.hex"), "absent/x.hex: cannot be written: No such file"),
    (("ECS38", "-o", "."), "is a directory"),
    (("ECS23", "--set", "to=soon"), "to: a time is wanted: datetime, ISO 8601 or seconds"),
    (("ECS100",), "ECS100 is not a command"),
    (("ecs38",), "no use case 'ecs38'; near to it are ECS38"),
    (("CS02b",), "near to it are CS02b-rootBySupplier"),
])
def test_a_mistake_is_one_line_and_writes_nothing(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    built = smip_bench("gbcs", "build", *arguments)
    assert built.exit_code == 2
    assert complaint in built.stderr.splitlines()[-1]
    assert built.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_date_and_an_eui64_of_digits_are_what_they_look_like() -> None:
    by_day = smip_bench("gbcs", "build", "ECS70", "--counter", "1", "--set", "from=2026-11-22",
                        "--set", "to=2026-11-23 12:00:00")
    spelt = smip_bench("gbcs", "build", "ECS70", "--counter", "1", "--set",
                       "from=2026-11-22T00:00:00Z", "--set", "to=2026-11-23T12:00:00+00:00")
    assert by_day.exit_code == 0
    assert by_day.stdout == spelt.stdout
    for text in ("0200000000000002", "12E4567812345678"):
        built = smip_bench("gbcs", "build", "CS04B", "--set", f"value={text}")
        assert built.stdout == f"0408{text}\n"


def test_an_output_file_is_whole_or_as_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m.hex"
    out.write_text("before")
    arguments = ("gbcs", "build", "ECS38", "--keys", folder, "--as", "supplier", "-o", out)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
        assert smip_bench(*arguments).exit_code == 2
        assert out.read_text() == "before"
        assert list(tmp_path.iterdir()) == [out]
    assert smip_bench(*arguments).exit_code == 0
    assert parse(bytes.fromhex(out.read_text())).message_code == 0x4B


def test_a_file_that_is_not_there_is_wrong_usage_and_has_its_json(tmp_path: Path) -> None:
    (tmp_path / "empty.hex").write_text("")
    shown = smip_bench("gbcs", "inspect", "--json", tmp_path / "absent", tmp_path / "empty.hex",
                       tmp_path)
    assert shown.exit_code == 2
    assert [json.loads(line)["problem"] for line in shown.stdout.splitlines()] == [
        "No such file or directory", "offset 0: expected a message, found an empty file",
        "Is a directory"]


def test_firmware_is_not_written_over_the_key(folder: Path, tmp_path: Path) -> None:
    image, key = tmp_path / "image", folder / f"{SUPPLIER}-ds.key"
    image.write_bytes(b"image")
    before = key.read_bytes()
    arguments = ("firmware", "build", image, "--manufacturer-code", "1", "--image-type", "1",
                 "--file-version", "1", "--min-hardware", "1", "--max-hardware", "2", "--key", key)
    built = smip_bench(*arguments, "-o", key)
    assert (built.exit_code, key.read_bytes()) == (2, before)
    assert "is the private key itself" in built.stderr
    built = smip_bench(*arguments, "-o", tmp_path / "absent" / "x")
    assert built.exit_code == 2
    assert "cannot be written" in built.stderr


def test_an_empty_seed_is_not_a_seed(tmp_path: Path) -> None:
    made = smip_bench("pki", "init", tmp_path / "new", "--seed", "")
    assert made.exit_code == 2
    assert "Invalid value for '--seed': a text is wanted" in made.stderr
    assert not (tmp_path / "new").exists()


def test_the_authorities_of_a_test_pki_are_found_in_it(folder: Path) -> None:
    checked = smip_bench("pki", "check", folder / f"{SUPPLIER}-ds.pem", "--authorities", folder,
                         "--at", "2026-11-22")
    assert checked.exit_code == 0, checked.output


def test_a_read_with_its_cluster_takes_its_fields_alone() -> None:
    alone = payloads.build("GCS21f", {"Price.ReadAttributes.attributes": ["standing_charge"]})
    assert alone == payloads.build("GCS21f", {"ReadAttributes": {
        "attributes": ["standing_charge"]}}) != payloads.build("GCS21f")


@pytest.mark.parametrize(("name", "content", "complaint"), [
    (f"{SUPPLIER}-ds.pem", None, "Is a directory"),
    (f"{SUPPLIER}-ds.key", None, "Is a directory"),
    (f"{SUPPLIER}-ds.pem", b"", "no certificate in PEM form"),
    (f"{SUPPLIER}-ds.pem", b"\xff\0", "no certificate in PEM form"),
    (f"{SUPPLIER}-ds.key", b"\xff\0", "no private key in PEM form without a password"),
])
def test_a_key_that_cannot_be_read_is_named_in_one_line(
    name: str, content: bytes | None, complaint: str, tmp_path: Path
) -> None:
    if content is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(content)
    for arguments in (("inspect", "x.hex"), ("build", "ECS38", "--as", "supplier")):
        shown = smip_bench("gbcs", *arguments, "--keys", tmp_path)
        assert shown.exit_code == 2
        assert shown.stderr.splitlines()[-1] == f"Error: {tmp_path / name}: {complaint}"


def test_a_link_to_no_key_is_named(tmp_path: Path) -> None:
    for ending in (".pem", ".key"):
        link = tmp_path / f"{SUPPLIER}-ds{ending}"
        link.symlink_to("nowhere")
        shown = smip_bench("gbcs", "build", "ECS38", "--as", "supplier", "--keys", tmp_path)
        assert shown.stderr.splitlines()[-1] == f"Error: {link}: No such file or directory"
        link.unlink()


def test_a_key_of_another_certificate_is_warned_of_and_a_wrong_role_refused(
    folder: Path, tmp_path: Path
) -> None:
    operator = pki.PARTIES[2].eui64.hex()
    wrong = smip_bench("gbcs", "build", "ECS38", "--as", "supplier", "--originator", operator,
                       "--keys", folder)
    assert wrong.exit_code == 2
    assert f"{operator} is the network_operator, not the supplier" in wrong.stderr
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy2(file, tmp_path)
    shutil.copy2(folder / f"{operator}-ds.key", tmp_path / f"{SUPPLIER}-ds.key")
    built = smip_bench("gbcs", "build", "ECS38", "--as", "supplier", "--keys", tmp_path)
    assert built.exit_code == 0
    assert f"{SUPPLIER}-ds.key does not belong to the certificate of that name" in built.stderr


def test_an_eui64_is_written_alike_in_every_command() -> None:
    dotted = ":".join(re.findall("..", SUPPLIER))
    built = smip_bench("utrn", "build", "--originator", dotted, "--target", DEVICE, "--counter",
                       "0x100000000", "--pounds", "1")
    assert "--keys, --originator and --target go together" in built.stderr
    assert smip_bench("gbcs", "build", "ECS38", "--originator", dotted, "--recipient",
                      DEVICE).exit_code == 0
