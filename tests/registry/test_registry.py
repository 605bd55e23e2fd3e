"""Models kept and found, in real stores: what is ours comes back byte for byte, and nothing else is read."""

import hashlib
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import ArtefactError, InputError, NotFoundError, RegistryError
from aibuyer_kit.features.trainable import Trained
from aibuyer_kit.registry import tracking
from aibuyer_kit.registry.registry import FILE_NAME, Registry

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FILES = {"trees.txt": b"tree\nversion=v4\n", "rate.json": b'{"dispersion": 1.5}'}
MODEL = Trained("rate", 1, {"trees": 7}, 3, date(2026, 1, 1), date(2026, 5, 1), 12, "f" * 64, FILES, {"loss": 1.25})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store that several clients share: making one takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'shared.sqlite3'}"


@pytest.fixture
def registry(shared: str, tmp_path: Path) -> Registry:
    return Registry(f"shop-{abs(hash(tmp_path)):x}", tmp_path / "models", shared)


def test_a_model_comes_back_as_it_was_kept(registry: Registry, shared: str) -> None:
    """Files, parameters, window, fingerprint and metrics, in another opening; stages move from version to version."""
    first = registry.keep(MODEL, at=NOON, stage="champion", reason="first")
    second = registry.keep(replace(MODEL, seed=4), at=NOON, stage="challenger", reason="kept")
    again = Registry(first.client_id, registry.folder, shared)
    assert again.files(again.find("rate")) == FILES
    assert again.versions() == (second, first)
    assert (first.version, first.parameters, first.metrics, first.load_id) == (1, {"trees": 7}, {"loss": 1.25}, 12)
    again.set_stage(second, "champion", reason="put in force by Olena", at=NOON + timedelta(days=2))
    assert [(each.version, each.stages) for each in again.versions("rate")] == [(2, ("champion",)), (1, ())]
    assert again.find("rate").reason == "put in force by Olena"


def test_it_is_known_which_version_was_in_force_at_a_moment(registry: Registry) -> None:
    """The first until the second took its place, the first again once it was put back, and none before it was made."""
    first = registry.keep(MODEL, at=NOON, stage="champion", reason="first")
    second = registry.keep(replace(MODEL, seed=4), at=NOON + timedelta(days=3), stage="champion", reason="won")
    registry.keep(replace(MODEL, seed=5), at=NOON + timedelta(days=4), stage="challenger", reason="kept")
    registry.set_stage(registry.find("rate", "1"), "champion", reason="put back", at=NOON + timedelta(days=9))
    asked = {-1: None, 0: first.version, 2: first.version, 3: second.version, 8: second.version, 9: first.version}
    told = {days: registry.champion_at("rate", NOON + timedelta(days=days)) for days in asked}
    assert {days: each and each.version for days, each in told.items()} == asked


@pytest.mark.parametrize(
    "files",
    [
        {"model.pkl": pickle.dumps(1)},
        {"trees.txt": pickle.dumps(1)},
        {"../trees.txt": FILES["trees.txt"]},
        {"/etc/trees.txt": FILES["trees.txt"]},
        {"a\\b.txt": FILES["trees.txt"]},
        {"trees.txt\0.json": FILES["trees.txt"]},
        {"MLmodel": b"flavors:"},
        {"rate.json": b"PK\x03\x04"},
        {},
    ],
)
def test_what_is_no_open_format_or_leads_elsewhere_is_not_kept(registry: Registry, files: dict[str, bytes]) -> None:
    """Pickles under any name, archives, and names that are paths: refused before anything is written."""
    with pytest.raises(ArtefactError):
        registry.keep(replace(MODEL, files=files), at=NOON)
    assert registry.versions() == ()
    assert not (registry.folder / "artefacts").exists()


def test_a_file_that_was_changed_is_not_read(registry: Registry, tmp_path: Path) -> None:
    """One byte, a pickle in its place, a link to a file of the very same content, and one that is gone."""
    kept = registry.keep(MODEL, at=NOON)
    path = registry.folder / "artefacts" / kept.run_id / "artifacts" / "trees.txt"
    for content in (b"tree\nversion=v5\n", pickle.dumps(os.getcwd)):
        path.write_bytes(content)
        with pytest.raises(ArtefactError, match="not the one that was kept"):
            registry.files(kept)
    path.unlink()
    with pytest.raises(ArtefactError, match="cannot be read"):
        registry.files(kept)
    (tmp_path / "elsewhere").write_bytes(FILES["trees.txt"])
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtefactError, match="link"):
        registry.files(kept)


def test_another_clients_models_cannot_be_reached(registry: Registry, shared: str, tmp_path: Path) -> None:
    """Not by name, not by a record that was got elsewhere, not by an id that begins alike; missing looks the same."""
    kept = registry.keep(MODEL, at=NOON, stage="champion")
    for other_id in ("other", kept.client_id[:-1], f"{kept.client_id}-2"):
        other = Registry(other_id, tmp_path / other_id, shared)
        assert other.versions() == ()
        with pytest.raises(NotFoundError, match="There is no model 'rate'"):
            other.find("rate")
        with pytest.raises(ArtefactError, match="another client's"):
            other.files(kept)
        with pytest.raises(InputError, match="no name of a model"):
            other.versions(f"{kept.client_id}.rate")


def test_what_somebody_else_put_into_the_store_is_no_model_of_ours(registry: Registry, shared: str) -> None:
    """A version under our name whose record is missing, or speaks of another model, is passed over."""
    kept = registry.keep(MODEL, at=NOON)
    client, name = tracking.client(shared), f"{kept.client_id}.rate"
    foreign = client.create_model_version(name, source="/srv/foreign", run_id=kept.run_id)
    moved = client.create_model_version(name, source="/srv/foreign", run_id=kept.run_id)
    for key, value in {"aibuyer.client": kept.client_id, "aibuyer.record": replace(kept, name="other").text()}.items():
        client.set_model_version_tag(name, moved.version, key, value)
    client.set_registered_model_alias(name, "champion", foreign.version)
    assert [each.version for each in registry.versions("rate")] == [1]
    assert registry.champion_at("rate", NOON) is None


def test_a_record_that_names_other_files_leads_nowhere(registry: Registry) -> None:
    """Whoever can write into the store cannot make a path of it."""
    kept = registry.keep(MODEL, at=NOON)
    digest = hashlib.sha256(b"{}").hexdigest()
    for changes in ({"files": {"../../client.json": digest}}, {"run_id": "../../.."}):
        with pytest.raises(ArtefactError):
            registry.files(replace(kept, **changes))


@pytest.mark.parametrize("uri", ["file:///srv/x", "/srv/x", "databricks", "http://models.example.org", "s3://bucket"])
def test_models_are_not_kept_just_anywhere(uri: str, tmp_path: Path) -> None:
    """A database or a tracking server; over plain http on this machine alone."""
    with pytest.raises(RegistryError, match="tracking_uri"):
        Registry("shop", tmp_path, uri)


CANARY = "CanarySecret"


@pytest.mark.parametrize(
    "uri",
    [
        f"https://olena:{CANARY}@127.0.0.1:1",
        f"https://{CANARY}@127.0.0.1:1/models",
        f"https://olena:{CANARY}%40x@127.0.0.1:1",
        f"http://127.0.0.1:1/?token={CANARY}",
        f"postgresql://olena:{CANARY}@127.0.0.1:1/models?password={CANARY}",
        f"postgresql://olena:{CANARY}@127.0.0.1:{CANARY}/models",
        f"mysql+{CANARY}://olena:{CANARY}@127.0.0.1/models",
        f"postgresql://olena:a@b/{CANARY}@127.0.0.1/models",
        f"https://olena:a?{CANARY}@127.0.0.1:1/models",
        f"https://olena:a#{CANARY}@127.0.0.1:1/models",
    ],
)
def test_the_password_of_a_store_is_never_told(
    uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor printed or logged: of a server that does not answer, a driver that is missing, an address that is wrong."""
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_SQLALCHEMYSTORE_MAX_RETRIES"):
        monkeypatch.setenv(name, "0")
    with pytest.raises(RegistryError) as told:
        Registry("shop", tmp_path, uri).keep(MODEL, at=NOON)
    shown = (str(told.value), repr(told.value), caplog.text, *capfd.readouterr())
    scheme = uri.partition("://")[0]
    assert all(CANARY not in each.replace(scheme, "") for each in shown), shown
    assert told.value.__suppress_context__ or told.value.__context__ is None


def test_a_folder_of_any_name_holds_its_own_models(tmp_path: Path) -> None:
    """What would be a query, an anchor or a code in a URL is a letter as any other in a path."""
    from sqlalchemy import make_url

    path = tmp_path / "a?b#c%20d" / FILE_NAME
    assert make_url(tracking.of_file(path)).database == str(path)
    assert Registry("shop", path.parent).uri == tracking.of_file(path)


def test_a_store_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database, but it is long enough to be looked at" * 20)
    with pytest.raises(RegistryError, match="store of models says"):
        Registry("shop", tmp_path).versions()


def test_the_default_store_sends_nothing_writes_nothing_elsewhere_and_may_be_moved(tmp_path: Path) -> None:
    """In a process whose every connection and every file opened for writing is noted; then from another folder."""
    script = f"""
import os, sys
noted = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        noted.append((event, repr(args)))
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        noted.append(("open", str(args[0])))
    if event == "os.mkdir":
        noted.append(("mkdir", str(args[0])))
sys.dont_write_bytecode = True
sys.addaudithook(hook)
from pathlib import Path
from tests.registry.test_registry import MODEL, NOON
from aibuyer_kit.registry.registry import Registry
noted.clear()
registry = Registry("shop", Path({str(tmp_path / "models")!r}))
registry.keep(MODEL, at=NOON, stage="champion")
registry.files(registry.find("rate"))
import threading
import time
time.sleep(0.2)
inside = {str(tmp_path / "models")!r}
left = [each for each in noted if not each[1].startswith(inside) and each[1] != os.devnull and "uname" not in each[1]]
print(left)
print([each.name for each in threading.enumerate()])
"""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTEST_CURRENT_TEST", "CI")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=Path(__file__).parents[2],
        env=environment | {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.splitlines() == ["[]", "['MainThread']"]
    assert done.stderr == ""
    shutil.move(tmp_path / "models", tmp_path / "moved")
    registry = Registry("shop", tmp_path / "moved")
    assert registry.files(registry.find("rate")) == FILES


def test_a_dead_tracking_server_is_given_up_within_seconds_and_not_asked_again_at_once(tmp_path: Path) -> None:
    """A port that is closed, and one that takes calls and never answers: told in a while, then in no time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (9, silent.getsockname()[1]):
            for most_seconds in (20.0, 0.5):
                began = time.monotonic()
                with pytest.raises(RegistryError, match=f"The store of models says: .*{port}"):
                    Registry("shop", tmp_path, f"http://127.0.0.1:{port}").versions("rate")
                assert time.monotonic() - began < most_seconds
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ
