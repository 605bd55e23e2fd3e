"""The models of one client: kept as runs and versions of MLflow, found by name and stage.

Whatever the store, this client's models bear its id in their names and in their records, and are found by nothing else.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import filelock

from aibuyer_kit import __version__
from aibuyer_kit.core.errors import ArtefactError, InputError, NotFoundError
from aibuyer_kit.features.trainable import Trained
from aibuyer_kit.registry import tracking
from aibuyer_kit.registry.artefacts import LocalShelf, ServerShelf, Shelf, checked_content, checked_files
from aibuyer_kit.registry.records import CHAMPION, STAGES, ModelRecord, in_force_at, record_of

FILE_NAME = "models.sqlite3"
_SOFTWARE = ("lightgbm", "numpy")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_RECORD, _OWNER = "aibuyer.record", "aibuyer.client"


class Registry:
    """The models of one client. The first use in a process loads MLflow (2 s), the first ever makes its store (4 s)."""

    def __init__(self, client_id: str, folder: Path, tracking_uri: str | None = None) -> None:
        """`folder` is the client's own; `tracking_uri` another store than the SQLite file in it."""
        self._id, self.folder = client_id, folder
        self.uri = tracking_uri or tracking.of_file(self.folder / FILE_NAME)
        self._is_local = tracking_uri is None
        self._is_server = tracking.is_server(self.uri)
        self._opened: Any = None

    @property
    def is_there(self) -> bool:
        """Return whether there may be a model; told without loading MLflow."""
        return not self._is_local or (self.folder / FILE_NAME).is_file()

    @tracking.telling
    def keep(self, trained: Trained, *, at: datetime, stage: str | None = None, reason: str = "") -> ModelRecord:
        """Keep a model as the next version of its name, and return its record.

        Raises ArtefactError for files of other formats, InputError for a name or a stage that there is not.
        """
        digests = checked_files(trained.files)
        registered = self._registered(trained.name)
        client = self._client()
        run = client.create_run(self._experiment(), run_name=trained.name, tags={_OWNER: self._id})
        run_id: str = run.info.run_id
        record = ModelRecord(
            client_id=self._id,
            run_id=run_id,
            version=0,
            files=digests,
            software={"aibuyer-kit": __version__, **{name: version_of(name) for name in _SOFTWARE}},
            trained_at=at,
            reason=reason,
            **{key: value for key, value in vars(trained).items() if key != "files"},
        )
        self._shelf().put(run_id, trained.files)
        self._log(run_id, record)
        self._make(registered)
        tags = {_OWNER: self._id, _RECORD: record.text()}
        made = client.create_model_version(registered, source=run.info.artifact_uri, run_id=run_id, tags=tags)
        client.set_terminated(run_id)
        kept = replace(record, version=int(made.version))
        return self.set_stage(kept, stage, reason=reason, at=at) if stage else kept

    @tracking.telling
    def set_stage(self, record: ModelRecord, stage: str, *, reason: str, at: datetime) -> ModelRecord:
        """Let a stage point at this version and no other, and note why and when.

        Raises InputError for an unknown stage.
        """
        if stage not in STAGES:
            raise InputError(f"There is no stage {stage!r} of a model. Known: {', '.join(STAGES)}.")
        registered = self._registered(record.name)
        changed = replace(record, reason=reason, stages=tuple(sorted({*record.stages, stage})))
        if stage == CHAMPION and "challenger" in record.stages:
            self._client().delete_registered_model_alias(registered, "challenger")
            changed = replace(changed, stages=(CHAMPION,))
        if stage == CHAMPION:
            changed = replace(changed, put_in_force=(*record.put_in_force, at))
        self._client().set_model_version_tag(registered, str(record.version), _RECORD, changed.text())
        self._client().set_registered_model_alias(registered, stage, str(record.version))
        return changed

    @tracking.reading
    def versions(self, name: str | None = None) -> tuple[ModelRecord, ...]:
        """Return the records of a model, or of all of this client, by name, the newest version first."""
        if not self.is_there:
            return ()
        found: list[ModelRecord] = []
        for registered in self._names() if name is None else [self._registered(name)]:
            stages = self._stages(registered)
            for each in self._pages(registered):
                with suppress(NotFoundError):
                    found.append(self._own(each, registered, stages))
        return tuple(sorted(found, key=lambda each: (each.name, -each.version)))

    def find(self, name: str, which: str = CHAMPION) -> ModelRecord:
        """Return the version with this stage or number. Raises NotFoundError that lists those there are."""
        known = self.versions(name)
        for each in known:
            if which in (*each.stages, str(each.version)):
                return each
        if not known:
            names = ", ".join(sorted({each.name for each in self.versions()})) or "none yet"
            raise NotFoundError(f"There is no model {name!r}. Models: {names}. Train what is due: aibuyer learn")
        versions = ", ".join(str(each.version) for each in known)
        raise NotFoundError(f"The model {name!r} has no {which!r}. Stages: {', '.join(STAGES)}; versions: {versions}.")

    def champion_at(self, name: str, moment: datetime) -> ModelRecord | None:
        """Return the version that was in force at a moment, or None; a later one never counts."""
        return in_force_at(self.versions(name), moment)

    @tracking.reading
    def files(self, record: ModelRecord) -> Mapping[str, bytes]:
        """Return the files of a model, each as it was kept. Raises ArtefactError for any other, RegistryError."""
        if record.client_id != self._id:
            raise ArtefactError("This model is another client's.")
        shelf = self._shelf()
        return {
            name: checked_content(name, shelf.read(record.run_id, name), kept) for name, kept in record.files.items()
        }

    def _client(self) -> Any:
        if self._opened is None:
            if not self._is_local:
                self._opened = tracking.client(self.uri)
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                with filelock.FileLock(self.folder / f"{FILE_NAME}.lock"):  # MLflow makes its tables without one
                    self._opened = tracking.client(self.uri)
        return self._opened

    def _shelf(self) -> Shelf:
        return ServerShelf(self._client()) if self._is_server else LocalShelf(self.folder / "artefacts")

    def _experiment(self) -> str:
        name, client = f"aibuyer.{self._id}", self._client()
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None if self._is_server else Path(self.folder / "artefacts").as_uri()
        return str(client.create_experiment(name, artifact_location=location))

    def _registered(self, name: str) -> str:
        """Return a model's name in the store, which neither ids nor names can forge: none of them holds a point."""
        if not _NAME.fullmatch(name) or len(name) > 64:
            raise InputError(f"{name!r} is no name of a model: small letters, digits and single hyphens.")
        return f"{self._id}.{name}"

    def _names(self) -> list[str]:
        found, token = list[str](), None
        while True:
            page = self._client().search_registered_models(max_results=500, page_token=token)
            found += [each.name for each in page if each.name.startswith(f"{self._id}.")]
            token = page.token
            if not token:
                return found

    def _pages(self, registered: str) -> list[Any]:
        found, token = list[Any](), None
        while True:
            page = self._client().search_model_versions(f"name = '{registered}'", max_results=500, page_token=token)
            found += page
            token = page.token
            if not token:
                return found

    def _stages(self, registered: str) -> dict[int, tuple[str, ...]]:
        """Return the stages of each version; none for a model that is not there."""
        from mlflow.exceptions import MlflowException

        try:
            aliases = self._client().get_registered_model(registered).aliases
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}
        found: dict[int, tuple[str, ...]] = {}
        for stage in STAGES:
            if stage in aliases:
                found[int(aliases[stage])] = (*found.get(int(aliases[stage]), ()), stage)
        return found

    def _own(self, found: Any, registered: str, stages: Mapping[int, tuple[str, ...]]) -> ModelRecord:
        """Return the record of a version that we kept. Raises NotFoundError for a foreign one: they look the same."""
        number = int(found.version)
        if found.tags.get(_OWNER) != self._id or _RECORD not in found.tags:
            raise NotFoundError("There is no such version.")
        record = record_of(found.tags[_RECORD], number, stages.get(number, ()))
        if record.client_id != self._id or f"{self._id}.{record.name}" != registered:
            raise NotFoundError("There is no such version.")
        return record

    def _make(self, registered: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client().create_registered_model(registered, tags={_OWNER: self._id})
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _log(self, run_id: str, record: ModelRecord) -> None:
        """Show parameters and metrics in MLflow's own pages too."""
        client = self._client()
        facts = {"seed": record.seed, "since": record.since, "until": record.until, "load_id": record.load_id}
        for key, value in {**facts, **record.parameters, "fingerprint": record.fingerprint}.items():
            client.log_param(run_id, key, value)
        for key, metric in record.metrics.items():
            client.log_metric(run_id, key, metric)
