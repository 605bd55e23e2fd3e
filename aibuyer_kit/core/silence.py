"""Compiled libraries that print by themselves, past Python's `sys.stdout`."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def silence() -> Iterator[None]:
    """Send what is written to the process's own standard output nowhere; where there is none, do nothing.

    It is for the whole process: keep what is within short.
    """
    with _ONE_AT_A_TIME:
        sys.stdout.flush()
        try:
            kept = os.dup(1)
        except OSError:
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nowhere)
