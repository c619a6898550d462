"""A pydeck page opened from disk in Chromium with the network cut: places of a plan become pixels, pixels colours and table rows."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Route

from tests.viewer.browser import Visit, wait_until, watched

__all__ = ["Shown", "near", "shown"]

INLINE = ("data:", "blob:")


@dataclass(frozen=True, slots=True)
class Shown:
    """A page in the browser; `to_lon_lat` takes metres of its plan to degrees."""

    seen: Visit
    picture: Image.Image
    left: float
    top: float
    to_lon_lat: Callable[[float, float], tuple[float, float]]

    @property
    def page(self) -> Page:
        return self.seen.page

    def pixel(self, x: float, y: float, height_m: float = 0.0) -> tuple[float, float]:
        """Where a place of the plan is within the picture of the deck."""
        at = self.page.evaluate("([lon, lat, height]) => window.twinDeck.project(lon, lat, height)", [*self.to_lon_lat(x, y), height_m])
        return at[0], at[1]

    def colour(self, x: float, y: float, height_m: float = 0.0) -> tuple[int, ...]:
        """What is drawn at a place of the plan."""
        across, down = self.pixel(x, y, height_m)
        found = self.picture.getpixel((round(self.left + across), round(self.top + down)))
        assert isinstance(found, tuple)
        return tuple(int(part) for part in found[:3])

    def row(self, x: float, y: float, height_m: float = 0.0) -> int:
        """The table row of what stands at a place of the plan; −1 for nothing."""
        across, down = self.pixel(x, y, height_m)
        row: int = self.page.evaluate("([x, y]) => window.twinDeck.pick(x, y)", [across, down])
        return row

    def point_at(self, x: float, y: float, height_m: float = 0.0) -> None:
        """Move the pointer to a place of the plan."""
        across, down = self.pixel(x, y, height_m)
        self.page.mouse.move(self.left + across, self.top + down)


@contextmanager
def shown(browser: Browser, path: Path, to_lon_lat: Callable[[float, float], tuple[float, float]], query: str = "") -> Iterator[Shown]:
    """The page until it is drawn; any request but for the file is aborted, and afterwards there was none and nothing went wrong."""
    address = path.as_uri() + query
    refused: list[str] = []

    def only_the_file(route: Route) -> None:
        if route.request.url == address or route.request.url.startswith(INLINE):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    with watched(browser, "file://", width=1000, height=760) as seen:
        seen.page.context.set_offline(True)
        seen.page.context.route("**/*", only_the_file)
        seen.page.goto(address)
        wait_until(seen.page, "window.twinDeck?.ready()")
        frame = seen.page.locator("#deck-container").bounding_box()
        assert frame is not None
        picture = Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB")
        yield Shown(seen, picture, frame["x"], frame["y"], to_lon_lat)
        seen.check()
        assert refused == []


def near(found: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 2) -> bool:
    """Whether two colours are the same but for rounding."""
    return all(abs(one - other) <= tolerance for one, other in zip(found, wanted, strict=True))
