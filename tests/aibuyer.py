"""`aibuyer` as a process of its own, which need not import what each command imports.

An interpreter that has imported it waits for commands and forks for each. What is about the start of an interpreter
(what it imports, how it is interrupted) is tested on one that starts.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]


def aibuyer(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with a whole environment (this process's unless said), and return what it says."""
    asked = {"arguments": arguments, "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env)}
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(4)]
        for file, text in zip(files, (json.dumps(asked), stdin), strict=False):
            file.write(text.encode())
            file.seek(0)
        code = _starter().run([each.fileno() for each in files])
        told = []
        for each in files[2:]:
            each.seek(0)
            told.append(each.read().decode())
    return subprocess.CompletedProcess(["aibuyer", *arguments], code, *told)


class _Starter:
    """The interpreter that waits; it ends with this process."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            command = [sys.executable, "-P", str(Path(__file__).with_name("aibuyer_starter.py")), str(its.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)

    def run(self, files: list[int]) -> int:
        """Run what the first file tells, with the others as stdin, stdout and stderr; return its exit code."""
        socket.send_fds(self._socket, [b"!"], files)
        answer = self._socket.recv(64)
        assert answer, f"the interpreter that starts commands ended: {self._process.wait()}"
        return int(answer)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _starter() -> _Starter:
    made = _Starter()
    atexit.register(made.close)
    return made
