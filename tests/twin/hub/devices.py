"""Batches as a gateway would hand them over, and ground that is flat with one square fence."""

import numpy as np

from sensors import FIX, NO_NUMBER, Batch
from twin.live.fences import Fact, Floats, Near

START_US = 1_795_700_000_000_000
LON, LAT = 119.2946, 26.0896
SQUARE = (119.29, 26.08, 119.30, 26.10)
FENCE = "zone:square"
FACTS = {
    FENCE: Fact(site="s", kind="zone", label="restricted"),
    "perimeter_segment:PS-1": Fact(site="s", kind="perimeter_segment", label="public", lon_lat=(LON, LAT), height_m=13.0),
    "door:D-1": Fact(site="s", kind="door", label="internal", within="office:room-1", lon_lat=(LON, LAT), height_m=17.0),
    "office:room-1": Fact(site="s", kind="space", label="restricted"),
}


def moving(source: str, number: int, places: dict[str, tuple[float, float]], *, at_us: int = START_US, alarm: int = 0) -> Batch:
    """One good fix of each vehicle, at the same time; lon, lat by key."""
    fixes = np.zeros(len(places), dtype=FIX)
    fixes["device"] = np.arange(len(places))
    for name in ("device_us", "fix_us", "received_us"):
        fixes[name] = at_us
    fixes["lon_e7"] = [round(lon * 1e7) for lon, _ in places.values()]
    fixes["lat_e7"] = [round(lat * 1e7) for _, lat in places.values()]
    fixes["altitude_dm"], fixes["speed_dkmh"], fixes["heading_cdeg"], fixes["accuracy_dm"] = 300, 200, 9000, NO_NUMBER
    fixes["status"], fixes["alarm"] = 3, alarm
    raw = [f"{source}/{number}/{key}".encode() for key in places]
    return Batch(source=source, number=number, devices=[f"vehicle/{key}" for key in places], fixes=fixes, raw=raw)


class FlatGround:
    """One fence, some 1 km by 2 km; every height is 12 m."""

    def fact(self, feature: str) -> Fact | None:
        return FACTS.get(feature)

    def near(self, lon_deg: Floats, lat_deg: Floats, reach_m: float) -> Near:
        west, south, east, north = SQUARE
        inwards = np.minimum.reduce([lon_deg - west, east - lon_deg, lat_deg - south, north - lat_deg]) * 1e5
        point = np.flatnonzero(inwards >= -reach_m)
        return Near(
            point=point,
            feature=[FENCE] * len(point),
            inside=inwards[point] >= 0,
            depth_m=np.abs(inwards[point]),
            fence=np.ones(len(point), dtype=bool),
        )

    def height_cm(self, lon_deg: Floats, lat_deg: Floats) -> np.ndarray:
        return np.full(len(lon_deg), 1200, dtype=np.int32)
