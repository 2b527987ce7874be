"""What verification finds, and what a resumed run makes of a ledger that was cut short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded_runs import TIME, clock, events, observation

from bench.errors import LedgerError
from bench.ledger import (
    Ledger,
    ProblemKind,
    check_ledger,
    read_events,
    read_ledger,
    verify_ledger,
    write_capture,
)
from bench.ledger.entry import encode
from bench.records.event import Event
from bench.records.run import FrozenPlan

Make = Callable[[], Path]


def lines_of(folder: Path) -> list[bytes]:
    return (folder / "ledger.jsonl").read_bytes().splitlines(keepends=True)


def store(folder: Path, lines: list[bytes]) -> None:
    (folder / "ledger.jsonl").write_bytes(b"".join(lines))


def test_a_whole_run_is_intact(make_run: Make) -> None:
    folder = make_run()
    assert verify_ledger(folder) == ()
    assert read_ledger(folder).complete


def test_where_there_is_no_ledger_it_says_so(tmp_path: Path) -> None:
    for look in (verify_ledger, read_ledger, lambda place: Ledger.resume(place, clock)):
        with pytest.raises(LedgerError, match="there is no ledger here"):
            look(tmp_path)


def test_every_changed_octet_is_found(make_run: Make) -> None:
    folder = make_run()
    octets = (folder / "ledger.jsonl").read_bytes()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(octets) - 1), st.integers(1, 255))
    def change(position: int, bits: int) -> None:
        changed = bytearray(octets)
        changed[position] ^= bits
        (folder / "ledger.jsonl").write_bytes(changed)
        problems = check_ledger(folder)
        assert problems
        if position < len(octets) - 1:  # the last line without its end is cut short
            assert problems[0].kind is ProblemKind.ALTERED
            assert problems[0].entry == octets.count(b"\n", 0, position)
            with pytest.raises(LedgerError):
                read_ledger(folder)
            with pytest.raises(LedgerError):
                list(read_events(folder))
            with pytest.raises(LedgerError):
                Ledger.resume(folder, clock)

    change()


@pytest.mark.parametrize("replacement", [b"\r", b"\x0b", b"\x85", b" ", b"", b"\n\n"])
@pytest.mark.parametrize("end", [0, 3])
def test_a_changed_line_end_is_found(make_run: Make, end: int, replacement: bytes) -> None:
    folder = make_run()
    lines = lines_of(folder)
    lines[end] = lines[end][:-1] + replacement
    store(folder, lines)
    assert check_ledger(folder)[0].kind is ProblemKind.ALTERED


def test_the_first_altered_entry_is_named(make_run: Make) -> None:
    folder = make_run()
    octets = (folder / "ledger.jsonl").read_bytes()
    (folder / "ledger.jsonl").write_bytes(octets.replace(b'"refused"', b'"success"'))
    (problem,) = verify_ledger(folder)
    assert problem == ('entry 6 (line 7, observation of case "ESME-2"): its octets are not those '
                       "that were written")


def test_removed_inserted_and_moved_entries_are_found(make_run: Make) -> None:
    folder = make_run()
    lines = lines_of(folder)
    last = len(lines) - 1
    for number in range(last):
        for changed in (
            lines[:number] + lines[number + 1:],
            [*lines[:number], lines[number], *lines[number:]],
            [*lines[:number], lines[number + 1], lines[number], *lines[number + 2:]],
        ):
            store(folder, changed)
            problems = check_ledger(folder)
            assert problems[0].kind is ProblemKind.ALTERED, (number, changed)
            assert problems[0].entry in (number, number + 1)


def test_an_entry_made_anew_with_a_fitting_hash_breaks_the_one_after(make_run: Make) -> None:
    folder = make_run()
    lines = lines_of(folder)
    forged, _ = encode(observation("ESME-2"), 6, json.loads(lines[6])["previous"])
    store(folder, [*lines[:6], forged, *lines[7:]])
    assert check_ledger(folder)[0].entry == 7


def test_a_run_that_does_not_start_with_its_plan_is_altered(tmp_path: Path) -> None:
    first, previous = encode(Event("run-started", "", 0, TIME), 0, "0" * 64)
    last, _ = encode(Event("run-ended", "", 0, TIME, {"complete": True}), 1, previous)
    store(tmp_path, [first, last])
    assert verify_ledger(tmp_path) == ("entry 0 (line 1) is not the plan",)


def test_a_ledger_cut_short_is_told_from_an_altered_one(make_run: Make) -> None:
    folder = make_run()
    lines = lines_of(folder)
    for count in range(len(lines)):
        for rest in (b"", lines[count][:40], lines[count][:-1]):
            store(folder, [*lines[:count], rest])
            (problem,) = check_ledger(folder)
            assert problem.kind is ProblemKind.ENDED_EARLY
            assert "ended early: not complete" in problem.text


def test_a_run_that_ended_with_cases_left_is_not_complete(
    tmp_path: Path, plan: FrozenPlan
) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        ledger.end(complete=False, reason="serial device absent")
    assert check_ledger(tmp_path)[0].kind is ProblemKind.ENDED_EARLY
    assert "serial device absent" in verify_ledger(tmp_path)[0]
    with Ledger.resume(tmp_path, clock) as resumed:
        resumed.end(complete=True)
    assert verify_ledger(tmp_path) == ()


def test_a_changed_or_missing_capture_is_found(tmp_path: Path, plan: FrozenPlan) -> None:
    capture_file = tmp_path / "frames.pcapng"
    with Ledger.create(tmp_path, plan, clock) as ledger:
        ledger.append(observation("ESME-1"))
        capture = write_capture(read_events(tmp_path), capture_file)
        ledger.end(complete=True, captures=[capture])
    assert verify_ledger(tmp_path) == ()
    octets = bytearray(capture_file.read_bytes())
    octets[-20] ^= 1
    capture_file.write_bytes(octets)
    assert "frames.pcapng: its octets" in verify_ledger(tmp_path)[0]
    capture_file.unlink()
    assert "frames.pcapng: cannot be read" in verify_ledger(tmp_path)[0]


def test_a_run_goes_on_after_a_cut_at_every_octet_of_the_last_line(
    tmp_path: Path, plan: FrozenPlan
) -> None:
    source = tmp_path / "source"
    with Ledger.create(source, plan, clock) as ledger:
        for event in events("ESME-1"):
            ledger.append(event)
    *whole, last = lines_of(source)
    folder = tmp_path / "cut"
    folder.mkdir()
    for octets in range(len(last)):
        (folder / "ledger.cut").unlink(missing_ok=True)
        store(folder, [*whole, last[:octets]])
        with Ledger.resume(folder, clock) as resumed:
            for event in events("ESME-2"):
                resumed.append(event)
            resumed.end(complete=True)
        assert verify_ledger(folder) == ()
        resumed_entry = read_ledger(folder).events[len(whole) - 1]
        assert resumed_entry.kind == "run-resumed"
        if octets:
            cut = last[:octets]
            assert (folder / "ledger.cut").read_bytes() == cut + b"\n"
            assert resumed_entry.data["cut"] == {
                "file": "ledger.cut", "octets": octets, "sha256": hashlib.sha256(cut).hexdigest(),
            }
        else:
            assert resumed_entry.data == {}
            assert not (folder / "ledger.cut").exists()


def test_a_cut_in_the_plan_cannot_be_resumed(tmp_path: Path, plan: FrozenPlan) -> None:
    Ledger.create(tmp_path, plan, clock).close()
    first = lines_of(tmp_path)[0]
    for part in (b"", first[:1], first[:-1]):
        store(tmp_path, [part])
        with pytest.raises(LedgerError, match="no whole plan"):
            Ledger.resume(tmp_path, clock)
        assert (tmp_path / "ledger.jsonl").read_bytes() == part


def test_a_complete_run_is_not_resumed(make_run: Make) -> None:
    with pytest.raises(LedgerError, match="nothing to resume"):
        Ledger.resume(make_run(), clock)


def test_a_resumed_run_leaves_out_what_came_to_its_end(tmp_path: Path, plan: FrozenPlan) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        for event in (*events("ESME-1"), *events("ESME-2")[:2]):
            ledger.append(event)
    assert read_ledger(tmp_path).ended_cases() == {"ESME-1"}
    with Ledger.resume(tmp_path, clock) as resumed:
        resumed.append(Event("case-started", "ESME-1", 2, TIME, {"attempt": 2}))
    assert read_ledger(tmp_path).ended_cases() == frozenset()


def test_an_entry_that_counts_wrong_is_altered(make_run: Make) -> None:
    folder = make_run()
    lines = lines_of(folder)
    ended = Event("run-ended", "", 0, TIME, {"complete": True})
    forged, _ = encode(ended, 99, json.loads(lines[-1])["previous"])
    store(folder, [*lines[:-1], forged])
    (problem,) = check_ledger(folder)
    assert (problem.kind, problem.entry) == (ProblemKind.ALTERED, 8)
