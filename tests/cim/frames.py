"""Sites for the city tests."""

from spatial.crs import horizontal
from spatial.frame import Site, SiteFrame


def frame_at(
    crs: str, east: float, north: float, *, separation: float | None = 10.0, radius: float = 3000.0, height: float = 20.0
) -> SiteFrame:
    """A site whose origin lies at a grid point; N is invented unless a test asks for none."""
    lon, lat = horizontal(crs).to_lon_lat([east], [north])
    return SiteFrame.of(
        Site(
            code="t",
            name="test",
            lon=float(lon[0]),
            lat=float(lat[0]),
            height_m=height,
            crs=crs,
            geoid_separation_m=separation,
            radius_m=radius,
        )
    )
