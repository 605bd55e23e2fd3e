"""Models kept and found: their files, what they were learnt from, and which of them is in force; MLflow behind it."""
