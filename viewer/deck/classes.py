"""Classes of rooms and buildings with their words and colours, from `classes.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache

from viewer.deck.errors import ClassUnknown
from viewer.document import Words, read_part

__all__ = ["Shade", "get_shade", "list_shades"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """One class of a theme: `colour` is `#rrggbb`; `starts` is the lower edge of a band of numbers, closed below, or None."""

    code: str
    words: Words
    colour: str
    starts: float | None = None

    @property
    def rgb(self) -> list[int]:
        """`[238, 138, 107]` of `#ee8a6b`."""
        return [int(self.colour[at : at + 2], 16) for at in (1, 3, 5)]


@cache
def list_shades(theme: str) -> tuple[Shade, ...]:
    """The classes of `occupancy`, `energy`, `assets` or `surroundings`, in the order of the legend."""
    rows = tomllib.loads(read_part("viewer.deck", "classes.toml"))[theme]
    return tuple(
        Shade(
            code=row["code"],
            words=Words(row.get("zh", row["code"]), row.get("en", row["code"])),
            colour=row["colour"],
            starts=row.get("from"),
        )
        for row in rows
    )


def get_shade(theme: str, code: str, owner: str) -> Shade:
    """The class of that code; ClassUnknown names the owner that said it."""
    shades = list_shades(theme)
    found = next((shade for shade in shades if shade.code == code), None)
    if found is None:
        raise ClassUnknown(owner, code, tuple(shade.code for shade in shades))
    return found
