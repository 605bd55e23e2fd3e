"""A report for one client of a workspace: its template, its theme, and the client's own reports folder."""

import re
from collections.abc import Mapping
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import NotFoundError, ParameterError
from aibuyer_kit.reports.brand import Brand, read_brand
from aibuyer_kit.reports.parameters import Parameter, Value, checked_values
from aibuyer_kit.reports.runner import run_report, template_parameters
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import parse_as_of, resolve_period

_OURS = ("workspace", "client")
_PERIOD = ("days", "since", "until")


def run_client_report(
    context: ClientContext, name: str, parameters: Mapping[str, str], out_folder: Path | None = None
) -> Path:
    """Run a report of the client's workspace (a name such as account_overview, or an .ipynb file); return its page.

    Raises NotFoundError with the reports there are, ParameterError, PeriodError, ReportError.
    """
    workspace = context.folder.parent.parent
    template = _template(workspace / "reports", name)
    for given in _OURS:
        if given in parameters:
            raise ParameterError(f"The parameter {given!r} is set by --{given}; leave it out of the parameters.")
    declared = template_parameters(template)
    known = {parameter.name for parameter in declared}
    ours = {key: value for key, value in zip(_OURS, (str(workspace), context.id), strict=True) if key in known}
    theme = workspace / "reports" / "themes" / "default.toml"
    brand = read_brand(theme) if theme.is_file() else Brand()
    out = out_folder or context.reports
    name = _named(template, context, declared, parameters)
    return run_report(template, {**parameters, **ours}, out, name=name, brand=brand).page


def _named(template: Path, context: ClientContext, declared: tuple[Parameter, ...], given: Mapping[str, str]) -> str:
    """Return the template's name with the data's day, the period and what else was chosen: no run replaces another's.

    Raises ParameterError and PeriodError for what is no choice, before anything runs.
    """
    stated = checked_values(declared, given)
    values = {parameter.name: parameter.default for parameter in declared} | stated
    reader, as_of = Reader(context.warehouse), parse_as_of(str(values.get("as_of", "")))
    parts = [template.stem, f"{reader.freshness(as_of=as_of).known_at:%Y-%m-%d}"]
    if values.keys() >= set(_PERIOD):
        since, until = (str(values[name]) or None for name in _PERIOD[1:])
        days = stated.get("days") if since or until else values["days"]
        period = resolve_period(context, reader, days=_whole(days), since=since, until=until, as_of=as_of)
        parts.append(f"{period.since}-to-{period.until}")
    others = (f"{name}-{value}" for name, value in sorted(stated.items()) if name not in _PERIOD and value != "")
    return "-".join([*parts, *(re.sub(r"[^\w.]+", "-", each) for each in others)])


def _whole(days: Value | None) -> int | None:
    return days if isinstance(days, int) else None


def _template(folder: Path, name: str) -> Path:
    if name.endswith(".ipynb"):
        return Path(name)
    known = sorted(path.stem for path in folder.glob("*.ipynb"))
    if name not in known:
        raise NotFoundError(f"There is no report {name!r} in {folder}. Reports: {', '.join(known) or 'none'}.")
    return folder / f"{name}.ipynb"
