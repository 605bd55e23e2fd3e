"""Opening the ledger's database, and bringing it up to date: SQLite by default, another database by its URL."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import filelock
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, table
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import column

from aibuyer_kit.core.errors import LedgerError

Asked = ParamSpec("Asked")
Told = TypeVar("Told")
FILE_NAME = "ledger.sqlite3"
# The newest of migrations/versions: a ledger of this revision is opened without loading Alembic.
REVISION = "0002"
_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_SECONDS = 30


def sqlite_url(folder: Path) -> URL:
    """Return the address of the ledger that is kept in a folder."""
    return URL.create("sqlite", database=str(folder / FILE_NAME))


def open_engine(address: URL | str) -> Engine:
    """Return an engine on a ledger of the newest revision, made if there is none. Raises LedgerError."""
    url = make_url(address)
    is_sqlite = url.get_backend_name() == "sqlite"
    lock = filelock.FileLock(f"{url.database}.migrate") if is_sqlite and url.database else nullcontext()
    try:
        if is_sqlite and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS} if is_sqlite else {})
        if is_sqlite:
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
        if _revision(engine) != REVISION:
            with lock:
                _upgrade(engine)
    except (SQLAlchemyError, OSError) as error:
        raise LedgerError(f"The ledger {url.render_as_string()} cannot be opened: {_first_line(error)}.") from None
    return engine


def telling(method: Callable[Asked, Told]) -> Callable[Asked, Told]:
    """Turn what the database says into a LedgerError."""

    @wraps(method)
    def told(*args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        try:
            return method(*args, **kwargs)
        except SQLAlchemyError as error:
            said = _first_line(getattr(error, "orig", None) or error)
            raise LedgerError(f"The ledger says: {said}. Nothing of this step was written.") from None

    return told


def _on_connect(connection: Any, _: object) -> None:
    # Transactions are begun by us, so that statements that make tables are part of them too.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(reads=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
        return revision


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerError(
                f"The ledger {engine.url.render_as_string()} is of another version of aibuyer-kit: {error}."
                " Use that version, or a newer one."
            ) from None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
