"""MLflow, loaded late and kept quiet: importing it takes seconds, and by itself it would tell its makers of its use."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from aibuyer_kit.core.errors import RegistryError

Asked = ParamSpec("Asked")
Told = TypeVar("Told")
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_CONFIGURE_LOGGING": "false"}
_LOCAL = ("sqlite", "postgresql", "mysql", "mssql")
_SERVER = ("http", "https")


def is_server(uri: str) -> bool:
    """Return whether this is the address of a tracking server. Raises RegistryError for what is no address of a store.

    Plain http goes to this machine alone.
    """
    scheme = uri.partition("://")[0].partition("+")[0].lower()
    if scheme in _LOCAL:
        return False
    if scheme in _SERVER:
        from urllib.parse import urlsplit

        if scheme == "https" or urlsplit(uri).hostname in ("localhost", "127.0.0.1", "::1"):
            return True
        raise RegistryError("[models] tracking_uri: a tracking server other than this machine's must be https.")
    raise RegistryError(
        f"[models] tracking_uri: models cannot be kept in {scheme or 'this'!r}. Give a database's URL"
        f" ({', '.join(_LOCAL)}) or that of a tracking server ({', '.join(_SERVER)})."
    )


def client(uri: str) -> Any:
    """Return MLflow's client of one store, which it makes where there is none. Raises RegistryError."""
    os.environ.update(_QUIET)
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def telling(method: Callable[Asked, Told]) -> Callable[Asked, Told]:
    """Turn what MLflow and its database say into a RegistryError."""

    @wraps(method)
    def told(*args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        with _told():
            return method(*args, **kwargs)

    return told


@contextmanager
def _told() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise RegistryError(
            f"The store of models says: {_first_line(getattr(error, 'orig', None) or error)}."
        ) from None
    except Exception as error:
        # MLflow is loaded by then, if it was MLflow.
        if type(error).__module__.partition(".")[0] != "mlflow":
            raise
        raise RegistryError(f"The store of models says: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
