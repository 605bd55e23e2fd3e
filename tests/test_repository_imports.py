"""`import aibuyer_kit` is small and quick; what it offers is complete."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import aibuyer_kit

HEAVY = {
    "alembic",
    "bokeh",
    "duckdb",
    "facebook_business",
    "httpx",
    "lightgbm",
    "matplotlib",
    "numpy",
    "pandas",
    "panel",
    "papermill",
    "prophet",
    "pyarrow",
    "pydantic",
    "requests",
    "shap",
    "sqlalchemy",
    "tornado",
    "typer",
}


def top_level_modules_after(code: str) -> set[str]:
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    """A terminal command or a script that needs one small part does not pay for all the others."""
    assert top_level_modules_after("import aibuyer_kit") & HEAVY == set()


def test_looking_around_loads_nothing_heavy() -> None:
    """Completion in a notebook asks for dir() at every key."""
    assert top_level_modules_after("import aibuyer_kit; dir(aibuyer_kit)") & HEAVY == set()


def test_the_exported_names_are_few_and_all_there() -> None:
    """At most 40 names; each can be imported, dir() lists it, and a star import gets it."""
    names = aibuyer_kit.__all__
    missing = [name for name in names if not hasattr(aibuyer_kit, name)]

    assert missing == []
    assert len(names) == len(set(names)) <= 40
    assert set(names) <= set(dir(aibuyer_kit))


def test_the_names_that_type_checkers_see_are_the_exported_names() -> None:
    """Exported but not declared, a name would be Any in an editor; declared but not exported, it would not exist."""
    tree = ast.parse(Path(aibuyer_kit.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.asname or alias.name
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported | {"__version__"} == set(aibuyer_kit.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """hasattr(), pickling and completion rely on it."""
    assert not hasattr(aibuyer_kit, "no_such_name")
