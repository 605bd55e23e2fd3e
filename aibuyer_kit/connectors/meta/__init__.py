"""Meta (Facebook and Instagram ads): `classify` judges answers, `MetaConnector` reads one ad account."""

from typing import TYPE_CHECKING

from aibuyer_kit.connectors.meta.classify import classify

if TYPE_CHECKING:
    from aibuyer_kit.connectors.meta.credentials import MetaCredentials
    from aibuyer_kit.connectors.meta.streams import API_VERSION, META_GRAPH_URL, AccountTotals, MetaConnector

__all__ = ["API_VERSION", "META_GRAPH_URL", "AccountTotals", "MetaConnector", "MetaCredentials", "classify"]


def __getattr__(name: str) -> object:
    """Load what needs the SDK and Arrow when it is first asked for."""
    if name == "MetaCredentials":
        from aibuyer_kit.connectors.meta.credentials import MetaCredentials

        return MetaCredentials
    if name in __all__:
        from aibuyer_kit.connectors.meta import streams

        return getattr(streams, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
