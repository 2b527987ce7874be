"""The ledger's writer: what it stores, what it refuses, and what a failure leaves behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from recorded_runs import TIME, clock, events, observation

from bench.errors import LedgerError
from bench.ledger import Ledger, read_events, read_ledger, refuse_secrets, verify_ledger, writer
from bench.records.event import Event
from bench.records.run import FrozenPlan
from bench.records.serial import canonical


def test_events_come_back_as_they_were_appended(tmp_path: Path, plan: FrozenPlan) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        stored = [ledger.append(event) for event in events("ESME-1")]
        last = ledger.hash
    contents = read_ledger(tmp_path)
    assert contents.events[1:] == tuple(stored)
    assert tuple(read_events(tmp_path)) == contents.events
    assert [event.sequence for event in stored] == [2, 3, 4]
    assert contents.hash == last
    assert not contents.complete


def test_the_frozen_plan_comes_back_whole(tmp_path: Path, plan: FrozenPlan) -> None:
    Ledger.create(tmp_path, plan, clock).close()
    found = read_ledger(tmp_path).plan
    assert canonical(found) == canonical(plan)
    assert found.selected[0].case.body[0].expect == plan.selected[0].case.body[0].expect


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path, plan: FrozenPlan) -> None:
    Ledger.create(tmp_path, plan, clock).close()
    before = (tmp_path / "ledger.jsonl").read_bytes()
    with pytest.raises(LedgerError, match="there is a ledger already"):
        Ledger.create(tmp_path, plan, clock)
    assert (tmp_path / "ledger.jsonl").read_bytes() == before


def test_there_is_one_writer_only(tmp_path: Path, plan: FrozenPlan) -> None:
    with Ledger.create(tmp_path, plan, clock), pytest.raises(LedgerError, match="another process"):
        Ledger.resume(tmp_path, clock)
    Ledger.resume(tmp_path, clock).close()


def test_a_closed_ledger_takes_nothing(tmp_path: Path, plan: FrozenPlan) -> None:
    ledger = Ledger.create(tmp_path, plan, clock)
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.append(observation("ESME-1"))


@pytest.mark.parametrize("kind", ["plan", "run-started", "run-resumed", "run-ended"])
def test_nobody_else_writes_the_runs_own_entries(
    tmp_path: Path, plan: FrozenPlan, kind: str
) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger, pytest.raises(LedgerError, match=kind):
        ledger.append(Event(kind, "", 0, TIME))


@pytest.mark.parametrize("value", [float("nan"), object(), {1: 2, "a": 3}])
def test_what_is_no_json_is_refused_and_leaves_no_trace(
    tmp_path: Path, plan: FrozenPlan, value: object
) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        if isinstance(value, dict):
            value[object()] = 1
        with pytest.raises(LedgerError, match="not plain JSON"):
            ledger.append(Event("observation", "ESME-1", 1, TIME, {"observation": value}))
        ledger.append(observation("ESME-1"))
    assert len(read_ledger(tmp_path).events) == 2


def test_any_text_can_be_stored(tmp_path: Path, plan: FrozenPlan) -> None:
    text = 'line\n"\r\u2028 \x00 \udcff \U0001f600'
    with Ledger.create(tmp_path, plan, clock) as ledger:
        ledger.append(Event("operator-answer", text, 1, TIME, {"answer": text}))
    last = read_ledger(tmp_path).events[-1]
    assert (last.case, last.data["answer"]) == (text, text)


def fail_after(octets: int, code: int, patch: pytest.MonkeyPatch) -> None:
    """Let the disk take ``octets`` octets more, then none."""
    left = [octets]
    write = os.write

    def limited(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(code, os.strerror(code))
        taken = write(descriptor, data[: left[0]])
        left[0] -= taken
        return taken

    patch.setattr(writer.os, "write", limited)


@pytest.mark.parametrize(
    ("code", "text"),
    [(errno.ENOSPC, "disk full"), (errno.EROFS, "read-only"), (errno.EIO, "cannot store")],
)
def test_a_failure_to_store_is_told_and_leaves_whole_entries_only(
    tmp_path: Path, plan: FrozenPlan, monkeypatch: pytest.MonkeyPatch, code: int, text: str
) -> None:
    ledger = Ledger.create(tmp_path, plan, clock)
    ledger.append(observation("ESME-1"))
    before = (tmp_path / "ledger.jsonl").read_bytes()
    with monkeypatch.context() as patch:
        fail_after(100, code, patch)
        with pytest.raises(LedgerError, match=text):
            ledger.append(observation("ESME-1"))
    assert (tmp_path / "ledger.jsonl").read_bytes() == before
    with pytest.raises(LedgerError, match=text):  # a hole in the evidence must not be covered
        ledger.append(observation("ESME-1"))
    ledger.close()
    assert len(read_ledger(tmp_path).events) == 2
    with Ledger.resume(tmp_path, clock) as resumed:
        resumed.append(observation("ESME-1"))


def test_a_plan_that_cannot_be_stored_leaves_no_ledger(
    tmp_path: Path, plan: FrozenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_after(100, errno.ENOSPC, monkeypatch)
    with pytest.raises(LedgerError, match="disk full"):
        Ledger.create(tmp_path, plan, clock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on a file's size there")
def test_a_disk_that_really_takes_no_more_stops_the_run(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import resource, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from bench.errors import LedgerError
        from bench.ledger import Ledger
        from recorded_runs import clock, events, frozen_plan
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        ledger = Ledger.create({str(tmp_path)!r}, frozen_plan("ESME-1"), clock)
        try:
            for number in range(100):
                ledger.append(events("ESME-1")[1])
        except LedgerError as failure:
            sys.exit(str(failure))
    """)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                           check=False, timeout=60)
    assert ended.returncode == 1
    assert "cannot store the evidence: disk full" in ended.stderr
    assert (tmp_path / "ledger.jsonl").read_bytes().endswith(b"}\n")
    assert 2 < len(read_ledger(tmp_path).events) < 100


def test_a_process_that_dies_loses_nothing_it_stored(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from bench.ledger import Ledger
        from recorded_runs import clock, events, frozen_plan
        ledger = Ledger.create({str(tmp_path)!r}, frozen_plan("ESME-1"), clock)
        for event in events("ESME-1"):
            ledger.append(event)
        os._exit(9)
    """)
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == 9
    assert read_ledger(tmp_path).ended_cases() == {"ESME-1"}
    with Ledger.resume(tmp_path, clock) as resumed:  # its lock died with it
        resumed.end(complete=True)
    assert verify_ledger(tmp_path) == ()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, plan: FrozenPlan) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot store the evidence"):
        Ledger.create(tmp_path / "file" / "run", plan, clock)


def test_a_read_only_folder_is_told(
    tmp_path: Path, plan: FrozenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writer.os, "open", refuse)
    with pytest.raises(LedgerError, match="the output folder is read-only"):
        Ledger.create(tmp_path, plan, clock)


@pytest.mark.parametrize("stored", [0, 50, None])
def test_an_interrupt_while_storing_breaks_no_chain(
    tmp_path: Path, plan: FrozenPlan, monkeypatch: pytest.MonkeyPatch, stored: int | None
) -> None:
    ledger = Ledger.create(tmp_path, plan, clock)
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        if stored != 0:
            write(descriptor, data[:stored])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writer.os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.append(observation("ESME-1"))
    ledger.end(complete=False, reason="interrupted")
    kinds = [event.kind for event in read_ledger(tmp_path).events]
    assert kinds == ["run-started", *["observation"] * (stored is None), "run-ended"]
    assert "interrupted" in verify_ledger(tmp_path)[0]


def test_an_interrupt_that_ends_the_run_leaves_whole_entries_only(
    tmp_path: Path, plan: FrozenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        write(descriptor, data[:50])
        raise KeyboardInterrupt

    ledger = Ledger.create(tmp_path, plan, clock)
    monkeypatch.setattr(writer.os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt), ledger:
        ledger.append(observation("ESME-1"))
    assert (tmp_path / "ledger.jsonl").read_bytes().endswith(b"}\n")


KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize(
    "write",
    [
        lambda form: KEY.private_bytes(Encoding.PEM, form, NoEncryption()).decode(),
        lambda form: KEY.private_bytes(Encoding.PEM, form, NoEncryption()).decode().split("\n")[1],
        lambda form: KEY.private_bytes(Encoding.DER, form, NoEncryption()),
        lambda form: KEY.private_bytes(Encoding.DER, form, NoEncryption()).hex(),
    ],
    ids=["pem", "base64", "octets", "hexadecimal"],
)
def test_a_private_key_never_gets_into_the_ledger(
    tmp_path: Path, plan: FrozenPlan, write: Callable[[PrivateFormat], object],
    form: PrivateFormat,
) -> None:
    with Ledger.create(tmp_path, plan, clock) as ledger:
        before = (tmp_path / "ledger.jsonl").read_bytes()
        with pytest.raises(LedgerError, match="holds a private key") as refused:
            ledger.append(Event("observation", "ESME-1", 1, TIME, {"observation": write(form)}))
        assert (tmp_path / "ledger.jsonl").read_bytes() == before
    assert len(str(refused.value)) < 100  # and the error does not repeat it


def test_a_public_key_is_no_secret() -> None:
    from cryptography.hazmat.primitives.serialization import PublicFormat

    public = KEY.public_key()
    refuse_secrets(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "x")
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    refuse_secrets(der.hex().encode(), "x")
