"""Who comes to what hangs above the ground: they walk to the ground below it."""

from types import SimpleNamespace
from typing import Any

import pytest

from spatial.frame import SiteFrame
from tests.twin.store.builder import SITE
from twin.errors import Invalid
from twin.queries.incidents import context
from twin.queries.incidents.around import Spot3

HIGH_M, GROUND_M = 4.0, 1.0


def coming(*args: Any) -> list[dict[str, Any]]:
    """As routes do: near no path where it is more than two metres above the ground."""
    x, y, z = args[4].site_xyz
    if z > GROUND_M + 2:
        raise Invalid("it is in no room, and no path comes near it", path="place", code="ROUTE_PLACE_APART")
    return [{"id": "guard/W1", "to": (round(x, 3), round(y, 3), round(z, 3))}]


def ask(monkeypatch: pytest.MonkeyPatch, height_m: float) -> list[dict[str, Any]]:
    frame = SiteFrame.of(SITE)

    def ground(sight: object, site: str, labels: object, lon: float, lat: float) -> tuple[float, float, float]:
        x, y, _ = frame.from_lon_lat_height([[lon, lat, SITE.height_m]])[0].tolist()
        lon, lat, height = frame.to_lon_lat_height([[x, y, GROUND_M]])[0].tolist()
        return lon, lat, height

    monkeypatch.setattr(context, "guards_coming", coming)
    monkeypatch.setattr(context, "ground_below", ground)
    sources: Any = SimpleNamespace(
        networks=SimpleNamespace(of=lambda *_: SimpleNamespace(rooms={})), store=SimpleNamespace(get_site=lambda _: SITE), sight=None
    )
    return context._guards(sources, SITE.code, None, Spot3(place=None, site_xyz=(77.0, -109.0, height_m)), [])


def test_to_a_camera_on_its_pole_one_walks_to_the_ground_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ((found),) = ask(monkeypatch, HIGH_M)
    assert found["to"] == pytest.approx((77.0, -109.0, GROUND_M), abs=0.01)


def test_what_is_near_a_path_is_gone_to_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ((found),) = ask(monkeypatch, GROUND_M + 1.5)
    assert found["to"] == (77.0, -109.0, GROUND_M + 1.5)
