"""Rules over a whole table at once, and over one object at a time: the same meaning as evaluate.py, compiled."""
