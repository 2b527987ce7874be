"""The quick walk along a ledger says the same as the slow one, whatever was done to the ledger."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest
from bundled_runs import Laboratory, part_of
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.bundle import chain
from bench.bundle.archive import Window
from bench.bundle.chain import LedgerSeen, see_ledger
from bench.ledger.entry import START, encode
from bench.records.event import Event

AROUND = b'\n{"previous":"' + b"0" * 80  # what lies before and after a part could look like one


def seen(folder: Path, ledger: bytes, around: bytes = AROUND) -> tuple[LedgerSeen, bool]:
    """Return what a walk finds, and whether the quick one was enough."""
    path = folder / "mapped"
    path.write_bytes(around + ledger + around)
    slow = []

    def lines() -> list[bytes]:
        slow.append(1)
        return ledger.splitlines(keepends=True)

    with path.open("rb") as stream, \
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as octets:
        window = Window(octets, len(around), len(around) + len(ledger))
        return see_ledger(window, lines), not slow


@pytest.fixture(scope="session")
def ledger(made: Laboratory) -> bytes:
    return part_of(made.bundle, "ledger.jsonl")


def test_a_whole_ledger_is_walked_once(
    ledger: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, quick = seen(tmp_path, ledger)
    assert quick
    assert (found.flaws, found.entries, found.captures.keys()) == ((), 9, {"capture.pcapng"})
    monkeypatch.setattr(chain, "_unbroken", lambda _: None)
    assert seen(tmp_path, ledger) == (found, False)


def test_where_the_ledger_lies_in_the_file_makes_no_difference(
    ledger: bytes, tmp_path: Path,
) -> None:
    found, _ = seen(tmp_path, ledger)
    for around in (b"\n", b"PK\3\4", ledger):
        assert seen(tmp_path, ledger, around) == (found, True)


@pytest.mark.parametrize("change", [
    lambda octets: b"", lambda octets: b"\n", lambda octets: octets[:-1],
    lambda octets: octets + b"\n", lambda octets: octets + octets[-90:],
    lambda octets: octets[:70] + b"\n" + octets[70:], lambda octets: octets.replace(b"\n", b""),
    lambda octets: octets[octets.index(b"\n") + 1:],
    lambda octets: octets.replace(b'"sequence":4', b'"sequence":5'),
    lambda octets: octets[:octets.rindex(b"\n", 0, -1)],
])
def test_a_ledger_of_another_form_has_flaws(
    ledger: bytes, tmp_path: Path, change: object,
) -> None:
    found, quick = seen(tmp_path, change(ledger))  # type: ignore[operator]
    assert found.flaws
    assert not quick


@pytest.mark.parametrize(("sequence", "previous"), [(0, "1" * 64), (1, START)])
def test_a_first_entry_that_follows_another_has_a_flaw(
    tmp_path: Path, sequence: int, previous: str,
) -> None:
    line, _ = encode(Event("run-ended", "", 0, "", {"complete": True}), sequence, previous)
    found, quick = seen(tmp_path, line)
    assert "it does not follow the entry before it" in found.flaws[0]
    assert not quick


def test_a_line_that_is_too_long_is_walked_in_pieces(
    ledger: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain, "LONGEST_LINE", 100)
    assert not seen(tmp_path, ledger)[1]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_octet_that_is_changed_breaks_the_chain(
    ledger: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject,
) -> None:
    octets = bytearray(ledger)
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    found, quick = seen(tmp_path_factory.getbasetemp(), bytes(octets))
    assert found.flaws
    assert not quick
