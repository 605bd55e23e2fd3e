"""The models in force of a client, as they are used: by name and moment, so that a figure of then is made as then."""

from datetime import datetime

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import RegistryError
from aibuyer_kit.core.i18n import format_day, t
from aibuyer_kit.features.trainable import Model
from aibuyer_kit.registry.records import ModelRecord, in_force_at
from aibuyer_kit.registry.registry import Registry
from aibuyer_kit.settings.workspace_settings import Settings, read_settings


def open_registry(context: ClientContext, settings: Settings) -> Registry:
    """Return the models of a client, where the settings say that they are kept."""
    uri = settings.models.tracking_uri
    return Registry(context.id, context.models, uri.get_secret_value() if uri else None)


class Champions:
    """The versions that were in force at moments, each read once; where there is no store yet, nothing is loaded."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self._registry: Registry | None = None
        self._records: dict[str, tuple[ModelRecord, ...]] = {}
        self._models: dict[tuple[str, int], Model] = {}

    def record_at(self, name: str, moment: datetime) -> ModelRecord | None:
        """Return the version that was in force at a moment, or None. Raises RegistryError."""
        from aibuyer_kit.workflows.trainables import trainables

        if not any(each.name == name for each in trainables(self._context)):
            return None
        if name not in self._records:
            if self._registry is None:
                self._registry = open_registry(self._context, read_settings(self._context.folder.parent.parent))
            self._records[name] = self._registry.versions(name)
        return in_force_at(self._records[name], moment)

    def model(self, record: ModelRecord) -> Model:
        """Return the model of a version. Raises ArtefactError for files that are damaged, or of another kind."""
        from aibuyer_kit.workflows.trainables import trainable_of

        key = record.name, record.version
        if key not in self._models and self._registry is not None:
            self._models[key] = trainable_of(self._context, record.name).load(self._registry.files(record))
        return self._models[key]

    def at(self, name: str, moment: datetime, locale: str) -> tuple[Model | None, str]:
        """Return the model that was in force at a moment and can be used, or None, and what is to be said of it."""
        try:
            record = self.record_at(name, moment)
            if record is None:
                return None, ""
            model = self.model(record)
        except RegistryError as error:
            return None, t(locale, "models.unusable", name=name, reason=str(error))
        since, until = format_day(record.since, locale), format_day(record.until, locale)
        return model, t(locale, "models.stands_behind", model=record.title, since=since, until=until)
