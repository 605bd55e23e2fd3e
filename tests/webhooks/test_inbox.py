"""The inbox on a damaged file: an error with its cure, whatever byte it is, or else what was kept."""

import random
from pathlib import Path

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InboxError
from aibuyer_kit.webhooks.inbox import Delivery, Inbox
from aibuyer_kit.webhooks.messages import Hint


def test_flipped_bytes_of_an_inbox_end_in_an_error_with_its_cure_or_in_nothing_worse_than_another_hint(
    tmp_path: Path,
) -> None:
    """SQLite keeps no checksums; a hint that was changed leads to a read more, and never to a figure."""
    whole = Inbox(tmp_path / "whole.sqlite3")
    whole.keep([Delivery(bytes([number]), (Hint("act_1", "ads", Level.AD, str(number)),)) for number in range(50)])
    content = whole.path.read_bytes()
    draw = random.Random(8)  # noqa: S311
    told = 0
    for number in range(60):
        flipped = bytearray(content)
        for place in range(start := draw.randrange(len(content) - 16), start + draw.choice((1, 16))):
            flipped[place if number % 2 else place % 100] ^= draw.randrange(1, 256)
        damaged = Inbox(tmp_path / f"{number}.sqlite3")
        damaged.path.write_bytes(flipped)
        try:
            damaged.check()
            damaged.counts()
        except InboxError as error:
            told += 1
            assert "aibuyer sync" in str(error) or "try again" in str(error)  # noqa: PT017
    assert told > 10


def test_an_inbox_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    """A file stands where its folder should be."""
    (tmp_path / "webhooks").write_text("")
    with pytest.raises(InboxError, match="webhooks"):
        Inbox(tmp_path / "webhooks" / "inbox.sqlite3").keep([])
