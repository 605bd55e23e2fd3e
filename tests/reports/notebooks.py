"""Notebooks by hand: a template to run, and one that looks as if it had been run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def template(folder: Path, parameters: str, *sources: str, name: str = "sample") -> Path:
    """Write a template with a parameters cell and code cells, and return its path."""
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[first, *map(new_code_cell, sources)]), path)
    return path


def executed(*outputs: Mapping[str, Any], markdown: str = "", source: str = "secret_code()") -> nbformat.NotebookNode:
    """Return a notebook with one code cell per output, by MIME type, and a markdown cell."""
    cells = [new_code_cell(source, outputs=[new_output("display_data", data=dict(data))]) for data in outputs]
    return new_notebook(cells=[new_markdown_cell(markdown), *cells])
