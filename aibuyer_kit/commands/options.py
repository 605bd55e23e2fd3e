"""What the commands share: their options, data on stdout and everything else on stderr, secrets that are typed in."""

import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.text_table import as_json, as_json_object, as_table

if TYPE_CHECKING:
    from aibuyer_kit.charts.explanation import Explanation

ALL = "all"  # what --explain takes for the whole
NEEDS_A_LOOK = 3  # the exit code of a command that did its work and found something that a person should see

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="The workspace's folder. Default: AIBUYER_WORKSPACE, or the nearest one."),
]
ClientOption = Annotated[
    str | None, typer.Option("--client", "-c", help="The client's id. Not needed if the workspace has only one.")
]
ExplanationPageOption = Annotated[
    Path | None, typer.Option("--html", help="With --explain: write it with its charts to this file, too.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def put(text: str) -> None:
    """Print data."""
    typer.echo(text)


def put_explained(found: "Explanation", as_json_text: bool, page: Path | None = None) -> None:
    """Print an explanation, and write it with its charts to a file if one is named."""
    if page:
        page.write_text(found.page(), encoding="utf-8")
        say(f"wrote {page}")
    put(as_json_object(found.to_dict()) if as_json_text else repr(found))


def check_page(page: Path | None, explain: str) -> None:
    """Raise InputError where a page of an explanation is asked for, and no explanation."""
    if page and not explain:
        raise InputError("--html writes what --explain tells: say what to explain, or `all`.")


def put_rows(rows: list[dict[str, Any]], as_json_text: bool, more: str = "") -> None:
    """Print one row per client, then `more`, and end with code 1 if one of the clients has a problem."""
    put(as_json(rows) if as_json_text else as_table(rows, empty="No clients yet. Add one: aibuyer client add"))
    if more:
        put(more)
    if any(row["problem"] for row in rows):
        raise typer.Exit(1)


class Ended(KeyboardInterrupt):
    """SIGTERM, as schedulers send it: work stops as by Ctrl-C, and keeps as much."""


@contextmanager
def told_to_end() -> Iterator[None]:
    """Let SIGTERM end the block as an interrupt does, with exit code 143; the handler before holds again after it."""

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except Ended:
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def say(text: str) -> None:
    """Print anything else, to stderr."""
    typer.echo(text, err=True)


def say_next(*commands: Sequence[str], workspace: Path | None = None) -> None:
    """Tell what comes next: one command a line that can be pasted, in the workspace that was named (None: none was)."""
    program, named = program_here(), ("-w", str(workspace)) if workspace else ()
    lines = [shlex.join([program, *words, *named]) for words in commands]
    say("\n".join(f"{'Next:' if not number else '     '} {line}" for number, line in enumerate(lines)))


def program_here() -> str:
    """Return how this program is reached from here: `aibuyer` if the shell finds it, or else its path."""
    own = shutil.which("aibuyer", path=str(Path(sys.executable).parent))
    found = shutil.which("aibuyer")
    if own is None or (found and Path(found).resolve() == Path(own).resolve()):
        return "aibuyer"
    path = Path(own)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else own


def say_wait(seconds: float) -> None:
    """Tell that a command waits for a platform, which may take minutes."""
    say(f"Waiting {seconds:,.0f} s before the next call. Ctrl-C stops; what has been done is kept.")


def is_interactive() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def typed_secret(what: str, *, optional: bool = False) -> str:
    """Return a secret that a person types or pastes unseen, or the next line of stdin.

    Raises InputError if there is none and it is not `optional`.
    """
    if is_interactive():
        import getpass

        text = getpass.getpass(f"{what}: ", stream=sys.stderr)
    else:
        text = sys.stdin.readline()
    secret = text.strip()
    if not secret and not optional:
        raise InputError(f"There is no {what}: type it when asked, or give it as a line of standard input.")
    if secret and not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise InputError(f"The {what} holds spaces or unusual characters. Copy it again, without what is around it.")
    return secret
