"""The strict runner of report templates: parameters are checked first, then papermill runs, then the page is published.

Load, parameterise, run: an executed notebook and its page appear whole or not at all; a failed run leaves the partial
notebook beside them.
"""

import contextlib
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aibuyer_kit.core.errors import NotFoundError, ParameterError, ReportError
from aibuyer_kit.reports.brand import Brand
from aibuyer_kit.reports.parameters import Parameter, Value, checked_values, declared_parameters

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from papermill.exceptions import PapermillExecutionError


@dataclass(frozen=True)
class ReportRun:
    """What one run made: the executed notebook, its published page, and the parameters it ran with."""

    notebook: Path
    page: Path
    parameters: Mapping[str, Value]


def run_report(
    template: Path,
    parameters: Mapping[str, Any],
    out_folder: Path,
    *,
    name: str = "",
    brand: Brand | None = None,
    timeout_seconds: int | None = None,
) -> ReportRun:
    """Run a template and publish it into `out_folder` as `name.ipynb` and `name.html` (the template's name by default).

    Text values are read as their declared types. Raises ParameterError before anything runs, NotFoundError without a
    template, ReportError that names the failed cell and the partial notebook, which is kept as `name.failed.ipynb`.
    """
    from aibuyer_kit.reports.publish import publish

    values = checked_values(template_parameters(template), parameters)
    stem = name or template.stem
    try:
        out_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"The folder {out_folder} cannot be made ({error.strerror}). Choose another with --out."
        ) from None
    notebook, page = out_folder / f"{stem}.ipynb", out_folder / f"{stem}.html"
    _execute(template, values, notebook, timeout_seconds)
    publish(notebook, page, brand=brand)
    return ReportRun(notebook, page, values)


def template_parameters(template: Path) -> tuple[Parameter, ...]:
    """Return what a template's cell tagged `parameters` declares. Raises NotFoundError, ParameterError."""
    cells = [cell for cell in _template(template).cells if "parameters" in cell.metadata.get("tags", ())]
    if len(cells) != 1:
        raise ParameterError(f"{template} has {len(cells)} cells tagged 'parameters'; it needs exactly one.")
    return declared_parameters(cells[0].source, place=f"{template.name}, parameters cell")


def _template(path: Path) -> "NotebookNode":
    import nbformat

    if not path.is_file():
        raise NotFoundError(f"There is no report template {path}.")
    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise ReportError(f"{path} is not a notebook: {error}") from None


def _execute(template: Path, values: Mapping[str, Value], notebook: Path, timeout_seconds: int | None) -> None:
    from papermill.exceptions import PapermillExecutionError

    failed = notebook.with_name(f"{notebook.stem}.failed.ipynb")
    partial = notebook.with_name(f".{notebook.stem}.{uuid.uuid4().hex}.ipynb")
    try:
        _papermill(template, values, partial, timeout_seconds)
        partial.replace(notebook)
    except PapermillExecutionError as error:
        partial.replace(failed)
        raise _cell_failed(template, error, failed) from None
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise ReportError(
            f"{notebook} cannot be written ({error.strerror or error}). Free some space, or check the folder's owner"
            " and mode."
        ) from None
    finally:
        if partial.exists():
            partial.replace(failed)
    failed.unlink(missing_ok=True)


def _papermill(template: Path, values: Mapping[str, Value], out: Path, timeout_seconds: int | None) -> None:
    import papermill

    from aibuyer_kit.reports.kernel import ThisInterpreter

    logging.getLogger("papermill").setLevel(logging.WARNING)
    papermill.execute_notebook(
        _template(template),
        str(out),
        parameters=dict(values),
        kernel_name="python3",
        language="python",
        progress_bar=False,
        execution_timeout=timeout_seconds,
        kernel_manager_class=ThisInterpreter,
    )


def _cell_failed(template: Path, error: "PapermillExecutionError", partial: Path) -> ReportError:
    lines = [line for line in error.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    begins = f" ({lines[0].strip()!r})" if lines else ""
    return ReportError(
        f"{template.name}: cell {error.cell_index + 1}{begins} failed with {error.ename}: {error.evalue}\n"
        f"The partial notebook is {partial}."
    )
