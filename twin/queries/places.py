"""Where a feature is, for a camera: the centre of its box in degrees and ellipsoidal metres, and a radius."""

from typing import Any

import numpy as np

from spatial.frame import SiteFrame
from spatial.mesh import Float64

__all__ = ["centre_of"]


def centre_of(box: Float64 | None, frame: SiteFrame) -> dict[str, Any]:
    """`{centre: {lon, lat, height_m}, radius_m}` of a (2, 3) site-frame box; both null where there is no box.

    `height_m` is ellipsoidal (EPSG:4979); the radius is half the box's diagonal, in metres.
    """
    if box is None:
        return {"centre": None, "radius_m": None}
    lon, lat, height = frame.to_lon_lat_height(box.mean(axis=0)[None])[0]
    return {
        "centre": {"lon": round(float(lon), 9), "lat": round(float(lat), 9), "height_m": round(float(height), 3)},
        "radius_m": round(float(np.linalg.norm(box[1] - box[0]) / 2), 3),
    }
