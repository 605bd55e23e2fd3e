"""Starting the servers of dashboards on this machine's own address; what they show goes by environment variables."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.dashboards.known_hosts import HOSTS_VARIABLE
from aibuyer_kit.settings.content import WORKSPACE_FILE, content_folder
from aibuyer_kit.settings.workspace_settings import read_settings
from aibuyer_kit.workspace import CLIENT_VARIABLE, WORKSPACE_VARIABLE

ADDRESS = "127.0.0.1"
# Widgets need these two; others may miss modules that Voila's shell does not have.
_VOILA_EXTENSIONS = ("@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager")
_IDLE_SECONDS = 900
_NO_OTHER_PORT = "--ServerApp.port_retries=0"


@dataclass(frozen=True)
class ServerCommand:
    """A server to start: its arguments, the variables it gets on top of this process's own, and its first page."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server and return its process at once."""
        # The arguments are built here from paths and numbers, and no shell reads them.
        return subprocess.Popen(self.arguments, env={**os.environ, **self.variables})  # noqa: S603

    def run(self) -> int:
        """Run the server until it ends, or until this process is interrupted or told to end; return its exit code.

        A server that a signal ended has 128 and the signal's number, as in a shell; an interrupt by a person is 130.
        """
        process = self.start()
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            process.terminate()
            process.wait(timeout=10)
            return 128 + signal.SIGINT
        finally:
            signal.signal(signal.SIGTERM, before)


def panel_command(workspace: Path, client: str | None = None, port: int = 5006) -> ServerCommand:
    """Return the command that serves the workspace's Panel apps; with `client`, only that client can be chosen.

    Raises NotFoundError if there is no app.
    """
    apps = sorted(_folder(workspace).glob("[!_]*.py"))
    if not apps:
        raise NotFoundError(f"There is no Panel app in {_folder(workspace)}. Put one there, such as explorer.py.")
    hosts = _hosts(workspace)
    origins = (f"--allow-websocket-origin={host}" for host in (f"{ADDRESS}:{port}", f"localhost:{port}", *hosts))
    arguments = _python("panel", "serve", *map(str, apps), f"--address={ADDRESS}", f"--port={port}", *origins)
    # Scripts and styles come from this server, whatever the user's own settings of Bokeh say.
    variables = {**_handed_over(workspace, client), "BOKEH_RESOURCES": "server"}
    guard = files("aibuyer_kit.dashboards") / "known_hosts.py"
    variables |= {"BOKEH_AUTH_MODULE": str(guard), HOSTS_VARIABLE: ",".join(hosts)}
    return ServerCommand(arguments, variables, f"http://{ADDRESS}:{port}/{apps[0].stem if len(apps) == 1 else ''}")


def voila_command(
    workspace: Path, client: str | None = None, port: int = 8866, *, notebook: str = "overview.ipynb"
) -> ServerCommand:
    """Return the command that serves a client's page with Voila, on this interpreter's kernel and our own template.

    Raises NotFoundError if there is no such notebook.
    """
    path = _folder(workspace) / notebook
    if not path.is_file():
        raise NotFoundError(f"There is no dashboard {path}.")
    arguments = _python("voila", str(path), "--no-browser", f"--port={port}", *_voila_settings(_hosts(workspace)))
    return ServerCommand(arguments, _handed_over(workspace, client) | _our_jupyter(), f"http://{ADDRESS}:{port}/")


def lab_command(workspace: Path, port: int = 8888) -> ServerCommand:
    """Return the command that opens JupyterLab in the workspace, on this interpreter's kernel."""
    folder = workspace.resolve()
    arguments = _python(
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--ip={ADDRESS}",
        f"--port={port}",
        _NO_OTHER_PORT,
        # In a container everybody is root, and Jupyter would only say how to be let in.
        *(("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    )
    return ServerCommand(arguments, _handed_over(folder, None) | _our_jupyter(), f"http://{ADDRESS}:{port}/lab")


def serve_panel(workspace: Path, client: str | None, port: int) -> int:
    """Serve the Panel apps until interrupted; return the server's exit code. Raises InputError if the port is taken."""
    return _run(panel_command(workspace, client, port), port)


def serve_voila(workspace: Path, client: str | None, port: int) -> int:
    """Serve a client's Voila page until interrupted, in the same way."""
    return _run(voila_command(workspace, client, port), port)


def serve_lab(workspace: Path, port: int) -> int:
    """Serve JupyterLab until interrupted, in the same way."""
    return _run(lab_command(workspace, port), port)


def _run(command: ServerCommand, port: int) -> int:
    # Told here, because each server says it in its own way among much else.
    try:
        socket.create_server((ADDRESS, port)).close()
    except OSError as error:
        raise InputError(
            f"The port {port} of {ADDRESS} cannot be used ({os.strerror(error.errno or 0)})."
            " Another server may be running there: end it, or choose another port with --port."
        ) from None
    return command.run()


def _hosts(workspace: Path) -> list[str]:
    """Return the further names of this server; a folder without settings has none."""
    return read_settings(workspace).dashboards.hosts if (workspace / WORKSPACE_FILE).is_file() else []


def _voila_settings(hosts: Sequence[str]) -> Sequence[str]:
    # Voila answers to any host unless it is told; Jupyter's own check knows this machine's addresses. The request by
    # which a closed page ends its kernel carries no token against forged ones; the kernel's random id is one.
    tornado = {"allow_remote_access": False, "local_hostnames": ["localhost", *hosts], "disable_check_xsrf": True}
    return (
        f"--Voila.tornado_settings={tornado}",
        f"--Voila.ip={ADDRESS}",
        "--Voila.port_retries=0",
        # A port that looks free can be taken before the kernel has it; then the page would wait for ever.
        *(("--KernelManager.transport=ipc",) if os.name == "posix" else ()),
        "--template=aibuyer",
        "--VoilaConfiguration.allow_template_override=NO",
        "--VoilaConfiguration.allow_theme_override=NO",
        *(f"--VoilaConfiguration.extension_allowlist={name}" for name in _VOILA_EXTENSIONS),
        "--TagRemovePreprocessor.enabled=True",
        "--TagRemovePreprocessor.remove_cell_tags=notebook-only",
        # A page that was left without a word must not keep its kernel for ever.
        f"--MappingKernelManager.cull_idle_timeout={_IDLE_SECONDS}",
        "--MappingKernelManager.cull_interval=60",
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    # -P leaves the working folder out of the import path: a stray file there replaces no module.
    return (sys.executable, "-P", "-m", module, *arguments)


def _folder(workspace: Path) -> Path:
    own = workspace.resolve() / "dashboards"
    return own if own.is_dir() else content_folder("dashboards")


def _handed_over(workspace: Path, client: str | None) -> dict[str, str]:
    return {WORKSPACE_VARIABLE: str(workspace.resolve()), CLIENT_VARIABLE: client or ""}


def _our_jupyter() -> dict[str, str]:
    # Jupyter looks here first: for the kernel of this interpreter, and for the template that asks no other host.
    ours = str(files("aibuyer_kit.dashboards") / "jupyter")
    return {"JUPYTER_PATH": os.pathsep.join(filter(None, (ours, os.environ.get("JUPYTER_PATH"))))}
