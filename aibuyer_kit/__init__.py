"""Analytics and decision support for people who buy advertising.

The way of the data: connectors.fetch → warehouse.load → warehouse.read → workflows → notebooks, dashboards, reports.

>>> import aibuyer_kit as ab
>>> shop = ab.load_example().client("sample-shop")      # offline; yours: ab.open_workspace().client("acme")
>>> shop.overview(days=28)                               # doctest: +SKIP
>>> shop.insights(level="campaign", days=28)             # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aibuyer_kit.core.errors import AibuyerError
    from aibuyer_kit.core.metrics import METRICS
    from aibuyer_kit.workspace import Client, Workspace, load_example, open_or_example, open_workspace

__version__ = "0.1.0"

# Names come from their modules at first use: `import aibuyer_kit` itself loads nothing heavy.
_HOMES = {
    "AibuyerError": "aibuyer_kit.core.errors",
    "METRICS": "aibuyer_kit.core.metrics",
    "Client": "aibuyer_kit.workspace",
    "Workspace": "aibuyer_kit.workspace",
    "load_example": "aibuyer_kit.workspace",
    "open_or_example": "aibuyer_kit.workspace",
    "open_workspace": "aibuyer_kit.workspace",
}

__all__ = [
    "METRICS",
    "AibuyerError",
    "Client",
    "Workspace",
    "__version__",
    "load_example",
    "open_or_example",
    "open_workspace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'aibuyer_kit' has no attribute {name!r}; it has: {', '.join(sorted(_HOMES))}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
