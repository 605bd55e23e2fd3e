"""The wheel is the whole product: it works where no checkout is."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import aibuyer_kit

ROOT = Path(__file__).parent.parent
OUTER_FOLDERS = ("notebooks", "dashboards", "reports", "rules")
NOT_CONTENT = {".ipynb_checkpoints", "__pycache__"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin folder of an environment that holds the wheel, and sees our dependencies without a download."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    site_packages = next((home / "lib").glob("python3.*")) / "site-packages"
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return home / "bin"


def run(program: Path, *arguments: str, folder: Path) -> str:
    """Run an installed program in `folder` as a user's machine would, and return what it prints."""
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),  # templates that a full install has of its own
    }
    done = subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_outer_folders_ship_whole(wheel: Path) -> None:
    """What `aibuyer init` copies for a buyer to edit is in the wheel, byte for byte."""
    expected = {
        f"aibuyer_kit/_content/{path.relative_to(ROOT).as_posix()}": path.read_bytes()
        for folder in OUTER_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not NOT_CONTENT & set(path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if "/_content/" in name}

    assert {name.split("/")[2] for name in expected} == set(OUTER_FOLDERS)
    assert {name: shipped.get(name) for name in expected} == expected


def test_every_file_of_the_package_ships(wheel: Path) -> None:
    """SQL, locales, styles, templates and the typing marker are there beside the modules."""
    package = ROOT / "aibuyer_kit"
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and not NOT_CONTENT & set(path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())

    assert expected - shipped == set()
    assert not {name for name in shipped if name.startswith(("tests/", "scripts/", "benchmarks/"))}


def test_the_installed_package_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Otherwise the next two tests would prove nothing."""
    place = run(installed / "python", "-c", "import aibuyer_kit; print(aibuyer_kit.__file__)", folder=tmp_path)
    assert Path(place.strip()).is_relative_to(installed.parent)


def test_the_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    """The entry point works, and the version is the package's."""
    assert aibuyer_kit.__version__ in run(installed / "aibuyer", "--version", folder=tmp_path)


def test_the_installed_command_runs_the_demo_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """From a practice account to a report, with nothing but the wheel."""
    printed = run(installed / "aibuyer", "demo", folder=tmp_path)

    reports = [Path(word) for word in printed.split() if word.endswith(".html")]
    assert reports
    assert all("<html" in (tmp_path / report).read_text(encoding="utf-8").lower() for report in reports)
