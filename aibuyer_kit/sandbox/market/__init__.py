"""A market with known truth: every figure is a function of the settings made so far and of the virtual time."""

from aibuyer_kit.sandbox.market.engine import Market

__all__ = ["Market"]
