"""The register's two tables, in SQLite (WAL, one file) or PostgreSQL, through SQLAlchemy Core.

``register_entry`` holds the chain, ``register_head`` one row: number and hash of the last entry.
Triggers refuse to change or delete an entry, to enter one that does not follow the head, and to
move the head but by one entry; whoever drops them is found by the chain. A writer holds the lock
from its first read to its commit (SQLite: BEGIN IMMEDIATE; PostgreSQL: the row of the head, FOR
UPDATE), so two writers cannot both follow the same entry, and an entry is stored whole or not at
all. Readers see one state throughout and wait for nobody. Leaves out what may be entered.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bench.errors import RegisterError
from bench.records.register import Content, Entry, EntryKind
from bench.register.chain import START, Stored, chained, read

WAIT_S = 30
"""So long a writer waits for the lock of another one."""

_METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row number must be an INTEGER
_ENTRY = Table(
    "register_entry", _METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    *(Column(name, String, nullable=False) for name in Stored._fields[1:]),
    Index("register_entry_certificate", "certificate", "sequence"),
    Index("register_entry_subject", "subject", "sequence"),
    Index("register_entry_model", "model", "sequence"),
)
_HEAD = Table(
    "register_head", _METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("sequence", _NUMBER, nullable=False),
    Column("hash", String, nullable=False),
)

_FOLLOWS = ("NEW.sequence <> (SELECT sequence + 1 FROM register_head) "
            "OR NEW.previous <> (SELECT hash FROM register_head)")
_ADVANCES = ("NEW.one <> 1 OR NEW.sequence <> OLD.sequence + 1 OR NEW.hash <> "
             "(SELECT hash FROM register_entry WHERE sequence = NEW.sequence)")

_GUARDS = (  # name, table, events, condition ("" for always), what is said
    ("register_entry_stays", "register_entry", ("UPDATE", "DELETE"), "",
     "entries of the register are never changed or removed"),
    ("register_entry_follows", "register_entry", ("INSERT",), _FOLLOWS,
     "an entry must follow the last one"),
    ("register_head_advances", "register_head", ("UPDATE",), _ADVANCES,
     "the head of the register moves by one entry"),
    ("register_head_stays", "register_head", ("DELETE",), "",
     "the head of the register is never removed"),
)

_SERIAL_LOCK = 0x534D4950  # "SMIP": one at a time may make the tables


class Reader:
    """The entries as one connection sees them; see :class:`bench.register.rules.View`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> tuple[int, str]:
        """Return number and date of the last entry, (0, "") before the first."""
        newest = select(_ENTRY.c.sequence, _ENTRY.c.at).order_by(_ENTRY.c.sequence.desc())
        row = self._connection.execute(newest.limit(1)).first()
        return (row[0], row[1]) if row else (0, "")

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry as the row of the head has them."""
        row = self._connection.execute(select(_HEAD.c.sequence, _HEAD.c.hash)).first()
        if row is None:
            raise RegisterError("the register has lost its head: it was altered")
        return row[0], row[1]

    def stored(self) -> Iterator[Stored]:
        """Yield all entries in order, as the database holds them, unchecked."""
        found = self._connection.execution_options(stream_results=True).execute(
            select(*_ENTRY.c).order_by(_ENTRY.c.sequence))
        for row in found.yield_per(1000):
            yield Stored._make(row)

    def entry(self, sequence: int) -> Entry | None:
        """Return one entry, None where there is none of that number."""
        return next(iter(self._read(_ENTRY.c.sequence == sequence)), None)

    def entries_of(self, certificate: str) -> Sequence[Entry]:
        """Return the entries of a certificate in order, of the register itself for ""."""
        return self._read(_ENTRY.c.certificate == certificate)

    def granted_to(self, subject: str) -> Sequence[str]:
        """Return the certificates ever granted to the subject of this key, in order."""
        return list(self._connection.scalars(
            select(_ENTRY.c.certificate).where(_ENTRY.c.subject == subject)
            .order_by(_ENTRY.c.sequence)))

    def coding_of(self, model: str) -> str:
        """Return the coding of firmware versions of the model of this key, "" for an unknown one.
        """
        content = self._connection.scalar(
            select(_ENTRY.c.content).where(_ENTRY.c.model == model)
            .order_by(_ENTRY.c.sequence).limit(1))
        return str(json.loads(content).get("coding", "")) if content else ""

    def _read(self, condition: Any) -> list[Entry]:
        rows = self._connection.execute(
            select(*_ENTRY.c).where(condition).order_by(_ENTRY.c.sequence))
        return [read(Stored._make(row)) for row in rows]


class Writer(Reader):
    """A reader that holds the lock and may append."""

    def append(self, at: str, kind: EntryKind, certificate: str, content: Content) -> Entry:
        """Store the next entry and move the head to it; it counts once the connection commits."""
        number, previous = self.head()
        entry = chained(number + 1, at, kind, certificate, content, previous)
        self._connection.execute(insert(_ENTRY), entry._asdict())
        self._connection.execute(update(_HEAD).values(sequence=number + 1, hash=entry.hash))
        return read(entry)


class Store:
    """One database; ``place`` is a file, or a ``postgresql://`` address."""

    def __init__(self, place: str | Path) -> None:
        self._url = _address(str(place))
        self._engine = _engine(self._url)
        self.name = self._url.render_as_string(hide_password=True) \
            if self._url.database is None or "://" in str(place) else str(place)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def exists(self) -> bool:
        """Return whether the database holds a register."""
        if self._sqlite and not Path(str(self._url.database)).is_file():
            return False
        with self._translated(), self._engine.connect() as connection:
            return bool(inspect(connection).has_table(_ENTRY.name))

    def create(self) -> None:
        """Make the tables where there are none."""
        with self._translated(), self._begun(write=True) as connection:
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"),
                                   {"key": _SERIAL_LOCK})
            if inspect(connection).has_table(_ENTRY.name):
                return
            _METADATA.create_all(connection, checkfirst=False)
            connection.execute(insert(_HEAD), {"one": 1, "sequence": 0, "hash": START})
            for statement in _guards(sqlite=self._sqlite):
                connection.exec_driver_sql(statement)
        if self._sqlite:
            with self._translated(), self._engine.connect() as connection:
                raw: Any = connection.connection.dbapi_connection
                raw.execute("PRAGMA journal_mode=WAL")

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Open a reader; all it reads is of one state."""
        with self._translated(), self._begun(write=False) as connection:
            yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Open the one writer: what it appends is stored when the block ends, or nothing is."""
        with self._translated(), self._begun(write=True) as connection:
            if not self._sqlite:
                connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
                if inspect(connection).has_table(_HEAD.name):
                    connection.execute(select(_HEAD.c.sequence).with_for_update())
            yield Writer(connection)

    @property
    def _sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def _begun(self, *, write: bool) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            if self._sqlite:
                connection = connection.execution_options(  # noqa: PLW2901  the same connection
                    smip_begin="BEGIN IMMEDIATE" if write else "BEGIN")
            elif not write:
                connection = connection.execution_options(  # noqa: PLW2901  the same connection
                    isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as failure:
            raise RegisterError(f"{self.name}: {_said(failure)}") from failure
        except (SQLAlchemyError, OSError) as failure:
            raise RegisterError(f"{self.name}: the database failed: {failure}") from failure


def _address(place: str) -> URL:
    if "://" not in place:
        return URL.create("sqlite", database=place)
    try:
        url = make_url(place)
    except ArgumentError as wrong:  # its text would show a password
        raise RegisterError("the register's address is no database address") from wrong
    if url.drivername == "sqlite":
        return url
    if url.drivername in ("postgresql", "postgres", "postgresql+pg8000"):
        # the one way to keep a password off the command line; pg8000 does not look itself
        password = url.password or os.environ.get("PGPASSWORD")
        return url.set(drivername="postgresql+pg8000", password=password)
    raise RegisterError(f"a register is kept in SQLite or PostgreSQL, not in {url.drivername}")


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_S})
    except NoSuchModuleError as absent:
        raise RegisterError(f"no database driver for {url.drivername}") from absent
    except ModuleNotFoundError as absent:
        raise RegisterError(f"the database driver {absent.name} is not installed; "
                            "smip-bench[postgresql] brings it") from absent
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, record: object) -> None:
    del record
    connection.isolation_level = None  # we begin transactions ourselves
    connection.execute("PRAGMA synchronous=FULL")  # a power cut takes back no certificate


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("smip_begin", "BEGIN"))


def _guards(*, sqlite: bool) -> Iterator[str]:
    for name, table, events, condition, said in _GUARDS:
        if sqlite:
            when = f"WHEN {condition} " if condition else ""
            for happening in events:
                yield (f"CREATE TRIGGER {name}_{happening.lower()} BEFORE {happening} ON {table} "
                       f"{when}BEGIN SELECT RAISE(ABORT, '{said}'); END")
            continue
        refuse = f"RAISE EXCEPTION '{said}'"
        body = f"IF {condition} THEN {refuse}; END IF; RETURN NEW" if condition else refuse
        yield (f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
               f"$$ BEGIN {body}; END $$")
        yield (f"CREATE TRIGGER {name} BEFORE {' OR '.join(events)} ON {table} "
               f"FOR EACH ROW EXECUTE FUNCTION {name}()")
        if not condition:
            yield (f"CREATE TRIGGER {name}_whole BEFORE TRUNCATE ON {table} "
                   f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


def _said(failure: DBAPIError) -> str:
    """Return what the database said, on one line."""
    origin = failure.orig
    details = origin.args[0] if origin is not None and origin.args else origin
    said = details.get("M", details) if isinstance(details, dict) else details
    return " ".join(str(said).split())
