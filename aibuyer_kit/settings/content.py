"""The outer folders (notebooks, dashboards, reports, rules) as they come with the package."""

from pathlib import Path

from aibuyer_kit.core.errors import NotFoundError

WORKSPACE_FILE = "aibuyer.toml"
FOLDERS = ("notebooks", "dashboards", "reports", "rules")


def content_folder(name: str) -> Path:
    """Return the folder called `name` of the installed package, or of the checkout that it is run from."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_content" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise NotFoundError(f"The folder {name!r} is missing from this installation. Install aibuyer-kit again.")
