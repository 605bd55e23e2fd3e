"""A brand from a theme file."""

from pathlib import Path

import pytest

from aibuyer_kit.core.errors import NotFoundError, SettingsError
from aibuyer_kit.reports.brand import Brand, brand_css, read_brand
from aibuyer_kit.settings.content import content_folder


def test_the_theme_that_comes_with_the_package_is_the_default_brand() -> None:
    """The file shows every setting with its default."""
    assert read_brand(content_folder("reports") / "themes" / "default.toml") == Brand()


def test_a_theme_changes_what_it_names(tmp_path: Path) -> None:
    """The rest stays as it was."""
    theme = tmp_path / "ours.toml"
    theme.write_text('name = "Агенція"\naccent = "#112233"\n', encoding="utf-8")
    assert read_brand(theme) == Brand(name="Агенція", accent="#112233")
    assert "--ab-accent: #112233;" in brand_css(read_brand(theme))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('accnt = "#112233"', "no setting 'accnt'"),
        ('accent = "red; } body { display: none"', "write a colour as #rrggbb"),
        ('accent = "#11223"', "write a colour as #rrggbb"),
        ("accent = 112233", "must be text"),
        ('name = " "', "name must be one line"),
        ("name = ", "is not TOML"),
    ],
)
def test_a_wrong_theme_is_refused_with_its_cure(tmp_path: Path, text: str, says: str) -> None:
    """A colour goes into the page's style, so nothing but a colour may."""
    theme = tmp_path / "ours.toml"
    theme.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        read_brand(theme)


def test_a_theme_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No silent default."""
    with pytest.raises(NotFoundError):
        read_brand(tmp_path / "nothing.toml")
