"""What the guides tell people to type exists, and what is generated is current."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client, open_client
from tests.aibuyer import aibuyer

ROOT = Path(__file__).parent.parent
FOLDERS = ("docs", "aibuyer_kit", "notebooks", "dashboards", "reports", "rules", "benchmarks")
PAGES = sorted({*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))})
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|aibuyer)(?: [^`\n]+)?)`")
PROMPT = re.compile(r"^(?:\$|>|PS>)?\s*(?:\S*[/\\])?(make|aibuyer)(?=\s|$)")
LISTED = re.compile(r"^  ([a-z][\w-]*)(?:\s{2,}|$)", re.MULTILINE)


def commands(program: str) -> list[str]:
    """Return what the pages tell people to type to `program`, without the program's own name, comments and pipes."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in FENCED.findall(text) for line in block.splitlines()] + INLINE.findall(text)
        found += [line for line in map(str.strip, lines) if (match := PROMPT.match(line)) and match[1] == program]
    bare = {PROMPT.sub("", re.split(r"\s#\s|\s[|>]\s|&&", line)[0]).strip() for line in found}
    return sorted(bare)


@cache
def help_of(*command: str) -> str:
    done = aibuyer(*command, "--help")
    assert done.returncode == 0, f"aibuyer {' '.join(command)} --help: {done.stdout}{done.stderr}"
    return done.stdout


def subcommands(help_text: str) -> list[str]:
    return LISTED.findall(help_text.partition("\nCommands:")[2])


def make_targets() -> set[str]:
    done = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"^  make (\w+)", done.stdout, flags=re.MULTILINE))


def test_the_readme_shows_how_to_start() -> None:
    """A stranger finds the two commands there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"make demo", "make test"} - set(re.findall(r"make \w+", text)) == set()


def test_every_make_command_of_the_guides_is_a_target() -> None:
    """`make help` lists whatever a page tells people to type."""
    words = {word for command in commands("make") for word in command.split()}
    targets = {word for word in words if "=" not in word and word not in {"…", "..."}}
    assert targets - make_targets() == set()


@pytest.mark.parametrize("command", commands("aibuyer"))
def test_every_aibuyer_command_of_the_guides_exists(command: str) -> None:
    """The subcommand is there, takes arguments if it is given any, and knows each option."""
    words = shlex.split(command)
    path: list[str] = []
    while words and words[0] in subcommands(help_of(*path)):
        path.append(words.pop(0))
    text = help_of(*path)

    assert not (words and subcommands(text) and not words[0].startswith("-")), f"no command {words[0]!r} in: {text}"
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert [option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)] == []


@pytest.mark.parametrize("script", ["data_dictionary.py", "rule_actions.py"])
def test_what_is_written_by_scripts_is_current(script: str) -> None:
    """What the metric catalogue, the warehouse's SQL and the schema of a rule say today."""
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_link_between_pages_leads_somewhere() -> None:
    """A file that was moved or renamed takes its links along."""
    links = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in links.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_guides_in_two_languages_tell_the_same_commands() -> None:
    """A command that was added to one is not missing in the other; a client's language may differ."""
    for english, ukrainian in (("practise.md", "practise.uk.md"), ("connect-meta.en.md", "connect-meta.uk.md")):
        told = [
            [line.replace(" --locale uk", "") for block in FENCED.findall(text) for line in block.splitlines()]
            for text in ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in (english, ukrainian))
        ]
        assert told[0] == told[1]


def test_the_readmes_python_runs_on_the_example_as_it_is_printed(example_workspace: Path) -> None:
    """Each line, with the account that its comment offers; what was known then are rows of 28 days."""
    (block,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = block.replace("ab.open_workspace().client(", "ab.load_example().client(").replace('"acme"', '"sample-shop"')
    names: dict[str, Any] = {}
    exec(lines, names)  # noqa: S102 - our own page
    (past,) = re.findall(r"^acme\.insights\(.*as_of=.*?\)", lines, re.MULTILINE)
    assert eval(past, names)["date"].nunique() == 28  # noqa: S307 - our own page


def test_the_walk_over_the_practice_platform_counts_leads_where_campaigns_bring_leads(tmp_path: Path) -> None:
    """Its line leaves a client's file that can be read; what else counts stays as it is."""
    walk = (ROOT / "docs" / "practise.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^printf .* >> practice/clients/acme/client\.toml$", walk, re.MULTILINE)
    add_client(tmp_path / "practice", "acme", ClientFile(name="Acme", accounts=(AccountSection(id="act_1"),)))
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    rules = open_client(tmp_path / "practice", "acme").settings.rules
    assert (rules.of("OUTCOME_LEADS").action_type, rules.of("OUTCOME_SALES").action_type) == ("lead", "purchase")


def test_the_example_for_systemd_names_a_command_that_exists_and_a_time_that_comes() -> None:
    """Both units stand in one block, each with the sections that systemd asks for."""
    (block,) = re.findall(
        r"^```ini\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    service, timer = block.split("# aibuyer-sync.timer\n")
    assert re.findall(r"^\[(\w+)\]", service, re.MULTILINE) == ["Unit", "Service"]
    assert re.findall(r"^\[(\w+)\]", timer, re.MULTILINE) == ["Unit", "Timer", "Install"]
    (arguments,) = re.findall(r"^ExecStart=%h/\.venv/bin/aibuyer (.*)$", service, re.MULTILINE)
    assert set(re.findall(r"--\w+", arguments)) <= set(re.findall(r"--\w+", help_of("sync")))
    assert re.search(r"^OnCalendar=\*:0/15$", timer, re.MULTILINE)
