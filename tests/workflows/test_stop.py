"""The kill switch: off only where it was looked for and found to be off."""

from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.workflows.stop import read_stop, resume, stop


@pytest.fixture
def context(tmp_path: Path) -> ClientContext:
    return add_client(tmp_path, "shop", ClientFile(name="Sample"))


def test_the_file_stops_and_its_absence_lets_go_on(context: ClientContext, tmp_path: Path) -> None:
    """Put there by the command or by hand, whatever it holds."""
    assert not read_stop(context, {}).is_on
    path = stop(tmp_path, "a test")
    assert read_stop(context, {}).is_on
    assert "a test" in path.read_text(encoding="utf-8")
    stop(tmp_path, "again")
    resume(tmp_path)
    assert not read_stop(context, {}).is_on
    with pytest.raises(InputError, match="Nothing is stopped"):
        resume(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "dangling link", "link to itself", "unreadable"])
def test_whatever_bears_its_name_stops(context: ClientContext, kind: str) -> None:
    """Nobody has to write it well in a hurry."""
    path = context.stop_file
    match kind:
        case "folder":
            path.mkdir()
        case "dangling link":
            path.symlink_to("nowhere")
        case "link to itself":
            path.symlink_to(path)
        case _:
            path.touch(mode=0)
    assert read_stop(context, {}).is_on


def test_a_switch_that_cannot_be_looked_for_is_on(context: ClientContext, tmp_path: Path) -> None:
    """The workspace is gone, or its folder is a file."""
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    assert read_stop(context, {}).is_on
    tmp_path.touch()
    assert read_stop(context, {}).is_on
    tmp_path.unlink()
    moved.rename(tmp_path)
    assert not read_stop(context, {}).is_on


@pytest.mark.parametrize(
    ("said", "is_on"),
    [("", False), ("0", False), ("no", False), ("OFF", False), ("1", True), ("yes", True), ("offf", True), ("?", True)],
)
def test_the_variable_stops_unless_it_says_no(context: ClientContext, said: str, is_on: bool) -> None:
    """What cannot be understood is a stop."""
    assert read_stop(context, {"AIBUYER_STOP": said}).is_on is is_on
