"""The practice ad platform: a market whose truth is known, behind a server that the official SDK talks to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aibuyer_kit.sandbox.market.engine import Market

__all__ = ["Market"]


def __getattr__(name: str) -> object:
    """Load `Market` when it is first asked for."""
    if name == "Market":
        from aibuyer_kit.sandbox.market.engine import Market

        return Market
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
