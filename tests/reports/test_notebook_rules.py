"""Every notebook that comes with the package keeps the rules of notebooks, and runs."""

import ast
import shutil
from pathlib import Path

import nbformat
import pytest

from aibuyer_kit.reports.runner import run_report, template_parameters
from aibuyer_kit.settings.content import content_folder

NOTEBOOKS = sorted(
    path for name in ("notebooks", "reports", "dashboards") for path in content_folder(name).rglob("*.ipynb")
)
SHOWN_WITH = {"aibuyer_kit", "IPython", "bokeh", "ipywidgets", "matplotlib", "panel", "tqdm"}
MAX_CELLS, MAX_LINES = 25, 15
WRITE = {"05_explain_and_tune"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "") -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if kind in ("", cell.cell_type)]


def test_there_are_notebooks_to_check() -> None:
    """An empty list would pass everything below."""
    explored = {"01_connect", "02_rules", "03_forecast", "04_response_and_plan", "05_explain_and_tune"}
    assert explored | {"account_overview", "overview"} <= {path.stem for path in NOTEBOOKS}


@each_notebook
def test_a_notebook_is_short(path: Path) -> None:
    """What grows longer moves into the package."""
    assert len(cells(path)) <= MAX_CELLS
    assert [cell.id for cell in cells(path, "code") if len(cell.source.splitlines()) > MAX_LINES] == []


@each_notebook
def test_a_notebook_holds_no_outputs(path: Path) -> None:
    """Figures of one machine do not belong into the repository."""
    assert [cell.id for cell in cells(path, "code") if cell.outputs or cell.execution_count is not None] == []


@each_notebook
def test_a_notebook_defines_nothing_and_speaks_no_sql(path: Path) -> None:
    """Functions, classes and SQL live in the package, where they are tested."""
    nodes = [node for cell in cells(path, "code") for node in ast.walk(ast.parse(cell.source))]
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    texts = [node.value.casefold() for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert [node for node in nodes if isinstance(node, defined)] == []
    assert [text for text in texts if "select " in text and " from " in text] == []


@each_notebook
def test_a_notebook_imports_the_package_and_what_shows_things(path: Path) -> None:
    """A notebook that needs more has work that belongs into the package."""
    nodes = [node for cell in cells(path, "code") for node in ast.walk(ast.parse(cell.source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - SHOWN_WITH == set()


@each_notebook
def test_a_notebook_begins_with_its_question_and_its_parameters(path: Path) -> None:
    """A reader sees first what it answers, and what can be changed."""
    first, second = cells(path)[:2]
    assert first.cell_type == "markdown"
    assert "?" in first.source
    assert second.metadata.get("tags") == ["parameters"]
    assert len(template_parameters(path)) == len(second.source.strip().splitlines())


@each_notebook
def test_a_notebook_runs_offline_as_it_is(path: Path, tmp_path: Path, example_workspace: Path) -> None:
    """Through the same runner that users have, with its own defaults; what writes models gets a copy of the account."""
    own: dict[str, str] = {}
    if path.stem in WRITE:
        own["workspace"] = str(shutil.copytree(example_workspace, tmp_path / "workspace"))
    run = run_report(path, own, tmp_path)
    errors = [
        output for cell in cells(run.notebook, "code") for output in cell.outputs if output.output_type == "error"
    ]
    assert errors == []
