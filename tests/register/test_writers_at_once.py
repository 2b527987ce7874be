"""Several writers at once, and writers that die: one chain, whole entries, on both databases."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import writers
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

from bench.errors import RegisterError
from bench.records.register import Grant
from bench.register import Register
from bench.register.store import Store

SERVERS = Path("/usr/lib/postgresql")
WRITER = Path(writers.__file__)


def server_folder() -> Path:
    """Where initdb and pg_ctl are; a test without them is skipped."""
    found = sorted(SERVERS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    pytest.importorskip("pg8000", reason="the driver pg8000 is not installed")
    return found[-1].parent


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database on a server of our own: temporary folder, socket, no port."""
    programs = server_folder()
    # a socket's path must be short, and a server will not run as root
    folder = Path(tempfile.mkdtemp(prefix="smip-"))
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        import pwd  # not on Windows, which has no such server either

        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": ()}

    def call(*command: str) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **user)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        call(str(programs / "initdb"), "-D", str(folder / "data"), "-U", "keeper", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync")
        call(str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l",
             str(folder / "log"), "-o", f"-k {folder} -c listen_addresses= -c fsync=off", "start")
        try:
            yield f"postgresql://keeper@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            call(str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "register.sqlite")
    address = request.getfixturevalue("server")
    engine = create_engine(address.replace("postgresql:", "postgresql+pg8000:"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def register(place: str) -> Iterator[Register]:
    with Register.create(place, keeper="Certs plc", at="2026-03-01") as made:
        yield made


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(WRITER), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, cwd=WRITER.parent)


def test_threads_write_one_chain(register: Register, place: str) -> None:
    wrong: list[BaseException] = []

    def write(name: str) -> None:
        try:
            writers.write_many(place, name, 10)
        except BaseException as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert register.head().sequence == 41
    assert not register.verify()
    assert len(register.published(at=writers.DAY).issues) == 40


def test_processes_write_one_chain_and_only_one_gets_the_subject(
    register: Register, place: str
) -> None:
    running = [start("many", place, name, "5") for name in "ab"]
    racing = [start("grant", place) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in running + racing]
    assert [error for _, error in said] == [""] * 4
    assert sorted(out.split(" ")[0].strip(":\n") for out, _ in said[2:]) == ["granted", "refused"]
    assert any("is in force for this subject" in out for out, _ in said[2:])
    assert register.head().sequence == 12
    assert not register.verify()


def test_a_writer_that_dies_leaves_no_half_entry_and_no_lock(
    register: Register, place: str
) -> None:
    dying = start("die", place)
    assert (dying.communicate(timeout=60), dying.returncode) == (("", ""), 9)
    assert register.head().sequence == 1
    assert not register.verify()
    register.tolerate(writers.issue("after"), at=writers.DAY)
    assert register.head().sequence == 2
    assert not register.verify()


def test_a_refused_step_takes_back_what_it_had_entered(
    register: Register, grant: Callable[..., Grant]
) -> None:
    old = register.grant(grant(), at="2026-03-02")
    register.grant(grant("00010001"), at="2026-03-02")
    with pytest.raises(RegisterError, match="in force for this subject"):
        register.grant(grant("00010001"), at="2026-03-02", supersedes=old.id)
    assert register.head().sequence == 3
    assert register.certificate(old.id, at="2026-03-02").in_force


def test_a_reader_sees_one_state_while_others_write(register: Register, place: str) -> None:
    store = Store(place)
    try:
        with store.reading() as reader:
            before = reader.head()
            register.tolerate(writers.issue("meanwhile"), at=writers.DAY)
            assert reader.head() == before
            assert reader.last()[0] == len(list(reader.stored())) == 1
    finally:
        store.close()
    assert register.head().sequence == 2


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # PostgreSQL scans a small table
def test_a_lookup_reads_an_index_and_not_the_whole_register(
    register: Register, place: str, grant: Callable[..., Grant]
) -> None:
    made = register.grant(grant(), at="2026-03-02")
    asked: list[str] = []
    engine = register._store._engine
    event.listen(engine, "before_cursor_execute",
                 lambda c, cursor, statement, given, context, many: asked.append(statement))
    assert register.of_subject(made.grant.subject, at="2026-03-02")
    selects = [statement for statement in asked if statement.startswith("SELECT")]
    with engine.connect() as connection:
        for statement in selects:
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", ("x",)).all()
            assert all("USING" in row[3] and "INDEX" in row[3] for row in plan), plan
    assert len(selects) == 2


class TestPostgreSQL:
    """What only a server can do to us."""

    @pytest.fixture
    def place(self, request: pytest.FixtureRequest, server: str, tmp_path: Path) -> str:
        engine = create_engine(server.replace("postgresql:", "postgresql+pg8000:"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        return server

    @pytest.fixture
    def administrator(self, place: str) -> Iterator[Callable[[str], None]]:
        engine = create_engine(place.replace("postgresql:", "postgresql+pg8000:"))

        def execute(statement: str) -> None:
            with engine.begin() as connection:
                connection.execute(text(statement))

        yield execute
        engine.dispose()

    def test_a_connection_killed_before_its_commit_leaves_nothing(
        self, register: Register, administrator: Callable[[str], None]
    ) -> None:
        kill = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        engine = register._store._engine
        event.listen(engine, "commit", lambda connection: administrator(kill), once=True)
        with pytest.raises(RegisterError, match="postgresql") as lost:
            register.tolerate(writers.issue("never"), at=writers.DAY)
        assert "\n" not in str(lost.value)
        assert register.head().sequence == 1
        register.tolerate(writers.issue("after"), at=writers.DAY)
        assert register.head().sequence == 2
        assert not register.verify()

    @pytest.mark.parametrize(("statement", "said"), [
        ("UPDATE register_entry SET content = '{}'", "never changed or removed"),
        ("DELETE FROM register_entry", "never changed or removed"),
        ("TRUNCATE register_entry", "never changed or removed"),
        ("TRUNCATE register_head", "never removed"),
        ("DELETE FROM register_head", "never removed"),
        ("UPDATE register_head SET sequence = 0", "moves by one entry"),
        ("INSERT INTO register_entry SELECT 2, at, kind, certificate, subject, model, content, "
         "previous, hash FROM register_entry", "must follow the last one"),
    ])
    def test_the_database_itself_refuses(
        self, register: Register, administrator: Callable[[str], None], statement: str, said: str
    ) -> None:
        with pytest.raises(DBAPIError, match=said):
            administrator(statement)
        assert not register.verify()

    def test_an_edited_row_is_named(
        self, register: Register, administrator: Callable[[str], None]
    ) -> None:
        register.tolerate(writers.issue("one"), at=writers.DAY)
        administrator("ALTER TABLE register_entry DISABLE TRIGGER ALL")
        administrator("UPDATE register_entry SET content = replace(content, 'one', 'two') "
                      "WHERE sequence = 2")
        (flaw,) = register.verify()
        assert flaw.sequence == 2
        assert "what it holds is not what was entered" in flaw.text

    @pytest.mark.parametrize("where", ["address", "environment"])
    def test_no_message_shows_a_password(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        pytest.importorskip("pg8000", reason="the driver pg8000 is not installed")
        told = ":hunter2" if where == "address" else ""
        address = f"postgresql://keeper{told}@/none?unix_sock={tmp_path}/absent"
        monkeypatch.setenv("PGPASSWORD", "hunter2")
        assert Store(address)._url.password == "hunter2"
        with pytest.raises(RegisterError) as refused:
            Register(address)
        assert "hunter2" not in str(refused.value)
        assert "\n" not in str(refused.value)
