"""A report for one client of a workspace: its template, its theme, and the client's own reports folder."""

from collections.abc import Mapping
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import NotFoundError, ParameterError
from aibuyer_kit.reports.brand import Brand, read_brand
from aibuyer_kit.reports.runner import run_report, template_parameters
from aibuyer_kit.warehouse.read import Reader

_OURS = ("workspace", "client")


def run_client_report(
    context: ClientContext, name: str, parameters: Mapping[str, str], out_folder: Path | None = None
) -> Path:
    """Run a report of the client's workspace (a name such as account_overview, or an .ipynb file); return its page.

    Raises NotFoundError with the reports there are, ParameterError, ReportError.
    """
    workspace = context.folder.parent.parent
    template = _template(workspace / "reports", name)
    for given in _OURS:
        if given in parameters:
            raise ParameterError(f"The parameter {given!r} is set by --{given}; leave it out of the parameters.")
    declared = {parameter.name for parameter in template_parameters(template)}
    ours = {key: value for key, value in zip(_OURS, (str(workspace), context.id), strict=True) if key in declared}
    theme = workspace / "reports" / "themes" / "default.toml"
    brand = read_brand(theme) if theme.is_file() else Brand()
    out = out_folder or context.reports
    return run_report(template, {**parameters, **ours}, out, name=_dated(template, context), brand=brand).page


def _dated(template: Path, context: ClientContext) -> str:
    """Return the template's name with the day of the data, so that the next day's report does not replace this one."""
    return f"{template.stem}-{Reader(context.warehouse).freshness().known_at:%Y-%m-%d}"


def _template(folder: Path, name: str) -> Path:
    if name.endswith(".ipynb"):
        return Path(name)
    known = sorted(path.stem for path in folder.glob("*.ipynb"))
    if name not in known:
        raise NotFoundError(f"There is no report {name!r} in {folder}. Reports: {', '.join(known) or 'none'}.")
    return folder / f"{name}.ipynb"
