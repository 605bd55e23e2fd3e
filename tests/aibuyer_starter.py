"""The interpreter that forks for each command of tests/aibuyer.py."""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import sys
import threading
import traceback
from typing import Any

import typer

import aibuyer_kit.workflows
from aibuyer_kit.cli import app, main

# What most commands import, so that it is there when one is forked; none of it starts a thread that they need.
BEFOREHAND = ("cryptography.fernet", "pydantic_settings", "requests", "sqlalchemy.dialects.sqlite", "typer._adapters")


def serve(asking: socket.socket) -> None:
    """Answer each command with its exit code, until the one who asks is gone."""
    while True:
        called, files, *_ = socket.recv_fds(asking, 1, 4)
        if not called:
            return
        if not (child := os.fork()):
            asking.close()
            asked, *streams = files
            with os.fdopen(asked, "rb") as told:
                become(json.load(told), streams)
            end(code_of_main())
        for each in files:
            os.close(each)
        asking.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def become(asked: dict[str, Any], streams: list[int]) -> None:
    for at, each in enumerate(streams):
        os.dup2(each, at)
        os.close(each)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["aibuyer", *asked["arguments"]]


def code_of_main() -> int:
    """Run the command, and return what the interpreter would exit with."""
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
        return 1
    return 0


def end(code: int) -> None:
    """End as an interpreter does, but for taking apart what was imported, which DuckDB has much to say about."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for name in BEFOREHAND:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(aibuyer_kit.workflows.__path__):
        importlib.import_module(f"aibuyer_kit.workflows.{module.name}")
    typer.main.get_command(app)
    gc.freeze()  # else every command copies what it shares
    serve(socket.socket(fileno=int(sys.argv[1])))
    end(0)
