"""The commands that start the servers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.dashboards.serve import ServerCommand, lab_command, panel_command, voila_command


def workspace(folder: Path) -> Path:
    (folder / "dashboards").mkdir()
    for name in ("explorer.py", "_draft.py", "overview.ipynb"):
        (folder / "dashboards" / name).write_text("", encoding="utf-8")
    return folder


def test_servers_listen_on_this_machine_alone(tmp_path: Path) -> None:
    """Nobody else on the network sees a client's figures."""
    folder = workspace(tmp_path)
    assert "--address=127.0.0.1" in panel_command(folder, port=5123).arguments
    assert "--port=5123" in panel_command(folder, port=5123).arguments
    assert "--Voila.ip=127.0.0.1" in voila_command(folder, port=5124).arguments
    assert "--ip=127.0.0.1" in lab_command(folder, port=5125).arguments


def test_the_workspaces_own_copies_are_served(tmp_path: Path) -> None:
    """What a buyer has edited is what is shown; a file that begins with _ is not."""
    folder = workspace(tmp_path)
    served = [Path(argument).name for argument in panel_command(folder).arguments if argument.endswith(".py")]
    assert served == ["explorer.py"]
    assert str(folder / "dashboards" / "overview.ipynb") in voila_command(folder).arguments
    assert panel_command(folder).url == "http://127.0.0.1:5006/explorer"


def test_workspace_and_client_go_by_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app and the notebook are the same for every client."""
    monkeypatch.setenv("AIBUYER_CLIENT", "left-over")
    folder = workspace(tmp_path)
    named, every = panel_command(folder, "acme").variables, panel_command(folder).variables
    assert (named["AIBUYER_WORKSPACE"], named["AIBUYER_CLIENT"]) == (str(folder), "acme")
    assert every["AIBUYER_CLIENT"] == ""


def test_servers_run_on_this_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment need not be active, and kernels of others come after ours."""
    monkeypatch.setenv("JUPYTER_PATH", "theirs")
    command = voila_command(workspace(tmp_path))
    ours, theirs = command.variables["JUPYTER_PATH"].split(os.pathsep)

    assert command.arguments[0] == sys.executable
    assert (Path(ours) / "kernels" / "python3" / "kernel.json").is_file()
    assert theirs == "theirs"


def test_a_folder_without_dashboards_is_told(tmp_path: Path) -> None:
    """The error says what is missing and where."""
    (tmp_path / "dashboards").mkdir()
    with pytest.raises(NotFoundError, match=r"no Panel app in .*dashboards"):
        panel_command(tmp_path)
    with pytest.raises(NotFoundError, match=r"no dashboard .*overview\.ipynb"):
        voila_command(tmp_path)


def test_a_command_gives_its_variables_on_top_of_ours_and_its_exit_code() -> None:
    """What the caller's environment has, the server has too."""
    code = "import os, sys; sys.exit(7 if os.environ['ADDED'] == 'yes' and 'PATH' in os.environ else 1)"
    assert ServerCommand((sys.executable, "-c", code), {"ADDED": "yes"}).run() == 7


def test_a_server_ends_with_the_command_that_runs_it() -> None:
    """Ending `aibuyer dashboards` leaves no server behind: the pipe that both hold is closed."""
    child = "import time; print('up', flush=True); time.sleep(60)"
    code = (
        "import sys; from aibuyer_kit.dashboards.serve import ServerCommand;"
        f"sys.exit(ServerCommand((sys.executable, '-c', {child!r})).run())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"up\n"
        command.terminate()
        assert command.stdout.read() == b""
        assert command.wait(timeout=20) != 0
