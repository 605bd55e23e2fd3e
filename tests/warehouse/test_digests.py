"""Which files are known to be whole: only those that are, byte for byte, what was read whole."""

from pathlib import Path

import pytest

from aibuyer_kit.warehouse.digests import digest, is_known_whole, note_whole


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    path = tmp_path / "working.duckdb"
    path.write_bytes(b"blocks" * 1000)
    note_whole(digest(path), path)
    assert is_known_whole(path)
    return path


def test_one_flipped_bit_makes_a_file_unknown(noted: Path) -> None:
    """Wherever it lies."""
    content = bytearray(noted.read_bytes())
    content[4321] ^= 1
    noted.write_bytes(content)
    assert not is_known_whole(noted)


def test_a_log_that_was_not_written_in_makes_a_file_unknown(noted: Path) -> None:
    """A writer was killed: what is in the log changes the file as soon as it is opened."""
    Path(f"{noted}.wal").write_bytes(b"")
    assert not is_known_whole(noted)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"working.duckdb": 1}'])
def test_a_note_that_cannot_be_read_is_no_note(noted: Path, text: str) -> None:
    """Then every block is read again."""
    (noted.parent / "whole.json").write_text(text, encoding="utf-8")
    assert not is_known_whole(noted)


def test_a_file_that_is_gone_is_unknown(noted: Path) -> None:
    """Its note may be there still."""
    noted.unlink()
    assert not is_known_whole(noted)
