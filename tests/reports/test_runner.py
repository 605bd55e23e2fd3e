"""The strict runner: parameters first, whole files or none, and the partial notebook where a cell fails."""

import json
import sys
from pathlib import Path

import nbformat
import pytest

from aibuyer_kit.core.errors import NotFoundError, ParameterError, ReportError
from aibuyer_kit.reports.runner import run_report, template_parameters

from .notebooks import template

PARAMETERS = "count: int = 2  # how many\nwho: str = 'world'  # whom to greet"


def texts(notebook: Path) -> str:
    """Return everything that the cells of a notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", ()))


def test_a_report_runs_with_its_parameters_and_is_published(tmp_path: Path) -> None:
    """The executed notebook and its page appear together."""
    source = template(tmp_path, PARAMETERS, "print('hello ' + who * count)")
    run = run_report(source, {"count": "3", "who": "sun "}, tmp_path / "out")

    assert texts(run.notebook) == "hello sun sun sun \n"
    assert "hello sun sun sun" in run.page.read_text(encoding="utf-8")
    assert run.parameters == {"count": 3, "who": "sun "}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["sample.html", "sample.ipynb"]


def test_the_kernel_is_this_very_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel called python3 that another environment has installed is not asked, nor the PATH, nor stray files."""
    spec = {"argv": ["false"], "display_name": "Other", "language": "python"}
    kernel = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps(spec), encoding="utf-8")
    stray = tmp_path / "work"
    stray.mkdir()
    (stray / "ipykernel_launcher.py").write_text("raise SystemExit(1)", encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(stray)

    source = template(tmp_path, PARAMETERS, "import sys\nprint(sys.executable)")
    assert texts(run_report(source, {}, tmp_path / "out").notebook).strip() == sys.executable


def test_a_failed_cell_is_named_and_the_partial_notebook_is_kept(tmp_path: Path) -> None:
    """What ran until then can be read, and the last good report stays as it was."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "sample.html").write_text("the last good page", encoding="utf-8")
    source = template(tmp_path, PARAMETERS, "print('so far')", "# divide\n1 / (count - 2)", "print('never')")

    with pytest.raises(ReportError, match=r"cell 3 \('1 / \(count - 2\)'\) failed with ZeroDivisionError") as failure:
        run_report(source, {}, out)

    partial = out / "sample.failed.ipynb"
    assert str(partial) in str(failure.value)
    assert texts(partial) == "so far\n"
    assert (out / "sample.html").read_text(encoding="utf-8") == "the last good page"
    assert sorted(path.name for path in out.iterdir()) == ["sample.failed.ipynb", "sample.html"]


def test_a_run_that_succeeds_takes_the_failed_one_away(tmp_path: Path) -> None:
    """A notebook called failed beside a good report would mislead."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sample.failed.ipynb").write_text("{}", encoding="utf-8")
    run_report(template(tmp_path, PARAMETERS, "1"), {}, tmp_path / "out")
    assert not (tmp_path / "out" / "sample.failed.ipynb").exists()


@pytest.mark.parametrize("parameters", [{"cuont": 1}, {"count": "abc"}, {"count": 3.5}])
def test_a_bad_parameter_stops_the_report_before_anything_is_made(
    tmp_path: Path, parameters: dict[str, object]
) -> None:
    """No kernel, no file, no folder."""
    source = template(tmp_path, PARAMETERS, "open('made', 'w')")
    with pytest.raises(ParameterError):
        run_report(source, parameters, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["sample.ipynb"]


def test_a_template_that_is_not_there_or_no_notebook_is_told(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(NotFoundError, match=r"nothing\.ipynb"):
        template_parameters(tmp_path / "nothing.ipynb")
    (tmp_path / "text.ipynb").write_text("hello", encoding="utf-8")
    with pytest.raises(ReportError, match=r"text\.ipynb is not a notebook"):
        template_parameters(tmp_path / "text.ipynb")


def test_a_template_needs_one_cell_of_parameters(tmp_path: Path) -> None:
    """Without it nothing can be checked."""
    path = tmp_path / "plain.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    with pytest.raises(ParameterError, match="0 cells tagged 'parameters'"):
        template_parameters(path)
