"""What moves in the page, in a real browser against a stand-in service that speaks `/live`, under the real content policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.viewer.browser import Visit, visit, wait_until
from tests.viewer.mock_service import MockService, serving
from tests.viewer.tiny_live import Car
from viewer import static_dir

pytestmark = pytest.mark.browser
WIDE = {"width": 1180, "height": 700}
LON, LAT = 119.30, 26.10
ABOVE = {"lon": LON, "lat": LAT, "height_m": 230.0, "heading_deg": 0, "pitch_deg": -90}


@pytest.fixture(scope="module")
def service() -> Iterator[MockService]:
    """A stand-in of its own, for one who may see what is live."""
    with serving(static_dir()) as running:
        running.registers.actions = [*running.registers.actions, "read_live"]
        yield running


@pytest.fixture(scope="module")
def seen(chromium: Browser, service: MockService) -> Iterator[Visit]:
    with visit(chromium, f"{service.url}/#site=tiny&select=east:building", **WIDE) as visited:
        yield visited


def test_a_car_that_the_service_tells_of_is_drawn_and_moves_over_the_same_origin(seen: Visit, service: MockService) -> None:
    page = seen.page
    page.evaluate("(pose) => window.twin.setView(pose)", ABOVE)
    expect(page.locator("twin-live-bar")).to_contain_text("实时")
    service.live.put(Car(7, "闽A12345", LON, LAT, heading_deg=90.0))
    wait_until(page, "window.twin.movers().length === 1")
    first = page.evaluate("() => window.twin.movers()[0]")
    assert first["key"] == "闽A12345"
    assert first["look"] == "moving-pointed"
    service.live.tell(Car(7, "闽A12345", LON + 0.0002, LAT, heading_deg=90.0))
    wait_until(page, f"window.twin.movers()[0].x > {first['x'] + 20}")
    expect(page.locator(".plates")).to_contain_text("闽A12345")
    assert service.live.said[0]["subscribe"]["site"] == "tiny"
    service.live.tell(gone=(7,))
    wait_until(page, "window.twin.movers().length === 0")
    seen.check()
