"""``smip-bench run`` from the outside: exit status, what is said, what the ledger holds."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench_folder import EMULATED_RIG, LAUNCHED_RIG, Bench, Ended

from bench.ledger import ProblemKind, check_ledger, verify_ledger
from bench.records.verdict import Disposition, Verdict

WRONG, FAILED, INTERRUPTED = 2, 3, 130


def said(ran: Ended) -> str:
    text = ran.stdout + ran.stderr
    assert "Traceback" not in text, text
    return text


def verdicts(bench: Bench) -> dict[str, str]:
    return {name: result.verdict.value for name, result in bench.results.items()}


WHOLE = {"RUN-000": "pass", "RUN-001": "pass", "RUN-002": "pass", "RUN-003": "fail",
         "RUN-000-LAST": "pass"}


def test_a_run_is_judged_recorded_and_verifiable(bench: Bench) -> None:
    ran = bench.run()
    assert ran.returncode == 1, said(ran)
    assert ran.stdout.splitlines()[0].startswith("FAIL          RUN-003: body step 1 (send)")
    assert "5 cases: 4 pass, 1 fail" in ran.stdout
    assert ran.stderr == ""
    assert verdicts(bench) == WHOLE
    assert not verify_ledger(bench.out)
    assert bench.ledger.complete


@pytest.mark.parametrize(("file", "old", "new", "text"), [
    ("profile", "ics:", "colour: red\nics:", "profile.yaml:15: expected a key of the file"),
    ("rig", "serves: esme", "serves: esme\ncolour: red", "rig.yaml:3: "),
    ("plan", "title:", "colour: red\ntitle:", "plan.yaml:2: unknown key 'colour'"),
    ("plan", "[R-CLK-01]", "[R-CLK-99]", "no requirement 'R-CLK-99'"),
    ("plan", "RUN-002", "RUN-001", "RUN-001"),
    ("plan", "result == 'failure'", "result ==", "plan.yaml:35: "),
    ("plan", "use_case: ECS17b", "use_case: ECS17x", "no use case 'ECS17x'; did you mean ECS17"),
    ("profile", "  keys: keys", "  keys: elsewhere", "profile.yaml:"),
])
def test_what_the_user_wrote_wrong_is_told_with_its_place(
    bench: Bench, file: str, old: str, new: str, text: str
) -> None:
    path = getattr(bench, file)
    bench.edit(path, old, new)
    ran = bench.run()
    assert ran.returncode == WRONG, said(ran)
    assert text in said(ran)
    assert f"{path.name}:" in said(ran)
    assert not (bench.out / "ledger.jsonl").exists()


def test_an_ics_without_answers_is_told(bench: Bench) -> None:
    text = bench.profile.read_text()
    head, _, rest = text.partition("ics:")
    bench.profile.write_text(head + "ixit:" + rest.partition("ixit:")[2])
    missing = bench.run()
    bench.profile.write_text(head + "ics: {}\nixit:" + rest.partition("ixit:")[2])
    empty = bench.run()
    for ran in (missing, empty):
        assert ran.returncode == WRONG
        assert "profile.yaml:" in said(ran)
        assert "ics" in said(ran)


def test_a_case_id_in_two_files_is_told_with_both_places(bench: Bench) -> None:
    other = bench.write_plan("TWO", "two")
    bench.edit(other, "TWO-002", "RUN-002")
    ran = bench.run(plans=(bench.plan, other))
    assert ran.returncode == WRONG
    assert f"{other}:22: id 'RUN-002' is also that of {bench.plan}:22" in said(ran)


def test_cases_that_need_a_port_that_the_rig_lacks_are_listed(bench: Bench) -> None:
    bench.rig.write_text("\n".join(bench.rig.read_text().splitlines()[:-1]) + "\n")
    ran = bench.run()
    assert "1 not testable here" in said(ran)
    assert "not testable here: the rig has no port controls: RUN-001\n" in ran.stdout
    result = bench.results["RUN-001"]
    assert (result.disposition, result.reason) == (
        Disposition.NOT_TESTABLE, "the rig has no port controls")


def test_the_keys_of_another_device_are_told(bench: Bench) -> None:
    bench.edit(bench.profile, "0200000000E50001", "0200000000E50002")
    ran = bench.run()
    assert ran.returncode == WRONG
    assert "expected the keys of 0200000000E50002" in said(ran)


def test_a_device_of_another_firmware_version_stops_the_run(bench: Bench) -> None:
    bench.edit(bench.profile, 'firmware_version: "00000001"', 'firmware_version: "00000002"')
    ran = bench.run()
    assert ran.returncode == WRONG
    assert "declares 00000002, the device says 00000001" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not bench.ledger.complete
    assert {result.disposition for result in bench.results.values()} == {
        Disposition.BLOCKED, Disposition.NOT_RUN}


@pytest.mark.parametrize("cause", ["absent", "busy"])
def test_a_serial_device_that_cannot_be_had_is_a_fault_of_the_rig(
    bench: Bench, cause: str
) -> None:
    handle, other = os.openpty()
    try:
        url = str(bench.folder / "ttyUSB7")
        if cause == "busy":
            url = os.ttyname(other)
            import fcntl
            import termios
            fcntl.flock(other, fcntl.LOCK_EX)
            fcntl.ioctl(other, termios.TIOCEXCL)
        bench.rig.write_text(f"rig: line\nserves: esme\nports:\n"
                             f"  gbcs: {{adapter: serial, url: {url}}}\n")
        ran = bench.run()
    finally:
        os.close(handle)
        os.close(other)
    assert ran.returncode == FAILED, said(ran)
    assert f"serial line {url}: {cause}" in said(ran)
    assert {result.disposition for result in bench.results.values()} == {
        Disposition.BLOCKED, Disposition.NOT_TESTABLE}


def test_after_the_line_broke_no_case_touches_the_rig_and_resume_goes_on(bench: Bench) -> None:
    bench.write_rig(trouble="unplugged", at=4)  # the firmware version, 000, 001, and here 001's
    ran = bench.run()
    assert ran.returncode == FAILED
    assert "the rig broke in RUN-001" in said(ran)
    results = bench.results
    assert results["RUN-000"].verdict is Verdict.PASS
    assert results["RUN-001"].verdict is Verdict.ERROR
    for name in ("RUN-002", "RUN-003", "RUN-000-LAST"):
        assert results[name].disposition is Disposition.BLOCKED
        assert "the rig broke in RUN-001" in results[name].reason
    assert [problem.kind for problem in check_ledger(bench.out)] == [ProblemKind.ENDED_EARLY]

    resumed = bench.run("--resume")
    assert resumed.returncode == FAILED, said(resumed)  # RUN-001 is not declared idempotent
    results = bench.results
    assert {name: result.verdict.value for name, result in results.items()} == {
        **WHOLE, "RUN-001": "error"}
    assert results["RUN-001"].attempts == 1
    assert results["RUN-002"].attempts == 2
    assert not verify_ledger(bench.out)


def test_a_folder_that_takes_no_evidence_ends_the_run_in_one_line(bench: Bench) -> None:
    bench.out.write_text("a file where the folder should be")
    ran = bench.run()
    assert ran.returncode == FAILED
    assert said(ran).count("\n") == 1
    assert "cannot store the evidence" in said(ran)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes to stand for a disk")
def test_a_full_disk_ends_the_run_in_one_line(bench: Bench) -> None:
    import resource

    ran = bench.run_apart(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)))
    assert ran.returncode == FAILED, said(ran)
    assert said(ran).count("\n") == 1
    assert "disk full" in said(ran)


def test_one_physical_device_is_not_shared(bench: Bench) -> None:
    ran = bench.run("-n", "2")
    assert ran.returncode == WRONG
    assert "one physical device is never driven by several processes" in said(ran)
    assert said(ran).count("\n") == 1


@pytest.mark.parametrize("given", [("-k", "nothing-like-it"), ("-k", "((")])
def test_a_choice_of_nothing_is_told(bench: Bench, given: tuple[str, ...]) -> None:
    ran = bench.run(*given)
    assert ran.returncode == WRONG
    assert given[1] in said(ran)


@contextmanager
def heeding_ctrl_c() -> Iterator[None]:
    """A shell has what it starts in the background ignore Ctrl-C, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt(bench: Bench, *more: str, plans: tuple[Path, ...] = ()) -> str:
    """Start a run, press Ctrl-C when it is in the middle of a case, return what it says."""
    with heeding_ctrl_c(), bench.start(*more, plans=plans) as running:
        until = time.monotonic() + 30
        while not bench.notes.exists() and time.monotonic() < until:
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)  # of another process: there is nothing to wait on but its file
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == INTERRUPTED, out + err
    assert "Traceback" not in out + err
    return out + err


def test_a_run_broken_off_is_resumed_to_the_same_verdicts(bench: Bench) -> None:
    bench.write_rig(trouble="stuck", at=4)
    assert "--resume goes on from here" in interrupt(bench)
    first = bench.ledger
    assert not first.complete
    assert "RUN-001" not in first.ended_cases()
    assert any(event.kind == "observation" for event in first.by_case()["RUN-001"])

    with (bench.out / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"previous":"00')  # as a power cut would leave it
    assert bench.run("--resume").returncode == 1
    assert verdicts(bench) == WHOLE
    assert bench.results["RUN-001"].attempts == 2
    assert bench.results["RUN-000"].attempts == 1
    assert not verify_ledger(bench.out)
    assert bench.run("--resume").returncode == FAILED  # there is nothing left to do


def test_a_run_of_two_workers_is_broken_off_and_resumed(bench: Bench) -> None:
    plans = (bench.plan, bench.write_plan("TWO", "two"))
    bench.write_rig(LAUNCHED_RIG, trouble="stuck", at=1)
    interrupt(bench, "-n", "2", plans=plans)
    assert not bench.ledger.complete
    assert bench.run("-n", "0", "--resume", plans=plans).returncode == 1
    expected = WHOLE | {name.replace("RUN", "TWO"): verdict for name, verdict in WHOLE.items()}
    assert verdicts(bench) == expected
    assert not verify_ledger(bench.out)


def test_a_killed_worker_costs_one_case(bench: Bench) -> None:
    plans = (bench.plan, bench.write_plan("TWO", "two"))
    bench.write_rig(LAUNCHED_RIG, trouble="killed", at=1)
    ran = bench.run_apart("-n", "2", plans=plans)
    assert ran.returncode == FAILED, said(ran)
    assert ran.stderr == ""
    assert ran.stdout.startswith(("ERROR", "FAIL"))
    found = verdicts(bench)
    died = [name for name, verdict in found.items() if verdict == "error"]
    assert died in (["RUN-001"], ["TWO-001"])
    expected = WHOLE | {name.replace("RUN", "TWO"): verdict for name, verdict in WHOLE.items()}
    assert found == expected | {died[0]: "error"}
    assert {result.attempts for result in bench.results.values()} == {1}
    assert "crashed while running" in bench.results[died[0]].reason
    events = bench.ledger.by_case()[died[0]]
    assert [event.kind for event in events] == ["case-started", "bench-error", "case-ended"]
    assert not verify_ledger(bench.out)


@pytest.mark.parametrize("launched", [True, False])
def test_certify_refuses_an_emulated_device_without_demonstration(
    bench: Bench, launched: bool
) -> None:
    rig = EMULATED_RIG if launched else bench.rig  # whose adapter says that it is software
    ran = bench.call("certify", "--dut", str(bench.profile), "--rig", str(rig), "--baseline",
                     "testplans/baselines/smets2-esme.yaml", "--out", str(bench.out))
    assert ran.returncode == WRONG
    assert "--demonstration" in said(ran)
    assert not bench.out.exists()
