"""Checks that stand between a decision and a platform, over a frozen picture of facts: see README.md."""
