"""What several commands are tested with: a workspace of one client, in which they run."""

import os
import subprocess
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.aibuyer import Run, aibuyer


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a workspace with one client, its key in a file of this test's own."""
    add_client(init_workspace(tmp_path / "workspace"), "shop", ClientFile(name="Sample"))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AIBUYER_")}
    own = {"AIBUYER_KEY_FILE": str(tmp_path / "key")}

    def run(*arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return aibuyer(*arguments, cwd=tmp_path, env=clean | own | env, stdin=stdin)

    return run
