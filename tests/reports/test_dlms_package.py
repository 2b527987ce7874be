"""``smip-bench dlms package``: what is in it, that it holds together, what is never in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import packaged_runs as made_up
import pytest
from click.testing import CliRunner, Result
from packaged_runs import write_reports, write_run
from ruamel.yaml import YAML

from bench.cli import cli
from bench.errors import LedgerError
from bench.ledger import verify_ledger

NAMES = ["capture.pcapng", "declaration.yaml", "junit.xml", "ledger.jsonl", "log.txt",
         "report.html", "report.json", "traffic.txt", "SHA256SUMS"]


def package(run: Path, out: Path) -> Result:
    return CliRunner().invoke(cli, ["dlms", "package", str(run), "--out", str(out)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a package that are text, by name."""
    folder = tmp_path_factory.mktemp("packaged")
    done = package(write_run(folder / "run"), folder / "p.zip")
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(folder / "p.zip") as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()
                if name != "capture.pcapng"}


def declaration(files: dict[str, str]) -> Any:
    return YAML(typ="safe", pure=True).load(files["declaration.yaml"])


def test_it_holds_report_log_traffic_declaration_and_hashes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    done = package(run, tmp_path / "p.zip")
    assert done.output == \
        f"{sha256((tmp_path / 'p.zip').read_bytes()).hexdigest()}  {tmp_path / 'p.zip'}\n"
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert archive.namelist() == NAMES
        assert archive.read("SHA256SUMS").decode() == "".join(
            f"{sha256(archive.read(name)).hexdigest()}  {name}\n" for name in NAMES[:-1])
        for name in ("ledger.jsonl", "capture.pcapng"):
            assert archive.read(name) == (run / name).read_bytes()


def test_sha256sum_agrees_with_the_hashes(tmp_path: Path) -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("sha256sum is not on the PATH")
    assert package(write_run(tmp_path / "run"), tmp_path / "p.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(tmp_path / "apart")
    done = subprocess.run([tool, "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "apart",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == NAMES[:-1]


def test_what_was_taken_apart_verifies_as_the_run_does(tmp_path: Path) -> None:
    assert package(write_run(tmp_path / "run"), tmp_path / "p.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(tmp_path / "apart")
    assert verify_ledger(tmp_path / "apart") == ()
    again = CliRunner().invoke(cli, ["rejudge", str(tmp_path / "apart")])
    assert again.exit_code == 0, again.output


def test_the_same_evidence_gives_the_same_octets(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    shutil.copytree(run, tmp_path / "elsewhere")
    for source, name in ((run, "a.zip"), (tmp_path / "elsewhere", "b.zip")):
        assert package(source, tmp_path / name).exit_code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_report_tells_the_verdicts_of_the_ledger(made: dict[str, str]) -> None:
    report = json.loads(made["report.json"])
    assert {one["id"]: one["verdict"] for one in report["cases"]} == {
        "DLMS-1": "pass", "DLMS-2": "fail", "DLMS-3": "inconclusive", "DLMS-4": "error",
        "DLMS-5": "pass", "DLMS-9": "none"}
    assert report["ledger_hash"] in made["report.html"]
    assert report["ledger_hash"] in made["junit.xml"]


def test_the_log_lists_what_neither_passed_nor_failed_with_its_reason(
    made: dict[str, str]
) -> None:
    lines = made["log.txt"].split("\n\n")
    listed = next(part for part in lines if part.startswith("Neither passed nor failed"))
    assert [line.split(": ")[0] for line in listed.splitlines()[2:]] == [
        "ERROR  DLMS-4", "INAPPLICABLE  DLMS-9", "INCONCLUSIVE  DLMS-3"]
    assert "DLMS-3: body step 1: a write\\u000awould empty it\n" in listed + "\n"
    assert "ics.push is false" in listed


def test_the_log_tells_each_frame_in_words_and_marks_its_errors(made: dict[str, str]) -> None:
    right, wrong = (made["log.txt"].partition(f"\nDLMS-{number}: ")[2].partition("\n\n")[0]
                    for number in (1, 2))
    assert right.splitlines()[2:] == [
        "PASS: all 1 expectations hold", "verifies: DLMS/COSEM_ATTRIBUTE", "attempt 1",
        f'  {made_up.TIME} body step 1 (get) on dlms {{"object": "8/0-0:1.0.0.255/a2"}}',
        f"    {made_up.TIME} sent     16 to 1: get-request-normal, 8/0-0:1.0.0.255/a2 "
        "(Clock: clock, time)",
        f"    {made_up.TIME} received 1 to 16: get-response-normal, 8/0-0:1.0.0.255/a2 "
        "(Clock: clock, time) = Sun 2026-11-29 10:30:15.00 UTC+01:00",
        "    PASS: result == 'success' [DLMS/COSEM_ATTRIBUTE]"]
    assert "\n      ! octet 8: expected the tag of an APDU, found 50\n" in wrong
    assert "    FAIL: result == 'success' [DLMS/COSEM_ATTRIBUTE]: " in wrong
    assert "line\nbreak" not in wrong


def test_the_line_traffic_has_every_octet_and_can_be_decoded(
    made: dict[str, str], tmp_path: Path
) -> None:
    traffic = made["traffic.txt"]
    assert f"{made_up.TIME} sent     {made_up.REQUEST.hex().upper()}\n" in traffic
    assert f"{made_up.TIME} received {made_up.RESPONSE.hex().upper()}\n" in traffic
    assert f"# {made_up.TIME} sent: a message without octets\n" in traffic
    assert f"# arrived before the break:\n{made_up.TIME} received 0001\n" in traffic
    file = tmp_path / "traffic.txt"
    file.write_text(traffic)
    done = CliRunner().invoke(cli, ["dlms", "decode", str(file), "--json"])
    found = [json.loads(line) for line in done.output.splitlines()]
    assert [(one["direction"], one["octets"]) for one in found] == [
        ("sent", made_up.REQUEST.hex().upper()), ("sent", made_up.REQUEST.hex().upper()),
        ("received", made_up.RESPONSE.hex().upper()), ("sent", made_up.REQUEST.hex().upper()),
        ("received", made_up.WRONG.hex().upper()), ("received", "0001"),
        ("received", made_up.RESPONSE.hex().upper())]
    assert {one["time"] for one in found} == {made_up.TIME}


def test_the_declaration_is_that_of_the_profile(made: dict[str, str]) -> None:
    said = declaration(made)
    assert said["subject"]["firmware_version"] == "00010203"
    assert said["ics"] == {"key_transfer": True, "push": False}
    dlms = said["dlms"]
    assert [dlms[name] for name in ("maker", "flag_id", "logical_device_name", "type",
                                    "serial_number", "do_not_test", "accepts")] == [
        "Maker", "MKR", "MKR0000000000001", "KIND 1", "0001", ["8/0-0:1.0.0.255/m1"],
        {"bad_hcs": ["silence"]}]
    assert dlms["logical_devices"] == [{"server": 1, "associations": ["public"]},
                                       {"server": 2, "associations": ["hls"]}]
    assert dlms["profile_parameters"] == made_up.DLMS["link"]
    assert dlms["images"]["test"]["sha256"] == "AB" * 32
    assert dlms["associations"]["hls"] == {
        "client": 48, "server": 2, "context": "ln-ciphered", "mechanism": "hls-gmac",
        "conformance": ["get", "set"], "max_pdu": 1024, "suite": 0, "policy": 3,
        "key_set": "hls-set", "objects": []}
    assert dlms["associations"]["public"]["objects"][0] == {
        "object": "8/0-0:1.0.0.255", "version": 0,
        "attributes": {1: "read", 2: "read, write", 10: "read"}, "methods": {}}


def test_the_declaration_tells_what_was_disclosed_and_how_it_differs(
    made: dict[str, str]
) -> None:
    said = declaration(made)
    assert said["disclosed"]["firmware"] == [
        {"declared": "312E30", "found": "312E31", "outcome": "success"}]
    assert said["disclosed"]["failures"] == ["hls: the association does not open (rejected)"]
    assert said["disclosed"]["associations_without_rights"] == []
    assert said["disclosed"]["objects"]["public"][0] == {
        "object": "8/0-0:1.0.0.255", "version": 0,
        "attributes": {1: "read", 2: "read", 9: "no access"}, "methods": {1: "access"}}
    assert said["differences"] == {
        "firmware": ["declared 312E30; found 312E31 (success)"],
        "associations_without_a_list": ["hls"],
        "objects": {"public": {
            "not_declared": ["70/0-0:96.3.10.255"], "not_disclosed": ["1/0-0:42.0.0.255"],
            "others": [
                "70/0-0:96.3.10.255: disclosed 2 times",
                "3/1-0:1.8.0.255: version: declared 1; disclosed 0",
                "8/0-0:1.0.0.255/a2: declared read, write; disclosed read",
                "8/0-0:1.0.0.255/a10: declared read; not disclosed",
                "8/0-0:1.0.0.255/m1: not declared; disclosed access"]}}}


def test_a_run_that_asked_for_no_object_lists_says_so(tmp_path: Path) -> None:
    assert package(write_run(tmp_path / "run", asked=False), tmp_path / "p.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        said = declaration({"declaration.yaml": archive.read("declaration.yaml").decode()})
    assert said["differences"]["objects"].startswith("no plan of this run asks")


def test_only_names_of_sets_of_keys_are_declared(made: dict[str, str]) -> None:
    text = made["declaration.yaml"]
    assert "hls-set" in text
    assert made_up.SECRET not in text
    assert made_up.KEY_FOLDER not in text
    assert declaration(made)["ixit"] == {"quiet_s": 0.05}


def test_a_private_key_in_any_file_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "ledger.cut").write_text("-----BEGIN PRIVATE KEY-----")
    done = package(run, tmp_path / "p.zip")
    assert isinstance(done.exception, LedgerError)
    assert str(done.exception) == "part ledger.cut holds a private key: refused, nothing was stored"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_it_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "p.zip"
    out.write_text("mine")
    refused = package(write_run(tmp_path / "run"), out).exception
    assert str(refused) == f"{out}: there is a file already; a package never replaces one"
    assert out.read_text() == "mine"


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    refused = package(tmp_path, tmp_path / "p.zip").exception
    assert isinstance(refused, LedgerError)
    assert str(refused) == f"{tmp_path / 'ledger.jsonl'}: there is no ledger here"
    assert package(tmp_path / "absent", tmp_path / "p.zip").exit_code == 2


def test_evidence_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    altered = write_run(tmp_path / "altered")
    ledger = altered / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"unplugged", b"plugged in"))
    early = write_run(tmp_path / "early", complete=False)
    changed = write_run(tmp_path / "changed")
    (changed / "capture.pcapng").write_bytes(b"")
    for run, reason in ((altered, "its octets are not those that were written"),
                        (early, "ended early"), (changed, "capture capture.pcapng")):
        refused = package(run, tmp_path / "p.zip").exception
        assert isinstance(refused, LedgerError)
        assert reason in str(refused)
        assert "\n" not in str(refused)
    assert not (tmp_path / "p.zip").exists()


def test_a_run_on_another_kind_of_device_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", subject=replace(made_up.SUBJECT, device_type="ESME"))
    refused = package(run, tmp_path / "p.zip").exception
    assert str(refused) == (f"{run}: expected a run on a device of the type DLMS-METER, found ESME")


@pytest.mark.parametrize("dlms", [{}, {"associations": {"a": {}}}, "none"])
def test_a_plan_without_the_makers_declaration_is_refused(tmp_path: Path, dlms: object) -> None:
    run = write_run(tmp_path / "run", ixit={"dlms": dlms})
    refused = package(run, tmp_path / "p.zip").exception
    assert isinstance(refused, LedgerError)
    assert "declaration" in str(refused)


def test_a_certification_run_needs_its_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mode="certify")
    refused = package(run, tmp_path / "p.zip").exception
    assert isinstance(refused, LedgerError)
    assert "a run in the mode certify leaves it" in str(refused)


def test_the_report_of_a_certification_run_is_the_one_beside_its_ledger(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mode="certify")
    write_reports(run)
    assert package(run, tmp_path / "p.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        for name in ("report.html", "report.json", "junit.xml"):
            assert archive.read(name) == (run / name).read_bytes()
    report = run / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"verdict": "fail"', b'"verdict": "pass"'))
    refused = package(run, tmp_path / "other.zip").exception
    assert isinstance(refused, LedgerError)
    assert "1 verdicts or dispositions are not those that its evidence gives" in str(refused)
