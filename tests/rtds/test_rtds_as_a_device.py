"""The DCC reference test data set as a device: others made its answers, this bench judges them.

The recorded commands are sent by a plan on a rig whose device is the recording; a file's name says
what its makers meant: success, an error, nothing found, a cancellation, a future date. Where the
octets say otherwise than the name, DEVIATING holds why.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.judge import judge_case
from bench.plan import load_plans
from bench.protocols.gbcs.message import parse
from bench.records.answers import Answers
from bench.records.verdict import CaseResult, Verdict
from bench.resources import ROOT
from bench.runner.clock import utc_now
from bench.runner.station import Station
from bench.steps.context import Context
from bench.steps.gbcs import AwaitAlert, await_alert
from bench.steps.parties import RemoteParties
from devices.adapters.recording import Recording
from devices.message_files import read_message
from devices.profile import load_profile
from devices.rig import load_rig

DEVICE = "00DB1234567890A0"  # the ESME of the set
SHIPPED = ROOT / "devices" / "profiles" / "emulated-esme.yaml"
OF_ANOTHER = "90b3d51f30000007-ka"  # the set certifies another party by this name

RIG = """\
rig: rtds
serves: esme
emulated: true
ports:
  gbcs: {{adapter: recording, messages: "{messages}"}}
"""

COMMAND_FILE = re.compile(r"(?P<about>.+)_COMMAND_GBCS\.HEX")
NOT_FOUND, CANCELLATION, FUTURE_DATED = "NOT_FOUND", "CANCELLATION", "FUTURE_DATED"
ERROR, SUCCESS = "ERROR", "SUCCESS"
SCENARIOS = (NOT_FOUND, CANCELLATION, FUTURE_DATED, ERROR, SUCCESS)


# Pairs by scenario and the payload of the command.
PAIRS = {
    (NOT_FOUND, "GBZ"): 6,
    (CANCELLATION, "AccessRequest"): 4, (CANCELLATION, "GBZ"): 2, (CANCELLATION, "ASN.1"): 3,
    (FUTURE_DATED, "AccessRequest"): 5, (FUTURE_DATED, "GBZ"): 3, (FUTURE_DATED, "ASN.1"): 5,
    (ERROR, "AccessRequest"): 58, (ERROR, "GBZ"): 26, (ERROR, "ASN.1"): 9,
    (SUCCESS, "AccessRequest"): 68, (SUCCESS, "GBZ"): 36, (SUCCESS, "ASN.1"): 15,
}
# What the step that asks for success gives.
VERDICTS = {NOT_FOUND: Verdict.FAIL, CANCELLATION: Verdict.PASS, FUTURE_DATED: Verdict.PASS,
            ERROR: Verdict.FAIL, SUCCESS: Verdict.PASS}
UNKNOWN_KEYS = "between two devices of which the set holds no private key: it cannot be verified"
REFUSED_AT_ONCE = "an error, and not of a later date: the response refuses it, no alert follows"
# Pair -> the verdict that it gets instead, and why.
DEVIATING = {
    "PCS01_NA_SUCCESS": (Verdict.FAIL, UNKNOWN_KEYS),
    "PCS02_NA_SUCCESS": (Verdict.FAIL, UNKNOWN_KEYS),
    "ECS46c_6.14.2_FUTURE_DATED_ALL_OPTIONALS_ERROR": (Verdict.FAIL, REFUSED_AT_ONCE),
    "GCS05_2.1_FUTURE_DATED_ERROR": (Verdict.FAIL, REFUSED_AT_ONCE),
}
# The command is accepted, so the step passes; its failure at the date is told by alert 8F67.
FAIL_LATER = {"CS06_11.3_FUTURE_DATED_ERROR",
              "CS02bSupplierBySupplier_6.15.1_FUTURE_DATED_ERROR"}
# Responses of the set to commands that it does not hold: no plan can ask for them.
UNASKED = {"CS02bAnyByContingency_NA_ERROR", "CS02bAnyByContingency_NA_SUCCESS"}
NOT_VERIFIABLE = {name for name, (_, why) in DEVIATING.items() if why == UNKNOWN_KEYS}
# The date of a command that cancels an earlier one, as it stands in the payload.
NEVER = {"AccessRequest": bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"),
         "GBZ": bytes.fromhex("FFFFFFFF"), "ASN.1": b"99991231235959Z"}
WORDS = {"ok": "valid", "empty": "absent", "absent": "absent", "None": "absent",
         "unverified": "not verifiable"}  # of the manifest


@dataclass(frozen=True)
class Pair:
    """A command of the set that has a response there; ``alerts`` are codes in its files' names."""

    file: str
    name: str  # what comes before _COMMAND in its name
    payload: str  # of the command, as the manifest says
    alerts: tuple[str, ...]

    @property
    def scenario(self) -> str:
        return next(word for word in SCENARIOS if f"_{word}_" in f"_{self.name}_")

    @property
    def row(self) -> Mapping[str, Any]:
        return {"file": self.file, "name": self.name, "alerts": list(self.alerts),
                "first": self.alerts[0] if self.alerts else "8F66"}


@pytest.fixture(scope="session")
def messages(shared: Path) -> Path:
    return shared / "vectors" / "rtds" / "messages"


@pytest.fixture(scope="session")
def manifest(messages: Path) -> list[Mapping[str, str]]:
    with (messages.parent / "manifest.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="session")
def pairs(manifest: list[Mapping[str, str]]) -> list[Pair]:
    files = {(row["dir"], row["file"]) for row in manifest}
    found = []
    for row in manifest:
        match = COMMAND_FILE.fullmatch(row["file"])
        if match is None:
            continue
        assert (row["dir"], f"{match['about']}_RESPONSE_GBCS.HEX") in files
        found.append(Pair(f"{row['dir']}/{row['file']}", match["about"], row["payload"],
                          tuple(_alerts(match["about"], row["dir"], files))))
    return found


def _alerts(about: str, folder: str, files: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the codes of the alerts that belong to a pair by their names.

    ``ECS08_2.1_8F66_FUTURE_DATED_SUCCESS_ALERT_CALENDAR`` belongs to
    ``ECS08_2.1_FUTURE_DATED_SUCCESS``.
    """
    for place, file in sorted(files):
        words = re.fullmatch(r"(.+?)_(8F6[67])(_.+)_ALERT.*", file)
        if place == folder and words is not None and words[1] + words[3] == about:
            yield words[2]


@pytest.fixture(scope="session")
def keys(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set's keys as a bench wants them: readable by the owner only, each under its name."""
    folder = tmp_path_factory.mktemp("keys")
    for file in (shared / "vectors" / "rtds" / "keystore").iterdir():
        if file.stem != OF_ANOTHER:
            Path(shutil.copy(file, folder)).chmod(0o600)
    return folder


@dataclass(frozen=True)
class Judged:
    """One pair's case: its result, what came of the command, and what came after that."""

    pair: Pair
    result: CaseResult
    exchange: Mapping[str, Any]
    told: Mapping[str, Any]


@pytest.fixture(scope="session")
def judged(
    pairs: list[Pair], messages: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Judged]:
    """Every pair by its name, run on one rig and judged by the stored events."""
    folder = tmp_path_factory.mktemp("rtds")
    yaml = YAML(typ="safe")
    declared = yaml.load(SHIPPED.read_text("utf-8"))
    declared["ixit"] |= {"entity_id": DEVICE, "keys": str(keys), "recordings": str(messages)}
    with (folder / "profile.yaml").open("w") as file:
        yaml.dump(declared, file)
    (folder / "rig.yaml").write_text(RIG.format(messages=messages))
    _write_plan(folder / "plan.yaml", pairs)
    profile, rig = load_profile(folder / "profile.yaml"), load_rig(folder / "rig.yaml")
    by_name = {pair.name: pair for pair in pairs}
    found = {}
    station = Station(profile, rig, utc_now)
    try:
        for case in load_plans([folder / "plan.yaml"]):
            events = [event for event in station.run(case, 1) if event.kind != "identity"]
            seen: list[Any] = [event.data["observation"] for event in events
                               if event.kind == "observation"]
            exchange, told = seen
            pair = by_name[str(case.row["name"])]
            found[pair.name] = Judged(
                pair, judge_case(case, tuple(events), station.answers), exchange, told)
    finally:
        station.close()
    return found


def _write_plan(path: Path, pairs: list[Pair]) -> None:
    """Write a case for every pair: its command is sent, success is asked for, alerts are read."""
    asks = {"send_recorded": {"file": "${row.file}"}}
    plan = {"group": "RTDS", "title": "The reference test data set", "device": "esme", "cases": [{
        "id": "RTDS-${row.name}", "purpose": "${row.name}", "verifies": ["R-SUP-01"],
        "ports": ["gbcs"], "for_each": {"rows": [dict(pair.row) for pair in pairs]},
        "steps": [{**asks, "expect": "result == 'success'"}],
        "postamble": [{"await_alert": {"code": "${row.first}"}}],
    }]}
    with path.open("w") as file:
        YAML(typ="safe").dump(plan, file)


def of(judged: dict[str, Judged], *scenarios: str) -> list[Judged]:
    return [one for one in judged.values() if one.pair.scenario in scenarios]


def reasons(one: Judged) -> str:
    return f"{one.pair.name}: {dict(one.exchange)} {one.result}"


def test_there_are_240_pairs_and_each_has_a_case(
    judged: dict[str, Judged], manifest: list[Mapping[str, str]]
) -> None:
    assert Counter((one.pair.scenario, one.pair.payload) for one in judged.values()) == PAIRS
    assert sum(PAIRS.values()) == 240
    assert Counter(one.result.verdict for one in judged.values()) == {
        Verdict.PASS: 137, Verdict.FAIL: 103}
    assert set(DEVIATING) < set(judged)
    answered = {row["file"].partition("_RESPONSE")[0] for row in manifest
                if row["cra"] == "response"}
    assert answered - set(judged) == UNASKED


@pytest.mark.parametrize(("scenario", "verdict"), VERDICTS.items())
def test_a_pair_gets_the_verdict_that_its_name_asks_for(
    scenario: str, verdict: Verdict, judged: dict[str, Judged]
) -> None:
    for one in of(judged, scenario):
        wanted, _ = DEVIATING.get(one.pair.name, (verdict, ""))
        assert one.result.verdict is wanted, reasons(one)
        assert (one.pair.name in DEVIATING) == (one.result.verdict is not verdict)


def test_only_what_cannot_be_verified_is_a_deviation(judged: dict[str, Judged]) -> None:
    for one in judged.values():
        outcome = "deviation" if one.pair.name in NOT_VERIFIABLE else "response"
        assert one.exchange["outcome"] == outcome, reasons(one)
        assert bool(one.exchange["deviations"]) == (outcome == "deviation"), reasons(one)
        assert one.exchange["misfits"] == [], reasons(one)
        assert "unanswered" not in one.exchange


def test_responses_are_protected_as_the_manifest_says(
    judged: dict[str, Judged], manifest: list[Mapping[str, str]]
) -> None:
    states = {row["file"]: (row["signature"], row["mac"]) for row in manifest}
    found = Counter[str]()
    for one in judged.values():
        signature, mac = states[f"{one.pair.name}_RESPONSE_GBCS.HEX"]
        assert one.exchange["signature"] == WORDS[signature], reasons(one)
        assert one.exchange["mac"] == WORDS[mac], reasons(one)
        found[one.exchange["mac"]] += 1
    assert found == {"valid": 152, "absent": 86, "not verifiable": 2}


def test_errors_name_what_went_wrong(judged: dict[str, Judged]) -> None:
    for one in of(judged, ERROR, FUTURE_DATED):
        if one.result.verdict is Verdict.FAIL:
            assert one.exchange["result"] == "failure", reasons(one)
            assert set(one.exchange["codes"]) - {"success"}, reasons(one)


def test_what_is_not_found_is_said_to_be_that(judged: dict[str, Judged]) -> None:
    for one in of(judged, NOT_FOUND):
        named = {code.lower().replace("_", "-") for code in one.exchange["codes"]}
        assert "not-found" in named <= {"success", "not-found"}, reasons(one)


def test_a_cancellation_is_a_date_that_never_comes(
    judged: dict[str, Judged], messages: Path
) -> None:
    for one in of(judged, CANCELLATION):
        dated = judged[one.pair.name.replace(CANCELLATION, FUTURE_DATED)]
        never, dates = (parse(read_message(messages / pair.file)).payload.count(
            NEVER[one.pair.payload]) for pair in (one.pair, dated.pair))
        assert never > dates, one.pair.name
        assert dated.told["alerts"], reasons(dated)
        assert one.told["alerts"] == [], reasons(one)


def test_the_outcome_of_a_future_date_is_told_by_the_alerts_of_that_name(
    judged: dict[str, Judged]
) -> None:
    for one in judged.values():
        assert one.told["alerts"] == list(one.pair.alerts), reasons(one)
        assert one.told["deviations"] == [], reasons(one)
    assert {one.pair.name for one in judged.values() if "8F67" in one.told["alerts"]} == FAIL_LATER
    assert all(one.result.verdict is Verdict.PASS for one in judged.values() if one.told["alerts"])
    told = Counter((one.pair.scenario, code) for one in judged.values()
                   for code in one.told["alerts"])
    assert told == {(FUTURE_DATED, "8F66"): 25, (FUTURE_DATED, "8F67"): 2}


def test_alerts_that_belong_to_no_command_are_read_with_their_codes(
    messages: Path, keys: Path, manifest: list[Mapping[str, str]]
) -> None:
    recording = Recording(messages=str(messages), unprompted=True)
    recording.activate()
    parties = RemoteParties.load(keys, bytes.fromhex(DEVICE), {}, utc_now)
    context = Context({"gbcs": recording}, Answers(ixit={"alert_timeout_s": 1, "quiet_s": 1}),
                      parties, utc_now)
    seen = await_alert(context, AwaitAlert(code="8F12")).values
    named = [words[1] for row in manifest if row["cra"] == "alert"
             and (words := re.search(r"_([0-9A-F]{4})_(.*_)?ALERT", row["file"]))]
    others = [code for code in named if code not in ("8F66", "8F67")]
    assert sorted(seen["alerts"]) == sorted([*others, "8F2A"])  # DBCH09's name has no code
    assert seen["deviations"] == []
    assert len(seen["alerts"]) == 13
