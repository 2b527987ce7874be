"""Any row edited, removed, moved or inserted is found, and named."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import RegisterError
from bench.records.register import EntryKind, Grant, Opened, RunEvidence
from bench.records.serial import digest, from_json, to_json
from bench.register import Register
from bench.register.chain import Stored, chained, entry_hash
from bench.register.store import Store

COLUMNS = ("sequence", "at", "kind", "certificate", "subject", "model", "content", "previous",
           "hash")


@pytest.fixture
def filled(register: Register, grant: Callable[..., Grant]) -> Register:
    """Seven entries: opened, granted, suspended, granted, reinstated, superseded, withdrawn."""
    register.grant(grant(), at="2026-03-02")
    register.suspend("SMIP-000002", reason="in doubt", at="2026-03-03")
    register.grant(grant("00010001"), at="2026-03-03")
    register.reinstate("SMIP-000002", reason="cleared", at="2026-03-04")
    register.supersede("SMIP-000002", by="SMIP-000004", reason="newer", at="2026-03-05")
    register.withdraw("SMIP-000004", reason="wrong image", at="2026-03-06")
    assert not register.verify()
    return register


def tamper(place: Path, *statements: str, guarded: bool = False) -> None:
    """Change the database as its owner could, past the triggers unless ``guarded``."""
    with closing(sqlite3.connect(place)) as connection, connection:
        if not guarded:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in found.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def first_flaw(place: Path) -> tuple[int, str]:
    with Register(place) as register:
        found = register.verify()
    assert len(found) == 1
    return found[0].sequence, found[0].text


def test_a_grant_on_one_run_keeps_the_octets_it_always_had(grant: Callable[..., Grant]) -> None:
    made = grant(bundle_sha256="ab" * 32, ruling_sha256="cd" * 32)
    assert digest(made) == "a0fc8130ff66baceacb5b5c453a4b7a9ef8d467f3522cf1b27faeba7aab15aec"
    further = replace(made, further_runs=(RunEvidence("2e" * 32), RunEvidence("0e" * 32)))
    assert from_json(Grant, to_json(further)) == further
    assert from_json(Grant, to_json(made)) == made


@pytest.mark.parametrize("statement", [
    "UPDATE register_entry SET content = '{}' WHERE sequence = 3",
    "DELETE FROM register_entry WHERE sequence = 7",
    "INSERT OR REPLACE INTO register_entry SELECT * FROM register_entry WHERE sequence = 3",
    "INSERT INTO register_entry SELECT 9, at, kind, certificate, subject, model, content, "
    "previous, hash FROM register_entry WHERE sequence = 7",
    "UPDATE register_head SET sequence = 3, hash = ''",
    "DELETE FROM register_head",
])
def test_the_database_itself_refuses(filled: Register, place: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        tamper(place, statement, guarded=True)
    assert not filled.verify()


@pytest.mark.parametrize("sequence", range(1, 8))
@pytest.mark.parametrize("column", COLUMNS[1:])
def test_an_edited_row_is_named_whatever_was_edited(
    filled: Register, place: Path, sequence: int, column: str
) -> None:
    tamper(place, f"UPDATE register_entry SET {column} = {column} || ' ' "
                  f"WHERE sequence = {sequence}")
    assert first_flaw(place)[0] == sequence
    assert f"entry {sequence} (" in first_flaw(place)[1]


@pytest.mark.parametrize("sequence", range(1, 8))
def test_a_removed_row_is_named(filled: Register, place: Path, sequence: int) -> None:
    tamper(place, f"DELETE FROM register_entry WHERE sequence = {sequence}")
    found, said = first_flaw(place)
    assert found == sequence
    assert f"entry {sequence} is missing" in said


@pytest.mark.parametrize(("one", "other"), [(2, 3), (1, 7), (5, 6)])
def test_swapped_rows_are_named(filled: Register, place: Path, one: int, other: int) -> None:
    tamper(place, f"UPDATE register_entry SET sequence = 99 WHERE sequence = {one}",
           f"UPDATE register_entry SET sequence = {one} WHERE sequence = {other}",
           f"UPDATE register_entry SET sequence = {other} WHERE sequence = 99")
    assert first_flaw(place)[0] == one


def test_rows_that_closed_up_after_a_removal_are_found(filled: Register, place: Path) -> None:
    tamper(place, "DELETE FROM register_entry WHERE sequence = 3",
           "UPDATE register_entry SET sequence = sequence - 1 WHERE sequence > 3")
    assert first_flaw(place)[0] == 3


def test_an_inserted_row_is_named(filled: Register, place: Path) -> None:
    tamper(place, "INSERT INTO register_entry SELECT 8, at, kind, certificate, subject, model, "
                  "content, previous, hash FROM register_entry WHERE sequence = 7")
    assert first_flaw(place)[0] == 8
    tamper(place, "INSERT INTO register_entry SELECT 0, at, kind, certificate, subject, model, "
                  "content, previous, hash FROM register_entry WHERE sequence = 7")
    assert first_flaw(place)[0] == 0


def test_a_row_rewritten_with_a_fitting_hash_of_its_own_is_told_by_the_next_one(
    filled: Register, place: Path
) -> None:
    entry = rows(place)[2]._replace(content='{"reason":"in order","successor":""}')
    tamper(place, f"UPDATE register_entry SET content = '{entry.content}', "
                  f"hash = '{entry_hash(entry)}' WHERE sequence = 3")
    found, said = first_flaw(place)
    assert found == 4
    assert "does not follow the entry before it: that one was rewritten" in said


def rows(place: Path) -> list[Stored]:
    with closing(sqlite3.connect(place)) as connection:
        return [Stored(*row) for row in connection.execute(
            f"SELECT {', '.join(COLUMNS)} FROM register_entry ORDER BY sequence")]


def rewrite(place: Path, entries: list[Stored]) -> None:
    """Put ``entries`` in place of all rows, every hash and the head made to fit."""
    previous, fitting = "0" * 64, []
    for number, entry in enumerate(entries, 1):
        moved = entry._replace(sequence=number, previous=previous)
        fitting.append(moved._replace(hash=entry_hash(moved)))
        previous = fitting[-1].hash
    tamper(place, "DELETE FROM register_entry",
           f"UPDATE register_head SET sequence = {len(fitting)}, hash = '{previous}'")
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.executemany(
            f"INSERT INTO register_entry VALUES ({', '.join('?' * len(COLUMNS))})", fitting)


def test_a_cut_end_is_found_unless_the_head_was_cut_too_and_then_by_a_noted_hash(
    filled: Register, place: Path
) -> None:
    noted = filled.head().hash
    whole = rows(place)
    assert not filled.verify(noted)
    assert not filled.verify(whole[2].hash)  # also a hash noted long ago
    rewrite(place, whole[:-1])
    assert not filled.verify()
    (flaw,) = filled.verify(noted)
    assert f"no entry has the noted hash {noted}" in flaw.text


def test_a_second_certificate_forged_with_fitting_hashes_breaks_a_rule(
    filled: Register, place: Path
) -> None:
    entries = rows(place)
    entries.insert(4, entries[3]._replace(certificate="SMIP-000005"))
    rewrite(place, entries)
    found, said = first_flaw(place)
    assert found == 5
    assert "SMIP-000004 of 2026-03-03 is in force for this subject" in said


@pytest.mark.parametrize(("index", "changes", "said"), [
    (2, {"kind": "reinstated"}, "is granted since"),
    (2, {"kind": "no such kind"}, "it was altered"),
    (2, {"content": "[1]"}, "it was altered"),
    (2, {"content": '{"reason":"","successor":""}'}, "reason: expected 1 to"),
    (3, {"subject": "0" * 64}, "its keys are not those of its content"),
    (3, {"model": "1A2B/other"}, "its keys are not those of its content"),
    (4, {"at": "2026-01-01"}, "dates in a register do not go back"),
    (5, {"content": '{"reason":"x","successor":"SMIP-000007"}'}, "it does not grant SMIP-000007"),
])
def test_a_forged_entry_with_fitting_hashes_is_held_against_the_rules(
    filled: Register, place: Path, index: int, changes: dict[str, str], said: str
) -> None:
    entries = rows(place)
    entries[index] = entries[index]._replace(**changes)
    rewrite(place, entries)
    assert said in first_flaw(place)[1]


def test_a_register_without_its_first_entry_was_never_opened(tmp_path: Path) -> None:
    store = Store(tmp_path / "r")
    store.create()
    assert first_flaw(tmp_path / "r") == (1, "entry 1 is missing: the register was never opened")
    with Register(tmp_path / "r") as found, pytest.raises(RegisterError, match="never opened"):
        found.head()


def test_altered_entries_are_not_published_and_not_read_as_something_else(
    filled: Register, place: Path
) -> None:
    tamper(place, "UPDATE register_entry SET content = '7' WHERE sequence = 2")
    with pytest.raises(RegisterError, match=r"the register was altered: entry 2 \("):
        filled.published(at="2026-03-09")
    with pytest.raises(RegisterError, match="is no entry of a register: it was altered"):
        filled.certificate("SMIP-000002", at="2026-03-09")


def test_the_hash_can_be_made_with_nothing_but_json_and_sha256(
    filled: Register, place: Path
) -> None:
    for entry in rows(place):
        fields = entry._asdict()
        told = fields.pop("hash")
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == told


def test_the_form_of_an_entry_does_not_change() -> None:
    made = chained(1, "2026-03-01", EntryKind.OPENED, "", Opened("K", demonstration=False),
                   "0" * 64)
    assert made.content == '{"demonstration":false,"keeper":"K"}'
    assert made.hash == hashlib.sha256(
        b'{"at":"2026-03-01","certificate":"","content":"{\\"demonstration\\":false,'
        b'\\"keeper\\":\\"K\\"}","kind":"register opened","model":"","previous":"' + b"0" * 64
        + b'","sequence":1,"subject":""}').hexdigest()
