"""Commands on a disk that is full or read-only: one line that says what, where and how to mend it, and nothing half."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing import Nursery
from tests.warehouse.hurt_loads import command_as_nobody, command_with_largest_file

ROWS = "Day,Campaign name,Amount spent (EUR),Impressions\n" + "".join(
    f"2026-03-{day:02d},Sample spring,{day}.50,{1000 + day}\n" for day in range(1, 29)
)
COMMANDS = {
    "import": ["import", "{top}/export.csv", "--workspace", "{top}/ws"],
    "csv": ["insights", "--since", "2026-03-01", "--until", "2026-03-28", "--csv", "{out}/rows.csv", "-w", "{top}/ws"],
    "xlsx": [
        "insights",
        "--since",
        "2026-03-01",
        "--until",
        "2026-03-28",
        "--xlsx",
        "{out}/rows.xlsx",
        "-w",
        "{top}/ws",
    ],
    "report": ["report", "run", "account_overview", "--out", "{out}", "-w", "{top}/ws"],
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    # Another user may have no way to where Python lies: what the commands need is loaded before.
    with Nursery("tests.warehouse.hurt_loads", "openpyxl", "pyarrow.compute") as running:
        yield running


@pytest.fixture
def top(nursery: Nursery) -> Iterator[Path]:
    """A workspace with one imported client, a folder to write to, and a file to import, open to other users too."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "out").mkdir()
    (folder / "export.csv").write_text(ROWS, encoding="utf-8")
    run(nursery, "init", str(folder / "ws"))
    run(nursery, "client", "add", "shop", "--name", "Sample shop", "--workspace", str(folder / "ws"))
    run(nursery, *filled("import", folder))
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


def run(nursery: Nursery, *arguments: str, most_bytes: int = 1 << 40) -> str:
    """Run a command and return its error; '' if there was none."""
    code, said = nursery.run(command_with_largest_file, most_bytes, *arguments).result
    assert bool(code) == ("error:" in said), said
    assert "Traceback" not in said, said
    return said if code else ""


def filled(name: str, top: Path) -> list[str]:
    return [part.format(top=top, out=top / "out") for part in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_line_with_its_cure(nursery: Nursery, top: Path, name: str) -> None:
    """No file may hold a byte."""
    error = run(nursery, *filled(name, top), most_bytes=0)
    assert str(top) in error
    assert "space" in error
    assert [*(top / "out").iterdir()] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_folder_is_one_line_with_its_cure(nursery: Nursery, top: Path, name: str) -> None:
    """As a user whom mode bits hold."""
    for path in [top, *top.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    code, said = nursery.run(command_as_nobody, *filled(name, top)).result
    assert code
    assert "Traceback" not in said
    assert str(top) in said
    assert "check" in said.lower()
