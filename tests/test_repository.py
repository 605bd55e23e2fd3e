"""The repository's own promises: environments agree, locks are whole, and nothing of one machine is written down."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NAMED_BY_USERS = {
    "jupyterlab",
    "voila",
    "ipywidgets",
    "panel",
    "duckdb",
    "pandas",
    "facebook-business",
    "prophet",
    "lightgbm",
    "shap",
    "optuna",
    "papermill",
}
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "facebook-business": "facebook_business",
    "matplotlib": "matplotlib-base",
    "tzdata": "python-tzdata",
}
# Parts of what is named, which could not do without them.
COME_ALONG = {
    "IPython": "ipykernel",
    "jupyter_client": "nbclient",
    "pydantic_core": "pydantic",
    "traitlets": "nbclient",
    "zmq": "ipykernel",
}
# Each pattern is written so that it does not find itself.
NOT_IN_THE_PROJECT = re.compile(
    r"py[p]i\.org|python[h]osted|npm[j]s\.|deb\.[d]ebian|/(?:work|farm|root|home/\w+|Users/\w+)/|\b(?:TO[D]O|FIX[M]E)\b"
)
GENERATED = {".venv", ".git", "__pycache__", ".ipynb_checkpoints", ".hypothesis", "build", "dist", "workspace"}


def requirements(lines: list[str]) -> dict[str, SpecifierSet]:
    parsed = map(Requirement, lines)
    return {canonicalize_name(each.name): each.specifier for each in parsed}


def conda_requirements() -> dict[str, SpecifierSet]:
    """Return the ranges of environment.yml by conda-forge's own names."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    parts = (re.fullmatch(r"([\w-]+)(.*)", line) for line in lines if isinstance(line, str))
    return {part[1]: SpecifierSet(part[2]) for part in parts if part}


def pins(lock: str) -> dict[tuple[str, str], list[str]]:
    """Return the hashes of a lock by package and pin, such as ('duckdb', '==2.0.0')."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = (entry.split(maxsplit=1) for entry in re.split(r"\n(?=\w)", text))
    named = ((re.fullmatch(r"([\w.-]+)(==\S+)", pin), rest) for pin, rest in entries)
    return {(match[1], match[2]): re.findall(r"--hash=(\S+)", rest) for match, rest in named if match}


def project_files() -> list[Path]:
    """Return the files that git tracks or would track; without git all but what tools make."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, capture_output=True, check=True).stdout.decode().rstrip("\0").split("\0")
        return [path for name in names if (path := ROOT / name).is_file()]
    inside = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in inside if not any(_is_generated(part) for part in path.relative_to(ROOT).parts)]


def _is_generated(part: str) -> bool:
    return part in GENERATED or part.endswith(("_cache", ".egg-info"))


def test_the_twelve_packages_named_by_users_are_core_dependencies() -> None:
    """Nobody needs an extra for what was asked for by name."""
    assert NAMED_BY_USERS - set(requirements(PROJECT["project"]["dependencies"])) == set()


def test_every_package_that_is_imported_is_a_dependency_by_name() -> None:
    """What only comes along with another package could go with its next release."""
    named = set(requirements(PROJECT["project"]["dependencies"]))
    named.update(*(requirements(lines) for lines in PROJECT["project"]["optional-dependencies"].values()))
    come_from = packages_distributions()
    unnamed = {
        module
        for path in (ROOT / "aibuyer_kit").rglob("*.py")
        for module in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if module not in sys.stdlib_module_names | {"aibuyer_kit"}
        if not {canonicalize_name(name) for name in come_from[module]} & named and COME_ALONG.get(module) not in named
    }
    assert unnamed == set()


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level names of the modules that a file imports from outside of its own package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_conda_environment_has_the_ranges_of_pyproject() -> None:
    """environment.yml lists every core dependency, under conda-forge's name, with the same range."""
    expected = requirements(PROJECT["project"]["dependencies"])
    listed = conda_requirements()
    python = listed.pop("python")
    listed.pop("pip")

    assert listed == {CONDA_NAMES.get(name, name): range_ for name, range_ in expected.items()}
    classifiers = (each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if ":: Python :: 3." in each)
    assert all(python.contains(version) for version in classifiers)


@pytest.mark.parametrize("lock", ["core.txt", "dev.txt"])
def test_a_lock_holds_no_address(lock: str) -> None:
    """Locks work behind any package index, so they name none."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|^\s*-(?!-hash=).*", text, flags=re.MULTILINE) == []


@pytest.mark.parametrize("lock", ["core.txt", "dev.txt"])
def test_every_pin_of_a_lock_has_hashes(lock: str) -> None:
    """A package that was changed after it was locked does not install."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    locked = pins(lock)

    assert len(locked) == len(re.findall(r"^\w", text, flags=re.MULTILINE))
    assert {pin: hashes for pin, hashes in locked.items() if not _all_sha256(hashes)} == {}


def _all_sha256(hashes: list[str]) -> bool:
    return bool(hashes) and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)


@pytest.mark.parametrize(
    ("lock", "declared"),
    [
        ("core.txt", PROJECT["project"]["dependencies"]),
        ("dev.txt", [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]),
    ],
)
def test_a_lock_covers_every_declared_dependency(lock: str, declared: list[str]) -> None:
    """Each declared range has at least one pin, and no pin lies outside of it: else `make lock` was forgotten."""
    locked: dict[str, list[str]] = {}
    for name, pin in pins(lock):
        locked.setdefault(canonicalize_name(name), []).append(pin.removeprefix("=="))

    ranges = requirements(declared)
    assert set(ranges) - set(locked) == set()
    assert [(name, pin) for name in ranges for pin in locked[name] if not ranges[name].contains(pin)] == []


def test_users_and_developers_get_the_same_pins() -> None:
    """The development lock holds the core lock and adds to it."""
    assert set(pins("core.txt")) - set(pins("dev.txt")) == set()


def test_nothing_of_one_machine_is_written_down() -> None:
    """No registry host, path of a machine or note to self is in a file of the project."""
    found = {str(path.relative_to(ROOT)): lines for path in project_files() if (lines := out_of_place(path))}
    assert found == {}


def out_of_place(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()
    return [f"{number}: {line[:100]}" for number, line in enumerate(lines, 1) if NOT_IN_THE_PROJECT.search(line)]
