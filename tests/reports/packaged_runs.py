"""A small finished run on a made-up DLMS meter: every verdict, frames read as in any run, object
lists that are not quite what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ledger import Ledger, read_events, read_ledger, write_capture
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms import apdu, wrapper
from bench.protocols.dlms.explain import Conversation
from bench.records.answers import Answers
from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Selected, Step, TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from bench.records.verdict import Disposition
from bench.runner.rejudge import judge_run
from reports import render

TIME = "2026-01-02T03:04:05.678901+00:00"
CLOCK = Attribute(8, obis.parse("0-0:1.0.0.255"), 2)
REQUEST = wrapper.encode(16, 1, apdu.GetRequestNormal(0xC1, CLOCK).encode())
RESPONSE = wrapper.encode(1, 16, apdu.GetResponseNormal(0xC1, Data(
    Tag.OCTET_STRING, bytes.fromhex("07EA0B1D070A1E0F00FFC400"))).encode())
WRONG = wrapper.encode(1, 16, bytes.fromhex("5001"))  # no APDU has this tag
KEY_FOLDER = "where-the-keys-are"
SECRET = "0F1E2D3C4B5A"  # it must not come out

SUBJECT = Subject("DLMS-METER", "Maker", "1001", "Model", "1", "00010203", "A" * 64, "")


def declared(name: str, version: int = 0, **attributes: str) -> dict[str, Any]:
    class_id, _, instance = name.partition("/")
    return {"object": name, "class": int(class_id), "version": version, "obis": instance,
            "attributes": {index[1:]: right for index, right in attributes.items()},
            "methods": {}}


DLMS: Mapping[str, Any] = {
    "flag_id": "MKR", "logical_device_name": "MKR0000000000001", "type": "KIND 1",
    "logical_device_name_octets": "4D4B5230303030303030303030303031", "serial_number": "0001",
    "firmware": {"object": "1/1-0:0.2.0.255/a2", "association": "public", "octets": "312E30"},
    "link": {"wrapper": {"response_s": 2.0, "inactivity_s": 0.0}},
    "associations": {
        "hls": {"name": "hls", "client": 48, "server": 2, "context": "ln-ciphered",
                "short_names": False, "ciphered": True, "mechanism": "hls-gmac",
                "conformance": ["get", "set"], "max_pdu": 1024, "suite": 0, "policy": 3,
                "keys": "hls-set", "objects": [], "global_unicast": SECRET},
        "public": {"name": "public", "client": 16, "server": 1, "context": "ln",
                   "short_names": False, "ciphered": False, "mechanism": "none",
                   "conformance": ["get"], "max_pdu": 1024, "suite": None, "policy": 0,
                   "keys": None, "objects": [
                       declared("8/0-0:1.0.0.255", a1="read", a2="read, write", a10="read"),
                       declared("1/0-0:42.0.0.255", a1="read", a2="read"),
                       declared("3/1-0:1.8.0.255", 1, a2="read")]},
    },
    "accepts": {"bad_hcs": ["silence"]}, "do_not_test": ["8/0-0:1.0.0.255/m1"],
    "images": {"test": {"file": "new.img", "sha256": "AB" * 32}},
    "master": SECRET,
}


def case(name: str, expression: str = "result == 'success'") -> TestCase:
    step = Step("get", "dlms", {"object": "8/0-0:1.0.0.255/a2"},
                (Expectation(expression, ("DLMS/COSEM_ATTRIBUTE",)),))
    return TestCase(name, "DLMS-TIME", "the clock is read", "dlms-meter", ("dlms",),
                    (Link("DLMS/COSEM_ATTRIBUTE", "00"),), (), (step,), (), ("defect",))


def frames(*octets: bytes) -> list[dict[str, Any]]:
    talk = Conversation("wrapper", ())
    return [{"direction": direction, "octets": one.hex().upper(), "time": TIME,
             "decoded": talk.explain(one, direction)}
            for one, direction in zip(octets, ("sent", "received"), strict=False)]


def happened(name: str, *kinds: Event) -> Iterator[Event]:
    yield Event("case-started", name, 1, TIME, {"attempt": 1})
    for kind in kinds:
        yield replace(kind, case=name, attempt=1)
    yield Event("case-ended", name, 1, TIME)


def observation(result: str, *octets: bytes) -> Event:
    return Event("observation", "", 1, TIME, {
        "phase": "body", "step": 0, "action": "get", "port": "dlms",
        "arguments": {"object": "8/0-0:1.0.0.255/a2"}, "observation": {"result": result},
        "frames": frames(*octets)})


def row(table: str, name: str, **more: Any) -> dict[str, Any]:
    return {"table": table, "association": "public", "object": name, "version": 0, **more}


DISCLOSURE = Event("disclosure", "", 0, TIME, {
    "failures": ["hls: the association does not open (rejected)"], "frames": [],
    "tables": {
        "disclosed_associations": [{"association": "public"}],
        "disclosed_objects": [
            row("objects", "8/0-0:1.0.0.255", rights="listed"), row("objects", "3/1-0:1.8.0.255"),
            row("objects", "70/0-0:96.3.10.255"), row("objects", "70/0-0:96.3.10.255")],
        "disclosed_attributes": [
            row("attributes", "8/0-0:1.0.0.255", index=1, mode="read"),
            row("attributes", "8/0-0:1.0.0.255", index=2, mode="read"),
            row("attributes", "8/0-0:1.0.0.255", index=9, mode="no access"),
            row("attributes", "3/1-0:1.8.0.255", index=2, mode="read")],
        "disclosed_methods": [row("methods", "8/0-0:1.0.0.255", index=1, mode="access")],
    }})
IDENTITY = Event("identity", "", 0, TIME, {
    "declared": "312E30", "found": "312E31", "outcome": "success", "frames": frames(REQUEST)})

EVENTS = (
    *happened("DLMS-1", observation("success", REQUEST, RESPONSE)),
    *happened("DLMS-2", observation("line\nbreak", REQUEST, WRONG)),
    *happened("DLMS-3", Event("inconclusive", "", 1, TIME, {
        "phase": "body", "step": 0, "reason": "a write\nwould empty it"})),
    *happened("DLMS-4", Event("bench-error", "", 1, TIME, {
        "phase": "body", "step": 0, "reason": "unplugged", "octets": "0001", "cause": "link"})),
    *happened("DLMS-5", observation("success", b"", RESPONSE)),
)


def write_run(folder: Path, *, subject: Subject = SUBJECT, ixit: Mapping[str, Any] | None = None,
              asked: bool = True, complete: bool = True, mode: str = "precheck") -> Path:
    """Write the ledger and capture of the run; return its folder."""
    folder.mkdir(parents=True)
    names = sorted({event.case for event in EVENTS})
    chosen = (*(Selected(case(name), Disposition.SELECTED, "") for name in names),
              Selected(case("DLMS-9"), Disposition.INAPPLICABLE, "ics.push is false"))
    answers = Answers({"key_transfer": True, "push": False}, ixit or {
        "quiet_s": 0.05, "keys": KEY_FOLDER, "dlms": DLMS})
    plan = FrozenPlan(subject, answers, mode, False, chosen, {"link": "wrapper"}, "", "",
                      (("smip-bench", "0.1.0"),))
    with Ledger.create(folder, plan, lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) as ledger:
        for event in ((IDENTITY, DISCLOSURE) if asked else (IDENTITY,)):
            ledger.append(event)
        for event in EVENTS:
            ledger.append(event)
        capture = write_capture(read_events(folder), folder / "capture.pcapng")
        ledger.end(complete=complete, captures=(capture,))
    return folder


def write_reports(folder: Path) -> None:
    """Write the reports of a certification run: one requirement, failed."""
    run = read_ledger(folder)
    known = Requirement("DLMS/COSEM_ATTRIBUTE", "DLMS", "1", "COSEM", "it is served", (),
                        "functional", "mandatory", "", Provenance.READ, "", fingerprint="00")
    outcome = Outcome(
        run.plan.subject, run.plan.mode, run.plan.demonstration, run.plan.baseline,
        Decision(Status.NONE, "", ("it failed",)),
        (RequirementStanding(known.id, Standing.FAILED, True, "1 case", ("DLMS-2",)),),
        judge_run(run), run.hash, run.started, run.events[-1].time, run.plan.tools)
    render(outcome, requirements={known.id: known}, events=run.events, folder=folder,
           cases={item.case.id: item.case for item in run.plan.selected})
