"""A brand: the name and the colours that a published page wears, from a theme file (TOML)."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from aibuyer_kit.core.errors import NotFoundError, SettingsError

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Brand:
    """Who a page comes from; colours are #rrggbb, each for light and for dark surroundings."""

    name: str = "aibuyer"
    accent: str = "#3457d5"
    accent_dark: str = "#8aa4ff"
    good: str = "#0b7a53"
    good_dark: str = "#4cc38a"
    bad: str = "#b93815"
    bad_dark: str = "#ff9470"


def read_brand(theme: Path) -> Brand:
    """Return the brand of a theme file. Raises NotFoundError, and SettingsError that names the key that is wrong."""
    if not theme.is_file():
        raise NotFoundError(f"There is no theme file {theme}.")
    try:
        given = tomllib.loads(theme.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{theme} is not TOML: {error}") from None
    known = [field.name for field in fields(Brand)]
    for key, value in given.items():
        _check(theme, key, value, known)
    return Brand(**given)


def _check(theme: Path, key: str, value: object, known: list[str]) -> None:
    if key not in known:
        raise SettingsError(f"{theme}: there is no setting {key!r}. Known: {', '.join(known)}.")
    if not isinstance(value, str):
        raise SettingsError(f"{theme}: {key} is {value!r}; it must be text.")
    if key == "name":
        if not value.strip() or not value.isprintable():
            raise SettingsError(f"{theme}: name must be one line of printable text.")
    elif not _COLOUR.fullmatch(value):
        # A colour goes into the page's style as it stands, so nothing else may pass.
        raise SettingsError(f"{theme}: {key} is {value!r}; write a colour as #rrggbb, such as #3457d5.")


def brand_css(brand: Brand) -> str:
    """Return the brand's colours as CSS variables, light and dark; paper is always light."""
    light = f"--ab-accent: {brand.accent}; --ab-good: {brand.good}; --ab-bad: {brand.bad};"
    dark = f"--ab-accent: {brand.accent_dark}; --ab-good: {brand.good_dark}; --ab-bad: {brand.bad_dark};"
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
