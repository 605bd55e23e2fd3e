"""MLflow, loaded late and kept quiet: importing it takes seconds, and by itself it would tell its makers of its use."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from aibuyer_kit.core.errors import ArtefactError, RegistryError

Asked = ParamSpec("Asked")
Told = TypeVar("Told")
Owner = TypeVar("Owner", bound="Stored")
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_CONFIGURE_LOGGING": "false"}
_LOCAL = ("sqlite", "postgresql", "mysql", "mssql")
_SERVER = ("http", "https")
_HIDDEN = "***"
_ADDRESS = re.compile(r"(?<=://)[^\s/]*@")
_FOREIGN = ("mlflow", "requests", "urllib3")
# How long a read waits for a store that may be dead, where a person has not said so: figures are made without models.
_HURRY = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_SQLALCHEMYSTORE_MAX_RETRIES": "1",
    "PGCONNECT_TIMEOUT": "4",
}
_ASKED_AGAIN_AFTER_S = 60.0
_one_reads = threading.RLock()
_gave_up: dict[str, tuple[float, str]] = {}


class Stored(Protocol):
    """Whatever is kept in one store: its address may hold a password."""

    @property
    def uri(self) -> str: ...


def is_server(uri: str) -> bool:
    """Return whether this is the address of a tracking server. Raises RegistryError for what is no address of a store.

    Plain http goes to this machine alone.
    """
    scheme = uri.partition("://")[0].partition("+")[0].lower()
    if scheme in (*_LOCAL, *_SERVER) and scheme != "sqlite" and _is_ambiguous(uri):
        raise RegistryError(
            "[models] tracking_uri: a name or password in it holds @, /, ? or # as it is. Write them as %40, %2F, %3F"
            " and %23, or give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead."
        )
    if scheme != "sqlite":
        try:
            _ = urlsplit(uri).port
        except ValueError:
            raise RegistryError("[models] tracking_uri: the port, or the address as a whole, is none.") from None
    if scheme in _LOCAL:
        return False
    if scheme in _SERVER:
        if scheme == "https" or urlsplit(uri).hostname in ("localhost", "127.0.0.1", "::1"):
            return True
        raise RegistryError("[models] tracking_uri: a tracking server other than this machine's must be https.")
    raise RegistryError(
        f"[models] tracking_uri: models cannot be kept in {scheme or 'this'!r}. Give a database's URL"
        f" ({', '.join(_LOCAL)}) or that of a tracking server ({', '.join(_SERVER)})."
    )


def _is_ambiguous(uri: str) -> bool:
    """Return whether it cannot be told where a password ends: libraries would name a part of it as the host."""
    person, _, _ = uri.partition("://")[2].partition("?")[0].rpartition("@")
    return any(each in person for each in "@/#") or "@" in uri.partition("://")[2].partition("?")[2].partition("#")[0]


def of_file(path: Path) -> str:
    """Return the URL of an SQLite file, whose path may hold ?, # and %."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def client(uri: str) -> Any:
    """Return MLflow's client of one store, which it makes where there is none. Raises RegistryError."""
    os.environ.update(_QUIET)
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def telling(method: Callable[Concatenate[Owner, Asked], Told]) -> Callable[Concatenate[Owner, Asked], Told]:
    """Turn what MLflow and its database say into a RegistryError, without what is secret in the store's address."""

    @wraps(method)
    def told(self: Owner, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        with telling_of(self.uri):
            return method(self, *args, **kwargs)

    return told


def reading(method: Callable[Concatenate[Owner, Asked], Told]) -> Callable[Concatenate[Owner, Asked], Told]:
    """As `telling`, of a read: it gives up within seconds, and so do those of the next minute at once."""

    @wraps(method)
    def told(self: Owner, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        with _hurried(self.uri), telling_of(self.uri):
            return method(self, *args, **kwargs)

    return told


@contextmanager
def _hurried(uri: str) -> Iterator[None]:
    """Let MLflow wait for seconds, where it would for minutes; what a store elsewhere failed with is remembered."""
    with _one_reads:  # MLflow reads these from the environment, which is everyone's
        since, said = _gave_up.get(uri, (0.0, ""))
        if said and time.monotonic() - since < _ASKED_AGAIN_AFTER_S:
            raise RegistryError(said)
        ours = {name: value for name, value in _HURRY.items() if name not in os.environ}
        os.environ.update(ours)
        try:
            yield
            _gave_up.pop(uri, None)
        except ArtefactError:
            raise
        except RegistryError as error:
            if not uri.startswith("sqlite"):
                _gave_up[uri] = time.monotonic(), str(error)
            raise
        finally:
            for name in ours:
                os.environ.pop(name, None)


@contextmanager
def telling_of(uri: str) -> Iterator[None]:
    """Raise what a store says as a RegistryError, without what is secret in its address."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        said = _first_line(getattr(error, "orig", None) or error)
        raise RegistryError(f"The store of models says: {without_secrets(said, uri)}.") from None
    except ImportError as error:
        if is_server(uri) or uri.startswith("sqlite:"):
            raise
        raise RegistryError(
            f"[models] tracking_uri: the driver {error.name!r} of this database is not installed: pip install"
            f" {error.name}, or name another one, as in postgresql+psycopg://."
        ) from None
    except Exception as error:
        # MLflow is loaded by then, if it was MLflow.
        if type(error).__module__.partition(".")[0] not in _FOREIGN:
            raise
        raise RegistryError(f"The store of models says: {without_secrets(_first_line(error), uri)}") from None


def without_secrets(text: str, uri: str) -> str:
    """Return a text without what the address of a store may keep secret: who asks, and what stands behind a ?.

    >>> without_secrets("GET https://olena:pass@models.example.org/api failed", "https://olena:pass@models.example.org")
    'GET https://***@models.example.org/api failed'
    """
    address, _, query = uri.partition("://")[2].partition("?")
    person, at, _ = address.rpartition("@")
    words = [query, *(value for _, value in parse_qsl(query) if len(value) > 3), person, *person.split(":", 1)[1:]]
    found = text
    for word in sorted({form for each in words if each for form in (each, unquote_plus(each))}, key=len, reverse=True):
        found = found.replace(word, _HIDDEN)
    return _ADDRESS.sub(f"{_HIDDEN}@", found) if at else found


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
