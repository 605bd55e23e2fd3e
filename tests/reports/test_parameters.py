"""The parameters of a template: declared once, checked before anything runs."""

import pytest

from aibuyer_kit.core.errors import ParameterError
from aibuyer_kit.reports.parameters import Parameter, Value, check_parameters, checked_values, declared_parameters

SOURCE = """\
# What the report is about.
client: str = ""  # the client's id
days: int = 28  # full days
share: float = 0.5  # of the budget
drafts: bool = False  # also those not yet running
since: str = ""  # day on which the period begins
as_of: str = ""  # moment: what was known then
locale: str = ""  # language of the report
місто: str = "Київ"  # a place
"""
DECLARED = declared_parameters(SOURCE)


def test_a_cell_declares_names_types_defaults_and_comments() -> None:
    """What a form or a help text needs stands in one line."""
    assert DECLARED[1] == Parameter("days", "int", 28, "full days")
    assert DECLARED[-1] == Parameter("місто", "str", "Київ", "a place")
    assert [parameter.kind for parameter in DECLARED] == ["", "", "", "", "day", "moment", "language", ""]


@pytest.mark.parametrize(
    "line",
    [
        "days = 28  # no type",
        "days: int = 28",
        "days: list = []  # not plain",
        "days: int = 28.5  # of another type",
        "days: int = True  # of another type",
        "days: int = len('x')  # computed",
        "days: int  # without a default",
        "import os",
        "days: int = (",
    ],
)
def test_a_line_that_declares_nothing_plain_is_refused(line: str) -> None:
    """A template that cannot be checked is not run."""
    with pytest.raises(ParameterError, match="parameters cell"):
        declared_parameters(line)


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    """A typing error must not give the default's report."""
    with pytest.raises(ParameterError, match=r"no parameter 'dayz'\. Did you mean 'days'\? Known: as_of, client, days"):
        checked_values(DECLARED, {"dayz": "7"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("days", "7", 7),
        ("days", "-7", -7),
        ("share", "1", 1.0),
        ("share", "2.5e-1", 0.25),
        ("drafts", "true", True),
        ("client", "007", "007"),
        ("client", "true", "true"),
        ("since", "2026-05-01", "2026-05-01"),
        ("since", "", ""),
        ("as_of", "12", "12"),
        ("as_of", "2026-05-01T09:00+03:00", "2026-05-01T09:00+03:00"),
        ("locale", "uk", "uk"),
        ("share", 1, 1.0),
        ("days", 7, 7),
    ],
)
def test_a_value_is_read_as_its_type_asks(name: str, text: Value, expected: Value) -> None:
    """The command line has only text, and an id of digits stays an id."""
    value = checked_values(DECLARED, {name: text})[name]
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("days", "abc"),
        ("days", "3.5"),
        ("days", 3.5),
        ("days", 7.0),
        ("days", True),
        ("days", None),
        ("days", ""),
        ("days", "٣"),
        ("share", "nan"),
        ("share", float("inf")),
        ("share", "1e999"),
        ("drafts", "yes"),
        ("drafts", 1),
        ("client", 3),
        ("since", "2026-13-01"),
        ("since", "01.05.2026"),
        ("as_of", "yesterday"),
        ("as_of", "2026-05-01T09:00"),
        ("locale", "de"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(name: str, value: object) -> None:
    """The error names the parameter and comes before anything runs."""
    with pytest.raises(ParameterError, match=f"parameter '{name}'"):
        checked_values(DECLARED, {name: value})


def notebook_after(*cells: str) -> dict[str, object]:
    """Return the names of a notebook in which these cells ran, as a kernel keeps them."""
    namespace: dict[str, object] = {"In": ["", *cells, "check_parameters(globals())"]}
    for cell in cells:
        exec(cell, namespace)  # noqa: S102 - the cells stand in this file
    return namespace


PARAMETERS_CELL = 'days: int = 28  # full days\nsince: str = ""  # day on which it begins'


@pytest.mark.parametrize(
    ("injected", "says"),
    [
        ('days = "abc"', "'days' is 'abc'"),
        ("days = 3.5", "'days' is 3.5"),
        ("dayz = 7", "no parameter 'dayz'"),
        ('since = "soon"', "since"),
    ],
)
def test_a_running_notebook_checks_what_another_runner_let_through(injected: str, says: str) -> None:
    """Stock papermill writes any value of any name into a cell of its own."""
    with pytest.raises(ParameterError, match=says):
        check_parameters(notebook_after(PARAMETERS_CELL, f"# Parameters\n{injected}"))


@pytest.mark.parametrize("cells", [(PARAMETERS_CELL,), (PARAMETERS_CELL, "# Parameters\ndays = 7\n"), ()])
def test_a_running_notebook_with_good_parameters_goes_on(cells: tuple[str, ...]) -> None:
    """By hand, by a runner, or as a plain script without a history."""
    check_parameters(notebook_after(*cells))
    check_parameters({"days": 7})


def test_other_names_of_a_running_notebook_are_no_parameters() -> None:
    """Running the cell again after the others must not fail."""
    check_parameters(notebook_after(PARAMETERS_CELL, "import sys\nfigures = {1: 2}"))
