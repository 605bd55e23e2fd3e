"""The files of models: which names and formats there are, where they lie, and whether they are ours and whole.

Nothing here, nor in whatever reads these files, runs what a file says: no pickles, and no format that may hold one.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from aibuyer_kit.core.errors import ArtefactError
from aibuyer_kit.features.trainable import Files

MOST_BYTES = 256 * 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.(txt|json|arrow)", re.ASCII)
_RUN_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
# What a file of each format begins with: a pickle or an archive under another name is none of them.
_BEGINS = {"txt": b"tree\n", "json": b"{", "arrow": b"ARROW1\0\0"}


def checked_files(files: Files) -> dict[str, str]:
    """Return the SHA-256 of each file by name. Raises ArtefactError for a name or a format that is not allowed."""
    if not files:
        raise ArtefactError("A model without files cannot be kept.")
    return {checked_name(name): _digest(name, content) for name, content in sorted(files.items())}


def checked_name(name: str) -> str:
    """Return the name of a file. Raises ArtefactError for one that could lead elsewhere, or is of no known format."""
    if not _NAME.fullmatch(name):
        raise ArtefactError(
            f"{name!r} is no name of a model's file: small letters, digits, - and _, ending in .txt (LightGBM's text),"
            " .json or .arrow. Other formats, pickles among them, are neither kept nor read."
        )
    return name


def checked_content(name: str, content: bytes, digest: str) -> bytes:
    """Return a file that was read, if it is the one that was kept. Raises ArtefactError."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise ArtefactError(f"The model's file {name!r} is not the one that was kept: it was changed, or is damaged.")
    _digest(name, content)
    return content


def _digest(name: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise ArtefactError(f"The model's file {name!r} has {len(content):,} bytes; at most {MOST_BYTES:,} are kept.")
    if not content.startswith(_BEGINS[name.rpartition(".")[2]]):
        raise ArtefactError(f"{name!r} does not begin as a file of its format does. It is neither kept nor read.")
    return hashlib.sha256(content).hexdigest()


class Shelf(Protocol):
    """Where the files of a run lie."""

    def put(self, run_id: str, files: Files) -> None: ...

    def read(self, run_id: str, name: str) -> bytes:
        """Raises ArtefactError where there is none."""
        ...


class LocalShelf:
    """A folder: `<run>/artifacts/<file>`, as MLflow lays it out, found by the run and not by a stored address.

    A workspace that is moved or copied takes its models along.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, run_id: str, files: Files) -> None:
        folder = self.folder / _checked_run(run_id) / "artifacts"
        folder.mkdir(parents=True)
        for name, content in files.items():
            with (folder / checked_name(name)).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def read(self, run_id: str, name: str) -> bytes:
        path = self.folder / _checked_run(run_id) / "artifacts" / checked_name(name)
        # Path.resolve raises where a link leads to itself.
        if Path(os.path.realpath(path)) != Path(os.path.realpath(self.folder)) / path.relative_to(self.folder):
            raise ArtefactError(f"{path} is, or lies behind, a link. Models are read from real files alone.")
        try:
            with path.open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except OSError as error:
            raise ArtefactError(f"{path} cannot be read ({error.strerror}). Put it back from a backup.") from None


class ServerShelf:
    """The artefacts of a tracking server, over its own interface."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, run_id: str, files: Files) -> None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="aibuyer-model-") as folder:
            for name, content in files.items():
                (Path(folder) / checked_name(name)).write_bytes(content)
            self._client.log_artifacts(run_id, folder)

    def read(self, run_id: str, name: str) -> bytes:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="aibuyer-model-") as folder:
            try:
                path = Path(self._client.download_artifacts(_checked_run(run_id), checked_name(name), folder))
                with path.open("rb") as file:
                    return file.read(MOST_BYTES + 1)
            except OSError:  # its text may hold the server's address, with a password
                raise ArtefactError(f"The tracking server has no {name!r} of this model.") from None


def _checked_run(run_id: str) -> str:
    if not _RUN_ID.fullmatch(run_id):
        raise ArtefactError(f"{run_id!r} is no id of a run of ours.")
    return run_id


def digests_of(stated: object) -> Mapping[str, str]:
    """Return the digests that a record states. Raises ArtefactError where it states none, or other names."""
    if not isinstance(stated, dict) or not stated or not all(isinstance(each, str) for each in stated.values()):
        raise ArtefactError("The record of this model does not say which files it has.")
    return {checked_name(str(name)): digest for name, digest in sorted(stated.items())}
