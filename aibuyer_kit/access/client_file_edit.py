"""Putting ad accounts into a `client.toml` that a person edits: every line and comment of theirs stays."""

import re
from collections.abc import Sequence
from pathlib import Path

from aibuyer_kit.access.client_file import AccountSection, ClientFile, client_file_text, read_client_file
from aibuyer_kit.core.addresses import is_on_this_machine
from aibuyer_kit.core.errors import SettingsError

_TABLE = re.compile(r"^\s*\[")
_ACCOUNT_TABLE = re.compile(r"^\s*\[\[\s*accounts\s*\]\]\s*(#.*)?$")
_KEY = r"^(\s*{key}\s*=\s*)(\"[^\"]*\"|'[^']*')"


def put_accounts(path: Path, accounts: Sequence[AccountSection]) -> tuple[str, ...]:
    """Append the accounts that the file does not name, mend the address of those that it does, and return what changed.

    Where all accounts then lie on this machine, time is the practice platform's: `clock` becomes "platform".
    The result is read back before it replaces the file. Raises SettingsError, with the lines to add by hand, if the
    file is written in a way that cannot be extended safely.
    """
    before = read_client_file(path)
    known = {account.id: account.graph_url for account in before.accounts}
    changed = [each for each in accounts if each.id not in known or known[each.id] != each.graph_url]
    expected = _expected(before, changed)
    if expected == before:
        return ()
    text = path.read_text(encoding="utf-8")
    if expected.clock != before.clock:
        text = _clocked(text, expected.clock)
    for account in changed:
        text = _readdressed(text, account) if account.id in known else _appended(text, account)
    _replace(path, text, expected, changed)
    return tuple(account.id for account in changed)


def _expected(before: ClientFile, changed: Sequence[AccountSection]) -> ClientFile:
    new = {account.id: account for account in changed}
    kept = [
        account.model_copy(update={"graph_url": new.pop(account.id).graph_url}) if account.id in new else account
        for account in before.accounts
    ]
    accounts = (*kept, *new.values())
    practises = all(is_on_this_machine(account.graph_url or before.graph_url or "") for account in accounts)
    return before.model_copy(update={"accounts": accounts, "clock": "platform" if practises else before.clock})


def _clocked(text: str, clock: str) -> str:
    """Return the text with the client's clock set; the key stands before the first table."""
    top = next(iter(re.finditer(r"^\s*\[", text, re.MULTILINE)), None)
    head, rest = (text[: top.start()], text[top.start() :]) if top else (text, "")
    mended, found = re.subn(_KEY.format(key="clock"), rf'\g<1>"{clock}"', head, flags=re.MULTILINE)
    return (mended if found else f'clock = "{clock}"\n{head}') + rest


def _appended(text: str, account: AccountSection) -> str:
    return f"{text.rstrip()}\n\n{section_text(account)}"


def section_text(account: AccountSection) -> str:
    """Return the section of one account as it stands in the file."""
    whole = client_file_text(ClientFile(name="x", accounts=(account,)))
    return whole[whole.index("[[accounts]]") :]


def _readdressed(text: str, account: AccountSection) -> str:
    """Return the text with the account's graph_url set, added or taken away within its own section."""
    lines = text.splitlines()
    start, end = _section(lines, account.id)
    address = [number for number in range(start, end) if re.match(r"^\s*graph_url\s*=", lines[number])]
    new = next((line for line in section_text(account).splitlines() if line.startswith("graph_url")), None)
    if address and new:
        value = new.partition("=")[2].strip()
        lines[address[0]] = re.sub(_KEY.format(key="graph_url"), lambda found: found[1] + value, lines[address[0]])
    elif address:
        del lines[address[0]]
    elif new:
        lines.insert(start + 1, new)
    return "\n".join(lines) + "\n"


def _section(lines: Sequence[str], account_id: str) -> tuple[int, int]:
    """Return the first line of the account's section and the line after its last; an empty range if there is none."""
    for start, line in enumerate(lines):
        if _ACCOUNT_TABLE.match(line):
            following = (number for number in range(start + 1, len(lines)) if _TABLE.match(lines[number]))
            end = next(following, len(lines))
            ids = (re.match(_KEY.format(key="id"), lines[number]) for number in range(start, end))
            if any(found and found[2][1:-1] == account_id for found in ids):
                return start, end
    return len(lines), len(lines)


def _replace(path: Path, text: str, expected: ClientFile, changed: Sequence[AccountSection]) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    try:
        understood = read_client_file(draft) == expected
    except SettingsError:
        understood = False
    if not understood:
        draft.unlink()
        by_hand = "\n".join(section_text(account) for account in changed)
        raise SettingsError(
            f"{path} is written in a way that cannot be extended without harm. Add this by hand:\n{by_hand}"
        )
    draft.chmod(path.stat().st_mode & 0o777)
    draft.replace(path)
