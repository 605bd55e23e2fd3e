"""Processes that are killed with kill -9 on purpose, forked in no time from a parent that has imported everything.

The parent opens no database and starts no thread, so that each child begins like a fresh process.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

ROOT = str(Path(__file__).parents[1])
_PARENT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tests.killing import serve; serve(sys.argv[1:])"


@dataclass(frozen=True)
class End:
    """How a child ended: killed, or with a result; how long it lived, how many of the lines in question it ran."""

    killed: bool
    result: Any
    seconds: float
    lines: int


class Nursery:
    """Runs functions of `modules` in children; what one child has had to import, the next finds imported."""

    def __init__(self, *modules: str) -> None:
        command = [sys.executable, "-W", "ignore", "-c", _PARENT, ROOT, *modules]
        self._parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, call: Callable[..., object], *arguments: object, **how: object) -> End:
        """Run a call to its end or its death; see `begin`."""
        self.begin(call, *arguments, **how)
        return self.end()

    def begin(
        self,
        call: Callable[..., object],
        *arguments: object,
        at_line: int | None = None,
        inside: str = "aibuyer_kit/warehouse/",
        after_seconds: float | None = None,
    ) -> None:
        """Begin a call that is killed before the n-th line that it runs `inside`, or after a time, whichever is told.

        A line of 0 is never reached: the lines are counted. Arguments must be plain enough for JSON.
        """
        job = {
            "call": [call.__module__, call.__name__],
            "arguments": [str(each) if isinstance(each, Path) else each for each in arguments],
            "at_line": at_line,
            "inside": inside,
            "after_seconds": after_seconds,
        }
        assert self._parent.stdin
        print(json.dumps(job), file=self._parent.stdin, flush=True)

    def has_ended(self) -> bool:
        """Whether the call that was begun has come to its end; `end` then returns at once."""
        return bool(select.select([self._parent.stdout], [], [], 0)[0])

    def end(self) -> End:
        """Wait for the call that was begun. An error of the child is raised here, with its traceback."""
        assert self._parent.stdout
        said = json.loads(self._parent.stdout.readline())
        assert "error" not in said, said["error"]
        return End(**said)

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._parent:
            assert self._parent.stdin
            self._parent.stdin.close()


def serve(modules: list[str]) -> None:
    """Run one child for each line of standard input and answer with a line on standard output."""
    for line in sys.stdin:
        for module in modules:
            with contextlib.suppress(ImportError):  # some are made while they run
                importlib.import_module(module)
        assert threading.active_count() == 1
        end = _end(json.loads(line))
        modules = end.pop("modules", [])
        sys.stdout.write(json.dumps(end) + "\n")
        sys.stdout.flush()


def _end(job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reading)
        _live(job, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as last_words:
        # The pipe closes when the child is gone, however that came.
        if job["after_seconds"] and not select.select([last_words], [], [], job["after_seconds"])[0]:
            os.kill(child, signal.SIGKILL)
        said = last_words.read()
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True, "result": None, "seconds": seconds, "lines": 0}
    if os.waitstatus_to_exitcode(status):
        return {"error": said.decode() or f"the child ended with {os.waitstatus_to_exitcode(status)}"}
    return {"killed": False, "seconds": seconds, **json.loads(said)}


def _live(job: dict[str, Any], writing: int) -> None:
    """Be the child; never returns."""
    try:
        counter = _Lines(job["inside"], job["at_line"])
        module, name = job["call"]
        call = getattr(sys.modules[module], name)
        if job["at_line"] is not None:
            sys.settrace(counter.calls)
        result = call(*job["arguments"])
        sys.settrace(None)
        _say(writing, json.dumps({"result": result, "lines": counter.seen, "modules": [*sys.modules]}))
    except BaseException:  # noqa: BLE001 - whatever it is, it is told to the parent
        sys.settrace(None)
        _say(writing, traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _say(writing: int, text: str) -> None:
    with os.fdopen(writing, "wb") as report:
        report.write(text.encode())


class _Lines:
    """Counts the lines that run in files whose path holds `inside`, and kills its process before one of them."""

    def __init__(self, inside: str, last: int | None) -> None:
        self._inside, self._last = inside, last
        self.seen = 0

    def calls(self, frame: FrameType, *_: object) -> Any:
        return self._line if self._inside in frame.f_code.co_filename.replace(os.sep, "/") else None

    def _line(self, _: FrameType, event: str, *__: object) -> Any:
        if event == "line":
            self.seen += 1
            if self.seen == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line
